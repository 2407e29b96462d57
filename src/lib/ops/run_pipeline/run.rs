//! Carrying out a planned job: its remote, its backend, and what becomes of what was pushed.

use super::checkout::Checkout;
use super::options::Options;
use super::prepare::Prepared;
use super::session::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::git::{self, Brought, Push, Pushed, Refs, Throwaway};
use crate::runner::backend::{RunRequest, Screen};
use crate::runner::event::{Event, Sink};
use crate::runner::log::RunReport;
use crate::runner::mask::Masker;
use crate::runner::masking_sink::MaskingSink;
use crate::tree::remove_all;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// What became of a run. Nothing in it holds a secret.
#[derive(Debug, Default)]
pub struct Report {
    pub run: String,
    pub reason: String,
    pub is_success: bool,
    /// Whether the image of some step could not be had.
    pub lacks_image: bool,
    /// What was pushed to the throwaway remote.
    pub pushes: Vec<Push>,
    /// What became of it here.
    pub brought: Option<Brought>,
    /// What was pushed to the real remote.
    pub sent: Option<Pushed>,
    /// Why it was not brought in or not pushed, though that was asked for.
    pub refused: Vec<Error>,
    /// The refs of the clone that keep what would else be lost then.
    pub held: Vec<String>,
    /// The folder of the run, where it stays.
    pub kept: Option<PathBuf>,
}

impl Report {
    /// The kind of failure that the exit code shows; nothing where all that was asked for has succeeded.
    pub fn failure(&self) -> Option<ErrorKind> {
        match self.reason.as_str() {
            _ if self.is_success => self.refused.first().map(|error| error.kind),
            _ if self.lacks_image => Some(ErrorKind::Environment),
            "PipelineRunTimeout" => Some(ErrorKind::Timeout),
            "Cancelled" | "CancelledRunningFinally" => Some(ErrorKind::Interrupted),
            _ => Some(ErrorKind::Failed),
        }
    }
}

