//! What work with a cluster is waiting for, and what to say when the wait was too long.

use super::failure::{Failure, Names, Reason};
use std::sync::Arc;
use std::time::Duration;

/// What is being waited for.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Kubeconfig,
    Login(Names),
    /// An answer, and what was asked for.
    Question(Names, String),
}

impl Step {
    /// What to report when the time of all work is over.
    pub(super) fn timed_out(&self, timeout: Duration) -> Failure {
        let seconds = timeout.as_secs_f64();
        let unit = if timeout == Duration::from_secs(1) { "second" } else { "seconds" };
        let (reason, message, hint) = match self {
            Step::Kubeconfig => (
                Reason::LoginTimeout,
                format!("reading the kubeconfig took longer than {seconds} {unit}"),
                "check that its files, and those that it names, can be read",
            ),
            Step::Login(Names { login: Some(command), .. }) => (
                Reason::LoginTimeout,
                format!("the login command {command} took longer than {seconds} {unit}"),
                "log in with `kubectl version` and the same kubeconfig and context first: nobody can answer it here",
            ),
            Step::Login(names) => (
                Reason::Timeout,
                format!("connecting to {} took longer than {seconds} {unit}", names.server),
                "check the files that the kubeconfig names",
            ),
            Step::Question(names, what) => (
                Reason::Timeout,
                format!("{} did not answer within {seconds} {unit} when asked for {what}", names.server),
                "check the server address and the proxy in the kubeconfig",
            ),
        };
        Failure::new(reason, message).with_hint(hint)
    }
}

/// Takes each step; says whether anybody still waits for the answer.
pub(super) type Report = Arc<dyn Fn(Step) -> bool + Send + Sync>;
