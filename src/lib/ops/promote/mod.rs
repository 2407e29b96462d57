//! `kfleet promote` and `kfleet rollback`: the pins of clusters move to a commit.
//!
//! The way of a run: the commit is found (`source`), every destination is checked and its change planned (`destination`),
//! and only if all are right files are written. A pin is `ref.commit` and `ref.branch` of the GitRepository that the
//! cluster's Kustomization takes its manifests from; nothing else of the destination changes, but its path where the
//! source has another.
//!
//! One addon alone has a pair of its own (`addon`), or gets one (`split`) in a way that never deletes its objects.

mod addon;
mod destination;
mod message;
mod new_sync;
mod pinned_addons;
mod proposal;
mod snapshots;
pub(super) mod source;
mod split;

use crate::error::{Error, ErrorKind, Result};
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::file::is_name;
use crate::git::{CommitInfo, LocalClone};
use crate::problem::Problem;
use crate::suggest::did_you_mean;
use crate::tree::Root;
use destination::Job;
use snapshots::Snapshots;
use std::collections::BTreeSet;
use std::path::Path;

pub use source::{Proof, Source, previous_pin, source_of};

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The clusters whose pins move.
    pub destinations: Vec<String>,
    /// The commit may be older than a pin: what a rollback is.
    pub allow_older: bool,
    /// A destination without a sync gets the source's with its patches.
    pub with_patches: bool,
    /// Destinations that are refused do not stop the others.
    pub keep_going: bool,
    /// Only the pin of this addon moves.
    pub addon: Option<String>,
    /// A destination that has the addon by its flavour gives it a sync of its own.
    pub split: bool,
}

/// What becomes of one destination.
#[derive(Debug)]
pub struct Promotion {
    /// The cluster.
    pub cluster: String,
    /// What it runs now: a commit, or `branch main`; nothing for a cluster without a sync.
    pub from: Option<String>,
    /// The commit that it is pinned to afterwards.
    pub to: String,
    /// The path of its Kustomization, before and after, where it changes.
    pub path: Option<(String, String)>,
    /// How many commits lie between, where that is known.
    pub commits: Option<usize>,
    /// Whether the new commit is older than the pin.
    pub is_older: bool,
    /// Whether the addon gets a sync of its own.
    pub is_split: bool,
    /// The newest of the commits between.
    pub between: Vec<CommitInfo>,
    /// The files that its flavour, or the addon, is made from and that differ, as `M path`.
    pub changed_files: Vec<String>,
    /// The files of the repository that are written.
    pub files: Vec<File>,
    /// What deserves to be said.
    pub notes: Vec<String>,
}

/// A file that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path.
    pub path: String,
    /// Its new text.
    pub text: Vec<u8>,
    /// What changes, as a unified diff.
    pub diff: String,
}

/// What a run does.
#[derive(Debug)]
pub struct Plan {
    /// The commit that is promoted.
    pub source: Source,
    /// The addon whose pins move, where it is not that of the flavour.
    pub addon: Option<String>,
    /// What becomes of the destinations that are not refused.
    pub promotions: Vec<Promotion>,
    /// Destinations that were refused, with `keep_going`.
    pub refused: Vec<Problem>,
}

impl Plan {
    /// The files that are written, each once.
    pub fn files(&self) -> Vec<&File> {
        self.promotions.iter().flat_map(|promotion| &promotion.files).collect()
    }

    /// Whether any pin moves.
    pub fn changes(&self) -> bool {
        self.promotions.iter().any(Promotion::changes)
    }
}

impl Promotion {
    /// Whether the pin moves.
    pub fn changes(&self) -> bool {
        !self.files.is_empty()
    }
}

/// The cluster of a name.
///
/// # Errors
/// There is none ([`ErrorKind::Usage`]).
pub fn find<'a>(all: &'a Clusters, name: &str) -> Result<&'a Cluster> {
    all.get(name).ok_or_else(|| {
        let known: Vec<&str> = all.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
        let error = Error::new(ErrorKind::Usage, format!("there is no cluster {}", name.escape_debug()));
        match did_you_mean(name, known.iter().copied()) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint(format!("clusters: {}", known.join(", "))),
        }
    })
}

/// The addon of a name: a base, or one that a cluster has a sync of its own for.
///
/// # Errors
/// There is none ([`ErrorKind::Usage`]).
pub fn verify_addon(all: &Clusters, name: &str) -> Result<()> {
    let is_pinned = |cluster: &Cluster| !matches!(crate::fleet::select_sync::addon_pair(all, cluster, name), Ok(None));
    let bases = format!("{}/", all.repository.paths.bases);
    let is_base = all.repository.files.has_folder(&format!("{bases}{name}"));
    if is_name(name) && (is_base || all.clusters.iter().any(is_pinned)) {
        return Ok(());
    }
    let below = all.repository.files.below(&all.repository.paths.bases);
    let known: BTreeSet<&str> = below.filter_map(|path| Some(path.strip_prefix(&bases)?.split_once('/')?.0)).collect();
    let error = Error::new(ErrorKind::Usage, format!("there is no addon {}", name.escape_debug()));
    Err(match did_you_mean(name, known.iter().copied()) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint(format!("addons are the folders in {}", bases.trim_end_matches('/'))),
    })
}

/// Plans the promotion of a commit. `source` is the cluster that it comes from, if it comes from one.
///
/// # Errors
/// Every destination that is refused, and why; with `keep_going` only where all are.
pub fn plan(
    all: &Clusters,
    clone: &LocalClone,
    from: Option<&Cluster>,
    source: Source,
    options: &Options,
) -> std::result::Result<Plan, Vec<Problem>> {
    let mut plan = Plan { source, addon: options.addon.clone(), promotions: Vec::new(), refused: Vec::new() };
    let job = Job { all, clone, from, source: &plan.source, options, snapshots: &Snapshots::new(all, clone) };
    for name in &options.destinations {
        let planned = find(all, name)
            .map_err(|error| destination::refusal(name, &error))
            .and_then(|cluster| destination::plan(&job, cluster));
        match planned {
            Ok(promotion) => plan.promotions.push(promotion),
            Err(problem) => plan.refused.push(problem),
        }
    }
    let is_stopped = !plan.refused.is_empty() && (!options.keep_going || plan.promotions.is_empty());
    if is_stopped { Err(plan.refused) } else { Ok(plan) }
}

/// Writes the files of a plan, each in one step.
///
/// # Errors
/// A file cannot be written.
pub fn apply(root: &Path, plan: &Plan) -> Result<()> {
    let root = Root::open(root)?;
    for file in plan.files() {
        root.write(&file.path, &file.text)?;
    }
    Ok(())
}
