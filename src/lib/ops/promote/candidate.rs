//! [`Candidate`]: the commit that is promoted, and why it is that one. This is read from the clone before a plan is made.

use crate::error::{Error, ErrorKind, Result};
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::pins::{shown, tracked_branch};
use crate::fleet::select_sync::{NoPair, running_pair, unread};
use crate::flux::{Pair, Pin};
use crate::git::{CommitInfo, Commits, LocalClone};
use crate::text::short;

/// The commit that is promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
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
    /// This cluster is pinned to it.
    Pinned(String),
    /// A cluster follows a branch whose newest commit it is.
    Newest { cluster: String, branch: String },
    /// The user has named it.
    Named,
    /// It is the pin that this cluster had before the present one.
    Previous(String),
}

impl Candidate {
    /// The cluster that runs the commit, if it comes from one.
    pub fn source(&self) -> Option<&str> {
        match &self.reason {
            Reason::Pinned(cluster) | Reason::Newest { cluster, .. } => Some(cluster),
            Reason::Named | Reason::Previous(_) => None,
        }
    }
}

/// A commit that the user has named, for the pins of these clusters.
///
/// # Errors
/// The clone has no such commit.
pub fn named(
    fleet: &Clusters,
    clone: &LocalClone,
    revision: &str,
    addon: Option<&str>,
    clusters: &[String],
) -> Result<Candidate> {
    let commit = clone.about(&clone.commit(revision)?)?;
    let branch = clusters.iter().find_map(|name| {
        let cluster = fleet.get(name)?;
        branch_of(clone, cluster, running_pair(fleet, cluster, addon).ok()?)
    });
    Ok(Candidate { commit, reason: Reason::Named, branch, notes: Vec::new() })
}

/// A commit that the user has named, where it comes from a cluster: that which it runs. With `allow_unproven` another one
/// may be named; it then does not come from that cluster.
///
/// # Errors
/// The clone has no such commit, or the cluster runs another one, or nobody knows which.
pub fn named_from(
    fleet: &Clusters,
    clone: &LocalClone,
    source: &Cluster,
    (revision, addon): (&str, Option<&str>),
    allow_unproven: bool,
) -> Result<Candidate> {
    let named = named(fleet, clone, revision, addon, std::slice::from_ref(&source.name))?;
    let commit = &named.commit.commit;
    let message = match candidate_of(fleet, clone, source, addon) {
        Ok(running) if running.commit.commit == *commit => return Ok(running),
        _ if allow_unproven => return Ok(named),
        Ok(running) => format!("{} runs {}, not {}", source.name, short(&running.commit.commit), short(commit)),
        Err(error) => format!("whether {} runs {} is not known: {}", source.name, short(commit), error.message),
    };
    let hint = format!("promote it to {} first, or allow it with --allow-unproven", source.name);
    Err(Error::new(ErrorKind::Refused, message).with_hint(hint))
}

/// What a cluster runs, or what it has one addon from.
///
/// # Errors
/// The cluster has no sync that shows it, or its pin is not a commit of the clone.
pub fn candidate_of(fleet: &Clusters, clone: &LocalClone, cluster: &Cluster, addon: Option<&str>) -> Result<Candidate> {
    // The pin that counts may be in what cannot be read: another one would be taken for it.
    if let Some(problem) = unread(fleet, cluster) {
        let message = format!("{}: {}", problem.location, problem.message);
        return Err(Error::new(ErrorKind::Refused, message).with_hint("repair the file, or name the commit with --to"));
    }
    let pair = running_pair(fleet, cluster, addon).map_err(|reason| match reason {
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
    if let Some(repository) = &pair.repository
        && fleet.repository.files.replaced.contains_key(&repository.origin.file)
    {
        let file = &repository.origin.file;
        notes.push(format!("{file}: the pin in the work tree is not committed: the committed one counts"));
    }
    let branch = branch_of(clone, cluster, pair);
    match pair.pin() {
        Some(Pin::Commit(pinned)) => {
            let found = clone.commit(&pinned).map_err(|error| Error {
                message: format!("the pin of {}: {}", cluster.name, error.message),
                ..error
            })?;
            let commit = clone.about(&found)?;
            Ok(Candidate { commit, reason: Reason::Pinned(cluster.name.clone()), branch, notes })
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
            let reason = Reason::Newest { cluster: cluster.name.clone(), branch: followed.clone() };
            Ok(Candidate { commit, reason, branch: Some(followed), notes })
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

/// The branch that a cluster's pin has to be on, as far as the clone knows it.
pub(super) fn branch_of(clone: &LocalClone, cluster: &Cluster, pair: &Pair) -> Option<String> {
    tracked_branch(cluster, pair, |branch| clone.tip(branch).is_some())
}
