//! `kfleet status`: what every cluster runs, and how far behind it is, from the repository alone.

use super::promote::source::{shown, tracked_branch};
use super::vet::findings_of;
use crate::error::Result;
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::select_sync::main_pair;
use crate::flux::{Pair, Pin};
use crate::git::LocalClone;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The rules of vet whose findings count as problems.
const RULES: [&str; 6] = ["PIN01", "PIN02", "PIN03", "PIN06", "SRC01", "SRC02"];

/// What is known of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The cluster.
    pub cluster: String,
    /// Its flavour.
    pub flavour: Option<String>,
    /// What it is for.
    pub environment: Option<String>,
    /// What it takes its manifests from: a commit, or `branch main`.
    pub pin: Option<String>,
    /// Whether there is a pin beside it that does nothing.
    pub is_ineffective: bool,
    /// When the pin was written, in seconds since 1970.
    pub since: Option<i64>,
    /// How many commits it is behind.
    pub behind: Option<usize>,
    /// Behind what: a cluster, or a branch.
    pub behind_of: Option<String>,
    /// Its other syncs, with what they take their manifests from.
    pub addons: Vec<(String, Option<String>)>,
    /// How many findings about its pins there are.
    pub problems: usize,
}

/// The state of a fleet. Without a clone, what only history tells is left out.
///
/// # Errors
/// The history cannot be read.
pub fn status(all: &Clusters, clone: Option<&LocalClone>) -> Result<Vec<Row>> {
    let mut problems: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings_of(all, &RULES) {
        for cluster in &all.clusters {
            if finding.location.file.starts_with(&format!("{}/", cluster.folder)) {
                *problems.entry(cluster.name.clone()).or_default() += 1;
            }
        }
    }
    let written = match clone {
        Some(clone) => written(all, clone)?,
        None => BTreeMap::new(),
    };
    let sources = sources(all);
    let rows = all.clusters.iter().map(|cluster| {
        let pair = main_pair(all, cluster).ok();
        let pin = pair.and_then(Pair::pin);
        let (behind, behind_of) = clone.and_then(|clone| behind(all, clone, cluster, pair?, &sources)).unzip();
        let others = cluster.syncs.iter().filter(|other| pair.is_none_or(|pair| !std::ptr::eq(*other, pair)));
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
fn written(all: &Clusters, clone: &LocalClone) -> Result<BTreeMap<String, i64>> {
    let Some(head) = clone.head()?.commit else { return Ok(BTreeMap::new()) };
    let pinned = all.clusters.iter().filter_map(|cluster| {
        let pair = main_pair(all, cluster).ok()?;
        let Pin::Commit(commit) = pair.pin()? else { return None };
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

/// The cluster that promotes to each cluster, by the fleet file.
fn sources(all: &Clusters) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    if let Some(file) = &all.repository.fleet {
        for step in &file.fleet.promotion {
            for name in file.selected(&step.to) {
                sources.entry(name).or_insert_with(|| step.from.clone());
            }
        }
    }
    sources
}

fn behind(
    all: &Clusters,
    clone: &LocalClone,
    cluster: &Cluster,
    pair: &Pair,
    sources: &BTreeMap<String, String>,
) -> Option<(usize, String)> {
    let runs = |cluster: &Cluster, pair: &Pair| match pair.pin()? {
        Pin::Commit(commit) => Some(commit),
        Pin::Branch(branch) => Some(clone.tip(&branch)?.commit),
        _ => tracked_branch(clone, cluster, pair).and_then(|branch| Some(clone.tip(&branch)?.commit)),
    };
    let ours = runs(cluster, pair)?;
    let source = sources.get(&cluster.name).and_then(|name| all.get(name));
    if let Some(source) = source {
        let theirs = runs(source, main_pair(all, source).ok()?)?;
        return Some((clone.distance(&ours, &theirs).ok()?, source.name.clone()));
    }
    let branch = tracked_branch(clone, cluster, pair)?;
    let tip = clone.tip(&branch)?;
    Some((clone.distance(&ours, &tip.commit).ok()?, branch))
}

/// The order of promotion as a graph for Graphviz.
pub fn dot(all: &Clusters, rows: &[Row]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut out = "digraph fleet {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for row in rows {
        let pin = row.pin.as_deref().map_or("no sync", |pin| if pin.len() == 40 { &pin[..12] } else { pin });
        let label = quoted(&format!("{}\n{pin}", row.cluster)).replace('\n', "\\n");
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {} [label={label}];", quoted(&row.cluster));
    }
    for (to, from) in sources(all) {
        let _ = writeln!(out, "  {} -> {};", quoted(&from), quoted(&to));
    }
    out + "}\n"
}
