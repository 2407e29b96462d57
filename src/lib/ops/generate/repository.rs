//! What generate reads of the repository: the fleet file, the lock, the bases, and the sources that lie in it.

use super::local;
use super::plan::{Wanted, select, source_place};
use super::sources::{Asked, requests};
use crate::error::{Error, ErrorKind};
use crate::fleet::file::{FLEET_FILE, FleetFile};
use crate::fleet::lock::{LOCK_FILE, Lock};
use crate::problem::Problem;
use crate::tree::{self, Root, Tree};
use std::path::Path;

/// What was read.
#[derive(Debug)]
pub struct Repository {
    /// The fleet file.
    pub file: FleetFile,
    /// The lock; an empty one where there is none.
    pub lock: Lock,
    /// The lock's file as it is.
    pub lock_text: Option<Vec<u8>>,
    /// The addons that the run is about.
    pub wanted: Vec<Wanted>,
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
}

/// Why a repository cannot be read.
#[derive(Debug)]
pub enum Unreadable {
    /// There is no fleet file, or files cannot be read.
    Error(Error),
    /// What is wrong in the files.
    Problems(Vec<Problem>),
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
}

/// Reads the repository at `root`.
///
/// # Errors
/// See [`Unreadable`].
pub fn read(root: &Path, selection: &Selection) -> Result<Repository, Unreadable> {
    let folder = Root::open(root)?;
    let Some(text) = folder.read(FLEET_FILE)? else {
        let error = Error::new(ErrorKind::Failed, format!("there is no {FLEET_FILE} in this folder"));
        let hint = "run kfleet in the top folder of a fleet repository, or name that folder with -C";
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
    let names = select(&file, &selection.addons).map_err(Unreadable::Problems)?;
    if let Some(update) = &selection.update {
        select(&file, update).map_err(Unreadable::Problems)?;
    }
    let mut problems = Vec::new();
    let mut wanted = Vec::new();
    for name in names {
        let addon = &file.fleet.addons[&name];
        let mut requests = match requests(&name, addon) {
            Ok(requests) => requests,
            Err(unexpanded) => {
                problems.push(file.document.error(&["addons", &name], unexpanded.message, unexpanded.hint));
                continue;
            }
        };
        let mut contents = Vec::new();
        for request in &mut requests {
            let mut tell = |found: Vec<Problem>| {
                let location = source_place(&file, &name, request.index);
                problems.extend(found.into_iter().map(|problem| Problem {
                    message: format!("{}: {}", problem.location, problem.message),
                    location: location.clone(),
                    ..problem
                }));
            };
            contents.push(match &request.asked {
                Asked::Remote(_) => None,
                Asked::Local(path) if request.release.is_some() => local::chart(root, path).map_err(&mut tell).ok(),
                Asked::Local(path) => local::texts(root, path).map_err(&mut tell).ok(),
            });
            if let Some(release) = &mut request.release {
                for (name, text) in &mut release.values_files {
                    *text = local::file(root, name).map_err(&mut tell).unwrap_or_default();
                }
            }
        }
        let base = root.join(&file.fleet.paths.bases).join(&name);
        let base = if base.is_dir() { Tree::from_dir(&base)? } else { Tree::default() };
        let update = selection.update.as_ref().is_some_and(|named| named.is_empty() || named.contains(&name));
        let mut addon = Wanted { name, requests, contents, update, base, up_to_date: false };
        addon.up_to_date = !update && !selection.rebuild && addon.is_locked(&file, &lock);
        wanted.push(addon);
    }
    if !problems.is_empty() {
        return Err(Unreadable::Problems(problems));
    }
    Ok(Repository { file, lock, lock_text, wanted })
}

fn has_flavour(folder: &Root, file: &FleetFile, name: &str) -> bool {
    let flavour = format!("{}/{name}/kustomization", file.fleet.paths.flavours);
    ["yaml", "yml"].iter().any(|ending| matches!(folder.read(&format!("{flavour}.{ending}")), Ok(Some(_))))
}
