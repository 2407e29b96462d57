//! The commit that is promoted, and why it is that one.

use crate::error::{Error, ErrorKind, Result};
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::select_sync::{NoPair, addon_pair, main_pair, running_pair, unread};
use crate::flux::{ObjectName, Pair, Pin};
use crate::git::{CommitInfo, FileChange, LocalClone};
use crate::text::short;
use crate::tree::Tree;
use std::collections::BTreeSet;

/// The commit that is promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it comes from: a cluster's name, or the user's words.
    pub name: String,
    /// The commit.
    pub commit: CommitInfo,
    /// Why it is this one.
    pub proof: Proof,
    /// The branch that the source tracks, where it is known.
    pub branch: Option<String>,
    /// What deserves to be said.
    pub notes: Vec<String>,
}

/// Why a commit is promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The source is pinned to it.
    Pinned,
    /// The source follows this branch, whose newest commit it is.
    Newest(String),
    /// The user has named it.
    Named,
    /// It is the pin before the present one.
    Previous,
}

/// What a cluster runs, or what it has one addon from. `revision`: the user's choice instead.
///
/// # Errors
/// The cluster has no sync that tells, its pin is no commit of the clone, or the revision is none.
pub fn source_of(
    all: &Clusters,
    clone: &LocalClone,
    cluster: &Cluster,
    addon: Option<&str>,
    revision: Option<&str>,
) -> Result<Source> {
    let pair = running_pair(all, cluster, addon);
    if let Some(revision) = revision {
        let commit = clone.about(&clone.commit(revision)?)?;
        let branch = pair.ok().and_then(|pair| tracked_branch(clone, cluster, pair));
        let name = cluster.name.clone();
        return Ok(Source { name, commit, proof: Proof::Named, branch, notes: Vec::new() });
    }
    let pair = pair.map_err(|reason| match reason {
        NoPair::None => match unread(all, cluster) {
            Some(problem) => Error::new(ErrorKind::Refused, format!("{}: {}", problem.location, problem.message))
                .with_hint("mend the file, or name the commit with --to"),
            None => Error::new(ErrorKind::Refused, format!("{} has no sync that could be promoted", cluster.name))
                .with_hint("name the commit with --to"),
        },
        NoPair::Unclear(message, location, hint) => {
            Error::new(ErrorKind::Refused, format!("{location}: {message}")).with_hint(hint)
        }
    })?;
    let mut notes = Vec::new();
    if let Some(unused) = &pair.unused {
        let own = pair.repository.as_ref().map_or("another source", |used| used.id.name.as_str());
        notes.push(format!(
            "{}: GitRepository {} has no effect: the cluster takes its manifests from {own}",
            unused.origin.location, unused.id.name
        ));
    }
    let branch = tracked_branch(clone, cluster, pair);
    match pair.pin() {
        Some(Pin::Commit(pinned)) => {
            let found = clone.commit(&pinned).map_err(|error| Error {
                message: format!("the pin of {}: {}", cluster.name, error.message),
                ..error
            })?;
            let commit = clone.about(&found)?;
            Ok(Source { name: cluster.name.clone(), commit, proof: Proof::Pinned, branch, notes })
        }
        Some(Pin::Branch(followed)) => {
            let Some(tip) = clone.tip(&followed) else {
                let message = format!("{} follows the branch {followed}, which the clone does not have", cluster.name);
                return Err(
                    Error::new(ErrorKind::Refused, message).with_hint("run `git fetch`, or name a commit with --to")
                );
            };
            if tip.remote.is_none() {
                notes.push(format!("the branch {followed} has no remote: its local commits count"));
            } else if tip.unpushed > 0 {
                let commits = match tip.unpushed {
                    1 => "1 commit of the local branch".to_owned(),
                    count => format!("{count} commits of the local branch"),
                };
                notes.push(format!("{commits} {followed} not pushed, and so not promoted"));
            }
            let commit = clone.about(&tip.commit)?;
            let name = cluster.name.clone();
            Ok(Source { name, commit, proof: Proof::Newest(followed.clone()), branch: Some(followed), notes })
        }
        Some(pin) => {
            let message = format!("{} is pinned to {}, not to a commit", cluster.name, shown(&pin));
            Err(Error::new(ErrorKind::Refused, message).with_hint("name the commit with --to"))
        }
        None => {
            let message =
                format!("the sync of {} takes its manifests from a source that is not in its folder", cluster.name);
            Err(Error::new(ErrorKind::Refused, message)
                .with_hint("`kfleet vet` tells more; or name a commit with --to"))
        }
    }
}

