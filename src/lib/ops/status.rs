//! `kfleet status`: what every cluster runs, and how far behind it is, from the repository alone.

use crate::error::Result;
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::pins::{pinned_commit, shown, tracked_branch};
use crate::fleet::select_sync::{main_pair, sharing};
use crate::fleet::waves::sources;
use crate::flux::{Pair, Pin};
use crate::git::LocalClone;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub cluster: String,
    pub flavour: Option<String>,
    /// What it is for.
    pub environment: Option<String>,
    /// What it takes its manifests from: a commit, or `branch main`.
    pub pin: Option<String>,
    /// Whether there is a pin beside it that does nothing.
    pub is_ineffective: bool,
    /// When the pin was written, in seconds since 1970.
    pub since: Option<i64>,
    /// How many commits it is after.
    pub behind: Option<usize>,
    /// After what: a cluster, or a branch.
    pub behind_of: Option<String>,
    /// Its other syncs, with what they take their manifests from.
    pub addons: Vec<(String, Option<String>)>,
    /// How many findings about its pins there are.
    pub problems: usize,
}

/// The state of a fleet. Without a clone, what only history shows is left out. `problems`: how many problems the pins of
/// clusters have, by cluster.
///
/// # Errors
/// The history cannot be read.
pub fn status(fleet: &Clusters, clone: Option<&LocalClone>, problems: &BTreeMap<String, usize>) -> Result<Vec<Row>> {
    let written = match clone {
        Some(clone) => written(fleet, clone)?,
        None => BTreeMap::new(),
    };
    let sources = sources(fleet);
    let rows = fleet.clusters.iter().map(|cluster| {
        let pair = main_pair(fleet, cluster).ok();
        let pin = pair.and_then(Pair::pin);
        let (behind, behind_of) = clone.and_then(|clone| behind(fleet, clone, cluster, pair?, &sources)).unzip();
        let moving = pair.map_or_else(Vec::new, |pair| sharing(cluster, pair));
        let others = cluster.syncs.iter().filter(|other| !moving.iter().any(|pair| std::ptr::eq(*other, *pair)));
        Row {
            cluster: cluster.name.clone(),
            flavour: cluster.flavour.clone(),
            environment: cluster.environment.clone(),
            pin: pin.as_ref().map(shown),
            is_ineffective: pair.is_some_and(|pair| pair.unused.is_some()),
            since: written.get(&cluster.name).copied(),
            behind,
            behind_of,
            addons: others.map(|pair| (pair.kustomization.id.name.clone(), pair.pin().as_ref().map(shown))).collect(),
            problems: problems.get(&cluster.name).copied().unwrap_or_default(),
        }
    });
    Ok(rows.collect())
}

/// When the pins were written: by the newest commit after which the file has the hash and before which it had not.
fn written(fleet: &Clusters, clone: &LocalClone) -> Result<BTreeMap<String, i64>> {
    let Some(head) = clone.head()?.commit else { return Ok(BTreeMap::new()) };
    let pinned = fleet.clusters.iter().filter_map(|cluster| {
        let pair = main_pair(fleet, cluster).ok()?;
        let commit = pinned_commit(pair)?;
        Some((cluster, (pair.repository.as_ref()?.origin.file.clone(), commit)))
    });
    let pinned: Vec<(&Cluster, (String, String))> = pinned.collect();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, (file, commit)) in &pinned {
        texts.entry(file.clone()).or_default().insert(commit.clone());
    }
    let times = clone.written(&head, &texts)?;
    Ok(pinned.into_iter().filter_map(|(cluster, pin)| Some((cluster.name.clone(), *times.get(&pin)?))).collect())
}

fn behind(
    fleet: &Clusters,
    clone: &LocalClone,
    cluster: &Cluster,
    pair: &Pair,
    sources: &BTreeMap<String, String>,
) -> Option<(usize, String)> {
    let branch_of =
        |cluster: &Cluster, pair: &Pair| tracked_branch(cluster, pair, |branch| clone.tip(branch).is_some());
    let runs = |cluster: &Cluster, pair: &Pair| match pair.pin()? {
        Pin::Commit(commit) => Some(commit),
        Pin::Branch(branch) => Some(clone.tip(&branch)?.commit),
        _ => Some(clone.tip(&branch_of(cluster, pair)?)?.commit),
    };
    let ours = runs(cluster, pair)?;
    let source = sources.get(&cluster.name).and_then(|name| fleet.get(name));
    if let Some(source) = source {
        let theirs = runs(source, main_pair(fleet, source).ok()?)?;
        return Some((clone.distance(&ours, &theirs).ok()?, source.name.clone()));
    }
    let branch = branch_of(cluster, pair)?;
    let tip = clone.tip(&branch)?;
    Some((clone.distance(&ours, &tip.commit).ok()?, branch))
}
