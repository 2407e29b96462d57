//! `kfleet vet`: the flags, and what they mean.

use crate::args::{OutputFormat, among};
use crate::context::Context;
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::fleet::clusters::Clusters;
use kfleet::git::LocalClone;
use kfleet::ops::vet::finding::Finding;
use kfleet::ops::vet::{self, Options, Report, Revisions, catalogue, fix};
use kfleet::problem::{Problem, Severity};
use kfleet::suggest::did_you_mean;
use kfleet::text::count;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Lint the fleet: pins, paths, API versions, secrets, triggers
///
/// Looks at the files of the repository and at nothing else. It works in any repository with a folder for each cluster,
/// with or without a fleet.yaml. Each finding has a rule, whose name stays the same; `--explain` tells what is behind it.
/// `# kfleet: ignore ID reason`, beside a line or above it, suppresses one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet vet                           everything that is wrong or doubtful
  kfleet vet --cluster production      what concerns one cluster
  kfleet vet --explain PIN01           what is behind a rule
  kfleet vet --fix --dry-run           show what can be mended safely, as a diff
  kfleet vet --output sarif > vet.sarif
                                       for code hosts that show findings beside the lines")]
pub(crate) struct Args {
    /// Look only at what concerns this cluster; may be given more than once
    #[arg(long, value_name = "CLUSTER")]
    pub cluster: Vec<String>,
    /// The version of Flux that clusters have or are to get
    #[arg(long, value_name = "VERSION", default_value = "2.9")]
    pub flux_version: Minor,
    /// The version of Kubernetes that clusters have or are to get
    #[arg(long, value_name = "VERSION", default_value = "1.36")]
    pub kubernetes_version: Minor,

    /// Mend what is safe: show the changes, write them, and look again
    #[arg(long, help_heading = "What to do")]
    pub fix: bool,
    /// With --fix: write nothing
    #[arg(long, help_heading = "What to do", requires = "fix")]
    pub dry_run: bool,
    /// Say what is behind a rule, and end
    #[arg(long, value_name = "ID", help_heading = "What to do", conflicts_with_all = ["fix", "cluster"])]
    pub explain: Option<String>,
    /// Fail on warnings too
    #[arg(long, help_heading = "What to do")]
    pub strict: bool,
    /// The form of the report on standard output
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = among(&[OutputFormat::Text, OutputFormat::Json, OutputFormat::Sarif]), help_heading = "What to do")]
    pub output: OutputFormat,
}

/// A version without its patch level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Minor(u32, u32);

impl std::str::FromStr for Minor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<Option<u32>> = text.trim_start_matches('v').split('.').map(|part| part.parse().ok()).collect();
        match parts.as_slice() {
            [Some(major), Some(minor)] | [Some(major), Some(minor), Some(_)] => Ok(Minor(*major, *minor)),
            _ => Err("write a version such as 1.36"),
        }
    }
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    if let Some(id) = &args.explain {
        return explain(id, ui);
    }
    let root = &context.root;
    let options = Options {
        clusters: args.cluster.clone(),
        flux: (args.flux_version.0, args.flux_version.1),
        kubernetes: (args.kubernetes_version.0, args.kubernetes_version.1),
    };
    let clusters = read(root)?;
    // Without a clone, what only history tells is passed over.
    let clone = LocalClone::open(root).ok();
    let revisions = clone.as_ref().map(|clone| clone as &dyn Revisions);
    let report = vet::vet(&clusters, &options, revisions)?;
    if !args.fix {
        return show(&report, 0, args, ui);
    }
    let plan = fix::plan(&clusters, &report);
    if args.output == OutputFormat::Text {
        for file in &plan.files {
            ui.diff(&file.diff)?;
        }
    }
    ui.problems(&plan.problems);
    let files = count(plan.files.len(), "file");
    if args.dry_run {
        ui.status(&format!("{} would be mended in {files}", count(plan.mended, "finding")));
        return show(&report, 0, args, ui);
    }
    fix::apply(root, &plan)?;
    ui.status(&format!("{} mended in {files}", count(plan.mended, "finding")));
    let outcome = show(&vet::vet(&read(root)?, &options, revisions)?, plan.mended, args, ui)?;
    Ok(if plan.problems.is_empty() { outcome } else { Outcome::Failed })
}

fn read(root: &Path) -> Result<Clusters, Error> {
    let clusters = Clusters::read(root)?;
    let paths = &clusters.repository.paths;
    if clusters.clusters.is_empty()
        && clusters.repository.fleet.is_none()
        && clusters.repository.fleet_problems.is_empty()
    {
        let message =
            format!("there is no folder {} with a folder for each cluster, and no fleet.yaml", paths.clusters);
        let hint = "run kfleet in the top folder of a fleet repository, or name that folder with -C";
        return Err(Error::new(ErrorKind::Failed, message).with_hint(hint));
    }
    Ok(clusters)
}

fn explain(id: &str, ui: &Ui) -> Result<Outcome, Error> {
    if let Some(rule) = catalogue::find(id) {
        let fix = if rule.is_fixable { ", --fix mends what is safe" } else { "" };
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
    let error = Error::new(ErrorKind::Usage, format!("there is no rule {}", id.escape_debug()));
    Err(error.with_hint(near.unwrap_or_else(|| "docs/vet.md lists them".to_owned())))
}

fn show(report: &Report, mended: usize, args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let infos = report.count(Severity::Info);
    let fails = errors > 0 || (args.strict && warnings > 0);
    let outcome = if fails { Outcome::Failed } else { Outcome::Done };
    match args.output {
        OutputFormat::Json => ui.report("VetReport", &VetReport::new(report, mended))?,
        OutputFormat::Sarif => ui.json(&vet::sarif(report, env!("CARGO_PKG_VERSION")))?,
        _ => {
            let problems: Vec<Problem> = report.findings.iter().map(Finding::problem).collect();
            ui.all_problems(&problems);
        }
    }
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
    if fixable > 0 && !args.fix {
        parts.push(format!("--fix mends {fixable}"));
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
    Ok(outcome)
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
