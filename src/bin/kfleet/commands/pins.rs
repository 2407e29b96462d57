//! What the commands that move pins have in common: the clone is opened, and a plan is made, published and shown.

use crate::args::PublishArgs;
use crate::context::Context;
use crate::ui::promote::{show, show_refusal};
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::fleet::clusters::{Cluster, Clusters};
use kfleet::git::{LocalClone, Settings};
use kfleet::ops::promote::{self, Candidate, Options};
use kfleet::publish;

/// The clone, fetched unless that is not wanted, and the clusters in it.
pub(super) fn open(args: &PublishArgs, context: &Context) -> Result<(LocalClone, Clusters), Error> {
    let clone = LocalClone::open(&context.root)?;
    if !args.no_fetch && clone.has_remote() {
        clone.fetch(&settings(context)).map_err(|error| {
            let hint = error.hint.clone().map_or(String::new(), |hint| format!("{hint}; or "));
            error.with_hint(format!("{hint}take the clone as it is with --no-fetch"))
        })?;
    }
    let fleet = promote::open(&context.root, &clone)?;
    Ok((clone, fleet))
}

/// Fetches what a clone lacks, where that is wanted.
pub(super) fn fetch_whole(is_wanted: bool, context: &Context) -> Result<(), Error> {
    if is_wanted { LocalClone::open(&context.root)?.fetch_whole(&settings(context)) } else { Ok(()) }
}

/// The user's git needs no cache here.
fn settings(context: &Context) -> Settings {
    Settings { folder: context.root.clone(), ..Settings::new(context.environment.clone(), "") }
}

/// Plans, publishes and shows.
pub(super) fn move_pins(
    (clone, fleet): (&LocalClone, &Clusters),
    source: Option<&Cluster>,
    candidate: Candidate,
    options: &Options,
    args: &PublishArgs,
    (context, ui): (&Context, &Ui),
) -> Result<Outcome, Error> {
    let head = clone.head()?;
    let plan = match promote::plan(fleet, clone, source, candidate, options) {
        Ok(plan) => plan,
        Err(problems) => {
            show_refusal(&problems, args.output, ui)?;
            return Ok(Outcome::Ended(ErrorKind::Refused));
        }
    };
    let published = if args.dry_run {
        None
    } else {
        let (change, settings) = (plan.change(), settings(context));
        Some(publish::prepare(clone, &head, &change, &args.options(), &settings)?.publish(&context.root)?)
    };
    show(&plan, published.as_ref(), args.output, ui)?;
    Ok(if plan.refused.is_empty() { Outcome::Done } else { Outcome::Ended(ErrorKind::Refused) })
}
