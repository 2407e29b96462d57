//! Rules of Lighthouse triggers: upstream drops what it does not know, so mistakes there are silent. What is wrong is found by
//! the linter of `kfleet run-pipeline`.

use crate::lighthouse::{self, Finding};
use crate::manifest::{Action, Edit};
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::tree::Tree;

pub(in crate::ops::vet::rules) const RULES: &[Rule] = &[
    Rule::error("LHT01", "a trigger that cannot work", broken).fixable().explained(
        "One job that does not load stops all jobs of the repository: a regular expression that Go cannot read, a\n\
         `rerun_command` that `trigger` does not match, `always_run` with `run_if_changed`, two jobs of one name, a\n\
         `source` that is not there, a field of the wrong type. The pairs /test + /retest and /lint + /relint are\n\
         rewritten by Lighthouse, and only warnings; the fix writes what it makes of them. `kfleet run-pipeline --lint`\n\
         finds the same, and looks at the pipelines too.",
    ),
    Rule::warning("LHT02", "a trigger that says something else than it seems to", misleading).fixable().explained(
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

/// Adds what the linter finds in the trigger files and is of a rule. What is not YAML has a rule of its own.
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

/// What repairs a finding, as edits of the document that Lighthouse reads: the first.
fn fix(facts: &Facts<'_>, finding: &Finding) -> Vec<Edit> {
    let file = &finding.problem.location.file;
    let Some(document) = facts.repository.manifests.get(file).and_then(|file| file.documents.first()) else {
        return Vec::new();
    };
    let edit = |(path, text): &(Vec<String>, String)| Edit {
        file: file.clone(),
        document: document.number,
        path: path.clone(),
        action: Action::Set(text.as_str().into()),
    };
    finding.repairs.iter().map(edit).collect()
}
