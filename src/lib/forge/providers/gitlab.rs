//! GitLab, also self-managed (API v4, "Merge requests").

use crate::forge::provider::{Endpoint, Facts, Proposal, Provider, Server, encoded_path};
use crate::process::Environment;
use crate::text::percent_encoded as encoded;
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Gitlab;

impl Provider for Gitlab {
    fn facts(&self) -> &'static Facts {
        &Facts {
            key: "gitlab",
            name: "GitLab",
            about: "GitLab; the token is in GITLAB_TOKEN",
            ssh_hosts: &[("altssh.gitlab.com", "gitlab.com")],
            host_variable: "GITLAB_HOST",
            scope: "the scope api, and the role Developer in the project",
            accept: "application/json",
            fields: ("iid", "web_url"),
        }
    }

    fn has_host(&self, host: &str) -> bool {
        host == "gitlab.com"
    }

    fn api(&self, web: &str) -> String {
        format!("{web}/api/v4")
    }

    fn servers(&self, environment: &Environment) -> Vec<Server> {
        let api = Server::of_api(environment, "CI_API_V4_URL", "/api/v4");
        [api, Server::of_web(environment, self.facts().host_variable, self)].into_iter().flatten().collect()
    }

    fn token_variables(&self, _host: &str) -> &'static [&'static str] {
        &["GITLAB_TOKEN"]
    }

    /// Projects are in groups, and groups in groups.
    fn is_project(&self, parts: usize) -> bool {
        parts >= 2
    }

    fn list(&self, endpoint: &Endpoint, proposal: &Proposal, _page: usize) -> String {
        let (project, head, base) = (encoded(&endpoint.base), encoded(&proposal.head), encoded(&proposal.base));
        let branches = format!("source_branch={head}&target_branch={base}");
        format!("/projects/{project}/merge_requests?state=opened&{branches}&per_page=100")
    }

    fn fits(&self, _endpoint: &Endpoint, listed: &Value, proposal: &Proposal) -> bool {
        let text = |field: &str| listed[field].as_str();
        text("source_branch") == Some(&proposal.head) && text("target_branch") == Some(&proposal.base)
    }

    /// Only where the commits are in another project.
    fn base_path(&self, endpoint: &Endpoint) -> Option<String> {
        (endpoint.base != endpoint.head).then(|| format!("/projects/{}", encoded(&endpoint.base)))
    }

    /// A merge request is made in the project that has the commits.
    fn creation(&self, endpoint: &Endpoint, proposal: &Proposal, base: Option<u64>) -> (String, Value) {
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
        (format!("/projects/{}/merge_requests", encoded(&endpoint.head)), body)
    }

    fn page(&self, endpoint: &Endpoint, proposal: &Proposal) -> String {
        let (project, head, base) = (encoded_path(&endpoint.head), encoded(&proposal.head), encoded(&proposal.base));
        let asked = format!("merge_request%5Bsource_branch%5D={head}&merge_request%5Btarget_branch%5D={base}");
        format!("{}/{project}/-/merge_requests/new?{asked}", endpoint.web)
    }
}
