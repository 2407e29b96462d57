//! The commits of the local clone and their files: which commit a text stands for, where branches are, which commit comes
//! before which. [`Commits`] is what plans ask; it can be made for a history that is written down in a test.

use super::{LocalClone, unusable};
use crate::error::{Error, ErrorKind, Result};
use crate::suggest::nearest;
use crate::text::is_commit;
use git2::{
    BranchType, Commit, Delta, DiffOptions, ErrorCode, ObjectType, Oid, Sort, Status, TreeWalkMode, TreeWalkResult,
};
use std::path::Path;

/// Where a branch is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// The commit that counts: the remote's, where there is one.
    pub commit: String,
    /// The name of the remote-tracking branch, such as `origin/main`.
    pub remote: Option<String>,
    /// The commits of the local branch that the remote does not have.
    pub unpushed: usize,
}

/// A commit, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    /// Its full hash.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// The name of its author.
    pub author: String,
    /// When it was made as it is, in seconds since 1970.
    pub committed: i64,
    /// When its change was written first: before a rebase, say.
    pub authored: i64,
    /// The lines `Key: value` at the end of its message.
    pub trailers: Vec<(String, String)>,
}

/// What a short or full hash, a branch or a tag stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// A commit, by its full hash.
    Commit(String),
    /// Nothing that is here.
    Unknown,
    /// More than one object.
    Ambiguous,
}

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

/// The commits of a repository, and which of its files have changes that are not committed. Paths are relative to the
/// folder that was opened. A commit that is not here is an error, and so is a hash that is too short.
pub trait Commits {
    /// The full hash of the commit that a text stands for, as [`LocalClone::resolve`] finds it.
    fn commit(&self, text: &str) -> Result<String>;

    /// Where a branch is: the remote's, as far as it was fetched, or else the local one.
    fn tip(&self, branch: &str) -> Option<Tip>;

    /// Whether history was cut off when it was cloned.
    fn is_shallow(&self) -> bool;

    /// Whether `old` is `new` or an ancestor of it.
    fn is_ancestor(&self, old: &str, new: &str) -> Result<bool>;

    /// How many commits `new` has that `old` does not have (`git rev-list --count old..new`).
    fn distance(&self, old: &str, new: &str) -> Result<usize>;

    /// The newest of these commits, newest first, at most so many.
    fn between(&self, old: &str, new: &str, limit: usize) -> Result<Vec<CommitInfo>>;

    /// The files that differ between two commits below some folders, as `A path`, `M path` or `D path`.
    fn changed_files(&self, old: &str, new: &str, below: &[&str]) -> Result<Vec<String>>;

    /// Whether a commit has a file or folder of this path.
    fn has_path(&self, commit: &str, path: &str) -> Result<bool>;

    /// The files below a folder of a commit; none where it has no such folder. Links and submodules are left out.
    fn files_below(&self, commit: &str, folder: &str) -> Result<Vec<(String, Vec<u8>)>>;

    /// What became of a file since the last commit.
    fn state(&self, path: &str) -> Result<FileState>;
}

impl Commits for LocalClone {
    fn commit(&self, text: &str) -> Result<String> {
        match self.resolve(text) {
            Resolved::Commit(commit) => Ok(commit),
            Resolved::Ambiguous => Err(Error::new(ErrorKind::Failed, format!("{text} begins more than one object"))
                .with_hint("write more digits of it")),
            Resolved::Unknown => {
                let error = Error::new(ErrorKind::Failed, format!("the clone has no commit {text}"));
                let names = self.branches();
                let near = nearest(text, names.iter().map(String::as_str));
                Err(match near.first() {
                    _ if self.is_shallow() => error.with_hint("the clone is shallow: run `git fetch --unshallow`"),
                    Some(near) if !is_commit(text) => error.with_hint(format!("the nearest name is {near}")),
                    _ => error.with_hint("run `git fetch`, and check the spelling"),
                })
            }
        }
    }

    fn tip(&self, branch: &str) -> Option<Tip> {
        let local = self.repository.find_branch(branch, BranchType::Local).ok();
        let upstream = local.as_ref().and_then(|local| local.upstream().ok());
        let remote = upstream.or_else(|| {
            let name = format!("{}/{branch}", self.remote_name());
            self.repository.find_branch(&name, BranchType::Remote).ok()
        });
        let id = |branch: &git2::Branch<'_>| branch.get().peel_to_commit().ok().map(|commit| commit.id());
        let local_id = local.as_ref().and_then(id);
        let Some((remote, remote_id)) = remote.and_then(|remote| {
            let id = id(&remote)?;
            Some((remote.name().ok().flatten()?.to_owned(), id))
        }) else {
            return local_id.map(|id| Tip { commit: id.to_string(), remote: None, unpushed: 0 });
        };
        let unpushed = local_id.map_or(0, |local| self.count(remote_id, local));
        Some(Tip { commit: remote_id.to_string(), remote: Some(remote), unpushed })
    }

    fn is_shallow(&self) -> bool {
        self.repository.is_shallow()
    }

    fn is_ancestor(&self, old: &str, new: &str) -> Result<bool> {
        let (old, new) = (self.id(old)?, self.id(new)?);
        if let Some(known) = self.known.borrow().ancestors.get(&(old, new)) {
            return Ok(*known);
        }
        let is = old == new || self.repository.graph_descendant_of(new, old).map_err(unusable)?;
        self.known.borrow_mut().ancestors.insert((old, new), is);
        Ok(is)
    }

