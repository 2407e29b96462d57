//! The reports of `kfleet fmt`.

use super::{Outcome, Ui, files};
use kfleet::error::Error;
use kfleet::layout::{Action, FileAction};
use kfleet::ops::fmt::in_place::{FilePlan, State};
use kfleet::ops::fmt::layout::LayoutPlan;
use kfleet::ops::fmt::text::Formatted;
use kfleet::problem::{Problem, Severity};
use kfleet::text::count;
use kfleet::tree::{Form, Input};
use serde::Serialize;

/// Whether anything is written, and what is shown instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mode {
    pub write: bool,
    /// Changes are a failure.
    pub check: bool,
    /// Changes are shown as diffs.
    pub diff: bool,
    pub json_report: bool,
}

/// What a run did, or would do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FmtReport {
    /// `text` or `layout`.
    mode: &'static str,
    written: bool,
    summary: Summary,
    files: Vec<FileAction>,
    problems: Vec<Problem>,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    create: usize,
    update: usize,
    unchanged: usize,
    remove: usize,
    errors: usize,
    warnings: usize,
}

impl FmtReport {
    fn new(mode: &'static str, written: bool, files: Vec<FileAction>, problems: Vec<Problem>) -> Self {
        let mut summary = Summary::default();
        for file in &files {
            match file.action {
                Action::Create => summary.create += 1,
                Action::Update => summary.update += 1,
                Action::Unchanged => summary.unchanged += 1,
                Action::Remove => summary.remove += 1,
            }
        }
        summary.errors = problems.iter().filter(|p| p.severity == Severity::Error).count();
        summary.warnings = problems.len() - summary.errors;
        FmtReport { mode, written, summary, files, problems }
    }
}

/// Shows the problems of a run that changed nothing.
pub(crate) fn refuse(problems: Vec<Problem>, mode: Mode, ui: &Ui) -> Result<Outcome, Error> {
    if mode.json_report {
        ui.report("FmtReport", &FmtReport::new("layout", false, Vec::new(), problems))?;
    } else {
        files::show_refusal(&problems, ui);
    }
    Ok(Outcome::Failed)
}

/// Shows what kept a run from writing all of its plan, and the files that it has written.
pub(crate) fn half_written(
    files: Vec<FileAction>,
    problems: Vec<Problem>,
    mode: Mode,
    ui: &Ui,
) -> Result<Outcome, Error> {
    if mode.json_report {
        ui.report("FmtReport", &FmtReport::new("layout", true, files, problems))?;
        return Ok(Outcome::Failed);
    }
    ui.problems(&problems);
    let errors = count(problems.len(), "error");
    ui.status(&format!("{errors}; the other files are written, and the same command finishes the work"));
    Ok(Outcome::Failed)
}

/// Shows what a layout did, or would do.
pub(crate) fn show_layout(plan: LayoutPlan, mode: Mode, ui: &Ui) -> Result<Outcome, Error> {
    let changes = plan.has_changes();
    let outcome = if mode.check && changes { Outcome::Failed } else { Outcome::Done };
    let summary = layout_summary(&plan, mode);
    if mode.json_report {
        ui.report("FmtReport", &FmtReport::new("layout", mode.write, plan.files, plan.warnings))?;
        return Ok(outcome);
    }
    ui.problems(&plan.warnings);
    plan.files.iter().try_for_each(|file| files::show(file, true, mode.write, ui))?;
    ui.status(&summary);
    // The process ends after this: it takes less time to give all memory back at once.
    std::mem::forget(plan);
    Ok(outcome)
}

fn layout_summary(plan: &LayoutPlan, mode: Mode) -> String {
    let mut parts = Vec::new();
    for (action, would, did) in [
        (Action::Create, "to create", "created"),
        (Action::Update, "to update", "updated"),
        (Action::Remove, "to remove", "removed"),
        (Action::Unchanged, "unchanged", "unchanged"),
    ] {
        let number = plan.count(action);
        if number > 0 {
            parts.push(format!("{number} {}", if mode.write { did } else { would }));
        }
    }
    if parts.is_empty() {
        "nothing to write".to_owned()
    } else {
        format!("{}: {}", count(plan.files.len(), "file"), parts.join(", "))
    }
}

