//! Puts what `pipelineRef`, `taskRef` and the `ref` of steps mean in their place.

use std::collections::BTreeMap;

use super::fetch::below;
use super::object::{Kind, Object};
use super::sources::Sources;
use crate::go_regex;
use crate::tekton::node::{BY_REFERENCE, Node, Value};
use crate::tekton::report::Report;
use crate::tekton::types::ParamValue;
use crate::tekton::variables::scan::exact;
use crate::tekton::variables::substitute::{Budget, Expander, Found, Table};

/// `loadFileRefs`: references whose name matches are files beside the source, and become inline.
pub(super) fn load_files(run: &mut Node, pattern: &Node, folder: &str, sources: &Sources<'_>) {
    // An empty pattern matches everything, as it does in Go.
    let Some(text) = pattern.as_text() else { return };
    let pattern = match go_regex::compile(text) {
        Ok(regex) => regex,
        Err(error) => {
            let message = format!("loadFileRefs is not a regular expression: {}", error.message);
            return sources.report.error_above(&pattern.at.within(text, error.offset), message, &error.caret(text));
        }
    };
    let load = |node: &Node, field: &str, kind: Kind| -> Option<Option<Object>> {
        let reference = node.get(field).filter(|reference| reference.get("resolver").is_none())?;
        let name = reference.get("name")?;
        let (at, name) = (&name.at, name.as_text().filter(|name| pattern.is_match(name))?);
        let Some(path) = below(folder, &format!("{name}.yaml")) else {
            sources.report.error(at, format!("`{name}.yaml` is not in the repository"));
            return Some(None);
        };
        let found = sources.file(&path, at);
        if let Some(found) = found.as_ref().filter(|found| found.kind != kind) {
            sources.report.error(at, format!("{path} is to be a {}, and is a {}", kind.name(), found.kind.name()));
        }
        Some(found.filter(|found| found.kind == kind))
    };
    if let Some(found) = load(run, "pipelineRef", Kind::Pipeline) {
        run.remove("pipelineRef");
        run.set("pipelineSpec", found.map(|found| found.spec).unwrap_or_default());
    }
    let Some(spec) = run.get_mut("pipelineSpec") else { return };
    for task in spec.items_of_mut("tasks") {
        if let Some(found) = load(task, "taskRef", Kind::Task) {
            task.remove("taskRef");
            match found {
                Some(found) => task.set("taskSpec", found.spec),
                None => task.leave_gap(),
            }
        }
    }
}

/// Everything else that is referred to: given objects and resolvers.
pub(super) fn resolve(run: &mut Node, sources: &Sources<'_>) {
    let both = run.get("pipelineRef").is_some() && run.get("pipelineSpec").is_some();
    if both {
        sources.report.error(&run.at, "this run has both `pipelineRef` and `pipelineSpec`");
    }
    if let Some(reference) = run.remove("pipelineRef").filter(|entry| !both && !entry.node.is_null()) {
        let Some(found) = sources.referenced(&reference.node, Kind::Pipeline) else { return };
        run.set("pipelineSpec", found.spec);
        run.set(BY_REFERENCE, Node::text(found.name));
    }
    if let Some(spec) = run.get_mut("pipelineSpec") {
        spec.each_task(|task| resolve_task(task, sources));
    }
}

fn resolve_task(task: &mut Node, sources: &Sources<'_>) {
    let name = task.text_of("name").unwrap_or_default().to_owned();
    let kinds = ["taskRef", "taskSpec", "pipelineRef", "pipelineSpec"];
    let given: Vec<&str> = kinds.into_iter().filter(|field| task.get(field).is_some()).collect();
    match given.as_slice() {
        [] if task.get(BY_REFERENCE).is_some() => {}
        [] => {
            let message = format!("task `{name}` has nothing to run");
            sources.report.error_with(&task.at, message, "write taskSpec or taskRef");
        }
        [_] => {}
        several => sources.report.error(&task.at, format!("task `{name}` has several of {}", several.join(", "))),
    }
    for field in ["pipelineRef", "pipelineSpec"] {
        if let Some(entry) = task.remove(field).filter(|entry| !entry.node.is_null()) {
            let message = format!("task `{name}` is a pipeline in a pipeline, which kfleet does not run");
            sources.report.error_with(&entry.at, message, "write its tasks into this pipeline");
        }
    }
    if let Some(reference) = task.remove("taskRef").filter(|entry| given.len() == 1 && !entry.node.is_null()) {
        let Some(found) = sources.referenced(&reference.node, Kind::Task) else {
            return task.leave_gap();
        };
        task.set("taskSpec", found.spec);
        task.set(BY_REFERENCE, Node::text(found.name));
    }
    let Some(spec) = task.get_mut("taskSpec") else { return };
    let custom = spec.get("apiVersion").or_else(|| spec.get("kind")).and_then(Node::as_text);
    if let Some(custom) = custom.filter(|custom| !custom.is_empty() && *custom != "Task") {
        let message = format!("task `{name}` is a custom task (`{custom}`): kfleet runs no custom tasks");
        sources.report.error_with(&spec.at, message, "run it on a cluster, or write its work as steps");
        task.remove("taskSpec");
        return task.leave_gap();
    }
    for step in spec.items_of_mut("steps") {
        if let Some(reference) = step.remove("ref").filter(|entry| !entry.node.is_null()) {
            act(step, &reference.node, sources);
        } else if let Some(params) = step.remove("params") {
            sources.report.error_with(&params.at, "`params` of a step need a `ref`", "write them at the task");
        }
    }
}

