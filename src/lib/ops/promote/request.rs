//! What is asked of a promotion, and what all destinations of a run have in common.

use super::candidate::Candidate;
use super::snapshots::Snapshots;
use crate::fleet::clusters::{Cluster, Clusters};
use crate::git::Commits;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The clusters whose pins move.
    pub destinations: Vec<String>,
    /// The commit may be older than a pin: what a rollback is.
    pub allow_older: bool,
    /// A destination without a sync gets the source's with its patches.
    pub with_patches: bool,
    /// A destination gets the path that the source applies too.
    pub with_path: bool,
    /// Destinations that are refused do not stop the others.
    pub keep_going: bool,
    /// Only the pin of this addon moves.
    pub addon: Option<String>,
    /// A destination that has the addon by its flavour gives it a sync of its own.
    pub split: bool,
}

/// What all destinations of a run have in common.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub fleet: &'a Clusters,
    pub commits: &'a dyn Commits,
    /// The cluster that the commit comes from, if it comes from one.
    pub source: Option<&'a Cluster>,
    pub candidate: &'a Candidate,
    pub options: &'a Options,
    pub snapshots: &'a Snapshots<'a>,
}
