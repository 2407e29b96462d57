//! The plan of a run: which bases become what. Everything is known before anything is written.

use super::fetch::{Failure, Fetched};
use super::removed::Removed;
use super::repository::Repository;
use crate::addon::{self, AddonPlan, Planned, Wanted};
use crate::error::ErrorKind;
use crate::fleet::lock::Lock;
use crate::problem::{Problem, Severity};
use crate::source::Content;
use rayon::prelude::*;

/// A plan that is complete and checked.
#[derive(Debug)]
pub struct Plan {
    /// The folder of the bases, relative to the repository.
    pub bases: String,
    /// The addons that the run is about, by name.
    pub addons: Vec<AddonPlan>,
    /// The bases to delete.
    pub removed: Vec<Removed>,
    pub warnings: Vec<Problem>,
    /// The lock as it will be.
    pub lock: Lock,
    pub lock_changes: bool,
}

impl Plan {
    pub fn changes(&self) -> bool {
        self.lock_changes || !self.removed.is_empty() || self.addons.iter().any(AddonPlan::changes)
    }
}

/// A run that changes nothing because something is wrong.
#[derive(Debug)]
pub struct Refused {
    /// The sort of failure that the run is.
    pub kind: ErrorKind,
    pub problems: Vec<Problem>,
}

impl From<Vec<Problem>> for Refused {
    fn from(problems: Vec<Problem>) -> Self {
        Refused { kind: ErrorKind::Failed, problems }
    }
}

/// Plans a run of what was read and fetched.
///
/// # Errors
/// Everything that is wrong, with any addon: nothing may be written then.
pub fn plan(repository: Repository, fetched: Fetched) -> Result<Plan, Refused> {
    let Repository { file, lock, lock_text, wanted, removed, prune } = repository;
    let is_about_all = removed.is_some();
    let mut removed = removed.unwrap_or_default();
    let Fetched { mut contents, failures, warnings } = fetched;
    let with_contents: Vec<(Wanted, Vec<Option<Content>>)> = wanted
        .into_iter()
        .enumerate()
        .map(|(addon, mut wanted)| {
            let held = wanted.held.iter_mut().enumerate();
            let contents = held.map(|(number, held)| contents.remove(&(addon, number)).or_else(|| held.content.take()));
            let contents = contents.collect();
            (wanted, contents)
        })
        .collect();
    let mut results: Vec<(Vec<Problem>, Option<Planned>)> = with_contents
        .into_par_iter()
        .map(|(wanted, contents)| {
            let mut problems = Vec::new();
            let planned = addon::plan(&file, &lock, wanted, contents, &mut problems);
            (problems, planned)
        })
        .collect();
    let (kind, not_fetched) = (kind_of(&failures), failures.len());
    let of_addons = results.iter_mut().flat_map(|(problems, _)| std::mem::take(problems));
    let of_sources = failures.into_iter().map(|failure| failure.problem).chain(warnings);
    let mut problems: Vec<Problem> = of_sources.chain(of_addons).collect();
    if prune {
        problems.extend(removed.iter_mut().flat_map(|one| std::mem::take(&mut one.obstacles)));
    } else {
        problems.extend(removed.iter().map(Removed::warning));
    }
    problems.sort_by(|a, b| (&a.location, &a.message).cmp(&(&b.location, &b.message)));
    // Several addons may have the same file.
    problems.dedup();
    match problems.iter().filter(|problem| problem.severity == Severity::Error).count() {
        0 => {}
        errors if errors == not_fetched => return Err(Refused { kind, problems }),
        _ => return Err(problems.into()),
    }
    // Addons that the fleet file no longer names leave the lock with their bases.
    let mut new_lock = lock;
    let stays = |name: &String| !prune && removed.iter().any(|one| one.name == *name);
    new_lock.addons.retain(|name, _| !is_about_all || file.fleet.addons.contains_key(name) || stays(name));
    if !prune {
        removed.clear();
    }
    let mut addons = Vec::new();
    for (addon, entry) in results.into_iter().filter_map(|(_, planned)| planned) {
        new_lock.addons.insert(addon.name.clone(), entry);
        addons.push(addon);
    }
    let lock_changes = lock_text != Some(new_lock.render());
    Ok(Plan { bases: file.fleet.paths.bases, addons, removed, warnings: problems, lock: new_lock, lock_changes })
}

/// The sort of failure that a run is which could not have all sources.
fn kind_of(failures: &[Failure]) -> ErrorKind {
    let is_there = |kind: &ErrorKind| failures.iter().any(|failure| failure.kind == *kind);
    let kinds = [ErrorKind::Failed, ErrorKind::Environment, ErrorKind::Timeout];
    kinds.into_iter().find(is_there).unwrap_or(ErrorKind::Failed)
}
