//! `kfleet history`: the flags, and what they mean.

use crate::args::{OutputFormat, among};
use crate::commands::pins::fetch_whole;
use crate::complete;
use crate::context::Context;
use crate::ui::history::show;
use crate::ui::{Outcome, Ui};
use kfleet::error::Error;
use kfleet::fleet::clusters::Clusters;
use kfleet::git::LocalClone;
use kfleet::ops::history::history;

/// Show the pins that a cluster had: who moved them when, and how far
///
/// Read from the git history of the files that hold the cluster's syncs, along the branch that is checked out.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet history production        newest first
  kfleet history production -n 1   the last change")]
pub(crate) struct Args {
    /// The cluster
    #[arg(value_name = "CLUSTER", add = complete::clusters())]
    pub cluster: String,
    /// Fetch from the remote first; a shallow clone gets the rest of its history
    #[arg(long)]
    pub fetch: bool,
    /// At most so many changes
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// The form of the report on standard output
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = among(&[OutputFormat::Text, OutputFormat::Json]))]
    pub output: OutputFormat,
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    fetch_whole(args.fetch, context)?;
    let (clone, fleet) =
        (LocalClone::open(&context.root)?, Clusters::open(&context.root, LocalClone::not_checked_out(&context.root)?)?);
    let cluster = fleet.find(&args.cluster)?;
    let found = history(&fleet, &clone, cluster, args.limit)?;
    show(&cluster.name, &found, args.output, ui)?;
    Ok(Outcome::Done)
}
