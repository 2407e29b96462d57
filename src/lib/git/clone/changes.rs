//! The files in which two trees differ, and a tree with such changes made.

use git2::{Delta, ErrorCode, Index, Oid, Repository, Tree};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::index::{Answered, entry};

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Below the top of the tree, byte for byte.
    pub(super) path: Vec<u8>,
    /// What it holds afterwards and its mode; nothing where it was removed.
    pub(super) new: Option<(Oid, u32)>,
}

impl Change {
    /// The path as people see it.
    pub(super) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.path).into_owned()
    }
}

/// What leads from one tree to another.
pub(super) fn between(repository: &Repository, old: &Tree<'_>, new: &Tree<'_>) -> Answered<Vec<Change>> {
    let diff = repository.diff_tree_to_tree(Some(old), Some(new), None)?;
    let path = |file: git2::DiffFile<'_>| file.path_bytes().unwrap_or_default().to_vec();
    let changes = diff.deltas().map(|delta| match delta.status() {
        Delta::Deleted => Change { path: path(delta.old_file()), new: None },
        _ => Change {
            path: path(delta.new_file()),
            new: Some((delta.new_file().id(), u32::from(delta.new_file().mode()))),
        },
    });
    Ok(changes.collect())
}

/// The tree with changes made.
pub(super) fn applied(repository: &Repository, base: &Tree<'_>, changes: &[Change]) -> Answered<Oid> {
    let mut index = Index::new()?;
    index.read_tree(base)?;
    // A file may have to give way to a folder of its name.
    for change in changes.iter().filter(|change| change.new.is_none()) {
        match index.remove(Path::new(OsStr::from_bytes(&change.path)), 0) {
            Err(cause) if cause.code() != ErrorCode::NotFound => return Err(cause),
            _ => {}
        }
    }
    for change in changes {
        if let Some((id, mode)) = change.new {
            index.add(&entry(&change.path, mode, id))?;
        }
    }
    index.write_tree_to(repository)
}
