//! Pipelines in real containers, where there is podman: sidecars, images, and steps that mean harm. What steps do there
//! otherwise is tested by the cases of `run_pipeline`.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests make files and look at processes")]
#![cfg(target_os = "linux")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use support::clone::{Clone, said};
use support::containers::{Podman, of_podman};

/// A run of one task with this name, which is part of those of its containers; `spec` is that of the task.
fn mk_clone(podman: &Podman, name: &str, spec: &str) -> Clone {
    let mut clone = Clone { variables: podman.variables.clone(), ..Clone::new() };
    let temporary = clone.folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    clone.variables.push(("TMPDIR".to_owned(), temporary.display().to_string()));
    let indented: String = spec.lines().map(|line| format!("        {line}\n")).collect();
    let run = format!(
        "apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec:\n  pipelineSpec:\n    \
         tasks:\n    - name: {name}\n      taskSpec:\n{indented}"
    );
    clone.write("run.yaml", &run);
    clone
}

const RUN: [&str; 4] = ["run-pipeline", "run.yaml", "--engine", "container"];

/// Runs a task to its end. No container is left.
fn run(podman: &Podman, name: &str, spec: &str, more: &[&str]) -> Output {
    let clone = mk_clone(podman, name, spec);
    let output = clone.kfleet(&[&RUN[..], more].concat());
    assert_eq!(podman.containers(name), [""; 0], "{}", said(&output));
    assert_eq!(fs::read_dir(clone.folder.path().join("tmp")).unwrap().count(), 0, "no folder of a run is left");
    output
}

/// Starts a run, and waits until it has printed this.
fn start(clone: &Clone, text: &str) -> (Child, impl Iterator<Item = String>) {
    let mut command = clone.command(env!("CARGO_BIN_EXE_kfleet"));
    let mut child = command.args(RUN).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains(text)), "the run has ended before {text}");
    (child, lines)
}

fn signal(child: &Child, signal: rustix::process::Signal) {
    signal_process(i32::try_from(child.id()).unwrap(), signal);
}

fn signal_process(pid: i32, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// Waits until nothing is left, at most half a minute: what.
fn left<T>(look: impl Fn() -> Vec<T>) -> Vec<T> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !look().is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
    }
    look()
}

/// The processes of this machine with this in their command line.
fn processes_with(text: &str) -> Vec<String> {
    processes("sleep", text).into_values().collect()
}

/// By their numbers, those of a program.
fn processes(program: &str, text: &str) -> BTreeMap<i32, String> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let all = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let lines = all.filter_map(|pid| Some((pid, fs::read(format!("/proc/{pid}/cmdline")).ok()?)));
    let lines = lines.map(|(pid, line)| (pid, String::from_utf8_lossy(&line).replace('\0', " ")));
    lines.filter(|(_, line)| line.starts_with(program) && line.contains(text)).collect()
}

#[test]
fn steps_reach_sidecars_on_localhost() {
    let Some(podman) = of_podman("steps_reach_sidecars_on_localhost") else { return };
    // The first one ends at once: the network stays.
    let spec = "\
volumes: [{name: pages, emptyDir: {}}]
sidecars:
- {name: first, image: busybox, command: ['true']}
- name: web
  image: busybox
  env: [{name: WHO, value: the sidecar}]
  volumeMounts: [{name: pages, mountPath: /pages}]
  script: |
    echo \"$1 $WHO\" > /pages/index.html
    hostname > /pages/host
    exec httpd -f -p 127.0.0.1:8080 -h /pages
  args: [from]
- {name: other, image: busybox, command: [sleep], args: ['77.1']}
steps:
- name: ask
  image: busybox
  script: |
    for try in 1 2 3 4 5 6 7 8 9 10; do
      wget -q -O - http://localhost:8080/ && break
      sleep 0.3
    done
    test $(wget -q -O - http://127.0.0.1:8080/host) = $(hostname) && echo one host
    ls /pages 2>&1 || true
- {name: again, image: busybox, command: [wget], args: [-q, -O, '-', 'http://localhost:8080/']}
";
    let output = run(podman, "sidecars-serve", spec, &[]);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("from the sidecar").count(), 2, "{said}");
    assert!(said.contains("one host") && said.contains("/pages: No such file"), "{said}");
    assert_eq!(processes_with("77.1"), [""; 0], "the sidecar has ended");
}

