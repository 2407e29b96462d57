//! `kfleet vet`: the flags, and what they mean.

use crate::args::{OutputFormat, among};
use crate::context::Context;
use crate::ui::{Outcome, Ui, vet as view};
use kfleet::error::Error;
use kfleet::git::LocalClone;
use kfleet::ops::vet::{self, Options, Report, Revisions, fix};
use kfleet::problem::Severity;
use kfleet::text::count;

/// Lint the fleet: pins, paths, API versions, secrets, triggers
///
/// Looks at the files of the repository and at nothing else. It works in any repository with a folder for each cluster,
/// with or without a fleet.yaml. Each finding has a rule, whose name stays the same; `--explain` explains it.
/// `# kfleet: ignore ID reason`, beside a line or above it, suppresses one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet vet                           everything that is wrong or doubtful
  kfleet vet --cluster production      what concerns one cluster
  kfleet vet --explain PIN01           what a rule is about
  kfleet vet --fix --dry-run           show what can be repaired safely, as a diff
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

    /// Repair what is safe: show the changes, write them, and look again
    #[arg(long, help_heading = "What to do")]
    pub fix: bool,
    /// With --fix: write nothing
    #[arg(long, help_heading = "What to do", requires = "fix")]
    pub dry_run: bool,
    /// Say what a rule is about, and end
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
        return view::explain(id, ui);
    }
    let root = &context.root;
    let options = Options {
        clusters: args.cluster.clone(),
        flux: (args.flux_version.0, args.flux_version.1),
        kubernetes: (args.kubernetes_version.0, args.kubernetes_version.1),
    };
    let clusters = vet::read(root)?;
    // Without a clone, what only history shows is passed over.
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
        ui.status(&format!("{} would be repaired in {files}", count(plan.mended, "finding")));
        return show(&report, 0, args, ui);
    }
    fix::apply(root, &plan)?;
    ui.status(&format!("{} repaired in {files}", count(plan.mended, "finding")));
    let outcome = show(&vet::vet(&vet::read(root)?, &options, revisions)?, plan.mended, args, ui)?;
    Ok(if plan.problems.is_empty() { outcome } else { Outcome::Failed })
}

fn show(report: &Report, mended: usize, args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    view::show(report, mended, args.output, ui)?;
    view::summary(report, args.fix, ui);
    let fails = report.count(Severity::Error) > 0 || (args.strict && report.count(Severity::Warning) > 0);
    Ok(if fails { Outcome::Failed } else { Outcome::Done })
}
