//! `kfleet init`: the flags, and what they mean.

use crate::args::{OutputFormat, among};
use crate::context::Context;
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::fleet::clusters::Clusters;
use kfleet::git;
use kfleet::ops::init::adopt::{self, Adoption};
use kfleet::ops::init::{self, Options, PLACEHOLDER_URL, Plan, Survey};
use kfleet::ops::vet::{self, finding::Finding};
use kfleet::text::count;
use std::path::{Path, PathBuf};

/// Make a fleet repository, with examples that work
///
/// Writes a repository in kfleet's layout: fleet.yaml with two addons that need no network, flavours, four clusters with
/// current Flux objects, pipelines, and a README about the daily work. It is committed to git twice: first the fleet, then
/// the pins, which name the first commit. No git program is needed; the commits have your name from git's settings, and
/// are not signed. Everything appears at once, or nothing does.
///
/// With --adopt, the fleet file of a repository that is there is written from what is found in it, and nothing else.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet init demo                     a new repository in the folder demo
  kfleet init demo --url ssh://git@git.example.org/team/fleet
  kfleet init                          in this folder: empty, or a git repository without commits
  kfleet init --adopt --dry-run        show the fleet.yaml of the repository in this folder")]
pub(crate) struct Args {
    /// The folder; missing, empty, or a git repository without commits
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,

    /// Write fleet.yaml for a repository that is there
    #[arg(long, help_heading = "What to do", conflicts_with_all = ["url", "branch", "no_git"])]
    pub adopt: bool,
    /// Write nothing; list the files, or with --adopt show the file
    #[arg(long, help_heading = "What to do")]
    pub dry_run: bool,
    /// The form of the report on standard output
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = among(&[OutputFormat::Text, OutputFormat::Json]), help_heading = "What to do")]
    pub output: OutputFormat,

    /// The repository's URL as clusters see it [default: that of the remote origin, or a placeholder]
    #[arg(long, value_name = "URL", help_heading = "The repository")]
    pub url: Option<String>,
    /// The branch that is the truth [default: the one that is checked out, git's init.defaultBranch, or main]
    #[arg(long, value_name = "NAME", help_heading = "The repository")]
    pub branch: Option<String>,
    /// Make no git repository and no commits: the clusters then follow the branch
    #[arg(long, help_heading = "The repository")]
    pub no_git: bool,
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let folder = context.path(&args.folder);
    if args.adopt {
        return adopt(&folder, args, ui);
    }
    let survey = init::survey(&folder)?;
    if survey == Survey::Interrupted {
        if args.dry_run {
            let message = format!("{} holds the work of a run that was interrupted", args.folder.display());
            return Err(
                Error::new(ErrorKind::Refused, message).with_hint("run kfleet init without --dry-run to end it")
            );
        }
        init::resume(&folder)?;
        if args.output == OutputFormat::Json {
            ui.sorted_report(
                "InitReport",
                serde_json::json!({
                "written": true, "resumed": true,
                    "folder": args.folder.to_string_lossy(),
                }),
            )?;
            return Ok(Outcome::Done);
        }
        ui.status(&format!("{}: the work of a run that was interrupted is done", args.folder.display()));
        return Ok(Outcome::Done);
    }
    let plan = init::plan(&options(args, &survey, context))?;
    let environment = (!args.no_git).then_some(&context.environment);
    let commit = match args.dry_run {
        true => None,
        false => init::apply(&folder, &survey, &plan, environment)?.commit,
    };
    show(&plan, commit.as_deref(), args, ui)
}

/// What was not said is taken from the repository that is there, and from git's settings.
fn options(args: &Args, survey: &Survey, context: &Context) -> Options {
    let about = match survey {
        Survey::FreshRepository(about) => Some(about),
        _ => None,
    };
    let origin = about.and_then(|about| about.origin.as_deref()).and_then(adopt::cluster_url);
    let branch = args.branch.clone().or_else(|| about.and_then(|about| about.branch.clone()));
    Options {
        url: args.url.clone().or(origin).unwrap_or_else(|| PLACEHOLDER_URL.to_owned()),
        branch: branch.or_else(|| git::default_branch(&context.environment)).unwrap_or_else(|| "main".to_owned()),
    }
}

