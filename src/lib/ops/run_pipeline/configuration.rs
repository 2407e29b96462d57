//! The trigger files that count: those of the work tree and of the base branch, and all that is wrong or doubtful in them.

use super::checkout::{Checkout, LIGHTHOUSE};
use super::files::Files;
use super::options::Asked;
use crate::error::{Error, ErrorKind, Result};
use crate::git::Commits;
use crate::lighthouse::{self, Config, ConfigFrom, JobConfig, Side};
use crate::problem::{Problem, Severity};
use crate::tekton::load::Files as _;
use crate::tree::Tree;
use std::cell::RefCell;

/// See the module.
pub(super) struct Configuration {
    pub(super) config: Config,
    /// By location; with any error nothing is run.
    pub(super) problems: Vec<Problem>,
}

/// Reads the trigger files of the sides that the user wants.
///
/// # Errors
/// They cannot be read, or there is no job and nothing wrong ([`ErrorKind::Usage`]).
pub(super) fn read(checkout: &Checkout, asked: &Asked) -> Result<Configuration> {
    let from = match asked.config_from.as_deref() {
        Some("head") => ConfigFrom::Head,
        Some("base") => ConfigFrom::Base,
        _ => ConfigFrom::Merged,
    };
    let (base, head) = (base_files(checkout, from)?, work_files(checkout)?);
    let (base_prefix, head_prefix) = (checkout.base_prefix(), checkout.up());
    let base = base.as_ref().map(|tree| Side { tree, prefix: &base_prefix });
    let loaded = lighthouse::load_from(from, base, Side { tree: &head, prefix: &head_prefix });
    let (of_work, of_base) = (Files::new(checkout, false)?, Files::new(checkout, true)?);
    let unreadable: RefCell<Vec<Problem>> = RefCell::default();
    let has_file = |job: &JobConfig, path: &str| {
        let files = if checkout.is_of_base(&job.location) { &of_base } else { &of_work };
        files.read(path).map(|found| found.is_some()).unwrap_or_else(|error| {
            let location = job.location_of("source");
            let message = format!("job {}: {}", job.name, error.message);
            unreadable.borrow_mut().push(Problem { severity: Severity::Error, location, message, hint: error.hint });
            true
        })
    };
    // All that loading reports is among it.
    let mut problems: Vec<Problem> =
        lighthouse::lint(&loaded.config, &has_file).iter().map(lighthouse::Finding::labelled).collect();
    problems.append(&mut unreadable.into_inner());
    problems.sort_by(|a, b| a.location.cmp(&b.location));
    tell_side(checkout, &mut problems);
    if loaded.config.jobs.is_empty() && problems.is_empty() {
        let file = format!("{LIGHTHOUSE}/triggers.yaml");
        let message = match head.contains_key(&file) {
            true => format!("there is no job in {head_prefix}{file}"),
            false => format!("there is no {head_prefix}{file}"),
        };
        return Err(Error::new(ErrorKind::Usage, message)
            .with_hint("name the repository of the pipelines with -C, or the file of a run"));
    }
    Ok(Configuration { config: loaded.config, problems })
}

/// Where only the base branch is broken, the work tree cannot repair it: shows what can be done here.
fn tell_side(checkout: &Checkout, problems: &mut [Problem]) {
    let mut errors: Vec<&mut Problem> =
        problems.iter_mut().filter(|problem| problem.severity == Severity::Error).collect();
    if errors.iter().all(|problem| checkout.is_of_base(&problem.location)) {
        for problem in &mut errors {
            let base = &checkout.facts.base_branch;
            problem.hint =
                Some(format!("this is wrong in {base}, not in the work tree: --config-from head leaves {base} out"));
        }
    }
}

fn work_files(checkout: &Checkout) -> Result<Tree> {
    let mut files = Tree::default();
    let folder = checkout.root.join(LIGHTHOUSE);
    if folder.is_dir() {
        let tree = Tree::from_dir(&folder).map_err(crate::tree::Error::into_usage)?;
        for (path, bytes) in tree.iter() {
            files.insert(format!("{LIGHTHOUSE}/{path}"), bytes.clone());
        }
    }
    // One that is not a regular file was passed over.
    let main = format!("{LIGHTHOUSE}/triggers.yaml");
    if !files.contains_key(&main)
        && let Some(bytes) = Files::new(checkout, false)?.read(&main)?
    {
        files.insert(main, bytes);
    }
    Ok(files)
}

/// The files of the base branch, where they count. On that branch itself they do not: the work tree is what it will be.
fn base_files(checkout: &Checkout, from: ConfigFrom) -> Result<Option<Tree>> {
    let facts = &checkout.facts;
    let is_here = from == ConfigFrom::Merged && facts.branch.as_ref() == Some(&facts.base_branch);
    let Some(commit) = facts.base.as_ref().filter(|_| !is_here && from != ConfigFrom::Head) else { return Ok(None) };
    let mut files = Tree::default();
    for (path, bytes) in checkout.clone.files_below(commit, LIGHTHOUSE)? {
        files.insert(path, bytes);
    }
    Ok(Some(files).filter(|files| files.iter().next().is_some()))
}