/// Puts a StepAction into the step that refers to it.
fn act(step: &mut Node, reference: &Node, sources: &Sources<'_>) {
    for field in ["image", "command", "args", "script", "env", "workingDir", "volumeMounts", "results"] {
        if let Some(entry) = step.remove(field).filter(|entry| !entry.node.is_null()) {
            sources.report.error(&entry.at, format!("`{field}` of a step cannot be used with `ref`"));
        }
    }
    let params = step.remove("params").map(|entry| entry.node).unwrap_or_default();
    let Some(action) = sources.referenced(reference, Kind::StepAction) else {
        return step.leave_gap();
    };
    let mut spec = action.spec;
    let script = spec.get("script").and_then(|script| Some((script, script.as_text()?.find("$(params")?)));
    if let Some((script, byte)) = script {
        let at = script.at.within(script.as_text().unwrap_or_default(), byte);
        sources.report.error_with(&at, "a StepAction cannot use params in its script", "hand them on as env");
    }
    let values = values(&spec, &params, &action.name, sources.report);
    spec.remove("params");
    spec.remove("description");
    let (table, budget) = (Table::of_params(&values), Budget::default());
    let expander = Expander::new(&table, &budget);
    substitute(&mut spec, &table, &expander);
    expander.into_problems().into_iter().for_each(|problem| sources.report.error(&spec.at, problem));
    let Value::Map(entries) = spec.value else { return sources.report.error(&spec.at, "`spec` must be a mapping") };
    for entry in entries {
        step.set(&entry.key, entry.node);
    }
}

/// The values of a StepAction's parameters, with the references of the task in them.
fn values(spec: &Node, params: &Node, action: &str, report: &Report) -> BTreeMap<String, ParamValue> {
    let mut values = BTreeMap::new();
    for declared in spec.items_of("params") {
        let Some(name) = declared.text_of("name") else { continue };
        let is_it = |param: &&Node| param.text_of("name") == Some(name);
        let given = params.items().iter().find(is_it).and_then(|param| param.get("value"));
        match given.or_else(|| declared.get("default")) {
            Some(value) => {
                let (mut value, default) = (value.to_param_value(), declared.get("default").map(Node::to_param_value));
                if let (ParamValue::Object(value), Some(ParamValue::Object(default))) = (&mut value, default) {
                    for (key, text) in default {
                        value.entry(key).or_insert(text);
                    }
                }
                values.insert(name.to_owned(), value);
            }
            None => {
                let at = if params.is_null() { &declared.at } else { &params.at };
                report.error(at, format!("StepAction `{action}` needs a value for param `{name}`"));
            }
        }
    }
    for param in params.items() {
        let name = param.text_of("name").unwrap_or_default();
        if !values.contains_key(name) {
            let message = format!("StepAction `{action}` has no param `{name}`");
            report.warn("unknown-param", &param.at, message, "remove it");
        }
    }
    values
}

/// Replaces `$(params.x)` by the text of a value; in lists, a whole array by its items.
fn substitute(node: &mut Node, table: &Table<'_>, expander: &Expander<'_>) {
    match &mut node.value {
        Value::Text(text) => expander.in_place(text),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| substitute(&mut entry.node, table, expander)),
        Value::List(items) => {
            let mut replaced = Vec::with_capacity(items.len());
            for mut item in std::mem::take(items) {
                match item.as_text().and_then(exact).and_then(|key| table.get(key)) {
                    Some(Found::List(texts)) => {
                        replaced.extend(texts.iter().map(|text| Node::text(text).written_at(&node.at)));
                    }
                    _ => {
                        substitute(&mut item, table, expander);
                        replaced.push(item);
                    }
                }
            }
            *items = replaced;
        }
        _ => {}
    }
}
