//! The commits of the local clone: which one a text stands for, where branches are, and which commit comes before which.

use super::{LocalClone, unusable};
use crate::error::{Error, ErrorKind, Result};
use crate::git::read::is_commit;
use crate::suggest::nearest;
use git2::{BranchType, Commit, ErrorCode, ObjectType, Oid, Sort};

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

impl LocalClone {
    /// The commit that a text of the user's stands for: a hash, a branch, a tag, `HEAD~1`.
    pub fn resolve(&self, text: &str) -> Resolved {
        match self.repository.revparse_single(text).and_then(|object| object.peel(ObjectType::Commit)) {
            Ok(commit) => Resolved::Commit(commit.id().to_string()),
            Err(cause) if cause.code() == ErrorCode::Ambiguous => Resolved::Ambiguous,
            Err(_) => Resolved::Unknown,
        }
    }

    /// As [`LocalClone::resolve`], as an error where it is not a commit.
    ///
    /// # Errors
    /// There is no such commit, or the hash is too short.
    pub fn commit(&self, text: &str) -> Result<String> {
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

    fn branches(&self) -> Vec<String> {
        let branches = self.repository.branches(None).into_iter().flatten().flatten();
        branches.filter_map(|(branch, _)| branch.name().ok().flatten().map(str::to_owned)).collect()
    }

    /// Where a branch is: the remote's, as far as it was fetched, or else the local one.
    pub fn tip(&self, branch: &str) -> Option<Tip> {
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

    pub(in crate::git) fn id(&self, commit: &str) -> Result<Oid> {
        Oid::from_str(&self.commit(commit)?).map_err(|cause| unusable(&cause))
    }

    pub(in crate::git) fn find(&self, commit: &str) -> Result<Commit<'_>> {
        self.repository.find_commit(self.id(commit)?).map_err(|cause| unusable(&cause))
    }

    /// Whether `old` is `new` or an ancestor of it.
    ///
    /// # Errors
    /// One of them is not here.
    pub fn is_ancestor(&self, old: &str, new: &str) -> Result<bool> {
        let (old, new) = (self.id(old)?, self.id(new)?);
        if let Some(known) = self.known.borrow().ancestors.get(&(old, new)) {
            return Ok(*known);
        }
        let is = old == new || self.repository.graph_descendant_of(new, old).map_err(|cause| unusable(&cause))?;
        self.known.borrow_mut().ancestors.insert((old, new), is);
        Ok(is)
    }

    /// How many commits `new` has that `old` does not have (`git rev-list --count old..new`).
    ///
    /// # Errors
    /// One of them is not here.
    pub fn distance(&self, old: &str, new: &str) -> Result<usize> {
        Ok(self.count(self.id(old)?, self.id(new)?))
    }

    fn count(&self, old: Oid, new: Oid) -> usize {
        if let Some(known) = self.known.borrow().distances.get(&(old, new)) {
            return *known;
        }
        let count = self.repository.graph_ahead_behind(new, old).map_or(0, |(ahead, _)| ahead);
        self.known.borrow_mut().distances.insert((old, new), count);
        count
    }

    /// The newest of the commits that `new` has and `old` does not have, newest first, at most so many.
    ///
    /// # Errors
    /// One of them is not here.
    pub fn between(&self, old: &str, new: &str, limit: usize) -> Result<Vec<CommitInfo>> {
        let (old, new) = (self.id(old)?, self.id(new)?);
        if let Some(known) = self.known.borrow().between.get(&(old, new, limit)) {
            return Ok(known.clone());
        }
        let mut walk = self.repository.revwalk().map_err(|cause| unusable(&cause))?;
        let prepared = walk
            .set_sorting(Sort::TOPOLOGICAL | Sort::TIME)
            .and_then(|()| walk.push(new))
            .and_then(|()| walk.hide(old));
        prepared.map_err(|cause| unusable(&cause))?;
        let commits = walk.take(limit).map(|id| id.and_then(|id| self.repository.find_commit(id)));
        let commits = commits.map(|commit| commit.map(|commit| info_of(&commit)).map_err(|cause| unusable(&cause)));
        let commits: Vec<CommitInfo> = commits.collect::<Result<_>>()?;
        self.known.borrow_mut().between.insert((old, new, limit), commits.clone());
        Ok(commits)
    }

    /// What a commit says.
    ///
    /// # Errors
    /// It is not here.
    pub fn about(&self, commit: &str) -> Result<CommitInfo> {
        Ok(info_of(&self.find(commit)?))
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
