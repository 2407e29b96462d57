//! The commits that a remote lacks, put on top of its own, if no file was changed on both sides.

use super::changes::{self, Change};
use super::create::{config, signature};
use super::index::{locked, verify_unlocked, writable_index, write_index};
use super::push_target::PushTarget;
use super::signing::{Committing, is_signed};
use super::{FileState, LocalClone, unusable};
use crate::error::{Error, ErrorKind, Result};
use crate::process::Environment;
use git2::build::CheckoutBuilder;
use git2::{Commit, ErrorCode, Oid};
use std::collections::BTreeSet;

impl LocalClone {
    /// Moves a local branch from `ours` to the same change on top of `theirs`, where the target is.
    pub(in crate::git) fn rebase(
        &self,
        branch: &str,
        target: &PushTarget,
        (ours, theirs): (Oid, Oid),
        environment: &Environment,
    ) -> Result<()> {
        let doing = format!("cannot push {branch} to {}", target.remote);
        let refuse = |reason: String, hint: &str| {
            Err(Error::new(ErrorKind::Refused, format!("{doing}: it has moved, and {reason}")).with_hint(hint))
        };
        let base = match self.repository.merge_base(ours, theirs) {
            Err(cause) if cause.code() == ErrorCode::NotFound => {
                return refuse(
                    "has no commit in common with it".to_owned(),
                    "look at both with `git log --all --graph`",
                );
            }
            base => base.map_err(unusable)?,
        };
        let own = self.own_commits(base, ours)?;
        if own.len() > 1 {
            // Among them may be commits that the remote has dropped on purpose.
            let reason = format!("{} commits here are not on it", own.len());
            return refuse(reason, "look at them, and rebase them with git, then push");
        }
        let (our_files, their_files) = (self.files_between(base, ours)?, self.files_between(base, theirs)?);
        let paths = |changes: &[Change]| changes.iter().map(|change| change.path.clone()).collect::<BTreeSet<_>>();
        let both = paths(&our_files).intersection(&paths(&their_files)).map(|path| shown(path)).collect::<Vec<_>>();
        if !both.is_empty() {
            let reason = format!("{} changed on both sides", both.join(", "));
            return refuse(reason, "the commit is on the local branch: rebase it with git, then push");
        }
        let is_checked_out = self.head()?.branch.as_deref() == Some(branch);
        for file in their_files.iter().filter(|_| is_checked_out) {
            if !matches!(self.state_of(&file.shown())?, FileState::Clean) {
                let reason = format!("{}, which it has changed, has changes here that are not committed", file.shown());
                return refuse(reason, "commit or stash them, then push");
            }
        }
        let settings = config(&self.repository, environment).map_err(unusable)?;
        let committer = signature("committer", environment, &settings)?;
        let is_signed = is_signed(&settings);
        let mut tip = theirs;
        for commit in own {
            let author = &commit.author();
            let committing = Committing { author, committer: &committer, environment, is_signed };
            tip = self.on_top_of(tip, &commit, &committing)?;
        }
        if is_checked_out && !their_files.is_empty() {
            self.check_out(tip, &their_files, &doing)?;
        }
        // Last: a run that is killed before leaves files that are newer than the branch, never ones that would undo it.
        let name = format!("refs/heads/{branch}");
        let moved = self.repository.reference_matching(&name, tip, true, ours, "kfleet: put on top of the remote");
        match moved.map(drop) {
            Err(cause) if cause.code() == ErrorCode::Locked => Err(locked(&doing)),
            Err(cause) if cause.code() == ErrorCode::Modified => {
                let error = Error::new(ErrorKind::Refused, format!("{doing}: the branch has changed here meanwhile"));
                Err(error.with_hint("someone else works in this clone: see `git status`, then push with git"))
            }
            moved => moved.map_err(unusable),
        }
    }

    /// Writes files of a commit into the work tree and the index.
    fn check_out(&self, commit: Oid, files: &[Change], doing: &str) -> Result<()> {
        verify_unlocked(&self.repository, doing)?;
        write_index(&mut writable_index(&self.repository).map_err(unusable)?, doing)?;
        let tree = self.repository.find_commit(commit).and_then(|commit| commit.tree()).map_err(unusable)?;
        let mut checkout = CheckoutBuilder::new();
        checkout.force().disable_pathspec_match(true);
        for file in files {
            checkout.path(file.path.as_slice());
        }
        self.repository.checkout_tree(tree.as_object(), Some(&mut checkout)).map_err(unusable)
    }

    /// The commits from `base` to `tip`, oldest first; merges cannot be moved.
    fn own_commits(&self, base: Oid, tip: Oid) -> Result<Vec<Commit<'_>>> {
        let mut commits = Vec::new();
        let mut at = self.repository.find_commit(tip).map_err(unusable)?;
        while at.id() != base {
            let parent = at.parent(0).ok().filter(|_| at.parent_count() == 1);
            let Some(parent) = parent else {
                let error =
                    Error::new(ErrorKind::Refused, "cannot push: the remote has moved, and there are merges here");
                return Err(error.with_hint("bring both together with git, then push"));
            };
            commits.push(std::mem::replace(&mut at, parent));
        }
        commits.reverse();
        Ok(commits)
    }

    fn files_between(&self, old: Oid, new: Oid) -> Result<Vec<Change>> {
        let tree = |id: Oid| self.repository.find_commit(id).and_then(|commit| commit.tree());
        let changes = tree(old).and_then(|old| changes::between(&self.repository, &old, &tree(new)?));
        changes.map_err(unusable)
    }

    /// The same change with another parent.
    fn on_top_of(&self, parent: Oid, commit: &Commit<'_>, committing: &Committing<'_>) -> Result<Oid> {
        let parent = self.repository.find_commit(parent).map_err(unusable)?;
        let tree = || {
            let changes = changes::between(&self.repository, &commit.parent(0)?.tree()?, &commit.tree()?)?;
            self.repository.find_tree(changes::applied(&self.repository, &parent.tree()?, &changes)?)
        };
        let tree = tree().map_err(unusable)?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        committing.write(&self.repository, &message, &tree, &[&parent])
    }
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}
