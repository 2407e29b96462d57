//! [`Candidate`]: the commit that is promoted, and why it is that one. This is read from the clone before a plan is made.

use crate::error::{Error, ErrorKind, Result};
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::pins::{pinned_commit, shown, tracked_branch};
use crate::fleet::select_sync::{NoPair, addon_pair, main_pair, running_pair, unread};
use crate::flux::{ObjectName, Pair, Pin};
use crate::git::{CommitInfo, FileChange, LocalClone};
use crate::text::short;
use crate::tree::Tree;
use std::collections::BTreeSet;

/// The commit that is promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The name of the cluster that it comes from.
    pub source: String,
    pub commit: CommitInfo,
    /// Why it is this one.
    pub reason: Reason,
    /// The branch that the source tracks, where it is known.
    pub branch: Option<String>,
    /// What deserves to be said.
    pub notes: Vec<String>,
}

/// Why a commit is promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
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
/// The cluster has no sync that shows it, its pin is not a commit of the clone, or the revision is none.
pub fn candidate_of(
    fleet: &Clusters,
    clone: &LocalClone,
    cluster: &Cluster,
    addon: Option<&str>,
    revision: Option<&str>,
) -> Result<Candidate> {
    let pair = running_pair(fleet, cluster, addon);
    if let Some(revision) = revision {
        let commit = clone.about(&clone.commit(revision)?)?;
        let branch = pair.ok().and_then(|pair| branch_of(clone, cluster, pair));
        let source = cluster.name.clone();
        return Ok(Candidate { source, commit, reason: Reason::Named, branch, notes: Vec::new() });
    }
    // The pin that counts may be in what cannot be read: another one would be taken for it.
    if let Some(problem) = unread(fleet, cluster) {
        let message = format!("{}: {}", problem.location, problem.message);
        return Err(Error::new(ErrorKind::Refused, message).with_hint("repair the file, or name the commit with --to"));
    }
    let pair = pair.map_err(|reason| match reason {
        NoPair::None => {
            let message = format!("{} has no sync that could be promoted", cluster.name);
            Error::new(ErrorKind::Refused, message).with_hint("name the commit with --to")
        }
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
    let branch = branch_of(clone, cluster, pair);
    match pair.pin() {
        Some(Pin::Commit(pinned)) => {
            let found = clone.commit(&pinned).map_err(|error| Error {
                message: format!("the pin of {}: {}", cluster.name, error.message),
                ..error
            })?;
            let commit = clone.about(&found)?;
            Ok(Candidate { source: cluster.name.clone(), commit, reason: Reason::Pinned, branch, notes })
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
            let source = cluster.name.clone();
            Ok(Candidate { source, commit, reason: Reason::Newest(followed.clone()), branch: Some(followed), notes })
        }
        Some(pin) => {
            let message = format!("{} is pinned to {}, not to a commit", cluster.name, shown(&pin));
            Err(Error::new(ErrorKind::Refused, message).with_hint("name the commit with --to"))
        }
        None => {
            let message =
                format!("the sync of {} takes its manifests from a source that is not in its folder", cluster.name);
            Err(Error::new(ErrorKind::Refused, message)
                .with_hint("`kfleet vet` shows more; or name a commit with --to"))
        }
    }
}

/// The pin that a cluster, or one addon of it, had before its present one, from the history of the file that holds it.
///
/// # Errors
/// The cluster has no pin, or never had another one.
pub fn previous_pin(fleet: &Clusters, clone: &LocalClone, cluster: &Cluster, addon: Option<&str>) -> Result<Candidate> {
    let refuse = |message: String, hint: &str| Err(Error::new(ErrorKind::Refused, message).with_hint(hint));
    let pair = match addon {
        Some(addon) => match addon_pair(fleet, cluster, addon) {
            Ok(Some(pair)) => Ok(pair),
            Ok(None) => {
                let message = format!("{} has no sync of its own for {addon}", cluster.name);
                return refuse(message, "roll the whole cluster back, or give the addon its own with `kfleet promote`");
            }
            Err(reason) => Err(reason),
        },
        None => main_pair(fleet, cluster),
    };
    let Ok(pair) = pair else {
        return refuse(format!("{} has no sync that could be rolled back", cluster.name), "`kfleet vet` shows more");
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
    let beside = fleet.repository.files.texts.get(beside).map(|text| (beside.as_str(), text.as_slice()));
    let mut pins = before.filter_map(|text| pin_in(file, text, beside, cluster, &pair.kustomization.id));
    let Some(previous) = pins.find(|pin| *pin != present) else {
        let message =
            format!("{} had no other pin than {}: {file} has none in its history", cluster.name, short(&present));
        return refuse(message, "name the commit with --to");
    };
    let commit = clone.about(&clone.commit(&previous)?)?;
    let branch = branch_of(clone, cluster, pair);
    Ok(Candidate { source: cluster.name.clone(), commit, reason: Reason::Previous, branch, notes: Vec::new() })
}

/// The branch that a cluster's pin has to be on, as far as the clone knows it.
fn branch_of(clone: &LocalClone, cluster: &Cluster, pair: &Pair) -> Option<String> {
    tracked_branch(cluster, pair, |branch| clone.tip(branch).is_some())
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
    pinned_commit(pair)
}
