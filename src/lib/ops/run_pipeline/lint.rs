//! `--lint`: the trigger files, and what the sources of all their jobs say, whatever the event.

use super::configuration::{self, Configuration};
use super::event;
use super::options::Asked;
use super::prepare::is_warning;
use super::select::{self, Selected, Target};
use super::session::Session;
use crate::error::Result;
use crate::lighthouse::{self, Finding};
use crate::problem::{Problem, Severity};
use crate::tekton::plan::PlanOptions;

/// What the linter has to say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Linted {
    /// How many jobs were looked at; a file that was named counts as one.
    pub jobs: usize,
    /// By location, each once: many jobs share a source.
    pub problems: Vec<Problem>,
}

impl Linted {
    /// How many problems are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.severity == severity).count()
    }
}

impl Session<'_> {
    /// Lints the trigger files and the sources of all jobs; of the job, or the file, that is named.
    ///
    /// # Errors
    /// Trigger files cannot be read; there is no such job ([`crate::error::ErrorKind::Usage`]).
    pub fn lint(&self) -> Result<Linted> {
        let (checkout, asked) = (&self.checkout, &self.asked);
        if let Some(selected) = select::file(checkout, asked) {
            return Ok(Linted { jobs: 1, problems: self.problems_of(&selected) });
        }
        let Configuration { config, mut problems } = configuration::read(checkout, asked)?;
        let named = asked.job.as_deref().map(|name| select::named(&config, name, asked)).transpose()?;
        let mut jobs = 0;
        for job in config.jobs.iter().filter(|job| named.is_none_or(|named| std::ptr::eq(named, *job))) {
            jobs += 1;
            let source = job.location_of("source");
            if problems.iter().any(|problem| problem.severity == Severity::Error && problem.location == source) {
                continue;
            }
            // The event that would start it, not the one that the user names.
            let own = Asked { url: asked.url.clone(), now: asked.now, pull: asked.pull, ..Asked::default() };
            let event = event::event_of(checkout, &own, Some(job))?;
            match lighthouse::build_job(job, &event, &select::context(&own)) {
                Ok(built) => problems.extend(self.problems_of(&Selected {
                    target: Target::Job(Box::new(built)),
                    is_of_base: checkout.is_of_base(&job.location),
                    why: String::new(),
                    parameters: Vec::new(),
                    pull: None,
                })),
                Err(finding) if finding.id == "trigger-template" => problems.push(finding.labelled()),
                // The linter of trigger files has said it already.
                Err(_) => {}
            }
        }
        problems.sort_by(|a, b| (&a.location, &a.message).cmp(&(&b.location, &b.message)));
        problems.dedup();
        Ok(Linted { jobs, problems })
    }

    /// What is wrong or doubtful in what one job runs.
    fn problems_of(&self, selected: &Selected) -> Vec<Problem> {
        let doubts = |findings: Vec<Finding>| findings.into_iter().map(|finding| finding.problem).filter(is_warning);
        match self.load(selected) {
            Ok(loaded) => {
                // Parts that were asked for are no matter of the linter.
                let planned = self.plan(&loaded.run, selected, &PlanOptions::default());
                let told = planned.map_or_else(|problems| problems, |plan| plan.notes);
                doubts(loaded.findings).chain(told).collect()
            }
            Err(refused) => doubts(refused.findings).chain(refused.problems).chain(refused.missing).collect(),
        }
    }
}
