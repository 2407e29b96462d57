//! From a document to jobs, as Go's JSON decoder would read it: keys in any case, unknown ones dropped, truth values
//! and numbers where text is wanted taken as text.

use super::config::{JobConfig, Pattern, TEKTON_PIPELINE};
use super::document::Document;
use super::finding::Finding;
use super::schema::{FIELDS, LISTS, Type};
use crate::lighthouse::job::JobKind;
use crate::problem::Location;
use crate::suggest::did_you_mean;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const API_VERSION: &str = "config.lighthouse.jenkins-x.io/v1alpha1";

/// Pairs of `trigger` and `rerun_command` that Lighthouse rewrites, with the word of what it makes of them.
const REWRITTEN: [(&str, &str, &str); 2] = [("/test", "/retest", "test"), ("/lint", "/relint", "lint")];

/// Reads the jobs of a document. What concerns no job goes to `notes`.
pub(super) fn decode(document: &Document, notes: &mut Vec<Finding>) -> Vec<JobConfig> {
    let Some(root) = document.value.as_object() else {
        if !document.value.is_null() {
            notes.push(Finding::error("trigger-type", document.location(&[]), "a trigger file is a mapping"));
        }
        return Vec::new();
    };
    header(document, root, notes);
    let Some((spec_key, spec)) = get(root, "spec").filter(|(_, spec)| !spec.is_null()) else { return Vec::new() };
    let Some(spec) = spec.as_object() else {
        notes.push(Finding::error("trigger-type", document.location(&[spec_key]), "`spec` must be a mapping"));
        return Vec::new();
    };
    unknown(document, &[spec_key], spec, LISTS.iter().map(|(name, _)| *name), notes);
    let mut jobs = Vec::new();
    for (list, kind) in LISTS {
        let Some((list_key, items)) = get(spec, list).filter(|(_, items)| !items.is_null()) else { continue };
        let Some(items) = items.as_array() else {
            let location = document.location(&[spec_key, list_key]);
            notes.push(Finding::error("trigger-type", location, format!("`{list}` must be a list of jobs")));
            continue;
        };
        for (number, item) in items.iter().enumerate() {
            let number = number.to_string();
            let path = [spec_key, list_key, &number];
            match item.as_object() {
                Some(map) => jobs.push(Fields { document, path: path.to_vec(), map, kind, notes: Vec::new() }.job()),
                None => notes.push(Finding::error("trigger-type", document.location(&path), "a job is a mapping")),
            }
        }
    }
    jobs
}

/// Nothing upstream looks at apiVersion and kind.
fn header(document: &Document, root: &Map<String, Value>, notes: &mut Vec<Finding>) {
    unknown(document, &[], root, ["apiVersion", "kind", "metadata", "spec"].into_iter(), notes);
    for (key, expected) in [("apiVersion", API_VERSION), ("kind", "TriggerConfig")] {
        let found = get(root, key);
        if found.and_then(|(_, value)| value.as_str()) != Some(expected) {
            let location = found.map_or_else(|| document.location(&[]), |(key, _)| document.location(&[key]));
            let message = format!("`{key}` is not {expected}; Lighthouse does not look at it");
            let finding = Finding::warning("trigger-header", location, message);
            notes.push(finding.with_hint(format!("write `{key}: {expected}`")));
        }
    }
}

/// The value of a key in any case, with the key as it is written.
fn get<'a>(map: &'a Map<String, Value>, name: &str) -> Option<(&'a str, &'a Value)> {
    let exact = map.get_key_value(name);
    let found = exact.or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)))?;
    Some((found.0.as_str(), found.1))
}

/// Keys that are dropped, and keys in another case.
fn unknown<'a>(
    document: &Document,
    path: &[&str],
    map: &Map<String, Value>,
    known: impl Iterator<Item = &'a str> + Clone,
    notes: &mut Vec<Finding>,
) {
    for key in map.keys() {
        if known.clone().any(|known| known == key) {
            continue;
        }
        let location = document.key_location(&[path, &[key.as_str()]].concat());
        if let Some(meant) = known.clone().find(|known| known.eq_ignore_ascii_case(key)) {
            let message = format!("`{key}` is read as `{meant}`");
            notes.push(Finding::warning("trigger-key-case", location, message).with_hint(format!("write `{meant}`")));
            continue;
        }
        let hint = match (key.as_str(), did_you_mean(key, known.clone())) {
            ("skip_if_only_changed", _) => "that is Prow's: write `ignore_changes`".to_owned(),
            (_, Some(near)) => format!("did you mean `{near}`?"),
            (_, None) => "remove it".to_owned(),
        };
        let message = format!("Lighthouse knows no `{key}` here and drops it");
        notes.push(Finding::warning("trigger-unknown-key", location, message).with_hint(hint));
    }
}

