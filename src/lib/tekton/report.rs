//! [`Report`]: what is wrong with, or doubtful in, the objects of one run, collected while they are loaded.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use crate::lighthouse::finding::Finding;
use crate::problem::{Problem, Severity};
use crate::tekton::node::At;
use crate::tekton::types::error_at;
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
        self.error_hinted(at, message, None);
    }

    /// As [`Report::error`], with what to do about it.
    pub(in crate::tekton) fn error_with(&self, at: &At, message: impl Into<String>, hint: impl Into<String>) {
        self.error_hinted(at, message, Some(hint.into()));
    }

    /// As [`Report::error`], where nothing comes of what is wrong.
    pub(in crate::tekton) fn fail<T>(&self, at: &At, message: impl Into<String>) -> Option<T> {
        self.error(at, message);
        None
    }

    /// As [`Report::fail`], with what to do about it.
    pub(in crate::tekton) fn fail_with<T>(
        &self,
        at: &At,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Option<T> {
        self.error_with(at, message, hint);
        None
    }

    /// As [`Report::error`], with what to do where that is known.
    pub(in crate::tekton) fn error_hinted(&self, at: &At, message: impl Into<String>, hint: Option<String>) {
        self.add(Problem { hint, ..error_at(&at.location(), message.into()) });
    }

    /// As [`Report::error`], with lines that stand below the message.
    pub(in crate::tekton) fn error_above(&self, at: &At, message: impl AsRef<str>, lines: &str) {
        let message = format!("{}\n{lines}", visible(message.as_ref()));
        self.add(Problem::error(at.location(), message));
    }

    /// A file that cannot be had here and now.
    pub(in crate::tekton) fn missing(&self, at: &At, message: String, hint: Option<String>) {
        push_new(&self.missing, Problem { hint, ..error_at(&at.location(), message) });
    }

    /// Adds a problem that was made elsewhere; a warning becomes a finding.
    pub(in crate::tekton) fn add(&self, problem: Problem) {
        if problem.severity != Severity::Error {
            return self.keep(Finding::new("yaml", problem));
        }
        push_new(&self.problems, problem);
    }

    /// Something doubtful.
    pub(in crate::tekton) fn warn(
        &self,
        id: &'static str,
        at: &At,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.keep(Finding::warning(id, at.location(), message).with_hint(hint));
    }

    /// Something worth knowing.
    pub(in crate::tekton) fn note(&self, id: &'static str, at: &At, message: impl Into<String>) {
        let problem = Problem { severity: Severity::Info, ..error_at(&at.location(), message.into()) };
        self.keep(Finding::new(id, problem));
    }

    /// A field that means nothing outside a cluster; said once for each name.
    pub(in crate::tekton) fn inert(&self, at: &At, field: &str) {
        if self.inert.borrow_mut().insert(field.to_owned()) {
            self.note("inert-field", at, format!("`{field}` means nothing outside a cluster"));
        }
    }

    fn keep(&self, finding: Finding) {
        debug_assert!(RULES.iter().any(|(id, _)| *id == finding.id), "{} is not a rule", finding.id);
        push_new(&self.findings, finding);
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

fn push_new<T: PartialEq>(list: &RefCell<Vec<T>>, item: T) {
    let mut list = list.borrow_mut();
    if !list.contains(&item) {
        list.push(item);
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
