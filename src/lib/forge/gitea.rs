//! Gitea and Forgejo (API v1, "repository"). The API is shaped after GitHub's, but has no filter for branches that all
//! versions know.

use super::{Forge, Proposal, encoded_path, github};
use serde_json::{Value, json};

/// How many pull requests are asked for at once: no server gives more, unless its owner wants it so.
pub(super) const PER_PAGE: usize = 50;

/// How often.
pub(super) const PAGES: usize = 20;

pub(super) fn list(forge: &Forge, page: usize) -> String {
    format!("/repos/{}/pulls?state=open&limit={PER_PAGE}&page={page}", encoded_path(&forge.base))
}

pub(super) fn fits(forge: &Forge, value: &Value, proposal: &Proposal) -> bool {
    github::fits(forge, value, proposal)
}

pub(super) fn creation(forge: &Forge, proposal: &Proposal) -> (String, Value) {
    let draft = if proposal.is_draft { "WIP: " } else { "" };
    let body = json!({
        "head": forge.head_name(proposal),
        "base": proposal.base,
        "title": format!("{draft}{}", proposal.title),
        "body": proposal.body,
    });
    (format!("/repos/{}/pulls", encoded_path(&forge.base)), body)
}

pub(super) fn page(forge: &Forge, proposal: &Proposal) -> String {
    let (project, base) = (encoded_path(&forge.base), encoded_path(&proposal.base));
    format!("{}/{project}/compare/{base}...{}", forge.web, github::head_in_page(forge, proposal))
}
