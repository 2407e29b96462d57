//! What became of runs, jobs and plans: for people, and as the documents of `--output json`.

use crate::args::OutputFormat;
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::git;
use kfleet::ops::run_pipeline::select::Selection;
use kfleet::ops::run_pipeline::{Linted, Prepared, Report};
use kfleet::problem::{Problem, Severity};
use kfleet::runner::log::{RunReport, push_text};
use kfleet::tekton::show::{Format, render};
use kfleet::text::count;
use serde::Serialize;
use std::path::PathBuf;

/// The document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunPipelineReport<'a> {
    pub(crate) event: &'a str,
    pub(crate) runs: Vec<OneRun>,
    pub(crate) exit_code: u8,
}

/// The document of `--lint`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LintReport<'a> {
    summary: LintSummary,
    findings: &'a [Problem],
}

#[derive(Debug, Serialize)]
struct LintSummary {
    jobs: usize,
    errors: usize,
    warnings: usize,
}

/// One run in it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OneRun {
    run: String,
    job: String,
    kind: &'static str,
    #[serde(flatten)]
    report: RunReport,
    pushes: Vec<PushReport>,
    applied: Option<Applied>,
    sent: Option<Sent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    held: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Told>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PushReport {
    reference: String,
    old: Option<String>,
    new: Option<String>,
    commits: Vec<String>,
    files: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

/// The branch and its commit, where it went forward; else only files have changed.
#[derive(Debug, Serialize)]
struct Applied {
    branch: Option<String>,
    commit: Option<String>,
    files: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Sent {
    remote: String,
    branch: String,
    commit: String,
}

#[derive(Debug, Serialize)]
struct Told {
    message: String,
    hint: Option<String>,
}

impl OneRun {
    /// What has happened in a run, and what became of it.
    pub(crate) fn new(ready: &Prepared, shown: RunReport, report: &Result<Report, Error>, with_diff: bool) -> OneRun {
        let done = report.as_ref().ok();
        let told = |error: &Error| Told { message: error.to_string(), hint: error.hint.clone() };
        let applied = |brought| match brought {
            git::Brought::Forward { branch, commit, files } => {
                Applied { branch: Some(branch), commit: Some(commit), files }
            }
            git::Brought::Files(files) => Applied { branch: None, commit: None, files },
        };
        let sent = |sent: git::Pushed| Sent { remote: sent.remote, branch: sent.branch, commit: sent.commit };
        let pushes = done.into_iter().flat_map(|done| &done.pushes);
        OneRun {
            run: ready.plan.run.context.name.clone(),
            job: ready.selected.name().to_owned(),
            kind: ready.selected.kind(),
            report: shown,
            pushes: pushes.map(|push| PushReport::new(push, with_diff)).collect(),
            applied: done.and_then(|done| done.brought.clone()).map(applied),
            sent: done.and_then(|done| done.sent.clone()).map(sent),
            held: done.map(|done| done.held.clone()).unwrap_or_default(),
            folder: done.and_then(|done| done.kept.clone()),
            errors: report
                .as_ref()
                .map_or_else(|error| vec![told(error)], |done| done.refused.iter().map(told).collect()),
        }
    }
}

impl PushReport {
    fn new(push: &git::Push, with_diff: bool) -> PushReport {
        PushReport {
            reference: push.reference.clone(),
            old: push.old.clone(),
            new: push.new.clone(),
            commits: push.commits.iter().map(|commit| commit.subject.clone()).collect(),
            files: push.files.clone(),
            diff: with_diff.then(|| push.diff.clone()),
        }
    }
}

/// Shows what became of what a run has pushed, with the diffs where they are wanted.
pub(crate) fn show_outcome(report: &Report, with_diffs: bool, ui: &Ui) -> Result<(), Error> {
    for push in &report.pushes {
        let subjects: Vec<String> = push.commits.iter().map(|commit| commit.subject.clone()).collect();
        let (old, new) = (push.old.as_deref(), push.new.as_deref());
        ui.note(&push_text(&push.reference, old, new, &subjects, push.files.len()));
        if with_diffs {
            ui.diff(&push.diff)?;
        }
    }
    match &report.brought {
        Some(git::Brought::Forward { branch, files, .. }) => {
            ui.status(&format!("{branch} went forward: {} changed", count(files.len(), "file")));
        }
        Some(git::Brought::Files(files)) => {
            ui.status(&format!("{} changed in the work tree, not committed", count(files.len(), "file")));
        }
        None if report.pushes.is_empty() || !report.refused.is_empty() => {}
        None if report.sent.is_none() => ui.status("nothing left this machine; --apply brings in what was pushed"),
        None => {}
    }
    if let Some(sent) = &report.sent {
        ui.status(&format!("pushed to {}", sent.remote));
    }
    report.refused.iter().for_each(|error| ui.error(error));
    for held in &report.held {
        ui.failure(&format!(
            "what was pushed is kept as {held}: see `git log -p {held}`, take it with `git cherry-pick`"
        ));
    }
    if let Some(folder) = &report.kept {
        ui.status(&format!("the folder of the run is {}", folder.display()));
    }
    Ok(())
}

/// Shows what the linter has found, all of it.
pub(crate) fn show_lint(linted: &Linted, form: OutputFormat, ui: &Ui) -> Result<Outcome, Error> {
    let (errors, warnings) = (linted.count(Severity::Error), linted.count(Severity::Warning));
    let outcome = if errors > 0 { Outcome::Ended(ErrorKind::Usage) } else { Outcome::Done };
    if form == OutputFormat::Json {
        let summary = LintSummary { jobs: linted.jobs, errors, warnings };
        ui.report("LintReport", &LintReport { summary, findings: &linted.problems })?;
        return Ok(outcome);
    }
    ui.all_problems(&linted.problems);
    let of = [count(linted.jobs, "job"), count(errors, "error"), count(warnings, "warning")];
    ui.status(&format!("{}: {}, {}", of[0], of[1], of[2]));
    Ok(outcome)
}

/// Shows the jobs, and which of them the event starts; and why, where that is asked for.
pub(crate) fn show_jobs(selection: &Selection, form: OutputFormat, explains: bool, ui: &Ui) -> Result<Outcome, Error> {
    let run = selection.selected.iter().map(|job| (true, job.kind(), job.name(), job.why.as_str()));
    let skip = selection.skipped.iter().map(|(name, kind, why)| (false, *kind, name.as_str(), why.as_str()));
    let jobs: Vec<(bool, &str, &str, &str)> = run.chain(skip).collect();
    if form == OutputFormat::Json {
        let jobs: Vec<serde_json::Value> = jobs
            .iter()
            .map(|(runs, kind, name, why)| serde_json::json!({"job": name, "kind": kind, "runs": runs, "why": why}))
            .collect();
        ui.sorted_report("JobListReport", serde_json::json!({"event": selection.event, "jobs": jobs}))?;
        return Ok(Outcome::Done);
    }
    ui.status(&format!("event: {}", selection.event));
    let width = jobs.iter().map(|(_, _, name, _)| name.len()).max().unwrap_or_default();
    for (runs, kind, name, why) in jobs {
        let verb = if runs { "run" } else { "skip" };
        let why = if explains { format!("  {why}") } else { String::new() };
        ui.line(format!("{verb:<4}  {kind:<10}  {name:<width$}{why}").trim_end())?;
    }
    Ok(Outcome::Done)
}

/// Shows what would run.
pub(crate) fn show_plans(prepared: &[Prepared], form: OutputFormat, ui: &Ui) -> Result<Outcome, Error> {
    let format = match form {
        OutputFormat::Text | OutputFormat::Sarif => Format::Text,
        OutputFormat::Json => Format::Json,
        OutputFormat::Yaml => Format::Yaml,
        OutputFormat::Dot => Format::Dot,
        OutputFormat::Mermaid => Format::Mermaid,
    };
    prepared.iter().try_for_each(|ready| ui.data(render(&ready.plan, format)?.as_bytes()))?;
    Ok(Outcome::Done)
}
