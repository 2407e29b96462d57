//! The files of the local clone: those of its commits, and what became of them in the work tree.

use super::{LocalClone, unusable};
use crate::error::Result;
use git2::{Delta, DiffOptions, ErrorCode, ObjectType, Oid, Status, TreeWalkMode, TreeWalkResult};
use std::path::Path;

/// What became of a file since the last commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Nothing.
    Clean,
    /// It differs, in the work tree or in what is staged.
    Changed,
    /// Git does not know it.
    Untracked,
    /// A merge has left it in conflict.
    Conflicted,
}

impl LocalClone {
    /// Whether a commit has a file or folder of this path, relative to the folder that was opened.
    ///
    /// # Errors
    /// The commit is not here.
    pub fn has_path(&self, commit: &str, path: &str) -> Result<bool> {
        let tree = self.find(commit)?.tree().map_err(|cause| unusable(&cause))?;
        let path = self.full_path(path);
        let path = path.trim_end_matches('/');
        Ok(path.is_empty() || tree.get_path(Path::new(path)).is_ok())
    }

    /// A file of a commit; nothing where it has none of this path.
    ///
    /// # Errors
    /// The commit is not here.
    pub fn read(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>> {
        let tree = self.find(commit)?.tree().map_err(|cause| unusable(&cause))?;
        Ok(self.blob_id(&tree, &self.full_path(path)).and_then(|id| self.blob(id)))
    }

    /// The files below a folder of a commit; none where it has no such folder. Links and submodules are left out.
    ///
    /// # Errors
    /// The commit is not here.
    pub fn files_below(&self, commit: &str, folder: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let tree = self.find(commit)?.tree().map_err(|cause| unusable(&cause))?;
        let entry = tree.get_path(Path::new(&self.full_path(folder))).ok();
        let below = entry.and_then(|entry| self.repository.find_tree(entry.id()).ok());
        let mut files = Vec::new();
        let walked = below.map(|below| {
            below.walk(TreeWalkMode::PreOrder, |above, entry| {
                let is_file = entry.kind() == Some(ObjectType::Blob) && entry.filemode() != 0o120_000;
                if let (true, Ok(name)) = (is_file, entry.name())
                    && let Some(bytes) = self.blob(entry.id())
                {
                    files.push((format!("{folder}/{above}{name}"), bytes));
                }
                TreeWalkResult::Ok
            })
        });
        walked.transpose().map_err(|cause| unusable(&cause))?;
        Ok(files)
    }

    fn blob_id(&self, tree: &git2::Tree<'_>, path: &str) -> Option<Oid> {
        let entry = tree.get_path(Path::new(path)).ok()?;
        (entry.kind() == Some(ObjectType::Blob)).then(|| entry.id())
    }

    pub(in crate::git) fn blob(&self, id: Oid) -> Option<Vec<u8>> {
        self.repository.find_blob(id).ok().map(|blob| blob.content().to_vec())
    }

    /// The files that differ between two commits below some folders, as `A path`, `M path` or `D path`.
    ///
    /// # Errors
    /// One of them is not here.
    pub fn changed_files(&self, old: &str, new: &str, below: &[&str]) -> Result<Vec<String>> {
        let tree = |commit: &str| self.find(commit)?.tree().map_err(|cause| unusable(&cause));
        let key = (self.id(old)?, self.id(new)?, below.iter().map(|folder| (*folder).to_owned()).collect::<Vec<_>>());
        if let Some(known) = self.known.borrow().changed.get(&key) {
            return Ok(known.clone());
        }
        let mut options = DiffOptions::new();
        options.disable_pathspec_match(true);
        for folder in below {
            options.pathspec(self.full_path(folder));
        }
        let diff = self.repository.diff_tree_to_tree(Some(&tree(old)?), Some(&tree(new)?), Some(&mut options));
        let diff = diff.map_err(|cause| unusable(&cause))?;
        let mut changed = Vec::new();
        for delta in diff.deltas() {
            let letter = match delta.status() {
                Delta::Added => 'A',
                Delta::Deleted => 'D',
                _ => 'M',
            };
            let file = delta.new_file().path().or(delta.old_file().path());
            if let Some(path) = file.map(|path| path.display().to_string()) {
                let path = path.strip_prefix(&self.prefix).unwrap_or(&path);
                changed.push(format!("{letter} {path}"));
            }
        }
        self.known.borrow_mut().changed.insert(key, changed.clone());
        Ok(changed)
    }

    /// What became of a file since the last commit.
    ///
    /// # Errors
    /// It cannot be found out.
    pub fn state(&self, path: &str) -> Result<FileState> {
        self.state_of(&self.full_path(path))
    }

    /// As [`LocalClone::state`], of a path below the top of the work tree.
    pub(in crate::git) fn state_of(&self, path: &str) -> Result<FileState> {
        let status = match self.repository.status_file(Path::new(path)) {
            Ok(status) => status,
            // Neither in the work tree nor in a commit.
            Err(cause) if cause.code() == ErrorCode::NotFound => return Ok(FileState::Clean),
            Err(cause) => return Err(unusable(&cause)),
        };
        Ok(match status {
            status if status.is_empty() || status == Status::IGNORED => FileState::Clean,
            status if status.contains(Status::CONFLICTED) => FileState::Conflicted,
            status if status.contains(Status::WT_NEW) => FileState::Untracked,
            _ => FileState::Changed,
        })
    }
}
