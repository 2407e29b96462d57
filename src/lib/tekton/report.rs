//! [`Report`]: what is wrong with, or doubtful in, the objects of one run, collected while they are loaded.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use crate::lighthouse::finding::Finding;
use crate::problem::{Problem, Severity};
use crate::tekton::node::At;
use crate::text::visible;

/// Name and meaning of every rule, by name.
pub const RULES: [(&str, &str); 19] = [
    ("bracket-result", "a reference to a result in a form that makes no task wait"),
    ("event-text", "text that whoever causes the event can choose, in what a shell runs"),
    ("inert-field", "a field that means nothing outside a cluster"),
    ("json-param", "a list or map of a param that becomes one text"),
    ("late-shebang", "a script whose #! is not at its beginning"),
    ("lost-field", "a field of v1beta1 that Tekton drops"),
    ("more-documents", "a file with objects that nobody reads"),
    ("number-param", "a number whose text is not what is written, such as 1.10"),
    ("old-version", "an object of a deprecated version"),
    ("pull-param", "a param of pull requests without default, in a job without pull request"),
    ("unknown-field", "a field that nobody reads"),
    ("unknown-param", "a value for a param that is not declared"),
    ("unknown-version", "an apiVersion that is read as v1"),
    ("unpinned", "a file from elsewhere that may change at any time"),
    ("unshared-folder", "an emptyDir of the run that several tasks use"),
    ("unused-param", "a declared param that nobody reads"),
    ("unused-workspace", "a workspace for a task that does not declare it"),
    ("uses", "steps that are imported in the deprecated way"),
    ("yaml", "YAML that readers understand differently"),
];

/// Collects problems and findings. Each is kept once: an object that is used twice is complained about once.
#[derive(Debug, Default)]
pub(in crate::tekton) struct Report {
    problems: RefCell<Vec<Problem>>,
    missing: RefCell<Vec<Problem>>,
    findings: RefCell<Vec<Finding>>,
    inert: RefCell<BTreeSet<String>>,
    /// Unknown fields are dropped with a warning, as Lighthouse drops them, instead of refused.
    pub(in crate::tekton) drops_unknown: Cell<bool>,
}

impl Report {
    /// Something that makes the objects unusable.
    pub(in crate::tekton) fn error(&self, at: &At, message: impl Into<String>) {
        self.problem(at, message.into(), None);
    }

    /// As [`Report::error`], with what to do about it.
    pub(in crate::tekton) fn error_with(&self, at: &At, message: impl Into<String>, hint: impl Into<String>) {
        self.problem(at, message.into(), Some(hint.into()));
    }

    /// As [`Report::error`], with what to do where that is known.
    pub(in crate::tekton) fn error_hinted(&self, at: &At, message: impl Into<String>, hint: Option<String>) {
        self.problem(at, message.into(), hint);
    }

    /// As [`Report::error`], with lines that stand below the message.
    pub(in crate::tekton) fn error_above(&self, at: &At, message: impl AsRef<str>, lines: &str) {
        let message = format!("{}\n{lines}", visible(message.as_ref()));
        self.add(Problem { severity: Severity::Error, location: at.location(), message, hint: None });
    }

    /// A file that cannot be had here and now.
    pub(in crate::tekton) fn missing(&self, at: &At, message: String, hint: Option<String>) {
        let problem = Problem { severity: Severity::Error, location: at.location(), message: visible(&message), hint };
        let mut missing = self.missing.borrow_mut();
        if !missing.contains(&problem) {
            missing.push(problem);
        }
    }

    fn problem(&self, at: &At, message: String, hint: Option<String>) {
        self.add(Problem { severity: Severity::Error, location: at.location(), message: visible(&message), hint });
    }

    /// Adds a problem that was made elsewhere; a warning becomes a finding.
    pub(in crate::tekton) fn add(&self, problem: Problem) {
        if problem.severity != Severity::Error {
            return self.keep(Finding::new("yaml", problem));
        }
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// Something doubtful.
    pub(in crate::tekton) fn warn(
        &self,
        id: &'static str,
        at: &At,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let (message, hint) = (visible(&message.into()), Some(hint.into()));
        self.keep(Finding::new(id, Problem { severity: Severity::Warning, location: at.location(), message, hint }));
    }

    /// Something worth knowing.
    pub(in crate::tekton) fn note(&self, id: &'static str, at: &At, message: impl Into<String>) {
        let message = visible(&message.into());
        self.keep(Finding::new(id, Problem { severity: Severity::Info, location: at.location(), message, hint: None }));
    }

    /// A field that means nothing outside a cluster; said once for each name.
    pub(in crate::tekton) fn inert(&self, at: &At, field: &str) {
        if self.inert.borrow_mut().insert(field.to_owned()) {
            self.note("inert-field", at, format!("`{field}` means nothing outside a cluster"));
        }
    }

    fn keep(&self, finding: Finding) {
        debug_assert!(RULES.iter().any(|(id, _)| *id == finding.id), "{} is not a rule", finding.id);
        let mut findings = self.findings.borrow_mut();
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }

    /// Whether nothing made the objects unusable so far.
    pub(in crate::tekton) fn is_clean(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// Problems, what is missing, and findings, by place.
    pub(in crate::tekton) fn into_parts(self) -> (Vec<Problem>, Vec<Problem>, Vec<Finding>) {
        let (mut problems, mut findings) = (self.problems.into_inner(), self.findings.into_inner());
        let mut missing = self.missing.into_inner();
        problems.sort_by(|a, b| a.location.cmp(&b.location));
        missing.sort_by(|a, b| a.location.cmp(&b.location));
        findings.sort_by(|a, b| a.problem.location.cmp(&b.problem.location));
        (problems, missing, findings)
    }
}

#[cfg(test)]
mod tests {
    use super::RULES;

    #[test]
    fn names_are_in_order() {
        assert!(RULES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
