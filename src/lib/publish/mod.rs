//! Publishing: files of a plan are written, committed, pushed and proposed, as far as is asked. What can be checked before
//! files are written is checked by [`prepare`]; [`Ready::publish`] then does it all. It knows nothing of what files are for.

mod pull_request;

use crate::diff::unified;
use crate::error::Result;
use crate::forge::{Provider, PullRequest};
use crate::git::{CommitInfo, Head, LocalClone, Pushed, ReadyCommit, Settings};
use crate::tree::Root;
use pull_request::Proposing;
use std::collections::BTreeSet;
use std::path::Path;

/// How far a change goes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Goal {
    /// Files are written.
    #[default]
    Files,
    /// They are committed too.
    Commit,
    /// The commit is pushed too.
    Push,
    /// The commit is made on a branch of its own, which is pushed and proposed.
    PullRequest {
        /// Whether it is not ready to be merged yet.
        is_draft: bool,
        /// The provider that the user names.
        provider: Option<&'static dyn Provider>,
    },
}

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// How far the change goes.
    pub goal: Goal,
    /// A new branch for the commit, which is checked out then.
    pub branch: Option<String>,
}

/// A file that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, from the repository's root on.
    pub path: String,
    /// Its text when the change was planned; nothing for a new file.
    pub old: Option<Vec<u8>>,
    /// Its new text.
    pub text: Vec<u8>,
}

impl File {
    /// What changes, as a unified diff.
    pub fn diff(&self) -> String {
        unified(&self.path, self.old.as_deref().unwrap_or_default(), &self.text)
    }
}

/// A change of the repository, with what is said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The files that are written, each once. Without any, nothing is done.
    pub files: Vec<File>,
    /// The message of the commit.
    pub message: String,
    /// The title of the pull request: one line.
    pub title: String,
    /// The text of the pull request: Markdown.
    pub body: String,
    /// The branch of the pull request, where the user names none: the same for the same change.
    pub branch: String,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Published {
    pub commit: Option<String>,
    /// What the push has done.
    pub pushed: Option<Pushed>,
    /// How many commits were pushed with it that were there before.
    pub pushed_before: usize,
    /// The pull request that is open.
    pub pull_request: Option<PullRequest>,
}

impl Published {
    /// Whether an earlier run had done it all: no file was written now.
    pub fn is_found(&self) -> bool {
        self.pull_request.is_some() && self.commit.is_none()
    }
}

/// All that publishing needs was found to be there: see [`prepare`].
pub struct Ready<'a> {
    clone: &'a LocalClone,
    change: &'a Change,
    settings: &'a Settings,
    goal: Goal,
    /// Nothing where there is nothing to commit, or where an earlier run has pushed it.
    commit: Option<ReadyCommit>,
    proposing: Option<Proposing>,
    /// The commits of the branch that are not pushed yet.
    unpushed: Vec<CommitInfo>,
}

/// What a commit of kfleet's has at the end of its message.
const TRAILER: &str = "Kfleet-";

/// Checks all that can be checked before files are written. `seen` is what was checked out when they were planned.
///
/// # Errors
/// The commit cannot be made ([`LocalClone::prepare_commit`]), there is nowhere to push it to
/// ([`LocalClone::push_target`]), or no pull request can be opened: its provider or token is not known, its branch has
/// other files.
pub fn prepare<'a>(
    clone: &'a LocalClone,
    seen: &Head,
    change: &'a Change,
    options: &Options,
    settings: &'a Settings,
) -> Result<Ready<'a>> {
    let goal = options.goal;
    let mut ready = Ready { clone, change, settings, goal, commit: None, proposing: None, unpushed: Vec::new() };
    if let Some(branch) = seen.branch.as_ref().filter(|_| goal == Goal::Push && options.branch.is_none()) {
        ready.unpushed = clone.unpushed(branch, &settings.environment)?;
    }
    if goal == Goal::Files || change.files.is_empty() {
        return Ok(ready);
    }
    if let Goal::PullRequest { is_draft, provider } = goal {
        let branch = options.branch.as_ref().unwrap_or(&change.branch);
        let proposing = Proposing::prepare(clone, seen, change, branch, is_draft, provider, settings)?;
        ready.proposing = Some(proposing);
    }
    if ready.is_pushed() {
        return Ok(ready);
    }
    let proposed = ready.proposing.as_ref().map(|proposing| proposing.proposal.head.as_str());
    let new_branch = proposed.or(options.branch.as_deref());
    if let Some(branch) = new_branch.or(seen.branch.as_deref()).filter(|_| goal == Goal::Push) {
        clone.push_target(branch, &settings.environment)?;
    }
    ready.commit = Some(clone.prepare_commit(seen, new_branch, &settings.environment)?);
    Ok(ready)
}

impl Ready<'_> {
    /// Whether an earlier run has pushed the very files.
    fn is_pushed(&self) -> bool {
        self.proposing.as_ref().is_some_and(|proposing| proposing.is_pushed)
    }

    /// Whether there is nothing to do but to push what an earlier run has committed. Commits of others wait for them.
    fn only_pushes(&self) -> bool {
        let is_ours = |commit: &CommitInfo| commit.trailers.iter().any(|(key, _)| key.starts_with(TRAILER));
        self.change.files.is_empty() && !self.unpushed.is_empty() && self.unpushed.iter().all(is_ours)
    }

    /// Writes the files below `root`, commits, pushes and proposes them.
    ///
    /// # Errors
    /// A step fails; those before it are done, and the message says how to go on.
    pub fn publish(self, root: &Path) -> Result<Published> {
        let mut published = Published::default();
        if self.only_pushes() {
            published.pushed = Some(self.push()?);
        } else if !self.is_pushed() {
            write(root, &self.change.files)?;
            if let Some(ready) = &self.commit {
                let paths: BTreeSet<&str> = self.change.files.iter().map(|file| file.path.as_str()).collect();
                published.commit = Some(self.clone.commit_files(ready, &self.change.message, &paths)?);
                if self.goal != Goal::Commit {
                    published.pushed = Some(self.push()?);
                    published.pushed_before = self.unpushed.len();
                }
            }
        }
        published.pull_request = self.proposing.as_ref().map(Proposing::open).transpose()?;
        Ok(published)
    }

    fn push(&self) -> Result<Pushed> {
        let branch = self.clone.head()?.branch.unwrap_or_default();
        self.clone.push(&branch, self.settings, &self.settings.environment)
    }
}

/// Writes files below `root`, each in one step.
pub fn write(root: &Path, files: &[File]) -> Result<()> {
    let root = Root::open(root)?;
    files.iter().try_for_each(|file| Ok(root.write(&file.path, &file.text)?))
}
