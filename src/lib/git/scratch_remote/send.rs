//! Commits of a run on their way out: into the clone, and to the real remote.

use super::changes::{changes, refused, unreadable};
use super::pushes::commit_of;
use super::{Push, Snapshot, Throwaway, history};
use crate::error::{Error, ErrorKind, Result};
use crate::git::clone::{LocalClone, PushTarget, unusable};
use crate::git::remote::{Answer, Expected, Pushed, Settings, push_once};
use git2::{ObjectType, Oid, Repository};
use std::collections::BTreeSet;

/// A file above this size is not taken.
const FILE: usize = 512 * 1024 * 1024;
/// So many commits are taken.
const COMMITS: usize = 10_000;

impl LocalClone {
    /// Copies a commit of the throwaway remote into the clone, with all that the clone lacks of its history and files.
    pub(super) fn import(&self, from: &Repository, commit: Oid) -> Result<()> {
        let (source, target) = (from.odb().map_err(unreadable)?, self.repository.odb().map_err(unusable)?);
        let copy = |id: Oid, wanted: ObjectType| -> Result<()> {
            if target.exists(id) {
                return Ok(());
            }
            let (size, kind) = source.read_header(id).map_err(unreadable)?;
            if kind != wanted || size > FILE {
                return Err(refused(format!("the object {id} is too big, or not what it should be")));
            }
            let object = source.read(id).map_err(unreadable)?;
            target.write(kind, object.data()).map_err(unusable)?;
            Ok(())
        };
        // Oldest last; commits are written last, so that a killed run leaves none without its files.
        let (mut commits, mut seen) = (Vec::new(), BTreeSet::new());
        let mut pending = vec![commit];
        while let Some(id) = pending.pop() {
            if target.exists(id) || !seen.insert(id) {
                continue;
            }
            pending.extend(from.find_commit(id).map_err(unreadable)?.parent_ids());
            commits.push(id);
            if commits.len() > COMMITS {
                return Err(refused(format!("there are more than {COMMITS} commits")));
            }
        }
        for id in commits.iter().rev() {
            let commit = from.find_commit(*id).map_err(unreadable)?;
            let parent = commit.parent(0).ok().map(|parent| parent.tree_id());
            let changed = changes(from, parent, Some(commit.tree_id()))?;
            for item in changed.iter().filter_map(|change| change.new.as_ref()).filter(|item| item.mode != 0o160_000) {
                copy(item.id, ObjectType::Blob)?;
            }
            let mut trees = vec![commit.tree_id()];
            while let Some(tree) = trees.pop() {
                if target.exists(tree) {
                    continue;
                }
                let read = from.find_tree(tree).map_err(unreadable)?;
                trees.extend(read.iter().filter(|e| e.kind() == Some(ObjectType::Tree)).map(|e| e.id()));
                for blob in read.iter().filter(|e| e.kind() == Some(ObjectType::Blob)) {
                    copy(blob.id(), ObjectType::Blob)?;
                }
                copy(tree, ObjectType::Tree)?;
            }
        }
        commits.iter().rev().try_for_each(|id| copy(*id, ObjectType::Commit))
    }

    /// Keeps the commits that the run has pushed in the clone, under `refs/kfleet/NAME/`: the name of each ref that was
    /// made, or why it could not be: steps have pushed what is not taken, or the clone cannot be written. Nothing else of
    /// the clone changes.
    ///
    /// # Errors
    /// Steps have damaged the repository.
    pub fn hold(&self, throwaway: &Throwaway, pushes: &[Push], name: &str) -> Result<Vec<Result<String>>> {
        let from = throwaway.reopen()?;
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
        let name: String = name.chars().map(plain).collect();
        let hold = |push: &Push, commit: Oid| {
            self.import(&from, commit)?;
            let reference = format!("refs/kfleet/{name}/{}", push.reference.trim_start_matches("refs/"));
            let log = "kfleet run-pipeline: not brought in";
            self.repository.reference(&reference, commit, true, log).map_err(unusable)?;
            Ok(reference)
        };
        let commit = |push: &Push| commit_of(&from, Oid::from_str(push.new.as_deref()?).ok()?);
        Ok(pushes.iter().filter_map(|push| Some(hold(push, commit(push)?))).collect())
    }

    /// Pushes what the run has pushed to the head branch to the same branch of the real remote; nothing where there is
    /// nothing.
    ///
    /// # Errors
    /// The work tree was not clean, so that its changes would be pushed along; the remote has moved, or does not take it
    /// ([`ErrorKind::Refused`]). It cannot be reached ([`ErrorKind::Environment`]).
    pub fn send(&self, throwaway: &Throwaway, snapshot: &Snapshot, settings: &Settings) -> Result<Option<Pushed>> {
        let from = throwaway.reopen()?;
        let Some((old, new, _)) = throwaway.head_change(&from)? else { return Ok(None) };
        let descends = |old: Oid| history::descends(&from, new, old).map_err(unreadable);
        let (branch, remote) = (&throwaway.head_branch, self.remote_name());
        let doing = format!("cannot push {branch} to {remote}");
        let refuse = |reason: &str, hint: &str| {
            Err(Error::new(ErrorKind::Refused, format!("{doing}: {reason}")).with_hint(hint))
        };
        if snapshot.is_synthetic && descends(old)? {
            let hint =
                "bring it into the work tree with --apply, then commit and push; or commit first, and run it again";
            return refuse("it stands on changes of the work tree that are not committed", hint);
        }
        if !descends(old)? {
            return refuse("the run has forced the push", "look at it with --keep, and push it with git");
        }
        if !self.has_remote() {
            return refuse("the clone has no remote", "add one with `git remote add`");
        }
        self.import(&from, new)?;
        let target = PushTarget { remote, branch: branch.clone() };
        match push_once(self, &doing, &target, (new, Expected::Earlier), settings)? {
            Answer::Taken => {
                let PushTarget { remote, branch } = target;
                Ok(Some(Pushed { commit: new.to_string(), remote, branch, rebased: false }))
            }
            Answer::Late => refuse("the remote has moved", "run `git pull`, then the pipeline again"),
            Answer::Rejected(reason) => {
                let reason = format!("the server does not take it: {reason}");
                refuse(&reason, "bring it in with --apply, and push it on another branch")
            }
        }
    }
}