/// A pin, for people.
pub(in crate::ops) fn shown(pin: &Pin) -> String {
    match pin {
        Pin::Commit(commit) => commit.clone(),
        Pin::Name(name) => format!("reference {name}"),
        Pin::Semver(range) => format!("versions {range}"),
        Pin::Tag(tag) => format!("tag {tag}"),
        Pin::Branch(branch) => format!("branch {branch}"),
    }
}

/// The branch that a cluster's pin has to be on: the pair's own, if the clone knows it, or else that of Flux's own sync.
pub(in crate::ops) fn tracked_branch(clone: &LocalClone, cluster: &Cluster, pair: &Pair) -> Option<String> {
    let own = [&pair.repository, &pair.unused].into_iter().flatten();
    let mut named =
        own.filter_map(|repository| repository.reference.branch.as_ref()).map(|branch| branch.value.as_str());
    named.find(|branch| clone.tip(branch).is_some()).or(cluster.branch()).map(str::to_owned)
}

/// The pin that a cluster, or one addon of it, had before its present one, from the history of the file that holds it.
///
/// # Errors
/// The cluster has no pin, or never had another one.
pub fn previous_pin(all: &Clusters, clone: &LocalClone, cluster: &Cluster, addon: Option<&str>) -> Result<Source> {
    let refuse = |message: String, hint: &str| Err(Error::new(ErrorKind::Refused, message).with_hint(hint));
    let pair = match addon {
        Some(addon) => match addon_pair(all, cluster, addon) {
            Ok(Some(pair)) => Ok(pair),
            Ok(None) => {
                let message = format!("{} has no sync of its own for {addon}", cluster.name);
                return refuse(message, "roll the whole cluster back, or give the addon its own with `kfleet promote`");
            }
            Err(reason) => Err(reason),
        },
        None => main_pair(all, cluster),
    };
    let Ok(pair) = pair else {
        return refuse(format!("{} has no sync that could be rolled back", cluster.name), "`kfleet vet` tells more");
    };
    let (Some(Pin::Commit(present)), Some(repository)) = (pair.pin(), &pair.repository) else {
        return refuse(format!("{} is not pinned to a commit", cluster.name), "name the commit with --to");
    };
    let Some(head) = clone.head()?.commit else {
        return refuse("the clone has no commit".to_owned(), "name the commit with --to");
    };
    let file = &repository.origin.file;
    let histories = clone.histories(&head, &BTreeSet::from([file.clone()]))?;
    let changes: &[FileChange] = histories.get(file).map(Vec::as_slice).unwrap_or_default();
    let before = changes.iter().flat_map(|change| [&change.new, &change.old]).flatten();
    let beside = &pair.kustomization.origin.file;
    let beside = all.repository.files.texts.get(beside).map(|text| (beside.as_str(), text.as_slice()));
    let mut pins = before.filter_map(|text| pin_in(file, text, beside, cluster, &pair.kustomization.id));
    let Some(previous) = pins.find(|pin| *pin != present) else {
        let message =
            format!("{} had no other pin than {}: {file} has none in its history", cluster.name, short(&present));
        return refuse(message, "name the commit with --to");
    };
    let commit = clone.about(&clone.commit(&previous)?)?;
    let branch = tracked_branch(clone, cluster, pair);
    Ok(Source { name: cluster.name.clone(), commit, proof: Proof::Previous, branch, notes: Vec::new() })
}

/// The pin of a Kustomization in an old text of the file, read as the only file of the cluster but for the one that has
/// the Kustomization now.
fn pin_in(
    file: &str,
    text: &[u8],
    beside: Option<(&str, &[u8])>,
    cluster: &Cluster,
    id: &ObjectName,
) -> Option<String> {
    let mut tree = Tree::default();
    tree.extend(beside.map(|(file, text)| (file.to_owned(), text.to_vec())));
    tree.insert(file.to_owned(), text.to_vec());
    let old = Clusters::from_tree(tree);
    let old =
        old.clusters.iter().find(|old| file.starts_with(&format!("{}/", old.folder)) && old.name == cluster.name)?;
    let pair = old.syncs.iter().find(|pair| pair.kustomization.id == *id)?;
    match pair.pin()? {
        Pin::Commit(commit) => Some(commit),
        _ => None,
    }
}
