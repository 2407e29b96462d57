//! GitHub and GitHub Enterprise (REST API, "Pulls").

use crate::forge::provider::{Endpoint, Facts, Proposal, Provider, Server, encoded_path, value};
use crate::process::Environment;
use crate::text::percent_encoded as encoded;
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Github;

impl Provider for Github {
    fn facts(&self) -> &'static Facts {
        &Facts {
            key: "github",
            name: "GitHub",
            about: "GitHub and GitHub Enterprise; the token is in GH_TOKEN or GITHUB_TOKEN, of a server of your own in GH_ENTERPRISE_TOKEN",
            ssh_hosts: &[("ssh.github.com", "github.com")],
            host_variable: "GH_HOST",
            scope: "the permission to write pull requests (of a classic token: the scope repo)",
            accept: "application/vnd.github+json",
            fields: ("number", "html_url"),
        }
    }

    fn has_host(&self, host: &str) -> bool {
        host == "github.com" || host.ends_with(".ghe.com")
    }

    fn api(&self, web: &str) -> String {
        match web.strip_prefix("https://").filter(|host| self.has_host(host)) {
            Some(host) => format!("https://api.{host}"),
            None => format!("{web}/api/v3"),
        }
    }

    fn servers(&self, environment: &Environment) -> Vec<Server> {
        let own = Server::of_web(environment, self.facts().host_variable, self);
        // Pipelines of Gitea have these variables too.
        if value(environment, "GITHUB_API_URL").is_some_and(|api| api.ends_with("/api/v1")) {
            return own.into_iter().collect();
        }
        let api = Server::of_api(environment, "GITHUB_API_URL", "/api/v3");
        [api, Server::of_web(environment, "GITHUB_SERVER_URL", self), own].into_iter().flatten().collect()
    }

    fn token_variables(&self, host: &str) -> &'static [&'static str] {
        match self.has_host(host) {
            true => &["GH_TOKEN", "GITHUB_TOKEN"],
            false => &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"],
        }
    }

    fn list(&self, endpoint: &Endpoint, proposal: &Proposal, _page: usize) -> String {
        // This filter wants the owner always.
        let head = encoded(&format!("{}:{}", endpoint.head_owner(), proposal.head));
        let (project, base) = (encoded_path(&endpoint.base), encoded(&proposal.base));
        format!("/repos/{project}/pulls?state=open&head={head}&base={base}&per_page=100")
    }

    fn creation(&self, endpoint: &Endpoint, proposal: &Proposal, _base: Option<u64>) -> (String, Value) {
        let (path, mut body) = creation(endpoint, proposal, &proposal.title);
        if proposal.is_draft {
            body["draft"] = Value::Bool(true);
        }
        (path, body)
    }

    fn page(&self, endpoint: &Endpoint, proposal: &Proposal) -> String {
        format!("{}?expand=1", page(endpoint, proposal))
    }
}

/// What opens a pull request of this title.
pub(super) fn creation(endpoint: &Endpoint, proposal: &Proposal, title: &str) -> (String, Value) {
    let head = endpoint.head_name(proposal);
    let body = json!({"title": title, "head": head, "base": proposal.base, "body": proposal.body});
    (format!("/repos/{}/pulls", encoded_path(&endpoint.base)), body)
}

/// The page that compares two branches.
pub(super) fn page(endpoint: &Endpoint, proposal: &Proposal) -> String {
    let (project, base) = (encoded_path(&endpoint.base), encoded_path(&proposal.base));
    let head = match endpoint.head_name(proposal).split_once(':') {
        Some((owner, branch)) => format!("{}:{}", encoded(owner), encoded_path(branch)),
        None => encoded_path(&proposal.head),
    };
    format!("{}/{project}/compare/{base}...{head}", endpoint.web)
}
