//! What several test programs share.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests read the environment, make files and start programs"
)]

pub mod control_plane;
pub mod git_servers;
pub mod proxy;
pub mod web;

use std::io::Write;

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
