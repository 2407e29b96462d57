//! Gitea and Forgejo (API v1, "repository"). The API is shaped after GitHub's, but has no filter for branches that all
//! versions know.

use super::github;
use crate::forge::provider::{Endpoint, Facts, Proposal, Provider, Server, encoded_path};
use crate::process::Environment;
use serde_json::Value;

/// How many pull requests are asked for at once: no server gives more, unless its owner wants it so.
const PER_PAGE: usize = 50;

/// How often.
const PAGES: usize = 20;

#[derive(Debug)]
pub(super) struct Gitea;

impl Provider for Gitea {
    fn facts(&self) -> &'static Facts {
        &Facts {
            key: "gitea",
            name: "Gitea",
            about: "Gitea and Forgejo; the token is in GITEA_TOKEN or FORGEJO_TOKEN",
            ssh_hosts: &[],
            host_variable: "GITEA_INSTANCE_URL",
            scope: "the scopes write:repository and write:issue",
            accept: "application/json",
            fields: ("number", "html_url"),
        }
    }

    fn has_host(&self, host: &str) -> bool {
        ["codeberg.org", "gitea.com"].contains(&host)
    }

    fn api(&self, web: &str) -> String {
        format!("{web}/api/v1")
    }

    fn servers(&self, environment: &Environment) -> Vec<Server> {
        let variables = [self.facts().host_variable, "GITEA_URL", "FORGEJO_URL"];
        variables.into_iter().filter_map(|variable| Server::of_web(environment, variable, self)).collect()
    }

    fn token_variables(&self, _host: &str) -> &'static [&'static str] {
        &["GITEA_TOKEN", "FORGEJO_TOKEN"]
    }

    fn authorization(&self, token: &str) -> String {
        format!("token {token}")
    }

    fn list(&self, endpoint: &Endpoint, _proposal: &Proposal, page: usize) -> String {
        format!("/repos/{}/pulls?state=open&limit={PER_PAGE}&page={page}", encoded_path(&endpoint.base))
    }

    /// Those of all branches are listed.
    fn is_last(&self, page: usize, entries: usize) -> bool {
        page >= PAGES || entries < PER_PAGE
    }

    fn creation(&self, endpoint: &Endpoint, proposal: &Proposal, _base: Option<u64>) -> (String, Value) {
        let draft = if proposal.is_draft { "WIP: " } else { "" };
        github::creation(endpoint, proposal, &format!("{draft}{}", proposal.title))
    }

    fn page(&self, endpoint: &Endpoint, proposal: &Proposal) -> String {
        github::page(endpoint, proposal)
    }
}
