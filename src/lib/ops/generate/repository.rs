//! What generate reads of the repository: the fleet file, the lock, the bases, and the sources that lie in it.

use super::removed::{self, Removed};
use crate::addon::{Wanted, is_locked};
use crate::error::{Error, ErrorKind};
use crate::fleet::file::{FLEET_FILE, FleetFile};
use crate::fleet::lock::{LOCK_FILE, Lock};
use crate::problem::{Location, Problem};
use crate::source::{Asked, Held, requests};
use crate::suggest::did_you_mean;
use crate::tree::{self, Root, Tree};
use std::collections::BTreeSet;
use std::path::Path;

#[derive(Debug)]
pub struct Repository {
    pub file: FleetFile,
    /// The lock; an empty one where there is none.
    pub lock: Lock,
    pub lock_text: Option<Vec<u8>>,
    /// The addons that the run is about.
    pub wanted: Vec<Wanted>,
    /// The bases that no addon of the fleet file has; nothing where the run is about some addons only.
    pub removed: Option<Vec<Removed>>,
    /// Whether these bases are to be deleted.
    pub prune: bool,
}

impl Repository {
    /// Whether an addon that is not up to date has sources outside the repository, or charts to be rendered.
    pub fn needs_fetching(&self) -> bool {
        let is_remote = |wanted: &Wanted| {
            let mut requests = wanted.requests.iter();
            requests.any(|request| request.release.is_some() || matches!(request.asked, Asked::Remote(_)))
        };
        self.wanted.iter().any(|wanted| is_remote(wanted) && !wanted.up_to_date)
    }

    /// What the lock says of a source of an addon.
    pub fn lockedness(&self, addon: &str, asked: &Asked) -> Lockedness {
        match asked {
            Asked::Local(_) => Lockedness::InRepository,
            Asked::Remote(asked) if self.lock.source(addon, asked).is_some() => Lockedness::Locked,
            Asked::Remote(_) => match self.lock.addons.get(addon).is_some_and(|addon| !addon.sources.is_empty()) {
                true => Lockedness::Stale,
                false => Lockedness::Missing,
            },
        }
    }
}

/// What the lock says of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lockedness {
    /// It needs no lock.
    InRepository,
    Locked,
    /// The lock has other sources of the addon.
    Stale,
    /// The lock has no source of the addon.
    Missing,
}

#[derive(Debug)]
pub enum Unreadable {
    /// There is no fleet file, or files cannot be read.
    Error(Error),
    Problems(Vec<Problem>),
    /// Addons were named that the fleet file does not have.
    Usage(Vec<Problem>),
}

impl From<tree::Error> for Unreadable {
    fn from(error: tree::Error) -> Self {
        Unreadable::Error(error.into())
    }
}

/// What a run is about.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Its addons; none for all.
    pub addons: Vec<String>,
    /// Of which of them other content than the locked one is taken over; an empty list stands for all.
    pub update: Option<Vec<String>>,
    /// Whether bases are made again even where they are up to date.
    pub rebuild: bool,
    /// Whether bases of addons that the fleet file no longer names are deleted.
    pub prune: bool,
}

/// Reads the repository at `root`.
///
/// # Errors
/// See [`Unreadable`].
pub fn read(root: &Path, selection: &Selection) -> Result<Repository, Unreadable> {
    let folder = Root::open(root)?;
    let Some(text) = folder.read(FLEET_FILE)? else {
        let error = Error::new(ErrorKind::Environment, format!("there is no {FLEET_FILE} here or above"));
        let hint = "run kfleet in a fleet repository, or name one with -C; `kfleet init --adopt` writes a fleet file";
        return Err(Unreadable::Error(error.with_hint(hint)));
    };
    let file = FleetFile::read(FLEET_FILE, &text).map_err(Unreadable::Problems)?;
    let missing = file.verify_flavours(&|name| has_flavour(&folder, &file, name));
    if !missing.is_empty() {
        return Err(Unreadable::Problems(missing));
    }
    let lock_text = folder.read(LOCK_FILE)?;
    let lock = match &lock_text {
        Some(text) => Lock::read(LOCK_FILE, text).map_err(Unreadable::Problems)?,
        None => Lock::default(),
    };
    let names = select(&file, &selection.addons).map_err(Unreadable::Usage)?;
    if let Some(update) = &selection.update {
        select(&file, update).map_err(Unreadable::Usage)?;
    }
    let mut problems = Vec::new();
    let mut wanted = Vec::new();
    for name in names {
        let addon = &file.fleet.addons[&name];
        let requests = match requests(&addon.sources, &addon.owner(&name)) {
            Ok(requests) => requests,
            Err(unexpanded) => {
                problems.push(file.document.error(&["addons", &name], unexpanded.message, unexpanded.hint));
                continue;
            }
        };
        let mut held = Vec::with_capacity(requests.len());
        for request in &requests {
            let mut found = Vec::new();
            held.push(Held::read(root, request, &mut found));
            problems.extend(found.into_iter().map(|problem| Problem {
                message: format!("{}: {}", problem.location, problem.message),
                location: file.source_location(&name, request.index),
                ..problem
            }));
        }
        let base = root.join(&file.fleet.paths.bases).join(&name);
        let base = if base.is_dir() { Tree::from_dir(&base)? } else { Tree::default() };
        let update = selection.update.as_ref().is_some_and(|named| named.is_empty() || named.contains(&name));
        let mut addon = Wanted { name, requests, held, update, base, up_to_date: false };
        addon.up_to_date = !update && !selection.rebuild && is_locked(&addon, &file, &lock);
        wanted.push(addon);
    }
    if !problems.is_empty() {
        return Err(Unreadable::Problems(problems));
    }
    let is_about_all = selection.addons.is_empty();
    let removed = is_about_all.then(|| removed::read(root, &file, &lock)).transpose()?;
    Ok(Repository { file, lock, lock_text, wanted, removed, prune: selection.prune })
}

fn has_flavour(folder: &Root, file: &FleetFile, name: &str) -> bool {
    let flavour = format!("{}/{name}/kustomization", file.fleet.paths.flavours);
    ["yaml", "yml"].iter().any(|ending| matches!(folder.read(&format!("{flavour}.{ending}")), Ok(Some(_))))
}

/// The names of addons that a run is about: those that were named, or all.
///
/// # Errors
/// Names that the fleet file does not know.
fn select(file: &FleetFile, names: &[String]) -> Result<Vec<String>, Vec<Problem>> {
    let known = &file.fleet.addons;
    if names.is_empty() {
        return Ok(known.keys().cloned().collect());
    }
    let unknown = names.iter().filter(|name| !known.contains_key(*name));
    let problems: Vec<Problem> = unknown
        .map(|name| {
            let near = did_you_mean(name, known.keys().map(String::as_str));
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("addons: {}", known.keys().cloned().collect::<Vec<_>>().join(", ")),
            };
            let location = Location::of_file(file.document.name());
            Problem::error(location, format!("`{name}` is not an addon of this fleet")).with_hint(hint)
        })
        .collect();
    let names: BTreeSet<String> = names.iter().cloned().collect();
    if problems.is_empty() { Ok(names.into_iter().collect()) } else { Err(problems) }
}
