//! Commits in work trees made by libgit2.
#![allow(clippy::disallowed_methods, reason = "tests make files")]

use super::*;
use crate::git::clone::create::tests::mk_environment;
use git2::{Repository, Status};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

struct Made {
    folder: tempfile::TempDir,
    clone: LocalClone,
    environment: Environment,
}

/// One commit, in which `run` is executable and `link` a symbolic link.
fn made() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init(folder.path()).unwrap();
    repository.set_head("refs/heads/main").unwrap();
    for path in ["a", "b", "run", "deep/er/only"] {
        write(folder.path(), path, "1");
    }
    fs::set_permissions(folder.path().join("run"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("a", folder.path().join("link")).unwrap();
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = Signature::now("T", "t@example.org").unwrap();
    repository.commit(Some("HEAD"), &who, &who, "One", &tree, &[]).unwrap();
    let clone = LocalClone::open(folder.path()).unwrap();
    Made { folder, clone, environment: mk_environment(true) }
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

impl Made {
    fn ready(&self) -> Result<ReadyCommit> {
        self.clone.prepare_commit(&self.clone.head().unwrap(), None, &self.environment)
    }

    fn commit(&self, paths: &[&str]) -> Result<String> {
        self.clone.commit_files(&self.ready()?, "Two\n\nMore.\n", &paths.iter().copied().collect())
    }

    /// Path, mode and text of each file of a commit, and empty folders.
    fn files(&self, commit: &str) -> Vec<String> {
        let repository = &self.clone.repository;
        let tree = self.clone.find(commit).unwrap().tree().unwrap();
        let mut files = Vec::new();
        tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            let path = format!("{folder}{}", entry.name().unwrap());
            match entry.to_object(repository).unwrap().as_blob() {
                Some(blob) => {
                    files.push(format!("{path} {:o} {}", entry.filemode(), String::from_utf8_lossy(blob.content())));
                }
                None if repository.find_tree(entry.id()).unwrap().is_empty() => files.push(format!("{path}/ empty")),
                None => {}
            }
            git2::TreeWalkResult::Ok
        })
        .unwrap();
        files
    }

    fn statuses(&self) -> Vec<(String, Status)> {
        let statuses = Repository::open(self.folder.path()).unwrap();
        let statuses = statuses.statuses(None).unwrap();
        statuses.iter().map(|entry| (entry.path().unwrap().to_owned(), entry.status())).collect()
    }
}

#[test]
fn files_are_committed_as_git_would() {
    let made = made();
    let root = made.folder.path();
    fs::remove_file(root.join("b")).unwrap();
    fs::remove_dir_all(root.join("deep")).unwrap();
    fs::set_permissions(root.join("a"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(root.join("run"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(root.join("link")).unwrap();
    symlink("run", root.join("link")).unwrap();
    symlink("a", root.join("new link")).unwrap();
    write(root, "new/file", "2");
    let commit =
        made.commit(&["a", "b", "run", "link", "new link", "new/file", "deep/er/only", "never/there"]).unwrap();
    assert_eq!(
        made.files(&commit),
        ["a 100755 1", "link 120000 run", "new link 120000 a", "new/file 100644 2", "run 100644 1"]
    );
    assert_eq!(made.statuses(), []);
    // A file becomes a folder.
    fs::remove_file(root.join("a")).unwrap();
    write(root, "a/b", "3");
    write(root, "staged", "4");
    let mut index = made.clone.repository.index().unwrap();
    index.add_path(Path::new("staged")).unwrap();
    index.write().unwrap();
    let commit = made.commit(&["a", "a/b"]).expect_err("a folder is not a file");
    assert!(commit.message.contains("a is a folder"), "{commit}");
    let commit = made.commit(&["a/b"]).unwrap();
    assert_eq!(made.files(&commit)[0], "a/b 100644 3");
    assert_eq!(made.statuses(), [("staged".to_owned(), Status::INDEX_NEW)]);
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let made = made();
    let head = made.clone.head().unwrap();
    symlink("deep", made.folder.path().join("way")).unwrap();
    for path in [
        "../x",
        "/etc/passwd",
        "",
        ".",
        "a/../b",
        "a//b",
        ".git/config",
        "x/.GIT/hooks",
        "way/er/only",
        "deep",
        "a\0b",
        "a/",
    ] {
        let error = made.commit(&[path]).expect_err(path);
        assert_eq!(error.kind, ErrorKind::Refused, "{path}");
        assert!(error.hint.is_some() && !error.message.contains('\0'), "{error}");
    }
    assert_eq!(made.clone.head().unwrap(), head);
}

#[test]
fn two_at_work_do_not_undo_each_other() {
    let made = made();
    let root = made.folder.path();
    let head = made.clone.head().unwrap();
    write(root, "a", "2");
    // The other one commits in between.
    let ready = made.ready().unwrap();
    write(root, "b", "2");
    let theirs = LocalClone::open(root).unwrap();
    let theirs = theirs
        .commit_files(&theirs.prepare_commit(&head, None, &made.environment).unwrap(), "Theirs", &BTreeSet::from(["b"]))
        .unwrap();
    let error = made.clone.commit_files(&ready, "Ours", &BTreeSet::from(["a"])).expect_err("moved");
    assert!(error.kind == ErrorKind::Refused && error.message.contains("has changed since"), "{error}");
    let error = made.clone.prepare_commit(&head, None, &made.environment).expect_err("moved");
    assert!(error.message.contains("has changed since"), "{error}");
    assert_eq!(made.clone.head().unwrap().commit, Some(theirs.clone()));
    assert_eq!(made.statuses(), [("a".to_owned(), Status::WT_MODIFIED)]);

    // The other one has the index, or the branch: nothing is half done.
    let ready = made.ready().unwrap();
    for lock in ["index.lock", "refs/heads/main.lock"] {
        let lock = root.join(".git").join(lock);
        fs::write(&lock, "").unwrap();
        let error = made.clone.commit_files(&ready, "Ours", &BTreeSet::from(["a"])).expect_err("locked");
        assert!(error.kind == ErrorKind::Refused && error.hint.unwrap().contains("wait"), "{lock:?}");
        assert_eq!(made.ready().is_err(), lock.ends_with("index.lock"));
        fs::remove_file(&lock).unwrap();
        assert_eq!(made.clone.head().unwrap().commit, Some(theirs.clone()));
        assert_eq!(made.statuses(), [("a".to_owned(), Status::WT_MODIFIED)], "{lock:?}");
    }
    let new = made.clone.prepare_commit(&made.clone.head().unwrap(), Some("new"), &made.environment).unwrap();
    fs::write(root.join(".git/HEAD.lock"), "").unwrap();
    let error = made.clone.commit_files(&new, "Ours", &BTreeSet::from(["a"])).expect_err("locked");
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    assert!(made.clone.repository.find_branch("new", BranchType::Local).is_err(), "it would stand in the way");
    assert_eq!(made.statuses(), [("a".to_owned(), Status::WT_MODIFIED)]);
    fs::remove_file(root.join(".git/HEAD.lock")).unwrap();
    made.clone.commit_files(&new, "Ours", &BTreeSet::from(["a"])).unwrap();
    assert_eq!(made.clone.head().unwrap().branch.as_deref(), Some("new"));
    assert_eq!(made.statuses(), []);
}
