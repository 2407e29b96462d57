//! [`Promotion`]: what becomes of one destination.

use super::checks::Checked;
use super::request::Request;
use crate::fleet::clusters::Cluster;
use crate::fleet::pins::shown;
use crate::flux::Pin;
use crate::git::CommitInfo;
use crate::path::plain_path;
use crate::publish::File;
use crate::text::count;
use std::collections::BTreeSet;

/// So many commits are kept to be shown.
const SHOWN_COMMITS: usize = 100;

/// What becomes of one destination.
#[derive(Debug)]
pub struct Promotion {
    pub cluster: String,
    /// What it runs now: a commit, or `branch main`; nothing for a cluster without a sync.
    pub from: Option<String>,
    /// The commit that it is pinned to afterwards.
    pub to: String,
    /// The path of its Kustomization, before and after, where it changes.
    pub path: Option<(String, String)>,
    /// How many commits lie between, where that is known.
    pub commits: Option<usize>,
    /// Whether the new commit is older than the pin.
    pub is_older: bool,
    /// Whether the addon gets a sync of its own.
    pub is_split: bool,
    /// The newest of the commits between.
    pub between: Vec<CommitInfo>,
    /// The files that its flavour, or the addon, is made from and that differ, as `M path`; nothing where that is not known.
    pub changed_files: Option<Vec<String>>,
    /// The files of the repository that are written.
    pub files: Vec<File>,
    /// What deserves to be said.
    pub notes: Vec<String>,
}

impl Promotion {
    /// Whether the pin moves.
    pub fn changes(&self) -> bool {
        !self.files.is_empty()
    }
}

/// What becomes of a destination whose files change like this. `applied`: the folders that the moved Kustomizations apply.
pub(super) fn promotion(
    request: &Request<'_>,
    cluster: &Cluster,
    checked: &Checked<'_>,
    applied: &[String],
    files: Vec<File>,
) -> Promotion {
    let Request { fleet, commits: history, candidate, .. } = *request;
    let folders = applied.iter().filter_map(|path| plain_path("", path));
    let reached = folders.map(|folder| fleet.repository.kustomizations.reach(&fleet.repository.files, &folder));
    let below: BTreeSet<String> = reached.flat_map(|reach| reach.folders.into_iter().chain(reach.resources)).collect();
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    let (mut between, mut commits, mut changed_files) = (Vec::new(), None, None);
    let new = candidate.commit.commit.as_str();
    if let Some(old) = checked.old_commit.as_deref() {
        let (earlier, later) = if checked.is_older { (new, old) } else { (old, new) };
        commits = history.distance(earlier, later).ok();
        if !files.is_empty() {
            between = history.between(earlier, later, SHOWN_COMMITS).unwrap_or_default();
            changed_files = history.changed_files(old, new, &below).ok();
        }
    }
    let mut notes = Vec::new();
    if let (Some(Pin::Branch(branch)), Some(old)) = (&checked.old, checked.old_commit.as_deref())
        && old != new
        && history.is_ancestor(new, old).unwrap_or(false)
    {
        let left_out = history.distance(new, old).map_or_else(|_| "commits".to_owned(), |left| count(left, "commit"));
        notes.push(format!("the pin leaves out {left_out} of {branch}, which it follows now"));
    }
    Promotion {
        cluster: cluster.name.clone(),
        from: checked.old.as_ref().map(shown),
        to: new.to_owned(),
        path: None,
        commits,
        is_older: checked.is_older,
        is_split: false,
        between,
        changed_files,
        files,
        notes,
    }
}
