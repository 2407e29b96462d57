//! Commits and pushes of the local clone. A commit holds exactly the files that are named, on top of what is there: what
//! the user has staged or changed besides stays as it is. No hook runs, and commits are not signed. A push never forces:
//! where the remote has moved, the commits that it lacks are put on top of its own, if no file was changed on both sides.

use super::clone::{LocalClone, unusable};
use super::create::{config, signature};
use super::failure::Trouble;
use super::program::Git;
use super::{FileState, Protocol, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::process::Environment;
use git2::build::{CheckoutBuilder, TreeUpdateBuilder};
use git2::{Commit, FileMode, Oid, RepositoryState, Signature, Tree};
use std::collections::BTreeSet;
use std::path::Path;

/// How often a push is tried that others were faster than.
const ATTEMPTS: usize = 4;

/// What a push has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The commit at the tip of the branch.
    pub commit: String,
    /// The remote's name.
    pub remote: String,
    /// Whether the commits were put on top of what others have pushed.
    pub rebased: bool,
}

impl LocalClone {
    /// Commits files of the work tree, whose paths are relative to the folder that was opened, on the branch that is
    /// checked out, or on a new one that is then checked out. Returns the commit.
    ///
    /// # Errors
    /// No branch is checked out, something is in progress, the new branch exists ([`ErrorKind::Refused`]); the user has no
    /// identity ([`ErrorKind::Environment`]); the commit cannot be written.
    pub fn commit_files(
        &self,
        message: &str,
        paths: &BTreeSet<&str>,
        new_branch: Option<&str>,
        environment: &Environment,
    ) -> Result<String> {
        let refuse = |message: &str, hint: &str| Err(Error::new(ErrorKind::Refused, message).with_hint(hint));
        if self.repository.state() != RepositoryState::Clean {
            return refuse("cannot commit: a merge or a rebase is in progress", "end it first");
        }
        let head = self.head()?;
        let Some(parent) = &head.commit else {
            return refuse("cannot commit: there is no commit yet", "make the first commit with git");
        };
        if head.branch.is_none() && new_branch.is_none() {
            return refuse("cannot commit: no branch is checked out", "check one out, or make one with --branch");
        }
        let parent = self.repository.find_commit(self.id(parent)?).map_err(|cause| unusable(&cause))?;
        let settings = config(&self.repository, environment).map_err(|cause| unusable(&cause))?;
        let author = signature("author", environment, &settings)?;
        let committer = signature("committer", environment, &settings)?;
        if let Some(name) = new_branch
            && (!super::is_branch(name) || self.repository.find_branch(name, git2::BranchType::Local).is_ok())
        {
            return refuse(&format!("cannot make the branch {name}: it exists, or is no name"), "choose another name");
        }
        self.write_commit(&parent, paths, message, (&author, &committer), new_branch).map_err(|cause| unusable(&cause))
    }

    fn write_commit(
        &self,
        parent: &Commit<'_>,
        paths: &BTreeSet<&str>,
        message: &str,
        (author, committer): (&Signature<'_>, &Signature<'_>),
        new_branch: Option<&str>,
    ) -> std::result::Result<String, git2::Error> {
        let mut index = self.repository.index()?;
        let base = parent.tree()?;
        let mut update = TreeUpdateBuilder::new();
        for path in paths {
            let path = self.full_path(path);
            index.add_path(Path::new(&path))?;
            // Filters such as those of line endings have made the blob.
            if let Some(entry) = index.get_path(Path::new(&path), 0) {
                let old = base.get_path(Path::new(&path)).ok().map(|entry| entry.filemode());
                let mode = if old == Some(0o100_755) { FileMode::BlobExecutable } else { FileMode::Blob };
                update.upsert(path, entry.id, mode);
            }
        }
        let tree = self.repository.find_tree(update.create_updated(&self.repository, &base)?)?;
        let target = if new_branch.is_some() { None } else { Some("HEAD") };
        let commit = self.repository.commit(target, author, committer, message, &tree, &[parent])?;
        if let Some(name) = new_branch {
            let name = format!("refs/heads/{name}");
            self.repository.reference(&name, commit, false, "kfleet")?;
            self.repository.set_head(&name)?;
        }
        index.write()?;
        Ok(commit.to_string())
    }

