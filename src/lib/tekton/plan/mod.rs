//! From one typed run to one [`Plan`]: everything that can be known before the run is computed and checked here, and the
//! runner asks the same functions for what is known only later. The way of a run:
//!
//! ```text
//! PipelineRun -> prepare (the pipeline's values, order, limits) -> resolve (each task, as far as it is known) -> explain
//! ```

mod describe;
mod environment;
mod explain;
mod graph;
pub mod matrix;
pub mod needs;
mod options;
pub mod params;
pub mod prepare;
pub mod resolve;
pub mod results;
pub mod show;
pub mod timeouts;
mod warnings;
pub mod when;
mod workspaces;

use std::collections::{BTreeMap, BTreeSet};

pub use self::explain::{EnvOrigin, EnvPlan, Plan, RunInfo, StepPlan, TaskPlan, WorkspacePlan};
use self::matrix::Combination;
use self::needs::Needs;
pub use self::options::{PlanOptions, RunContext};
use self::prepare::{Prepared, PreparedTask};
use self::timeouts::{limit_text, text};
use super::types::{PipelineRun, PipelineTask, error_at};
use super::variables::key::is_late_value;
use super::variables::substitute::Budget;
use crate::problem::Problem;

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
        run.pipeline.all_tasks().map(|task| (task.name.as_str(), task)).collect();
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
        notes: warnings::of(run, &prepared),
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
        if matrix.all_params().any(|param| is_late_value(&param.value)) {
            planned.matrix = Some(Vec::new());
            // What the values are is not known; that they are texts is.
            let values =
                matrix.all_params().map(|param| (param.name.clone(), format!("$(tasks.matrix.{})", param.name)));
            combination = Some(values.collect());
        } else if matrix::has_empty_list(matrix) {
            planned.matrix = Some(Vec::new());
            planned.skipped.get_or_insert_with(|| "Matrix Parameters have an empty array".to_owned());
        } else {
            match matrix::combinations(matrix) {
                Ok(all) => {
                    combination = all.first().cloned();
                    planned.matrix = Some(all);
                }
                Err(wrong) => problems.push(error_at(&spec.origin, format!("task {}: {wrong}", spec.name))),
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
        Err(wrong) => {
            let failed = |wrong| format!("PipelineValidationFailed: task {}: {wrong}", spec.name);
            problems.extend(wrong.into_iter().map(|wrong: String| error_at(&spec.origin, failed(wrong))));
        }
    }
    planned
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
