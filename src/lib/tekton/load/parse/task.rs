//! Tasks.

use super::fields::Fields;
use super::{container, params, volume};
use crate::tekton::node::{BY_REFERENCE, Node};
use crate::tekton::report::Report;
use crate::tekton::types::{TaskSpec, WorkspaceSpec};

/// The `spec` of a task, with its template merged in.
pub(super) fn task(node: &Node, name: &str, task_name: &str, report: &Report) -> TaskSpec {
    let what = format!("the task of `{task_name}`");
    let mut fields = Fields::of(node, what.as_str(), report);
    let steps = fields.list("steps");
    if steps.is_empty() {
        report.error(&node.at, format!("{what} has no `steps`"));
    }
    let task = TaskSpec {
        name: name.to_owned(),
        origin: node.at.location(),
        params: params::specs(fields.list("params"), report),
        steps: steps.iter().enumerate().map(|(index, node)| container::step(node, index, report)).collect(),
        sidecars: fields.list("sidecars").iter().map(|node| container::sidecar(node, report)).collect(),
        volumes: volume::volumes(fields.list("volumes"), report),
        workspaces: workspaces(fields.list("workspaces"), true, report),
        results: params::results(fields.list("results"), false, report),
    };
    // `kind: Task` without apiVersion means nothing; custom tasks are refused before.
    fields.skip(&["description", "displayName", "metadata", "kind", "apiVersion", "resources", BY_REFERENCE]);
    fields.refuse("spec", "write `steps` here");
    fields.end(&[("inputs", "write `params` at the task"), ("outputs", "write `results` at the task")]);
    let mut names: Vec<&str> = Vec::new();
    for (step, node) in task.steps.iter().zip(steps) {
        if !step.name.is_empty() && names.contains(&step.name.as_str()) {
            report.error(&node.at, format!("{what} has two steps `{}`", step.name));
        }
        names.push(&step.name);
    }
    task
}

/// `workspaces` of a task, or of a pipeline, which does not say where and how they are mounted.
pub(super) fn workspaces(nodes: &[Node], of_task: bool, report: &Report) -> Vec<WorkspaceSpec> {
    let what = if of_task { "a workspace of a task" } else { "a workspace of the pipeline" };
    let mut workspaces: Vec<WorkspaceSpec> = Vec::new();
    for node in nodes {
        let mut fields = Fields::of(node, what, report);
        let workspace = WorkspaceSpec {
            name: fields.word("name").unwrap_or_default(),
            mount_path: if of_task { fields.word("mountPath") } else { None },
            read_only: of_task && fields.flag("readOnly"),
            optional: fields.flag("optional"),
        };
        fields.skip(&["description"]);
        fields.end(&[]);
        if workspace.name.is_empty() {
            report.error(&node.at, format!("{what} has no `name`"));
        } else if workspaces.iter().any(|known| known.name == workspace.name) {
            report.error(&node.at, format!("workspace `{}` is declared twice", workspace.name));
        } else {
            workspaces.push(workspace);
        }
    }
    workspaces
}
