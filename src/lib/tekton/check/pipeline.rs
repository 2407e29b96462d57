//! The texts of a pipeline, and the names of tasks and results in them.

use super::results::{self, check_result};
use super::scope::{Scope, Slot, each_condition, is_of_pipeline, is_of_task};
use super::subject::{Subject, suggestion};
use crate::tekton::node::{At, Node, Value};
use crate::tekton::types::{ParamValue, PipelineTask};
use crate::tekton::variables::key::{Variable, variables};

/// Checks everything of a pipeline that is outside its tasks' specs.
pub(super) fn check(subject: &Subject<'_>) {
    let scope = Scope::of_pipeline(subject);
    for (task, node, is_finally) in subject.tasks() {
        let checker = Checker { subject, task, is_finally, scope: &scope };
        checker.run_after(node);
        let matrix = node.get("matrix");
        let include = matrix.into_iter().flat_map(|matrix| matrix.items_of("include"));
        let lists = [Some(node), matrix].into_iter().flatten().chain(include);
        let params = lists.flat_map(|owner| owner.items_of("params"));
        params.filter_map(|param| param.get("value")).for_each(|value| checker.value(value));
        each_condition(node.items_of("when"), &mut |at, text, slot| checker.text(at, text, slot));
        let fields = ["displayName", "onError"].into_iter().filter_map(|field| node.get(field));
        for field in fields.chain(node.items_of("workspaces")) {
            field.each_text(&mut |at, text| checker.text(at, text, Slot::Text));
        }
    }
    results::check(subject);
    run_values(subject);
    task_run_specs(subject);
}

struct Checker<'a> {
    subject: &'a Subject<'a>,
    task: &'a PipelineTask,
    is_finally: bool,
    scope: &'a Scope,
}

impl Checker<'_> {
    fn run_after(&self, node: &Node) {
        let (report, tasks) = (self.subject.report, &self.subject.run.pipeline.tasks);
        let Some(list) = node.get("runAfter") else { return };
        if self.is_finally && !list.items().is_empty() {
            let message = format!("task `{}` is in `finally`, where no `runAfter` can be", self.task.name);
            return report.error_with(&list.at, message, "all tasks of finally run at once");
        }
        for item in list.items() {
            let Some(name) = item.as_text() else { continue };
            if name == self.task.name {
                report.error(&item.at, format!("task `{name}` is to run after itself"));
            } else if !tasks.iter().any(|task| task.name == name) {
                let message = format!("task `{}` is to run after `{name}`, which is not a task", self.task.name);
                report.error_hinted(&item.at, message, suggestion(name, tasks.iter().map(|task| task.name.as_str())));
            }
        }
    }

    /// The value of a parameter.
    fn value(&self, node: &Node) {
        match (&node.value, node.to_param_value()) {
            (Value::Text(text), _) => self.text(&node.at, text, Slot::Value),
            (_, ParamValue::Array(_)) => node.each_text(&mut |at, text| self.text(at, text, Slot::Item)),
            _ => node.each_text(&mut |at, text| self.text(at, text, Slot::Text)),
        }
    }

    fn text(&self, at: &At, text: &str, slot: Slot) {
        let report = self.subject.report;
        self.scope.check(text, slot, at, report);
        for found in variables(text) {
            let here = at.within(text, found.byte);
            let shown = found.text;
            match found.variable {
                // Those of the task are replaced later, in the task.
                Variable::Context { scope, name } if !is_of_pipeline(scope, name) && !is_of_task(scope, name) => {
                    report.error(&here, format!("{shown} is not a context of a pipeline"));
                }
                Variable::TaskResult { .. } => {
                    check_result(self.subject, Some(self.task), found, &here);
                }
                Variable::Status { task } => self.status(task, shown, &here),
                Variable::MatrixLength { task } => {
                    let tasks = &self.subject.run.pipeline.tasks;
                    if !tasks.iter().any(|known| known.name == task && known.matrix.is_some()) {
                        report.error(&here, format!("{shown}: there is no task `{task}` with a matrix"));
                    }
                }
                // A text with variables of tasks is handed to the task, where they are replaced.
                _ => {}
            }
        }
    }

    fn status(&self, task: Option<&str>, shown: &str, at: &At) {
        let (report, tasks) = (self.subject.report, &self.subject.run.pipeline.tasks);
        if !self.is_finally {
            let hint = "use it in `finally`, or use `when` and results";
            return report.error_with(at, format!("{shown} is known in `finally` only"), hint);
        }
        let Some(task) = task else { return };
        if !tasks.iter().any(|known| known.name == task) {
            let message = format!("{shown}: there is no task `{task}`");
            report.error_hinted(at, message, suggestion(task, tasks.iter().map(|task| task.name.as_str())));
        }
    }
}

/// Values of a run cannot come from its own tasks.
fn run_values(subject: &Subject<'_>) {
    for param in subject.node.items_of("params") {
        param.each_variable(&mut |at, found| {
            if matches!(found.variable, Variable::TaskResult { .. }) {
                let message = format!("{}: a value of the run cannot be the result of a task", found.text);
                subject.report.error(&at, message);
            }
        });
    }
}

fn task_run_specs(subject: &Subject<'_>) {
    let names = || subject.tasks().into_iter().map(|(task, ..)| task.name.as_str()).collect::<Vec<_>>();
    for (spec, node) in subject.run.task_run_specs.iter().zip(subject.node.items_of("taskRunSpecs")) {
        if !names().contains(&spec.task.as_str()) {
            let message = format!("`taskRunSpecs` speaks of `{}`, which is not a task", spec.task);
            subject.report.error_hinted(&node.at, message, suggestion(&spec.task, names().into_iter()));
        }
    }
}