    /// Fetches what the remote has.
    ///
    /// # Errors
    /// It cannot be reached ([`ErrorKind::Environment`]), or it takes too long ([`ErrorKind::Timeout`]).
    pub fn fetch(&self, settings: &Settings) -> Result<()> {
        let remote = self.remote_name();
        let settings = all_protocols(settings);
        let git = Git::new(&settings, format!("cannot fetch from {remote}"));
        let program = git.network(self.repository.workdir())?.args(["fetch", "--quiet", "--no-tags", &remote]);
        let output = git.run(program)?;
        if output.is_success() {
            return Ok(());
        }
        let trouble = Trouble::of(&String::from_utf8_lossy(&output.stderr));
        Err(trouble.explain(&git.doing, &output.complaint()))
    }

    /// Pushes a branch.
    ///
    /// # Errors
    /// The server does not take it, or others have changed the same files: the commits stay on the local branch
    /// ([`ErrorKind::Refused`]). The server cannot be reached ([`ErrorKind::Environment`]).
    pub fn push(&self, branch: &str, settings: &Settings, environment: &Environment) -> Result<Pushed> {
        let remote = self.remote_name();
        let mut rebased = false;
        for attempt in 1..=ATTEMPTS {
            if self.try_push(branch, &remote, settings)? {
                let name = format!("refs/heads/{branch}");
                let commit = self.repository.refname_to_id(&name).map_err(|cause| unusable(&cause))?;
                return Ok(Pushed { commit: commit.to_string(), remote, rebased });
            }
            if attempt < ATTEMPTS {
                self.fetch(settings)?;
                self.rebase(branch, &remote, environment)?;
                rebased = true;
            }
        }
        let message = format!("cannot push {branch} to {remote}: others push all the time");
        Err(Error::new(ErrorKind::Refused, message)
            .with_hint("the commit is on the local branch: try `git push` later"))
    }

    /// False where the remote has moved.
    fn try_push(&self, branch: &str, remote: &str, settings: &Settings) -> Result<bool> {
        let settings = all_protocols(settings);
        let git = Git::new(&settings, format!("cannot push {branch} to {remote}"));
        let refs = format!("refs/heads/{branch}:refs/heads/{branch}");
        let program = git.network(self.repository.workdir())?.args(["push", "--porcelain", remote, &refs]);
        let output = git.run(program)?;
        if output.is_success() {
            return Ok(true);
        }
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        if told.contains("(fetch first)") || told.contains("(non-fast-forward)") {
            return Ok(false);
        }
        if told.contains("[remote rejected]") {
            let message = format!("{}: the server does not take it: {}", git.doing, output.complaint());
            let hint = "the commit is on the local branch; where the branch is protected, push another one with --branch \
                        and open a pull request";
            return Err(Error::new(ErrorKind::Refused, message).with_hint(hint));
        }
        let trouble = Trouble::of(&String::from_utf8_lossy(&output.stderr));
        Err(trouble.explain(&git.doing, &output.complaint()))
    }

