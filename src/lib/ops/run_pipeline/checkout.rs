//! [`Checkout`]: the repository as it is, from which everything of a call is taken.

use crate::error::Result;
use crate::git::{Facts, LocalClone, Settings, Snapshot};
use crate::problem::Location;
use std::path::{Path, PathBuf};

/// Where trigger files are.
pub(super) const LIGHTHOUSE: &str = ".lighthouse";

/// The clone as an event sees it.
#[derive(Debug)]
pub struct Checkout {
    pub clone: LocalClone,
    /// What it shows of the event.
    pub facts: Facts,
    pub snapshot: Snapshot,
    /// The files that a pull request would change.
    pub changed: Vec<String>,
    /// The folder of the repository: where `.lighthouse` is.
    pub root: PathBuf,
    /// Where kfleet was started below that, with a slash after it; empty for the folder itself.
    pub here: String,
}

impl Checkout {
    /// Takes the repository of a folder as it is: the folder itself where it has pipelines, else the top of the clone.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn take(folder: &Path, base: Option<&str>, temporary: &Path, settings: &Settings) -> Result<Checkout> {
        let (mut clone, mut root, mut here) = (LocalClone::open(folder)?, folder.to_owned(), String::new());
        if !folder.join(LIGHTHOUSE).is_dir() {
            here = clone.full_path("");
            root = folder.join(up(&here));
            clone = LocalClone::open(&root)?;
        }
        let facts = clone.facts(base)?;
        let snapshot = clone.snapshot(temporary, settings)?;
        let changed = match &facts.base {
            Some(base) => clone.files_changed_since(base, &snapshot)?,
            None => Vec::new(),
        };
        Ok(Checkout { clone, facts, snapshot, changed, root, here })
    }

    /// The branch of the throwaway remote that the head is on; where none is checked out, one that only that remote has.
    pub fn head_branch(&self) -> String {
        self.facts.branch.clone().unwrap_or_else(|| "kfleet-head".to_owned())
    }

    /// What is checked out, for people.
    pub(super) fn head_name(&self) -> String {
        match (&self.facts.branch, &self.facts.head) {
            (Some(branch), _) => branch.clone(),
            (None, Some(commit)) => format!("detached HEAD at {}", commit.get(..10).unwrap_or(commit)),
            (None, None) => "detached HEAD".to_owned(),
        }
    }

    /// The way from the current folder to the repository, for paths that are shown.
    pub(super) fn up(&self) -> String {
        up(&self.here)
    }

    /// What is put before paths of the base branch.
    pub(super) fn base_prefix(&self) -> String {
        format!("{}:", self.facts.base_branch)
    }

    /// Whether a location is in the base branch.
    pub(super) fn is_of_base(&self, location: &Location) -> bool {
        location.file.starts_with(&self.base_prefix())
    }
}

/// The way up from a folder, which is empty or ends with a slash.
pub(super) fn up(below: &str) -> String {
    "../".repeat(below.matches('/').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_up_is_as_long_as_the_way_down() {
        assert_eq!((up(""), up("a/b/")), (String::new(), "../../".to_owned()));
    }
}
