//! The history of files: the commits of the local clone that changed them.

use super::clone::{CommitInfo, LocalClone, about, unusable};
use crate::error::Result;
use git2::{ObjectType, Oid};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A commit that changed a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The commit.
    pub about: CommitInfo,
    /// How many commits lie between it and the newest one.
    pub depth: usize,
    /// The file before; nothing where it was not there.
    pub old: Option<Vec<u8>>,
    /// The file after it.
    pub new: Option<Vec<u8>>,
}

impl LocalClone {
    /// The commits that changed each of these files, newest first: along the first parents of `tip`, so a merge counts
    /// as one change. One walk serves all files.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn histories(&self, tip: &str, paths: &BTreeSet<String>) -> Result<BTreeMap<String, Vec<FileChange>>> {
        let mut found: BTreeMap<String, Vec<FileChange>> =
            paths.iter().map(|path| (path.clone(), Vec::new())).collect();
        // The wanted files, and the folders above them.
        let mut wanted: HashSet<String> = HashSet::new();
        for path in paths {
            let path = self.full_path(path);
            wanted.extend(path.match_indices('/').map(|(at, _)| path[..at].to_owned()));
            wanted.insert(path);
        }
        let mut commit = self.find(tip)?;
        for depth in 0.. {
            let parent = commit.parent(0).ok();
            let tree = commit.tree().map_err(|cause| unusable(&cause))?;
            let old_tree = parent.as_ref().and_then(|parent| parent.tree().ok());
            for (path, old, new) in self.differing(old_tree.as_ref(), &tree, &wanted) {
                let path = path.strip_prefix(&self.prefix).unwrap_or(&path);
                let Some(changes) = found.get_mut(path) else { continue };
                let text = |id: Option<Oid>| id.and_then(|id| self.blob(id));
                changes.push(FileChange { about: about(&commit), depth, old: text(old), new: text(new) });
            }
            match parent {
                Some(parent) => commit = parent,
                None => break,
            }
        }
        Ok(found)
    }

    /// The wanted files that differ between two trees, with their old and new content. Folders that are the same on both
    /// sides are not looked into.
    fn differing(
        &self,
        old: Option<&git2::Tree<'_>>,
        new: &git2::Tree<'_>,
        wanted: &HashSet<String>,
    ) -> Vec<(String, Option<Oid>, Option<Oid>)> {
        let mut found = Vec::new();
        let root = |tree: &git2::Tree<'_>| self.repository.find_tree(tree.id()).ok();
        let mut waiting = vec![(String::new(), old.and_then(root), root(new))];
        while let Some((above, old, new)) = waiting.pop() {
            for name in differing_names(old.as_ref(), new.as_ref()) {
                let path = format!("{above}{name}");
                if !wanted.contains(&path) {
                    continue;
                }
                let entry = |tree: &Option<git2::Tree<'_>>| {
                    let entry = tree.as_ref()?.get_name(&name)?;
                    Some((entry.id(), entry.kind()))
                };
                let (old, new) = (entry(&old), entry(&new));
                let folder = |entry: Option<(Oid, Option<ObjectType>)>| match entry {
                    Some((id, Some(ObjectType::Tree))) => self.repository.find_tree(id).ok(),
                    _ => None,
                };
                let file = |entry: Option<(Oid, Option<ObjectType>)>| match entry {
                    Some((id, Some(ObjectType::Blob))) => Some(id),
                    _ => None,
                };
                if file(old).is_some() || file(new).is_some() {
                    found.push((path.clone(), file(old), file(new)));
                }
                let folders = (folder(old), folder(new));
                if folders.0.is_some() || folders.1.is_some() {
                    waiting.push((format!("{path}/"), folders.0, folders.1));
                }
            }
        }
        found
    }
}

/// The names whose entries differ between two folders.
fn differing_names(old: Option<&git2::Tree<'_>>, new: Option<&git2::Tree<'_>>) -> Vec<String> {
    let mut names = Vec::new();
    let entries = |tree: Option<&git2::Tree<'_>>| tree.map_or(0, git2::Tree::len);
    let mut common = 0;
    for index in 0..entries(new) {
        let Some(entry) = new.and_then(|new| new.get(index)) else { continue };
        // Most often both folders have the same names.
        let same = old.and_then(|old| old.get(index)).filter(|other| other.name_bytes() == entry.name_bytes());
        let same = same.or_else(|| old?.get_name_bytes(entry.name_bytes()));
        common += usize::from(same.is_some());
        if same.is_none_or(|same| same.id() != entry.id() || same.kind() != entry.kind()) {
            names.extend(entry.name().ok().map(str::to_owned));
        }
    }
    if common < entries(old) {
        let gone = old.into_iter().flat_map(git2::Tree::iter);
        let gone = gone.filter(|entry| new.is_none_or(|new| new.get_name_bytes(entry.name_bytes()).is_none()));
        names.extend(gone.filter_map(|entry| entry.name().ok().map(str::to_owned)));
    }
    names
}
