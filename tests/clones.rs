//! Clones as they are met in CI: shallow, sparse, of another user, with another object format. Each is made by the real git.
#![allow(clippy::disallowed_methods, reason = "tests make files and start programs")]

mod support;

use std::fs;
use support::fleet::{Fleet, said, sync, sync_file};

/// Another clone of a fleet's remote, with these arguments of git.
fn cloned(fleet: &Fleet, arguments: &[&str]) -> Fleet {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("file://{}", fleet.folder.path().join("origin.git").display());
    let made = Fleet { folder, root: "fleet" };
    let target = made.root().display().to_string();
    fleet.git(&[&["clone", "-q"], arguments, &[&url, &target]].concat());
    made
}

#[test]
fn a_shallow_clone_claims_nothing_that_it_does_not_know() {
    let fleet = Fleet::new();
    let shallow = cloned(&fleet, &["--depth", "1"]);
    let said_by = |command: &[&str]| said(&shallow.run(command));
    let vet = shallow.run(&["vet"]);
    assert!(vet.status.success(), "{}", said(&vet));
    assert!(
        said(&vet).contains("the clone is shallow: PIN04 (1), PIN05 (1); `git fetch --unshallow`"),
        "{}",
        said(&vet)
    );
    let history = said_by(&["history", "staging"]);
    assert!(history.contains("the clone is shallow") && !history.contains("Change web"), "{history}");
    let deep = cloned(&fleet, &["--depth", "1"]);
    for command in [&["history", "staging", "--fetch"][..], &["vet", "--fetch"], &["status", "--fetch"]] {
        let said = said(&deep.run(command));
        assert!(!said.contains("shallow"), "{command:?}: {said}");
    }
    let status = said_by(&["status"]);
    let staging: Vec<&str> =
        status.lines().find(|line| line.starts_with("staging")).expect("a row").split_whitespace().collect();
    assert_eq!(staging[4..6], ["-", "-"], "neither age nor distance is known: {status}");
    let promote = said_by(&["promote", "development", "staging", "--dry-run", "--no-fetch"]);
    assert!(promote.contains("what changes is not known") && !promote.contains("nothing that"), "{promote}");
    let rollback = shallow.refuses(&["rollback", "staging", "--no-fetch"], 5);
    assert!(rollback.contains("the clone is shallow"), "{rollback}");

    // Two commits are enough to see that nobody has moved the pin since.
    let deeper = cloned(&fleet, &["--depth", "2"]);
    let history = said(&deeper.run(&["history", "staging"]));
    assert!(history.contains("no change that is known"), "{history}");
    shallow.git(&["fetch", "-q", "--unshallow"]);
    assert!(said_by(&["history", "staging"]).contains("Bootstrap staging"));
    assert!(said_by(&["vet"]).contains("nothing found"));
}

#[test]
fn a_sparse_checkout_is_seen_whole() {
    let fleet = Fleet::new();
    let sparse = cloned(&fleet, &["--sparse"]);
    sparse.git(&["sparse-checkout", "set", "clusters/staging"]);
    assert!(!sparse.root().join("config").exists() && !sparse.root().join("clusters/development").exists());
    let vet = said(&sparse.run(&["vet"]));
    assert!(vet.contains("2 clusters") && vet.contains("nothing found"), "{vet}");
    assert_eq!(said(&sparse.run(&["status"])), said(&fleet.run(&["status"])));
    sparse.does(&["promote", "development", "staging", "--commit", "--push"]);
    assert!(sparse.text(&sync_file("staging")).contains(&fleet.head()));
    assert!(sparse.git(&["status", "--porcelain"]).is_empty());
    assert_eq!(sparse.origin_log(&fleet), "Promote development to staging");
}

impl Fleet {
    /// The subject of the newest commit of another fleet's remote.
    fn origin_log(&self, other: &Fleet) -> String {
        let remote = other.folder.path().join("origin.git").display().to_string();
        self.git(&["--git-dir", &remote, "log", "-1", "--format=%s", "main"])
    }
}

#[test]
fn partial_clones_and_other_work_trees_are_as_any_other() {
    let fleet = Fleet::new();
    fleet.git(&["--git-dir", "../origin.git", "config", "uploadpack.allowFilter", "true"]);
    let partial = cloned(&fleet, &["--filter=blob:none"]);
    assert_eq!(said(&partial.run(&["status"])), said(&fleet.run(&["status"])));
    assert!(said(&partial.run(&["vet"])).contains("nothing found"));

    fleet.git(&["worktree", "add", "-q", "-b", "other", "../beside"]);
    let beside = fleet.folder.path().join("beside").display().to_string();
    let promoted = said(&fleet.run(&["-C", &beside, "promote", "development", "staging", "--dry-run", "--no-fetch"]));
    assert!(promoted.contains("1 pin would be moved"), "{promoted}");
    // Without a branch nothing can be pushed, and all else works.
    fleet.git(&["checkout", "-q", "--detach"]);
    assert!(said(&fleet.run(&["history", "staging"])).contains("Bootstrap staging"));
    let refused = said(&fleet.run(&["promote", "development", "staging", "--commit", "--push", "--no-fetch"]));
    assert!(refused.contains("branch"), "{refused}");
}

#[test]
fn what_cannot_be_opened_has_its_true_name() {
    let fleet = Fleet { folder: tempfile::tempdir().expect("a folder"), root: "fleet" };
    fs::create_dir(fleet.root()).expect("made");
    fleet.git(&["init", "-q", "-b", "main", "--object-format=sha256"]);
    fleet.cluster("staging", &sync("main", None, 1));
    fleet.commit("Add it");
    let history = fleet.refuses(&["history", "staging"], 3);
    assert!(history.contains("object format 'sha256'") && history.contains("SHA-1"), "{history}");
    let status = said(&fleet.run(&["status"]));
    assert!(status.contains("branch main") && status.contains("object format"), "{status}");
    assert!(said(&fleet.run(&["vet"])).contains("history is not looked at"));
}

/// A clone inside of the repository belongs to somebody else, and its clusters too.
#[test]
fn repositories_inside_are_passed_over() {
    let fleet = Fleet::new();
    let before = fleet.does(&["status"]);
    let url = format!("file://{}", fleet.folder.path().join("origin.git").display());
    fleet.git(&["clone", "-q", &url, "clusters/copy"]);
    assert_eq!(fleet.does(&["status"]), before);
}
