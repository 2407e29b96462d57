//! The values of parameters: those of the pipeline, and those of a task.

use std::collections::{BTreeMap, BTreeSet};

use crate::tekton::types::{Param, ParamSpec, ParamValue};
use crate::tekton::variables::key::{is_late_value, is_replaced, param_of};
use crate::tekton::variables::scan::keys;
use crate::tekton::variables::substitute::{Budget, Expander, Table};

/// Values by the names of their parameters.
pub type Values = BTreeMap<String, ParamValue>;

/// How deep the default of one parameter may lead to others.
const DEFAULT_DEPTH: usize = 10;

/// The values of a pipeline's parameters: given ones, then defaults, in which other parameters are replaced.
///
/// # Errors
/// What is missing or wrong, each beginning with Tekton's reason; with the index of its parameter among `specs`, if it is one.
pub fn of_pipeline(
    specs: &[ParamSpec],
    given: &[Param],
    budget: &Budget,
) -> Result<Values, Vec<(Option<usize>, String)>> {
    let given: Values = given.iter().map(|param| (param.name.clone(), param.value.clone())).collect();
    let mut problems = Vec::new();
    for (at, spec) in specs.iter().enumerate() {
        let value = given.get(&spec.name).or(spec.default.as_ref());
        let Some(value) = value else {
            problems
                .push((Some(at), format!("ParameterMissing: the pipeline needs a value for parameter {}", spec.name)));
            continue;
        };
        problems.extend(misfit(spec, value).map(|problem| (Some(at), problem)));
    }
    let mut defaults = Defaults { specs: BTreeMap::new(), values: given, visiting: BTreeSet::new(), budget };
    defaults.specs.extend(specs.iter().enumerate().map(|(at, spec)| (spec.name.as_str(), (at, spec))));
    for spec in specs {
        if let Err(problem) = defaults.resolve(&spec.name, 0) {
            // Others that lead to the same parameter would only say it again.
            problems.push(problem);
            break;
        }
    }
    problems.sort();
    problems.dedup();
    if problems.is_empty() { Ok(defaults.values) } else { Err(problems) }
}

struct Defaults<'a> {
    specs: BTreeMap<&'a str, (usize, &'a ParamSpec)>,
    values: Values,
    visiting: BTreeSet<&'a str>,
    budget: &'a Budget,
}

impl<'a> Defaults<'a> {
    fn resolve(&mut self, name: &'a str, depth: usize) -> Result<(), (Option<usize>, String)> {
        let Some((at, spec)) = self.specs.get(name).copied() else { return Ok(()) };
        let Some(default) = spec.default.as_ref().filter(|_| !self.values.contains_key(name)) else { return Ok(()) };
        let refuse = |what: String| (Some(at), format!("ParameterMissing: the default of parameter {name} {what}"));
        if !self.visiting.insert(&spec.name) {
            return Err(refuse("leads back to itself".to_owned()));
        }
        if depth > DEFAULT_DEPTH {
            return Err(refuse(format!("leads through more than {DEFAULT_DEPTH} other parameters")));
        }
        for used in params_in(default) {
            if let Some((_, spec)) = self.specs.get(used.as_str()).copied() {
                self.resolve(&spec.name, depth + 1)?;
            }
            if !self.values.contains_key(&used) {
                return Err(refuse(format!("uses {used}, which has no value")));
            }
        }
        let mut value = default.clone();
        let table = Table::of_params(&used_values(&self.values, &value));
        let expander = Expander::strict(&table, self.budget);
        expander.value(&mut value);
        if let Some(problem) = expander.into_problems().into_iter().next() {
            return Err(refuse(format!("cannot be replaced: {problem}")));
        }
        self.visiting.remove(name);
        self.values.insert(name.to_owned(), value);
        Ok(())
    }
}

fn used_values(values: &Values, text: &ParamValue) -> Values {
    params_in(text).into_iter().filter_map(|name| Some((name.clone(), values.get(&name)?.clone()))).collect()
}

