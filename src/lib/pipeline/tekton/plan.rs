//! [`Plan`]: one validated picture of a run, which is printed and which every engine carries out. What is known only while
//! the run goes on stays in it as it is written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::problem::{Problem, Severity};

use super::environment;
use super::matrix::{self, Combination};
use super::needs::Needs;
use super::params::Values;
use super::prepare::{self, Prepared, PreparedTask, problem};
use super::references::{is_late, is_late_value};
use super::resolve::{self, Specified, SpecifiedStep};
use super::timeouts::{limit_text, text};
use super::types::{EnvValue, EnvVar, ObjectKind, ObjectRef, PipelineRun, PipelineTask, StepSpec, VolumeKind};
use super::when;

/// What a run is called: `context.pipelineRun.*`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunContext {
    /// The name of the run.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its uid.
    pub uid: String,
}

/// What of a run is planned, and how far its event is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Only this task, without those before and after it.
    pub only: Option<String>,
    /// Only the steps of that task from this one on.
    pub from_step: Option<String>,
    /// Values of parameters may not hold references.
    pub untrusted: bool,
}

/// A run, planned.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The run.
    pub run: RunInfo,
    /// The values of the pipeline's parameters.
    pub params: Values,
    /// The tasks in an order in which they can run.
    pub tasks: Vec<TaskPlan>,
    /// The tasks that run when all others have ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finally: Vec<TaskPlan>,
    /// The results of the pipeline, as written.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub results: Values,
    /// What the run needs from outside.
    pub needs: Needs,
    /// What may surprise, though it is allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Problem>,
    /// What the controller carries out.
    #[serde(skip)]
    pub(crate) prepared: Prepared,
}

/// The run as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunInfo {
    /// Its names.
    #[serde(flatten)]
    pub context: RunContext,
    /// The pipeline.
    pub pipeline: String,
    /// The service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// `pipeline`, and `tasks` and `finally` where they are limited.
    pub timeouts: BTreeMap<String, String>,
}

/// One task.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskPlan {
    /// Its name.
    pub name: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The tasks that have to end before.
    pub after: Vec<String>,
    /// Conditions, as people read them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<String>,
    /// Why it will not run, where that is known already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// The combinations of its matrix; empty where they are known only later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Vec<Combination>>,
    /// Of each attempt; `0` is none.
    pub timeout: String,
    /// How often it is tried again.
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// `onError: continue`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_failure: bool,
    /// The values of its parameters.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub params: Values,
    /// Its workspaces.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub workspaces: BTreeMap<String, WorkspacePlan>,
    /// Its volumes and what is in them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, String>,
    /// Working folders that are made before the first step.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub mkdir: BTreeSet<String>,
    /// The results that it declares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<String>,
    /// Its steps.
    pub steps: Vec<StepPlan>,
    /// Containers beside the steps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sidecars: Vec<StepPlan>,
}

/// A workspace of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspacePlan {
    /// Where steps see it.
    pub path: String,
    /// The volume that it is in.
    pub volume: String,
    /// A folder of that volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_path: Option<String>,
    /// Whether steps may not write.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

/// One step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepPlan {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Where it runs; the image's own folder where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Command and arguments; only the arguments where the command is a script or the ENTRYPOINT of the image.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
    /// The whole script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// Objects whose keys are variables, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<String>,
    /// Variables, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvPlan>,
    /// What it sees: `volume[/path] at /path [(read-only)]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<String>,
    /// After this it is killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// `onError: continue`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub continue_on_error: bool,
    /// Conditions, as people read them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<String>,
    /// The results that it declares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<String>,
    /// Whether it is passed over, because a later step is to be the first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub passed_over: bool,
}

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvPlan {
    /// Its name.
    pub name: String,
    /// Its value, or the object and key that it comes from.
    pub value: String,
    /// Who says so.
    pub origin: EnvOrigin,
}

/// Who has set a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvOrigin {
    /// `stepTemplate`.
    Template,
    /// The step.
    Step,
    /// Lighthouse.
    Injected,
    /// `podTemplate`.
    Pod,
}

