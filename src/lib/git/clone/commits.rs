//! [`Commits`]: what plans ask of a clone. They can be made for a history that is written down in a test.

use super::{CommitInfo, FileState, LocalClone, Tip};
use crate::error::Result;

/// The commits of a repository, and which of its files have changes that are not committed. The methods of the same names
/// of [`LocalClone`] say more of each.
pub trait Commits {
    /// The full hash of the commit that a text stands for.
    ///
    /// # Errors
    /// There is no such commit.
    fn commit(&self, text: &str) -> Result<String>;

    /// Where a branch is.
    fn tip(&self, branch: &str) -> Option<Tip>;

    /// Whether history was cut off.
    fn is_shallow(&self) -> bool;

    /// Whether `old` is `new` or an ancestor of it.
    ///
    /// # Errors
    /// One of them is not known.
    fn is_ancestor(&self, old: &str, new: &str) -> Result<bool>;

    /// How many commits `new` has that `old` does not have.
    ///
    /// # Errors
    /// One of them is not known.
    fn distance(&self, old: &str, new: &str) -> Result<usize>;

    /// The newest of these commits, at most so many.
    ///
    /// # Errors
    /// One of them is not known.
    fn between(&self, old: &str, new: &str, limit: usize) -> Result<Vec<CommitInfo>>;

    /// The files that differ between two commits below some folders, as `M path`.
    ///
    /// # Errors
    /// One of them is not known.
    fn changed_files(&self, old: &str, new: &str, below: &[&str]) -> Result<Vec<String>>;

    /// Whether a commit has a file or folder of this path.
    ///
    /// # Errors
    /// It is not known.
    fn has_path(&self, commit: &str, path: &str) -> Result<bool>;

    /// The files below a folder of a commit.
    ///
    /// # Errors
    /// It is not known.
    fn files_below(&self, commit: &str, folder: &str) -> Result<Vec<(String, Vec<u8>)>>;

    /// What became of a file since the last commit.
    ///
    /// # Errors
    /// It is not known.
    fn state(&self, path: &str) -> Result<FileState>;
}

impl Commits for LocalClone {
    fn commit(&self, text: &str) -> Result<String> {
        LocalClone::commit(self, text)
    }

    fn tip(&self, branch: &str) -> Option<Tip> {
        LocalClone::tip(self, branch)
    }

    fn is_shallow(&self) -> bool {
        LocalClone::is_shallow(self)
    }

    fn is_ancestor(&self, old: &str, new: &str) -> Result<bool> {
        LocalClone::is_ancestor(self, old, new)
    }

    fn distance(&self, old: &str, new: &str) -> Result<usize> {
        LocalClone::distance(self, old, new)
    }

    fn between(&self, old: &str, new: &str, limit: usize) -> Result<Vec<CommitInfo>> {
        LocalClone::between(self, old, new, limit)
    }

    fn changed_files(&self, old: &str, new: &str, below: &[&str]) -> Result<Vec<String>> {
        LocalClone::changed_files(self, old, new, below)
    }

    fn has_path(&self, commit: &str, path: &str) -> Result<bool> {
        LocalClone::has_path(self, commit, path)
    }

    fn files_below(&self, commit: &str, folder: &str) -> Result<Vec<(String, Vec<u8>)>> {
        LocalClone::files_below(self, commit, folder)
    }

    fn state(&self, path: &str) -> Result<FileState> {
        LocalClone::state(self, path)
    }
}
