//! What people see of files that change: a sign and a path for each, or the diff.

use crate::ui::Ui;
use kfleet::error::Error;
use kfleet::layout::{Action, FileAction};
use kfleet::problem::{Problem, Severity};
use kfleet::text::count;

/// Shows a file that changes; one that changes nothing is not shown. The path is data where nothing was `written`.
pub(crate) fn show(file: &FileAction, with_diff: bool, written: bool, ui: &Ui) -> Result<(), Error> {
    let sign = match file.action {
        Action::Create => '+',
        Action::Update => '~',
        Action::Remove => '-',
        Action::Unchanged => return Ok(()),
    };
    match file.diff.as_ref().filter(|_| with_diff) {
        Some(diff) => ui.diff(diff)?,
        None if !written => ui.line(&format!("{sign} {}", file.path))?,
        None => ui.note(&format!("{sign} {}", file.path)),
    }
    Ok(())
}

/// Shows the problems of a run that changed nothing.
pub(crate) fn show_refusal(problems: &[Problem], ui: &Ui) {
    ui.problems(problems);
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    ui.status(&format!("{}; nothing was written", count(errors, "error")));
}
