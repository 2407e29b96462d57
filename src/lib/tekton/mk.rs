//! Builders of typed objects, for tests.

use std::time::Duration;

use super::types::*;
use crate::problem::Location;
use crate::tekton::plan::params::Values;

pub(crate) fn text(value: &str) -> ParamValue {
    ParamValue::String(value.to_owned())
}

pub(crate) fn list(items: &[&str]) -> ParamValue {
    ParamValue::Array(items.iter().map(|item| (*item).to_owned()).collect())
}

pub(crate) fn map(entries: &[(&str, &str)]) -> ParamValue {
    ParamValue::Object(entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

pub(crate) fn param(name: &str, value: ParamValue) -> Param {
    Param { name: name.to_owned(), value, origin: Location::default() }
}

pub(crate) fn values(entries: &[(&str, ParamValue)]) -> Values {
    entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// A declared parameter of the type of its default.
pub(crate) fn declared(name: &str, default: Option<ParamValue>) -> ParamSpec {
    let kind = default.as_ref().map(ParamValue::kind).unwrap_or_default();
    ParamSpec { name: name.to_owned(), kind, default, ..ParamSpec::default() }
}

pub(crate) fn result(name: &str) -> ResultSpec {
    ResultSpec { name: name.to_owned(), ..ResultSpec::default() }
}

pub(crate) fn in_values(input: &str, negated: bool, values: &[&str]) -> When {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    When::Values { input: input.to_owned(), negated, values, origin: Location::default() }
}

pub(crate) fn script(name: &str, text: &str) -> StepSpec {
    StepSpec { name: name.to_owned(), image: "image".to_owned(), script: Some(text.to_owned()), ..StepSpec::default() }
}

pub(crate) fn command(name: &str, words: &[&str]) -> StepSpec {
    let command = words.iter().map(|word| (*word).to_owned()).collect();
    StepSpec { name: name.to_owned(), image: "image".to_owned(), command, ..StepSpec::default() }
}

pub(crate) fn env(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), value: EnvValue::Text(value.to_owned()) }
}

/// A task written in place.
pub(crate) fn task(name: &str, steps: Vec<StepSpec>) -> PipelineTask {
    PipelineTask {
        name: name.to_owned(),
        inline: true,
        task: TaskSpec { name: name.to_owned(), steps, ..TaskSpec::default() },
        ..PipelineTask::default()
    }
}

/// A task of one script, with results.
pub(crate) fn one(name: &str, text: &str, results: &[&str]) -> PipelineTask {
    let mut task = task(name, vec![script("s", text)]);
    task.task.results = results.iter().map(|name| result(name)).collect();
    task
}

pub(crate) fn run(tasks: Vec<PipelineTask>) -> PipelineRun {
    PipelineRun {
        origin: Location { file: "run.yaml".to_owned(), line: 1, column: 1 },
        pipeline: PipelineSpec { name: "pipe".to_owned(), tasks, ..PipelineSpec::default() },
        ..PipelineRun::default()
    }
}

pub(crate) fn millis(count: u64) -> Option<Timeout> {
    Some(Timeout::After(Duration::from_millis(count)))
}

pub(crate) fn context() -> super::plan::RunContext {
    super::plan::RunContext { name: "run-1".to_owned(), namespace: "default".to_owned(), uid: "u".to_owned() }
}

pub(crate) fn claim(workspace: &str, name: &str) -> WorkspaceBinding {
    WorkspaceBinding {
        name: workspace.to_owned(),
        sub_path: None,
        source: VolumeKind::Claim { name: name.to_owned(), read_only: false },
        origin: Location::default(),
    }
}

pub(crate) fn workspace(name: &str) -> WorkspaceSpec {
    WorkspaceSpec { name: name.to_owned(), ..WorkspaceSpec::default() }
}

pub(crate) fn uses(name: &str, workspace: &str) -> WorkspaceUse {
    WorkspaceUse { name: name.to_owned(), workspace: workspace.to_owned(), sub_path: None }
}
