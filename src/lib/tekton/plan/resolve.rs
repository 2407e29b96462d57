//! One run of a task: everything in it replaced ([`specify`]), then joined with the objects that it is given ([`realise`]).

use std::collections::BTreeMap;

use crate::digest;
use crate::tekton::types::objects::Objects;
use crate::tekton::types::task_run::{File, Mount, Step, TaskRun, Volume, VolumeSource};

use super::environment;
use super::matrix::Combination;
use super::options::RunContext;
use super::params::{self, Values};
use super::workspaces::{self, TaskStorage, clean, inner_path};
use crate::tekton::types::{
    EnvValue, EnvVar, ObjectFiles, ParamValue, PipelineTask, ResultSpec, StepSpec, TaskRunSpec, TaskSpec, Timeout,
    VolumeKind, When, WorkspaceBinding,
};
use crate::tekton::variables::fields;
use crate::tekton::variables::key::is_late;
use crate::tekton::variables::substitute::{Budget, Expander, Table};

/// What all runs of tasks of one run share.
#[derive(Debug, Clone, Default)]
pub struct Common {
    pub context: RunContext,
    /// What workspaces are bound to.
    pub workspaces: Vec<WorkspaceBinding>,
    /// `podTemplate.env` of the run.
    pub pod_env: Vec<EnvVar>,
    /// What is said about single tasks.
    pub task_run_specs: Vec<TaskRunSpec>,
}

/// A run of a task in which nothing is left to replace but results of its own steps.
#[derive(Debug, Clone)]
pub struct Specified {
    pub name: String,
    pub params: Values,
    pub storage: TaskStorage,
    pub steps: Vec<SpecifiedStep>,
    pub sidecars: Vec<SpecifiedStep>,
    pub results: Vec<ResultSpec>,
}

/// A step of a [`Specified`] run.
#[derive(Debug, Clone)]
pub struct SpecifiedStep {
    /// Its name, never empty.
    pub name: String,
    /// The step, replaced; the variables of the pod are part of its environment.
    pub spec: StepSpec,
    /// The whole text of its script.
    pub script: Option<String>,
    /// Absolute.
    pub working_dir: Option<String>,
    pub mounts: Vec<Mount>,
    /// `onError: continue`.
    pub continue_on_error: bool,
}

/// The name of the TaskRun of a task, or of one combination of its matrix.
pub fn name_of(run: &str, task: &str, combination: Option<usize>) -> String {
    combination.map_or_else(|| format!("{run}-{task}"), |index| format!("{run}-{task}-{index}"))
}

/// Replaces everything in a task whose late values have been replaced. `attempt` is `None` in a plan, where it is not known.
///
/// # Errors
/// What is wrong with it.
pub fn specify(
    task: &PipelineTask,
    combination: Option<(usize, &Combination)>,
    attempt: Option<u32>,
    common: &Common,
    budget: &Budget,
) -> Result<Specified, Vec<String>> {
    let mut given: Values = task.params.iter().map(|param| (param.name.clone(), param.value.clone())).collect();
    if let Some((_, combination)) = combination {
        given.extend(combination.iter().map(|(name, value)| (name.clone(), ParamValue::String(value.clone()))));
    }
    let values = params::of_task(&task.task.params, &given, budget)?;
    let name = name_of(&common.context.name, &task.name, combination.map(|(index, _)| index));
    let mut spec = task.task.clone();
    add_pod_env(&mut spec, task, common);

    let params = Table::of_params(&values).with_old_params();
    let expander = Expander::strict(&params, budget).with_late(attempt.is_none());
    let mut bindings = common.workspaces.clone();
    let mut problems = expander.over(|visit| {
        fields::of_task(&mut spec, visit);
        bindings.iter_mut().for_each(|binding| fields::of_binding(binding, visit));
    });

    let context = context_of(&name, &spec, attempt, common);
    problems.extend(Expander::new(&context, budget).over(|visit| fields::of_task(&mut spec, visit)));
    if !problems.is_empty() {
        return Err(problems);
    }

    let storage = workspaces::bind(&task.name, &spec, &workspaces::used_by(task), &bindings)?;
    let paths = paths_of(&spec, &storage);
    let step = |index: usize, step: &StepSpec| finish_step(index, step, &paths, &storage, budget);
    let (steps, wrong) = finish_all(&spec.steps, step);
    problems.extend(wrong);
    let (sidecars, wrong) = finish_all(&spec.sidecars, step);
    problems.extend(wrong);
    if spec.steps.is_empty() {
        problems.push("the task has no steps".to_owned());
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Specified { name, params: values, storage, steps, sidecars, results: spec.results })
}

fn finish_all(
    steps: &[StepSpec],
    finish: impl Fn(usize, &StepSpec) -> Result<SpecifiedStep, Vec<String>>,
) -> (Vec<SpecifiedStep>, Vec<String>) {
    let mut done = Vec::new();
    let mut problems = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        match finish(index, step) {
            Ok(step) => done.push(step),
            Err(wrong) => {
                let name = step_name(index, step);
                problems.extend(wrong.into_iter().map(|wrong| format!("step {name}: {wrong}")));
            }
        }
    }
    (done, problems)
}

