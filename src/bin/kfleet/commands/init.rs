//! `kfleet init`: the flags, and what they mean.

use crate::args::{OutputFormat, among};
use crate::context::Context;
use crate::ui::{Outcome, Ui, init as report};
use kfleet::error::{Error, ErrorKind};
use kfleet::git;
use kfleet::ops::init::adopt;
use kfleet::ops::init::{self, Options, PLACEHOLDER_URL, Survey};
use std::path::{Path, PathBuf};

/// Make a fleet repository, with examples that work
///
/// Writes a repository in kfleet's layout: fleet.yaml with two addons that need no network, flavours, four clusters with
/// current Flux objects, pipelines, a justfile (with --make a Makefile), and a README about the daily work. It is committed to git twice: first the fleet, then
/// the pins, which name the first commit. No git program is needed, unless your git signs commits; they have your name from
/// git's settings. Everything appears at once, or nothing does.
///
/// With --adopt, the fleet file of a repository that is there is written from what is found in it, and nothing else.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet init demo                     a new repository in the folder demo
  kfleet init demo --url git@git.example.org:team/fleet
  kfleet init                          in this folder: empty, or a git repository without commits
  kfleet init --adopt --dry-run        show the fleet.yaml of the repository in this folder")]
pub(crate) struct Args {
    /// The folder; missing, empty, or a git repository without commits
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,

    /// Write fleet.yaml for a repository that is there
    #[arg(long, help_heading = "What to do", conflicts_with_all = ["url", "branch", "make", "no_git"])]
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
    /// Write a Makefile in place of a justfile
    #[arg(long, help_heading = "The repository")]
    pub make: bool,
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
        report::show_resumed(&args.folder, args.output, ui)?;
        return Ok(Outcome::Done);
    }
    let plan = init::plan(&options(args, &survey, context))?;
    let environment = (!args.no_git).then_some(&context.environment);
    let commit = match args.dry_run {
        true => None,
        false => init::apply(&folder, &survey, &plan, environment)?.commit,
    };
    report::show(&plan, commit.as_deref(), !args.dry_run, &args.folder, args.output, ui)?;
    Ok(Outcome::Done)
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
        // git's short form is not a URL, and Flux does not take it.
        url: args
            .url
            .as_ref()
            .map(|url| adopt::cluster_url(url).unwrap_or_else(|| url.clone()))
            .or(origin)
            .unwrap_or_else(|| PLACEHOLDER_URL.to_owned()),
        branch: branch.or_else(|| git::default_branch(&context.environment)).unwrap_or_else(|| "main".to_owned()),
        make: args.make,
    }
}

fn adopt(folder: &Path, args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let found = adopt::read(folder)?;
    let adoption = adopt::plan(&found)?;
    if !args.dry_run {
        adopt::apply(folder, &adoption)?;
    }
    report::show_adoption(&adoption, !args.dry_run, &args.folder, args.output, ui)?;
    Ok(Outcome::Done)
}
