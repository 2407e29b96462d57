//! [`Tree`]: files as a value. Plans turn trees into trees and are tested with trees written as literals.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::path::Path;

use super::{Error, Input, Result, WalkOptions, walk};

/// An ordered map from relative path (`/` between its parts, no leading `./`) to content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree(BTreeMap<String, Vec<u8>>);

/// How one path differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Only the newer tree has it.
    Added(String),
    /// Only the older tree has it.
    Removed(String),
    /// Both have it, with different content.
    Changed(String),
}

impl Tree {
    /// Reads all regular files below a folder, hidden and git-ignored ones included, `.git` excluded. Symbolic links
    /// and special files are left out. Names that are not UTF-8 are an error.
    pub fn from_dir(dir: &Path) -> Result<Tree> {
        let found = walk(&[dir.to_owned()], &WalkOptions { helm_templates: true, ..WalkOptions::default() });
        if let Some(problem) = found.problems.into_iter().next() {
            return Err(Error { hint: problem.hint, ..Error::new("read", problem.location.file, problem.message) });
        }
        let mut tree = Tree::default();
        for file in found.files {
            let rest = file.path.strip_prefix(dir).unwrap_or(&file.path);
            let Some(path) = rest.to_str() else {
                return Err(Error::new("read", file.name, "the name is not valid UTF-8"));
            };
            let path = path.to_owned();
            tree.insert(path, Input::from_file(&file, u64::MAX)?.into_bytes()?);
        }
        Ok(tree)
    }

    /// What turns this tree into `newer`, in the order of the paths.
    pub fn diff(&self, newer: &Tree) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        for (path, old) in &self.0 {
            match newer.get(path) {
                None => changes.push(Change::Removed(path.clone())),
                Some(new) if new != old => changes.push(Change::Changed(path.clone())),
                Some(_) => {}
            }
        }
        changes.extend(newer.keys().filter(|path| !self.contains_key(*path)).cloned().map(Change::Added));
        changes.sort_by(|a, b| a.path().cmp(b.path()));
        changes
    }
}

impl Change {
    /// The path that differs.
    pub fn path(&self) -> &str {
        match self {
            Change::Added(path) | Change::Removed(path) | Change::Changed(path) => path,
        }
    }
}

impl Deref for Tree {
    type Target = BTreeMap<String, Vec<u8>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Tree {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<P: Into<String>, C: Into<Vec<u8>>, const N: usize> From<[(P, C); N]> for Tree {
    fn from(pairs: [(P, C); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<P: Into<String>, C: Into<Vec<u8>>> FromIterator<(P, C)> for Tree {
    fn from_iter<I: IntoIterator<Item = (P, C)>>(pairs: I) -> Self {
        Tree(pairs.into_iter().map(|(path, content)| (path.into(), content.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_folder_and_tells_what_changed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("b/.git")).unwrap();
        for (path, content) in [("a", "1"), ("b/.hidden", "2"), ("b/.git/x", "3"), (".gitignore", "a\n")] {
            std::fs::write(dir.path().join(path), content).unwrap();
        }
        let read = Tree::from_dir(dir.path()).unwrap();
        assert_eq!(read, Tree::from([(".gitignore", "a\n"), ("a", "1"), ("b/.hidden", "2")]));
        let newer = Tree::from([(".gitignore", "a\n"), ("a", "one"), ("c", "3")]);
        let expected = [Change::Changed("a".into()), Change::Removed("b/.hidden".into()), Change::Added("c".into())];
        assert_eq!(read.diff(&newer), expected);
        assert!(Tree::from_dir(&dir.path().join("none")).is_err());
    }
}
