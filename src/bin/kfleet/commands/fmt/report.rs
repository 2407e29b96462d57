//! The report of `kfleet fmt --output json`.

use kfleet::layout::{Action, FileAction};
use kfleet::problem::Problem;
use serde::Serialize;

/// What a run did, or would do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FmtReport {
    /// `text` or `layout`.
    mode: &'static str,
    /// Whether files were written.
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
    pub(super) fn new(mode: &'static str, written: bool, files: Vec<FileAction>, problems: Vec<Problem>) -> Self {
        let mut summary = Summary::default();
        for file in &files {
            match file.action {
                Action::Create => summary.create += 1,
                Action::Update => summary.update += 1,
                Action::Unchanged => summary.unchanged += 1,
                Action::Remove => summary.remove += 1,
            }
        }
        summary.errors = problems.iter().filter(|p| p.severity == kfleet::problem::Severity::Error).count();
        summary.warnings = problems.len() - summary.errors;
        FmtReport { mode, written, summary, files, problems }
    }
}
