//! Tests of [`Program`], with the shell as the program.

use super::super::Status;
use super::*;

fn sh(script: &str) -> Program {
    Program::new("sh").args(["-c", script]).env("PATH", "/usr/bin:/bin")
}

#[test]
fn status_output_and_folder_are_data() {
    let dir = tempfile::tempdir().unwrap();
    let output = sh("pwd; echo oh >&2; exit 3").current_dir(dir.path()).run().unwrap();
    assert_eq!(output.status, Status::Code(3));
    assert_eq!(output.stdout, format!("{}\n", dir.path().canonicalize().unwrap().display()).into_bytes());
    assert_eq!(output.stderr, b"oh\n");
    let error = output.successful().unwrap_err();
    assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Failed, "sh failed (exit code 3): oh"));
    assert_eq!(sh("kill -9 $$").run().unwrap().status, Status::Signal(9));
    assert!(sh("exit 0").run().unwrap().successful().is_ok());
}

#[test]
fn the_environment_is_what_is_given() {
    let given: Environment = [("A", "1"), ("PATH", "/usr/bin:/bin")].into_iter().collect();
    let output = Program::new("env").envs(&given).env("B", "2").run().unwrap();
    let mut lines: Vec<&str> = std::str::from_utf8(&output.stdout).unwrap().lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["A=1", "B=2", "PATH=/usr/bin:/bin"]);
}

#[test]
fn input_is_read_or_not() {
    let long = "line\n".repeat(100_000);
    assert_eq!(sh("cat").stdin(long.clone()).run().unwrap().stdout, long.as_bytes());
    assert!(sh("exit 0").stdin(long).run().unwrap().is_success());
    assert_eq!(sh("cat").run().unwrap().stdout, b"");
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"from a file").unwrap();
    io::Seek::rewind(&mut file).unwrap();
    assert_eq!(sh("cat").stdin_file(file).run().unwrap().stdout, b"from a file");
}

#[test]
fn what_is_missing_is_told_apart() {
    let error = Program::new("kfleet-no-such-program").run().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Environment);
    assert_eq!(error.to_string(), "cannot run kfleet-no-such-program: the program is not installed, or not in PATH");
    assert!(error.hint.is_some());
    let error = Program::new("sh").label("my tool").env("PATH", "/nowhere").install_hint("get it").run().unwrap_err();
    assert_eq!(error.to_string(), "cannot run my tool: the program is not installed, or not in PATH");
    assert_eq!(error.hint.as_deref(), Some("get it"));
    let error = sh("").current_dir("/no/such").run().unwrap_err();
    assert_eq!(error.to_string(), "cannot run sh in /no/such: no such folder");
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Program::new(file.path()).label("plain").run().unwrap_err();
    assert!(error.to_string().starts_with("cannot run plain: the program may not be executed"), "{error}");
}

#[test]
fn a_program_that_takes_too_long_is_ended_with_all_that_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let script = "echo s3cr3t >&2; trap '' TERM; sh -c 'sleep 3; touch late' & sleep 3; touch late";
    let start = Instant::now();
    let program = sh(script).current_dir(dir.path()).secret("s3cr3t").timeout(Duration::from_millis(300));
    let error = program.run().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_eq!(error.to_string(), "sh took longer than 0.300 s and was ended; it last said: ***");
    std::thread::sleep(Duration::from_secs(4).saturating_sub(start.elapsed()));
    assert!(!dir.path().join("late").exists());
}

#[test]
fn a_program_that_nobody_wants_any_more_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let begun = dir.path().join("begun");
    let program = sh("touch begun; sleep 60").current_dir(dir.path()).end_when(move || begun.exists());
    let error = program.run().unwrap_err();
    assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Interrupted, "sh was ended"));
}

#[test]
fn a_program_may_clean_up() {
    let dir = tempfile::tempdir().unwrap();
    let script = "trap 'touch clean; exit 1' TERM; while :; do sleep 0.05; done";
    let error = sh(script).current_dir(dir.path()).timeout(Duration::from_millis(200)).run().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(dir.path().join("clean").exists());
}

#[test]
fn what_a_program_leaves_running_is_not_waited_for() {
    let start = Instant::now();
    let output = sh("echo done; sleep 5 &").run().unwrap();
    assert_eq!(output.stdout, b"done\n");
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[test]
fn output_has_a_limit_and_of_stderr_the_end_is_kept() {
    let error = sh("yes").output_limit(1000).run().unwrap_err();
    assert_eq!(error.to_string(), "sh printed more than 1000 bytes and was ended");
    let output = sh("yes no | head -c 200000 >&2; echo last >&2").run().unwrap();
    assert_eq!(output.stderr.len(), STDERR_LIMIT);
    assert!(output.stderr.ends_with(b"last\n"));
}

#[test]
fn nothing_secret_is_shown_of_a_program() {
    let program = sh("s3cr3t").env("TOKEN", "s3cr3t").secret("s3cr3t").label("tool s3cr3t");
    assert!(!format!("{program:?}").contains("s3cr3t"));
    let error = program.run().unwrap().successful().unwrap_err();
    assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
    assert!(error.to_string().starts_with("tool *** failed (exit code 127)"), "{error}");
}
