//! What a rule finds: a place, a message, what to do, and where it is safe the edits that repair it.

use super::rule::Rule;
use crate::manifest::Edit;
use crate::problem::{Location, Problem, Severity};

#[derive(Debug, Clone)]
pub struct Finding {
    pub rule: &'static Rule,
    /// How bad it is: the rule's severity, or a milder one.
    pub severity: Severity,
    pub location: Location,
    pub message: String,
    pub hint: Option<String>,
    /// The clusters that it concerns; none where it concerns the repository.
    pub clusters: Vec<String>,
    /// Edits that repair it: all or none of them are made.
    pub fixes: Vec<Edit>,
}

#[derive(Debug)]
pub struct Findings {
    rule: &'static Rule,
    list: Vec<Finding>,
    skipped: usize,
}

impl Findings {
    pub(super) fn new(rule: &'static Rule) -> Findings {
        Findings { rule, list: Vec::new(), skipped: 0 }
    }

    /// Adds a finding of the rule that is being checked.
    pub fn add(&mut self, location: Location, message: impl Into<String>) -> &mut Finding {
        let rule = self.rule;
        let index = self.list.len();
        self.list.push(Finding {
            rule,
            severity: rule.severity,
            location,
            message: message.into(),
            hint: None,
            clusters: Vec::new(),
            fixes: Vec::new(),
        });
        &mut self.list[index]
    }

    /// Adds a problem that was found elsewhere.
    pub fn add_problem(&mut self, problem: Problem) -> &mut Finding {
        let finding = self.add(problem.location, problem.message);
        finding.hint = problem.hint;
        finding
    }

    /// Counts a check that needs the history, where there is none.
    pub fn skip(&mut self) {
        self.skipped += 1;
    }

    pub(super) fn into_parts(self) -> (Vec<Finding>, usize) {
        (self.list, self.skipped)
    }
}

impl Finding {
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Finding {
        self.hint = Some(hint.into());
        self
    }

    /// Makes it milder, or worse, than its rule.
    pub fn severity(&mut self, severity: Severity) -> &mut Finding {
        self.severity = severity;
        self
    }

    /// Names a cluster that it concerns.
    pub fn cluster(&mut self, name: &str) -> &mut Finding {
        self.clusters.push(name.to_owned());
        self
    }

    /// Adds edits that repair it.
    pub fn fix(&mut self, fixes: impl IntoIterator<Item = Edit>) -> &mut Finding {
        self.fixes.extend(fixes);
        self
    }

    /// The finding as a problem, with the rule's id after the message.
    pub fn problem(&self) -> Problem {
        Problem {
            severity: self.severity,
            location: self.location.clone(),
            message: format!("{} [{}]", self.message, self.rule.id),
            hint: self.hint.clone(),
        }
    }
}