/// Shows one text that was formatted.
pub(crate) fn show_text(
    formatted: Formatted,
    input: &Input,
    changed: bool,
    diff: Option<String>,
    mode: Mode,
    ui: &Ui,
) -> Result<(), Error> {
    let name = input.name();
    if mode.json_report {
        let action = if changed { Action::Update } else { Action::Unchanged };
        let files = vec![FileAction { path: name.to_owned(), action, diff }];
        ui.report("FmtReport", &FmtReport::new("text", false, files, formatted.problems))?;
    } else {
        ui.problems(&formatted.problems);
        match (&formatted.text, diff) {
            (_, Some(diff)) => ui.diff(&diff)?,
            (Some(text), None) if mode.write => ui.data(text)?,
            (None, None) if formatted.passed_over && mode.write => ui.data(&input.bytes()?)?,
            _ => {}
        }
        if mode.check && changed {
            ui.status(&format!("{name} is not canonical"));
        } else if !mode.write && !mode.diff && changed {
            ui.status(&format!("would format {name}"));
        }
    }
    Ok(())
}

/// What became of the files of a run.
#[derive(Default)]
pub(crate) struct Tally {
    changed: usize,
    unchanged: usize,
    failed: usize,
    files: Vec<FileAction>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Tally {
    /// A run that could not read some of its inputs.
    pub(crate) fn new(problems: Vec<Problem>, mode: Mode, ui: &Ui) -> Self {
        let mut tally = Tally { failed: problems.len(), ..Tally::default() };
        if mode.json_report {
            tally.problems.extend(problems);
        } else {
            ui.problems(&problems);
        }
        tally
    }

    /// Adds a file, and shows what became of it.
    pub(crate) fn add(&mut self, plan: FilePlan, mode: Mode, ui: &Ui) -> Result<(), Error> {
        let name = plan.found.name;
        let failed = plan.state == State::Failed;
        if failed && !mode.json_report {
            ui.problems(&plan.problems);
        } else {
            self.warnings.extend(plan.problems);
        }
        let action = match plan.state {
            State::Unchanged => {
                self.unchanged += 1;
                Action::Unchanged
            }
            State::Changed(text) => {
                self.changed += 1;
                if plan.found.form == Form::Stream && mode.write && !mode.json_report {
                    ui.data(&text)?;
                } else if !mode.write && !mode.json_report && !mode.diff {
                    ui.line(&name)?;
                } else {
                    ui.note(&format!("{} {name}", if mode.write { "formatted" } else { "would format" }));
                }
                Action::Update
            }
            State::Failed => {
                self.failed += 1;
                return Ok(());
            }
            State::PassedOver(reason) => {
                ui.note(&format!("passed over {name}: {reason}"));
                return Ok(());
            }
        };
        if let Some(diff) = plan.diff.as_ref().filter(|_| !mode.json_report) {
            ui.diff(diff)?;
        }
        if mode.json_report {
            self.files.push(FileAction { path: name, action, diff: plan.diff });
        }
        Ok(())
    }

    /// Shows the sum of it.
    pub(crate) fn finish(mut self, mode: Mode, ui: &Ui) -> Result<Outcome, Error> {
        let failed = self.failed > 0 || (mode.check && self.changed > 0);
        if mode.json_report {
            self.problems.append(&mut self.warnings);
            ui.report("FmtReport", &FmtReport::new("text", mode.write, self.files, self.problems))?;
        } else {
            ui.problems(&self.warnings);
            ui.status(&text_summary(&self, mode));
        }
        Ok(if failed { Outcome::Failed } else { Outcome::Done })
    }
}

fn text_summary(tally: &Tally, mode: Mode) -> String {
    let changed = match (tally.changed, mode.write) {
        (0, _) => String::new(),
        (n, true) => format!("formatted {}", count(n, "file")),
        (n, false) if mode.check => format!("{} not canonical", count(n, "file")),
        (n, false) => format!("would format {}", count(n, "file")),
    };
    let mut parts = vec![changed];
    if tally.unchanged > 0 || tally.changed + tally.failed == 0 {
        parts.push(format!("{} canonical already", count(tally.unchanged, "file")));
    }
    if tally.failed > 0 {
        parts.push(format!("{} failed and left alone", count(tally.failed, "path")));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}
