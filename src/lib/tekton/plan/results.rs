//! Results: what the files of a task mean, and what a pipeline makes of them.

use std::collections::{BTreeMap, BTreeSet};

use super::params::Values;
use crate::tekton::types::{ParamType, ParamValue, PipelineResult, PipelineSpec, ResultSpec};
use crate::tekton::variables::references::{ResultRef, result_of, results_in};
use crate::tekton::variables::scan::{exact, keys};
use crate::tekton::variables::substitute::{Budget, Expander, Found, Table};

/// What all results of a task may be together, as JSON.
pub const MAX_BYTES: usize = 4096;

/// Whether the results of a task are more than Tekton can carry.
pub fn are_too_large(files: &BTreeMap<String, Vec<u8>>) -> bool {
    let mut bytes = 2;
    for (name, content) in files {
        if content.len() > MAX_BYTES {
            return true;
        }
        let entry = serde_json::json!({"key": name, "value": String::from_utf8_lossy(content), "type": 1});
        bytes += entry.to_string().len() + 1;
    }
    bytes - usize::from(!files.is_empty()) > MAX_BYTES
}

/// The value of a declared result: text verbatim, lists and maps from JSON.
///
/// # Errors
/// The file is not of the declared type.
pub fn parse(spec: &ResultSpec, content: &[u8]) -> Result<ParamValue, String> {
    let text = String::from_utf8_lossy(content);
    if spec.kind == ParamType::String {
        return Ok(ParamValue::String(text.into_owned()));
    }
    let value = value_of_json(&text);
    if value.kind() != spec.kind {
        let (is, wanted) = (value.kind().name(), spec.kind.name());
        return Err(format!(
            "Provided results don't match declared results; may be invalid JSON or missing result declaration: \"{}\": \
             task result is expected to be \"{wanted}\" type but was initialized to a different type \"{is}\"",
            spec.name
        ));
    }
    if let ParamValue::Object(members) = &value {
        let missing: Vec<&str> =
            spec.properties.iter().map(String::as_str).filter(|key| !members.contains_key(*key)).collect();
        if !missing.is_empty() {
            return Err(format!(
                "missing keys for these results which are required in TaskResult's properties: {} lacks {}",
                spec.name,
                missing.join(", ")
            ));
        }
    }
    Ok(value)
}

/// JSON as a value: a list of texts, a map of texts, and everything else as it is written.
fn value_of_json(text: &str) -> ParamValue {
    let trimmed = text.trim_start();
    if trimmed.starts_with('[') {
        if let Ok(items) = serde_json::from_str::<Vec<String>>(trimmed) {
            return ParamValue::Array(items);
        }
    } else if trimmed.starts_with('{')
        && let Ok(members) = serde_json::from_str::<BTreeMap<String, String>>(trimmed)
    {
        return ParamValue::Object(members);
    }
    ParamValue::String(text.to_owned())
}

pub fn json_of(value: &ParamValue) -> serde_json::Value {
    match value {
        ParamValue::String(text) => text.clone().into(),
        ParamValue::Array(items) => items.clone().into(),
        ParamValue::Object(members) => {
            members.iter().map(|(key, text)| (key.clone(), serde_json::Value::from(text.clone()))).collect()
        }
    }
}

/// The value of a result that is lifted from a step, if the step has written it.
pub fn lift(reference: &str, of_steps: &Table<'_>, budget: &Budget) -> Option<ParamValue> {
    let key = exact(reference)?;
    of_steps.get(key)?;
    let mut value = ParamValue::String(reference.to_owned());
    Expander::new(of_steps, budget).value(&mut value);
    Some(value)
}

/// What is wrong with references to results: of a task that is not there, or that no task declares.
pub fn undeclared(references: &BTreeSet<ResultRef>, pipeline: &PipelineSpec) -> Vec<String> {
    let problem = |reference: &ResultRef| {
        let among = if reference.finally { &pipeline.finally } else { &pipeline.tasks };
        let (task, result) = (&reference.task, &reference.result);
        let what = match among.iter().find(|candidate| &candidate.name == task) {
            None => format!("referenced pipeline task \"{task}\" does not exist"),
            Some(found) if found.task.results.iter().any(|spec| &spec.name == result) => return None,
            Some(_) => format!("\"{result}\" is not a named result returned by pipeline task \"{task}\""),
        };
        Some(format!("InvalidTaskResultReference: {what}"))
    };
    references.iter().filter_map(problem).collect()
}

/// The results of a pipeline, and the names of those whose source a successful task has not produced. `table` has all results
/// of tasks, and `succeeded` says whether the task of a reference did.
pub fn of_pipeline(
    specs: &[PipelineResult],
    table: &Table<'_>,
    succeeded: &dyn Fn(&ResultRef) -> bool,
    budget: &Budget,
) -> (Values, Vec<String>) {
    let mut values = Values::new();
    let mut invalid = Vec::new();
    for spec in specs {
        let references = results_in(&spec.value);
        let mut value = spec.value.clone();
        let mut missing = BTreeSet::new();
        for key in spec.value.texts().into_iter().flat_map(keys) {
            if matches!(table.get(key), None | Some(Found::OutOfRange(_))) {
                missing.extend(result_of(key));
            }
        }
        if references.is_empty() {
            continue;
        }
        if missing.iter().any(succeeded) {
            invalid.push(spec.name.clone());
        }
        if missing.is_empty() {
            Expander::new(table, budget).value(&mut value);
            values.insert(spec.name.clone(), value);
        }
    }
    (values, invalid)
}

#[cfg(test)]
#[path = "results_tests.rs"]
mod tests;
