//! `kfleet run-pipeline`: a pipeline of the repository, run on this machine with the work tree as it is.
//!
//! The way of a run: the work tree is taken as it is ([`crate::git::Snapshot`]), the jobs are selected ([`select`]), each
//! is loaded and planned ([`prepare`]), what is missing is told, and an engine carries the plan out ([`run`]) with a
//! throwaway remote in the place of the real one. What was pushed there is told, and brought in where that is asked for.

pub mod engine;
mod event;
mod run;
pub mod select;

pub use run::{Report, Ways, run};

use crate::error::{Error, ErrorKind, Result};
use crate::git::{Facts, LocalClone, Settings, Snapshot};
use crate::pipeline::job::Source;
use crate::pipeline::runner::tools::Tools;
use crate::pipeline::tekton::load::{self, Request, Surroundings};
use crate::pipeline::tekton::plan::{Plan, PlanOptions, RunContext, plan};
use crate::pipeline::tekton::types::Timeout;
use crate::problem::{Place, Problem, Severity};
use crate::tree::Root;
use select::{Selected, Target};
use std::path::Path;
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
}

impl Checkout {
    /// Takes the repository of a folder as it is.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn take(folder: &Path, base: Option<&str>, temporary: &Path, settings: &Settings) -> Result<Checkout> {
        let clone = LocalClone::open(folder)?;
        let facts = clone.facts(base)?;
        let snapshot = clone.snapshot(temporary, settings)?;
        let changed = match &facts.base {
            Some(base) => clone.files_changed_since(base, &snapshot)?,
            None => Vec::new(),
        };
        Ok(Checkout { clone, facts, snapshot, changed })
    }

    /// The branch that the head is on; a name of its own where none is checked out.
    pub fn head_branch(&self) -> String {
        self.facts.branch.clone().unwrap_or_else(|| "kfleet-head".to_owned())
    }
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
        place: Place::default(),
        message: format!("{option} fits nothing that the pipeline shows"),
        hint: Some("--plan shows the images and commands of steps".to_owned()),
    });
    told.collect()
}

/// Loads and plans a job. Nothing is written.
///
/// # Errors
/// All problems of its files.
pub fn prepare(
    root: &Path,
    selected: Selected,
    options: &Options,
    now: i64,
) -> std::result::Result<Prepared, Vec<Problem>> {
    let files = Root::open(root).map_err(|error| vec![error.into_problem()])?;
    let source;
    let request = match &selected.target {
        Target::Job(job) => Request::of_job(job),
        Target::File(path) => {
            source = Source::File(path.clone());
            Request::of_file(&source, &selected.parameters)
        }
    };
    let surroundings = Surroundings { files: &files, remote: None, given: &options.given };
    let loaded = load::load(request, surroundings).map_err(|refused| refused.problems)?;
    let mut run = loaded.run;
    let served = options.tools.apply(&mut run);
    if let Some(timeout) = options.timeout {
        run.timeouts.pipeline = Some(Timeout::After(timeout));
    }
    let context = RunContext {
        name: format!("{}{}", selected.generate_name(), suffix()),
        namespace: options.namespace.clone(),
        uid: uid(now),
    };
    let plan = plan(&run, &context, &options.plan)?;
    let warnings = loaded.findings.into_iter().map(|finding| finding.problem).filter(is_warning);
    let warnings = warnings.chain(plan.notes.iter().cloned()).collect();
    let unused = options.tools.unused(&plan, &served);
    Ok(Prepared { selected, plan, warnings, unused })
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

/// Reads a time such as `90s`, `15m` or `1h30m`.
///
/// # Errors
/// It is none ([`ErrorKind::Usage`]).
pub fn parse_duration(text: &str) -> Result<Duration> {
    let fail = || {
        Error::new(ErrorKind::Usage, format!("`{}` is no time", text.escape_debug()))
            .with_hint("write 90s, 15m or 1h30m")
    };
    let (mut total, mut number) = (Duration::ZERO, String::new());
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            number.push(letter);
            continue;
        }
        let unit = match letter {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return Err(fail()),
        };
        let count: u64 = std::mem::take(&mut number).parse().map_err(|_| fail())?;
        total = total.checked_add(Duration::from_secs(count.checked_mul(unit).ok_or_else(fail)?)).ok_or_else(fail)?;
    }
    if text.is_empty() || !number.is_empty() { Err(fail()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h30m", 5400), ("0s", 0)] {
            assert_eq!(parse_duration(text).unwrap().as_secs(), seconds);
        }
        for text in ["", "5", "m", "1d", "-1s", "99999999999999999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert_eq!((suffix().len(), uid(7).len()), (5, 36));
    }
}
