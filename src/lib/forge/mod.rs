//! Pull requests through the API of the provider that hosts the repository: GitHub, GitLab (where they are merge requests),
//! Gitea and Forgejo, self-managed servers too. A [`Forge`] is found by the URLs of remotes and the environment, opens a pull
//! request, or finds the one that is open already, which it leaves as it is.
//!
//! This module knows nothing of what is promoted, and reads no environment. Rules that hold throughout:
//! - A token goes to the server that it is for, over https or to this machine; see `endpoint`.
//! - No error shows a token; what a server says is shown in one line, without control characters.

mod endpoint;
mod failure;
mod gitea;
mod github;
mod gitlab;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{Client, Request, Response, Settings};
use crate::process::Environment;
use crate::text::plain;
use secrecy::SecretString;
use serde_json::Value;
use std::time::Duration;

pub use endpoint::Provider;

/// What is proposed.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// The branch with the commits.
    pub head: String,
    /// The branch that they shall get into.
    pub base: String,
    /// Whether it is not ready to be merged yet.
    pub is_draft: bool,
}

/// A pull request that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number in the project.
    pub number: u64,
    /// The page of it.
    pub url: String,
    /// Whether it was opened now.
    pub is_new: bool,
}

/// The remotes, by their URLs.
#[derive(Debug, Clone, Copy)]
pub struct Remotes<'a> {
    /// That of the branch that the commits shall get into.
    pub base: &'a str,
    /// That of the branch with the commits: the same one, or a fork's.
    pub head: &'a str,
}

/// See the module.
pub struct Forge {
    provider: Provider,
    /// The server's host, for people.
    host: String,
    /// The URL that the paths of the API follow, without a slash at its end.
    api: String,
    /// The URL that the paths of pages follow.
    web: String,
    /// The project that the commits shall get into, such as `team/fleet`.
    base: String,
    /// The project that has them.
    head: String,
    token: Token,
    client: Client,
}

/// A token, and the variable that holds it.
struct Token {
    variable: &'static str,
    value: SecretString,
    /// The value of `Authorization`.
    authorization: SecretString,
}

impl std::fmt::Debug for Forge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forge").field("provider", &self.provider).field("api", &self.api).finish_non_exhaustive()
    }
}

impl Forge {
    /// Finds the server, the projects on it and the token. `provider` is what the user says of it.
    ///
    /// # Errors
    /// The provider is not known, or a URL is not that of a project ([`ErrorKind::Usage`]); there is no token for it, or it
    /// cannot be sent safely ([`ErrorKind::Environment`]).
    pub fn find(remotes: Remotes<'_>, provider: Option<Provider>, environment: &Environment) -> Result<Forge> {
        let endpoint = endpoint::find(remotes, provider, environment)?;
        let token = endpoint::token(&endpoint, provider.is_some(), environment)?;
        let settings = Settings {
            // The token is all that the server gets.
            netrc: None,
            timeout: Duration::from_secs(60),
            max_bytes: 16 * 1024 * 1024,
            ..Settings::new(environment)
        };
        let endpoint::Endpoint { provider, host, api, web, base, head, .. } = endpoint;
        Ok(Forge { provider, host, api, web, base, head, token, client: Client::new(settings)? })
    }

    /// Opens a pull request; where one is open for the same branches, that one is returned as it is.
    ///
    /// # Errors
    /// The server cannot be reached, does not accept the token or does not allow it ([`ErrorKind::Environment`]), takes too
    /// long ([`ErrorKind::Timeout`]), or does not take the proposal ([`ErrorKind::Failed`]).
    pub fn open(&self, proposal: &Proposal) -> Result<PullRequest> {
        if let Some(found) = self.find_open(proposal)? {
            return Ok(found);
        }
        let (path, body) = match self.provider {
            Provider::Github => github::creation(self, proposal),
            Provider::Gitlab => gitlab::creation(self, proposal, self.base_id()?),
            Provider::Gitea => gitea::creation(self, proposal),
        };
        let response = self.ask(&path, Some(&body.to_string()))?;
        match response.status {
            200 | 201 => self.pull_request(&self.parsed(&response)?, true),
            // Another run was faster, or an answer of ours was lost.
            409 | 422 => match self.find_open(proposal)? {
                Some(found) => Ok(found),
                None => Err(failure::explain(self, &response)),
            },
            _ => Err(failure::explain(self, &response)),
        }
    }

