//! Clones made by libgit2, counted by hand.
#![allow(clippy::disallowed_methods, reason = "tests make files")]

use super::*;
use git2::Commit;
use git2::Signature;
use std::collections::{BTreeMap, BTreeSet};

/// A repository with one file per commit, and a side branch that was merged: a - b - m, a - s - m.
struct Made {
    folder: tempfile::TempDir,
    ids: BTreeMap<&'static str, String>,
}

fn made() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init(folder.path()).unwrap();
    let mut ids: BTreeMap<&'static str, Oid> = BTreeMap::new();
    for (name, parents, pin) in
        [("a", vec![], "one"), ("b", vec!["a"], "two"), ("s", vec!["a"], "one"), ("m", vec!["b", "s"], "two")]
    {
        let mut index = git2::Index::new().unwrap();
        let files = [("clusters/x/pin.yaml".to_owned(), pin.to_owned()), (format!("files/{name}"), name.to_owned())];
        for (path, text) in files {
            let id = repository.blob(text.as_bytes()).unwrap();
            index.add(&index::entry(path.as_bytes(), 0o100_644, id)).unwrap();
        }
        let tree = repository.find_tree(index.write_tree_to(&repository).unwrap()).unwrap();
        let who = Signature::new("T", "t@example.org", &git2::Time::new(1_700_000_000, 0)).unwrap();
        let parents: Vec<Commit<'_>> = parents.iter().map(|name| repository.find_commit(ids[*name]).unwrap()).collect();
        let parents: Vec<&Commit<'_>> = parents.iter().collect();
        let message = format!("Commit {name}\n\nKfleet-Pin: {pin}\n");
        let id = repository.commit(None, &who, &who, &message, &tree, &parents).unwrap();
        ids.insert(name, id);
    }
    repository.reference("refs/heads/main", ids["m"], true, "").unwrap();
    repository.reference("refs/remotes/origin/main", ids["b"], true, "").unwrap();
    repository.set_head("refs/heads/main").unwrap();
    Made { folder, ids: ids.into_iter().map(|(name, id)| (name, id.to_string())).collect() }
}

#[test]
fn revisions_and_distances_are_those_of_git() {
    let made = made();
    let clone = LocalClone::open(made.folder.path()).unwrap();
    let id = |name: &str| made.ids[name].as_str();
    assert_eq!(clone.head().unwrap(), Head { branch: Some("main".into()), commit: Some(id("m").into()) });
    assert_eq!(clone.resolve("HEAD~1"), Resolved::Commit(id("b").into()));
    assert_eq!(clone.resolve(&id("a")[..10]), Resolved::Commit(id("a").into()));
    assert_eq!(clone.resolve("nowhere"), Resolved::Unknown);
    assert!(clone.commit("mian").unwrap_err().hint.unwrap().contains("main"));
    assert_eq!(
        clone.tip("main").unwrap(),
        Tip { commit: id("b").into(), remote: Some("origin/main".into()), unpushed: 2 }
    );
    assert_eq!(clone.tip("none"), None);
    for (old, new, count) in [("a", "m", 3), ("b", "m", 2), ("m", "m", 0), ("m", "a", 0), ("s", "b", 1)] {
        assert_eq!(clone.distance(id(old), id(new)).unwrap(), count, "{old} {new}");
        assert_eq!(clone.between(id(old), id(new), 10).unwrap().len(), count, "{old} {new}");
    }
    assert!(clone.is_ancestor(id("s"), id("m")).unwrap() && clone.is_ancestor(id("s"), id("s")).unwrap());
    assert!(!clone.is_ancestor(id("s"), id("b")).unwrap());
    assert_eq!(clone.between(id("b"), id("m"), 1).unwrap()[0].subject, "Commit m");
}

#[test]
fn files_of_commits_and_their_history() {
    let made = made();
    let clone = LocalClone::open(made.folder.path()).unwrap();
    let id = |name: &str| made.ids[name].as_str();
    let pin = "clusters/x/pin.yaml";
    assert_eq!(clone.read(id("b"), pin).unwrap().unwrap(), b"two");
    assert_eq!(clone.read(id("b"), "clusters/x").unwrap(), None);
    assert!(clone.has_path(id("a"), "clusters/x").unwrap() && !clone.has_path(id("a"), "clusters/y").unwrap());
    assert_eq!(clone.changed_files(id("a"), id("b"), &["clusters"]).unwrap(), [format!("M {pin}")]);
    assert_eq!(clone.changed_files(id("a"), id("b"), &["files"]).unwrap(), ["D files/a", "A files/b"]);
    let histories = clone.histories(id("m"), &BTreeSet::from([pin.to_owned(), "none".to_owned()])).unwrap();
    let history = &histories[pin];
    assert_eq!(history.len(), 2, "the merge took over nothing new along its first parent");
    assert_eq!((history[0].old.as_deref(), history[0].new.as_deref()), (Some(&b"one"[..]), Some(&b"two"[..])));
    assert_eq!(history[0].about.trailers, [("Kfleet-Pin".to_owned(), "two".to_owned())]);
    assert_eq!((history[1].old.as_deref(), history[1].about.commit.as_str()), (None, id("a")));
    assert!(histories["none"].is_empty());
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<String>>();
    let wanted =
        BTreeMap::from([(pin.to_owned(), texts(&["one", "two", "three"])), ("none".to_owned(), texts(&["one"]))]);
    let written = clone.written(id("m"), &wanted).unwrap();
    let found: Vec<&str> = written.keys().map(|(_, text)| text.as_str()).collect();
    assert_eq!(found, ["one", "two"], "what never came is left out");
    assert_eq!(written[&(pin.to_owned(), "two".to_owned())], history[0].about.committed);
    assert_eq!(written[&(pin.to_owned(), "one".to_owned())], history[1].about.committed);
}

#[test]
fn a_folder_below_the_top_has_paths_of_its_own() {
    let made = made();
    let folder = made.folder.path().join("clusters/x");
    std::fs::create_dir_all(&folder).unwrap();
    let clone = LocalClone::open(&folder).unwrap();
    let id = |name: &str| made.ids[name].as_str();
    assert_eq!(clone.full_path("pin.yaml"), "clusters/x/pin.yaml");
    assert!(clone.read(id("a"), "pin.yaml").unwrap().is_some() && clone.has_path(id("a"), "pin.yaml").unwrap());
    assert_eq!(clone.changed_files(id("a"), id("b"), &["pin.yaml"]).unwrap(), ["M pin.yaml"]);
    let histories = clone.histories(id("m"), &BTreeSet::from(["pin.yaml".to_owned()])).unwrap();
    assert_eq!(histories["pin.yaml"].len(), 2);
    std::fs::write(folder.join("pin.yaml"), "three").unwrap();
    assert_eq!(clone.state("pin.yaml").unwrap(), FileState::Untracked, "the index is empty");
    assert_eq!(clone.state("other.yaml").unwrap(), FileState::Clean);
    let outside = tempfile::tempdir().unwrap();
    assert_eq!(LocalClone::open(outside.path()).unwrap_err().kind, ErrorKind::Environment);
}
