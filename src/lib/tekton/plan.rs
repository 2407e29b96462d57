//! [`Plan`]: one validated picture of a run, which is printed and which every engine carries out. What is known only while
//! the run goes on stays in it as it is written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::problem::Problem;

use super::describe;
use super::load::Origin;
use super::matrix::{self, Combination};
use super::needs::Needs;
use super::notes;
use super::params::Values;
use super::prepare::{self, Prepared, PreparedTask, problem};
use super::references::is_late_value;
use super::resolve;
use super::substitute::Budget;
use super::timeouts::{limit_text, text};
use super::types::{PipelineRun, PipelineTask};
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
    /// The files that were fetched for it; whoever has loaded it adds them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fetched: Vec<Origin>,
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
    let budget = Budget::default();
    let written: BTreeMap<&str, &PipelineTask> =
        run.pipeline.tasks.iter().chain(&run.pipeline.finally).map(|task| (task.name.as_str(), task)).collect();
    let mut of_task = |task: &PreparedTask, after: &BTreeSet<usize>| {
        let name = task.task.name.as_str();
        let mut planned = plan_task(task, written.get(name).copied(), &prepared, &budget, &mut needs, &mut problems);
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
        fetched: Vec::new(),
        notes: notes::of(run, &prepared),
        prepared,
    })
}

fn plan_task(
    task: &PreparedTask,
    written: Option<&PipelineTask>,
    prepared: &Prepared,
    budget: &Budget,
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
    match resolve::specify(spec, at, None, &prepared.common, budget) {
        Ok(specified) => {
            if planned.skipped.is_none() {
                needs.add(&spec.name, &specified);
            }
            describe::task(&mut planned, task, written, &specified, budget);
        }
        Err(wrong) => problems.extend(
            wrong
                .into_iter()
                .map(|wrong| problem(&spec.origin, format!("PipelineValidationFailed: task {}: {wrong}", spec.name))),
        ),
    }
    planned
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
