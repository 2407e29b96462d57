//! What `kfleet vet` shows: findings, the last lines, and the explanation of a rule.

use super::{Outcome, Ui, table};
use crate::args::OutputFormat;
use kfleet::error::Error;
use kfleet::ops::vet::finding::Finding;
use kfleet::ops::vet::{self, Report, catalogue};
use kfleet::problem::Severity;
use kfleet::text::count;
use serde::Serialize;
use serde_json::json;
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
    Err(vet::no_rule(id))
}

/// Lists the rules.
pub(crate) fn list(output: OutputFormat, ui: &Ui) -> Result<(), Error> {
    let rules = catalogue::rules();
    if output == OutputFormat::Json {
        let rules = rules.map(|rule| {
            let severity = catalogue::word(rule.severity);
            json!({"id": rule.id, "severity": severity, "title": rule.title, "fixable": rule.is_fixable})
        });
        return ui.sorted_report("RuleListReport", json!({"rules": rules.collect::<Vec<_>>()}));
    }
    let rows = rules.map(|rule| {
        let fix = if rule.is_fixable { "yes" } else { "-" };
        vec![rule.id.to_owned(), catalogue::word(rule.severity).to_owned(), fix.to_owned(), rule.title.to_owned()]
    });
    table::show(&["ID", "SEVERITY", "FIX", "FINDS"], &rows.collect::<Vec<_>>(), ui)
}

/// So many findings are listed without `--all`, and of more so many of each rule.
const LISTED: usize = 20;
const LISTED_OF_RULE: usize = 3;

/// Lists findings, the worst first: where there are many, by rule, a few of each.
fn list_findings(findings: &[Finding], all: bool, ui: &Ui) -> Result<(), Error> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| finding.severity);
    if all || sorted.len() <= LISTED {
        return sorted.iter().try_for_each(|finding| ui.finding(&finding.problem()));
    }
    sorted.sort_by_key(|finding| (finding.severity, finding.rule.id));
    for group in sorted.chunk_by(|one, other| (one.severity, one.rule.id) == (other.severity, other.rule.id)) {
        ui.line(&format!("{}: {} ({})", group[0].rule.id, group[0].rule.title, group.len()))?;
        let shown = if group.len() <= LISTED_OF_RULE + 1 { group.len() } else { LISTED_OF_RULE };
        group[..shown].iter().try_for_each(|finding| ui.finding(&finding.problem()))?;
        if shown < group.len() {
            ui.line(&format!("  and {} more: --rule {} --all lists them", group.len() - shown, group[0].rule.id))?;
        }
    }
    Ok(())
}

/// Shows the findings; `repaired` were repaired before.
pub(crate) fn show(report: &Report, mended: usize, output: OutputFormat, all: bool, ui: &Ui) -> Result<(), Error> {
    match output {
        OutputFormat::Json => ui.report("VetReport", &VetReport::new(report, mended)),
        OutputFormat::Sarif => ui.json(&vet::sarif(report, env!("CARGO_PKG_VERSION"))),
        _ => list_findings(&report.findings, all, ui),
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
    if report.excluded > 0 {
        parts.push(format!("{} excepted by fleet.yaml", report.excluded));
    }
    if report.accepted > 0 {
        parts.push(format!("{} in the baseline", report.accepted));
    }
    if report.outdated > 0 {
        parts.push(format!("{} of the baseline repaired: write it anew", report.outdated));
    }
    let (clusters, files) = (count(report.clusters, "cluster"), count(report.files, "file"));
    ui.status(&format!("{clusters}, {files}: {}", parts.join(", ")));
    if !report.skipped.is_empty() {
        let rules: Vec<String> = report.skipped.iter().map(|(rule, number)| format!("{rule} ({number})")).collect();
        let rules = rules.join(", ");
        ui.status(&match report.is_shallow {
            true => {
                format!("not checked, as the clone is shallow: {rules}; `git fetch --unshallow` or --fetch brings what is missing")
            }
            false => format!("not checked, for want of a clone to ask: {rules}"),
        });
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
    excluded: usize,
    accepted: usize,
    outdated: usize,
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
                excluded: report.excluded,
                accepted: report.accepted,
                outdated: report.outdated,
                mended,
            },
            skipped: &report.skipped,
            findings: findings.collect(),
        }
    }
}
