//! GitLab (API v4, "Merge requests").

use super::{Forge, Proposal, encoded, encoded_path};
use serde_json::{Value, json};

pub(super) fn list(forge: &Forge, proposal: &Proposal) -> String {
    let (project, head, base) = (encoded(&forge.base), encoded(&proposal.head), encoded(&proposal.base));
    format!("/projects/{project}/merge_requests?state=opened&source_branch={head}&target_branch={base}&per_page=100")
}

pub(super) fn fits(value: &Value, proposal: &Proposal) -> bool {
    value["source_branch"].as_str() == Some(&proposal.head) && value["target_branch"].as_str() == Some(&proposal.base)
}

/// A merge request is made in the project that has the commits; `base` is the number of the other one.
pub(super) fn creation(forge: &Forge, proposal: &Proposal, base: Option<u64>) -> (String, Value) {
    let draft = if proposal.is_draft { "Draft: " } else { "" };
    let mut body = json!({
        "source_branch": proposal.head,
        "target_branch": proposal.base,
        "title": format!("{draft}{}", proposal.title),
        "description": proposal.body,
    });
    if let Some(base) = base {
        body["target_project_id"] = base.into();
    }
    (format!("/projects/{}/merge_requests", encoded(&forge.head)), body)
}

pub(super) fn page(forge: &Forge, proposal: &Proposal) -> String {
    let (project, head, base) = (encoded_path(&forge.head), encoded(&proposal.head), encoded(&proposal.base));
    let asked = format!("merge_request%5Bsource_branch%5D={head}&merge_request%5Btarget_branch%5D={base}");
    format!("{}/{project}/-/merge_requests/new?{asked}", forge.web)
}
