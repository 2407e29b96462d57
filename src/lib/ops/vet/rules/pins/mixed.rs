//! The rule of pins that differ within a cluster.

use crate::fleet::clusters::Cluster;
use crate::flux::Pair;
use crate::flux::url::repository_of;
use crate::manifest::Located;
use crate::ops::vet::revisions::Revisions;
use crate::ops::vet::rules::{Facts, Findings, Rule};

/// Pins of one cluster that are further apart than so many commits were hardly ever tried together.
const FAR: usize = 100;

pub(in crate::ops::vet::rules) const RULES: &[Rule] = &[Rule::warning(
    "PIN08",
    "pins that are far apart, or older than what needs them",
    mixed,
)
.explained(
    "A cluster whose addons are pinned apart runs a mix that was most likely never tried anywhere: pins are reported\n\
         that are more than 100 commits apart. A Kustomization that others depend on should not be pinned to an older\n\
         commit than theirs: they may need what it does not have yet. Promote them together. This rule needs a clone.",
)];

fn mixed(facts: &Facts<'_>, found: &mut Findings) {
    for cluster in &facts.clusters {
        let pins: Vec<(&Pair, &Located<String>)> =
            cluster.syncs.iter().filter_map(|pair| Some((pair, commit_of(pair)?))).collect();
        if pins.iter().all(|(_, commit)| commit.value == pins[0].1.value) {
            continue;
        }
        match facts.revisions {
            Some(revisions) => compare(cluster, &pins, revisions, found),
            None => found.skip(),
        }
    }
}

/// The commit that a pair is pinned to.
fn commit_of(pair: &Pair) -> Option<&Located<String>> {
    pair.repository.as_ref()?.reference.commit.as_ref()
}

fn is_of_one_repository(one: &Pair, other: &Pair) -> bool {
    let url = |pair: &Pair| Some(repository_of(&pair.repository.as_ref()?.url.as_ref()?.value));
    url(one).is_some() && url(one) == url(other)
}

fn compare(cluster: &Cluster, pins: &[(&Pair, &Located<String>)], revisions: &dyn Revisions, found: &mut Findings) {
    for (pair, commit) in pins {
        let name = &pair.kustomization.id.name;
        for (other, newer) in pins.iter().filter(|(other, _)| is_of_one_repository(pair, other)) {
            let distance = revisions.distance(&commit.value, &newer.value).unwrap_or(0);
            let is_older = distance > 0 && revisions.distance(&newer.value, &commit.value) == Some(0);
            if !is_older {
                continue;
            }
            let user = &other.kustomization;
            let message = if user.depends_on.iter().any(|wanted| wanted.value == pair.kustomization.id) {
                format!("{name} is {distance} commits older than {}, which depends on it", user.id.name)
            } else if distance > FAR {
                format!("{name} is pinned {distance} commits behind {}", user.id.name)
            } else {
                continue;
            };
            found.add(commit.location.clone(), message).hint("promote them together").cluster(&cluster.name);
        }
    }
}
