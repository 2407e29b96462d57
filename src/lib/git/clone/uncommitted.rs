//! What the work tree has and the last commit has not, and what the branch has and its remote has not.

use super::revisions::info_of;
use super::{CommitInfo, LocalClone, unusable};
use crate::error::Result;
use crate::process::Environment;
use crate::tree::Tree;
use git2::{Status, StatusOptions};

impl LocalClone {
    /// The committed texts of the files below the folder that have changed since, staged or not. New files, deleted ones and
    /// such in conflict are left out.
    ///
    /// # Errors
    /// The clone cannot be read.
    pub fn committed_texts(&self) -> Result<Tree> {
        let mut texts = Tree::default();
        let Some(head) = self.head()?.commit else { return Ok(texts) };
        let mut options = StatusOptions::new();
        options.include_untracked(false).include_ignored(false).exclude_submodules(true).no_refresh(true);
        let statuses = self.repository.statuses(Some(&mut options)).map_err(unusable)?;
        let is_changed = |status: Status| {
            status.intersects(Status::INDEX_MODIFIED | Status::WT_MODIFIED) && !status.contains(Status::CONFLICTED)
        };
        for entry in statuses.iter().filter(|entry| is_changed(entry.status())) {
            let path = entry.path().ok().and_then(|path| path.strip_prefix(&self.prefix));
            if let Some(path) = path
                && let Some(text) = self.read(&head, path)?
            {
                texts.insert(path.to_owned(), text);
            }
        }
        Ok(texts)
    }

    /// The commits of a branch that a push would bring to its remote, newest first, as far as the clone knows; none where
    /// the remote does not have the branch yet.
    ///
    /// # Errors
    /// There is nowhere to push it to ([`LocalClone::push_target`]), or the clone cannot be read.
    pub fn unpushed(&self, branch: &str, environment: &Environment) -> Result<Vec<CommitInfo>> {
        let target = self.push_target(branch, environment)?;
        let ours = self.repository.refname_to_id(&format!("refs/heads/{branch}")).ok();
        let Some((ours, theirs)) = ours.zip(self.known_tip(&target)) else { return Ok(Vec::new()) };
        let mut walk = self.repository.revwalk().map_err(unusable)?;
        walk.push(ours).and_then(|()| walk.hide(theirs)).map_err(unusable)?;
        let commits = walk.filter_map(|id| self.repository.find_commit(id.ok()?).ok());
        Ok(commits.map(|commit| info_of(&commit)).collect())
    }
}
