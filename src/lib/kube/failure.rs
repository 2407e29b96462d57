//! Why a cluster did not do what it was asked, for callers that branch on it and for the person who must act. Only what
//! is known to hold no secret is shown: a login command's output, its arguments and what a kubeconfig says of credentials
//! never are, in no form of the error; nor is what a server says about the values of a Secret.

use crate::error::{Error, ErrorKind};
use kube::client::AuthError;
use kube::core::Status;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

const LOG_IN: &str = "log in again, or use another context";
const CREDENTIALS: &str = "check the user's credentials in the kubeconfig with `kubectl config view`";

/// A failure of work on a cluster; at the edge of an operation it becomes an [`Error`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What callers branch on.
    pub reason: Reason,
    /// The thing first, then what is wrong with it.
    pub message: String,
    /// What to do about it, where that is known here.
    pub hint: Option<String>,
}

/// What sort of failure it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// None of the kubeconfig's files exists.
    NoKubeconfig,
    /// The kubeconfig cannot be used.
    Kubeconfig,
    /// The kubeconfig has no such context, or no current one; it has these.
    Context(Vec<String>),
    /// The credentials cannot be used, the login command failed, or the server does not accept them (401).
    Login,
    /// Reading the kubeconfig or the login command took too long.
    LoginTimeout,
    /// No server answers at the address.
    Unreachable,
    /// The server's certificate is not that of the kubeconfig.
    Untrusted,
    /// What answers is not an API server.
    NotAnApiServer,
    /// The user has no right to do it, or an admission webhook refused it (403).
    Forbidden,
    /// The object, its namespace or its kind is not there (404).
    NotFound,
    /// The object is not as the request takes it to be: a precondition does not hold, or it exists already (409).
    Conflict,
    /// Other managers own fields of a server-side apply (409).
    FieldConflict(Vec<FieldConflict>),
    /// A resource version or a continue token is too old (410).
    Expired,
    /// The request or the object is refused as such (other codes from 400 on, such as 422).
    Invalid,
    /// The server cannot do it now (429, and codes from 500 on).
    Unavailable,
    /// The deadline came first.
    Timeout,
    /// The caller wants it no more.
    Interrupted,
    /// The environment does not work, such as a proxy's address.
    Environment,
}

/// A field that another manager owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldConflict {
    /// Such as `.spec.replicas`.
    pub field: String,
    /// The manager's name.
    pub manager: String,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(reason: Reason, message: impl Into<String>) -> Failure {
        Failure { reason, message: message.into(), hint: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        let kind = match failure.reason {
            Reason::Timeout | Reason::LoginTimeout => ErrorKind::Timeout,
            Reason::Interrupted => ErrorKind::Interrupted,
            Reason::NotFound | Reason::Conflict | Reason::FieldConflict(_) | Reason::Invalid => ErrorKind::Failed,
            _ => ErrorKind::Environment,
        };
        Error { hint: failure.hint, ..Error::new(kind, failure.message) }
    }
}

/// Why there is no successful answer to one request.
#[derive(Debug)]
pub(super) enum Refusal {
    /// An error status, and when the server wants to be asked again.
    Status(Box<Status>, Option<Duration>),
    /// No answer, or a part of one.
    Transport(Box<kube::Error>),
    /// An answer that is not JSON.
    Foreign,
    /// The deadline came first.
    Timeout,
    /// The caller wants it no more.
    Unwanted,
}

/// What messages may show of a cluster.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// The server's address without credentials.
    pub server: String,
    /// The proxy's address without credentials.
    pub proxy: Option<String>,
    /// The command that logs in.
    pub login: Option<String>,
    /// Where the kubeconfig says how to get that command.
    pub install_hint: Option<String>,
}

impl Names {
    /// No client could be made.
    pub(super) fn unconnected(&self, cause: &kube::Error) -> Failure {
        let what = match cause {
            kube::Error::Auth(cause) => return self.not_logged_in(cause),
            kube::Error::InferKubeconfig(_) | kube::Error::RustlsTls(_) => {
                "the certificates or the client key of the kubeconfig cannot be used"
            }
            _ => "the kubeconfig cannot be used",
        };
        login(format!("cannot connect to {}: {what}", self.server)).with_hint(CREDENTIALS)
    }

    /// The server does not know the user.
    pub(super) fn unauthorized(&self) -> Failure {
        login(format!("{} does not accept the credentials (401)", self.server)).with_hint(LOG_IN)
    }

    /// What answers is not an API server.
    pub(super) fn foreign(&self) -> Failure {
        let message = format!("{} does not answer as an API server does", self.server);
        Failure::new(Reason::NotAnApiServer, message)
            .with_hint("check the server address and the proxy in the kubeconfig")
    }

    /// There is no answer.
    pub(super) fn unreached(&self, cause: &kube::Error) -> Failure {
        // A token that ends soon is renewed on the way: then this is where the login fails.
        if let Some(login) = chain(cause).find_map(|cause| cause.downcast_ref::<AuthError>()) {
            return self.not_logged_in(login);
        }
        let causes = causes(cause);
        let through = self.proxy.as_ref().map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
        if causes.contains("certificate") {
            let message = format!("cannot trust the cluster at {}{through}: {causes}", self.server);
            return Failure::new(Reason::Untrusted, message)
                .with_hint("check certificate-authority-data in the kubeconfig");
        }
        let message = format!("cannot reach the cluster at {}{through}: {causes}", self.server);
        Failure::new(Reason::Unreachable, message)
            .with_hint("check the server address, the certificates and the proxy in the kubeconfig")
    }

    fn not_logged_in(&self, cause: &AuthError) -> Failure {
        let command = self.login.as_deref().unwrap_or_default();
        let rerun = "run `kubectl version` with the same kubeconfig and context: it shows what the command says";
        let (message, hint) = match cause {
            AuthError::AuthExecRun { out, .. } => {
                (format!("the login command {command} failed ({})", out.status), rerun)
            }
            AuthError::AuthExecStart(cause) => (
                format!("cannot start the login command {command}: {cause}"),
                self.install_hint.as_deref().unwrap_or("install it, or use another context").trim(),
            ),
            AuthError::AuthExecParse(_) => {
                (format!("the login command {command} did not print an ExecCredential"), rerun)
            }
            AuthError::ExecPluginFailed => {
                (format!("the login command {command} printed an ExecCredential without a status"), rerun)
            }
            AuthError::MalformedTokenExpirationDate(_) => {
                (format!("the login command {command} printed an expirationTimestamp that is not a time"), rerun)
            }
            AuthError::MissingCommand => {
                ("cannot log in: the kubeconfig's user has exec without a command".to_owned(), CREDENTIALS)
            }
            AuthError::ReadTokenFile(cause, path) => {
                (format!("cannot log in: cannot read the token file {}: {cause}", path.display()), LOG_IN)
            }
            AuthError::InvalidBearerToken(_) => (
                "cannot log in: the token holds a character that no header can hold, such as a line break".to_owned(),
                CREDENTIALS,
            ),
            _ if !command.is_empty() => {
                (format!("cannot log in by {command}, which the kubeconfig names"), CREDENTIALS)
            }
            _ => ("cannot log in with the credentials of the kubeconfig".to_owned(), CREDENTIALS),
        };
        login(message).with_hint(hint)
    }
}

pub(super) fn login(message: impl Into<String>) -> Failure {
    Failure::new(Reason::Login, message)
}

pub(super) fn environment(message: impl Into<String>) -> Failure {
    Failure::new(Reason::Environment, message)
}

/// An error and what is below it.
pub(super) fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
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
