//! Which findings count: those of the rules that are asked for, by the settings of the fleet file.

use super::catalogue;
use super::facts::Facts;
use super::finding::{Finding, Findings};
use super::rule::Rule;
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::types::RuleLevel;
use crate::problem::Severity;
use crate::suggest::did_you_mean;
use globset::GlobBuilder;
use std::collections::BTreeMap;

/// The rules of these ids; upper and lower case are the same. Without ids all.
///
/// # Errors
/// There is no rule of an id ([`ErrorKind::Usage`]).
pub(super) fn rules(ids: &[String]) -> Result<Vec<&'static Rule>> {
    if ids.is_empty() {
        return Ok(catalogue::rules().collect());
    }
    ids.iter().map(|id| catalogue::find(id).ok_or_else(|| no_rule(id))).collect()
}

/// The error of an id that no rule has.
pub fn no_rule(id: &str) -> Error {
    let near = did_you_mean(&id.to_uppercase(), catalogue::rules().map(|rule| rule.id));
    let hint =
        near.map_or_else(|| "`kfleet vet --rules` lists them".to_owned(), |near| format!("did you mean {near}?"));
    Error::new(ErrorKind::Usage, format!("{} is not a rule of vet", id.escape_debug())).with_hint(hint)
}

/// Gives findings the severities of the fleet file, and takes out those of rules and files that it excepts. Returns how many.
pub(super) fn by_settings(facts: &Facts<'_>, findings: &mut Vec<Finding>, of_file: &'static Rule) -> usize {
    let Some(file) = &facts.repository.fleet else { return 0 };
    let settings = &file.fleet.vet;
    let levels: BTreeMap<&str, RuleLevel> = settings.rules.iter().map(|(id, level)| (id.as_str(), *level)).collect();
    // The fleet file has been read: its patterns are good.
    let is_glob =
        |pattern: &String| Some(GlobBuilder::new(pattern).literal_separator(true).build().ok()?.compile_matcher());
    let excluded: Vec<_> = settings.exclude.iter().filter_map(is_glob).collect();
    let before = findings.len();
    findings.retain_mut(|finding| {
        match levels.get(finding.rule.id) {
            Some(RuleLevel::Ignore) => return false,
            Some(RuleLevel::Info) => finding.severity = Severity::Info,
            Some(RuleLevel::Warning) => finding.severity = Severity::Warning,
            Some(RuleLevel::Error) => finding.severity = Severity::Error,
            None => {}
        }
        !excluded.iter().any(|glob| glob.is_match(&finding.location.file))
    });
    let taken = before - findings.len();
    let mut found = Findings::new(of_file);
    for id in levels.keys().filter(|id| catalogue::rules().all(|rule| rule.id != **id)) {
        let error = no_rule(id);
        let finding = found.add(file.document.location(&["vet", "rules", id]), error.message);
        finding.hint(error.hint.unwrap_or_default());
    }
    findings.extend(found.into_parts().0);
    taken
}
