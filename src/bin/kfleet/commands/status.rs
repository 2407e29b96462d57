//! `kfleet status`: the flags, and what they mean.

use crate::args::{OutputFormat, among};
use crate::commands::pins::fetch_whole;
use crate::context::Context;
use crate::ui::status::{Shown, show};
use crate::ui::{Outcome, Ui};
use kfleet::error::Error;
use kfleet::fleet::clusters::Clusters;
use kfleet::fleet::select_clusters::select;
use kfleet::fleet::waves;
use kfleet::git::LocalClone;
use kfleet::ops::{promote, status, vet};
use kfleet::path::is_within;
use kfleet::problem::Problem;
use kfleet::text::count;
use kfleet::tree::Tree;
use std::collections::BTreeMap;

/// The rules of vet whose findings count as problems.
const RULES: [&str; 6] = ["PIN01", "PIN02", "PIN03", "PIN06", "SRC01", "SRC02"];

/// Show what every cluster runs, and how far behind it is
///
/// From the repository alone: pins from the files, ages and distances from the local clone as it was fetched. BEHIND counts
/// the commits that a cluster lacks: those of the cluster that promotes to it by fleet.yaml, or of its branch. Commits that
/// only move pins do not count.
/// Clusters are in the order of promotion.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet status                          one line for each cluster
  kfleet status --selector tier=prod     those that fleet.yaml gives a label
  kfleet status --addons                 also the syncs that are pinned apart
  kfleet status --output dot | dot -Tsvg the order of promotion as a picture")]
pub(crate) struct Args {
    /// Only the clusters that fleet.yaml gives these labels; `environment=NAME` works too
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',')]
    pub selector: Vec<String>,
    /// A line for each sync besides the flavour's
    #[arg(long)]
    pub addons: bool,
    /// Fetch from the remote first; a shallow clone gets the rest of its history
    #[arg(long)]
    pub fetch: bool,
    /// The form of the report on standard output
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = among(&[OutputFormat::Text, OutputFormat::Json, OutputFormat::Dot]))]
    pub output: OutputFormat,
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    fetch_whole(args.fetch, context)?;
    let clone = LocalClone::open(&context.root);
    let fleet = match &clone {
        Ok(clone) => promote::open(&context.root, clone)?,
        Err(_) => Clusters::open(&context.root, Tree::default())?,
    };
    let mut rows = status::status(&fleet, clone.as_ref().ok(), &problems(&fleet))?;
    if !args.selector.is_empty() {
        let selected = select(&fleet, &args.selector)?;
        rows.retain(|row| selected.contains(&row.cluster));
    }
    let (sources, unknown) = (waves::sources(&fleet), clone.as_ref().err());
    show(&rows, &Shown { addons: args.addons, now: context.now, sources: &sources, unknown }, args.output, ui)?;
    let in_cluster =
        |problem: &&Problem| fleet.clusters.iter().any(|one| is_within(&problem.location.file, &one.folder));
    ui.problems(&fleet.problems.iter().filter(in_cluster).cloned().collect::<Vec<_>>());
    let written = fleet.repository.files.replaced.len();
    if written > 0 {
        let files = count(written, "file");
        ui.status(&format!("pins in {files} of the work tree are not committed: the committed ones are shown"));
    }
    Ok(Outcome::Done)
}

/// How many findings there are about the pins of each cluster, and how many of its files cannot be read.
fn problems(fleet: &Clusters) -> BTreeMap<String, usize> {
    let mut problems = BTreeMap::new();
    for finding in vet::findings_of(fleet, &RULES) {
        for cluster in fleet.clusters.iter().filter(|cluster| is_within(&finding.location.file, &cluster.folder)) {
            *problems.entry(cluster.name.clone()).or_default() += 1;
        }
    }
    for cluster in &fleet.clusters {
        let unread = fleet.problems.iter().filter(|problem| is_within(&problem.location.file, &cluster.folder)).count();
        if unread > 0 {
            *problems.entry(cluster.name.clone()).or_default() += unread;
        }
    }
    problems
}
