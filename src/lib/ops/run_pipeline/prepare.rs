//! From what was selected to what can be run: each job is loaded and planned.

use super::files::Files;
use super::lost_paths::lost;
use super::select::{Selected, Target};
use super::session::{Refusal, Session};
use crate::error::{Error, ErrorKind};
use crate::lighthouse::job::Source;
use crate::problem::{Location, Problem, Severity};
use crate::tekton::load::{self, Inputs, Loaded, Refused, Request};
use crate::tekton::plan::{Plan, PlanOptions, RunContext, plan};
use crate::tekton::timeouts;
use crate::tekton::types::PipelineRun;

/// A job that is ready to be run.
#[derive(Debug)]
pub struct Prepared {
    pub selected: Selected,
    pub plan: Plan,
    pub warnings: Vec<Problem>,
    /// The options for programs, as they are written, that nothing in the plan needs.
    pub unused: Vec<String>,
}

/// Lists the options for programs that none of these jobs needs: most often they are misspelt.
pub(super) fn unused(prepared: &[Prepared]) -> Vec<Problem> {
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

/// Jobs that are ready to be run.
#[derive(Debug)]
pub struct Preparation {
    pub prepared: Vec<Prepared>,
    /// What is doubtful: of each job, then of the options, then of what the backend cannot do.
    pub warnings: Vec<Vec<Problem>>,
    /// Why the others are not.
    pub refused: Option<Refusal>,
}

/// Why a job cannot be run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Unprepared {
    /// What is wrong with its files.
    problems: Vec<Problem>,
    /// Files of other repositories that cannot be had.
    missing: Vec<Problem>,
}

impl From<Vec<Problem>> for Unprepared {
    fn from(problems: Vec<Problem>) -> Unprepared {
        Unprepared { problems, missing: Vec::new() }
    }
}

impl Unprepared {
    /// Adds what keeps another job from running.
    pub(super) fn add(&mut self, other: Unprepared) {
        for (all, more) in [(&mut self.problems, other.problems), (&mut self.missing, other.missing)] {
            for problem in more {
                if !all.contains(&problem) {
                    all.push(problem);
                }
            }
        }
    }

    /// Why nothing is run; nothing where all jobs are ready.
    pub(super) fn refusal(mut self) -> Option<Refusal> {
        if !self.problems.is_empty() {
            self.problems.append(&mut self.missing);
            return Some(Refusal::Problems(self.problems));
        }
        // All that is missing is one error.
        let told = |problem: &Problem| format!("{}: {}", problem.location, problem.message);
        let fail = |message, hint| Some(Refusal::Error(Error { hint, ..Error::new(ErrorKind::Environment, message) }));
        match self.missing.as_slice() {
            [] => None,
            [one] => fail(format!("cannot get a file of another repository: {}", told(one)), one.hint.clone()),
            several => {
                let hint =
                    |problem: &Problem| problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
                let list: String =
                    several.iter().map(|problem| format!("\n  {}{}", told(problem), hint(problem))).collect();
                fail(format!("cannot get {} files of other repositories:{list}", several.len()), None)
            }
        }
    }
}

impl Session<'_> {
    /// Loads and plans jobs, all of them. Nothing is written but the cache of other repositories.
    pub fn prepare(&self, selected: Vec<Selected>) -> Preparation {
        let (mut prepared, mut unprepared) = (Vec::new(), Unprepared::default());
        for selected in selected {
            match self.prepare_one(selected) {
                Ok(ready) => prepared.push(ready),
                Err(found) => unprepared.add(found),
            }
        }
        let mut warnings: Vec<Vec<Problem>> = prepared.iter().map(|ready| ready.warnings.clone()).collect();
        let lost = prepared.iter().flat_map(|ready| lost(&ready.plan, &ready.selected, self.backend.as_ref()));
        warnings.extend([unused(&prepared), lost.collect()]);
        Preparation { prepared, warnings, refused: unprepared.refusal() }
    }

    /// All problems of its files, and all that cannot be had, are the error.
    fn prepare_one(&self, selected: Selected) -> Result<Prepared, Unprepared> {
        let Loaded { mut run, findings, fetched } = self
            .load(&selected)
            .map_err(|refused| Unprepared { problems: refused.problems, missing: refused.missing })?;
        let served = self.tools.apply(&mut run);
        if let Some(timeout) = self.options.timeout {
            run.timeouts = timeouts::within(&run.timeouts, timeout);
        }
        let mut plan = self.plan(&run, &selected, &self.options.plan)?;
        plan.fetched = fetched;
        let warnings = findings.into_iter().map(|finding| finding.problem).filter(is_warning);
        let warnings = warnings.chain(plan.notes.iter().cloned()).collect();
        let unused = self.tools.unused(&plan, &served);
        Ok(Prepared { selected, plan, warnings, unused })
    }

    /// Loads what was selected.
    pub(super) fn load(&self, selected: &Selected) -> Result<Loaded, Refused> {
        let files = Files::new(&self.checkout, selected.is_of_base).map_err(|error| Refused {
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
        let cluster_objects = &self.options.manifests;
        load::load(request, Inputs { files: &files, remote: Some(&self.remotes), cluster_objects })
    }

    /// Plans a run under a name of its own.
    pub(super) fn plan(&self, run: &PipelineRun, of: &Selected, part: &PlanOptions) -> Result<Plan, Vec<Problem>> {
        let name = format!("{}{}", of.generate_name(), suffix());
        plan(run, &RunContext { name, namespace: self.options.namespace.clone(), uid: uid(self.asked.now) }, part)
    }
}

pub(super) fn is_warning(problem: &Problem) -> bool {
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
    }
}
