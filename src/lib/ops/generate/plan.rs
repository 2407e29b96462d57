//! The plan of a run: which bases become what. Everything is known before anything is written.

use super::kustomization::{self, is_generated};
use super::render::render;
use super::sources::{Asked, Content, Request, fingerprint, lock_entry, locked, sha256_of_base};
use super::values::substitute_all;
use crate::fleet::file::FleetFile;
use crate::fleet::lock::{Lock, LockedAddon};
use crate::layout::{Action, FileAction, changes};
use crate::problem::{Location, Problem, Severity};
use crate::tree::Tree;
use rayon::prelude::*;
use std::collections::BTreeSet;

/// An addon that a run is about.
#[derive(Debug)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Its sources.
    pub requests: Vec<Request>,
    /// What came of those in the repository, and, once it was fetched, of the others.
    pub contents: Vec<Option<Content>>,
    /// Whether other content than the locked one is taken over.
    pub update: bool,
    /// The files of its base as they are.
    pub base: Tree,
    /// Whether the base is certainly what these inputs give: then nothing is fetched or rendered.
    pub up_to_date: bool,
}

/// What becomes of one addon.
#[derive(Debug)]
pub struct AddonPlan {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// The files that change, with their paths in the repository.
    pub files: Vec<FileAction>,
    /// How many objects there are afterwards.
    pub objects: usize,
    /// The new files of the base; `None` where nothing changes.
    pub(super) tree: Option<Tree>,
}

impl AddonPlan {
    /// Whether the base changes.
    pub fn changes(&self) -> bool {
        !self.files.is_empty()
    }

    /// Whether no object is added, changed or removed.
    pub fn objects_stay(&self) -> bool {
        [Action::Create, Action::Update, Action::Remove].iter().all(|action| self.count(*action) == 0)
    }

    /// How many objects are added, changed or removed.
    pub fn count(&self, action: Action) -> usize {
        self.files.iter().filter(|file| file.action == action && !file.path.ends_with("/kustomization.yaml")).count()
    }
}

/// A plan that is complete and checked.
#[derive(Debug)]
pub struct Plan {
    /// The addons that the run is about, by name.
    pub addons: Vec<AddonPlan>,
    /// Warnings about their sources.
    pub warnings: Vec<Problem>,
    /// The lock as it will be.
    pub lock: Lock,
    /// Whether the lock's file changes.
    pub lock_changes: bool,
}

impl Plan {
    /// Whether anything changes.
    pub fn changes(&self) -> bool {
        self.lock_changes || self.addons.iter().any(AddonPlan::changes)
    }
}

impl Wanted {
    /// Whether the base is what the lock tells of these inputs.
    pub(super) fn is_locked(&self, file: &FleetFile, lock: &Lock) -> bool {
        let (Some(addon), Some(entry)) = (file.fleet.addons.get(&self.name), lock.addons.get(&self.name)) else {
            return false;
        };
        let digests: Option<Vec<String>> = self
            .requests
            .iter()
            .zip(&self.contents)
            .map(|(request, content)| {
                let sha256 = match &request.asked {
                    Asked::Local(_) => content.as_ref().map(|content| content.sha256.as_str()),
                    Asked::Remote(asked) => locked(lock, &self.name, asked).map(|known| known.sha256.as_str()),
                };
                sha256.map(|sha256| request.digest(sha256))
            })
            .collect();
        let same_inputs = digests.is_some_and(|digests| fingerprint(addon, &digests) == entry.inputs);
        same_inputs && sha256_of_base(&self.base) == entry.base && self.lists_all()
    }

    fn lists_all(&self) -> bool {
        let Some(text) = self.base.get("kustomization.yaml") else { return false };
        let files: BTreeSet<String> = self.base.keys().filter(|path| is_generated(path)).cloned().collect();
        kustomization::update("", Some(text), &files).is_ok_and(|updated| updated == *text)
    }
}

/// Where the fleet file names a source.
pub(super) fn source_place(file: &FleetFile, addon: &str, index: usize) -> Location {
    file.document.location(&["addons", addon, "sources", &index.to_string()])
}