#[test]
fn sidecars_that_fail_fail_the_task() {
    let Some(podman) = of_podman("sidecars_that_fail_fail_the_task") else { return };
    let steps = "steps: [{name: s, image: busybox, script: sleep 1}]";
    let failing = format!("sidecars: [{{name: db, image: busybox, script: 'echo no disk >&2; exit 3'}}]\n{steps}");
    let output = run(podman, "sidecars-fail", &failing, &["--log", "json"]);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("SidecarFailed") && told.contains("exited with code 3: no disk"), "{told}");
    let missing = format!("sidecars: [{{name: db, image: busybox, command: [/no/such]}}]\n{steps}");
    let output = run(podman, "sidecars-miss", &missing, &["--log", "json"]);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("sidecar db cannot start") && told.contains("/no/such"), "{told}");
}

#[test]
fn entrypoints_are_replaced_by_commands_and_scripts() {
    let Some(podman) = of_podman("entrypoints_are_replaced_by_commands_and_scripts") else { return };
    let spec = "\
steps:
- {name: image, image: busybox, args: [argument]}
- {name: bare, image: busybox}
- {name: command, image: busybox, command: [echo], args: [own]}
- {name: script, image: busybox, script: 'echo mine $1', args: [word]}
- {name: killed, image: busybox, onError: continue, script: 'kill -9 $$'}
- {name: none, image: busybox, onError: continue, command: [/no/such]}
";
    let output = run(podman, "entrypoints", spec, &["--log", "json"]);
    let said = said(&output);
    for line in ["entry argument", "entry", "own", "mine word"] {
        assert!(said.contains(&format!("\"text\":\"{line}\"")), "{line}: {said}");
    }
    assert!(said.contains("CouldNotStart") && said.contains("/no/such"), "{said}");
    assert_eq!(output.status.code(), Some(1), "onError does not cover what cannot start");
}

#[test]
fn images_that_cannot_be_had_are_told_before_anything_runs() {
    let Some(podman) = of_podman("images_that_cannot_be_had_are_told_before_anything_runs") else { return };
    // Nothing listens there.
    let spec = "\
steps:
- {name: a, image: busybox, script: echo has run}
- {name: b, image: 'localhost:1/none/tool:1', script: 'true'}
";
    let output = run(podman, "images-missing", spec, &[]);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("localhost:1/none/tool:1") && told.contains("connection refused"), "{told}");
    assert!(told.contains("hint: ") && !told.contains("has run"), "{told}");
}

#[test]
fn images_that_only_the_run_knows_can_be_missing_too() {
    let Some(podman) = of_podman("images_that_only_the_run_knows_can_be_missing_too") else { return };
    let clone = Clone { variables: podman.variables.clone(), ..Clone::new() };
    clone.write(
        "run.yaml",
        "\
apiVersion: tekton.dev/v1
kind: PipelineRun
spec:
  pipelineSpec:
    tasks:
    - name: images-late-a
      taskSpec:
        results: [{name: image}]
        steps: [{name: s, image: busybox, script: 'printf localhost:1/none/late:1 > $(results.image.path)'}]
    - name: images-late-b
      params: [{name: image, value: $(tasks.images-late-a.results.image)}]
      taskSpec:
        params: [{name: image}]
        steps: [{name: s, image: $(params.image), script: 'true'}]
",
    );
    let output = clone.kfleet(&[&RUN[..], &["--log", "json"]].concat());
    let told = said(&output);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("TaskRunImagePullFailed") && told.contains("localhost:1/none/late:1"), "{told}");
    assert_eq!(podman.containers("images-late"), [""; 0]);
}

