//! Which of a cluster's syncs is the one that its pin is about.

use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::files::{is_within, plain_path};
use crate::fleet::sync::Pair;
use crate::problem::{Place, Problem};
use std::collections::BTreeSet;

/// Why there is no such sync.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ops) enum NoPair {
    /// The cluster has none at all.
    None,
    /// It has several, or two of one name: the message, its place, and what to do.
    Unclear(String, Place, &'static str),
}

/// The sync that brings in the cluster's flavour: the only one whose path lies among the flavours, or else the only one.
pub(in crate::ops) fn main_pair<'a>(all: &Clusters, cluster: &'a Cluster) -> Result<&'a Pair, NoPair> {
    let mut seen = BTreeSet::new();
    for pair in &cluster.syncs {
        if !seen.insert(&pair.kustomization.id) {
            let message = format!("{} has two Kustomizations named {}", cluster.name, pair.kustomization.id.name);
            let hint = "remove one of them, or give it another name";
            return Err(NoPair::Unclear(message, pair.kustomization.origin.place.clone(), hint));
        }
    }
    let flavours = &all.repository.paths.flavours;
    let of_flavours: Vec<&Pair> =
        cluster.syncs.iter().filter(|pair| path_of(pair).is_some_and(|path| is_within(&path, flavours))).collect();
    match (&of_flavours[..], &cluster.syncs[..]) {
        ([one], _) => Ok(one),
        ([], [one]) => Ok(one),
        ([], []) => Err(NoPair::None),
        (several, all) => {
            let first = several.first().copied().or(all.first()).map(|pair| pair.kustomization.origin.place.clone());
            let names: Vec<&str> = cluster.syncs.iter().map(|pair| pair.kustomization.id.name.as_str()).collect();
            let message =
                format!("it is not clear which sync of {} brings in its flavour: {}", cluster.name, names.join(", "));
            let hint =
                "let one Kustomization have a path among the flavours; kfleet cannot promote one addon alone yet";
            Err(NoPair::Unclear(message, first.unwrap_or_default(), hint))
        }
    }
}

/// The folder that a pair applies, in the one plain way.
pub(in crate::ops) fn path_of(pair: &Pair) -> Option<String> {
    plain_path("", &pair.kustomization.path.as_ref()?.value)
}

/// A file of the cluster that cannot be read: what is not found may be in it.
pub(in crate::ops) fn unread<'a>(all: &'a Clusters, cluster: &Cluster) -> Option<&'a Problem> {
    all.problems.iter().find(|problem| is_within(&problem.place.file, &cluster.folder))
}
