//! `kfleet vet`: the flags, and what they mean.

use crate::args::{OutputFormat, among};
use crate::commands::pins::fetch_whole;
use crate::complete;
use crate::context::Context;
use crate::ui::{Outcome, Ui, vet as view};
use kfleet::error::{Error, ErrorKind};
use kfleet::git::LocalClone;
use kfleet::ops::vet::{self, Baseline, Options, Report, Revisions, fix};
use kfleet::problem::Severity;
use kfleet::text::count;
use kfleet::tree::Root;
use std::path::{Path, PathBuf};

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
  kfleet vet --rule PIN01,PIN05 --all  each finding of two rules
  kfleet vet --write-baseline .kfleet/vet.json && kfleet vet --baseline .kfleet/vet.json
                                       accept what is there, and fail on what is new
  kfleet vet --explain PIN01           what a rule is about
  kfleet vet --fix --dry-run           show what can be repaired safely, as a diff
  kfleet vet --output sarif > vet.sarif
                                       for code hosts that show findings beside the lines")]
pub(crate) struct Args {
    /// Look only at what concerns this cluster; may be given more than once
    #[arg(long, value_name = "CLUSTER", add = complete::clusters())]
    pub cluster: Vec<String>,
    /// Look only for what these rules find; may be given more than once
    #[arg(long, value_name = "ID", value_delimiter = ',', add = complete::rules())]
    pub rule: Vec<String>,
    /// Fetch from the remote first; a shallow clone gets the rest of its history
    #[arg(long)]
    pub fetch: bool,
    /// Show only findings that are at least so bad
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = ["error", "warning", "info"])]
    pub severity: String,
    /// Accept the findings in FILE, which --write-baseline has written: only new ones are shown, and fail
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
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
    #[arg(long, value_name = "ID", help_heading = "What to do", conflicts_with_all = ["fix", "cluster"], add = complete::rules())]
    pub explain: Option<String>,
    /// List the rules, and end
    #[arg(long, help_heading = "What to do", conflicts_with_all = ["fix", "cluster", "explain", "rule", "baseline"])]
    pub rules: bool,
    /// Write what is found to FILE, for --baseline, and end
    #[arg(long, value_name = "FILE", help_heading = "What to do", conflicts_with_all = ["fix", "baseline", "rule", "cluster"])]
    pub write_baseline: Option<PathBuf>,
    /// List each finding, however many there are of a rule
    #[arg(long, help_heading = "What to do")]
    pub all: bool,
    /// Fail on warnings too
    #[arg(long, help_heading = "What to do")]
    pub strict: bool,
    /// The form of the report on standard output
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = among(&[OutputFormat::Text, OutputFormat::Json, OutputFormat::Sarif]), help_heading = "What to do")]
    pub output: OutputFormat,
}

fn read_baseline(file: &Path, context: &Context) -> Result<Baseline, Error> {
    let (folder, name) = split(file, context)?;
    match Root::open(&folder)?.read(&name)? {
        Some(text) => Baseline::read(&file.display().to_string(), &text),
        None => {
            let error = Error::new(ErrorKind::Usage, format!("there is no file {}", file.display()));
            Err(error.with_hint("`kfleet vet --write-baseline FILE` writes one"))
        }
    }
}

fn write_baseline(file: &Path, report: &Report, context: &Context) -> Result<(), Error> {
    let (folder, name) = split(file, context)?;
    Ok(Root::open(&folder)?.write(&name, Baseline::of(&report.findings).render().as_bytes())?)
}

/// The folder of a file and its name in it.
fn split(file: &Path, context: &Context) -> Result<(PathBuf, String), Error> {
    let path = context.path(file);
    let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let name = name.ok_or_else(|| Error::new(ErrorKind::Usage, format!("{} is not a file", file.display())))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((folder.to_owned(), name))
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
    if args.rules {
        view::list(args.output, ui)?;
        return Ok(Outcome::Done);
    }
    fetch_whole(args.fetch, context)?;
    let root = &context.root;
    let options = Options {
        clusters: args.cluster.clone(),
        rules: args.rule.clone(),
        flux: (args.flux_version.0, args.flux_version.1),
        kubernetes: (args.kubernetes_version.0, args.kubernetes_version.1),
    };
    let baseline = args.baseline.as_deref().map(|file| read_baseline(file, context)).transpose()?.unwrap_or_default();
    let clusters = vet::read(root, LocalClone::not_checked_out(root)?)?;
    // Without a clone, what only history shows is passed over.
    let clone = LocalClone::open(root);
    if let Some(error) = clone.as_ref().err().filter(|_| root.join(".git").exists()) {
        ui.status(&format!("note: history is not looked at: {error}"));
    }
    let clone = clone.ok();
    let revisions = clone.as_ref().map(|clone| clone as &dyn Revisions);
    let mut report = vet::vet(&clusters, &options, revisions)?;
    report.accept(&baseline);
    if let Some(file) = &args.write_baseline {
        write_baseline(file, &report, context)?;
        ui.status(&format!("{} written, with {}", file.display(), count(report.findings.len(), "finding")));
        return Ok(Outcome::Done);
    }
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
    let mut report = vet::vet(&vet::read(root, LocalClone::not_checked_out(root)?)?, &options, revisions)?;
    report.accept(&baseline);
    let outcome = show(&report, plan.mended, args, ui)?;
    Ok(if plan.problems.is_empty() { outcome } else { Outcome::Failed })
}

fn show(report: &Report, mended: usize, args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let least = match args.severity.as_str() {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        _ => Severity::Info,
    };
    let mut shown = report.clone();
    shown.findings.retain(|finding| finding.severity <= least);
    view::show(&shown, mended, args.output, args.all, ui)?;
    view::summary(report, args.fix, ui);
    let fails = report.count(Severity::Error) > 0 || (args.strict && report.count(Severity::Warning) > 0);
    Ok(if fails { Outcome::Failed } else { Outcome::Done })
}
