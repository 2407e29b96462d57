//! Real repositories, and the user's git in the part of the steps.
#![allow(clippy::disallowed_methods, reason = "tests make files and run git")]

use super::*;
use crate::git::{Brought, Settings};
use crate::process::Environment;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

/// A clone `work` of a bare repository `origin.git`, on a branch `feature`.
pub(super) struct Made {
    pub(super) folder: tempfile::TempDir,
}

/// Git that knows nothing of the user and the machine that the tests run on.
pub(super) fn git_command(folder: &Path, arguments: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .envs(["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_NAME"), "Ann")))
        .envs(["AUTHOR", "COMMITTER"].map(|role| (format!("GIT_{role}_EMAIL"), "ann@example.org")));
    git
}

pub(super) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = git_command(folder, arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

pub(super) fn settings() -> Settings {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let environment: Environment =
        [("PATH", path), ("GIT_CONFIG_GLOBAL", "/dev/null".into()), ("GIT_CONFIG_SYSTEM", "/dev/null".into())]
            .into_iter()
            .collect();
    Settings::new(environment, "")
}

/// A step goes on: it changes one more file, and pushes all that it has changed.
pub(super) fn commit(step: &Path, path: &str, text: &str) {
    let file = step.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    push_all(step);
}

fn push_all(step: &Path) {
    git(step, &["add", "--all"]);
    git(step, &["commit", "-q", "-m", "More"]);
    git(step, &["push", "-q", "origin", "HEAD:feature"]);
}

impl Made {
    pub(super) fn new() -> Made {
        let folder = tempfile::tempdir().unwrap();
        let made = Made { folder };
        git(made.folder.path(), &["init", "-q", "--bare", "-b", "main", "origin.git"]);
        git(made.folder.path(), &["clone", "-q", "origin.git", "work"]);
        made.write("a", "1\n2\n3\n4\n5\n");
        made.write("sub/b", "b\n");
        made.write("gone", "gone\n");
        made.write(".gitignore", "*.log\n");
        made.commit("One");
        made.git(&["push", "-q", "origin", "HEAD:main"]);
        made.git(&["tag", "-a", "-m", "v1", "v1"]);
        made.git(&["fetch", "-q"]);
        made.git(&["remote", "set-head", "origin", "main"]);
        made.git(&["checkout", "-q", "-b", "feature"]);
        made.write("feature", "f\n");
        made.commit("Two");
        made
    }

    pub(super) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.work().join(path)).unwrap()
    }

    pub(super) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    pub(super) fn git(&self, arguments: &[&str]) -> String {
        git(&self.work(), arguments)
    }

    pub(super) fn clone(&self) -> LocalClone {
        LocalClone::open(&self.work()).unwrap()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.clone().snapshot(self.folder.path(), &settings()).unwrap()
    }

    pub(super) fn throwaway(&self, snapshot: &Snapshot) -> Throwaway {
        let facts = self.clone().facts(None).unwrap();
        let refs = Refs {
            head_branch: facts.branch.unwrap_or_else(|| "detached".to_owned()),
            base: facts.base.map(|tip| (facts.base_branch, tip)),
            default_branch: facts.default_branch,
            pull: Some(7),
        };
        let name = format!("remote-{}.git", fs::read_dir(self.folder.path()).unwrap().count());
        Throwaway::create(&self.clone(), snapshot, &self.folder.path().join(name), &refs).unwrap()
    }

    /// What a run begins with.
    pub(super) fn begin(&self) -> (Snapshot, Throwaway) {
        let snapshot = self.snapshot();
        let throwaway = self.throwaway(&snapshot);
        (snapshot, throwaway)
    }

    /// A step: clones, changes a file, pushes.
    pub(super) fn generate(&self, throwaway: &Throwaway, path: &str, text: &str) -> PathBuf {
        let folder = self.folder.path().join(format!("step-{}", fs::read_dir(self.folder.path()).unwrap().count()));
        let url = format!("file://{}", throwaway.folder.display());
        git(self.folder.path(), &["clone", "-q", &url, folder.to_str().unwrap()]);
        git(&folder, &["checkout", "-q", &throwaway.head]);
        fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
        fs::write(folder.join(path), text).unwrap();
        if !git(&folder, &["status", "--porcelain"]).is_empty() {
            git(&folder, &["add", "--all"]);
            git(&folder, &["commit", "-q", "-m", "Generated"]);
            git(&folder, &["push", "-q", "origin", &format!("HEAD:refs/heads/{}", throwaway.head_branch)]);
        }
        folder
    }

    pub(super) fn bring(&self, throwaway: &Throwaway, snapshot: &Snapshot) -> Result<Option<Brought>> {
        let planned = self.clone().bring(throwaway, snapshot, self.folder.path(), &settings())?;
        planned.map(|planned| planned.apply(&settings())).transpose()
    }
}

