//! What happens to files: the words that plans and reports share.

use crate::diff::unified;
use crate::tree::Tree;
use serde::Serialize;
use std::collections::BTreeMap;

/// What happens to one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is new.
    Create,
    /// Its content changes.
    Update,
    /// It is what it should be.
    Unchanged,
    /// It is removed.
    Remove,
}

/// One file of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileAction {
    /// The path as shown to the user.
    pub path: String,
    /// What happens to it.
    pub action: Action,
    /// The change as a unified diff, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// What changes between the files of a folder, as far as `is_ours` says so, and its new files. Each change has its diff.
pub fn changes(folder: &str, old: &Tree, new: &Tree, is_ours: impl Fn(&str) -> bool) -> Vec<FileAction> {
    let mut paths: BTreeMap<&str, (&[u8], &[u8])> = BTreeMap::new();
    for (path, bytes) in old.iter().filter(|(path, _)| is_ours(path)) {
        paths.entry(path).or_default().0 = bytes;
    }
    for (path, bytes) in new.iter() {
        paths.entry(path).or_default().1 = bytes;
    }
    paths
        .into_iter()
        .filter(|(_, (old, new))| old != new)
        .map(|(path, (before, after))| {
            let action = match (old.contains_key(path), new.contains_key(path)) {
                (false, _) => Action::Create,
                (true, true) => Action::Update,
                (true, false) => Action::Remove,
            };
            let path = format!("{folder}/{path}");
            let diff = Some(unified(&path, before, after));
            FileAction { path, action, diff }
        })
        .collect()
}
