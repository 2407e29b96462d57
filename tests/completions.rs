//! What a real bash completes with the script of `kfleet completions bash`.
#![allow(clippy::disallowed_methods, reason = "tests make files and start programs")]

use std::path::Path;
use std::process::{Command, Stdio};

/// What bash offers for the last word.
fn complete(folder: &Path, words: &[&str]) -> Vec<String> {
    let programs = Path::new(env!("CARGO_BIN_EXE_kfleet")).parent().expect("a folder").display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap_or_default());
    let script = "source <(kfleet completions bash); COMP_WORDS=(kfleet \"$@\"); COMP_CWORD=$#; COMP_TYPE=9; \
                  _clap_complete_kfleet kfleet \"${@: -1}\" \"${COMP_WORDS[$# - 1]}\" && printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output = Command::new("bash")
        .args(["-c", script, "bash"])
        .args(words)
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", path.as_str()), ("HOME", &folder.display().to_string()), ("GIT_CONFIG_NOSYSTEM", "1")])
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.lines().all(|line| line.contains("compopt")), "{said}");
    String::from_utf8_lossy(&output.stdout).lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn names_of_the_fleet_are_completed() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = Command::new(env!("CARGO_BIN_EXE_kfleet"))
        .args(["init", "fleet", "--no-git"])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    assert!(made.status.success());
    let fleet = folder.path().join("fleet");
    let clusters = ["development", "management", "production", "staging"];
    for (words, expected) in [
        (&["promote", "st"][..], &["staging"][..]),
        (&["promote", "staging", "pr"], &["production"]),
        (&["rollback", "s"], &["staging"]),
        (&["history", "m"], &["management"]),
        (&["vet", "--cluster", ""], &clusters),
        (&["vet", "--explain", "BST"], &["BST01", "BST02"]),
        (&["generate", "po"], &["podinfo"]),
        (&["generate", "--update", "net"], &["network-policies"]),
        (&["run-pipeline", "rel"], &["release"]),
        (&["stat"], &["status"]),
        (&["status", "--out"], &["--output"]),
    ] {
        let found = complete(&fleet, words);
        assert!(expected.iter().all(|name| found.iter().any(|one| one == name)), "{words:?}: {found:?}");
    }
    // From elsewhere, and from a folder below.
    assert_eq!(complete(folder.path(), &["-C", "fleet", "promote", "st"]), ["staging"]);
    assert_eq!(complete(&fleet.join("clusters/staging"), &["promote", "st"]), ["staging"]);
    // Nothing is said, and nothing offered, where there is no fleet or it cannot be read.
    assert_eq!(complete(folder.path(), &["promote", "st"]), [""; 0]);
    std::fs::write(fleet.join("fleet.yaml"), "clusters: [").expect("written");
    complete(&fleet, &["generate", "po"]);
}
