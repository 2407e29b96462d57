//! The pull request of a change: what is checked before files are written, and the request itself once its branch is pushed.

use super::{Change, File};
use crate::error::{Error, ErrorKind, Result};
use crate::forge::{Forge, Proposal, Provider, PullRequest, Remotes};
use crate::git::{Head, LocalClone, Settings};

/// A pull request that can be opened once its branch is pushed.
pub(super) struct Proposing {
    forge: Forge,
    pub(super) proposal: Proposal,
    remote: String,
    /// The branch that was checked out.
    checked_out: String,
    /// Whether an earlier run has pushed the branch, with the same files.
    pub(super) is_pushed: bool,
}

impl Proposing {
    /// Finds the provider and its token, and the branch, where an earlier run has pushed it.
    ///
    /// # Errors
    /// One of them is missing, or the branch is there with other files.
    pub(super) fn prepare(
        clone: &LocalClone,
        seen: &Head,
        change: &Change,
        branch: &str,
        is_draft: bool,
        provider: Option<&'static dyn Provider>,
        settings: &Settings,
    ) -> Result<Proposing> {
        let Some(checked_out) = seen.branch.clone() else {
            let message = "cannot open a pull request: no branch is checked out, so there is none to get into";
            return Err(
                Error::new(ErrorKind::Refused, message).with_hint("check out the branch that the change go into")
            );
        };
        let target = clone.push_target(branch, &settings.environment)?;
        let url = |remote: &str| {
            clone.push_url(remote).ok_or_else(|| {
                Error::new(ErrorKind::Environment, format!("cannot open a pull request: there is no remote {remote}"))
                    .with_hint("add one with `git remote add`")
            })
        };
        let (base, head) = (url(&clone.remote_name())?, url(&target.remote)?);
        let forge = Forge::find(Remotes { base: &base, head: &head }, provider, &settings.environment)?;
        let pushed = clone.fetch_branch(&target, settings)?;
        if let Some(commit) = &pushed {
            verify_same(clone, commit, &change.files, &target.to_string())?;
        }
        let proposal = Proposal {
            title: change.title.clone(),
            body: change.body.clone(),
            head: branch.to_owned(),
            base: clone.upstream_name(&checked_out),
            is_draft,
        };
        Ok(Proposing { forge, proposal, remote: target.remote, checked_out, is_pushed: pushed.is_some() })
    }

    /// Opens it, or finds the one that is open.
    ///
    /// # Errors
    /// What the provider says, and how to go on with the branch that is pushed.
    pub(super) fn open(&self) -> Result<PullRequest> {
        let Proposing { proposal, remote, checked_out, .. } = self;
        self.forge.open(proposal).map_err(|error| {
            let message = format!("the branch {} is pushed to {remote}, but {}", proposal.head, error.message);
            let hint = error.hint.clone().map_or(String::new(), |hint| format!("{hint}; then "));
            let page = self.forge.page(proposal);
            let hint = format!(
                "{hint}run the same command again on {checked_out} (`git checkout {checked_out}`), or open it at {page}"
            );
            Error { message, hint: Some(hint), ..error }
        })
    }
}

/// A commit has the files as they would be written. `branch` is where it is.
fn verify_same(clone: &LocalClone, commit: &str, files: &[File], branch: &str) -> Result<()> {
    for file in files {
        if clone.read(commit, &file.path)?.as_deref() != Some(&*file.text) {
            let message = format!("cannot propose it on {branch}: the branch is there, and has another content");
            return Err(Error::new(ErrorKind::Refused, message)
                .with_hint("choose another name with --branch, or remove the branch there"));
        }
    }
    Ok(())
}
