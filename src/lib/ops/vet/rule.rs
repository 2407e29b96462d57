//! A rule as data: what it is called, why it matters, and the function that looks for its findings.

use super::facts::Facts;
use super::finding::{Finding, Findings};
use crate::problem::Severity;

pub type Check = fn(&Facts<'_>, &mut Findings);

#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name, which stays the same for ever.
    pub id: &'static str,
    /// How bad its findings are; single ones may be milder or worse.
    pub severity: Severity,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// Why that matters, and what to do: several lines.
    pub explanation: &'static str,
    /// Whether `--fix` can repair some of its findings.
    pub is_fixable: bool,
    pub(super) check: Check,
}

/// A rule of the reference that is not built yet.
#[derive(Debug, Clone, Copy)]
pub struct Unbuilt {
    pub id: &'static str,
    /// How bad its findings will be.
    pub severity: Severity,
    /// What it will find.
    pub title: &'static str,
    /// What it needs that is not there yet.
    pub needs: &'static str,
}

impl Rule {
    pub(super) const fn error(id: &'static str, title: &'static str, check: Check) -> Rule {
        Rule::new(id, Severity::Error, title, check)
    }

    pub(super) const fn warning(id: &'static str, title: &'static str, check: Check) -> Rule {
        Rule::new(id, Severity::Warning, title, check)
    }

    pub(super) const fn new(id: &'static str, severity: Severity, title: &'static str, check: Check) -> Rule {
        Rule { id, severity, title, explanation: "", is_fixable: false, check }
    }

    /// What it finds, and how many of its checks need a clone that is not there.
    pub(super) fn findings(&'static self, facts: &Facts<'_>) -> (Vec<Finding>, usize) {
        let mut found = Findings::new(self);
        (self.check)(facts, &mut found);
        found.into_parts()
    }

    pub(super) const fn fixable(mut self) -> Rule {
        self.is_fixable = true;
        self
    }

    pub(super) const fn explained(mut self, explanation: &'static str) -> Rule {
        self.explanation = explanation;
        self
    }
}