/// The fields of one job, and what is found while they are read.
struct Fields<'a> {
    document: &'a Document,
    path: Vec<&'a str>,
    map: &'a Map<String, Value>,
    kind: JobKind,
    notes: Vec<Finding>,
}

impl<'a> Fields<'a> {
    fn job(mut self) -> JobConfig {
        let known = FIELDS.iter().filter(|(_, _, kinds)| kinds.contains(&self.kind)).map(|(name, _, _)| *name);
        unknown(self.document, &self.path, self.map, known, &mut self.notes);
        self.check_types();
        let name = self.text("name").unwrap_or_default();
        let source = self.text("source");
        let agent = self.text("agent");
        let default_agent = if source.is_some() { TEKTON_PIPELINE } else { "jenkins-x" };
        let has_context = matches!(self.kind, JobKind::Presubmit | JobKind::Postsubmit);
        let context = self.text("context").unwrap_or_else(|| if has_context { name.clone() } else { String::new() });
        let mut job = JobConfig {
            kind: self.kind,
            file: self.document.path.clone(),
            path: self.path.iter().map(|part| (*part).to_owned()).collect(),
            location: self.document.location(&self.path),
            has_agent: agent.is_some(),
            agent: agent.unwrap_or_else(|| default_agent.to_owned()),
            source,
            run_spec: self.value("pipeline_run_spec").cloned(),
            params: self.params(),
            context,
            skip_report: self.truth("skip_report"),
            labels: self.map("labels"),
            annotations: self.map("annotations"),
            max_concurrency: self.value("max_concurrency").and_then(Value::as_i64).unwrap_or(0),
            clone_uri: self.text("clone_uri"),
            path_alias: self.text("path_alias").unwrap_or_default(),
            pod_spec: self.value("spec").cloned(),
            branches: self.branches("branches"),
            skip_branches: self.branches("skip_branches"),
            run_if_changed: self.pattern("run_if_changed"),
            ignore_changes: self.pattern("ignore_changes"),
            always_run: self.truth("always_run"),
            trigger: None,
            rerun_command: None,
            rewritten: None,
            cron: self.text("cron"),
            branch: self.text("branch"),
            state: self.text("state").unwrap_or_default(),
            environment: self.text("environment").unwrap_or_default(),
            locations: self.locations(),
            notes: Vec::new(),
            name,
        };
        if self.kind == JobKind::Presubmit {
            self.commands(&mut job);
        }
        job.notes = self.notes.into_iter().map(|finding| finding.of(&job.name)).collect();
        job
    }

    /// `trigger` and `rerun_command`, with the defaults and rewriting of Lighthouse.
    fn commands(&mut self, job: &mut JobConfig) {
        let (trigger, rerun) = (self.text("trigger"), self.text("rerun_command"));
        let pair = (trigger.as_deref(), rerun.as_deref());
        if pair == (None, None) {
            let name = &job.name;
            job.trigger = Some(Pattern::new(vec![format!("(?m)^/test( | .* ){name},?($|\\s.*)")]));
            job.rerun_command = Some(format!("/test {name}"));
        } else if let Some((one, two, word)) =
            REWRITTEN.into_iter().find(|(one, two, _)| pair == (Some(one), Some(two)))
        {
            job.rewritten = Some((one.to_owned(), two.to_owned()));
            job.trigger = Some(Pattern::new(vec![format!("(?m)^/{word},?($|\\s.*)")]));
            job.rerun_command = Some(format!("/{word}"));
        } else {
            job.trigger = self.pattern("trigger");
            job.rerun_command = rerun;
        }
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        Some(get(self.map, name)?.1).filter(|value| !value.is_null())
    }

    fn path_of<'b>(&'b self, name: &'b str) -> Vec<&'b str> {
        let key = get(self.map, name).map_or(name, |(key, _)| key);
        self.path.iter().copied().chain([key]).collect()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.value(name).and_then(text).filter(|text| !text.is_empty())
    }

    fn truth(&self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or(false)
    }

