//! A repository in which kfleet runs pipelines.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A repository with one commit.
pub struct Clone {
    pub folder: tempfile::TempDir,
    /// More variables of the programs.
    pub variables: Vec<(String, String)>,
}

impl Clone {
    pub fn new() -> Clone {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("home")).expect("a home");
        fs::create_dir_all(folder.path().join("work")).expect("a work tree");
        let clone = Clone { folder, variables: Vec::new() };
        clone.git(&["init", "-q", "-b", "main"]);
        clone.git(&["commit", "-q", "--allow-empty", "-m", "first"]);
        clone
    }

    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.work()).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.folder.path().join("home"));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "P").env(format!("GIT_{who}_EMAIL"), "p@example.org");
        }
        command
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let output = self.command("git").args(arguments).output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub fn kfleet(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_kfleet"));
        command.args(arguments).env("TOKEN", "twelve-char").output().expect("kfleet runs")
    }

    /// What a successful run prints.
    pub fn does(&self, arguments: &[&str]) -> String {
        let output = self.kfleet(arguments);
        let said = said(&output);
        assert!(output.status.success(), "kfleet {arguments:?}: {said}");
        said
    }
}

/// What it printed, all of it.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
