//! `kfleet rollback`: the flags, and what they mean.

use crate::commands::promote::{ShowArgs, Way, carry_out, open};
use crate::context::Context;
use crate::ui::{Outcome, Ui};
use kfleet::error::Error;
use kfleet::ops::promote::{self, Options};

/// Pin a cluster to the commit that it was pinned to before
///
/// The previous pin is the last other one in the git history of the file that holds the pin.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet rollback production --dry-run   show where it would go
  kfleet rollback production             write the previous pin
  kfleet rollback production --to 3858eb6d0c1f
                                         write another commit
  kfleet rollback production --addon cert-manager
                                         the previous pin of an addon that has a sync of its own")]
pub(crate) struct Args {
    /// The cluster
    #[arg(value_name = "CLUSTER")]
    pub cluster: String,
    /// A commit, branch or tag instead of the previous pin
    #[arg(long, value_name = "REVISION")]
    pub to: Option<String>,
    /// One addon alone, which has a sync of its own
    #[arg(long, value_name = "NAME")]
    pub addon: Option<String>,
    #[command(flatten)]
    pub show: ShowArgs,
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let (clone, all) = open(&args.show, context)?;
    let cluster = promote::find(&all, &args.cluster)?;
    let addon = args.addon.as_deref();
    addon.map(|addon| promote::verify_addon(&all, addon)).transpose()?;
    let source = match &args.to {
        Some(revision) => promote::source_of(&all, &clone, cluster, addon, Some(revision))?,
        None => promote::previous_pin(&all, &clone, cluster, addon)?,
    };
    let options = Options {
        destinations: vec![args.cluster.clone()],
        allow_older: true,
        addon: args.addon.clone(),
        ..Options::default()
    };
    carry_out(&all, &clone, None, source, &options, &Way { show: &args.show, context, ui })
}