    /// Puts the commits that the remote lacks on top of its own.
    fn rebase(&self, branch: &str, remote: &str, environment: &Environment) -> Result<()> {
        let fail = |cause: git2::Error| unusable(&cause);
        let id = |name: String| self.repository.refname_to_id(&name).map_err(fail);
        let ours = id(format!("refs/heads/{branch}"))?;
        let theirs = id(format!("refs/remotes/{remote}/{branch}"))?;
        let base = self.repository.merge_base(ours, theirs).map_err(fail)?;
        let own = self.own_commits(base, ours)?;
        if own.len() > 1 {
            // Among them may be commits that the remote has dropped on purpose.
            let message =
                format!("cannot push {branch} to {remote}: it has moved, and {} commits here are not on it", own.len());
            return Err(
                Error::new(ErrorKind::Refused, message).with_hint("look at them, and rebase them with git, then push")
            );
        }
        let (our_files, their_files) = (self.files_between(base, ours)?, self.files_between(base, theirs)?);
        let both: Vec<&str> = our_files.intersection(&their_files).map(String::as_str).collect();
        let refuse = |reason: String, hint: &str| {
            let message = format!("cannot push {branch} to {remote}: it has moved, and {reason}");
            Err(Error::new(ErrorKind::Refused, message).with_hint(hint))
        };
        if !both.is_empty() {
            let reason = format!("{} changed on both sides", both.join(", "));
            return refuse(reason, "the commit is on the local branch: rebase it with git, then push");
        }
        let is_checked_out = self.head()?.branch.as_deref() == Some(branch);
        for file in their_files.iter().filter(|_| is_checked_out) {
            if !matches!(self.state_of(file)?, FileState::Clean) {
                let reason = format!("{file}, which it has changed, has changes here that are not committed");
                return refuse(reason, "commit or stash them, then push");
            }
        }
        let settings = config(&self.repository, environment).map_err(fail)?;
        let committer = signature("committer", environment, &settings)?;
        let mut tip = theirs;
        for commit in own {
            tip = self.on_top_of(tip, &commit, &committer).map_err(fail)?;
        }
        let target = self.repository.find_commit(tip).and_then(|commit| commit.tree()).map_err(fail)?;
        if is_checked_out && !their_files.is_empty() {
            let mut checkout = CheckoutBuilder::new();
            checkout.force().disable_pathspec_match(true);
            for file in &their_files {
                checkout.path(file.as_str());
            }
            self.repository.checkout_tree(target.as_object(), Some(&mut checkout)).map_err(fail)?;
        }
        // Last: a run that is killed before leaves files that are newer than the branch, never ones that would undo it.
        let name = format!("refs/heads/{branch}");
        self.repository.reference_matching(&name, tip, true, ours, "kfleet: put on top of the remote").map_err(fail)?;
        Ok(())
    }

    /// The commits from `base` to `tip`, oldest first; merges cannot be moved.
    fn own_commits(&self, base: Oid, tip: Oid) -> Result<Vec<Commit<'_>>> {
        let mut commits = Vec::new();
        let mut at = self.repository.find_commit(tip).map_err(|cause| unusable(&cause))?;
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

    fn files_between(&self, old: Oid, new: Oid) -> Result<BTreeSet<String>> {
        let tree = |id: Oid| self.repository.find_commit(id).and_then(|commit| commit.tree());
        let files = tree(old).and_then(|old| changed(self, &old, &tree(new)?));
        Ok(files.map_err(|cause| unusable(&cause))?.into_iter().map(|(path, _)| path).collect())
    }

    /// The same change with another parent.
    fn on_top_of(&self, parent: Oid, commit: &Commit<'_>, by: &Signature<'_>) -> std::result::Result<Oid, git2::Error> {
        let parent = self.repository.find_commit(parent)?;
        let mut update = TreeUpdateBuilder::new();
        for (path, new) in changed(self, &commit.parent(0)?.tree()?, &commit.tree()?)? {
            match new {
                Some((id, mode)) => update.upsert(path, id, mode),
                None => update.remove(path),
            };
        }
        let tree = self.repository.find_tree(update.create_updated(&self.repository, &parent.tree()?)?)?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        self.repository.commit(None, &commit.author(), by, &message, &tree, &[&parent])
    }
}

/// The remote of a clone is its owner's choice.
fn all_protocols(settings: &Settings) -> Settings {
    [Protocol::Http, Protocol::File].into_iter().fold(settings.clone(), Settings::allow)
}

/// What a path holds afterwards; nothing where it is gone.
type Changed = Vec<(String, Option<(Oid, FileMode)>)>;

fn changed(clone: &LocalClone, old: &Tree<'_>, new: &Tree<'_>) -> std::result::Result<Changed, git2::Error> {
    let diff = clone.repository.diff_tree_to_tree(Some(old), Some(new), None)?;
    let path = |file: git2::DiffFile<'_>| file.path().map(|path| path.display().to_string()).unwrap_or_default();
    let changed = diff.deltas().map(|delta| match delta.status() {
        git2::Delta::Deleted => (path(delta.old_file()), None),
        _ => (path(delta.new_file()), Some((delta.new_file().id(), delta.new_file().mode()))),
    });
    Ok(changed.collect())
}