/// The parameters that Lighthouse injects as variables.
const INJECTED: [&str; 13] = [
    "BUILD_ID",
    "JOB_NAME",
    "JOB_SPEC",
    "JOB_TYPE",
    "PULL_BASE_REF",
    "PULL_BASE_SHA",
    "PULL_NUMBER",
    "PULL_PULL_REF",
    "PULL_PULL_SHA",
    "PULL_REFS",
    "REPO_NAME",
    "REPO_OWNER",
    "REPO_URL",
];

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Plans a run.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn plan(run: &PipelineRun, context: &RunContext, options: &PlanOptions) -> Result<Plan, Vec<Problem>> {
    let prepared = prepare::prepare(run, context, options)?;
    let mut problems = Vec::new();
    let mut needs = Needs::default();
    let written: BTreeMap<&str, &PipelineTask> =
        run.pipeline.tasks.iter().chain(&run.pipeline.finally).map(|task| (task.name.as_str(), task)).collect();
    let mut of_task = |task: &PreparedTask, after: &BTreeSet<usize>| {
        let name = task.task.name.as_str();
        let mut planned = plan_task(task, written.get(name).copied(), &prepared, &mut needs, &mut problems);
        planned.after =
            after.iter().filter_map(|at| prepared.tasks.get(*at)).map(|task| task.task.name.clone()).collect();
        planned
    };
    let tasks =
        prepared.graph.order.iter().map(|at| of_task(&prepared.tasks[*at], &prepared.graph.after[*at])).collect();
    let finally = prepared.finally.iter().map(|task| of_task(task, &BTreeSet::new())).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut timeouts = BTreeMap::from([("pipeline".to_owned(), limit_text(prepared.limits.pipeline))]);
    for (name, limit) in [("tasks", prepared.limits.tasks), ("finally", prepared.limits.finally)] {
        timeouts.extend(limit.map(|limit| (name.to_owned(), text(limit))));
    }
    Ok(Plan {
        run: RunInfo {
            context: context.clone(),
            pipeline: run.pipeline.name.clone(),
            service_account: run.service_account.clone(),
            timeouts,
        },
        params: prepared.params.clone(),
        tasks,
        finally,
        results: prepared.results.iter().map(|result| (result.name.clone(), result.value.clone())).collect(),
        needs,
        notes: notes_of(run, &prepared),
        prepared,
    })
}

fn plan_task(
    task: &PreparedTask,
    written: Option<&PipelineTask>,
    prepared: &Prepared,
    needs: &mut Needs,
    problems: &mut Vec<Problem>,
) -> TaskPlan {
    let spec = &task.task;
    let mut planned = TaskPlan {
        name: spec.name.clone(),
        display_name: spec.display_name.clone(),
        when: spec.when.iter().map(when::describe).collect(),
        timeout: limit_text(task.timeout),
        retries: spec.retries,
        ignore_failure: task.ignore_failure,
        results: spec.task.results.iter().map(|result| result.name.clone()).collect(),
        ..TaskPlan::default()
    };
    if when::is_known(&spec.when) && !when::holds(&spec.when) {
        planned.skipped = Some("When Expressions evaluated to false".to_owned());
    }
    let mut combination = None;
    if let Some(matrix) = &spec.matrix {
        let late = matrix.params.iter().chain(matrix.include.iter().flatten()).any(|param| is_late_value(&param.value));
        if late {
            planned.matrix = Some(Vec::new());
            // What the values are is not known; that they are texts is.
            let names = matrix.params.iter().chain(matrix.include.iter().flatten());
            combination =
                Some(names.map(|param| (param.name.clone(), format!("$(tasks.matrix.{})", param.name))).collect());
        } else if matrix::has_empty_list(matrix) {
            planned.matrix = Some(Vec::new());
            planned.skipped.get_or_insert_with(|| "Matrix Parameters have an empty array".to_owned());
        } else {
            match matrix::combinations(matrix) {
                Ok(all) => {
                    combination = all.first().cloned();
                    planned.matrix = Some(all);
                }
                Err(wrong) => problems.push(problem(&spec.origin, format!("task {}: {wrong}", spec.name))),
            }
        }
        if combination.is_none() {
            return planned;
        }
    }
    let at = combination.as_ref().map(|combination: &Combination| (0, combination));
    match resolve::specify(spec, at, None, &prepared.common) {
        Ok(specified) => {
            if planned.skipped.is_none() {
                needs.add(&spec.name, &specified);
            }
            describe_task(&mut planned, task, written, &specified);
        }
        Err(wrong) => problems.extend(
            wrong
                .into_iter()
                .map(|wrong| problem(&spec.origin, format!("PipelineValidationFailed: task {}: {wrong}", spec.name))),
        ),
    }
    planned
}

fn describe_task(planned: &mut TaskPlan, task: &PreparedTask, written: Option<&PipelineTask>, specified: &Specified) {
    planned.params = specified.params.clone();
    for (name, bound) in &specified.places.workspaces {
        let workspace = WorkspacePlan {
            path: bound.path.clone(),
            volume: bound.volume.clone(),
            sub_path: bound.sub_path.clone(),
            read_only: bound.read_only,
        };
        planned.workspaces.insert(name.clone(), workspace);
    }
    planned.volumes =
        specified.places.volumes.iter().map(|(name, source)| (name.clone(), describe_volume(source))).collect();
    let folders = specified.steps.iter().filter_map(|step| step.working_dir.clone());
    planned.mkdir = folders.filter(|folder| folder != "/workspace" && folder != "/").collect();
    for (index, step) in specified.steps.iter().enumerate() {
        let original = written.and_then(|task| task.task.steps.get(index));
        let passed_over = index < task.first_step;
        planned.steps.push(StepPlan { passed_over, ..describe_step(step, original) });
    }
    for (index, sidecar) in specified.sidecars.iter().enumerate() {
        let original = written.and_then(|task| task.task.sidecars.get(index)).map(|sidecar| &sidecar.container);
        planned.sidecars.push(describe_step(sidecar, original));
    }
}