/// The name of a step in messages and paths.
pub fn step_name(index: usize, step: &StepSpec) -> String {
    if step.name.is_empty() { format!("unnamed-{index}") } else { step.name.clone() }
}

/// The variables of the pod come last and win.
fn add_pod_env(spec: &mut TaskSpec, task: &PipelineTask, common: &Common) {
    let own = common.task_run_specs.iter().filter(|spec| spec.task == task.name).flat_map(|spec| &spec.pod_env);
    let pod_env: Vec<EnvVar> = common.pod_env.iter().chain(own).cloned().collect();
    if pod_env.is_empty() {
        return;
    }
    for step in spec.steps.iter_mut().chain(&mut spec.sidecars) {
        step.env.retain(|variable| !pod_env.iter().any(|of_pod| of_pod.name == variable.name));
        step.env.extend(pod_env.iter().cloned());
    }
}

fn context_of(name: &str, spec: &TaskSpec, attempt: Option<u32>, common: &Common) -> Table<'static> {
    let mut table = Table::default();
    table.put_text("context.taskRun.name", name);
    table.put_text("context.taskRun.namespace", common.context.namespace.as_str());
    table.put_text("context.taskRun.uid", uid_of(&common.context.uid, name));
    // A task that is written in its pipeline has the name of its run, as upstream.
    table.put_text("context.task.name", if spec.name.is_empty() { name } else { spec.name.as_str() });
    if let Some(attempt) = attempt {
        table.put_text("context.task.retry-count", attempt.to_string());
    }
    table
}

/// A uid of its own for a TaskRun, from that of the run.
fn uid_of(run: &str, name: &str) -> String {
    let hex = digest::sha256(format!("{run}/{name}").as_bytes());
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// The paths that are the same for all steps: of results, exit codes and workspaces.
fn paths_of(spec: &TaskSpec, storage: &TaskStorage) -> Table<'static> {
    let mut table = Table::default();
    for result in &spec.results {
        put_path(&mut table, "results", &result.name, &format!("/tekton/results/{}", result.name));
    }
    for (index, step) in spec.steps.iter().enumerate() {
        let name = step_name(index, step);
        table.put_text(format!("steps.step-{name}.exitCode.path"), format!("/tekton/steps/step-{name}/exitCode"));
    }
    for (name, bound) in &storage.workspaces {
        table.put_text(format!("workspaces.{name}.bound"), "true");
        table.put_text(format!("workspaces.{name}.path"), bound.path.as_str());
        table.put_text(format!("workspaces.{name}.volume"), bound.volume.as_str());
        table.put_text(format!("workspaces.{name}.claim"), bound.claim.as_str());
    }
    for name in &storage.unbound {
        table.put_text(format!("workspaces.{name}.bound"), "false");
        for key in ["path", "volume", "claim"] {
            table.put_text(format!("workspaces.{name}.{key}"), "");
        }
    }
    table.put_text("artifacts.path", "/tekton/artifacts/provenance.json");
    table.put_text("credentials.path", "/tekton/creds");
    table
}

/// The path of a result, under the three ways to write its name.
fn put_path(table: &mut Table<'_>, scope: &str, name: &str, path: &str) {
    for key in [format!(".{name}"), format!("[\"{name}\"]"), format!("['{name}']")] {
        table.put_text(format!("{scope}{key}.path"), path);
    }
}

