//! Rules of Lighthouse triggers: upstream drops what it does not know, so mistakes there are silent.

use super::super::catalogue::Rule;
use super::super::facts::{Facts, LIGHTHOUSE};
use super::super::finding::{Action, Change, Findings, Fix};
use crate::fleet::content::Item;
use crate::fleet::files::{folder_of, plain_path};
use crate::fleet::schema::did_you_mean;
use crate::problem::Severity;
use regex::Regex;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

pub(in super::super) const RULES: &[Rule] = &[
    Rule::new("LHT01", Severity::Error, "a trigger that cannot work", broken).fixable().explained(
        "One job that does not load stops all jobs of the repository: a regular expression that cannot be read, a\n\
         `rerun_command` that `trigger` does not match, `always_run` with `run_if_changed`, two jobs of one name, a\n\
         `source` that is not there. The pairs /test + /retest and /lint + /relint are rewritten by Lighthouse, and\n\
         only warnings; the fix writes what it makes of them.",
    ),
    Rule::new("LHT02", Severity::Warning, "a trigger that says something else than it seems to", misleading).fixable().explained(
        "Lighthouse drops keys that it does not know (`skip_if_only_changed` is Prow's). Branch patterns are not\n\
         anchored: `main` also matches `domain-x`; the fix writes `^main$`. A job that only a comment could start, and\n\
         that no comment reaches, never runs.",
    ),
];

const COMMON: &[&str] = &[
    "agent",
    "annotations",
    "clone_depth",
    "clone_uri",
    "cluster",
    "context",
    "decorate",
    "error_on_eviction",
    "labels",
    "max_concurrency",
    "name",
    "namespace",
    "path_alias",
    "pipeline_run_params",
    "pipeline_run_spec",
    "skip_report",
    "skip_submodules",
    "source",
    "spec",
];
const CHANGES: &[&str] = &["branches", "skip_branches", "run_if_changed", "ignore_changes", "jenkins_spec"];
const PRESUBMIT: &[&str] = &["always_run", "trigger", "rerun_command", "optional", "require_run"];

/// The kinds of jobs, with the keys that only they have.
const KINDS: [(&str, &[&[&str]]); 4] = [
    ("presubmits", &[COMMON, CHANGES, PRESUBMIT]),
    ("postsubmits", &[COMMON, CHANGES]),
    ("periodics", &[COMMON, &["cron", "branch"]]),
    ("deployments", &[COMMON, &["state", "environment"]]),
];

/// Trigger and rerun command that Lighthouse rewrites, and what it makes of them.
const REWRITTEN: [(&str, &str, &str); 2] = [("/test", "/retest", "test"), ("/lint", "/relint", "lint")];

/// A job, with its kind and where it stands.
struct Job<'a> {
    item: Item<'a>,
    kind: &'static str,
    keys: &'static [&'static [&'static str]],
    number: String,
    value: &'a Value,
}

impl<'a> Job<'a> {
    fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key).and_then(Value::as_str)
    }

    fn name(&self) -> &'a str {
        self.text("name").unwrap_or_default()
    }

    fn is_set(&self, key: &str) -> bool {
        self.value.get(key).is_some_and(|value| *value != Value::Bool(false) && !value.is_null())
    }

    fn path<'b>(&'b self, rest: &[&'b str]) -> Vec<&'b str> {
        ["spec", self.kind, &self.number].into_iter().chain(rest.iter().copied()).collect()
    }

    fn fix<const N: usize>(&self, changes: [(&[&str], Value); N]) -> Fix {
        let changes = changes
            .into_iter()
            .map(|(path, value)| Change { path: self.item.path(&self.path(path)), action: Action::Set(value) });
        Fix { file: self.item.file.to_owned(), document: self.item.document.number, changes: changes.collect() }
    }
}

/// The jobs of all trigger files: `.lighthouse/triggers.yaml`, and one level below.
fn jobs<'a>(facts: &Facts<'a>) -> Vec<Job<'a>> {
    let mut found = Vec::new();
    for item in facts.items.iter().filter(|item| item.file.ends_with("/triggers.yaml")) {
        let folder = folder_of(item.file);
        if folder != LIGHTHOUSE && folder_of(folder) != LIGHTHOUSE {
            continue;
        }
        for (kind, keys) in KINDS {
            for (number, value) in item.list(&["spec", kind]).iter().enumerate() {
                found.push(Job { item: *item, kind, keys, number: number.to_string(), value });
            }
        }
    }
    found
}

