//! `kfleet generate`: the flags, and what they mean.

use crate::args::{HeaderFromEnv, OutputFormat, among};
use crate::complete;
use crate::context::Context;
use crate::ui::downloads::Downloads;
use crate::ui::{Outcome, Ui, generate as report};
use kfleet::error::{Error, ErrorKind};
use kfleet::git;
use kfleet::helm::Helm;
use kfleet::http;
use kfleet::oci;
use kfleet::ops::generate::{self, Fetched, Refused, Repository, Selection, Unreadable};
use kfleet::source::Remotes;
use kfleet::tree::Store;
use std::time::Duration;

/// Write the bases of addons from their sources, as fleet.yaml says
///
/// Each addon's sources are read, laid out as `kfleet fmt -o` does, and written to its base, with a kustomization.yaml
/// that lists every file. Nothing is written unless every addon is right; then each base is swapped in whole. fleet.lock
/// keeps the digest of every source, so that the same fleet file gives the same bases tomorrow. An addon whose inputs did
/// not change is not made again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet generate                      write all bases that are not up to date
  kfleet generate calico --diff        show what a new version of one addon changes
  kfleet generate --check              for CI: exit 1 if the committed bases are not what the fleet file gives
  kfleet generate --update calico      take over what a source holds now, though the lock says otherwise
  kfleet generate --prune              delete the bases of addons that fleet.yaml no longer names, too
  kfleet generate --list               addons, versions, sources, and what is locked")]
pub(crate) struct Args {
    /// Addons; all of them without any
    #[arg(value_name = "ADDON", add = complete::addons())]
    pub addons: Vec<String>,

    /// Write nothing; list what would change and exit 1 if there is anything
    #[arg(long, help_heading = "What to do")]
    pub check: bool,
    /// Write nothing; show what would change as a unified diff
    #[arg(long, help_heading = "What to do")]
    pub diff: bool,
    /// Write nothing; say what would be done
    #[arg(long, help_heading = "What to do")]
    pub dry_run: bool,
    /// Show the addons, their versions and sources, and what is locked
    #[arg(long, help_heading = "What to do", conflicts_with_all = ["check", "diff", "dry_run", "update"])]
    pub list: bool,
    /// The form of the report on standard output
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = among(&[OutputFormat::Text, OutputFormat::Json]), help_heading = "What to do")]
    pub output: OutputFormat,

    /// Delete the bases of addons that fleet.yaml no longer names, unless somebody has changed or uses them
    #[arg(long, help_heading = "What to do", conflicts_with_all = ["list", "addons"])]
    pub prune: bool,
    /// Make bases again even where they are up to date
    #[arg(long, help_heading = "What to do", conflicts_with = "list")]
    pub rebuild: bool,

    /// Take over what sources hold now, of these addons or of all
    #[arg(long, value_name = "ADDON", num_args = 0.., help_heading = "Sources", conflicts_with = "offline", add = complete::addons())]
    pub update: Option<Vec<String>>,
    /// Leave the network alone: sources come from the repository and the cache
    #[arg(long, help_heading = "Sources")]
    pub offline: bool,
    /// Send a header to one host only, its value taken from an environment variable
    #[arg(long, value_name = "HOST=HEADER:VARIABLE", help_heading = "Sources")]
    pub header_from_env: Vec<HeaderFromEnv>,
    /// For each source, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, help_heading = "Sources")]
    pub timeout: u64,
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let root = &context.root;
    let selection = Selection {
        addons: args.addons.clone(),
        update: args.update.clone(),
        rebuild: args.rebuild,
        prune: args.prune,
    };
    let repository = match generate::read(root, &selection) {
        Ok(repository) => repository,
        Err(Unreadable::Error(error)) => return Err(error),
        Err(Unreadable::Usage(problems)) => {
            return report::refuse(&Refused { kind: ErrorKind::Usage, problems }, args.output, ui);
        }
        Err(Unreadable::Problems(problems)) => return report::refuse(&problems.into(), args.output, ui),
    };
    if args.list {
        report::list(&repository, args.output, ui)?;
        return Ok(Outcome::Done);
    }
    let fetched = fetch(&repository, args, context, ui)?;
    let plan = match generate::plan(repository, fetched) {
        Ok(plan) => plan,
        Err(refused) => return report::refuse(&refused, args.output, ui),
    };
    let write = !(args.check || args.diff || args.dry_run);
    if write && let Err(problems) = generate::apply(root, &plan) {
        return report::refuse(&problems.into(), args.output, ui);
    }
    report::show(&plan, write, args.diff, args.output, ui)?;
    Ok(if args.check && plan.changes() { Outcome::Failed } else { Outcome::Done })
}

/// Gets the sources from outside, and renders charts.
fn fetch(repository: &Repository, args: &Args, context: &Context, ui: &Ui) -> Result<Fetched, Error> {
    if !repository.needs_fetching() {
        return Ok(Fetched::default());
    }
    let cache = context.cache()?;
    let timeout = Duration::from_secs(args.timeout);
    let mut http = http::Settings::new(&context.environment);
    http.timeout = timeout;
    http.headers = args.header_from_env.iter().map(|header| header.read(context)).collect::<Result<_, _>>()?;
    let mut git = git::Settings::new(context.environment.clone(), cache.join("git"));
    git.folder.clone_from(&context.root);
    git.timeout = timeout;
    let http = http::Client::new(http)?;
    let helm = Helm::new(context.environment.clone()).with_timeout(timeout);
    let store = Store::new(cache.join("sources"));
    let oci = oci::Settings::new(context.environment.clone(), store.clone());
    let remotes = Remotes { http, git, helm, oci, store, offline: args.offline };
    Ok(generate::fetch(repository, &remotes, &Downloads::new(ui)))
}
