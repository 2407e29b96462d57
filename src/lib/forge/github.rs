//! GitHub and GitHub Enterprise (REST API, "Pulls").

use super::{Forge, Proposal, encoded, encoded_path};
use serde_json::{Value, json};

pub(super) fn list(forge: &Forge, proposal: &Proposal) -> String {
    // This filter wants the owner always.
    let head = encoded(&format!("{}:{}", forge.head_owner(), proposal.head));
    let (project, base) = (encoded_path(&forge.base), encoded(&proposal.base));
    format!("/repos/{project}/pulls?state=open&head={head}&base={base}&per_page=100")
}

/// A server that does not know a filter lists all.
pub(super) fn fits(forge: &Forge, value: &Value, proposal: &Proposal) -> bool {
    let is = |pointer: &str, wanted: &str| {
        value.pointer(pointer).and_then(Value::as_str).is_some_and(|found| found.eq_ignore_ascii_case(wanted))
    };
    let is_branch = |pointer: &str, wanted: &str| value.pointer(pointer).and_then(Value::as_str) == Some(wanted);
    is_branch("/head/ref", &proposal.head)
        && is_branch("/base/ref", &proposal.base)
        && is("/head/repo/full_name", &forge.head)
}

pub(super) fn creation(forge: &Forge, proposal: &Proposal) -> (String, Value) {
    let mut body = json!({
        "title": proposal.title,
        "head": forge.head_name(proposal),
        "base": proposal.base,
        "body": proposal.body,
    });
    if proposal.is_draft {
        body["draft"] = Value::Bool(true);
    }
    (format!("/repos/{}/pulls", encoded_path(&forge.base)), body)
}

pub(super) fn page(forge: &Forge, proposal: &Proposal) -> String {
    let (project, base) = (encoded_path(&forge.base), encoded_path(&proposal.base));
    format!("{}/{project}/compare/{base}...{}?expand=1", forge.web, head_in_page(forge, proposal))
}

/// The branch in the address of a page that compares two.
pub(super) fn head_in_page(forge: &Forge, proposal: &Proposal) -> String {
    match forge.head_name(proposal).split_once(':') {
        Some((owner, branch)) => format!("{}:{}", encoded(owner), encoded_path(branch)),
        None => encoded_path(&proposal.head),
    }
}
