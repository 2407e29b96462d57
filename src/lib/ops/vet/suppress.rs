//! Suppressions: comments `# kfleet: ignore ID reason` beside a line, or on the line above it.

use super::catalogue;
use super::facts::Facts;
use super::finding::{Finding, Findings};
use super::rule::Rule;
use crate::problem::Location;

const MARK: &str = "kfleet: ignore";

struct Suppression {
    location: Location,
    id: String,
    reason: String,
    used: bool,
}

/// Takes out what is suppressed, and adds a finding for each suppression that does nothing. Returns how many were taken.
pub(super) fn suppress(facts: &Facts<'_>, findings: &mut Vec<Finding>, rule: &'static Rule) -> usize {
    let mut suppressions = all(facts);
    let before = findings.len();
    findings.retain(|finding| {
        let here = |one: &&mut Suppression| {
            let line = finding.location.line;
            // What concerns a whole file is suppressed in its first line.
            let is_beside = one.location.line == line.max(1) || one.location.line + 1 == line;
            one.id == finding.rule.id
                && !one.reason.is_empty()
                && one.location.file == finding.location.file
                && is_beside
        };
        match suppressions.iter_mut().find(here) {
            Some(suppression) => {
                suppression.used = true;
                false
            }
            None => true,
        }
    });
    let suppressed = before - findings.len();
    let mut found = Findings::new(rule);
    for suppression in suppressions.into_iter().filter(|suppression| !suppression.used) {
        let Suppression { location, id, reason, .. } = suppression;
        let message = match catalogue::find(&id) {
            _ if id.is_empty() => "this suppression names no rule".to_owned(),
            None => format!("`{id}` is not a rule of vet"),
            Some(_) if reason.is_empty() => format!("this suppression of {id} gives no reason"),
            Some(_) => format!("nothing to suppress: there is no finding of {id} here"),
        };
        found.add(location, message).hint("# kfleet: ignore ID reason, beside the line or on the line above");
    }
    findings.extend(found.into_parts().0);
    suppressed
}

fn all(facts: &Facts<'_>) -> Vec<Suppression> {
    let mut found = Vec::new();
    for (file, content) in facts.contents() {
        for (offset, comment) in &content.comments {
            let text = comment.trim_start_matches('#').trim();
            let Some(rest) = text.strip_prefix(MARK) else { continue };
            let (id, reason) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
            let location = content.location_of(file, *offset);
            found.push(Suppression { location, id: id.to_owned(), reason: reason.trim().to_owned(), used: false });
        }
    }
    found
}
