//! What a task that is ready learns from the tasks before it: their results and how they ended.

use std::collections::BTreeSet;

use crate::tekton::fields::{self, Field};
use crate::tekton::prepare::PreparedTask;
use crate::tekton::references::ResultRef;
use crate::tekton::substitute::{Budget, Expander, Found, References, Table};
use crate::tekton::types::PipelineTask;

use super::state::Tasks;

/// A task in which late values have been replaced, as far as they are there.
pub(super) struct Late {
    pub(super) task: PipelineTask,
    /// The first result that it uses and that is not there.
    pub(super) missing: Option<ResultRef>,
    /// What else is wrong with what it uses.
    pub(super) wrong: Option<String>,
}

/// Replaces results in a task, all or none, and the variables that only its own fields can use.
pub(super) fn replace(task: &PreparedTask, tasks: &Tasks<'_>, is_finally: bool) -> Late {
    let budget = Budget::default();
    let mut replaced = task.task.clone();
    let missing = task.references.iter().find(|reference| tasks.result(reference).is_none()).cloned();
    let mut wrong = Vec::new();
    if missing.is_none() && !task.references.is_empty() {
        let mut table = Table::default();
        for reference in &task.references {
            if let Some(value) = tasks.result(reference) {
                table.put(format!("tasks.{}.results.{}", reference.task, reference.result), value);
            }
        }
        wrong.extend(out_of_range(&mut replaced, &table));
        let expander = Expander::new(&table, &budget);
        fields::of_pipeline_task(&mut replaced, &mut |field| expander.field(field));
        if replaced.inline {
            fields::of_task(&mut replaced.task, &mut |field| expander.field(field));
        }
        wrong.extend(expander.into_problems());
    }
    let mut table = Table::default();
    table.put_text("context.pipelineTask.retries", task.task.retries.to_string());
    tasks.put_matrix_lengths(&mut table);
    if is_finally {
        tasks.put_status(&mut table);
    }
    let expander = Expander::new(&table, &budget);
    fields::of_pipeline_task(&mut replaced, &mut |field| expander.field(field));
    wrong.extend(expander.into_problems());
    Late { task: replaced, missing, wrong: wrong.into_iter().next() }
}

/// References to items after the end of a list.
fn out_of_range(task: &mut PipelineTask, table: &Table<'_>) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    let mut take = |field: Field<'_>| {
        fields::texts_of(field, &mut |text| {
            for (_, key) in References::new(text).filter(|(_, key)| key.starts_with("tasks.")) {
                if let Some(Found::OutOfRange(length)) = table.get(key) {
                    wrong.insert(format!("$({key}) is after the end of a result of {length} items"));
                }
            }
        });
    };
    fields::of_pipeline_task(task, &mut take);
    if task.inline {
        fields::of_task(&mut task.task, &mut take);
    }
    wrong
}
