//! What differs between two trees, within limits: trees from steps may be made to have no end.

use crate::error::{Error, ErrorKind, Result};
use crate::tree::is_safe_name;
use git2::{DiffFormat, DiffOptions, ObjectType, Oid, Repository};
use std::collections::BTreeMap;

/// So many files may differ.
const FILES: usize = 100_000;
/// So deep folders may lie in each other.
const DEPTH: usize = 200;
/// A diff is shown up to this length.
const DIFF: usize = 4 * 1024 * 1024;
/// Files above this size are not compared line by line.
const FILE: i64 = 1024 * 1024;
/// With more files than this no diff is made.
const DIFF_FILES: usize = 5_000;

/// A file, link or submodule of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) id: Oid,
    pub(super) mode: i32,
}

/// A path at which two trees differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) path: String,
    pub(super) old: Option<Item>,
    pub(super) new: Option<Item>,
}

impl Change {
    pub(super) fn letter(&self) -> char {
        match (&self.old, &self.new) {
            (None, _) => 'A',
            (_, None) => 'D',
            _ => 'M',
        }
    }
}

type Entries = BTreeMap<Vec<u8>, (Item, bool)>;

/// The paths at which two trees differ, sorted; nothing as a tree is an empty one.
///
/// # Errors
/// A tree cannot be read, a name in the new one is not a name for a file, or there is too much.
pub(super) fn changes(repository: &Repository, old: Option<Oid>, new: Option<Oid>) -> Result<Vec<Change>> {
    let mut found = Vec::new();
    let mut pending = vec![(String::new(), old, new, 0)];
    while let Some((folder, old, new, depth)) = pending.pop() {
        if old == new {
            continue;
        }
        if depth > DEPTH {
            return Err(refused(format!("folders lie more than {DEPTH} deep in each other")));
        }
        let mut old = entries(repository, old)?;
        for (name, (item, is_folder)) in entries(repository, new)? {
            let before = old.remove(&name);
            if before == Some((item, is_folder)) {
                continue;
            }
            let path = path_of(&folder, &name)?;
            let (old_item, old_folder) = sides(before);
            let (new_item, new_folder) = sides(Some((item, is_folder)));
            if old_item.is_some() || new_item.is_some() {
                found.push(Change { path: path.clone(), old: old_item, new: new_item });
            }
            if old_folder.is_some() || new_folder.is_some() {
                pending.push((path, old_folder, new_folder, depth + 1));
            }
        }
        for (name, before) in old {
            let path = path_of(&folder, &name)?;
            match sides(Some(before)) {
                (Some(item), _) => found.push(Change { path, old: Some(item), new: None }),
                (None, below) => pending.push((path, below, None, depth + 1)),
            }
        }
        if found.len() > FILES || pending.len() > FILES {
            return Err(refused(format!("more than {FILES} files differ")));
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// An entry as a file and as a folder: it is one of them.
fn sides(entry: Option<(Item, bool)>) -> (Option<Item>, Option<Oid>) {
    match entry {
        None => (None, None),
        Some((item, true)) => (None, Some(item.id)),
        Some((item, false)) => (Some(item), None),
    }
}

fn path_of(folder: &str, name: &[u8]) -> Result<String> {
    let name = std::str::from_utf8(name).ok().filter(|name| is_safe_name(name));
    let name = name.ok_or_else(|| refused(format!("a name below {}/ cannot be used", folder.escape_debug())))?;
    Ok(if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
}

fn entries(repository: &Repository, tree: Option<Oid>) -> Result<Entries> {
    let Some(tree) = tree else { return Ok(Entries::new()) };
    let tree = repository.find_tree(tree).map_err(unreadable)?;
    let entry = |entry: git2::TreeEntry<'_>| {
        let is_folder = entry.kind() == Some(ObjectType::Tree);
        (entry.name_bytes().to_vec(), (Item { id: entry.id(), mode: entry.filemode() }, is_folder))
    };
    Ok(tree.iter().map(entry).collect())
}

/// The difference as a unified diff; what is too much of it is left out.
pub(super) fn diff(repository: &Repository, old: Option<Oid>, new: Option<Oid>, files: usize) -> Result<String> {
    if files > DIFF_FILES {
        return Ok(String::new());
    }
    let tree = |id: Option<Oid>| id.map(|id| repository.find_tree(id)).transpose().map_err(unreadable);
    let (old, new) = (tree(old)?, tree(new)?);
    let mut options = DiffOptions::new();
    options.context_lines(3).max_size(FILE);
    let diff = repository.diff_tree_to_tree(old.as_ref(), new.as_ref(), Some(&mut options)).map_err(unreadable)?;
    let mut text = Vec::new();
    let mut is_cut = false;
    let printed = diff.print(DiffFormat::Patch, |_, _, line| {
        if matches!(line.origin(), '+' | '-' | ' ') {
            text.push(line.origin() as u8);
        }
        text.extend_from_slice(line.content());
        is_cut = text.len() > DIFF;
        !is_cut
    });
    if !is_cut {
        printed.map_err(unreadable)?;
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

pub(super) fn unreadable(cause: git2::Error) -> Error {
    Error::new(ErrorKind::Failed, format!("cannot read what the run has pushed: {}", cause.message()))
}

pub(super) fn refused(reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Refused, format!("cannot take what the run has pushed: {reason}"))
}
