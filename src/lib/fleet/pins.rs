//! Pins as people see them, and what they say of a cluster: which branch a pin has to be on, which commit it is.

use crate::fleet::clusters::Cluster;
use crate::flux::{Pair, Pin};

/// A pin, for people: a commit is its hash alone.
pub fn shown(pin: &Pin) -> String {
    match pin {
        Pin::Commit(commit) => commit.clone(),
        Pin::Name(name) => format!("reference {name}"),
        Pin::Semver(range) => format!("versions {range}"),
        Pin::Tag(tag) => format!("tag {tag}"),
        Pin::Branch(branch) => format!("branch {branch}"),
    }
}

/// The commit that a pair is pinned to.
pub fn pinned_commit(pair: &Pair) -> Option<String> {
    match pair.pin()? {
        Pin::Commit(commit) => Some(commit),
        _ => None,
    }
}

/// The branch that a cluster's pin has to be on: the pair's own, if it is known, or else that of Flux's own sync.
pub fn tracked_branch(cluster: &Cluster, pair: &Pair, is_known: impl Fn(&str) -> bool) -> Option<String> {
    let own = [&pair.repository, &pair.unused].into_iter().flatten();
    let mut named =
        own.filter_map(|repository| repository.reference.branch.as_ref()).map(|branch| branch.value.as_str());
    named.find(|branch| is_known(branch)).or(cluster.branch()).map(str::to_owned)
}
