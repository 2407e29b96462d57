//! What the references of a task point to: results of other tasks, and workspaces.

use std::collections::BTreeSet;

use super::fields;
use super::key::{Variable, variable_of};
use super::scan::keys;
use crate::tekton::types::{ParamValue, PipelineTask, TaskSpec};

/// A reference to a result of a task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResultRef {
    pub task: String,
    pub result: String,
    /// `$(finally.T.results.R)`, which only results of the pipeline may use.
    pub finally: bool,
    /// Written with dots: only those make an edge.
    pub dotted: bool,
}

/// Parses a key such as `tasks.T.results.R`, `tasks.T.results.R[0]`, `tasks.T.results.R.key`, `tasks.T.results['R']`.
pub fn result_of(key: &str) -> Option<ResultRef> {
    match variable_of(key)? {
        Variable::TaskResult { of_finally: finally, task, result, has_brackets, .. } => {
            Some(ResultRef { task: task.to_owned(), result: result.to_owned(), finally, dotted: !has_brackets })
        }
        _ => None,
    }
}

/// The references to results in a value.
pub fn results_in(value: &ParamValue) -> BTreeSet<ResultRef> {
    value.texts().into_iter().flat_map(keys).filter_map(result_of).collect()
}

/// The references to results of other tasks in a pipeline task: in its own fields, and in the steps and sidecars of a task
/// that is written in place.
pub fn results_of_task(task: &PipelineTask) -> BTreeSet<ResultRef> {
    let mut found = BTreeSet::new();
    // The walk is that of replacing, which needs fields that could be changed.
    let mut task = task.clone();
    fields::of_task_in_place(&mut task, &mut |field| {
        fields::texts_of(field, &mut |text| found.extend(keys(text).filter_map(result_of)));
    });
    found
}

/// The workspaces that a task mentions.
pub fn workspaces_of(task: &TaskSpec) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut task = task.clone();
    fields::of_task(&mut task, &mut |field| {
        fields::texts_of(field, &mut |text| {
            for variable in keys(text).filter_map(variable_of) {
                if let Variable::Workspace { name, .. } = variable {
                    found.insert(name.to_owned());
                }
            }
        });
    });
    found
}
