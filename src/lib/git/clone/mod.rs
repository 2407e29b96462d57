//! [`LocalClone`]: the repository that a folder belongs to, as it was fetched: revisions, ancestry, files of commits. Read
//! and written by libgit2; nothing goes over the network.

mod changes;
mod commit;
mod create;
mod history;
mod index;
mod push_target;
mod rebase;
mod revisions;
mod signing;
mod sparse;
mod uncommitted;

pub use commit::ReadyCommit;
pub use create::{About, NewRepository, about, default_branch, is_branch, remove_locks, reset_index};
pub use history::FileChange;
pub use push_target::PushTarget;
pub use revisions::{CommitInfo, Commits, FileState, Resolved, Tip};

pub(super) use revisions::info_of;

use super::read::{branch_of, open};
use crate::error::{Error, ErrorKind, Result};
use git2::{ErrorCode, Oid, Repository};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub struct LocalClone {
    pub(in crate::git) repository: Repository,
    /// The folder's path below the top of the work tree, with a slash after it; empty for the top.
    pub(in crate::git) prefix: String,
    /// What was asked for already: many clusters have the same few pins.
    known: RefCell<Known>,
}

/// Answers about pairs of commits.
#[derive(Default)]
struct Known {
    distances: HashMap<(Oid, Oid), usize>,
    ancestors: HashMap<(Oid, Oid), bool>,
    between: HashMap<(Oid, Oid, usize), Vec<CommitInfo>>,
    changed: HashMap<(Oid, Oid, Vec<String>), Vec<String>>,
}

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The branch; nothing where a commit is checked out without one.
    pub branch: Option<String>,
    /// Its commit; nothing before the first one.
    pub commit: Option<String>,
}

impl std::fmt::Debug for LocalClone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalClone").field("path", &self.repository.path()).finish_non_exhaustive()
    }
}

impl LocalClone {
    /// Opens the repository that a folder is in, or one above it.
    ///
    /// # Errors
    /// There is none, it has no work tree, or it cannot be read ([`ErrorKind::Environment`]).
    pub fn open(folder: &Path) -> Result<LocalClone> {
        let doing = "cannot read the git repository";
        let none = || {
            Error::new(ErrorKind::Environment, "this folder is in no git repository")
                .with_hint("run kfleet in a clone of the fleet's repository, or name it with -C")
        };
        let found = Repository::discover(folder).map_err(|cause| match cause.code() {
            ErrorCode::NotFound => none(),
            _ => unopenable(folder, &cause),
        })?;
        let repository = open(found.workdir().unwrap_or(found.path()), doing)?;
        let Some(top) = repository.workdir() else {
            let error = Error::new(ErrorKind::Environment, "the git repository has no work tree");
            return Err(error.with_hint("run kfleet in a clone that was not made with --bare"));
        };
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let below = real(folder).strip_prefix(real(top)).map(|path| path.display().to_string()).unwrap_or_default();
        let prefix = if below.is_empty() { below } else { format!("{below}/") };
        Ok(LocalClone { repository, prefix, known: RefCell::default() })
    }

    /// The folder that distinguishes clones: all work trees of one have the same, that of its first work tree.
    pub fn home(&self) -> PathBuf {
        let git_folder = self.repository.commondir();
        let git_folder = git_folder.canonicalize().unwrap_or_else(|_| git_folder.to_owned());
        match (git_folder.file_name(), git_folder.parent()) {
            (Some(name), Some(parent)) if name == ".git" => parent.to_owned(),
            _ => git_folder,
        }
    }

    /// The path of a file of the folder below the top of the work tree.
    pub fn full_path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// What is checked out.
    pub fn head(&self) -> Result<Head> {
        let branch = branch_of(&self.repository).map_err(unusable)?;
        let commit = self.repository.head().ok().and_then(|head| head.peel_to_commit().ok());
        Ok(Head { branch, commit: commit.map(|commit| commit.id().to_string()) })
    }

    /// Whether there is a remote to fetch from.
    pub fn has_remote(&self) -> bool {
        self.repository.find_remote(&self.remote_name()).is_ok()
    }

    /// The remote to fetch from: that of the branch that is checked out, or else the usual one.
    pub fn remote_name(&self) -> String {
        let branch = self.head().ok().and_then(|head| head.branch);
        let remote =
            branch.and_then(|branch| self.repository.branch_upstream_remote(&format!("refs/heads/{branch}")).ok());
        let remote = remote.and_then(|name| name.as_str().ok().map(str::to_owned));
        remote.filter(|name| self.repository.find_remote(name).is_ok()).unwrap_or_else(|| self.usual_remote())
    }

    /// `origin`, or the only remote.
    pub(in crate::git) fn usual_remote(&self) -> String {
        let names = self.repository.remotes().ok();
        let names: Vec<String> =
            names.iter().flat_map(|names| names.iter()).filter_map(|name| Some(name.ok()??.to_owned())).collect();
        match &names[..] {
            [only] => only.clone(),
            _ => "origin".to_owned(),
        }
    }
}

/// The error of a repository that is there and cannot be opened, by its true name.
fn unopenable(folder: &Path, cause: &git2::Error) -> Error {
    let message = format!("cannot open the git repository of {}: {}", folder.display(), cause.message());
    let error = Error::new(ErrorKind::Environment, message);
    match cause.code() {
        ErrorCode::Owner => {
            error.with_hint("it belongs to another user: `git config --global --add safe.directory FOLDER` trusts it")
        }
        // libgit2 1.9 knows neither the object format SHA-256 nor reftables.
        _ if cause.message().contains("extension") || cause.message().contains("object format") => {
            error.with_hint("kfleet reads repositories with SHA-1 hashes and plain references only")
        }
        _ => error.with_hint("see what `git fsck` says"),
    }
}

pub(in crate::git) fn unusable(cause: git2::Error) -> Error {
    Error::new(ErrorKind::Environment, format!("cannot read the git repository: {}", cause.message())).with_hint(
        "see what `git fsck` says; a shallow or partial clone may lack what is needed: `git fetch --unshallow`",
    )
}

#[cfg(test)]
#[path = "clone_tests.rs"]
mod tests;
