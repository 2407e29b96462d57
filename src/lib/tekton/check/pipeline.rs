//! The texts of a pipeline, and the names of tasks and results in them.

use super::scope::{Scope, Slot};
use super::task::is_of_task;
use super::{Subject, suggestion};
use crate::tekton::node::{At, Node, Value};
use crate::tekton::types::{ParamType, ParamValue, PipelineTask};
use crate::tekton::variables::key::{Found, Mention, Part, mentions};

/// Checks everything of a pipeline that is outside its tasks' specs.
pub(super) fn check(subject: &Subject<'_>) {
    let scope = Scope::of_pipeline(subject);
    for (task, node, is_finally) in subject.tasks() {
        let checker = Checker { subject, task, is_finally, scope: &scope };
        checker.run_after(node);
        for param in node.items_of("params") {
            param.get("value").into_iter().for_each(|value| checker.value(value));
        }
        if let Some(matrix) = node.get("matrix") {
            let include = matrix.items_of("include").iter().flat_map(|entry| entry.items_of("params"));
            for param in matrix.items_of("params").iter().chain(include) {
                param.get("value").into_iter().for_each(|value| checker.value(value));
            }
        }
        for when in node.items_of("when") {
            for entry in when.entries() {
                let slot = if entry.key == "values" { Slot::Condition } else { Slot::Text };
                entry.node.each_text(&mut |at, text| checker.text(at, text, slot));
            }
        }
        for field in ["displayName", "onError"] {
            node.get(field)
                .into_iter()
                .for_each(|node| node.each_text(&mut |at, text| checker.text(at, text, Slot::Text)));
        }
        for workspace in node.items_of("workspaces") {
            workspace.each_text(&mut |at, text| checker.text(at, text, Slot::Text));
        }
    }
    results(subject);
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
                let message = format!("task `{}` is to run after `{name}`, which is no task", self.task.name);
                match suggestion(name, tasks.iter().map(|task| task.name.as_str())) {
                    Some(hint) => report.error_with(&item.at, message, hint),
                    None => report.error(&item.at, message),
                }
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
        for found in mentions(text) {
            let here = at.within(text, found.byte);
            let shown = found.text;
            match found.mention {
                Mention::Context { scope, name } => {
                    let is_known = matches!(
                        (scope, name),
                        ("pipelineRun", "name" | "namespace" | "uid")
                            | ("pipeline", "name")
                            | ("pipelineTask", "retries")
                    );
                    // Those of the task are replaced later, in the task.
                    if !is_known && !is_of_task(scope, name) {
                        report.error(&here, format!("{shown} is no context of a pipeline"));
                    }
                }
                Mention::TaskResult { .. } => {
                    check_result(self.subject, Some(self.task), found, &here);
                }
                Mention::Status { task } => self.status(task, shown, &here),
                Mention::MatrixLength { task } => {
                    let tasks = &self.subject.run.pipeline.tasks;
                    if !tasks.iter().any(|known| known.name == task && known.matrix.is_some()) {
                        report.error(&here, format!("{shown}: there is no task `{task}` with a matrix"));
                    }
                }
                Mention::Workspace { .. }
                | Mention::Result { .. }
                | Mention::StepResult { .. }
                | Mention::OwnStepResult { .. }
                | Mention::ExitCode { .. } => {
                    // Such a text is handed to the task, where it is replaced.
                }
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
            match suggestion(task, tasks.iter().map(|task| task.name.as_str())) {
                Some(hint) => report.error_with(at, message, hint),
                None => report.error(at, message),
            }
        }
    }
}

