//! Files of a tree as they stand in a work tree: as git writes them, by the attributes of that tree, with line endings,
//! encodings and the filters of the user's settings.

use super::changes::{Change, Item, refused, unreadable};
use super::local_git::LocalGit;
use crate::error::{Error, ErrorKind, Result};
use crate::process::Program;
use crate::tree::{Entry, Scratch};
use git2::{ErrorCode, ObjectType, Oid, Repository};
use std::collections::BTreeMap;
use std::path::Path;

/// The files that settle how others are written.
const ATTRIBUTES: &str = ".gitattributes";

/// The changed paths with what comes there, or nothing where something goes. Those that go come first: they may be in the
/// way.
///
/// # Errors
/// An object cannot be read; git or a filter cannot write a file ([`ErrorKind::Refused`]).
pub(super) fn contents(
    git: &LocalGit<'_>,
    repository: &Repository,
    tree: Oid,
    changed: &[Change],
    temporary: &Path,
) -> Result<Vec<(String, Option<Entry>)>> {
    let scratch = Scratch::new(temporary)?;
    let folder = scratch.make_folder("files")?;
    let goes = changed.iter().filter(|change| change.new.is_none()).map(|change| (change.path.clone(), None));
    let mut found: Vec<(String, Option<Entry>)> = goes.collect();
    let comes: BTreeMap<String, Item> =
        changed.iter().filter_map(|change| Some((change.path.clone(), change.new?))).collect();
    if comes.is_empty() {
        return Ok(found);
    }
    let mut wanted = attributes(repository, tree, &comes)?;
    wanted.extend(comes.clone());
    // Git gets these objects alone, never the folders that steps could write to.
    let store = Repository::init_bare(scratch.path().join("store")).map_err(unreadable)?;
    let copy = |id: Oid| {
        let blob = repository.find_blob(id)?;
        store.odb()?.write(ObjectType::Blob, blob.content()).map(drop)
    };
    wanted.values().try_for_each(|item| copy(item.id)).map_err(unreadable)?;
    let list: String = wanted.iter().map(|(path, item)| format!("{:o} {}\t{path}\0", item.mode, item.id)).collect();
    let within = |program: Program| {
        program
            .current_dir(&folder)
            .env("GIT_DIR", repository.path())
            .env("GIT_WORK_TREE", &folder)
            .env("GIT_INDEX_FILE", scratch.path().join("index"))
            .env("GIT_OBJECT_DIRECTORY", scratch.path().join("store/objects"))
            .args(["-c", "core.splitIndex=false", "-c", "core.sparseCheckout=false"])
    };
    let index = within(git.program()).args(["update-index", "-z", "--index-info"]).stdin(list);
    let files = within(git.program()).args(["checkout-index", "--all"]);
    git.told(index).and_then(|_| git.told(files)).map_err(|error| match error.kind {
        ErrorKind::Failed => Error { kind: ErrorKind::Refused, ..error }
            .with_hint("a filter of your git settings may lack something: see what `git merge` says"),
        _ => error,
    })?;
    for path in comes.into_keys() {
        let entry = Entry::read(&folder.join(&path))?.ok_or_else(|| refused(format!("git has not written {path}")))?;
        found.push((path, Some(entry)));
    }
    Ok(found)
}

/// The files of attributes that a tree has for these paths.
fn attributes(repository: &Repository, tree: Oid, paths: &BTreeMap<String, Item>) -> Result<BTreeMap<String, Item>> {
    let tree = repository.find_tree(tree).map_err(unreadable)?;
    let mut found = BTreeMap::new();
    for path in paths.keys() {
        let above = path.match_indices('/').map(|(at, _)| format!("{}/{ATTRIBUTES}", &path[..at]));
        for file in above.chain([ATTRIBUTES.to_owned()]) {
            if found.contains_key(&file) {
                continue;
            }
            match tree.get_path(Path::new(&file)) {
                Ok(entry) if entry.kind() == Some(ObjectType::Blob) => {
                    found.insert(file, Item { id: entry.id(), mode: entry.filemode() });
                }
                Err(cause) if cause.code() != ErrorCode::NotFound => return Err(unreadable(cause)),
                _ => {}
            }
        }
    }
    Ok(found)
}
