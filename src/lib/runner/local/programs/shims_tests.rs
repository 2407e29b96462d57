//! The stand-ins, run by the shell of this machine.
#![allow(clippy::disallowed_methods, reason = "tests make files and run programs")]

use super::*;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

struct Made {
    folder: tempfile::TempDir,
}

impl Made {
    fn new(tools: &[&str], overrides: &[&str], number: Option<u64>) -> Made {
        let made = Made { folder: tempfile::tempdir().unwrap() };
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let tools = Tools::parse(&own(tools), &own(overrides)).unwrap();
        write(&made.bin(), Some(Path::new("/bin/echo")), &tools, number, "fea'ture").unwrap();
        made
    }

    fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    fn run(&self, folder: &Path, words: &[&str]) -> Output {
        let path = format!("{}:{}", self.bin().display(), std::env::var("PATH").unwrap());
        Command::new("/bin/sh")
            .args(["-c", "\"$@\"", "sh"])
            .args(words)
            .current_dir(folder)
            .env("PATH", path)
            .env_remove("PULL_NUMBER")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs(["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_NAME"), "Ann")))
            .envs(["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_EMAIL"), "ann@example.org")))
            .output()
            .unwrap()
    }

    fn said(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.run(self.folder.path(), words);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).trim().to_owned())
    }
}

#[test]
fn jx_pushes_head_to_the_branch_of_the_pull_request() {
    let made = Made::new(&[], &[], Some(7));
    let work = made.folder.path().join("work");
    let git = |words: &[&str]| {
        let output = made.run(&work, &[&["git"], words].concat());
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    std::fs::create_dir(&work).unwrap();
    git(&["init", "-q", "--bare", "../remote.git"]);
    git(&["clone", "-q", "../remote.git", "."]);
    for (round, arguments) in
        [&["--pr", "7"][..], &["--pr=7", "--name", "A B", "--email=a@b"], &[], &["--force"], &["--ignore-no-pr"]]
            .into_iter()
            .enumerate()
    {
        let change: &[&str] = if arguments == ["--force"] { &["--amend"] } else { &[] };
        git(&[&["commit", "-q", "--allow-empty", "-m", &round.to_string()], change].concat());
        let output = made.run(&work, &[&["jx", "gitops", "pr", "push"], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        assert_eq!(
            git(&["ls-remote", "origin", "refs/heads/fea'ture"]).split('\t').next().unwrap(),
            git(&["rev-parse", "HEAD"])
        );
    }
    assert_eq!(git(&["config", "user.name"]), "A B");
}

#[test]
fn the_rest_of_jx_is_not_provided() {
    let made = Made::new(&[], &[], Some(7));
    for (words, code, text) in [
        (&["jx"][..], 3, "not provided by kfleet"),
        (&["jx", "gitops", "apply"], 3, "`jx gitops apply` is not provided by kfleet"),
        (&["jx", "gitops", "pr", "push", "--server", "x"], 3, "--server"),
        (&["jx", "gitops", "pr", "push", "--pr"], 2, "needs a value"),
        (&["jx", "gitops", "pr", "push", "--pr", "8"], 1, "about pull request 7, not 8"),
    ] {
        let (found, said) = made.said(words);
        assert!(found == Some(code) && said.contains(text), "{words:?}: {found:?} {said}");
    }
    let made = Made::new(&[], &[], None);
    assert_eq!(made.said(&["jx", "gitops", "pr", "push"]).0, Some(1));
    assert_eq!(made.said(&["jx", "gitops", "pr", "push", "--ignore-no-pr"]).0, Some(0));
}

#[test]
fn commands_are_overridden_by_their_first_words() {
    let made = Made::new(
        &[],
        &["make generate=kfleet generate", "make 'x y'='echo' \"a  b\" c\\'d", "tool=echo \"it's\""],
        None,
    );
    assert_eq!(made.said(&["make", "generate", "a b"]), (Some(0), "generate a b".into()));
    assert_eq!(made.said(&["make", "x y", "e"]), (Some(0), "a  b c'd e".into()));
    assert_eq!(made.said(&["tool", "1"]), (Some(0), "it's 1".into()));
    std::fs::create_dir(made.folder.path().join("real")).unwrap();
    let real = made.folder.path().join("real/make");
    std::fs::write(&real, "#!/bin/sh\necho real \"$#\"\n").unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("PATH={}:{}", made.bin().display(), real.parent().unwrap().display());
    assert_eq!(made.said(&["/usr/bin/env", &path, "make", "a b", "c"]), (Some(0), "real 2".into()));
    let path = format!("PATH={}", made.bin().display());
    assert_eq!(made.said(&["/usr/bin/env", &path, "make", "all"]).0, Some(127));
}

#[test]
fn programs_are_looked_up_as_steps_do() {
    let made = Made::new(&[], &[], None);
    let programs = Programs::new(Some(&made.bin()), std::env::var_os("PATH").as_deref());
    assert!(programs.has("jx") && programs.has("sh") && programs.has("/bin/sh") && programs.has("./run"));
    assert!(!programs.has("no-such-program") && !programs.has("/bin/no-such-program"));
}
