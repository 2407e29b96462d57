//! The bases and flavours as commits have them, each read once: many clusters have the same few pins.

use crate::error::Result;
use crate::fleet::clusters::Clusters;
use crate::fleet::repository::Repository;
use crate::fleet::select_sync::path_of;
use crate::git::Commits;
use crate::path::is_within;
use crate::tree::Tree;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// See the module.
pub(super) struct Snapshots<'a> {
    commits: &'a dyn Commits,
    folders: BTreeSet<String>,
    known: RefCell<BTreeMap<String, Rc<Repository>>>,
}

impl<'a> Snapshots<'a> {
    /// Of the folders that clusters take manifests from, and those beside them.
    pub(super) fn new(fleet: &Clusters, commits: &'a dyn Commits) -> Snapshots<'a> {
        let paths = &fleet.repository.paths;
        let layout = [&paths.bases, &paths.flavours].into_iter().cloned();
        let applied = fleet.clusters.iter().flat_map(|cluster| cluster.syncs.iter().filter_map(path_of));
        let mut folders: BTreeSet<String> = layout.collect();
        for folder in applied.filter(|folder| !folder.is_empty()) {
            if !folders.iter().any(|known| is_within(&folder, known)) {
                folders.insert(folder);
            }
        }
        Snapshots { commits, folders, known: RefCell::default() }
    }

    /// The files of a commit.
    pub(super) fn at(&self, commit: &str) -> Result<Rc<Repository>> {
        if let Some(known) = self.known.borrow().get(commit) {
            return Ok(Rc::clone(known));
        }
        let mut tree = Tree::default();
        for folder in &self.folders {
            tree.extend(self.commits.files_below(commit, folder)?);
        }
        let read = Rc::new(Repository::from_tree(tree));
        self.known.borrow_mut().insert(commit.to_owned(), Rc::clone(&read));
        Ok(read)
    }
}
