//! The texts of a task: what its steps, sidecars, volumes and workspaces refer to.

use super::results;
use super::scope::{Scope, Slot, each_condition, is_of_pipeline, is_of_task};
use super::subject::{Subject, suggestion, suggestion_or};
use crate::tekton::node::{At, Node};
use crate::tekton::types::{PipelineTask, StepSpec, TaskSpec};
use crate::tekton::variables::key::{Variable, variables};

/// Where a text of a task stands.
#[derive(Debug, Clone, Copy)]
struct Position<'a> {
    step: Option<&'a StepSpec>,
    /// The field of the step, or of the task.
    field: &'a str,
}

pub(super) fn check(subject: &Subject<'_>, task: &PipelineTask, node: &Node) {
    let Some(spec) = node.get("taskSpec") else { return };
    let scope = Scope::of_task(subject, task);
    let checker = Checker { subject, task, scope: &scope };
    let none = Position { step: None, field: "" };
    for (step, node) in task.task.steps.iter().zip(spec.items_of("steps")) {
        checker.fields(node, Position { step: Some(step), ..none });
    }
    for item in ["sidecars", "volumes", "workspaces"].iter().flat_map(|list| spec.items_of(list)) {
        checker.fields(item, none);
    }
    for (result, node) in task.task.results.iter().zip(spec.items_of("results")) {
        if let Some((value, node)) = result.value.as_deref().zip(node.get("value")) {
            checker.text(&node.at, value, Slot::Text, Position { field: "value", ..none });
        }
    }
    volumes(subject, &task.task, spec);
}

struct Checker<'a> {
    subject: &'a Subject<'a>,
    task: &'a PipelineTask,
    scope: &'a Scope,
}

impl Checker<'_> {
    /// All texts of a step, sidecar, volume or workspace.
    fn fields(&self, node: &Node, position: Position<'_>) {
        for entry in node.entries() {
            let field = entry.key.as_str();
            if matches!(field, "results" | "description" | "displayName" | "timeout") || field.starts_with('\0') {
                continue;
            }
            let position = Position { field, ..position };
            match field {
                "command" | "args" => {
                    for item in entry.node.items() {
                        item.each_text(&mut |at, text| self.text(at, text, Slot::Item, position));
                    }
                }
                "when" => each_condition(entry.node.items(), &mut |at, text, slot| self.text(at, text, slot, position)),
                _ => entry.node.each_text(&mut |at, text| self.text(at, text, Slot::Text, position)),
            }
        }
    }

    fn text(&self, at: &At, text: &str, slot: Slot, position: Position<'_>) {
        let report = self.subject.report;
        self.scope.check(text, slot, at, report);
        let spec = &self.task.task;
        for found in variables(text) {
            let here = at.within(text, found.byte);
            let shown = found.text;
            let unknown = |what: &str, name: &str, known: Vec<&str>| {
                let message = format!("{shown}: there is no {what} `{name}` here");
                report.error_hinted(&here, message, suggestion(name, known.into_iter()));
            };
            match found.variable {
                Variable::Context { scope, name }
                    if !is_of_task(scope, name) && (!self.task.inline || !is_of_pipeline(scope, name)) =>
                {
                    report.error(&here, format!("{shown} is not a context of a task"));
                }
                Variable::Result { name } => {
                    // In a step with results of its own, the same form may mean those.
                    let of_step = position.step.map_or(&[][..], |step| &step.results);
                    if !spec.results.iter().chain(of_step).any(|result| result.name == name) {
                        unknown("result", name, spec.results.iter().map(|result| result.name.as_str()).collect());
                    }
                }
                Variable::OwnStepResult { name } => {
                    let known = position.step.map_or(&[][..], |step| &step.results);
                    if !known.iter().any(|result| result.name == name) {
                        unknown("result of this step", name, known.iter().map(|one| one.name.as_str()).collect());
                    }
                }
                Variable::StepResult { step, result } => {
                    let is_right = matches!(position.field, "env" | "command" | "args" | "when" | "value");
                    if !is_right {
                        let hint = "use it in env, command, args or when";
                        report.error_with(&here, format!("{shown} is not replaced in `{}`", position.field), hint);
                    }
                    match spec.steps.iter().find(|known| known.name == step) {
                        None => unknown("step", step, names(&spec.steps)),
                        Some(step) if !step.results.iter().any(|known| known.name == result) => {
                            let known = step.results.iter().map(|known| known.name.as_str()).collect();
                            unknown("result of the step", result, known);
                        }
                        Some(_) => {}
                    }
                }
                Variable::ExitCode { step } => {
                    let is_step = spec.steps.iter().enumerate().any(|(index, known)| match known.name.as_str() {
                        "" => step == format!("step-unnamed-{index}"),
                        name => step.strip_prefix("step-") == Some(name),
                    });
                    if !is_step {
                        unknown("step", step.strip_prefix("step-").unwrap_or(step), names(&spec.steps));
                    }
                }
                Variable::Workspace { name, field } => {
                    if !matches!(field, "path" | "bound" | "claim" | "volume") {
                        let hint = "write path, bound, claim or volume";
                        report.error_with(&here, format!("{shown}: a workspace has no `{field}`"), hint);
                    }
                    if !spec.workspaces.iter().any(|workspace| workspace.name == name) {
                        unknown("workspace", name, spec.workspaces.iter().map(|one| one.name.as_str()).collect());
                    }
                }
                Variable::TaskResult { .. } if self.task.inline => {
                    results::check_result(self.subject, Some(self.task), found, &here);
                }
                Variable::TaskResult { .. } | Variable::Status { .. } | Variable::MatrixLength { .. } => {
                    let hint = "give it to the task by `params`";
                    report.error_with(&here, format!("{shown} is not replaced in a task"), hint);
                }
                _ => {}
            }
        }
    }
}

fn names(steps: &[StepSpec]) -> Vec<&str> {
    steps.iter().map(|step| step.name.as_str()).filter(|name| !name.is_empty()).collect()
}

/// Mounts name volumes of the task, and do not hide its workspaces.
fn volumes(subject: &Subject<'_>, task: &TaskSpec, spec: &Node) {
    let report = subject.report;
    let mut mounted: Vec<String> = Vec::new();
    for (container, node) in task.steps.iter().chain(&task.sidecars).zip(spec.containers()) {
        for mount in node.items_of("volumeMounts") {
            let Some(name) = mount.text_of("name").filter(|name| !name.contains("$(")) else { continue };
            // A volume that was refused is still one.
            if spec.named("volumes", name).is_none() {
                let message = format!("there is no volume `{name}` in this task");
                let known: Vec<&str> = task.volumes.iter().map(|volume| volume.name.as_str()).collect();
                let hint = suggestion_or(name, known.into_iter(), "write it below `volumes`");
                report.error_with(&mount.at, message, hint);
            }
        }
        mounted.extend(container.mounts.iter().map(|mount| mount.path.trim_end_matches('/').to_owned()));
    }
    for (workspace, node) in task.workspaces.iter().zip(spec.items_of("workspaces")) {
        let path = workspace.mount_path.clone().unwrap_or_else(|| format!("/workspace/{}", workspace.name));
        let path = path.trim_end_matches('/').to_owned();
        if mounted.contains(&path) {
            let message = format!("workspace `{}` is mounted at {path}, as something else is", workspace.name);
            report.error(&node.at, message);
        }
        mounted.push(path);
    }
}
