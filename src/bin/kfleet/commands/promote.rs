//! `kfleet promote`: the flags, and what they mean.

use crate::args::PublishArgs;
use crate::commands::pins::{move_pins, open};
use crate::complete;
use crate::context::Context;
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::fleet::clusters::Clusters;
use kfleet::fleet::select_clusters::select;
use kfleet::fleet::select_sync::verify_addon;
use kfleet::fleet::waves::{self, Wave};
use kfleet::ops::promote::{Options, candidate_of, named, named_from};

/// Pin clusters to the commit that another cluster runs
///
/// What the source runs is its pin or, where it follows a branch, the newest commit of that branch that the remote has, as
/// far as it was fetched. The commit is written into `ref.commit` and `ref.branch` of each destination's GitRepository;
/// path, patches and all other fields of the destination stay. Nothing is written unless every destination is right. A cluster
/// without a sync gets the source's, without its patches.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet promote development staging             pin staging to what development runs
  kfleet promote staging --selector tier=prod    all clusters with a label in fleet.yaml
  kfleet promote staging production --dry-run -v show the change, and the commits that come with it
  kfleet promote --to v1.4.2 development         a commit that no cluster runs yet: the first cluster of a chain
  kfleet promote staging production --to v1.4.2  only if that is what staging runs
  kfleet promote staging --next-wave --max 5     go on with the roll-out that fleet.yaml describes, five clusters more
  kfleet promote staging production --addon cert-manager --split
                                                 one addon alone, with a sync of its own from now on
  kfleet promote staging production --pull-request
                                                 on a branch of its own, for review")]
pub(crate) struct Args {
    /// The cluster whose state is promoted; with `--to` and no other name it is the destination
    #[arg(value_name = "SOURCE", required_unless_present = "to", add = complete::clusters())]
    pub source: Option<String>,
    /// The clusters that get it
    #[arg(value_name = "DESTINATION", required_unless_present_any = ["selector", "wave", "next_wave", "to"], add = complete::clusters())]
    pub destinations: Vec<String>,
    /// With `--to`: the first name is a destination too
    #[arg(long, requires = "to", conflicts_with_all = ["wave", "next_wave", "allow_unproven"])]
    pub no_source: bool,
    /// Also the clusters that fleet.yaml gives these labels; `environment=NAME` works too
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',')]
    pub selector: Vec<String>,
    /// The clusters of the N-th step of fleet.yaml's promotion that begins at SOURCE; earlier steps must be done
    #[arg(long, value_name = "N", requires = "source", conflicts_with_all = ["destinations", "selector"])]
    pub wave: Option<usize>,
    /// The first such step that is not done
    #[arg(long, requires = "source", conflicts_with_all = ["destinations", "selector", "wave"])]
    pub next_wave: bool,
    /// At most so many clusters; those that have the commit already do not count
    #[arg(long, value_name = "N")]
    pub max: Option<usize>,
    /// A commit, branch or tag; with a source it must be what that runs
    #[arg(long, value_name = "REVISION")]
    pub to: Option<String>,
    /// Allow a commit that the source does not run
    #[arg(long, requires = "to")]
    pub allow_unproven: bool,
    /// One addon alone: the pin of the sync that a destination has for it
    #[arg(long, value_name = "NAME")]
    pub addon: Option<String>,
    /// A destination that has the addon by its flavour gives it a sync of its own; nothing that runs is deleted on the way
    #[arg(long, requires = "addon")]
    pub split: bool,
    /// A cluster without a sync gets the source's patches too
    #[arg(long)]
    pub with_patches: bool,
    /// A destination's Kustomization gets the path that the source applies; without it only pins move
    #[arg(long, conflicts_with = "addon")]
    pub with_path: bool,
    /// Allow a commit that is older than a destination's pin
    #[arg(long)]
    pub allow_older: bool,
    /// Promote to the destinations that are right, though others are refused
    #[arg(long)]
    pub keep_going: bool,
    #[command(flatten)]
    pub publish: PublishArgs,
}

impl Args {
    /// The name of the source, if there is one: a single name with `--to` is that of the destination.
    fn source(&self) -> Option<&str> {
        let has_others = !(self.destinations.is_empty() && self.selector.is_empty());
        let is_source = !self.no_source && (self.to.is_none() || has_others || self.wave.is_some() || self.next_wave);
        self.source.as_deref().filter(|_| is_source)
    }

    /// The clusters that are named or selected.
    fn named(&self, fleet: &Clusters) -> Result<Vec<String>, Error> {
        let source = self.source();
        let selected = select(fleet, &self.selector)?.into_iter().filter(|name| source != Some(name));
        let first = self.source.iter().filter(|_| source.is_none());
        let mut destinations: Vec<String> = first.chain(&self.destinations).cloned().chain(selected).collect();
        destinations.sort();
        destinations.dedup();
        destinations.iter().try_for_each(|name| fleet.find(name).map(drop))?;
        Ok(destinations)
    }
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let (clone, fleet) = open(&args.publish, context)?;
    let source = args.source().map(|name| fleet.find(name)).transpose()?;
    let mut destinations = args.named(&fleet)?;
    let addon = args.addon.as_deref();
    addon.map(|addon| verify_addon(&fleet, addon)).transpose()?;
    let candidate = match (source, &args.to) {
        (Some(source), Some(to)) => named_from(&fleet, &clone, source, (to, addon), args.allow_unproven)?,
        (Some(source), None) => candidate_of(&fleet, &clone, source, addon)?,
        (None, Some(to)) => named(&fleet, &clone, to, addon, &destinations)?,
        (None, None) => return Err(Error::new(ErrorKind::Usage, "no cluster to promote from is named")),
    };
    let commit = &candidate.commit.commit;
    let wave = args.wave.map(Wave::Number).or(args.next_wave.then_some(Wave::Next));
    if let (Some(source), Some(wave)) = (source, wave) {
        destinations = waves::destinations(&fleet, &source.name, addon, commit, wave)?;
    }
    if let Some(max) = args.max {
        destinations = waves::limited(&fleet, destinations, addon, commit, max);
    }
    let options = Options {
        destinations,
        allow_older: args.allow_older,
        with_patches: args.with_patches,
        with_path: args.with_path,
        keep_going: args.keep_going,
        addon: args.addon.clone(),
        split: args.split,
    };
    move_pins((&clone, &fleet), source, candidate, &options, &args.publish, (context, ui))
}