#[test]
fn steps_see_nothing_of_this_machine() {
    let Some(podman) = of_podman("steps_see_nothing_of_this_machine") else { return };
    let script = "\
steps:
- name: look
  image: busybox
  script: |
    echo \"net: $(ls /sys/class/net | tr '\\n' ' ')\"
    echo \"hosts: $(cat /etc/hosts | tr '\\n' ' ')\"
    echo \"home: $HOME $(ls -A $HOME | wc -l)\"
    ls / | tr '\\n' ' '
    env
    ls /run/podman /var/run/docker.sock 2>&1 || true
";
    for more in [&[][..], &["--untrusted"]] {
        let clone = mk_clone(podman, "see-nothing", script);
        fs::write(clone.folder.path().join("home/canary"), "canary").unwrap();
        let output = clone.kfleet(&[&RUN[..], more].concat());
        let told = said(&output);
        assert!(output.status.success(), "{told}");
        assert!(told.contains("net: lo\n"), "{told}");
        assert!(told.contains("hosts: 127.0.0.1 localhost run-"), "{told}");
        assert!(told.contains("-see-nothing-pod ::1 localhost"), "{told}");
        assert!(told.contains("home: /root 0"), "{told}");
        for secret in ["canary", "twelve-char", "podman.sock"] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
        assert_eq!(podman.containers("see-nothing"), [""; 0]);
    }
    let refused = run(podman, "see-network", script, &["--untrusted", "--network", "host"]);
    assert!(!refused.status.success() && said(&refused).contains("--network host"), "{}", said(&refused));
    let secret = "steps: [{name: s, image: busybox, env: [{name: T, valueFrom: {secretKeyRef: {name: token, key: key}}}], script: echo $T}]";
    let output = run(podman, "see-secrets", secret, &["--untrusted", "--secret", "token:key=env:TOKEN"]);
    assert!(!output.status.success() && !said(&output).contains("twelve"), "{}", said(&output));
}

#[test]
fn what_a_step_starts_ends_with_it() {
    let Some(podman) = of_podman("what_a_step_starts_ends_with_it") else { return };
    let spec = "\
steps:
- {name: daemons, image: busybox, script: 'setsid sleep 78.1 & (sleep 78.1 &) ; nohup sleep 78.1 > /dev/null & echo left'}
";
    let output = run(podman, "ends-daemons", spec, &[]);
    assert!(output.status.success() && said(&output).contains("left"), "{}", said(&output));
    assert_eq!(left(|| processes_with("78.1")), [""; 0]);
    // TERM is ignored by all of them.
    let spec = "steps: [{name: s, image: busybox, timeout: 3s, script: \"trap '' TERM; sleep 78.2 & sleep 78.2; sleep 78.2\"}]";
    let output = run(podman, "ends-timeout", spec, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(left(|| processes_with("78.2")), [""; 0]);
    // Before the container is there.
    let spec = "steps: [{name: s, image: busybox, timeout: 20ms, script: sleep 78.3}]";
    let output = run(podman, "ends-early", spec, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(left(|| processes_with("78.3")), [""; 0]);
}

#[test]
fn forks_come_to_an_end() {
    let Some(podman) = of_podman("forks_come_to_an_end") else { return };
    let spec = "steps: [{name: s, image: busybox, script: 'i=0; while [ $i -lt 9999 ]; do sleep 79.1 & i=$((i+1)); done; echo all'}]";
    let output = run(podman, "forks", spec, &[]);
    let told = said(&output);
    assert!(output.status.code() == Some(1) && told.contains("fork") && !told.contains("| all"), "{told}");
    assert_eq!(left(|| processes_with("79.1")), [""; 0]);
}

/// A run with a sidecar and a step, neither of which ends by itself.
fn endless(seconds: &str) -> String {
    format!(
        "sidecars: [{{name: db, image: busybox, command: [sleep], args: ['{seconds}']}}]\n\
         steps: [{{name: s, image: busybox, script: 'echo begun; sleep {seconds}'}}]\n"
    )
}

#[test]
fn interrupted_runs_leave_no_container() {
    let Some(podman) = of_podman("interrupted_runs_leave_no_container") else { return };
    let clone = mk_clone(podman, "ends-interrupted", &endless("80.1"));
    let (mut child, lines) = start(&clone, "begun");
    signal(&child, rustix::process::Signal::INT);
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert_eq!(podman.containers("ends-interrupted"), [""; 0]);
    assert_eq!(left(|| processes_with("80.1")), [""; 0]);
}

#[test]
fn a_kfleet_that_is_killed_leaves_no_container() {
    let Some(podman) = of_podman("a_kfleet_that_is_killed_leaves_no_container") else { return };
    let clone = mk_clone(podman, "ends-killed", &endless("80.2"));
    let (mut child, _lines) = start(&clone, "begun");
    assert_eq!(podman.containers("ends-killed").len(), 2);
    signal(&child, rustix::process::Signal::KILL);
    child.wait().unwrap();
    assert_eq!(left(|| podman.containers("ends-killed")), [""; 0]);
    assert_eq!(left(|| processes_with("80.2")), [""; 0]);
}

#[test]
fn a_container_ends_though_its_client_was_killed() {
    let Some(podman) = of_podman("a_container_ends_though_its_client_was_killed") else { return };
    let clone = mk_clone(podman, "ends-client", "steps: [{name: s, image: busybox, script: 'echo begun; sleep 80.3'}]");
    let (mut child, lines) = start(&clone, "begun");
    for client in processes("podman ", "ends-client").into_keys() {
        signal_process(client, rustix::process::Signal::KILL);
    }
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("somebody has killed the podman")), "{rest:?}");
    assert_eq!(podman.containers("ends-client"), [""; 0]);
    assert_eq!(left(|| processes_with("80.3")), [""; 0]);
}

