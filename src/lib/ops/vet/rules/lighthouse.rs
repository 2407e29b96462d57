//! Rules of Lighthouse triggers: upstream drops what it does not know, so mistakes there are silent. What is wrong is found by
//! the linter of `kfleet run-pipeline`.

use super::super::catalogue::Rule;
use super::super::facts::Facts;
use super::super::finding::{Action, Change, Findings, Fix};
use crate::lighthouse::{self, Finding};
use crate::problem::Severity;
use crate::tree::Tree;
use serde_json::Value;

pub(in super::super) const RULES: &[Rule] = &[
    Rule::new("LHT01", Severity::Error, "a trigger that cannot work", broken).fixable().explained(
        "One job that does not load stops all jobs of the repository: a regular expression that Go cannot read, a\n\
         `rerun_command` that `trigger` does not match, `always_run` with `run_if_changed`, two jobs of one name, a\n\
         `source` that is not there, a field of the wrong type. The pairs /test + /retest and /lint + /relint are\n\
         rewritten by Lighthouse, and only warnings; the fix writes what it makes of them. `kfleet run-pipeline --lint`\n\
         finds the same, and looks at the pipelines too.",
    ),
    Rule::new("LHT02", Severity::Warning, "a trigger that says something else than it seems to", misleading).fixable().explained(
        "Lighthouse drops keys that it does not know (`skip_if_only_changed` is Prow's). Branch patterns are not\n\
         anchored: `main` also matches `domain-x`; the fix writes `^main$`. A job that only a comment could start, and\n\
         that no comment reaches, never runs; nor does one for tags that asks for changed files.",
    ),
];

fn broken(facts: &Facts<'_>, found: &mut Findings) {
    add(facts, found, &|finding| finding.is_error() || finding.id == "trigger-rewritten");
}

fn misleading(facts: &Facts<'_>, found: &mut Findings) {
    add(facts, found, &|finding| !finding.is_error() && finding.id != "trigger-rewritten");
}

/// Adds what the linter finds in the trigger files and is of a rule. What is no YAML has a rule of its own.
fn add(facts: &Facts<'_>, found: &mut Findings, is_of_rule: &dyn Fn(&Finding) -> bool) {
    let mut files = Tree::default();
    for (file, content) in facts.contents().filter(|(file, _)| lighthouse::is_trigger_file(file)) {
        files.insert(file.to_owned(), content.bytes().to_vec());
    }
    let has_file = |_: &lighthouse::JobConfig, path: &str| facts.repository.files.has_file(path);
    for finding in lighthouse::lint(&lighthouse::load(&files).config, &has_file) {
        if finding.id == "trigger-syntax" || !is_of_rule(&finding) {
            continue;
        }
        let fix = fix(facts, &finding);
        let added =
            found.add(finding.problem.location.clone(), finding.text().0).severity(finding.problem.severity).fix(fix);
        added.hint = finding.problem.hint;
    }
}

/// What repairs a finding, as changes of the document that Lighthouse reads: the first.
fn fix(facts: &Facts<'_>, finding: &Finding) -> Option<Fix> {
    let change = |(path, text): &(Vec<String>, String)| Change {
        path: path.clone(),
        action: Action::Set(Value::String(text.clone())),
    };
    let changes: Vec<Change> = finding.repairs.iter().map(change).collect();
    let file = &finding.problem.location.file;
    let document = facts.repository.contents.get(file)?.documents.first()?.number;
    (!changes.is_empty()).then(|| Fix { file: file.clone(), document, changes })
}
