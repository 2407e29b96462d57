//! The rule of Tekton objects beside the triggers.

use crate::manifest::value::each_text;
use crate::ops::vet::facts::{Facts, LIGHTHOUSE};
use crate::ops::vet::rules::{Findings, Rule};
use crate::path::is_within;
use std::collections::BTreeSet;

pub(in crate::ops::vet::rules) const RULES: &[Rule] =
    &[Rule::warning("LHT03", "a pipeline in an old form, or with text of an event in a script", old).explained(
        "Tekton's v1beta1 is deprecated, and `$(inputs.params.x)` is older still: an unknown one reaches the shell.\n\
         Names of branches and URLs are chosen by whoever opens a pull request: put into a script by `$(params.x)` they\n\
         run as code. Pass them as environment variables, and quote those.",
    )];

/// Parameters that Lighthouse fills from an event, and that can hold more than digits and hashes.
const FROM_EVENTS: [&str; 7] =
    ["JOB_SPEC", "PULL_BASE_REF", "PULL_PULL_REF", "PULL_REFS", "REPO_NAME", "REPO_OWNER", "REPO_URL"];

fn old(facts: &Facts<'_>, found: &mut Findings) {
    for object in
        facts.objects.iter().filter(|object| object.group() == "tekton.dev" && is_within(object.file, LIGHTHOUSE))
    {
        if object.version() == "v1beta1" {
            let message = format!("{}: tekton.dev/v1beta1 is deprecated", object.shown());
            found.add(object.location(&["apiVersion"]), message).hint("write tekton.dev/v1");
        }
        let mut texts: BTreeSet<(Vec<String>, String)> = BTreeSet::new();
        each_text(object.value(), &mut |path, text| {
            if text.contains("$(inputs.params.") || is_script(path, text) {
                texts.insert((path.to_vec(), text.to_owned()));
            }
        });
        for (path, text) in texts {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            if text.contains("$(inputs.params.") {
                let message = format!("{}: `$(inputs.params.x)` is an old form", object.shown());
                found.add(object.location(&path), message).hint("write $(params.x), or better an environment variable");
            }
            if let Some(name) = FROM_EVENTS.iter().find(|name| text.contains(&format!("$(params.{name})"))) {
                let message =
                    format!("{}: $(params.{name}) is text of an event, and becomes code here", object.shown());
                found.add(object.location(&path), message).hint("pass it as an environment variable, and quote that");
            }
        }
    }
}

/// Whether a text is run by a shell: a step's script, or an argument of several lines or words with one.
fn is_script(path: &[String], text: &str) -> bool {
    let above = path.len().checked_sub(2).map(|at| path[at].as_str());
    let is_argument = matches!(above, Some("args" | "command")) && text.contains([' ', '\n']);
    path.last().is_some_and(|last| last == "script") || is_argument
}
