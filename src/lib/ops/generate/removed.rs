//! Addons that fleet.yaml no longer names, and whose bases are still there. Their entries stay in the lock until then: it
//! alone knows that kfleet wrote these bases.

use crate::addon::{is_as_written, kustomization::is_ours};
use crate::fleet::file::FleetFile;
use crate::fleet::lock::Lock;
use crate::fleet::repository;
use crate::flux::Kustomization;
use crate::kustomize::Target;
use crate::layout::{FileAction, changes};
use crate::names::is_name;
use crate::path::is_within;
use crate::problem::{Location, Problem};
use crate::tree::{self, Tree};
use std::path::Path;

/// The base of an addon that fleet.yaml no longer names.
#[derive(Debug)]
pub struct Removed {
    pub name: String,
    /// The base, relative to the repository.
    pub folder: String,
    /// What deleting it does to its files.
    pub files: Vec<FileAction>,
    /// Why it cannot be deleted.
    pub obstacles: Vec<Problem>,
}

impl Removed {
    /// The warning of a run that leaves the base alone.
    pub fn warning(&self) -> Problem {
        let message = format!("fleet.yaml has no addon `{}` any more, but its base is still there", self.name);
        Problem::warning(Location::of_file(&self.folder), message)
            .with_hint("`kfleet generate --prune` deletes it; to keep it as your own, delete its entry from fleet.lock")
    }
}

/// Reads the bases of addons that only the lock still names.
///
/// # Errors
/// A file cannot be read.
pub(super) fn read(root: &Path, file: &FleetFile, lock: &Lock) -> tree::Result<Vec<Removed>> {
    let mut found = Vec::new();
    for (name, entry) in &lock.addons {
        let folder = format!("{}/{name}", file.fleet.paths.bases);
        // The lock is a file as others: its names must not lead out of the folder of bases.
        if file.fleet.addons.contains_key(name) || !is_name(name) || !root.join(&folder).is_dir() {
            continue;
        }
        let base = Tree::from_dir(&root.join(&folder))?;
        let mut obstacles = Vec::new();
        let error = |path: &str, message: &str, hint: &str| {
            Problem::error(Location::of_file(format!("{folder}/{path}").trim_end_matches('/')), message).with_hint(hint)
        };
        for path in base.keys().filter(|path| !is_ours(path)) {
            let hint = "move it elsewhere, or delete it, then prune again";
            obstacles.push(error(path, "kfleet did not write this file of a base that is to be deleted", hint));
        }
        if obstacles.is_empty() && !is_as_written(entry, &base) {
            let message = "this base was changed after kfleet wrote it";
            obstacles.push(error("", message, "look at it with `git log`, and delete it yourself"));
        }
        let files = changes(&folder, &base, &Tree::default(), is_ours);
        found.push(Removed { name: name.clone(), folder, files, obstacles });
    }
    if !found.is_empty() {
        let repository = repository::Repository::read(root, Tree::default());
        if let Ok(repository) = repository {
            found.iter_mut().for_each(|removed| removed.obstacles.extend(uses(&repository, &removed.folder)));
        }
    }
    Ok(found)
}

/// What in the repository still takes files from a folder.
fn uses(repository: &repository::Repository, folder: &str) -> Vec<Problem> {
    let message = format!("this still uses {folder}, which is to be deleted");
    let problem = |location| Problem::error(location, message.clone()).with_hint("remove it, then prune again");
    let mut problems = Vec::new();
    for kustomization in repository.kustomizations.iter().filter(|one| !is_within(&one.file, folder)) {
        let used = kustomization.references.iter().filter(|reference| match &reference.target {
            Target::File(path) | Target::Folder(path) => is_within(path, folder),
            _ => false,
        });
        problems.extend(used.map(|reference| problem(kustomization.location_of(reference))));
    }
    for path in repository.manifests.paths().filter(|path| !is_within(path, folder)) {
        for object in repository.manifests.of_file(path) {
            let applied = Kustomization::read(&object).and_then(|kustomization| kustomization.folder());
            if applied.is_some_and(|applied| is_within(&applied, folder)) {
                problems.push(problem(object.location(&["spec", "path"])));
            }
        }
    }
    problems
}
