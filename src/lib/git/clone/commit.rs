//! Commits of the local clone. A commit holds exactly the files that are named, on top of what is there: what the user has
//! staged or changed besides stays as it is. No hook runs. Either all is done or nothing: the index is written first, then the
//! branch moves, if it still is where it was.

use super::changes::{self, Change};
use super::create::{config, signature};
use super::index::{Answered, locked, verify_unlocked, writable_index, write_index};
use super::signing::{Committing, is_signed};
use super::{Head, LocalClone, unusable};
use crate::error::{Error, ErrorKind, Result};
use crate::process::Environment;
use git2::{BranchType, ErrorCode, Index, IndexEntry, Oid, RepositoryState, Signature};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const DOING: &str = "cannot commit";

/// All that a commit needs was found to be there: see [`LocalClone::prepare_commit`].
pub struct ReadyCommit {
    head: Head,
    parent: Oid,
    branch: Branch,
    author: Signature<'static>,
    committer: Signature<'static>,
    environment: Environment,
    is_signed: bool,
}

impl std::fmt::Debug for ReadyCommit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadyCommit").field("parent", &self.parent).finish_non_exhaustive()
    }
}

/// The branch that gets the commit, by its full name.
enum Branch {
    /// The one that is checked out.
    CheckedOut(String),
    /// One that is made for it, and checked out then.
    New(String),
}

fn refused(message: impl std::fmt::Display, hint: &str) -> Error {
    Error::new(ErrorKind::Refused, format!("{DOING}: {message}")).with_hint(hint)
}

impl LocalClone {
    /// Checks that a commit can be made on the branch that is checked out, or on a new one that is then checked out. Files
    /// can be written after that. `seen` is what was checked out when they were planned.
    ///
    /// # Errors
    /// No branch is checked out, something is in progress or at work, HEAD has moved, the new branch exists
    /// ([`ErrorKind::Refused`]); the user has no identity ([`ErrorKind::Environment`]).
    pub fn prepare_commit(
        &self,
        seen: &Head,
        new_branch: Option<&str>,
        environment: &Environment,
    ) -> Result<ReadyCommit> {
        if self.repository.state() != RepositoryState::Clean {
            return Err(refused("a merge or a rebase is in progress", "end it first"));
        }
        let Some(parent) = &seen.commit else {
            return Err(refused("there is no commit yet", "make the first commit with git"));
        };
        let branch = match (new_branch, &seen.branch) {
            (Some(name), _) => {
                if !super::is_branch(name) {
                    return Err(refused(
                        format!("no branch can be named {}", name.escape_debug()),
                        "choose another name",
                    ));
                }
                if self.repository.find_branch(name, BranchType::Local).is_ok() {
                    return Err(refused(
                        format!("the branch {name} exists"),
                        "choose another name, or remove it with `git branch -d`",
                    ));
                }
                Branch::New(format!("refs/heads/{name}"))
            }
            (None, Some(name)) => Branch::CheckedOut(format!("refs/heads/{name}")),
            (None, None) => {
                return Err(refused("no branch is checked out", "check one out, or make one with --branch"));
            }
        };
        self.verify_head(seen)?;
        verify_unlocked(&self.repository, DOING)?;
        let settings = config(&self.repository, environment).map_err(unusable)?;
        Ok(ReadyCommit {
            head: seen.clone(),
            parent: self.id(parent)?,
            branch,
            author: signature("author", environment, &settings)?,
            committer: signature("committer", environment, &settings)?,
            environment: environment.clone(),
            is_signed: is_signed(&settings),
        })
    }

