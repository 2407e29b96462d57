//! [`Session`]: the requests for one artifact, with the login that the registry asks for.

use super::challenge::{Challenge, choose};
use super::credentials::{self, Found, Login};
use super::failure::{failed, missing, refused, unauthorised, within};
use super::manifest::ACCEPTED;
use super::reference::Reference;
use super::settings::Settings;
use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::{Client, Progress, Request, Response};
use crate::text::percent_encoded;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::rc::Rc;

/// Reported of what goes on, from the caller's thread.
pub(super) type Told<'a> = &'a (dyn Fn(Progress<'_>) + Sync);

/// Requests to one registry.
pub(super) struct Session<'a> {
    reference: &'a Reference,
    http: &'a Client,
    settings: &'a Settings,
    progress: Told<'a>,
    /// How its errors begin.
    doing: String,
    /// Looked for once the registry asks for a login.
    found: Option<Rc<Found>>,
    authorization: Option<SecretString>,
}

/// What a token server answers (distribution's token specification, and OAuth 2).
#[derive(Deserialize)]
struct Token {
    token: Option<SecretString>,
    access_token: Option<SecretString>,
}

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        reference: &'a Reference,
        http: &'a Client,
        settings: &'a Settings,
        progress: Told<'a>,
        doing: &str,
    ) -> Self {
        let doing = doing.to_owned();
        Session { reference, http, settings, progress, doing, found: None, authorization: None }
    }

    /// The manifest of a tag or a digest.
    pub(super) fn manifest(&mut self, name: &str) -> Result<Response> {
        let response = self.ask(&format!("manifests/{name}"), ACCEPTED)?;
        if response.status == 404 {
            let tags = self.tags();
            return Err(missing(&self.doing, self.reference, &self.found.clone().unwrap_or_default(), tags.as_deref()));
        }
        self.successful(response)
    }

    pub(super) fn blob(&mut self, digest: &str) -> Result<Vec<u8>> {
        let response = self.ask(&format!("blobs/{digest}"), &[])?;
        if response.status == 404 {
            let hint = "the artifact was not pushed whole, or is being deleted: push it again";
            return Err(failed(&self.doing, format!("the registry does not have its layer {digest}"), hint));
        }
        Ok(self.successful(response)?.bytes)
    }

    /// The repository's tags, if the registry lists them.
    fn tags(&mut self) -> Option<Vec<String>> {
        let response = self.ask("tags/list?n=1000", &[]).ok().filter(Response::is_success)?;
        let tags: Tags = serde_json::from_slice(&response.bytes).ok()?;
        Some(tags.tags.unwrap_or_default())
    }

    /// The answer to a request below the repository. Where the registry asks for a login, it is given once.
    fn ask(&mut self, path: &str, accept: &[&str]) -> Result<Response> {
        let url = format!("{}/v2/{}/{path}", self.reference.origin(), self.reference.repository());
        let response = self.get(&url, accept)?;
        if response.status != 401 {
            return Ok(response);
        }
        // Only the registry itself is answered, not where it leads to.
        let is_own = response.url().starts_with(&format!("{}/", self.reference.origin()));
        match choose(response.headers("www-authenticate")).filter(|_| is_own) {
            Some(challenge) => self.log_in(challenge)?,
            None => return Err(self.unauthorised()?),
        }
        let response = self.get(&url, accept)?;
        if response.status == 401 { Err(self.unauthorised()?) } else { Ok(response) }
    }

    fn get(&self, url: &str, accept: &[&str]) -> Result<Response> {
        let request = Request { accept, authorization: self.authorization.as_ref(), ..Request::new(url) };
        self.http.ask(&request, self.progress).map_err(|error| within(&self.doing, error))
    }

    fn found(&mut self) -> Result<Rc<Found>> {
        if let Some(found) = &self.found {
            return Ok(Rc::clone(found));
        }
        let found = credentials::find(self.reference, self.settings).map_err(|error| within(&self.doing, error))?;
        Ok(Rc::clone(self.found.insert(Rc::new(found))))
    }

    fn log_in(&mut self, challenge: Challenge) -> Result<()> {
        let found = self.found()?;
        let authorization = match (challenge, &found.login) {
            (_, Some(Login::Token(token))) => bearer(token),
            (Challenge::Basic, Some(Login::Password { user, password })) => basic(user, password),
            (Challenge::Basic, _) => return Err(self.unauthorised()?),
            (Challenge::Bearer { realm, service, scope }, login) => {
                bearer(&self.token(&realm, service.as_deref(), scope.as_deref(), login.as_ref())?)
            }
        };
        self.authorization = Some(authorization);
        Ok(())
    }

    /// A token of the server at `realm`.
    fn token(
        &mut self,
        realm: &str,
        service: Option<&str>,
        scope: Option<&str>,
        login: Option<&Login>,
    ) -> Result<SecretString> {
        self.verify_realm(realm)?;
        let own_scope = format!("repository:{}:pull", self.reference.repository());
        let mut fields: Vec<(&str, &str)> = service.map(|service| ("service", service)).into_iter().collect();
        fields.push(("scope", scope.unwrap_or(&own_scope)));
        let response = match login {
            Some(Login::Refresh(token)) => {
                fields.extend([
                    ("grant_type", "refresh_token"),
                    ("client_id", "kfleet"),
                    ("refresh_token", token.expose_secret()),
                ]);
                let form = SecretString::from(encoded(&fields));
                self.http.ask(&Request { form: Some(&form), ..Request::new(realm) }, &|_| ())
            }
            login => {
                let own = match login {
                    Some(Login::Password { user, password }) => Some(basic(user, password)),
                    _ => None,
                };
                let sign = if realm.contains('?') { '&' } else { '?' };
                let url = format!("{realm}{sign}{}", encoded(&fields));
                self.http.ask(&Request { authorization: own.as_ref(), ..Request::new(&url) }, &|_| ())
            }
        };
        let response = response.map_err(|error| within(&self.doing, error))?;
        if matches!(response.status, 400 | 401 | 403) {
            return Err(self.unauthorised()?);
        }
        let response = self.successful(response)?;
        let token = serde_json::from_slice::<Token>(&response.bytes).ok();
        let token = token.and_then(|answer| answer.token.or(answer.access_token));
        token.filter(|token| !token.expose_secret().is_empty()).ok_or_else(|| {
            let reason = format!("the answer of the token server {} has no token", response.url());
            failed(&self.doing, reason, "check the registry: its token server may be out of order")
        })
    }

    /// A token server gets a password: so nobody may listen.
    fn verify_realm(&self, realm: &str) -> Result<()> {
        // What a registry says is not to be taken for text that is harmless.
        let bare = realm.split(['?', '#']).next().unwrap_or_default();
        let reason = match Address::parse(bare) {
            Err(refusal) => format!("the URL of its token server {}", refusal.reason),
            Ok(address) if address.scheme == "https" => return Ok(()),
            Ok(address) if address.scheme == "http" && address.is_loopback() => return Ok(()),
            Ok(address) => format!("its token server at {} does not speak https", address.host),
        };
        Err(failed(&self.doing, reason, "inform the owner of the registry: its realm must be an https URL"))
    }

    fn successful(&self, response: Response) -> Result<Response> {
        if response.is_success() {
            return Ok(response);
        }
        let found = self.found.clone().unwrap_or_default();
        Err(refused(&self.doing, self.reference, &found, &response, &self.secrets()))
    }

    fn unauthorised(&mut self) -> Result<Error> {
        let found = self.found()?;
        Ok(unauthorised(&self.doing, self.reference, &found))
    }

    /// What no error may show, should the registry repeat it.
    fn secrets(&self) -> Vec<String> {
        let login = self.found.as_ref().and_then(|found| found.login.as_ref());
        let of_login = login.map(|login| match login {
            Login::Password { password, .. } => password.expose_secret().to_owned(),
            Login::Refresh(token) | Login::Token(token) => token.expose_secret().to_owned(),
        });
        let sent = self.authorization.as_ref().map(|value| value.expose_secret().to_owned());
        let bare = sent.as_deref().and_then(|value| value.split_once(' ')).map(|(_, token)| token.to_owned());
        of_login.into_iter().chain(sent).chain(bare).collect()
    }
}

fn bearer(token: &SecretString) -> SecretString {
    SecretString::from(format!("Bearer {}", token.expose_secret()))
}

fn basic(user: &str, password: &SecretString) -> SecretString {
    SecretString::from(format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose_secret()))))
}

/// Fields as a query or a form.
fn encoded(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_encoded() {
        let fields = [("scope", "repository:a/b:pull"), ("t", "a b+c&d=\u{e4}~")];
        assert_eq!(encoded(&fields), "scope=repository%3Aa%2Fb%3Apull&t=a%20b%2Bc%26d%3D%C3%A4~");
    }
}
