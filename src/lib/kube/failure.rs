//! What the client's errors mean to the person who must act. Only what is known to hold no secret is shown: a login
//! command's output, its arguments and what a kubeconfig says of credentials never are, in no form of the error.

use super::kubeconfig::Names;
use crate::error::{Error, ErrorKind};
use kube::client::AuthError;
use std::error::Error as StdError;

const LOG_IN: &str = "log in again, or use another context";
const CREDENTIALS: &str = "check the user's credentials in the kubeconfig with `kubectl config view`";

pub(super) fn environment(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Environment, message)
}

impl Names {
    /// No client could be made.
    pub(super) fn unconnected(&self, cause: &kube::Error) -> Error {
        match cause {
            kube::Error::Auth(cause) => self.not_logged_in(cause),
            kube::Error::InferKubeconfig(_) | kube::Error::RustlsTls(_) => environment(format!(
                "cannot connect to {}: the certificates or the client key of the kubeconfig cannot be used",
                self.server
            ))
            .with_hint(CREDENTIALS),
            _ => environment(format!("cannot connect to {}: the kubeconfig cannot be used", self.server))
                .with_hint(CREDENTIALS),
        }
    }

    /// A question about a group version got no answer.
    pub(super) fn unanswered(&self, group_version: &str, cause: &kube::Error) -> Error {
        let server = &self.server;
        let (message, hint) = match cause {
            kube::Error::Api(status) if status.code == 401 => {
                (format!("{server} does not accept the credentials (401)"), LOG_IN)
            }
            kube::Error::Api(status) if status.code == 403 => (
                format!("{server} does not allow to ask for {group_version} (403)"),
                "log in, or use a user with the role system:discovery",
            ),
            kube::Error::Api(status) => (
                format!(
                    "{server} cannot tell the kinds of {group_version} ({}): {}",
                    status.code,
                    status.message.trim()
                ),
                "the API server behind this group may be down; name the scopes with --gvk-scope instead",
            ),
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => (
                format!("{server} does not answer as an API server does"),
                "check the server address and the proxy in the kubeconfig, or leave out --discovery",
            ),
            cause => return self.unreached(cause),
        };
        environment(message).with_hint(hint)
    }

    fn unreached(&self, cause: &kube::Error) -> Error {
        // A token that ends soon is renewed on the way: then this is where the login fails.
        if let Some(login) = chain(cause).find_map(|cause| cause.downcast_ref::<AuthError>()) {
            return self.not_logged_in(login);
        }
        let causes = causes(cause);
        let through = self.proxy.as_ref().map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
        if causes.contains("certificate") {
            return environment(format!("cannot trust the cluster at {}{through}: {causes}", self.server))
                .with_hint("check certificate-authority-data in the kubeconfig, or leave out --discovery");
        }
        environment(format!("cannot reach the cluster at {}{through}: {causes}", self.server)).with_hint(
            "check the server address, the certificates and the proxy in the kubeconfig, or leave out --discovery",
        )
    }

    fn not_logged_in(&self, cause: &AuthError) -> Error {
        let command = self.login.as_deref().unwrap_or_default();
        let rerun = "run `kubectl version` with the same kubeconfig and context: it shows what the command says";
        match cause {
            AuthError::AuthExecRun { out, .. } => {
                environment(format!("the login command {command} failed ({})", out.status)).with_hint(rerun)
            }
            AuthError::AuthExecStart(cause) => {
                environment(format!("cannot start the login command {command}: {cause}"))
                    .with_hint(self.install_hint.as_deref().unwrap_or("install it, or use another context").trim())
            }
            AuthError::AuthExecParse(_) => {
                environment(format!("the login command {command} did not print an ExecCredential")).with_hint(rerun)
            }
            AuthError::ExecPluginFailed => {
                environment(format!("the login command {command} printed an ExecCredential without a status"))
                    .with_hint(rerun)
            }
            AuthError::MalformedTokenExpirationDate(_) => {
                environment(format!("the login command {command} printed an expirationTimestamp that is no time"))
                    .with_hint(rerun)
            }
            AuthError::MissingCommand => {
                environment("cannot log in: the kubeconfig's user has exec without a command").with_hint(CREDENTIALS)
            }
            AuthError::ReadTokenFile(cause, path) => {
                environment(format!("cannot log in: cannot read the token file {}: {cause}", path.display()))
                    .with_hint(LOG_IN)
            }
            AuthError::InvalidBearerToken(_) => {
                environment("cannot log in: the token holds a character that no header can hold, such as a line break")
                    .with_hint(CREDENTIALS)
            }
            _ if !command.is_empty() => {
                environment(format!("cannot log in by {command}, which the kubeconfig names")).with_hint(CREDENTIALS)
            }
            _ => environment("cannot log in with the credentials of the kubeconfig").with_hint(CREDENTIALS),
        }
    }
}

/// An error and what is below it.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

/// What is below an error, outermost first; many errors repeat their cause in their own text.
fn causes(error: &kube::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in chain(error).skip(1) {
        let text = cause.to_string();
        if !texts.last().is_some_and(|last| last.contains(&text)) {
            texts.push(text);
        }
    }
    if texts.is_empty() { "the connection failed".to_owned() } else { texts.join(": ") }
}
