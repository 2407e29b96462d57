//! The commands of the tutorial, in its order.
#![allow(clippy::disallowed_methods, reason = "tests make files and start programs")]

mod support;

use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn the_commands_of_the_tutorial_work() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides/tutorial.md")).expect("it");
    let commands: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    assert!(commands.len() > 20, "{commands:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let programs = Path::new(env!("CARGO_BIN_EXE_kfleet")).parent().expect("a folder").display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash")
        .args(["-euxc", &commands.join("\n")])
        .current_dir(folder.path())
        .env_clear()
        .envs([("PATH", path.as_str()), ("HOME", &folder.path().display().to_string()), ("GIT_CONFIG_NOSYSTEM", "1")])
        .envs([("GIT_AUTHOR_NAME", "P"), ("GIT_AUTHOR_EMAIL", "p@example.org")])
        .envs([("GIT_COMMITTER_NAME", "P"), ("GIT_COMMITTER_EMAIL", "p@example.org")])
        .envs([("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "init.defaultBranch"), ("GIT_CONFIG_VALUE_0", "main")])
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    // What the tutorial shows of messages is what kfleet says, hashes and times apart.
    for line in
        ["nothing found", "1 file of its flavour", "did you mean `production`?", "unknown field `flavor`", "(rollback)"]
    {
        assert!(said.contains(line), "{line}: {said}");
    }
}
