//! [`Reason`]: why an event starts a job, or does not.

use serde::Serialize;
use std::fmt;

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    AlwaysRun,
    Changes,
    Command,
    /// The event is one for jobs of its kind, and nothing speaks against it.
    Event,
    OtherEvent,
    NothingStarted,
    /// Nobody who is trusted has asked.
    Untrusted,
    Branch,
    OnlyByCommand,
    /// State or environment of the deployment.
    Deployment,
    /// Another periodic was meant.
    OtherName,
}

/// What decided, and all that was looked at, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
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
