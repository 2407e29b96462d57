//! References to results of tasks, and the results of the pipeline, which are made of them.

use super::subject::{Subject, suggestion, suggestion_or};
use crate::tekton::node::At;
use crate::tekton::types::{ParamType, PipelineTask};
use crate::tekton::variables::key::{Occurrence, Part, Variable, variables};

/// Checks a reference to the result of a task; `by` is the task that refers to it.
pub(super) fn check_result(subject: &Subject<'_>, by: Option<&PipelineTask>, found: Occurrence<'_>, at: &At) {
    let Variable::TaskResult { of_finally, task, result, part, .. } = found.variable else { return };
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
        return report.error_hinted(at, message, suggestion(task, tasks.iter().map(|task| task.name.as_str())));
    };
    // A task that could not be loaded is complained about elsewhere.
    if producer.task.steps.is_empty() {
        return;
    }
    let results = &producer.task.results;
    let Some(declared) = results.iter().find(|known| known.name == result) else {
        let message = format!("{shown}: task `{task}` declares no result `{result}` (InvalidTaskResultReference)");
        let known = results.iter().map(|result| result.name.as_str());
        let hint = suggestion_or(result, known, "declare it below `results` of the task");
        return report.error_with(at, message, hint);
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
pub(super) fn check(subject: &Subject<'_>) {
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
            for found in variables(text) {
                if matches!(found.variable, Variable::TaskResult { .. }) {
                    count += 1;
                    check_result(subject, None, found, &at.within(text, found.byte));
                } else {
                    let message = format!("{} is not replaced in a result of the pipeline", found.text);
                    subject.report.error(&at.within(text, found.byte), message);
                }
            }
        });
        if count == 0 {
            let message = format!("result `{name}` of the pipeline names no result of a task");
            subject.report.error_with(&value.at, message, "write $(tasks.TASK.results.RESULT)");
        }
    }
}
