//! What `kfleet run-pipeline` says of files and words that are wrong: which side, which place, which exit code.

use super::{Clone, PULL_REQUEST, TRIGGERS, said};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

fn mk_clone() -> Clone {
    let clone = Clone::new();
    clone.write(".lighthouse/triggers.yaml", TRIGGERS);
    clone.write(".lighthouse/pr.yaml", PULL_REQUEST);
    clone.git(&["add", "-A"]);
    clone.git(&["commit", "-q", "-m", "pipelines"]);
    clone
}

fn list(clone: &Clone, arguments: &[&str]) -> Output {
    clone.kfleet(&[&["run-pipeline", "--list"][..], arguments].concat())
}

/// What kfleet says, which ends with this code.
fn ends(clone: &Clone, arguments: &[&str], code: i32) -> String {
    let output = clone.kfleet(&[&["run-pipeline"][..], arguments].concat());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
    said(&output)
}

pub(crate) fn sides() {
    let clone = mk_clone();
    // On the base branch the work tree counts, committed or not.
    clone.write(".lighthouse/triggers.yaml", &TRIGGERS.replace("release", "other"));
    let now = said(&list(&clone, &[]));
    assert!(now.contains("other") && !now.contains("release"), "{now}");
    assert!(said(&list(&clone, &["--config-from", "base"])).contains("release"));
    // Only the base is broken.
    clone.write(".lighthouse/triggers.yaml", "spec: [\n");
    clone.git(&["commit", "-q", "-a", "-m", "broken"]);
    clone.git(&["checkout", "-q", "-b", "feature"]);
    clone.write(".lighthouse/triggers.yaml", TRIGGERS);
    let broken = ends(&clone, &["--list"], 2);
    assert!(broken.contains("error: main:.lighthouse/triggers.yaml:1:7: "), "{broken}");
    assert!(broken.contains("--config-from head"), "{broken}");
    assert!(ends(&clone, &["--list", "--config-from", "head"], 0).contains("run   presubmit   pr"));
    // Both are.
    clone.write(".lighthouse/triggers.yaml", "spec: [\n");
    let broken = ends(&clone, &["--list"], 2);
    assert!(broken.contains("error: .lighthouse/triggers.yaml:1:7: "), "{broken}");
    assert!(!broken.contains("--config-from head"), "{broken}");
    // A job that the work tree has removed together with its file still runs, as in Lighthouse.
    let clone = mk_clone();
    clone.git(&["checkout", "-q", "-b", "feature"]);
    clone.git(&["rm", "-q", "-r", ".lighthouse"]);
    assert!(ends(&clone, &["--plan"], 0).contains("step git-clone"));
}

