//! What `kfleet vet` shows: findings, the last lines, and the explanation of a rule.

use super::{Outcome, Ui};
use crate::args::OutputFormat;
use kfleet::error::{Error, ErrorKind};
use kfleet::ops::vet::finding::Finding;
use kfleet::ops::vet::{self, Report, catalogue};
use kfleet::problem::{Problem, Severity};
use kfleet::suggest::did_you_mean;
use kfleet::text::count;
use serde::Serialize;
use std::collections::BTreeMap;

/// Shows why a rule matters, and what to do.
///
/// # Errors
/// There is no such rule.
pub(crate) fn explain(id: &str, ui: &Ui) -> Result<Outcome, Error> {
    if let Some(rule) = catalogue::find(id) {
        let fix = if rule.is_fixable { ", --fix repairs what is safe" } else { "" };
        ui.line(&format!("{}: {} ({}{fix})", rule.id, rule.title, catalogue::word(rule.severity)))?;
        ui.line("")?;
        for line in rule.explanation.lines() {
            ui.line(line)?;
        }
        return Ok(Outcome::Done);
    }
    if let Some(rule) = catalogue::find_unbuilt(id) {
        ui.line(&format!("{}: {} ({})", rule.id, rule.title, catalogue::word(rule.severity)))?;
        ui.line("")?;
        ui.line(&format!("This rule is not built yet: it needs {}.", rule.needs))?;
        return Ok(Outcome::Done);
    }
    let ids = catalogue::rules().map(|rule| rule.id);
    let near = did_you_mean(id, ids).map(|near| format!("did you mean {near}?"));
    let error = Error::new(ErrorKind::Usage, format!("{} is not a rule of vet", id.escape_debug()));
    Err(error.with_hint(near.unwrap_or_else(|| "docs/vet.md lists them".to_owned())))
}

/// Shows the findings; `repaired` were repaired before.
pub(crate) fn show(report: &Report, mended: usize, output: OutputFormat, ui: &Ui) -> Result<(), Error> {
    match output {
        OutputFormat::Json => ui.report("VetReport", &VetReport::new(report, mended)),
        OutputFormat::Sarif => ui.json(&vet::sarif(report, env!("CARGO_PKG_VERSION"))),
        _ => {
            let problems: Vec<Problem> = report.findings.iter().map(Finding::problem).collect();
            ui.all_problems(&problems);
            Ok(())
        }
    }
}

/// The last lines: what was looked at, how much was found, and what was not checked. `fix`: what can be repaired was.
pub(crate) fn summary(report: &Report, fix: bool, ui: &Ui) {
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let infos = report.count(Severity::Info);
    let mut parts = Vec::new();
    if errors + warnings + infos == 0 {
        parts.push("nothing found".to_owned());
    }
    for (number, word) in [(errors, "error"), (warnings, "warning")] {
        if number > 0 {
            parts.push(count(number, word));
        }
    }
    if infos > 0 {
        parts.push(format!("{infos} for information"));
    }
    let fixable = report.findings.iter().filter(|finding| !finding.fixes.is_empty()).count();
    if fixable > 0 && !fix {
        parts.push(format!("--fix repairs {fixable}"));
    }
    if report.suppressed > 0 {
        parts.push(format!("{} suppressed", report.suppressed));
    }
    let (clusters, files) = (count(report.clusters, "cluster"), count(report.files, "file"));
    ui.status(&format!("{clusters}, {files}: {}", parts.join(", ")));
    if !report.skipped.is_empty() {
        let rules: Vec<String> = report.skipped.iter().map(|(rule, number)| format!("{rule} ({number})")).collect();
        ui.status(&format!("not checked, for want of a clone to ask: {}", rules.join(", ")));
    }
}

/// The report of `--output json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct VetReport<'a> {
    summary: Summary,
    /// How many checks of each rule were passed over, because they need a clone.
    skipped: &'a BTreeMap<&'static str, usize>,
    findings: Vec<FindingReport<'a>>,
}

#[derive(Debug, Serialize)]
struct Summary {
    clusters: usize,
    files: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
    mended: usize,
}

#[derive(Debug, Serialize)]
struct FindingReport<'a> {
    id: &'a str,
    severity: Severity,
    file: &'a str,
    line: u64,
    column: u64,
    clusters: &'a [String],
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    fixable: bool,
}

impl<'a> VetReport<'a> {
    fn new(report: &'a Report, mended: usize) -> Self {
        let findings = report.findings.iter().map(|finding| FindingReport {
            id: finding.rule.id,
            severity: finding.severity,
            file: &finding.location.file,
            line: finding.location.line,
            column: finding.location.column,
            clusters: &finding.clusters,
            message: &finding.message,
            hint: finding.hint.as_deref(),
            fixable: !finding.fixes.is_empty(),
        });
        VetReport {
            summary: Summary {
                clusters: report.clusters,
                files: report.files,
                errors: report.count(Severity::Error),
                warnings: report.count(Severity::Warning),
                infos: report.count(Severity::Info),
                suppressed: report.suppressed,
                mended,
            },
            skipped: &report.skipped,
            findings: findings.collect(),
        }
    }
}
