//! The one error that leaves an operation. Its kind decides the exit code; see [`ErrorKind::exit_code`].

use crate::problem::Problem;
use std::fmt;

/// What sort of failure ended a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The work failed, or `--check` found differences.
    Failed,
    /// The command line cannot be understood.
    Usage,
    /// A tool, a credential, a cluster or a remote is missing or unreachable.
    Environment,
    /// Something took longer than it was allowed to.
    Timeout,
    /// A guard refused to go on.
    Refused,
    /// The user interrupted the command.
    Interrupted,
}

impl ErrorKind {
    /// The exit code that scripts can rely on.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::Failed => 1,
            ErrorKind::Usage => 2,
            ErrorKind::Environment => 3,
            ErrorKind::Timeout => 4,
            ErrorKind::Refused => 5,
            ErrorKind::Interrupted => 130,
        }
    }
}

/// A failure as the person who must act on it reads it.
#[derive(Debug)]
pub struct Error {
    /// Decides the exit code.
    pub kind: ErrorKind,
    /// What was being done to what, and why it failed: lower case, no full stop at the end.
    pub message: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
    /// The causes below, outermost first when shown.
    pub source: Option<anyhow::Error>,
    /// What is wrong and where, if it is more than the message says: shown in its place.
    pub problems: Vec<Problem>,
}

/// The result of an operation.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error without hint or cause.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), hint: None, source: None, problems: Vec::new() }
    }

    /// An error that is made of problems, each with its place.
    pub fn of_problems(kind: ErrorKind, message: impl Into<String>, problems: Vec<Problem>) -> Self {
        Error { problems, ..Error::new(kind, message) }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(source) = &self.source {
            write!(f, ": {source:#}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