fn describe_step(step: &SpecifiedStep, written: Option<&StepSpec>) -> StepPlan {
    let mut known: BTreeMap<&str, String> = BTreeMap::new();
    let mut env: Vec<EnvPlan> = Vec::new();
    for variable in &step.spec.env {
        let value = match &variable.value {
            EnvValue::Text(text) => {
                let value = environment::expand(text, &|name| known.get(name).map(String::as_str)).unwrap_or_default();
                known.insert(&variable.name, value.clone());
                value
            }
            EnvValue::Key(object, key) => {
                known.remove(variable.name.as_str());
                format!("{} key {key}", describe_object(object))
            }
        };
        env.retain(|earlier| earlier.name != variable.name);
        env.push(EnvPlan { name: variable.name.clone(), value, origin: origin_of(variable, written) });
    }
    let words = if step.script.is_some() { step.spec.args.iter() } else { step.spec.command.iter() };
    let rest = if step.script.is_some() { [].iter() } else { step.spec.args.iter() };
    let expand = |word: &String| environment::expand(word, &|name| known.get(name).map(String::as_str));
    let argv = words.chain(rest).map(|word| expand(word).unwrap_or_default()).collect();
    let mounts = step.mounts.iter().map(|mount| {
        let inner = mount.sub_path.as_deref().map(|path| format!("/{path}")).unwrap_or_default();
        let access = if mount.read_only { " (read-only)" } else { "" };
        format!("{}{inner} at {}{access}", mount.volume, mount.path)
    });
    StepPlan {
        name: step.name.clone(),
        image: step.spec.image.clone(),
        cwd: step.working_dir.clone(),
        argv,
        script: step.script.clone(),
        env_from: step.spec.env_from.iter().map(|from| describe_object(&from.object)).collect(),
        env,
        mounts: mounts.collect(),
        timeout: step.spec.timeout.and_then(super::timeouts::limit).map(text),
        continue_on_error: step.continue_on_error,
        when: step.spec.when.iter().map(when::describe).collect(),
        results: step.spec.results.iter().map(|result| result.name.clone()).collect(),
        passed_over: false,
    }
}

/// Who has set a variable, told from the step as it is written.
fn origin_of(variable: &EnvVar, written: Option<&StepSpec>) -> EnvOrigin {
    let original = written.and_then(|step| step.env.iter().find(|original| original.name == variable.name));
    match (original, written) {
        (Some(original), _) if INJECTED.contains(&variable.name.as_str()) && is_injected(original) => {
            EnvOrigin::Injected
        }
        (Some(_), Some(step)) if step.template_env.contains(&variable.name) => EnvOrigin::Template,
        (Some(_), _) => EnvOrigin::Step,
        (None, _) => EnvOrigin::Pod,
    }
}

fn is_injected(variable: &EnvVar) -> bool {
    variable.value == EnvValue::Text(format!("$(params.{})", variable.name))
}

fn describe_object(object: &ObjectRef) -> String {
    let kind = match object.kind {
        ObjectKind::Secret => "secret",
        ObjectKind::ConfigMap => "configmap",
    };
    format!("{kind}/{}{}", object.name, if object.optional { " (optional)" } else { "" })
}

fn describe_volume(source: &VolumeKind) -> String {
    match source {
        VolumeKind::EmptyDir => "empty".to_owned(),
        VolumeKind::Claim { name, .. } => format!("shared {name}"),
        VolumeKind::HostPath(path) => format!("host {path}"),
        VolumeKind::Object(files) => describe_object(&files.object),
        VolumeKind::Projected(sources) => {
            let names: Vec<String> = sources.iter().map(|files| describe_object(&files.object)).collect();
            format!("projected {}", names.join(", "))
        }
    }
}

/// What may surprise: workspaces that look shared and are not, and references that make no edge.
fn notes_of(run: &PipelineRun, prepared: &Prepared) -> Vec<Problem> {
    let mut notes = Vec::new();
    let mut note = |origin, message: String| {
        notes.push(Problem { severity: Severity::Warning, ..problem(origin, message) });
    };
    for binding in run.workspaces.iter().filter(|binding| binding.source == VolumeKind::EmptyDir) {
        let all = prepared.tasks.iter().chain(&prepared.finally);
        let uses = |task: &&PreparedTask| {
            super::workspaces::used_by(&task.task).iter().any(|used| used.workspace == binding.name)
        };
        let users: Vec<&str> = all.filter(uses).map(|task| task.task.name.as_str()).collect();
        if users.len() > 1 {
            note(
                &binding.origin,
                format!(
                    "workspace {} is an emptyDir, which each task has for itself: {} do not share it",
                    binding.name,
                    users.join(", ")
                ),
            );
        }
    }
    for task in &prepared.tasks {
        for reference in task.references.iter().filter(|reference| !reference.dotted) {
            note(
                &task.task.origin,
                format!(
                    "task {} uses {} of {} in brackets, so that it does not wait for it: use a dot, or runAfter",
                    task.task.name, reference.result, reference.task
                ),
            );
        }
    }
    notes
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

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