    fn distance(&self, old: &str, new: &str) -> Result<usize> {
        Ok(self.count(self.id(old)?, self.id(new)?))
    }

    fn between(&self, old: &str, new: &str, limit: usize) -> Result<Vec<CommitInfo>> {
        let (old, new) = (self.id(old)?, self.id(new)?);
        if let Some(known) = self.known.borrow().between.get(&(old, new, limit)) {
            return Ok(known.clone());
        }
        let mut walk = self.repository.revwalk().map_err(unusable)?;
        let prepared = walk
            .set_sorting(Sort::TOPOLOGICAL | Sort::TIME)
            .and_then(|()| walk.push(new))
            .and_then(|()| walk.hide(old));
        prepared.map_err(unusable)?;
        let commits = walk.take(limit).map(|id| id.and_then(|id| self.repository.find_commit(id)));
        let commits = commits.map(|commit| commit.map(|commit| info_of(&commit)).map_err(unusable));
        let commits: Vec<CommitInfo> = commits.collect::<Result<_>>()?;
        self.known.borrow_mut().between.insert((old, new, limit), commits.clone());
        Ok(commits)
    }

    fn changed_files(&self, old: &str, new: &str, below: &[&str]) -> Result<Vec<String>> {
        let tree = |commit: &str| self.find(commit)?.tree().map_err(unusable);
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
        let diff = diff.map_err(unusable)?;
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

    fn has_path(&self, commit: &str, path: &str) -> Result<bool> {
        let tree = self.find(commit)?.tree().map_err(unusable)?;
        let path = self.full_path(path);
        let path = path.trim_end_matches('/');
        Ok(path.is_empty() || tree.get_path(Path::new(path)).is_ok())
    }

    fn files_below(&self, commit: &str, folder: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let tree = self.find(commit)?.tree().map_err(unusable)?;
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
        walked.transpose().map_err(unusable)?;
        Ok(files)
    }

    fn state(&self, path: &str) -> Result<FileState> {
        self.state_of(&self.full_path(path))
    }
}

impl LocalClone {
    /// The commit that a text of the user's stands for: a hash, a branch, a tag, `HEAD~1`.
    pub fn resolve(&self, text: &str) -> Resolved {
        match self.repository.revparse_single(text).and_then(|object| object.peel(ObjectType::Commit)) {
            Ok(commit) => Resolved::Commit(commit.id().to_string()),
            Err(cause) if cause.code() == ErrorCode::Ambiguous => Resolved::Ambiguous,
            Err(_) => Resolved::Unknown,
        }
    }

    fn branches(&self) -> Vec<String> {
        let branches = self.repository.branches(None).into_iter().flatten().flatten();
        branches.filter_map(|(branch, _)| branch.name().ok().flatten().map(str::to_owned)).collect()
    }

    pub(in crate::git) fn id(&self, commit: &str) -> Result<Oid> {
        Oid::from_str(&self.commit(commit)?).map_err(unusable)
    }

    pub(in crate::git) fn find(&self, commit: &str) -> Result<Commit<'_>> {
        self.repository.find_commit(self.id(commit)?).map_err(unusable)
    }

    fn count(&self, old: Oid, new: Oid) -> usize {
        if let Some(known) = self.known.borrow().distances.get(&(old, new)) {
            return *known;
        }
        let count = self.repository.graph_ahead_behind(new, old).map_or(0, |(ahead, _)| ahead);
        self.known.borrow_mut().distances.insert((old, new), count);
        count
    }

    /// What a commit says.
    pub fn about(&self, commit: &str) -> Result<CommitInfo> {
        Ok(info_of(&self.find(commit)?))
    }

    /// A file of a commit; nothing where it has none of this path.
    pub fn read(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>> {
        let tree = self.find(commit)?.tree().map_err(unusable)?;
        let entry = tree.get_path(Path::new(&self.full_path(path))).ok();
        let file = entry.filter(|entry| entry.kind() == Some(ObjectType::Blob));
        Ok(file.and_then(|file| self.blob(file.id())))
    }

    pub(in crate::git) fn blob(&self, id: Oid) -> Option<Vec<u8>> {
        self.repository.find_blob(id).ok().map(|blob| blob.content().to_vec())
    }

    /// As [`LocalClone::state`], of a path below the top of the work tree.
    pub(in crate::git) fn state_of(&self, path: &str) -> Result<FileState> {
        let status = match self.repository.status_file(Path::new(path)) {
            Ok(status) => status,
            // Neither in the work tree nor in a commit.
            Err(cause) if cause.code() == ErrorCode::NotFound => return Ok(FileState::Clean),
            Err(cause) => return Err(unusable(cause)),
        };
        Ok(match status {
            status if status.is_empty() || status == Status::IGNORED => FileState::Clean,
            status if status.contains(Status::CONFLICTED) => FileState::Conflicted,
            status if status.contains(Status::WT_NEW) => FileState::Untracked,
            _ => FileState::Changed,
        })
    }
}

/// What a commit says.
pub(in crate::git) fn info_of(commit: &Commit<'_>) -> CommitInfo {
    let author = commit.author();
    let trailers = commit.message().ok().and_then(|message| git2::message_trailers_strs(message).ok());
    let trailers = trailers.iter().flat_map(|trailers| trailers.iter());
    CommitInfo {
        commit: commit.id().to_string(),
        subject: commit.summary().ok().flatten().unwrap_or_default().to_owned(),
        author: author.name().unwrap_or_default().to_owned(),
        committed: commit.time().seconds(),
        authored: author.when().seconds(),
        trailers: trailers.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    }
}