pub(crate) fn lint() {
    let clone = mk_clone();
    let triggers = TRIGGERS.replace("source: pr.yaml}\n  postsubmits", "source: gone.yaml}\n  postsubmits");
    clone.write(".lighthouse/triggers.yaml", &triggers);
    clone.write(".lighthouse/pr.yaml", &PULL_REQUEST.replace("image: example/cicd-demo", "imige: example/cicd-demo"));
    clone.write(
        ".lighthouse/more/triggers.yaml",
        "apiVersion: config.lighthouse.jenkins-x.io/v1alpha1\nkind: TriggerConfig\nspec:\n  deployments:\n  - {name: d, source: d.yaml}\n",
    );
    clone.write(".lighthouse/more/d.yaml", "apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec: {pipelineSpec: {tasks: [{name: a, runAfter: [b], taskSpec: {steps: [{image: x, script: x}]}}]}}\n");
    let told = ends(&clone, &["--lint"], 2);
    for expected in [
        "triggers.yaml:5:68: job pr: there is no .lighthouse/gone.yaml",
        "pr.yaml:16:11: step `generate` has no field `imige`",
        "more/d.yaml:3:",
        "3 jobs: ",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    let output = clone.kfleet(&["run-pipeline", "--lint", "--output", "json"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!((&report["kind"], &report["summary"]["jobs"]), (&json!("LintReport"), &json!(3)));
    let findings = report["findings"].as_array().expect("findings");
    let is_gone = |one: &&Value| one["message"].as_str().is_some_and(|message| message.contains("no .lighthouse/gone"));
    let gone = findings.iter().find(is_gone).expect("the missing source is reported");
    assert_eq!((&gone["severity"], &gone["line"], &gone["column"]), (&json!("error"), &json!(5), &json!(68)), "{gone}");
    // One job, and one file.
    assert!(!ends(&clone, &["d", "--lint"], 2).contains("imige"));
    assert!(ends(&clone, &[".lighthouse/more/d.yaml", "--lint"], 2).contains("1 job: "));
}

pub(crate) fn usage() {
    let clone = mk_clone();
    clone.write("event.json", "{\n  \"ref\": x}");
    let told = ends(&clone, &["--list", "--from-event", "event.json"], 2);
    assert!(told.contains("event.json:2:10: this is not JSON: expected value"), "{told}");
    for (arguments, expected) in [
        (&["--from-event", "none.json"][..], "cannot read none.json: no such file or folder"),
        (&["--with", "none.yaml"], "cannot read none.yaml: no such file or folder"),
        (&["-C", "nowhere"], "cannot enter nowhere: no such file or folder"),
        (&["--timeout", "-5m"], "that leaves no time for the run"),
        (&["--timeout", "0"], "that leaves no time for the run"),
        (&["--pr", "0"], "they count from 1"),
        (&["--namespace", "A B"], "Kubernetes takes no such name"),
        (&["--event", "tag", "--tag", "a..b"], "git takes no such name"),
        (&["--base", "a b"], "git takes no such name"),
        (&["--base", "nowhere"], "the clone has no branch nowhere"),
        (&["pr", "--secret", "foo:k=env:NONE"], "the environment variable NONE is not set"),
    ] {
        let shown = if arguments[0] == "pr" { &[][..] } else { &["--plan"] };
        let told = ends(&clone, &[arguments, shown].concat(), 2);
        assert!(told.contains(expected), "{told}");
    }
    std::os::unix::fs::symlink("pr.yaml", clone.work().join(".lighthouse/link.yaml")).expect("a link");
    let told = ends(&clone, &[".lighthouse/link.yaml", "--plan"], 2);
    assert!(told.contains("cannot read .lighthouse/link.yaml: it is a symbolic link"), "{told}");
    clone.write(".lighthouse/triggers.yaml", &TRIGGERS.replacen("pr.yaml", "link.yaml", 1));
    let told = ends(&clone, &["--list"], 2);
    assert!(told.contains("triggers.yaml:5:68: job pr: cannot read .lighthouse/link.yaml: it is a symbolic"), "{told}");
    let told = ends(&clone, &["--comment", "/test pr", "--explain", "--config-from", "base"], 0);
    assert!(told.contains("; you start it\n"), "{told}");
}

pub(crate) fn subfolders() {
    let clone = mk_clone();
    clone.write("a/b/x.yaml", &PULL_REQUEST.replace("image: alpine", "imige: alpine"));
    clone.write("a/y.yaml", "apiVersion: tekton.dev/v1\nkind: Task\n");
    let told = |arguments: &[&str]| {
        let mut command = clone.command(env!("CARGO_BIN_EXE_kfleet"));
        let output = command.current_dir(clone.work().join("a/b")).arg("run-pipeline").args(arguments).output();
        said(&output.expect("kfleet runs"))
    };
    assert!(told(&["--list"]).contains("run   postsubmit  release"));
    assert!(told(&["x.yaml", "--plan"]).contains("error: x.yaml:10:"), "{}", told(&["x.yaml", "--plan"]));
    assert!(told(&["../y.yaml", "--plan"]).contains("error: ../y.yaml"), "{}", told(&["../y.yaml", "--plan"]));
    assert!(told(&["none.yaml", "--plan"]).contains("there is no file none.yaml"));
    fs::remove_file(clone.work().join(".lighthouse/pr.yaml")).expect("it is there");
    let told = told(&["--lint"]);
    assert!(
        told.contains("error: ../../.lighthouse/triggers.yaml:5:68: job pr: there is no ../../.lighthouse/pr.yaml"),
        "{told}"
    );
}

pub(crate) fn detached() {
    let clone = mk_clone();
    clone.git(&["checkout", "-q", "--detach"]);
    let commit = clone.git(&["rev-parse", "HEAD"]);
    assert!(ends(&clone, &["--list"], 0).contains("event: pull request 1 to main"));
    let told = ends(&clone, &["--explain", "--event", "push"], 0);
    assert!(told.contains(&format!("a push of the commit {commit} (detached HEAD")), "{told}");
    assert!(told.contains(&format!("commit {commit} does not match")) && !told.contains("kfleet-head"), "{told}");
    assert!(ends(&clone, &["release", "--plan"], 0).contains("step git-clone"));
}

pub(crate) fn image() {
    let clone = mk_clone();
    // A runtime that answers, and has no image.
    let podman = clone.folder.path().join("bin/podman");
    fs::create_dir_all(podman.parent().expect("a folder")).expect("a folder");
    fs::write(&podman, "#!/bin/sh\ncase $1 in info) exit 0 ;; esac\necho 'Error: no such image' >&2\nexit 125\n")
        .expect("a file");
    fs::set_permissions(&podman, fs::Permissions::from_mode(0o755)).expect("it can be run");
    let path = format!("{}:/usr/bin:/bin", podman.with_file_name("").display());
    let mut command = clone.command(env!("CARGO_BIN_EXE_kfleet"));
    let command = command.env("PATH", path).args(["run-pipeline", "pr", "--engine", "container"]);
    let output = command.output().expect("kfleet runs");
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let told = said(&output);
    for text in ["the image alpine/git (ErrImagePull: no such image)", "the image example/cicd-demo ("] {
        assert!(told.contains(text), "{told}");
    }
}
