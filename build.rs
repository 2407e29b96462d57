//! Tells the program which commit it was built from. Without git, or outside a repository, it knows its version only.
#![allow(clippy::disallowed_methods, reason = "a build script talks to cargo and to git")]

use std::path::Path;
use std::process::Command;

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| output.status.success() && !text.is_empty())
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=KFLEET_COMMIT");
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|path| Path::new(path).exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
    // Only this repository counts, not one around an unpacked source archive.
    let here = git(&["rev-parse", "--show-toplevel"]).and_then(|top| Path::new(&top).canonicalize().ok())
        == Path::new(".").canonicalize().ok();
    let commit = std::env::var("KFLEET_COMMIT")
        .ok()
        .or_else(|| git(&["log", "-1", "--format=%h %cs", "--abbrev=12"]).filter(|_| here));
    let version = env!("CARGO_PKG_VERSION");
    let long = commit.map_or_else(|| version.to_owned(), |commit| format!("{version} ({commit})"));
    println!("cargo::rustc-env=KFLEET_VERSION={long}");
}
