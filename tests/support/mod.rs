//! What several test programs share.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests read the environment, make files and start programs"
)]

pub mod artifacts;
pub mod clone;
pub mod containers;
pub mod control_plane;
pub mod fleet;
pub mod git_servers;
pub mod helm_servers;
pub mod interposer;
pub mod proxy;
pub mod terminal;
pub mod web;

use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Says aloud that a test could not run, and counts it: in the file that `KFLEET_SKIPPED` names. With
/// `KFLEET_REQUIRE_SERVERS=1`, as in CI, the test fails instead.
pub fn skip(test: &str, reason: &str) {
    assert!(
        std::env::var_os("KFLEET_REQUIRE_SERVERS").is_none_or(|value| value != "1"),
        "{test} must run here: {reason}"
    );
    count_skipped(test, reason);
}

/// As [`skip`], for tests that may be skipped everywhere.
pub fn count_skipped(test: &str, reason: &str) {
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(path) = std::env::var_os("KFLEET_SKIPPED") {
        let mut file =
            std::fs::OpenOptions::new().create(true).append(true).open(path).expect("the list of skipped tests");
        // In one call: tests that run side by side write here.
        file.write_all(format!("{test}: {reason}\n").as_bytes()).expect("the list of skipped tests");
    }
}

/// The folder of real manifests that `KFLEET_CORPUS` names; without it the test counts as skipped.
pub fn corpus(test: &str) -> Option<std::path::PathBuf> {
    let found = std::env::var_os("KFLEET_CORPUS").map(std::path::PathBuf::from);
    if found.is_none() {
        count_skipped(test, "KFLEET_CORPUS does not name a folder of manifests");
    }
    found
}

/// The folder of programs that `tests/servers/provide` finds with these arguments, or why they are not there.
pub fn provided(arguments: &[&str]) -> Result<PathBuf, String> {
    let provide = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/provide");
    let output = Command::new(provide).args(arguments).arg("--no-build").output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

/// Starts a server in a folder, where its log goes too: `<program>.log`.
pub fn spawn(program: &Path, arguments: &[String], folder: &Path) -> Child {
    let name = program.file_name().expect("a name").to_string_lossy().into_owned();
    let log = File::create(folder.join(format!("{name}.log"))).expect("a log");
    // With setpriv the servers end even when this process is killed.
    let mut command = if Command::new("setpriv").arg("--version").output().is_ok() {
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=KILL").arg(program);
        command
    } else {
        Command::new(program)
    };
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log)
        .spawn()
        .expect("the server starts")
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}