fn broken(facts: &Facts<'_>, found: &mut Findings) {
    let mut names = BTreeSet::new();
    for job in &jobs(facts) {
        let name = job.name();
        let at = |key: &str| job.item.place(&job.path(&[key]));
        if !names.insert((job.kind, name)) {
            found.add(at("name"), format!("two jobs of {} are called `{name}`", job.kind)).hint("rename one of them");
        }
        if let Some(source) = job.text("source").filter(|source| !source.contains("://")) {
            let path = plain_path(folder_of(job.item.file), source);
            if !path.as_deref().is_some_and(|path| facts.repository.files.has_file(path)) {
                let message = format!("job {name}: there is no {}", path.unwrap_or_else(|| source.to_owned()));
                found.add(at("source"), message).hint("`source` is relative to this file");
            }
        }
        if job.is_set("always_run") && job.is_set("run_if_changed") {
            let message = format!("job {name}: `always_run` and `run_if_changed` exclude each other");
            found.add(at("run_if_changed"), message).hint("keep one of them");
        }
        for key in ["run_if_changed", "ignore_changes", "trigger"] {
            if let Some(pattern) = job.text(key).filter(|pattern| is_bad(pattern)) {
                let message = format!("job {name}: `{key}` is no regular expression: {pattern}");
                found.add(at(key), message);
            }
        }
        for key in ["branches", "skip_branches"] {
            for (number, pattern) in job.item.list(&job.path(&[key])).iter().enumerate() {
                if pattern.as_str().is_some_and(is_bad) {
                    let place = job.item.place(&job.path(&[key, &number.to_string()]));
                    found.add(place, format!("job {name}: this branch pattern is no regular expression"));
                }
            }
        }
        commands(job, found);
    }
}

fn commands(job: &Job<'_>, found: &mut Findings) {
    let name = job.name();
    match (job.text("trigger"), job.text("rerun_command")) {
        (Some(trigger), Some(rerun)) => {
            let place = job.item.place(&job.path(&["rerun_command"]));
            if let Some((_, _, word)) = REWRITTEN.iter().find(|(one, two, _)| (*one, *two) == (trigger, rerun)) {
                let (pattern, command) = (format!("(?m)^/{word},?($|\\s.*)"), format!("/{word}"));
                let message = format!("job {name}: `{trigger}` does not match `{rerun}`; Lighthouse rewrites both");
                let fix = job.fix([(&["trigger"], json!(pattern)), (&["rerun_command"], json!(command))]);
                let hint = format!("write trigger: '{pattern}' and rerun_command: {command}");
                found.add(place, message).severity(Severity::Warning).hint(hint).fix([fix]);
            } else if Regex::new(trigger).is_ok_and(|pattern| !pattern.is_match(rerun)) {
                let message = format!("job {name}: `trigger` does not match its `rerun_command`");
                found.add(place, message).hint("make `trigger` match it, or leave out both");
            }
        }
        (Some(_), None) | (None, Some(_)) => {
            let place = job.item.place(&job.path(&[]));
            let message = format!("job {name}: it has one of `trigger` and `rerun_command`");
            found.add(place, message).hint("write both, or none");
        }
        (None, None) => {}
    }
}

/// Whether a pattern is wrong. Lighthouse's syntax is Go's: what only that knows is left alone.
fn is_bad(pattern: &str) -> bool {
    let is_only_gos = pattern.contains("\\Q") || pattern.contains('{') || pattern.contains("\\C");
    !is_only_gos && Regex::new(pattern).is_err()
}

fn misleading(facts: &Facts<'_>, found: &mut Findings) {
    for job in &jobs(facts) {
        let name = job.name();
        for key in job.value.as_object().into_iter().flat_map(Map::keys) {
            let known = || job.keys.iter().flat_map(|keys| keys.iter().copied());
            if known().any(|known| known.eq_ignore_ascii_case(key)) {
                continue;
            }
            let hint = match (key.as_str(), did_you_mean(key, known())) {
                ("skip_if_only_changed", _) => "that is Prow's: write `ignore_changes`".to_owned(),
                (_, Some(near)) => format!("did you mean `{near}`?"),
                (_, None) => "Lighthouse drops it".to_owned(),
            };
            let place = job.item.key_place(&job.path(&[key]));
            found.add(place, format!("job {name}: Lighthouse knows no `{key}` of {}", job.kind)).hint(hint);
        }
        for key in ["branches", "skip_branches"] {
            for (number, pattern) in job.item.list(&job.path(&[key])).iter().enumerate() {
                let Some(text) = pattern.as_str().filter(|text| is_unanchored(text)) else { continue };
                let number = number.to_string();
                let place = job.item.place(&job.path(&[key, &number]));
                let message = format!("job {name}: `{text}` matches every branch with that in its name");
                let anchored = format!("^{}$", text.trim_start_matches('^').trim_end_matches('$'));
                let fix = job.fix([(&[key, &number], json!(anchored))]);
                found.add(place, message).hint(format!("write {anchored}")).fix([fix]);
            }
        }
        let has_trigger = job.text("trigger").and_then(|trigger| Regex::new(trigger).ok());
        let is_automatic = ["always_run", "run_if_changed", "ignore_changes"].iter().any(|key| job.is_set(key));
        let command = format!("/test {name}");
        let is_rewritten = job.text("trigger") == Some("/test");
        if job.kind == "presubmits"
            && !is_automatic
            && !is_rewritten
            && has_trigger.is_some_and(|trigger| !trigger.is_match(&command))
        {
            let message = format!(
                "job {name} never runs: only `{command}` and `/retest` reach jobs, and `trigger` matches neither"
            );
            found
                .add(job.item.place(&job.path(&["trigger"])), message)
                .hint("leave out `trigger`, or set `always_run`");
        }
    }
}

/// Names without anchors. A pattern with a wildcard at an end is open there on purpose.
fn is_unanchored(pattern: &str) -> bool {
    let start = pattern.starts_with('^') || pattern.starts_with(".*");
    let end = pattern.ends_with('$') || pattern.ends_with(".*") || pattern.ends_with(".+");
    let is_anchored = start && end;
    !is_anchored && !pattern.contains('|')
}