fn show(plan: &Plan, commit: Option<&str>, args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let fleet = &plan.fleet.fleet;
    let (clusters, addons) = (fleet.clusters.len(), fleet.addons.len());
    if args.output == OutputFormat::Json {
        ui.sorted_report(
            "InitReport",
            serde_json::json!({
            "written": !args.dry_run, "resumed": false,
                "folder": args.folder.to_string_lossy(), "url": plan.options.url, "branch": plan.options.branch,
                "commit": commit, "clusters": fleet.clusters.keys().collect::<Vec<_>>(),
                "addons": fleet.addons.keys().collect::<Vec<_>>(), "files": plan.files.keys().collect::<Vec<_>>(),
            }),
        )?;
        return Ok(Outcome::Done);
    }
    for path in plan.files.keys() {
        let line = format!("+ {path}");
        if args.dry_run { ui.line(&line)? } else { ui.note(&line) }
    }
    let parts = [count(clusters, "cluster"), count(addons, "addon"), count(plan.files.len(), "file")].join(", ");
    let shown = args.folder.display();
    match (args.dry_run, commit) {
        (true, _) => ui.status(&format!("{shown}: {parts} would be written")),
        (false, None) => {
            ui.status(&format!("{shown}: {parts}; the clusters follow the branch {}", plan.options.branch))
        }
        (false, Some(commit)) => {
            let short = commit.get(..12).unwrap_or(commit);
            ui.status(&format!("{shown}: {parts}; every cluster is pinned to commit {short}"));
        }
    }
    if !args.dry_run {
        let enter = (args.folder != Path::new(".")).then(|| format!("cd {shown}"));
        let next = enter.iter().map(String::as_str).chain(["kfleet generate", "kfleet fmt --check ."]);
        ui.status(&format!("next: {}", next.collect::<Vec<_>>().join(" && ")));
        if plan.options.url == PLACEHOLDER_URL {
            ui.status(&format!("the URL is a placeholder, {PLACEHOLDER_URL}: README.md tells where to change it"));
        }
    }
    Ok(Outcome::Done)
}

fn adopt(folder: &Path, args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let found = adopt::read(folder)?;
    let lint =
        |clusters: &Clusters| vet::findings_of(clusters, &["PIN01", "PIN02"]).iter().map(Finding::problem).collect();
    let adoption = adopt::plan(&found, &lint)?;
    if !args.dry_run {
        adopt::apply(folder, &adoption)?;
    }
    show_adoption(&adoption, args, ui)
}

fn show_adoption(adoption: &Adoption, args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    if args.output == OutputFormat::Json {
        ui.sorted_report(
            "AdoptReport",
            serde_json::json!({
            "written": !args.dry_run,
                "folder": args.folder.to_string_lossy(), "clusters": adoption.clusters, "addons": adoption.addons,
                "unknown": adoption.unknown, "problems": adoption.warnings, "text": adoption.text,
            }),
        )?;
        return Ok(Outcome::Done);
    }
    if args.dry_run {
        ui.data(adoption.text.as_bytes())?;
    }
    ui.problems(&adoption.warnings);
    for unknown in &adoption.unknown {
        ui.status(&format!("not known: {unknown}"));
    }
    let would = if args.dry_run { "would be written" } else { "written" };
    ui.status(&format!(
        "fleet.yaml {would}: {}, {}; {} could not be known",
        count(adoption.clusters.len(), "cluster"),
        count(adoption.addons.len(), "addon"),
        count(adoption.unknown.len(), "thing"),
    ));
    Ok(Outcome::Done)
}
