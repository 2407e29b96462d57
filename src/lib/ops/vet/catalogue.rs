//! The catalogue: every rule as data, built or not. `--explain`, the reference in docs/vet.md and the rules of SARIF
//! reports are made from it.

use super::rule::{Rule, Unbuilt};
use super::rules::GROUPS;
use super::unbuilt::UNBUILT;
use crate::problem::Severity;
use std::fmt::Write as _;

/// The rules, in the order of the reference.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    GROUPS.iter().flat_map(|group| group.iter())
}

pub fn unbuilt() -> &'static [Unbuilt] {
    UNBUILT
}

/// The rule of an id; upper and lower case are the same.
pub fn find(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

/// The rule that is not built yet of an id.
pub fn find_unbuilt(id: &str) -> Option<&'static Unbuilt> {
    UNBUILT.iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// The reference of the rules as Markdown, for docs/vet.md.
pub fn markdown() -> String {
    let mut out = String::new();
    for rule in rules() {
        let fix = if rule.is_fixable { "; `--fix` repairs what is safe" } else { "" };
        let _ = write!(
            out,
            "### {}: {}\n\nSeverity: {}{fix}.\n\n{}\n\n",
            rule.id,
            rule.title,
            word(rule.severity),
            rule.explanation
        );
    }
    out += "## Not built yet\n\n| id | severity | finds | needs |\n| --- | --- | --- | --- |\n";
    for rule in UNBUILT {
        let _ = writeln!(out, "| {} | {} | {} | {} |", rule.id, word(rule.severity), rule.title, rule.needs);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_there_once_and_all_is_explained() {
        let ids: Vec<&str> = rules().map(|rule| rule.id).chain(UNBUILT.iter().map(|rule| rule.id)).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        for rule in rules() {
            assert!(rule.explanation.len() > 100, "{}", rule.id);
            assert!(rule.explanation.lines().all(|line| line.len() <= 120), "{}", rule.id);
        }
        assert!(find("pin01").is_some() && find_unbuilt("KUS04").is_some());
    }
}
