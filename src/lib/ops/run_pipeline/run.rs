//! Carrying out a planned job: its remote, its backend, and what becomes of what was pushed.

use super::checkout::Checkout;
use super::prepare::Prepared;
use crate::error::{Error, ErrorKind, Result};
use crate::git::{self, Brought, Push, Pushed, Refs, Throwaway};
use crate::lighthouse::Trust;
use crate::process::Environment;
use crate::runner::backend::{Backend, RunRequest, Screen};
use crate::runner::cancel::Cancel;
use crate::runner::event::{Event, Sink};
use crate::runner::log::RunReport;
use crate::runner::mask::Masker;
use crate::runner::masking_sink::MaskingSink;
use crate::tekton::objects::Objects;
use crate::tree::remove_all;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What a job is run with.
pub(super) struct RunEnvironment<'a> {
    /// What carries it out.
    pub(super) backend: &'a dyn Backend,
    /// The Secrets and ConfigMaps.
    pub(super) objects: &'a Objects,
    /// Whether the event is trusted.
    pub(super) trust: Trust,
    /// Whether what is pushed is brought into the work tree.
    pub(super) apply: bool,
    /// Whether it is pushed to the real remote.
    pub(super) push: bool,
    /// The folder of all runs of this call. One run follows the other, each with a remote of its own at the same path.
    pub(super) folder: &'a Path,
    /// Whether it stays.
    pub(super) keep: bool,
    /// The caller's environment.
    pub(super) environment: &'a Environment,
    /// Ends the run.
    pub(super) cancel: &'a Cancel,
}

impl RunEnvironment<'_> {
    /// Where the throwaway remote is.
    pub(super) fn remote(folder: &Path) -> PathBuf {
        folder.join("remote.git")
    }
}

/// What became of a run. Nothing in it holds a secret.
#[derive(Debug)]
pub struct Report {
    /// The name of the run.
    pub run: String,
    /// How it ended.
    pub reason: String,
    /// Whether that is a success.
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

/// Carries out a prepared job. All events go to `sink`, masked. Where a step fails, a shell is opened on `screen`.
///
/// # Errors
/// Something is missing, or cannot be made; nothing has run then. Or what was pushed cannot be read or brought in.
pub(super) fn run(
    checkout: &Checkout,
    prepared: &Prepared,
    within: &RunEnvironment<'_>,
    sink: &dyn Sink,
    screen: Option<&dyn Screen>,
) -> Result<Report> {
    let masker = Masker::of(within.objects)?;
    let masked = MaskingSink::new(masker.clone(), sink);
    carry_out(checkout, prepared, within, &masker, &masked, screen)
        .map(|report| without_secrets(report, &masker))
        .map_err(|error| masker.error(error))
}

fn carry_out(
    checkout: &Checkout,
    prepared: &Prepared,
    within: &RunEnvironment<'_>,
    masker: &Masker,
    sink: &dyn Sink,
    screen: Option<&dyn Screen>,
) -> Result<Report> {
    let (facts, selected) = (&checkout.facts, &prepared.selected);
    let head_branch = checkout.head_branch();
    let base = facts.base.clone().map(|tip| (facts.base_branch.clone(), tip));
    let refs = Refs {
        head_branch: head_branch.clone(),
        base: base.filter(|(branch, _)| *branch != head_branch),
        default_branch: facts.default_branch.clone(),
        pull: selected.pull,
    };
    let remote = RunEnvironment::remote(within.folder);
    remove_all(&remote)?;
    let throwaway = Throwaway::create(&checkout.clone, &checkout.snapshot, &remote, &refs)?;
    let ready = within.backend.prepare(RunRequest {
        job: selected.name(),
        plan: &prepared.plan,
        pull: selected.pull,
        head_branch: &head_branch,
        objects: within.objects,
        trust: within.trust,
        masker,
        cancel: within.cancel,
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
        brought: None,
        sent: None,
        refused: Vec::new(),
        held: Vec::new(),
        kept: within.keep.then(|| within.folder.to_owned()),
    };
    after(checkout, &throwaway, within, &mut report);
    Ok(report)
}

/// Brings in, and sends on, what a run that succeeded has pushed. Where neither is possible, though it was asked for, the
/// commits stay in the clone: the run may have taken long.
fn after(checkout: &Checkout, throwaway: &Throwaway, within: &RunEnvironment<'_>, report: &mut Report) {
    if !report.is_success || within.trust.is_untrusted() || report.pushes.is_empty() || !(within.push || within.apply) {
        return;
    }
    let settings = git::Settings::new(within.environment.clone(), "");
    if within.push {
        match checkout.clone.send(throwaway, &checkout.snapshot, &settings) {
            Ok(sent) => report.sent = sent,
            Err(error) => report.refused.push(error),
        }
    }
    if within.apply {
        let planned = checkout.clone.bring(throwaway, &checkout.snapshot, within.folder, &settings);
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
    match checkout.clone.hold(throwaway, &report.pushes, &report.run) {
        Ok(held) => held.into_iter().for_each(|one| match one {
            Ok(reference) => report.held.push(reference),
            Err(error) => report.refused.push(error),
        }),
        Err(error) => report.refused.push(error),
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