    /// Commits files of the work tree, whose paths are relative to the folder that was opened; those that are no longer
    /// there are removed. Returns the commit.
    ///
    /// # Errors
    /// A path is none of a file of the work tree, HEAD has moved, another process is at work ([`ErrorKind::Refused`]); the
    /// commit cannot be written or signed.
    pub fn commit_files(&self, ready: &ReadyCommit, message: &str, paths: &BTreeSet<&str>) -> Result<String> {
        let paths: Vec<PathBuf> = paths.iter().map(|path| self.committable(path)).collect::<Result<_>>()?;
        let mut index = writable_index(&self.repository).map_err(unusable)?;
        let before: Vec<Option<IndexEntry>> = paths.iter().map(|path| index.get_path(path, 0)).collect();
        let mut staged = Vec::new();
        for path in &paths {
            staged.push(self.stage(&mut index, path).map_err(unusable)?);
        }
        let parent = self.repository.find_commit(ready.parent).map_err(unusable)?;
        let tree =
            parent.tree().and_then(|base| changes::applied(&self.repository, &base, &staged)).map_err(unusable)?;
        let tree = self.repository.find_tree(tree).map_err(unusable)?;
        let ReadyCommit { author, committer, environment, is_signed, .. } = ready;
        let committing = Committing { author, committer, environment, is_signed: *is_signed };
        let commit = committing.write(&self.repository, message, &tree, &[&parent])?;
        self.verify_head(&ready.head)?;
        write_index(&mut index, DOING)?;
        if let Err(cause) = self.move_branch(ready, commit, message) {
            self.unstage(&paths, before);
            return Err(match cause.code() {
                ErrorCode::Locked => locked(DOING),
                ErrorCode::Modified | ErrorCode::Exists | ErrorCode::NotFound => moved(),
                _ => unusable(cause),
            });
        }
        Ok(commit.to_string())
    }

    /// The path below the top of the work tree, if git can have a file of that name there.
    fn committable(&self, path: &str) -> Result<PathBuf> {
        let no = |reason: &str| refused(format!("{} {reason}", path.escape_debug()), "name a file of the repository");
        let full = self.full_path(path);
        let is_plain = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
        if full.contains('\0') || !full.split('/').all(is_plain) {
            return Err(no("is not a path of a file in the repository"));
        }
        let full = PathBuf::from(full);
        let top = self.repository.workdir().unwrap_or(Path::new(""));
        let about = |path: &Path| top.join(path).symlink_metadata().ok();
        let is_link = |folder: &Path| about(folder).is_some_and(|about| about.is_symlink());
        if full.ancestors().skip(1).any(|folder| folder != Path::new("") && is_link(folder)) {
            return Err(no("is beyond a symbolic link"));
        }
        if about(&full).is_some_and(|about| about.is_dir()) {
            return Err(no("is a folder"));
        }
        Ok(full)
    }

    /// Makes the entry of a file what the work tree has. Filters such as those of line endings apply, and modes are those
    /// that git would keep.
    fn stage(&self, index: &mut Index, path: &Path) -> Answered<Change> {
        let bytes = path.as_os_str().as_encoded_bytes().to_vec();
        let top = self.repository.workdir().unwrap_or(Path::new(""));
        if top.join(path).symlink_metadata().is_err() {
            remove_entry(index, path)?;
            return Ok(Change { path: bytes, new: None });
        }
        index.add_path(path)?;
        Ok(Change { path: bytes, new: index.get_path(path, 0).map(|entry| (entry.id, entry.mode)) })
    }

    /// Takes back what was staged for a commit that did not come about, as far as it goes.
    fn unstage(&self, paths: &[PathBuf], before: Vec<Option<IndexEntry>>) {
        let Ok(mut index) = writable_index(&self.repository) else { return };
        for (path, entry) in paths.iter().zip(before) {
            let _ = match entry {
                Some(entry) => index.add(&entry),
                None => remove_entry(&mut index, path),
            };
        }
        let _ = index.write();
    }

    fn move_branch(&self, ready: &ReadyCommit, commit: Oid, message: &str) -> Answered<()> {
        let log = format!("commit: {}", message.lines().next().unwrap_or_default());
        match &ready.branch {
            Branch::CheckedOut(name) => {
                self.repository.reference_matching(name, commit, true, ready.parent, &log)?;
            }
            Branch::New(name) => {
                let mut made = self.repository.reference(name, commit, false, &log)?;
                if let Err(cause) = self.repository.set_head(name) {
                    made.delete()?;
                    return Err(cause);
                }
            }
        }
        Ok(())
    }

    fn verify_head(&self, seen: &Head) -> Result<()> {
        if self.head()? == *seen { Ok(()) } else { Err(moved()) }
    }
}

fn moved() -> Error {
    refused(
        "what is checked out has changed since the change was planned",
        "someone else has committed in this clone: see `git log` and `git status`, then run the command again",
    )
}

fn remove_entry(index: &mut Index, path: &Path) -> Answered<()> {
    match index.remove(path, 0) {
        Err(cause) if cause.code() != ErrorCode::NotFound => Err(cause),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "commit_tests.rs"]
mod tests;
