//! A problem found in an input: where it is, what is wrong, what to do. Problems are data; they are collected
//! through a whole run and shown together.

use serde::Serialize;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// The input can be used, but a reader may take it for something else than its author meant.
    Warning,
    /// Worth knowing; nothing has to be done.
    Info,
}

/// A place in an input file. Lines and columns start at 1; columns count characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// The path as the user gave it, or found below a folder that the user gave; `<stdin>` for standard input.
    pub file: String,
    /// 0 when the problem concerns the whole file.
    pub line: u64,
    /// 0 when the problem concerns the whole line.
    pub column: u64,
}

/// One problem, as the user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Error or warning.
    pub severity: Severity,
    /// Where it is.
    #[serde(flatten)]
    pub location: Location,
    /// What is wrong: lower case, no full stop at the end.
    pub message: String,
    /// What to do, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Location {
    /// A whole file.
    pub fn of_file(file: impl Into<String>) -> Location {
        Location { file: file.into(), line: 0, column: 0 }
    }
}

impl Problem {
    /// An error; it has no hint yet.
    pub fn error(location: Location, message: impl Into<String>) -> Problem {
        Problem { severity: Severity::Error, location, message: message.into(), hint: None }
    }

    /// A warning; it has no hint yet.
    pub fn warning(location: Location, message: impl Into<String>) -> Problem {
        Problem { severity: Severity::Warning, ..Problem::error(location, message) }
    }

    /// The problem with what to do.
    pub fn with_hint(self, hint: impl Into<String>) -> Problem {
        Problem { hint: Some(hint.into()), ..self }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}