    fn map(&self, name: &str) -> BTreeMap<String, String> {
        let entries = self.value(name).and_then(Value::as_object).into_iter().flatten();
        entries.map(|(key, value)| (key.clone(), text(value).unwrap_or_default())).collect()
    }

    fn pattern(&mut self, name: &str) -> Option<Pattern> {
        let pattern = Pattern::new(vec![self.text(name)?]);
        if let Some(error) = pattern.error() {
            let path = self.path_of(name);
            let location = self.document.location_within(&path, &pattern.joined, error.offset);
            let message = format!("`{name}` is not a regular expression: {}", error.message);
            let finding = Finding::error("trigger-regex", location, message);
            self.notes.push(finding.with_lines(&error.caret(&pattern.joined)));
        }
        Some(pattern)
    }

    /// Lists of patterns. Lighthouse joins them with `|` before it compiles them.
    fn branches(&mut self, name: &str) -> Option<Pattern> {
        let items = self.value(name)?.as_array().filter(|items| !items.is_empty())?;
        let mut pattern = Pattern::new(items.iter().map(|item| text(item).unwrap_or_default()).collect());
        let item_location =
            |number: usize| self.document.location(&[&self.path_of(name)[..], &[&number.to_string()]].concat());
        pattern.locations = (0..items.len()).map(item_location).collect();
        if let Some(error) = pattern.error() {
            let mut offset = error.offset;
            let mut number = 0;
            while number + 1 < pattern.texts.len() && offset > pattern.texts[number].len() {
                offset -= pattern.texts[number].len() + 1;
                number += 1;
            }
            let item = number.to_string();
            let path: Vec<&str> = self.path_of(name).into_iter().chain([item.as_str()]).collect();
            let location = self.document.location_within(&path, &pattern.texts[number], offset);
            let message = format!("`{name}` is not a regular expression: {}", error.message);
            let finding = Finding::error("trigger-regex", location, message);
            self.notes.push(finding.with_lines(&error.caret(&pattern.joined)));
        }
        Some(pattern)
    }

    fn params(&mut self) -> Vec<(String, String, Location)> {
        let Some(items) = self.value("pipeline_run_params").and_then(Value::as_array) else { return Vec::new() };
        let mut params = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let number = number.to_string();
            let path: Vec<&str> = self.path_of("pipeline_run_params").into_iter().chain([number.as_str()]).collect();
            let Some(map) = item.as_object() else {
                let finding = Finding::error("trigger-type", self.document.location(&path), "a parameter is a mapping");
                self.notes.push(finding);
                continue;
            };
            let mut notes = Vec::new();
            unknown(self.document, &path, map, ["name", "value_template"].into_iter(), &mut notes);
            let field = |name| get(map, name).and_then(|(_, value)| text(value)).unwrap_or_default();
            let key = get(map, "value_template").map_or("value_template", |(key, _)| key);
            let location = self.document.location(&[&path[..], &[key]].concat());
            params.push((field("name"), field("value_template"), location));
            self.notes.extend(notes);
        }
        params
    }

    fn locations(&self) -> BTreeMap<&'static str, Location> {
        let written = FIELDS.iter().filter(|(name, _, _)| get(self.map, name).is_some());
        written.map(|(name, _, _)| (*name, self.document.location(&self.path_of(name)))).collect()
    }

    fn check_types(&mut self) {
        for (name, expected, kinds) in FIELDS {
            if !kinds.contains(&self.kind) {
                continue;
            }
            let Some(value) = self.value(name) else { continue };
            let is_texts = |value: &Value| value.is_null() || text(value).is_some();
            let (is_right, wanted) = match expected {
                Type::Text => (is_texts(value), "text"),
                Type::Bool => (value.is_boolean(), "true or false"),
                Type::Number => (value.is_i64(), "a whole number"),
                Type::Texts => (value.as_array().is_some_and(|items| items.iter().all(is_texts)), "a list of texts"),
                Type::Map => (value.as_object().is_some_and(|map| map.values().all(is_texts)), "a mapping of texts"),
                Type::Params => (value.is_array(), "a list of parameters"),
                Type::Any => (true, ""),
            };
            if !is_right {
                let location = self.document.location(&self.path_of(name));
                self.notes.push(Finding::error("trigger-type", location, format!("`{name}` must be {wanted}")));
            }
        }
    }
}

/// A scalar as text: where text is wanted, numbers and truth values become some.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}
