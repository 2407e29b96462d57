//! How runs end, and the exit code that says it.

use super::{Clone, said};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

fn mk_run(spec: &str, script: &str) -> String {
    format!(
        "\
apiVersion: tekton.dev/v1
kind: PipelineRun
spec:
  {spec}
  pipelineSpec:
    tasks:
    - {{name: t, taskSpec: {{steps: [{{name: s, image: x, script: '{script}'}}]}}}}
"
    )
}

pub(crate) fn timeouts() {
    let clone = Clone::new();
    clone.write("run.yaml", &mk_run("timeouts: {tasks: 30m}", "sleep 60"));
    let output = clone.kfleet(&["run-pipeline", "run.yaml", "--engine", "sandbox", "--timeout", "1s"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
}

/// A clone with a remote, whose main branch is pushed: the jobs `one` and `two` are for that.
fn mk_two_jobs(one: &str, two: &str) -> Clone {
    let clone = Clone::new();
    let triggers = "\
apiVersion: config.lighthouse.jenkins-x.io/v1alpha1
kind: TriggerConfig
spec:
  postsubmits:
  - {name: one, source: one.yaml}
  - {name: two, source: two.yaml}
";
    clone.write(".lighthouse/triggers.yaml", triggers);
    clone.write(".lighthouse/one.yaml", one);
    clone.write(".lighthouse/two.yaml", two);
    clone.git(&["init", "-q", "--bare", "../origin.git"]);
    clone.git(&["remote", "add", "origin", "../origin.git"]);
    clone.git(&["add", "-A"]);
    clone.git(&["commit", "-q", "-m", "pipelines"]);
    clone.git(&["push", "-q", "-u", "origin", "main"]);
    clone
}

const FINE: &str = "params: []";

pub(crate) fn worst() {
    let [slow, bad, good] =
        [mk_run("timeouts: {pipeline: 1s}", "sleep 60"), mk_run(FINE, "exit 7"), mk_run(FINE, "echo fine")];
    for (one, two, code) in [(&slow, &bad, 4), (&bad, &slow, 4), (&bad, &good, 1), (&good, &bad, 1)] {
        let clone = mk_two_jobs(one, two);
        let output = clone.kfleet(&["run-pipeline", "--engine", "sandbox", "--output", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout).expect("one document");
        assert_eq!(report["runs"].as_array().map(Vec::len), Some(2), "{report}");
        assert_eq!((output.status.code(), &report["exitCode"]), (Some(code), &code.into()), "{report}");
    }
    // One that cannot start is reported all the same.
    let clone =
        mk_two_jobs(&slow, &good.replace("image: x, script: 'echo fine'", "image: x, command: [no-such-program]"));
    let output = clone.kfleet(&["run-pipeline", "--engine", "sandbox"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("error: cannot run the pipeline: the program no-such-program"), "{}", said(&output));
}

pub(crate) fn interrupted_between() {
    let push = "git clone -q file:///kfleet/remote.git source; cd source; \
         git -c user.name=b -c user.email=b@example.org commit -q --allow-empty -m More; git push -q";
    let clone = mk_two_jobs(&mk_run(FINE, push), &mk_run(FINE, "echo the second"));
    // The real remote knows kfleet's number, and interrupts it when the first job has ended.
    let number = clone.folder.path().join("number");
    let hook = clone.folder.path().join("origin.git/hooks/pre-receive");
    fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder");
    let script = format!(
        "#!/bin/sh\nwhile ! test -s '{0}'; do sleep 0.05; done\nkill -INT \"$(cat '{0}')\"\n",
        number.display()
    );
    fs::write(&hook, script).expect("a hook");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("a mode");
    let mut command = clone.command(env!("CARGO_BIN_EXE_kfleet"));
    command.args(["run-pipeline", "--engine", "sandbox", "--push", "--output", "json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("kfleet runs");
    fs::write(&number, child.id().to_string()).expect("a file");
    let output = child.wait_with_output().expect("kfleet ends");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one document");
    assert_eq!((output.status.code(), &report["exitCode"]), (Some(130), &130.into()), "{}", said(&output));
    assert_eq!(report["runs"].as_array().map(Vec::len), Some(1), "{report}");
    assert!(report["runs"][0]["sent"].is_object(), "{report}");
    assert!(!said(&output).contains("the second"), "{}", said(&output));
}