/// Plans a run. `lock_text` is the lock's file as it is; `found` are the problems of sources that could not be had.
///
/// # Errors
/// Everything that is wrong, with any addon: nothing may be written then.
pub fn plan(
    file: &FleetFile,
    lock: &Lock,
    lock_text: Option<&[u8]>,
    wanted: Vec<Wanted>,
    found: Vec<Problem>,
) -> Result<Plan, Vec<Problem>> {
    let mut results: Vec<(Vec<Problem>, Option<Planned>)> = wanted
        .into_par_iter()
        .map(|wanted| {
            let mut problems = Vec::new();
            let planned = plan_addon(file, lock, wanted, &mut problems);
            (problems, planned)
        })
        .collect();
    let of_addons = results.iter_mut().flat_map(|(problems, _)| std::mem::take(problems));
    let mut problems: Vec<Problem> = found.into_iter().chain(of_addons).collect();
    problems.sort_by(|a, b| (&a.location, &a.message).cmp(&(&b.location, &b.message)));
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(problems);
    }
    // Addons that the fleet file no longer names leave the lock.
    let mut new_lock = lock.clone();
    new_lock.addons.retain(|name, _| file.fleet.addons.contains_key(name));
    let mut addons = Vec::new();
    for (addon, entry) in results.into_iter().filter_map(|(_, planned)| planned) {
        new_lock.addons.insert(addon.name.clone(), entry);
        addons.push(addon);
    }
    let lock_changes = lock_text != Some(new_lock.render().as_slice());
    Ok(Plan { addons, warnings: problems, lock: new_lock, lock_changes })
}

/// What becomes of an addon, and of its entry in the lock.
type Planned = (AddonPlan, LockedAddon);

fn plan_addon(file: &FleetFile, lock: &Lock, wanted: Wanted, problems: &mut Vec<Problem>) -> Option<Planned> {
    let addon = file.fleet.addons.get(&wanted.name)?;
    let version = addon.version.clone();
    let name = wanted.name.clone();
    if wanted.up_to_date {
        let objects = wanted.base.keys().filter(|path| is_generated(path)).count();
        let entry = lock.addons.get(&name)?.clone();
        return Some((AddonPlan { name, version, files: Vec::new(), objects, tree: None }, entry));
    }
    // What could not be fetched or rendered is among the problems already.
    if wanted.contents.iter().any(|content| content.as_ref().is_none_or(|content| content.chart.is_some())) {
        return None;
    }
    let contents: Vec<Content> = wanted.contents.into_iter().flatten().collect();
    for (request, content) in wanted.requests.iter().zip(&contents) {
        if let Asked::Remote(asked) = &request.asked
            && let Some(known) = locked(lock, &name, asked).filter(|known| known.sha256 != content.sha256)
            && !wanted.update
        {
            let location = source_place(file, &name, request.index);
            let message = format!(
                "other content than the locked one came from {}: locked sha256 {}, now {}",
                asked.shown(),
                known.sha256,
                content.sha256
            );
            let hint = format!("find out why it changed; take it over with `kfleet generate --update {name}`");
            problems.push(Problem { severity: Severity::Error, location, message, hint: Some(hint) });
        }
    }
    if !problems.is_empty() {
        return None;
    }
    let folder = format!("{}/{name}", file.fleet.paths.bases);
    let existing = wanted.base.get("kustomization.yaml").map(Vec::as_slice);
    let contents = match &addon.substitute {
        Some(values) => substitute_all(file, &name, values, &contents, problems)?,
        None => contents,
    };
    let tree = match render(&folder, addon, &contents, existing, problems) {
        Ok(tree) => tree,
        Err(found) => {
            problems.extend(found);
            return None;
        }
    };
    let entry = lock_entry(addon, &wanted.requests, &contents, &tree);
    let is_ours = |path: &str| is_generated(path) || path == "kustomization.yaml";
    let files = changes(&folder, &wanted.base, &tree, is_ours);
    let objects = tree.len() - 1;
    let tree = (!files.is_empty()).then_some(tree);
    Some((AddonPlan { name, version, files, objects, tree }, entry))
}

/// The names of addons that a run is about: those that were named, or all.
///
/// # Errors
/// Names that the fleet file does not know.
pub fn select(file: &FleetFile, names: &[String]) -> Result<Vec<String>, Vec<Problem>> {
    let known = &file.fleet.addons;
    if names.is_empty() {
        return Ok(known.keys().cloned().collect());
    }
    let unknown = names.iter().filter(|name| !known.contains_key(*name));
    let problems: Vec<Problem> = unknown
        .map(|name| {
            let near = crate::suggest::did_you_mean(name, known.keys().map(String::as_str));
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("addons: {}", known.keys().cloned().collect::<Vec<_>>().join(", ")),
            };
            let location = Location { file: file.document.name().to_owned(), line: 0, column: 0 };
            let message = format!("there is no addon `{name}`");
            Problem { severity: Severity::Error, location, message, hint: Some(hint) }
        })
        .collect();
    let names: BTreeSet<String> = names.iter().cloned().collect();
    if problems.is_empty() { Ok(names.into_iter().collect()) } else { Err(problems) }
}
