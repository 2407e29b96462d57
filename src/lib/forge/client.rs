//! [`Forge`]: opens a pull request through the API of a provider, or finds the one that is open already. It knows no
//! provider by name.

use super::endpoint::{self, Remotes};
use super::failure;
use super::provider::{Endpoint, Proposal, Provider};
use super::token::{self, Token};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Client, Request, Response, Settings};
use crate::process::Environment;
use crate::text::plain;
use serde_json::Value;
use std::time::Duration;

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

/// The API of a project, with the token for it.
pub struct Forge {
    endpoint: Endpoint,
    token: Token,
    client: Client,
}

impl Forge {
    /// Finds the server, the projects on it and the token. `provider` is what the user says of it.
    ///
    /// # Errors
    /// The provider is not known, or a URL is not that of a project ([`ErrorKind::Usage`]); there is no token for it, or it
    /// cannot be sent safely ([`ErrorKind::Environment`]).
    pub fn find(
        remotes: Remotes<'_>,
        provider: Option<&'static dyn Provider>,
        environment: &Environment,
    ) -> Result<Forge> {
        let endpoint = endpoint::find(remotes, provider, environment)?;
        let token = token::find(&endpoint, provider.is_some(), environment)?;
        let settings = Settings {
            // The token is all that the server gets.
            netrc: None,
            timeout: Duration::from_secs(60),
            max_bytes: 16 * 1024 * 1024,
            ..Settings::new(environment)
        };
        Ok(Forge { endpoint, token, client: Client::new(settings)? })
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
        let (path, body) = self.provider().creation(&self.endpoint, proposal, self.base_id()?);
        let response = self.ask(&path, Some(&body.to_string()))?;
        match response.status {
            200 | 201 => self.pull_request(&self.parsed(&response)?, true),
            // Another run was faster, or an answer of ours was lost.
            409 | 422 => match self.find_open(proposal)? {
                Some(found) => Ok(found),
                None => Err(failure::explain(&self.endpoint, &self.token, &response)),
            },
            _ => Err(failure::explain(&self.endpoint, &self.token, &response)),
        }
    }

    /// The page on which people open a pull request themselves.
    pub fn page(&self, proposal: &Proposal) -> String {
        self.provider().page(&self.endpoint, proposal)
    }

    fn provider(&self) -> &'static dyn Provider {
        self.endpoint.provider
    }

    fn find_open(&self, proposal: &Proposal) -> Result<Option<PullRequest>> {
        for page in 1.. {
            let listed = self.get(&self.provider().list(&self.endpoint, proposal, page))?;
            let Value::Array(listed) = listed else { return Err(self.no_answer("it is not a list")) };
            let fits = |value: &&Value| self.provider().fits(&self.endpoint, value, proposal);
            if let Some(found) = listed.iter().find(fits) {
                return self.pull_request(found, false).map(Some);
            }
            if self.provider().is_last(page, listed.len()) {
                break;
            }
        }
        Ok(None)
    }

    /// The number of the base project, where a proposal has to name it.
    fn base_id(&self) -> Result<Option<u64>> {
        let Some(path) = self.provider().base_path(&self.endpoint) else { return Ok(None) };
        let project = self.get(&path)?;
        project["id"].as_u64().map(Some).ok_or_else(|| self.no_answer("the project has no id"))
    }

    fn pull_request(&self, value: &Value, is_new: bool) -> Result<PullRequest> {
        let (number, url) = self.provider().facts().fields;
        match (value[number].as_u64(), value[url].as_str()) {
            (Some(number), Some(url)) => Ok(PullRequest { number, url: plain(url), is_new }),
            _ => Err(self.no_answer("the pull request has no number or no url")),
        }
    }

    fn get(&self, path: &str) -> Result<Value> {
        let response = self.ask(path, None)?;
        if response.is_success() {
            self.parsed(&response)
        } else {
            Err(failure::explain(&self.endpoint, &self.token, &response))
        }
    }

    fn ask(&self, path: &str, json: Option<&str>) -> Result<Response> {
        let url = format!("{}{path}", self.endpoint.api);
        let request = Request {
            accept: &[self.provider().facts().accept],
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
        let message =
            format!("cannot open a pull request at {}: its answer cannot be understood: {reason}", self.endpoint.host);
        Error::new(ErrorKind::Environment, message)
            .with_hint(format!("is the API of this server at {}?", self.endpoint.api))
    }
}