fn finish_step(
    index: usize,
    step: &StepSpec,
    paths: &Table<'_>,
    storage: &TaskStorage,
    budget: &Budget,
) -> Result<SpecifiedStep, Vec<String>> {
    let mut step = step.clone();
    let name = step_name(index, &step);
    let mut table = Table::over(paths);
    let folder = format!("/tekton/steps/step-{name}");
    table.put_text("step.artifacts.path", format!("{folder}/artifacts/provenance.json"));
    for result in &step.results {
        put_path(&mut table, "step.results", &result.name, &format!("{folder}/results/{}", result.name));
    }
    for usage in &step.workspaces {
        if let Some(path) = storage.path_for(&step, &usage.name) {
            table.put_text(format!("workspaces.{}.path", usage.name), path);
        }
    }
    let mut problems = Expander::new(&table, budget).over(|visit| fields::of_step(&mut step, visit));
    // A plan does not know it yet where it is late.
    let continue_on_error = goes_on(step.on_error.as_deref().filter(|text| !is_late(text)), &mut problems);
    if step.script.is_some() && !step.command.is_empty() {
        problems.push("it has both script and command".to_owned());
    }
    problems.extend(step.when.iter().any(|when| matches!(when, When::Cel { .. })).then(|| CEL.to_owned()));
    let mounts = storage.mounts_of(&step).unwrap_or_else(|wrong| {
        problems.extend(wrong);
        Vec::new()
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let script = step.script.as_deref().map(whole_script);
    let working_dir = step.working_dir.as_deref().filter(|path| !path.is_empty()).map(absolute);
    Ok(SpecifiedStep { name, script, working_dir, mounts, continue_on_error, spec: step })
}

/// Whether `onError` says to go on.
pub(super) fn goes_on(on_error: Option<&str>, problems: &mut Vec<String>) -> bool {
    let text = on_error.unwrap_or_default();
    if !matches!(text, "" | "stopAndFail" | "continue") {
        problems.push(format!("onError is {text:?}, not continue or stopAndFail"));
    }
    text == "continue"
}

/// Whether a step waits for values that only the run knows.
pub fn is_late_step(step: &StepSpec) -> bool {
    let texts = step.command.iter().chain(&step.args);
    let env = step.env.iter().filter_map(|variable| match &variable.value {
        EnvValue::Text(text) => Some(text),
        EnvValue::Key(..) => None,
    });
    texts.chain(env).any(|text| is_late(text))
}

/// What is said where a condition is written in CEL.
pub const CEL: &str = "`cel` in `when` is not supported: use input, operator and values";

/// A script as it is written to a file: one whose first text is not a `#!` line is run by `/bin/sh`, which stops at errors.
pub fn whole_script(script: &str) -> String {
    if script.trim_start().starts_with("#!") { script.to_owned() } else { format!("#!/bin/sh\nset -e\n{script}") }
}

fn absolute(path: &str) -> String {
    if path.starts_with('/') { clean(path) } else { clean(&format!("/workspace/{path}")) }
}

/// Joins a task with the objects that it is given.
///
/// # Errors
/// What Kubernetes would say: an object or key that is missing.
pub fn realise(task: &str, attempt: u32, specified: &Specified, objects: &Objects) -> Result<TaskRun, String> {
    let volume =
        |(name, source): &(String, VolumeKind)| Ok(Volume { name: name.clone(), source: source_of(source, objects)? });
    let step = |step| realise_step(step, objects);
    Ok(TaskRun {
        task: task.to_owned(),
        name: specified.name.clone(),
        attempt,
        volumes: specified.storage.volumes.iter().map(volume).collect::<Result<_, String>>()?,
        steps: specified.steps.iter().map(step).collect::<Result<_, _>>()?,
        sidecars: specified.sidecars.iter().map(step).collect::<Result<_, _>>()?,
        // Those that are lifted from steps have no files.
        results: specified.results.iter().filter(|spec| spec.value.is_none()).map(|spec| spec.name.clone()).collect(),
    })
}

fn realise_step(step: &SpecifiedStep, objects: &Objects) -> Result<Step, String> {
    let env = environment::assemble(&step.spec.env_from, &step.spec.env, objects)?;
    Ok(Step {
        name: step.name.clone(),
        image: step.spec.image.clone(),
        command: environment::expand_all(&step.spec.command, &env)?,
        args: environment::expand_all(&step.spec.args, &env)?,
        script: step.script.clone(),
        env,
        working_dir: step.working_dir.clone(),
        mounts: step.mounts.clone(),
        timeout: step.spec.timeout.and_then(Timeout::limit),
        continue_on_error: step.continue_on_error,
        stdout_path: step.spec.stdout_path.clone(),
        stderr_path: step.spec.stderr_path.clone(),
        results: step.spec.results.iter().map(|spec| spec.name.clone()).collect(),
    })
}

fn source_of(source: &VolumeKind, objects: &Objects) -> Result<VolumeSource, String> {
    Ok(match source {
        VolumeKind::EmptyDir => VolumeSource::Empty,
        VolumeKind::Claim { name, .. } => VolumeSource::Shared(name.clone()),
        VolumeKind::HostPath(path) => VolumeSource::Host(path.clone()),
        VolumeKind::Object(files) => VolumeSource::Files(files_of(files, objects)?),
        VolumeKind::Projected(sources) => {
            let mut all = BTreeMap::new();
            for files in sources {
                all.extend(files_of(files, objects)?);
            }
            VolumeSource::Files(all)
        }
    })
}

fn files_of(files: &ObjectFiles, objects: &Objects) -> Result<BTreeMap<String, File>, String> {
    let Some(keys) = environment::object(&files.object, objects)? else { return Ok(BTreeMap::new()) };
    if files.items.is_empty() {
        let all = keys.iter().map(|(key, content)| (key.clone(), File { content: content.clone(), mode: files.mode }));
        return Ok(all.collect());
    }
    let mut chosen = BTreeMap::new();
    for item in &files.items {
        let Some(content) = keys.get(&item.key) else {
            if files.object.optional {
                continue;
            }
            return Err(environment::no_key(&item.key, &files.object));
        };
        let path = inner_path(&item.path)?.ok_or_else(|| format!("an item of {} has no path", files.object.name))?;
        chosen.insert(path, File { content: content.clone(), mode: item.mode.unwrap_or(files.mode) });
    }
    Ok(chosen)
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
