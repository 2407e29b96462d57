//! The commands of guides, in their order, as a reader copies them.
#![allow(clippy::disallowed_methods, reason = "tests make files and start programs")]

mod support;

use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the commands of a guide in a folder; returns what they printed.
fn run(guide: &str, folder: &Path, home: &Path) -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides").join(guide));
    let text = text.expect("the guide");
    let commands: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    assert!(commands.len() > 5, "{commands:?}");
    bash(&commands.join("\n"), folder, home)
}

fn bash(commands: &str, folder: &Path, home: &Path) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_kfleet")).parent().expect("a folder").display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash")
        .args(["-euxc", commands])
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", path.as_str()), ("HOME", &home.display().to_string()), ("GIT_CONFIG_NOSYSTEM", "1")])
        .envs([("GIT_AUTHOR_NAME", "P"), ("GIT_AUTHOR_EMAIL", "p@example.org")])
        .envs([("GIT_COMMITTER_NAME", "P"), ("GIT_COMMITTER_EMAIL", "p@example.org")])
        .envs([("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "init.defaultBranch"), ("GIT_CONFIG_VALUE_0", "main")])
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn the_commands_of_the_tutorial_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = run("tutorial.md", folder.path(), folder.path());
    // What the tutorial shows of messages is what kfleet says, hashes and times apart.
    for line in
        ["nothing found", "1 file of its flavour", "did you mean `production`?", "unknown field `flavor`", "(rollback)"]
    {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn the_demo_is_adopted_as_its_guide_says() {
    let Some(corpus) = support::corpus("the_demo_is_adopted_as_its_guide_says") else { return };
    let (home, folder) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let demo = corpus.join("cicd-demo").display().to_string();
    let clone = "cp -r \"$1\"/. . && git init -q && git add -A && git commit -qm Demo";
    bash(&clone.replace("\"$1\"", &format!("'{demo}'")), folder.path(), home.path());
    let said = run("from-the-demo.md", folder.path(), home.path());
    for line in
        ["pin without effect", "[PIN01]", "API04", "PRN02", "not known: the order of promotion", "postsubmit  release"]
    {
        assert!(said.contains(line), "{line}: {said}");
    }
    let last = said.rsplit("CLUSTER ").next().expect("the last table of status");
    assert!(!last.contains("without effect"), "{last}");
}