    /// The page on which people open a pull request themselves.
    pub fn page(&self, proposal: &Proposal) -> String {
        match self.provider {
            Provider::Github => github::page(self, proposal),
            Provider::Gitlab => gitlab::page(self, proposal),
            Provider::Gitea => gitea::page(self, proposal),
        }
    }

    fn find_open(&self, proposal: &Proposal) -> Result<Option<PullRequest>> {
        // Only Gitea lists those of all branches.
        for page in 1..=gitea::PAGES {
            let path = match self.provider {
                Provider::Github => github::list(self, proposal),
                Provider::Gitlab => gitlab::list(self, proposal),
                Provider::Gitea => gitea::list(self, page),
            };
            let Value::Array(listed) = self.get(&path)? else { return Err(self.no_answer("it is no list")) };
            let fits = |value: &&Value| match self.provider {
                Provider::Github => github::fits(self, value, proposal),
                Provider::Gitlab => gitlab::fits(value, proposal),
                Provider::Gitea => gitea::fits(self, value, proposal),
            };
            if let Some(found) = listed.iter().find(fits) {
                return self.pull_request(found, false).map(Some);
            }
            if self.provider != Provider::Gitea || listed.len() < gitea::PER_PAGE {
                break;
            }
        }
        Ok(None)
    }

    /// The number of the project that the commits shall get into, where they are in another one.
    fn base_id(&self) -> Result<Option<u64>> {
        if self.base == self.head {
            return Ok(None);
        }
        let project = self.get(&format!("/projects/{}", encoded(&self.base)))?;
        project["id"].as_u64().map(Some).ok_or_else(|| self.no_answer("the project has no id"))
    }

    fn pull_request(&self, value: &Value, is_new: bool) -> Result<PullRequest> {
        let (number, url) = match self.provider {
            Provider::Gitlab => ("iid", "web_url"),
            Provider::Github | Provider::Gitea => ("number", "html_url"),
        };
        match (value[number].as_u64(), value[url].as_str()) {
            (Some(number), Some(url)) => Ok(PullRequest { number, url: plain(url), is_new }),
            _ => Err(self.no_answer("the pull request has no number or no url")),
        }
    }

    fn get(&self, path: &str) -> Result<Value> {
        let response = self.ask(path, None)?;
        if response.is_success() { self.parsed(&response) } else { Err(failure::explain(self, &response)) }
    }

    fn ask(&self, path: &str, json: Option<&str>) -> Result<Response> {
        let url = format!("{}{path}", self.api);
        let request = Request {
            accept: &[match self.provider {
                Provider::Github => "application/vnd.github+json",
                Provider::Gitlab | Provider::Gitea => "application/json",
            }],
            authorization: Some(&self.token.authorization),
            json,
            verb: "ask",
            ..Request::new(&url)
        };
        self.client.ask(&request, &|_| ())
    }

    fn parsed(&self, response: &Response) -> Result<Value> {
        serde_json::from_slice(&response.bytes).map_err(|_| self.no_answer("it is not JSON"))
    }

    fn no_answer(&self, reason: &str) -> Error {
        let message = format!("cannot open a pull request at {}: its answer cannot be understood: {reason}", self.host);
        Error::new(ErrorKind::Environment, message).with_hint(format!("is the API of this server at {}?", self.api))
    }

    /// How a server names the branch: with its owner, where it is in a fork.
    fn head_name(&self, proposal: &Proposal) -> String {
        if self.base == self.head {
            return proposal.head.clone();
        }
        format!("{}:{}", self.head_owner(), proposal.head)
    }

    fn head_owner(&self) -> &str {
        self.head.split('/').next().unwrap_or_default()
    }
}

/// A text as a part of a path, or as a value of a query (RFC 3986, section 2).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

/// The same, in which slashes stay.
fn encoded_path(text: &str) -> String {
    text.split('/').map(encoded).collect::<Vec<_>>().join("/")
}
