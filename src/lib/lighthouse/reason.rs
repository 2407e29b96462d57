//! [`Reason`]: why an event starts a job, or does not.

use serde::Serialize;
use std::fmt;

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    AlwaysRun,
    /// A changed file.
    Changes,
    /// A command in a comment.
    Command,
    /// The event is one for jobs of its kind, and nothing speaks against it.
    Event,
    /// It is a job for other events.
    OtherEvent,
    /// The event starts nothing.
    NothingStarted,
    /// Nobody who is trusted has asked.
    Untrusted,
    /// The branch or tag.
    Branch,
    /// Only a command starts it.
    OnlyByCommand,
    /// State or environment of the deployment.
    Deployment,
    /// Another periodic was meant.
    OtherName,
}

/// What decided, and all that was looked at, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What decided.
    pub cause: Cause,
    /// In the order in which it was looked at.
    pub details: Vec<String>,
}

impl Reason {
    pub(super) fn new(cause: Cause, detail: impl Into<String>) -> Reason {
        Reason { cause, details: vec![detail.into()] }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.details.join("; "))
    }
}