/// The names of the parameters that a value refers to.
fn params_in(value: &ParamValue) -> BTreeSet<String> {
    value.texts().into_iter().flat_map(keys).filter_map(param_of).map(str::to_owned).collect()
}

/// What is wrong with a value for a parameter, beginning with Tekton's reason. Types of values that are known only later
/// are left alone.
pub fn misfit(spec: &ParamSpec, value: &ParamValue) -> Option<String> {
    let name = &spec.name;
    if is_late_value(value) {
        return None;
    }
    if value.kind() != spec.kind {
        let (is, wanted) = (value.kind().name(), spec.kind.name());
        return Some(format!(
            "ParameterTypeMismatch: parameter {name} is of type {wanted}, but its value is of type {is}"
        ));
    }
    if let ParamValue::Object(members) = value {
        let default = match &spec.default {
            Some(ParamValue::Object(default)) => Some(default),
            _ => None,
        };
        let is_there = |key: &str| members.contains_key(key) || default.is_some_and(|keys| keys.contains_key(key));
        let missing: Vec<&str> = spec.properties.iter().map(String::as_str).filter(|key| !is_there(key)).collect();
        if !missing.is_empty() {
            return Some(format!("ObjectParameterMissKeys: parameter {name} lacks the keys {}", missing.join(", ")));
        }
    }
    match value {
        ParamValue::String(text) if !spec.allowed.is_empty() && !spec.allowed.contains(text) => {
            Some(format!("InvalidParamValue: the value of parameter {name} is not one of {}", spec.allowed.join(", ")))
        }
        _ => None,
    }
}

/// The values of a task's parameters: given ones over defaults, maps merged key by key. A default may use other parameters,
/// one level deep.
///
/// # Errors
/// What is missing or wrong.
pub fn of_task(specs: &[ParamSpec], given: &Values, budget: &Budget) -> Result<Values, Vec<String>> {
    let mut problems = Vec::new();
    let mut values = given.clone();
    let mut missing = Vec::new();
    let plain = |spec: &&ParamSpec| spec.default.as_ref().is_some_and(|default| params_in(default).is_empty());
    for spec in specs {
        match (given.get(&spec.name), &spec.default) {
            (Some(value), default) => {
                problems.extend(misfit(spec, value));
                if let (ParamValue::Object(members), Some(ParamValue::Object(default))) = (value, default) {
                    let mut merged = default.clone();
                    merged.extend(members.clone());
                    values.insert(spec.name.clone(), ParamValue::Object(merged));
                }
            }
            (None, Some(default)) => {
                problems.extend(misfit(spec, default));
                if plain(&spec) {
                    values.insert(spec.name.clone(), default.clone());
                }
            }
            (None, None) => missing.push(spec.name.as_str()),
        }
    }
    if !missing.is_empty() {
        problems
            .insert(0, format!("missing values for these params which have no default values: {}", missing.join(", ")));
    }
    let mut late = Values::new();
    for spec in specs.iter().filter(|spec| !values.contains_key(&spec.name)) {
        let Some(default) = &spec.default else { continue };
        let mut value = default.clone();
        let table = Table::of_params(&used_values(&values, default));
        let expander = Expander::strict(&table, budget);
        expander.value(&mut value);
        let wrong = expander.into_problems();
        problems.extend(wrong.into_iter().map(|problem| format!("the default of parameter {}: {problem}", spec.name)));
        late.insert(spec.name.clone(), value);
    }
    values.extend(late);
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

/// The parameters whose values hold references that Tekton would expand: refused where the values come from an event that
/// is not trusted.
pub fn with_references(params: &[Param]) -> Vec<&Param> {
    let holds = |value: &ParamValue| value.texts().into_iter().flat_map(keys).any(is_replaced);
    params.iter().filter(|param| holds(&param.value)).collect()
}

#[cfg(test)]
#[path = "params_tests.rs"]
mod tests;