#[test]
fn a_clean_tree_is_its_commit_and_the_remote_has_what_the_clone_has() {
    let made = Made::new();
    let snapshot = made.snapshot();
    assert_eq!((snapshot.commit.clone(), snapshot.is_synthetic), (made.git(&["rev-parse", "HEAD"]), false));
    // Packed and loose objects alike.
    made.git(&["gc", "-q"]);
    made.write("later", "x\n");
    made.commit("Three");
    let (snapshot, throwaway) = made.begin();
    let refs = git(&throwaway.folder, &["for-each-ref", "--format=%(refname) %(objecttype)"]);
    let expected =
        ["heads/feature commit", "heads/main commit", "pull/7/head commit", "pull/7/merge commit", "tags/v1 tag"];
    assert_eq!(refs, expected.map(|name| format!("refs/{name}")).join("\n"));
    assert_eq!(git(&throwaway.folder, &["fsck", "--full", "--strict"]), "");
    assert_eq!(git(&throwaway.folder, &["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert!(!throwaway.folder.join("objects/info/alternates").exists());
    assert_eq!(throwaway.pushes().unwrap(), []);
    // Any commit can be fetched by its name, and filters work.
    let old = made.git(&["rev-parse", "HEAD~1"]);
    let step = made.folder.path().join("step");
    fs::create_dir(&step).unwrap();
    git(&step, &["init", "-q"]);
    let url = format!("file://{}", throwaway.folder.display());
    git(&step, &["fetch", "-q", "--depth=1", "--filter=blob:none", &url, &old]);
    git(&step, &["fetch", "-q", &url, "+refs/pull/*/head:refs/remotes/pull/*"]);
    assert_eq!(git(&step, &["rev-parse", "refs/remotes/pull/7"]), snapshot.commit);
}

#[test]
fn a_dirty_tree_becomes_the_head_and_nothing_of_the_users_changes() {
    let made = Made::new();
    made.write("a", "1\n2\nthree\n4\n5\n");
    made.write("new file", "n\n");
    made.write("x.log", "ignored\n");
    fs::remove_file(made.work().join("gone")).unwrap();
    symlink("a", made.work().join("link")).unwrap();
    made.write("run.sh", "#!/bin/sh\n");
    fs::set_permissions(made.work().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    made.write("staged", "s\n");
    made.git(&["add", "staged"]);
    let look = || {
        let status = made.git(&["status", "--porcelain=v2"]);
        let index = fs::read(made.work().join(".git/index")).unwrap();
        let reflog = fs::read(made.work().join(".git/logs/HEAD")).unwrap();
        let objects = made.git(&["count-objects", "-v"]);
        (made.git(&["rev-parse", "HEAD"]), status, index, reflog, objects)
    };
    let before = look();
    let (snapshot, throwaway) = made.begin();
    assert_eq!(look(), before);
    assert!(snapshot.is_synthetic);
    assert_eq!(made.snapshot().commit, snapshot.commit, "the same files give the same commit");
    let listed = git(&throwaway.folder, &["ls-tree", "-r", "--format=%(objectmode) %(path)", "feature"]);
    let names: Vec<&str> = listed.lines().collect();
    let expected = [
        "100644 .gitignore",
        "100644 a",
        "100644 feature",
        "120000 link",
        "100644 new file",
        "100755 run.sh",
        "100644 staged",
        "100644 sub/b",
    ];
    assert_eq!(names, expected);
    assert_eq!(git(&throwaway.folder, &["rev-parse", "feature~1"]), before.0);
    assert_eq!(git(&throwaway.folder, &["rev-parse", "refs/pull/7/head"]), snapshot.commit);
    let mut changed = made.clone().files_changed_since(&made.git(&["rev-parse", "origin/main"]), &snapshot).unwrap();
    changed.sort();
    assert_eq!(changed, ["a", "feature", "gone", "link", "new file", "run.sh", "staged"]);
}

#[test]
fn files_that_change_in_the_second_of_the_index_are_seen() {
    let made = Made::new();
    for round in 0..5 {
        made.write("a", &format!("{round}\n"));
        made.commit("Round");
        made.write("a", &format!("{}\n", round + 5));
        assert!(made.snapshot().is_synthetic, "round {round}");
    }
}

#[test]
fn what_a_run_pushes_is_told_and_a_clean_tree_goes_forward() {
    let made = Made::new();
    let (snapshot, throwaway) = made.begin();
    let step = made.generate(&throwaway, "gen/x", "x\n");
    git(&step, &["tag", "v2"]);
    git(&step, &["push", "-q", "origin", "v2", "HEAD:refs/heads/other", ":refs/tags/v1"]);
    let pushes = throwaway.pushes().unwrap();
    let told: Vec<(&str, bool, bool)> =
        pushes.iter().map(|push| (push.reference.as_str(), push.old.is_some(), push.new.is_some())).collect();
    let expected = [
        ("refs/heads/feature", true, true),
        ("refs/heads/other", false, true),
        ("refs/tags/v1", true, false),
        ("refs/tags/v2", false, true),
    ];
    assert_eq!(told, expected);
    let push = &pushes[0];
    assert_eq!((push.commit_count, push.commits[0].subject.as_str(), push.is_forced), (1, "Generated", false));
    assert_eq!(push.files, ["A gen/x"]);
    assert!(push.diff.contains("+++ b/gen/x") && push.diff.contains("+x\n"), "{}", push.diff);
    let brought = made.bring(&throwaway, &snapshot).unwrap().unwrap();
    let commit = pushes[0].new.clone().unwrap();
    assert_eq!(
        brought,
        Brought::Forward { branch: "feature".into(), commit: commit.clone(), files: vec!["gen/x".into()] }
    );
    assert_eq!(
        (made.git(&["rev-parse", "HEAD"]), made.git(&["status", "--porcelain"])),
        (commit.clone(), String::new())
    );
    made.git(&["fsck", "--full"]);
    // The loop ends here: the next run finds nothing to do.
    let snapshot = made.snapshot();
    assert_eq!((&snapshot.commit, snapshot.is_synthetic), (&commit, false));
    let throwaway = made.throwaway(&snapshot);
    made.generate(&throwaway, "gen/x", "x\n");
    assert_eq!(throwaway.pushes().unwrap(), []);
    assert_eq!(made.bring(&throwaway, &snapshot).unwrap(), None);
}

#[test]
fn a_dirty_tree_gets_only_what_the_run_changed() {
    let made = Made::new();
    made.write("a", "1\n2\n3\n4\nfive\n");
    made.write("mine", "m\n");
    made.git(&["add", "mine"]);
    let (snapshot, throwaway) = made.begin();
    let step = made.generate(&throwaway, "a", "one\n2\n3\n4\nfive\n");
    git(&step, &["rm", "-q", "-r", "sub"]);
    fs::write(step.join("run.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(step.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("a", step.join("link")).unwrap();
    push_all(&step);
    // Meanwhile the user goes on.
    made.write("a", "1\n2\n3\n4\nfive\nsix\n");
    made.write("other", "o\n");
    let head = made.git(&["rev-parse", "HEAD"]);
    let brought = made.bring(&throwaway, &snapshot).unwrap().unwrap();
    let files = ["sub/b", "a", "link", "run.sh"].map(str::to_owned).to_vec();
    assert_eq!(brought, Brought::Files(files));
    assert_eq!(made.read("a"), "one\n2\n3\n4\nfive\nsix\n");
    assert_eq!((made.read("other"), made.git(&["rev-parse", "HEAD"])), ("o\n".to_owned(), head));
    assert!(!made.work().join("sub").exists());
    assert_eq!(fs::read_link(made.work().join("link")).unwrap(), Path::new("a"));
    assert_eq!(fs::metadata(made.work().join("run.sh")).unwrap().permissions().mode() & 0o100, 0o100);
    assert_eq!(made.git(&["diff", "--cached", "--name-only"]), "mine", "what was staged stays staged");
    let sent = made.clone().send(&throwaway, &snapshot, &settings()).unwrap_err();
    assert!(sent.message.contains("not committed"), "{}", sent.message);
}

#[test]
fn conflicts_are_refused_and_nothing_is_written() {
    let made = Made::new();
    made.write("mine", "m\n");
    let (snapshot, throwaway) = made.begin();
    made.generate(&throwaway, "a", "one\n2\n3\n4\n5\n");
    made.generate(&throwaway, "z.log", "not added\n");
    made.write("a", "eins\n2\n3\n4\n5\n");
    let error = made.bring(&throwaway, &snapshot).unwrap_err();
    assert_eq!((error.kind, error.message.contains("run began: a")), (ErrorKind::Refused, true), "{}", error.message);
    assert_eq!(made.read("a"), "eins\n2\n3\n4\n5\n");
    // A file that git ignores here is in the way of one that the run has added all the same.
    let (snapshot, throwaway) = made.begin();
    let step = made.generate(&throwaway, "fine", "f\n");
    fs::write(step.join("x.log"), "theirs\n").unwrap();
    git(&step, &["add", "-f", "x.log"]);
    git(&step, &["commit", "-q", "-m", "Log"]);
    git(&step, &["push", "-q", "origin", "HEAD:feature"]);
    made.write("x.log", "mine\n");
    let error = made.bring(&throwaway, &snapshot).unwrap_err();
    assert!(error.message.contains("x.log is there already"), "{}", error.message);
    assert!(!made.work().join("fine").exists());
    assert_eq!(made.read("x.log"), "mine\n");
}

#[test]
fn a_push_goes_to_the_real_remote_and_never_forces() {
    let made = Made::new();
    let (snapshot, throwaway) = made.begin();
    made.generate(&throwaway, "gen/x", "x\n");
    let sent = made.clone().send(&throwaway, &snapshot, &settings()).unwrap().unwrap();
    let origin = made.folder.path().join("origin.git");
    assert_eq!(git(&origin, &["rev-parse", "feature"]), sent.commit);
    git(&origin, &["fsck", "--full"]);
    let other = made.folder.path().join("other");
    git(made.folder.path(), &["clone", "-q", "-b", "feature", "origin.git", "other"]);
    git(&other, &["commit", "-q", "--allow-empty", "-m", "Faster"]);
    git(&other, &["push", "-q"]);
    let error = made.clone().send(&throwaway, &snapshot, &settings()).unwrap_err();
    assert_eq!((error.kind, error.message.contains("has moved")), (ErrorKind::Refused, true), "{}", error.message);
    // What was refused is kept, and outlives the throwaway remote.
    let pushes = throwaway.pushes().unwrap();
    let held = made.clone().hold(&throwaway, &pushes, "pr.x~1").unwrap();
    let held: Vec<String> = held.into_iter().map(Result::unwrap).collect();
    assert_eq!(held, ["refs/kfleet/pr-x-1/heads/feature"]);
    fs::remove_dir_all(&throwaway.folder).unwrap();
    assert_eq!(Some(made.git(&["rev-parse", &held[0]])), pushes[0].new);
    assert_eq!(made.git(&["show", &format!("{}:gen/x", held[0])]), "x");
    made.git(&["fsck", "--full"]);
}

#[test]
fn facts_come_from_the_clone() {
    let made = Made::new();
    let main = made.git(&["rev-parse", "origin/main"]);
    let facts = made.clone().facts(None).unwrap();
    assert_eq!((facts.branch.as_deref(), facts.base_branch.as_str()), (Some("feature"), "main"));
    assert_eq!((facts.base, facts.default_branch.as_str()), (Some(main), "main"));
    assert!(facts.url.unwrap().ends_with("origin.git"));
    assert_eq!(facts.name.name, "origin");
    assert_eq!(made.clone().facts(Some("none")).unwrap_err().kind, ErrorKind::Usage);
    made.git(&["checkout", "-q", "--detach"]);
    assert_eq!(made.clone().facts(None).unwrap().branch, None);
}

#[test]
fn odd_clones_work_too() {
    let made = Made::new();
    // A work tree beside, a shallow clone, a clone that borrows objects, a repository without a commit or remote.
    made.git(&["worktree", "add", "-q", "../beside", "-b", "beside"]);
    git(made.folder.path(), &["clone", "-q", "--depth=1", &format!("file://{}", made.work().display()), "shallow"]);
    git(made.folder.path(), &["clone", "-q", "--shared", "work", "borrower"]);
    git(made.folder.path(), &["init", "-q", "-b", "main", "empty"]);
    for name in ["beside", "shallow", "borrower", "empty"] {
        let folder = made.folder.path().join(name);
        fs::write(folder.join("dirty"), "d\n").unwrap();
        let clone = LocalClone::open(&folder).unwrap();
        let snapshot = clone.snapshot(made.folder.path(), &settings()).unwrap();
        assert!(snapshot.is_synthetic, "{name}");
        let facts = clone.facts(None).unwrap();
        let refs = Refs { head_branch: facts.branch.unwrap(), default_branch: facts.default_branch, ..Refs::default() };
        let remote = made.folder.path().join(format!("{name}.git"));
        let throwaway = Throwaway::create(&clone, &snapshot, &remote, &refs).unwrap();
        made.generate(&throwaway, "gen", "g\n");
        assert_eq!(throwaway.pushes().unwrap()[0].files, ["A gen"], "{name}");
        let planned = clone.bring(&throwaway, &snapshot, made.folder.path(), &settings()).unwrap().unwrap();
        assert_eq!(planned.apply(&settings()).unwrap(), Brought::Files(vec!["gen".into()]), "{name}");
    }
}

#[test]
fn line_endings_and_submodules_are_those_of_git() {
    let made = Made::new();
    made.write(".gitattributes", "*.txt text eol=crlf\n");
    made.commit("Attributes");
    git(made.folder.path(), &["init", "-q", "-b", "main", "module"]);
    let module = made.folder.path().join("module");
    git(&module, &["commit", "-q", "--allow-empty", "-m", "M"]);
    made.git(&["-c", "protocol.file.allow=always", "submodule", "add", "-q", module.to_str().unwrap(), "module"]);
    made.write("w.txt", "1\r\n2\r\n");
    let (snapshot, throwaway) = made.begin();
    assert_eq!(git(&throwaway.folder, &["cat-file", "-p", "feature:w.txt"]), "1\n2");
    assert!(git(&throwaway.folder, &["ls-tree", "feature", "module"]).starts_with("160000 commit"));
    made.generate(&throwaway, "w.txt", "1\r\ntwo\r\n");
    made.bring(&throwaway, &snapshot).unwrap().unwrap();
    assert_eq!(made.read("w.txt"), "1\r\ntwo\r\n");
}

#[test]
fn a_damaged_remote_is_refused_and_leads_nowhere() {
    let made = Made::new();
    let (snapshot, throwaway) = made.begin();
    made.generate(&throwaway, "gen", "g\n");
    let at = |name: &str| throwaway.folder.join(name);
    // Settings that would run programs or lead elsewhere are removed.
    fs::write(at("config"), "[core]\n\tfsmonitor = touch /tmp/pwned\n[include]\n\tpath = /etc/passwd\n").unwrap();
    fs::write(at("commondir"), "/nowhere\n").unwrap();
    fs::create_dir_all(at("objects/info")).unwrap();
    fs::write(at("objects/info/alternates"), "/nowhere\n").unwrap();
    assert_eq!(throwaway.pushes().unwrap().len(), 1);
    // A tree with a name that would leave the work tree.
    let blob = git(&throwaway.folder, &["rev-parse", "feature:gen"]);
    let mut tree = b"100644 ..\0".to_vec();
    tree.extend_from_slice(git2::Oid::from_str(&blob).unwrap().as_bytes());
    {
        let repository = git2::Repository::open_bare(&throwaway.folder).unwrap();
        let tree = repository.odb().unwrap().write(git2::ObjectType::Tree, &tree).unwrap();
        let text =
            format!("tree {tree}\nparent {}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nx\n", snapshot.commit);
        let commit = repository.odb().unwrap().write(git2::ObjectType::Commit, text.as_bytes()).unwrap();
        repository.reference("refs/heads/feature", commit, true, "").unwrap();
    }
    assert!(throwaway.pushes().unwrap_err().message.contains("cannot be used"));
    assert!(made.bring(&throwaway, &snapshot).is_err());
    // Links and pipes are not opened.
    fs::remove_file(at("HEAD")).unwrap();
    symlink("/dev/zero", at("HEAD")).unwrap();
    assert!(throwaway.pushes().unwrap_err().message.contains("HEAD"));
}
