//! What rules ask of the repository's history. Where there is no clone to ask, those rules are passed over and counted.

use crate::git::{Commits, LocalClone, Resolved};

/// A clone of the repository that clusters sync from.
pub trait Revisions {
    /// The commit that a full or abbreviated hash names.
    fn resolve(&self, hash: &str) -> Resolved;

    /// Whether a commit, by its full hash, can be reached from the tip of a branch of the remote; nothing where that
    /// is not known.
    fn is_reachable(&self, commit: &str, branch: &str) -> Option<bool>;

    /// Whether a commit has a file or folder of this path; nothing where that is not known.
    fn has_path(&self, commit: &str, path: &str) -> Option<bool>;

    /// The commit at the tip of a branch of the remote, as far as it was fetched.
    fn tip(&self, branch: &str) -> Option<String>;

    /// Whether its history is cut off: what it does not know may be there.
    fn is_shallow(&self) -> bool {
        false
    }

    /// How many commits the second commit has that the first does not have; nothing where that is not known.
    fn distance(&self, old: &str, new: &str) -> Option<usize>;
}

impl Revisions for LocalClone {
    fn resolve(&self, hash: &str) -> Resolved {
        LocalClone::resolve(self, hash)
    }

    fn is_reachable(&self, commit: &str, branch: &str) -> Option<bool> {
        let tip = Commits::tip(self, branch)?;
        match self.is_ancestor(commit, &tip.commit) {
            Ok(false) if Commits::is_shallow(self) => None,
            other => other.ok(),
        }
    }

    fn has_path(&self, commit: &str, path: &str) -> Option<bool> {
        Commits::has_path(self, commit, path).ok()
    }

    fn is_shallow(&self) -> bool {
        Commits::is_shallow(self)
    }

    fn tip(&self, branch: &str) -> Option<String> {
        Commits::tip(self, branch).map(|tip| tip.commit)
    }

    fn distance(&self, old: &str, new: &str) -> Option<usize> {
        Commits::distance(self, old, new).ok().filter(|_| !Commits::is_shallow(self))
    }
}
