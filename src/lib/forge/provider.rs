//! [`Provider`]: what is different from one provider of repositories to the next, and [`Endpoint`], where the API of a project
//! is. Nothing here asks a server.

use crate::process::Environment;
use crate::text::percent_encoded;
use serde_json::Value;

/// What is fixed of a provider.
#[derive(Debug)]
pub struct Facts {
    /// Its name on a command line.
    pub key: &'static str,
    pub name: &'static str,
    /// What else belongs to it, and where its token is, in one line for people.
    pub about: &'static str,
    /// Its hosts that ssh alone has, each with the host of the API.
    pub ssh_hosts: &'static [(&'static str, &'static str)],
    /// The variable that people name a server of their own in.
    pub host_variable: &'static str,
    /// What a token must be allowed to do.
    pub scope: &'static str,
    /// The media type of answers.
    pub accept: &'static str,
    /// The fields of a pull request that hold its number and the URL of its page.
    pub fields: (&'static str, &'static str),
}

/// Who hosts a repository. All that is known of one provider is in its implementation.
pub trait Provider: std::fmt::Debug + Sync {
    fn facts(&self) -> &'static Facts;

    /// Whether everybody knows the host as this provider's.
    fn has_host(&self, host: &str) -> bool;

    /// The URL of the API of a server, whose pages begin at `web`.
    fn api(&self, web: &str) -> String;

    /// The servers that the environment names.
    fn servers(&self, environment: &Environment) -> Vec<Server>;

    /// The variables that may hold the token for a host, the first that is set counts.
    fn token_variables(&self, host: &str) -> &'static [&'static str];

    /// The value of `Authorization` for a token.
    fn authorization(&self, token: &str) -> String {
        format!("Bearer {token}")
    }

    /// Whether a path of so many parts can be a project.
    fn is_project(&self, parts: usize) -> bool {
        parts == 2
    }

    /// The path of the API that lists open pull requests; pages count from 1.
    fn list(&self, endpoint: &Endpoint, proposal: &Proposal, page: usize) -> String;

    /// Whether no page of the list comes after one with so many entries.
    fn is_last(&self, _page: usize, _entries: usize) -> bool {
        true
    }

    /// Whether a listed pull request is that of the proposal's branches: a server that does not know a filter lists all.
    fn fits(&self, endpoint: &Endpoint, listed: &Value, proposal: &Proposal) -> bool {
        let text = |pointer: &str| listed.pointer(pointer).and_then(Value::as_str);
        text("/head/ref") == Some(&proposal.head)
            && text("/base/ref") == Some(&proposal.base)
            && text("/head/repo/full_name").is_some_and(|found| found.eq_ignore_ascii_case(&endpoint.head))
    }

    /// The path of the API that has the number of the base project, where a proposal has to name it.
    fn base_path(&self, _endpoint: &Endpoint) -> Option<String> {
        None
    }

    /// The path of the API that opens a pull request, and what is sent. `base`: the answer to [`Provider::base_path`].
    fn creation(&self, endpoint: &Endpoint, proposal: &Proposal, base: Option<u64>) -> (String, Value);

    /// The page on which people open a pull request themselves.
    fn page(&self, endpoint: &Endpoint, proposal: &Proposal) -> String;
}

impl PartialEq for dyn Provider {
    fn eq(&self, other: &dyn Provider) -> bool {
        self.facts().key == other.facts().key
    }
}

/// What is proposed.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// The branch with the commits.
    pub head: String,
    /// The branch that they are to be merged into.
    pub base: String,
    /// Whether it is not ready to be merged yet.
    pub is_draft: bool,
}

/// Where the API of a project is.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Who hosts it.
    pub provider: &'static dyn Provider,
    /// The server's host, for people.
    pub host: String,
    /// The URL that the paths of the API follow, without a slash at its end.
    pub api: String,
    /// The URL that the paths of pages follow.
    pub web: String,
    /// The project that the commits are to be merged into, such as `team/fleet`.
    pub base: String,
    /// The project that has them.
    pub head: String,
    /// Whether the environment names this server for the provider.
    pub is_named: bool,
}

impl Endpoint {
    /// How a server names the proposal's branch: with its owner, where it is in a fork.
    pub fn head_name(&self, proposal: &Proposal) -> String {
        if self.base == self.head {
            return proposal.head.clone();
        }
        format!("{}:{}", self.head_owner(), proposal.head)
    }

    /// The owner of the project that has the commits.
    pub fn head_owner(&self) -> &str {
        self.head.split('/').next().unwrap_or_default()
    }
}

/// A server that a variable names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub variable: &'static str,
    /// The URL of its pages.
    pub web: String,
    /// The URL of its API.
    pub api: String,
}

impl Server {
    /// The server whose API a variable names; the path of the API follows the URL of its pages.
    pub fn of_api(environment: &Environment, variable: &'static str, path: &str) -> Option<Server> {
        let api = value(environment, variable)?;
        let web = match api.strip_suffix(path) {
            Some(web) => web.to_owned(),
            // The API of a public server has a host of its own.
            None => api.replacen("://api.", "://", 1),
        };
        Some(Server { variable, web, api })
    }

    /// The server of a provider whose pages a variable names, by URL or by host.
    pub fn of_web(environment: &Environment, variable: &'static str, provider: &dyn Provider) -> Option<Server> {
        let web = value(environment, variable)?;
        let web = if web.contains("://") { web } else { format!("https://{web}") };
        let api = provider.api(&web);
        Some(Server { variable, web, api })
    }
}

/// A URL in a variable, without slashes at its end.
pub(super) fn value(environment: &Environment, variable: &str) -> Option<String> {
    let text = environment.get(variable)?.to_str()?.trim_end_matches('/');
    (!text.is_empty()).then(|| text.to_owned())
}

/// A path in a URL, in which slashes stay.
pub(super) fn encoded_path(text: &str) -> String {
    text.split('/').map(percent_encoded).collect::<Vec<_>>().join("/")
}
