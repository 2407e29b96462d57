//! The memory of `kfleet run-pipeline` does not depend on how much its steps print, in many lines or in one without an end.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "the test starts programs and makes files")]

mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::git_servers::git;

/// What may differ from run to run, in KiB.
const SLACK: u64 = 12 << 10;

/// The most memory that kfleet has had while a step ran this script, in KiB.
fn peak(folder: &Path, script: &str) -> u64 {
    let run = format!(
        "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {{name: t}}\nspec:\n  steps:\n  - name: s\n    image: x\n    \
         script: {script}\n"
    );
    std::fs::write(folder.join("run.yaml"), run).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfleet"));
    command.args(["run-pipeline", "run.yaml", "--engine", "process", "--secret", "s:k=env:TOKEN"]);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", folder).env("TOKEN", "twelve-char").current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("kfleet starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0).max(peak);
        if let Some(ended) = child.try_wait().expect("it can be waited for") {
            assert!(ended.success(), "{script}: {ended}");
            return peak;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn memory_does_not_grow_with_the_log() {
    let dir = tempfile::tempdir().expect("a folder");
    for arguments in [&["init", "-q", "-b", "main"][..], &["commit", "-q", "--allow-empty", "-m", "first"]] {
        let done = git().args(arguments).current_dir(dir.path()).status().expect("git runs");
        assert!(done.success());
    }
    let little = peak(dir.path(), "seq 10");
    let lines = peak(dir.path(), "seq 100000");
    assert!(lines < little + SLACK, "{lines} KiB with 100,000 lines, {little} KiB with ten");
    let line = peak(dir.path(), "head -c 16777216 /dev/zero | tr '\\0' x");
    assert!(line < little + SLACK, "{line} KiB with one line of 16 MiB, {little} KiB with ten short ones");
}
