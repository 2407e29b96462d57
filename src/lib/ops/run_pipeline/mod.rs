//! `kfleet run-pipeline`: a pipeline of the repository, run on this machine with the work tree as it is.
//!
//! The way of a run: the work tree is taken as it is ([`crate::git::Snapshot`]), the jobs are selected ([`select`]), each
//! is loaded and planned ([`prepare`]), what is missing is told, and an engine carries the plan out ([`run`]) with a
//! throwaway remote in the place of the real one. What was pushed there is told, and brought in where that is asked for.

mod configuration;
pub mod engine;
mod event;
mod files;
mod lint;
mod literal;
mod mapping;
pub mod remote;
mod repository_map;
mod run;
pub mod select;
mod shell;
pub mod words;

pub use lint::{Linted, lint};
pub use literal::unmapped;
pub use mapping::tools_of;
pub use repository_map::RepositoryMap;
pub use run::{Report, Ways, run};
pub use shell::{Screen, Work};

use crate::error::{Error, ErrorKind, Result};
use crate::git::{Facts, LocalClone, Settings, Snapshot};
use crate::lighthouse::job::Source;
use crate::problem::{Location, Problem, Severity};
use crate::runner::local::programs::tools::Tools;
use crate::tekton::load::{self, Inputs, Loaded, Refused, Remote, Request};
use crate::tekton::plan::{Plan, PlanOptions, RunContext, plan};
use crate::tekton::timeouts;
use crate::tekton::types::PipelineRun;
use configuration::LIGHTHOUSE;
use files::Files;
use select::{Selected, Target};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is asked of every job.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which part is planned, and how far the event is trusted.
    pub plan: PlanOptions,
    /// In the place of the run's own timeout.
    pub timeout: Option<Duration>,
    /// Programs in the place of others.
    pub tools: Tools,
    /// The namespace that runs believe to be in.
    pub namespace: String,
    /// Files with objects that stand for those of a cluster, by name.
    pub given: Vec<(String, Vec<u8>)>,
}

/// The clone as an event sees it.
#[derive(Debug)]
pub struct Checkout {
    /// The clone.
    pub clone: LocalClone,
    /// What it tells of the event.
    pub facts: Facts,
    /// The work tree.
    pub snapshot: Snapshot,
    /// The files that a pull request would change.
    pub changed: Vec<String>,
    /// The folder of the repository: where `.lighthouse` is.
    pub root: PathBuf,
    /// Where kfleet was started below that, with a slash behind it; empty for the folder itself.
    pub here: String,
}

impl Checkout {
    /// Takes the repository of a folder as it is: the folder itself where it has pipelines, else the top of the clone.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn take(folder: &Path, base: Option<&str>, temporary: &Path, settings: &Settings) -> Result<Checkout> {
        let (mut clone, mut root, mut here) = (LocalClone::open(folder)?, folder.to_owned(), String::new());
        if !folder.join(LIGHTHOUSE).is_dir() {
            here = clone.full_path("");
            root = folder.join(up(&here));
            clone = LocalClone::open(&root)?;
        }
        let facts = clone.facts(base)?;
        let snapshot = clone.snapshot(temporary, settings)?;
        let changed = match &facts.base {
            Some(base) => clone.files_changed_since(base, &snapshot)?,
            None => Vec::new(),
        };
        Ok(Checkout { clone, facts, snapshot, changed, root, here })
    }

    /// The branch of the throwaway remote that the head is on; where none is checked out, one that only that remote has.
    pub fn head_branch(&self) -> String {
        self.facts.branch.clone().unwrap_or_else(|| "kfleet-head".to_owned())
    }

    /// What is checked out, for people.
    pub(super) fn head_name(&self) -> String {
        match (&self.facts.branch, &self.facts.head) {
            (Some(branch), _) => branch.clone(),
            (None, Some(commit)) => format!("detached HEAD at {}", commit.get(..10).unwrap_or(commit)),
            (None, None) => "detached HEAD".to_owned(),
        }
    }

    /// The way from the current folder to the repository, for paths that are shown.
    fn up(&self) -> String {
        up(&self.here)
    }

    /// What is put before paths of the base branch.
    fn base_prefix(&self) -> String {
        format!("{}:", self.facts.base_branch)
    }

    /// Whether a place is in the base branch.
    fn is_of_base(&self, location: &Location) -> bool {
        location.file.starts_with(&self.base_prefix())
    }

    /// The files as a job sees them.
    fn files(&self, is_of_base: bool) -> Result<Files<'_>> {
        Files::new(self, is_of_base)
    }
}

fn up(below: &str) -> String {
    "../".repeat(below.matches('/').count())
}

/// A job that is ready to be run.
#[derive(Debug)]
pub struct Prepared {
    /// What was selected.
    pub selected: Selected,
    /// What is carried out.
    pub plan: Plan,
    /// What is doubtful.
    pub warnings: Vec<Problem>,
    /// The options of [`Options::tools`], as they are written, that nothing in the plan needs.
    pub unused: Vec<String>,
}

