//! `kfleet rollback`: the flags, and what they mean.

use crate::args::PublishArgs;
use crate::commands::pins::{move_pins, open};
use crate::complete;
use crate::context::Context;
use crate::ui::{Outcome, Ui};
use kfleet::error::Error;
use kfleet::fleet::select_clusters::select;
use kfleet::fleet::select_sync::verify_addon;
use kfleet::ops::promote::{Options, named, previous_pin};

/// Pin clusters to the commit that they were pinned to before
///
/// The previous pin is read from the git history of the file that holds the pin. What was left by going back does not count:
/// a second rollback goes two pins back.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet rollback production --dry-run   show where it would go
  kfleet rollback production             write the previous pin
  kfleet rollback --selector tier=prod   all clusters with a label in fleet.yaml
  kfleet rollback production --to 3858eb6d0c1f
                                         write another commit
  kfleet rollback production --addon cert-manager
                                         the previous pin of an addon that has a sync of its own")]
pub(crate) struct Args {
    /// The clusters; several go back together where all had the same pin before
    #[arg(value_name = "CLUSTER", required_unless_present = "selector", add = complete::clusters())]
    pub clusters: Vec<String>,
    /// Also the clusters that fleet.yaml gives these labels; `environment=NAME` works too
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',')]
    pub selector: Vec<String>,
    /// A commit, branch or tag instead of the previous pin
    #[arg(long, value_name = "REVISION")]
    pub to: Option<String>,
    /// One addon alone, which has a sync of its own
    #[arg(long, value_name = "NAME")]
    pub addon: Option<String>,
    #[command(flatten)]
    pub publish: PublishArgs,
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let (clone, fleet) = open(&args.publish, context)?;
    let mut destinations = select(&fleet, &args.selector)?;
    destinations.extend(args.clusters.iter().cloned());
    destinations.sort();
    destinations.dedup();
    let clusters = destinations.iter().map(|name| fleet.find(name)).collect::<Result<Vec<_>, Error>>()?;
    let addon = args.addon.as_deref();
    addon.map(|addon| verify_addon(&fleet, addon)).transpose()?;
    let candidate = match &args.to {
        Some(revision) => named(&fleet, &clone, revision, addon, &destinations)?,
        None => previous_pin(&fleet, &clone, &clusters, addon)?,
    };
    let options = Options { destinations, allow_older: true, addon: args.addon.clone(), ..Options::default() };
    move_pins((&clone, &fleet), None, candidate, &options, &args.publish, (context, ui))
}
