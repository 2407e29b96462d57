//! [`Finding`]: what is wrong or doubtful, under the stable id of its rule: in trigger files, and in the pipelines that they
//! name.

use crate::problem::{Location, Problem, Severity};
use crate::text::visible;

/// Something that is wrong or doubtful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The stable name of the rule, such as `trigger-regex` or `unused-param`.
    pub id: &'static str,
    /// How bad it is, where it is, what it is, and what to do. In a trigger file, an error stops all jobs of the repository.
    pub problem: Problem,
    /// The job of a trigger file that it concerns.
    pub job: Option<String>,
    /// Texts that repair it, where that is safe: the paths of fields in the document, and what to write there.
    pub repairs: Vec<(Vec<String>, String)>,
}

impl Finding {
    /// A problem under the id of a rule.
    pub fn new(id: &'static str, problem: Problem) -> Finding {
        Finding { id, problem, job: None, repairs: Vec::new() }
    }

    pub fn error(id: &'static str, location: Location, message: impl Into<String>) -> Finding {
        Finding::new(id, Problem::error(location, visible(&message.into())))
    }

    pub fn warning(id: &'static str, location: Location, message: impl Into<String>) -> Finding {
        Finding::new(id, Problem::warning(location, visible(&message.into())))
    }

    /// Adds lines that stand below the message.
    #[must_use]
    pub fn with_lines(mut self, lines: &str) -> Finding {
        self.problem.message = format!("{}\n{lines}", self.problem.message);
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Finding {
        self.problem.hint = Some(hint.into());
        self
    }

    /// Adds a text that repairs it.
    #[must_use]
    pub fn repaired(mut self, path: Vec<String>, text: impl Into<String>) -> Finding {
        self.repairs.push((path, text.into()));
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
        self.problem.severity == Severity::Error
    }

    /// The message with the job before it; and the lines of a pattern and its caret, where it has some.
    pub fn text(&self) -> (String, Option<&str>) {
        let job = self.job.as_ref().map(|job| format!("job {}: ", visible(job))).unwrap_or_default();
        let message = self.problem.message.as_str();
        let (first, rest) = message.split_once('\n').map_or((message, None), |(first, rest)| (first, Some(rest)));
        (format!("{job}{first}"), rest)
    }

    /// The problem with the job before its message and the id after it.
    pub fn labelled(&self) -> Problem {
        let (first, rest) = self.text();
        let rest = rest.map(|rest| format!("\n{rest}")).unwrap_or_default();
        Problem { message: format!("{first} [{}]{rest}", self.id), ..self.problem.clone() }
    }
}
