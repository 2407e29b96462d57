//! The flags of `kfleet run-pipeline` about files of other repositories, and what they mean.

use crate::context::Context;
use crate::ui::downloads::Downloads;
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::ops::run_pipeline::remote::{Remotes, Ways};
use kfleet::ops::run_pipeline::{RepositoryMap, Unprepared};

/// Files of other repositories.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Other repositories")]
pub(crate) struct RemoteArgs {
    /// Take files from branches, tags and plain URLs too, which may change at any time
    #[arg(long)]
    pub allow_unpinned: bool,
    /// Take files of other repositories from the cache only
    #[arg(long)]
    pub offline: bool,
    /// Where a repository is that pipelines take files from: OWNER/REPO=URL or OWNER/REPO=FOLDER
    #[arg(long, value_name = "PLACE")]
    pub remote: Vec<String>,
}

/// Where the pipelines of a repository, whose own URL is `url`, take files from.
pub(super) fn remotes<'a>(
    args: &RemoteArgs,
    url: Option<&str>,
    is_untrusted: bool,
    context: &'a Context,
    downloads: &'a Downloads<'a>,
) -> Result<Remotes<'a>, Error> {
    let map = RepositoryMap::parse(&args.remote, url, is_untrusted)?;
    let ways = Ways { offline: args.offline, allows_unpinned: args.allow_unpinned, is_untrusted };
    Ok(Remotes::new(&context.environment, &context.cache()?, map, ways, downloads).in_folder(&context.root))
}

/// Tells why nothing is run.
pub(super) fn refuse(unprepared: &Unprepared, ui: &Ui) -> Result<Outcome, Error> {
    match unprepared.error() {
        Some(error) if unprepared.problems.is_empty() => Err(error),
        _ => {
            ui.problems(&unprepared.problems);
            ui.problems(&unprepared.missing);
            Ok(Outcome::Ended(ErrorKind::Usage))
        }
    }
}
