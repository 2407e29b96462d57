//! [`Finding`]: what is wrong or doubtful in trigger files.

use crate::problem::{Location, Problem, Severity};
use crate::text::visible;

/// What findings are of, by their stable ids.
pub const RULES: &[(&str, &str)] = &[
    ("trigger-syntax", "a trigger file that is no YAML"),
    ("trigger-type", "a field of the wrong type"),
    ("trigger-unknown-key", "a key that Lighthouse drops without a word"),
    ("trigger-key-case", "a key in another case than the documented one"),
    ("trigger-header", "apiVersion or kind of something else"),
    ("trigger-name", "a name that is missing or not allowed"),
    ("trigger-duplicate", "two jobs of one kind and name"),
    ("trigger-agent", "an agent that is unknown, missing or not run by kfleet"),
    ("trigger-label", "a label that is not allowed"),
    ("trigger-value", "a value that is not allowed"),
    ("trigger-regex", "a regular expression that Go refuses"),
    ("trigger-rerun", "`trigger` and `rerun_command` that do not fit"),
    ("trigger-rewritten", "`trigger` and `rerun_command` that Lighthouse rewrites"),
    ("trigger-unreachable", "a job or command that nothing can start"),
    ("trigger-source", "a source that is missing or leaves the repository"),
    ("trigger-unanchored", "a branch pattern that matches more than it seems to"),
    ("trigger-tags", "a change filter on a job that only tags start"),
    ("trigger-periodic", "a periodic without the branch or URL that it needs"),
    ("trigger-cron", "a schedule that cannot be read"),
    ("trigger-template", "a parameter's template that cannot be read"),
];

/// Something that is wrong or doubtful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// One of [`RULES`].
    pub id: &'static str,
    /// An error stops all jobs of the repository.
    pub severity: Severity,
    /// Where it is.
    pub location: Location,
    /// The job that it concerns, where it is one.
    pub job: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Texts that mend it, where that is safe: the paths of fields in the document, and what to write there.
    pub mends: Vec<(Vec<String>, String)>,
}

impl Finding {
    /// An error.
    pub fn error(id: &'static str, location: Location, message: impl Into<String>) -> Finding {
        Finding {
            id,
            severity: Severity::Error,
            location,
            job: None,
            message: visible(&message.into()),
            hint: None,
            mends: Vec::new(),
        }
    }

    /// A warning.
    pub fn warning(id: &'static str, location: Location, message: impl Into<String>) -> Finding {
        Finding { severity: Severity::Warning, ..Finding::error(id, location, message) }
    }

    /// Adds lines that stand below the message.
    #[must_use]
    pub fn with_lines(mut self, lines: &str) -> Finding {
        self.message = format!("{}\n{lines}", self.message);
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a text that mends it.
    #[must_use]
    pub fn mended(mut self, path: Vec<String>, text: impl Into<String>) -> Finding {
        self.mends.push((path, text.into()));
        self
    }

    /// Names the job.
    #[must_use]
    pub fn of(mut self, job: &str) -> Finding {
        self.job = Some(job.to_owned());
        self
    }

    /// Whether the jobs cannot be used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The message with the job before it; and the lines of a pattern and its caret, where it has some.
    pub fn told(&self) -> (String, Option<&str>) {
        let job = self.job.as_ref().map(|job| format!("job {}: ", visible(job))).unwrap_or_default();
        let (first, rest) = match self.message.split_once('\n') {
            Some((first, rest)) => (first, Some(rest)),
            None => (self.message.as_str(), None),
        };
        (format!("{job}{first}"), rest)
    }

    /// As a problem, with the job before the message and the id behind it.
    pub fn problem(&self) -> Problem {
        let (first, rest) = self.told();
        let rest = rest.map(|rest| format!("\n{rest}")).unwrap_or_default();
        let message = format!("{first} [{}]{rest}", self.id);
        Problem { severity: self.severity, location: self.location.clone(), message, hint: self.hint.clone() }
    }
}