#[test]
fn tasks_whose_names_begin_alike_run_at_the_same_time() {
    let Some(podman) = of_podman("tasks_whose_names_begin_alike_run_at_the_same_time") else { return };
    let name = "a".repeat(60);
    // Each waits for the other.
    let task = |own: u8, other: u8| {
        format!(
            "    - name: {name}{own}\n      workspaces: [{{name: w}}]\n      taskSpec:\n        workspaces: [{{name: w}}]\n        \
             sidecars: [{{name: db, image: busybox, command: [sleep], args: ['80.4']}}]\n        \
             steps: [{{name: s, image: busybox, timeout: 60s, script: 'cd $(workspaces.w.path); touch {own}; \
             until [ -e {other} ]; do sleep 0.1; done'}}]\n"
        )
    };
    let run = format!(
        "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {{name: alike}}\nspec:\n  \
         workspaces: [{{name: w, persistentVolumeClaim: {{claimName: c}}}}]\n  pipelineSpec:\n    \
         workspaces: [{{name: w}}]\n    tasks:\n{}{}",
        task(1, 2),
        task(2, 1)
    );
    let clone = mk_clone(podman, "alike", "steps: []");
    clone.write("run.yaml", &run);
    let told = clone.does(&RUN);
    assert!(told.contains("Completed: 2"), "{told}");
    assert_eq!(podman.containers("alike"), [""; 0]);
}

#[test]
fn variables_arrive_as_they_are_and_no_others() {
    let Some(podman) = of_podman("variables_arrive_as_they_are_and_no_others") else { return };
    let spec = "\
steps:
- name: s
  image: busybox
  env:
  - {name: 'CONTAINERS*', value: star}
  - {name: DOCKER_PASSWORD, value: ' # $HOME \\t .'}
  - {name: LD_LIST, value: \"two\\nlines\"}
  - {name: PLAIN, value: \"two\\nlines\"}
  command: [env]
";
    let mut clone = mk_clone(podman, "variables", spec);
    clone.variables.push(("HTTPS_PROXY".to_owned(), "http://me:secret@proxy.test".to_owned()));
    let told = clone.does(&RUN);
    assert!(told.contains("] CONTAINERS*=star\n") && told.contains("] DOCKER_PASSWORD= # $HOME \\t .\n"), "{told}");
    assert!(told.contains("] LD_LIST=two\n[variables : s] lines\n"), "{told}");
    assert!(!told.contains("CONTAINERS_") && !told.contains("PROXY") && !told.contains("proxy"), "{told}");
}
