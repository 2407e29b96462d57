//! `kfleet run-pipeline --shell-on-failure`, by somebody who types at a terminal.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "tests make files and start programs")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::terminal::Terminal;

const ONE: &str = "
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: r}
spec:
  pipelineSpec:
    tasks:
    - name: build
      retries: 1
      taskSpec:
        steps:
        - name: test
          image: x
          workingDir: /workspace/source
          env: [{name: COLOUR, value: red}]
          script: 'echo working; echo left > file; exit 3'
    finally:
    - name: last
      taskSpec: {steps: [{name: s, image: x, script: 'echo at last'}]}
";

const THREE: &str = "
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: r}
spec:
  workspaces: [{name: w, persistentVolumeClaim: {claimName: c}}]
  pipelineSpec:
    workspaces: [{name: w}]
    tasks:
    - name: one
      workspaces: [{name: w}]
      taskSpec: {workspaces: [{name: w}], steps: [{name: s, image: x, script: 'exit 1'}]}
    - name: two
      workspaces: [{name: w}]
      taskSpec: {workspaces: [{name: w}], steps: [{name: s, image: x, script: 'exit 1'}]}
    - name: beside
      workspaces: [{name: w}]
      taskSpec:
        workspaces: [{name: w}]
        steps: [{name: s, image: x, script: 'cd $(workspaces.w.path); until [ -e go ]; do sleep 0.05; done; echo beside; touch gone'}]
";

/// kfleet's folder and environment, in a repository with this run.
fn command(folder: &Path, run: &str) -> Command {
    let (work, home) = (folder.join("work"), folder.join("home"));
    fs::create_dir_all(&work).expect("a work tree");
    fs::create_dir_all(&home).expect("a home");
    fs::write(work.join("run.yaml"), run).expect("a run");
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfleet"));
    command.current_dir(&work).env_clear().env("HOME", &home).env("TERM", "xterm").stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let git = |arguments: &[&str]| {
        let status = support::git_servers::git().current_dir(&work).args(arguments).status();
        assert!(status.expect("git runs").success());
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["commit", "-q", "--allow-empty", "-m", "first"]);
    command
}

/// Whether a sandbox can be made here; else the test counts as skipped.
fn is_possible(test: &str) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let run = ONE.replace("exit 3", "exit 0");
    let output = command(folder.path(), &run).args(["run-pipeline", "run.yaml", "--engine", "sandbox"]).output();
    let output = output.expect("kfleet runs");
    if !output.status.success() {
        support::count_skipped(test, &String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}

fn talk(engine: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [&["--color", "never", "run-pipeline", "run.yaml", "--shell-on-failure"], engine].concat();
    let mut terminal = Terminal::new(command(folder.path(), ONE), &arguments);
    let told = terminal.until("secrets are not hidden.");
    // A failure that is not the last word opens none.
    assert_eq!(told.matches("] working").count(), 2, "{told}");
    assert!(told.contains("kfleet: [build : test] has failed: \"step-test\" exited with code 3"), "{told}");
    assert!(told.contains("COLOUR"), "{told}");
    terminal.until(" # ");
    assert!(!terminal.has_signals());
    terminal.types("echo \"$(cat file) $COLOUR ${PWD##*/}\" | tr a-z A-Z\r");
    terminal.until("LEFT RED SOURCE");
    terminal.types("sleep 100; echo \"st\"opped\r");
    terminal.until("opped");
    std::thread::sleep(std::time::Duration::from_millis(300));
    terminal.types("\x03");
    terminal.types("echo \"code:\"$?\r");
    terminal.until("code:130");
    terminal.types("exit\r");
    terminal.until("kfleet: the shell has ended, the run goes on");
    terminal.until("at last");
    assert!(terminal.has_signals());
    let (status, rest) = terminal.end();
    assert_eq!(status.code(), Some(1), "{rest}");
    assert!(rest.contains("build/test failed with exit code 3"), "{rest}");
}

#[test]
fn a_shell_is_in_the_place_of_the_step() {
    if is_possible("a_shell_is_in_the_place_of_the_step") {
        talk(&["--engine", "sandbox", "--untrusted"]);
    }
}

#[test]
fn a_shell_is_a_plain_process_too() {
    if rustix::process::getuid().is_root() {
        talk(&["--engine", "process"]);
    }
}

#[test]
fn shells_come_one_after_the_other_and_nothing_is_printed_meanwhile() {
    if !is_possible("shells_come_one_after_the_other_and_nothing_is_printed_meanwhile") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--color", "never", "run-pipeline", "run.yaml", "--shell-on-failure", "--engine", "sandbox"];
    let mut terminal = Terminal::new(command(folder.path(), THREE), &arguments);
    let mut names = Vec::new();
    for number in 0..2 {
        let told = terminal.until("secrets are not hidden.");
        names.push(if told.contains("[one : s] has failed") { "one" } else { "two" });
        terminal.until(" # ");
        if number == 0 {
            terminal
                .types("cd /workspace/w; touch go; until [ -e gone ]; do sleep 0.05; done; sleep 0.3; echo \"en\"d\r");
            let meanwhile = terminal.until("\rend");
            assert!(!meanwhile.contains("] beside"), "{meanwhile}");
        }
        terminal.types("exit\r");
        let after = terminal.until("the run goes on");
        assert!(!after.contains("] beside"), "{after}");
        if number == 0 {
            terminal.until("] beside");
        }
    }
    names.sort_unstable();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(terminal.end().0.code(), Some(1));
}

#[test]
fn a_shell_needs_a_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = command(folder.path(), ONE).args(["run-pipeline", "run.yaml", "--shell-on-failure"]).output();
    let output = output.expect("kfleet runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--shell-on-failure needs a terminal for standard input and output"), "{said}");
}