impl Session<'_> {
    /// Runs prepared jobs, one after the other. `begin` makes what shows a run; `end` is given that, and what became of
    /// the run. After a run that could not start there is no other. Returns the failure with the highest exit code.
    ///
    /// # Errors
    /// Those of `end`.
    pub fn run<'p, S: Sink + Screen>(
        &self,
        prepared: &'p [Prepared],
        begin: impl Fn(&'p Prepared) -> S,
        mut end: impl FnMut(&'p Prepared, S, &Result<Report>) -> Result<()>,
    ) -> Result<Option<ErrorKind>> {
        let mut worst: Option<ErrorKind> = None;
        for ready in prepared {
            if self.edges.cancel.is_requested() {
                return Ok(Some(ErrorKind::Interrupted));
            }
            let shown = begin(ready);
            let screen: Option<&dyn Screen> = if self.options.opens_shell { Some(&shown) } else { None };
            let report = self.run_one(ready, &shown, screen);
            end(ready, shown, &report)?;
            let failure = report.as_ref().map_or_else(|error| Some(error.kind), Report::failure);
            worst = failure.into_iter().chain(worst).max_by_key(|kind| kind.exit_code());
            if report.is_err() {
                break;
            }
        }
        Ok(worst)
    }

    /// Carries out a prepared job. All events go to `sink`, masked. Where a step fails, a shell is opened on `screen`.
    ///
    /// # Errors
    /// Something is missing, or cannot be made; nothing has run then. Or what was pushed cannot be read or brought in.
    fn run_one(&self, prepared: &Prepared, sink: &dyn Sink, screen: Option<&dyn Screen>) -> Result<Report> {
        let masker = Masker::new(self.options.objects.secrets())?;
        let masked = MaskingSink::new(masker.clone(), sink);
        self.carry_out(prepared, &masker, &masked, screen)
            .map(|report| without_secrets(report, &masker))
            .map_err(|error| masker.error(error))
    }

    fn carry_out(
        &self,
        prepared: &Prepared,
        masker: &Masker,
        sink: &dyn Sink,
        screen: Option<&dyn Screen>,
    ) -> Result<Report> {
        let (facts, selected) = (&self.checkout.facts, &prepared.selected);
        let head_branch = self.checkout.head_branch();
        let base = facts.base.clone().map(|tip| (facts.base_branch.clone(), tip));
        let refs = Refs {
            head_branch: head_branch.clone(),
            base: base.filter(|(branch, _)| *branch != head_branch),
            default_branch: facts.default_branch.clone(),
            pull: selected.pull,
        };
        remove_all(&self.remote)?;
        let throwaway = Throwaway::create(&self.checkout.clone, &self.checkout.snapshot, &self.remote, &refs)?;
        let ready = self.backend.prepare(RunRequest {
            job: selected.name(),
            plan: &prepared.plan,
            pull: selected.pull,
            head_branch: &head_branch,
            objects: &self.options.objects,
            trust: self.options.plan.trust,
            masker,
            cancel: self.edges.cancel,
        })?;
        let last = Last { inner: sink, end: Mutex::default(), seen: Mutex::default() };
        ready.run(&last, screen);
        let pushes = throwaway.pushes();
        for push in pushes.as_deref().unwrap_or_default() {
            sink.event(Event::Push {
                reference: push.reference.clone(),
                old: push.old.clone(),
                new: push.new.clone(),
                commits: push.commits.iter().map(|commit| commit.subject.clone()).collect(),
                files: push.files.len(),
            });
        }
        let seen = last.give();
        let mut report = Report {
            run: prepared.plan.run.context.name.clone(),
            is_success: seen.is_success(),
            lacks_image: seen.lacks_image(),
            reason: seen.reason.unwrap_or_default(),
            pushes: pushes?,
            kept: self.options.keep.then(|| self.folder.path().to_owned()),
            ..Report::default()
        };
        self.after(&throwaway, &mut report);
        Ok(report)
    }

    /// Brings in, and sends on, what a run that succeeded has pushed. Where neither is possible, though it was asked for,
    /// the commits stay in the clone: the run may have taken long.
    fn after(&self, throwaway: &Throwaway, report: &mut Report) {
        let Options { apply, push, plan, .. } = self.options;
        if !report.is_success || plan.trust.is_untrusted() || report.pushes.is_empty() || !(*push || *apply) {
            return;
        }
        let Checkout { clone, snapshot, .. } = &self.checkout;
        let settings = git::Settings::new(self.edges.environment.clone(), "");
        if *push {
            match clone.send(throwaway, snapshot, &settings) {
                Ok(sent) => report.sent = sent,
                Err(error) => report.refused.push(error),
            }
        }
        if *apply {
            let planned = clone.bring(throwaway, snapshot, self.folder.path(), &settings);
            match planned.and_then(|planned| planned.map(|planned| planned.apply(&settings)).transpose()) {
                Ok(brought) => report.brought = brought,
                Err(error) => report.refused.push(error),
            }
        }
        if report.sent.is_some() || report.brought.is_some() {
            return;
        }
        if report.refused.is_empty() {
            let message = "nothing was brought in or sent: the run has not pushed to the branch that is checked out";
            report.refused.push(Error::new(ErrorKind::Refused, message));
        }
        match clone.hold(throwaway, &report.pushes, &report.run) {
            Ok(held) => held.into_iter().for_each(|one| match one {
                Ok(reference) => report.held.push(reference),
                Err(error) => report.refused.push(error),
            }),
            Err(error) => report.refused.push(error),
        }
    }
}

/// Steps choose the names of refs and files too.
fn without_secrets(mut report: Report, masker: &Masker) -> Report {
    let hide = |text: &mut String| *text = masker.text(text);
    for push in &mut report.pushes {
        hide(&mut push.reference);
        hide(&mut push.diff);
        push.files.iter_mut().for_each(hide);
        push.commits.iter_mut().for_each(|commit| hide(&mut commit.subject));
    }
    match &mut report.brought {
        Some(Brought::Forward { branch, files, .. }) => {
            hide(branch);
            files.iter_mut().for_each(hide);
        }
        Some(Brought::Files(files)) => files.iter_mut().for_each(hide),
        None => {}
    }
    if let Some(sent) = &mut report.sent {
        hide(&mut sent.branch);
        hide(&mut sent.remote);
    }
    report.held.iter_mut().for_each(hide);
    report.refused = report.refused.into_iter().map(|error| masker.error(error)).collect();
    report
}

/// Keeps the end of the run until what was pushed is shown.
struct Last<'a> {
    inner: &'a dyn Sink,
    end: Mutex<Option<Event>>,
    seen: Mutex<RunReport>,
}

impl Last<'_> {
    /// Passes the end on. Returns what has happened in the run.
    fn give(self) -> RunReport {
        let end = self.end.into_inner().unwrap_or_else(PoisonError::into_inner);
        end.into_iter().for_each(|event| self.inner.event(event));
        self.seen.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Last<'_> {
    fn event(&self, event: Event) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
        match event {
            end @ Event::RunEnd { .. } => *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(end),
            other => self.inner.event(other),
        }
    }
}
