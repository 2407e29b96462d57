//! `kfleet status`: what every cluster runs, and how far behind it is, from the repository alone.

use crate::error::Result;
use crate::fleet::clusters::{Cluster, Clusters, ENVIRONMENTS};
use crate::fleet::pins::{differ_in_pins, pinned_commit, shown, tracked_branch};
use crate::fleet::select_sync::{main_pair, sharing, unread};
use crate::fleet::waves::sources;
use crate::flux::{Pair, Pin};
use crate::git::{Commits, LocalClone};
use std::cell::RefCell;
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
    /// How many commits it lacks; those that only move pins do not count.
    pub behind: Option<usize>,
    /// What it lacks them of: a cluster, or a branch.
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
    let (sources, distances) = (sources(fleet), Distances::new(fleet));
    let rows = fleet.clusters.iter().map(|cluster| {
        // The pin that counts may be in what cannot be read.
        let pair = main_pair(fleet, cluster).ok().filter(|_| unread(fleet, cluster).is_none());
        let pin = pair.and_then(Pair::pin);
        let (behind, behind_of) =
            clone.and_then(|clone| behind(fleet, (clone, &distances), cluster, pair?, &sources)).unzip();
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
    let mut rows: Vec<Row> = rows.collect();
    let order = order(fleet, &sources);
    rows.sort_by_cached_key(|row| order(row));
    Ok(rows)
}

/// The order of promotion: the clusters of its chains by their distance from the first, then those of no chain by what they
/// are for; in each rank by name.
fn order<'a>(
    fleet: &'a Clusters,
    sources: &'a BTreeMap<String, String>,
) -> impl Fn(&Row) -> (bool, usize, String) + use<'a> {
    let steps = fleet.repository.fleet.iter().flat_map(|file| &file.fleet.promotion);
    let first: BTreeSet<&str> = steps.map(|step| step.from.as_str()).collect();
    move |row| {
        let is_in_chain = sources.contains_key(&row.cluster) || first.contains(row.cluster.as_str());
        let above = std::iter::successors(Some(&row.cluster), |name| sources.get(*name));
        // A chain that leads back to itself ends somewhere.
        let depth = above.take(sources.len() + 1).count();
        let rank = ENVIRONMENTS.iter().position(|known| row.environment.as_deref() == Some(known));
        let rank = if is_in_chain { depth } else { rank.unwrap_or(ENVIRONMENTS.len()) };
        (!is_in_chain, rank, row.cluster.clone())
    }
}

/// How many commits lie between two, counted once for all clusters.
struct Distances {
    /// The files that hold pins.
    files: BTreeSet<String>,
    known: RefCell<BTreeMap<(String, String), Option<usize>>>,
}

impl Distances {
    fn new(fleet: &Clusters) -> Distances {
        let repositories = fleet.clusters.iter().flat_map(|cluster| &cluster.repositories);
        let files = repositories.map(|repository| repository.origin.file.clone()).collect();
        Distances { files, known: RefCell::default() }
    }

    fn get(&self, clone: &LocalClone, old: &str, new: &str) -> Option<usize> {
        let key = (old.to_owned(), new.to_owned());
        if let Some(known) = self.known.borrow().get(&key) {
            return *known;
        }
        let distance = clone.distance_besides((old, new), &self.files, differ_in_pins).ok();
        self.known.borrow_mut().insert(key, distance);
        distance
    }
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
    (clone, distances): (&LocalClone, &Distances),
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
        return Some((distances.get(clone, &ours, &theirs)?, source.name.clone()));
    }
    let branch = branch_of(cluster, pair)?;
    let tip = clone.tip(&branch)?;
    Some((distances.get(clone, &ours, &tip.commit)?, branch))
}