/// Tells the options for programs that none of these jobs needs: most often they are misspelt.
pub fn unused(prepared: &[Prepared]) -> Vec<Problem> {
    let Some((first, others)) = prepared.split_first() else { return Vec::new() };
    let is_unused = |option: &&String| others.iter().all(|other| other.unused.contains(option));
    let told = first.unused.iter().filter(is_unused).map(|option| Problem {
        severity: Severity::Warning,
        location: Location::default(),
        message: format!("{option} fits nothing that the pipeline shows"),
        hint: Some("--plan shows the images and commands of steps".to_owned()),
    });
    told.collect()
}

/// Why a job cannot be run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unprepared {
    /// What is wrong with its files.
    pub problems: Vec<Problem>,
    /// Files of other repositories that cannot be had.
    pub missing: Vec<Problem>,
}

impl From<Vec<Problem>> for Unprepared {
    fn from(problems: Vec<Problem>) -> Unprepared {
        Unprepared { problems, missing: Vec::new() }
    }
}

impl Unprepared {
    /// Adds what keeps another job from running.
    pub fn add(&mut self, other: Unprepared) {
        for (all, more) in [(&mut self.problems, other.problems), (&mut self.missing, other.missing)] {
            for problem in more {
                if !all.contains(&problem) {
                    all.push(problem);
                }
            }
        }
    }

    /// All that is missing as one error.
    pub fn error(&self) -> Option<Error> {
        let told = |problem: &Problem| format!("{}: {}", problem.location, problem.message);
        let fail = |message: String| Error::new(ErrorKind::Environment, message);
        match self.missing.as_slice() {
            [] => None,
            [one] => {
                let error = fail(format!("cannot get a file of another repository: {}", told(one)));
                Some(Error { hint: one.hint.clone(), ..error })
            }
            several => {
                let hint =
                    |problem: &Problem| problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
                let list: String =
                    several.iter().map(|problem| format!("\n  {}{}", told(problem), hint(problem))).collect();
                Some(fail(format!("cannot get {} files of other repositories:{list}", several.len())))
            }
        }
    }
}

/// Loads and plans a job. Nothing is written but the cache of `remote`.
///
/// # Errors
/// All problems of its files, and all that cannot be had.
pub fn prepare(
    checkout: &Checkout,
    selected: Selected,
    options: &Options,
    remote: &dyn Remote,
    now: i64,
) -> std::result::Result<Prepared, Unprepared> {
    let Loaded { mut run, findings, fetched } = load_selected(checkout, &selected, options, remote)
        .map_err(|refused| Unprepared { problems: refused.problems, missing: refused.missing })?;
    let served = options.tools.apply(&mut run);
    if let Some(timeout) = options.timeout {
        run.timeouts = timeouts::within(&run.timeouts, timeout);
    }
    let mut plan = plan_of(&run, &selected, &options.namespace, &options.plan, now)?;
    plan.fetched = fetched;
    let warnings = findings.into_iter().map(|finding| finding.problem).filter(is_warning);
    let warnings = warnings.chain(plan.notes.iter().cloned()).collect();
    let unused = options.tools.unused(&plan, &served);
    Ok(Prepared { selected, plan, warnings, unused })
}

/// Loads what was selected.
fn load_selected(
    checkout: &Checkout,
    selected: &Selected,
    options: &Options,
    remote: &dyn Remote,
) -> std::result::Result<Loaded, Refused> {
    let files = checkout.files(selected.is_of_base).map_err(|error| Refused {
        problems: vec![Problem {
            severity: Severity::Error,
            location: Location::default(),
            message: error.message,
            hint: error.hint,
        }],
        missing: Vec::new(),
        findings: Vec::new(),
    })?;
    let source;
    let request = match &selected.target {
        Target::Job(job) => Request::of_job(job),
        Target::File(path) => {
            source = Source::File(path.clone());
            Request::of_file(&source, &selected.parameters)
        }
    };
    load::load(request, Inputs { files: &files, remote: Some(remote), cluster_objects: &options.given })
}

/// Plans a run under a name of its own.
fn plan_of(
    run: &PipelineRun,
    selected: &Selected,
    namespace: &str,
    options: &PlanOptions,
    now: i64,
) -> std::result::Result<Plan, Vec<Problem>> {
    let name = format!("{}{}", selected.generate_name(), suffix());
    plan(run, &RunContext { name, namespace: namespace.to_owned(), uid: uid(now) }, options)
}

fn is_warning(problem: &Problem) -> bool {
    problem.severity <= Severity::Warning
}

/// Five characters, as Kubernetes appends them.
fn suffix() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    (0..5).map(|_| char::from(LETTERS[fastrand::usize(..LETTERS.len())])).collect()
}

fn uid(now: i64) -> String {
    let random = fastrand::u128(..) ^ u128::from(now.unsigned_abs());
    let text = format!("{random:032x}");
    format!("{}-{}-4{}-8{}-{}", &text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_runs_are_made_up() {
        assert_eq!((suffix().len(), uid(7).len()), (5, 36));
        assert_eq!((up(""), up("a/b/")), (String::new(), "../../".to_owned()));
    }
}