/// Checks a reference to the result of a task; `by` is the task that refers to it.
pub(super) fn check_result(subject: &Subject<'_>, by: Option<&PipelineTask>, found: Found<'_>, at: &At) {
    let Mention::TaskResult { of_finally, task, result, part, .. } = found.mention else { return };
    let (report, pipeline, shown) = (subject.report, &subject.run.pipeline, found.text);
    if of_finally && by.is_some() {
        return report.error(at, format!("{shown}: results of `finally` are for results of the pipeline only"));
    }
    if by.is_some_and(|by| by.name == task) {
        return report.error(at, format!("{shown}: a task cannot wait for its own result"));
    }
    let tasks = if of_finally { &pipeline.finally } else { &pipeline.tasks };
    let Some(producer) = tasks.iter().find(|known| known.name == task) else {
        let message = if !of_finally && pipeline.finally.iter().any(|known| known.name == task) {
            format!("{shown}: `{task}` is in `finally`, and nothing can wait for it")
        } else {
            format!("{shown}: there is no task `{task}`")
        };
        return match suggestion(task, tasks.iter().map(|task| task.name.as_str())) {
            Some(hint) => report.error_with(at, message, hint),
            None => report.error(at, message),
        };
    };
    // A task that could not be loaded is complained about elsewhere.
    if producer.task.steps.is_empty() {
        return;
    }
    let results = &producer.task.results;
    let Some(declared) = results.iter().find(|known| known.name == result) else {
        let message = format!("{shown}: task `{task}` declares no result `{result}` (InvalidTaskResultReference)");
        return match suggestion(result, results.iter().map(|result| result.name.as_str())) {
            Some(hint) => report.error_with(at, message, hint),
            None => report.error_with(at, message, "declare it below `results` of the task"),
        };
    };
    if let (ParamType::Object, Part::Key(key)) = (declared.kind, part)
        && !declared.properties.iter().any(|known| known == key)
    {
        report.error(at, format!("{shown}: result `{result}` has no key `{key}`"));
    }
    if producer.matrix.is_some() && by.is_some() {
        if part != Part::Star {
            let hint = format!("write $(tasks.{task}.results.{result}[*])");
            report.error_with(at, format!("{shown}: a task with a matrix has many of each result"), hint);
        } else if declared.kind != ParamType::String {
            report.error(at, format!("{shown}: results of a task with a matrix must be strings"));
        }
    }
}

/// Results of the pipeline are made of results of its tasks.
fn results(subject: &Subject<'_>) {
    let nodes = subject.pipeline_node().map_or(&[][..], |node| node.items_of("results"));
    for node in nodes {
        let name = node.text_of("name").unwrap_or_default();
        let Some(value) = node.get("value") else { continue };
        let mut count = 0;
        value.each_text(&mut |at, text| {
            if !text.starts_with("$(") && text.contains("$(tasks.") {
                let message = format!("result `{name}` of the pipeline begins with text of its own");
                subject.report.error_with(at, message, "Tekton takes references only");
            }
            for found in mentions(text) {
                if matches!(found.mention, Mention::TaskResult { .. }) {
                    count += 1;
                    check_result(subject, None, found, &at.within(text, found.byte));
                } else {
                    let message = format!("{} is not replaced in a result of the pipeline", found.text);
                    subject.report.error(&at.within(text, found.byte), message);
                }
            }
        });
        if count == 0 {
            let hint = "write $(tasks.TASK.results.RESULT)";
            subject.report.error_with(
                &value.at,
                format!("result `{name}` of the pipeline names no result of a task"),
                hint,
            );
        }
    }
}

/// Values of a run cannot come from its own tasks.
fn run_values(subject: &Subject<'_>) {
    for param in subject.node.items_of("params") {
        param.each_text(&mut |at, text| {
            for found in mentions(text).iter().filter(|found| matches!(found.mention, Mention::TaskResult { .. })) {
                let message = format!("{}: a value of the run cannot be the result of a task", found.text);
                subject.report.error(&at.within(text, found.byte), message);
            }
        });
    }
}

fn task_run_specs(subject: &Subject<'_>) {
    let names = || subject.tasks().into_iter().map(|(task, ..)| task.name.as_str()).collect::<Vec<_>>();
    for (spec, node) in subject.run.task_run_specs.iter().zip(subject.node.items_of("taskRunSpecs")) {
        if !names().contains(&spec.task.as_str()) {
            let message = format!("`taskRunSpecs` speaks of `{}`, which is no task", spec.task);
            match suggestion(&spec.task, names().into_iter()) {
                Some(hint) => subject.report.error_with(&node.at, message, hint),
                None => subject.report.error(&node.at, message),
            }
        }
    }
}
