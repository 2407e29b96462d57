//! `--pull-request` of the commands that move pins: what is checked before anything is written, and the request itself.

use crate::commands::promote::{ProviderName, Way, settings};
use kfleet::error::{Error, ErrorKind};
use kfleet::forge::{Forge, Proposal, Provider, PullRequest, Remotes};
use kfleet::git::{Head, LocalClone};
use kfleet::ops::promote::Plan;
use serde::Serialize;

/// A pull request that can be opened once its branch is pushed.
pub(crate) struct Proposing {
    forge: Forge,
    proposal: Proposal,
    remote: String,
    /// The branch that was checked out.
    from: String,
    /// Whether an earlier run has pushed the branch, with the same files.
    pub is_pushed: bool,
}

impl Proposing {
    /// Finds the provider and its token, and names the branch.
    ///
    /// # Errors
    /// One of them is missing, or the branch is there with another content.
    pub(crate) fn prepare(plan: &Plan, clone: &LocalClone, head: &Head, way: &Way<'_>) -> Result<Proposing, Error> {
        let (show, environment) = (way.show, &way.context.environment);
        let Some(from) = head.branch.clone() else {
            let message = "cannot open a pull request: no branch is checked out, so there is none to get into";
            return Err(Error::new(ErrorKind::Refused, message)
                .with_hint("check out the branch that the change shall get into"));
        };
        let branch = show.branch.clone().unwrap_or_else(|| plan.branch_name());
        let target = clone.push_target(&branch, environment)?;
        let url = |remote: &str| {
            clone.push_url(remote).ok_or_else(|| {
                Error::new(ErrorKind::Environment, format!("cannot open a pull request: there is no remote {remote}"))
                    .with_hint("add one with `git remote add`")
            })
        };
        let (base, head) = (url(&clone.remote_name())?, url(&target.remote)?);
        let provider = show.provider.map(|name| match name {
            ProviderName::Github => Provider::Github,
            ProviderName::Gitlab => Provider::Gitlab,
            ProviderName::Gitea => Provider::Gitea,
        });
        let forge = Forge::find(Remotes { base: &base, head: &head }, provider, environment)?;
        let pushed = clone.fetch_branch(&target, &settings(way.context))?;
        if let Some(commit) = &pushed {
            plan.verify_held_by(clone, commit, &target.to_string())?;
        }
        let proposal = Proposal {
            title: plan.title(),
            body: plan.description(),
            head: branch,
            base: clone.upstream_name(&from),
            is_draft: show.draft,
        };
        Ok(Proposing { forge, proposal, remote: target.remote, from, is_pushed: pushed.is_some() })
    }

    /// The branch that gets the commit.
    pub(crate) fn branch(&self) -> &str {
        &self.proposal.head
    }

    /// Opens it, or finds the one that is open.
    ///
    /// # Errors
    /// What the provider says, and how to go on with the branch that is pushed.
    pub(crate) fn open(&self) -> Result<PullRequest, Error> {
        let Proposing { proposal, remote, from, .. } = self;
        self.forge.open(proposal).map_err(|error| {
            let message = format!("the branch {} is pushed to {remote}, but {}", proposal.head, error.message);
            let hint = error.hint.clone().map_or(String::new(), |hint| format!("{hint}; then "));
            let page = self.forge.page(proposal);
            let hint =
                format!("{hint}run the same command again on {from} (`git checkout {from}`), or open it at {page}");
            Error { message, hint: Some(hint), ..error }
        })
    }
}

/// A pull request in a report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PullRequestReport<'a> {
    number: u64,
    url: &'a str,
    is_new: bool,
}

impl<'a> PullRequestReport<'a> {
    pub(crate) fn new(found: &'a PullRequest) -> Self {
        PullRequestReport { number: found.number, url: &found.url, is_new: found.is_new }
    }
}
