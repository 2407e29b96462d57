//! Workspaces: from the run to the pipeline to its tasks to their steps.

use std::collections::BTreeSet;

use super::subject::{Subject, suggestion_or};
use crate::tekton::node::Node;
use crate::tekton::types::{PipelineRun, PipelineTask, WorkspaceSpec, WorkspaceUse};
use crate::tekton::variables::key::Variable;

/// Gives inline tasks the workspaces of the run that they mention and do not declare.
pub(in crate::tekton) fn propagate(run: &mut PipelineRun, node: &Node) {
    let bound: BTreeSet<String> = run.workspaces.iter().map(|binding| binding.name.clone()).collect();
    let pipeline_node = node.get("pipelineSpec");
    for (list, tasks) in [("tasks", &mut run.pipeline.tasks), ("finally", &mut run.pipeline.finally)] {
        let nodes = pipeline_node.map_or(&[][..], |node| node.items_of(list));
        for (task, node) in tasks.iter_mut().zip(nodes).filter(|(task, _)| task.inline) {
            for name in mentioned(node).intersection(&bound) {
                give(task, name);
                if !run.pipeline.workspaces.iter().any(|workspace| workspace.name == *name) {
                    run.pipeline.workspaces.push(WorkspaceSpec { name: name.clone(), ..WorkspaceSpec::default() });
                }
            }
        }
    }
}

fn give(task: &mut PipelineTask, name: &str) {
    if !task.task.workspaces.iter().any(|workspace| workspace.name == name) {
        task.task.workspaces.push(WorkspaceSpec { name: name.to_owned(), ..WorkspaceSpec::default() });
    }
    if !task.workspaces.iter().any(|workspace| workspace.name == name) {
        task.workspaces.push(WorkspaceUse { name: name.to_owned(), workspace: name.to_owned(), sub_path: None });
    }
}

/// The workspaces that the steps and sidecars of a pipeline task mention.
fn mentioned(task: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for container in task.get("taskSpec").into_iter().flat_map(Node::containers) {
        container.each_variable(&mut |_, found| {
            if let Variable::Workspace { name, .. } = found.variable {
                names.insert(name.to_owned());
            }
        });
    }
    names
}

pub(super) fn check(subject: &Subject<'_>) {
    let (report, run) = (subject.report, subject.run);
    let bound = |name: &str| run.workspaces.iter().any(|binding| binding.name == name);
    for workspace in run.pipeline.workspaces.iter().filter(|workspace| !workspace.optional && !bound(&workspace.name)) {
        let node = subject.pipeline_node().and_then(|node| node.named("workspaces", &workspace.name));
        let at = node.map_or(&subject.node.at, |node| &node.at);
        // One that was refused has been complained about.
        if subject.node.named("workspaces", &workspace.name).is_none() {
            let hint = "bind it below `workspaces` of the run, or make it optional";
            report.error_with(at, format!("workspace `{}` of the pipeline is not bound", workspace.name), hint);
        }
    }
    for (task, node, _) in subject.tasks() {
        task_workspaces(subject, task, node);
    }
}

fn task_workspaces(subject: &Subject<'_>, task: &PipelineTask, node: &Node) {
    let (report, run) = (subject.report, subject.run);
    let known = || {
        let declared = run.pipeline.workspaces.iter().map(|workspace| workspace.name.as_str());
        declared.chain(run.workspaces.iter().map(|binding| binding.name.as_str()))
    };
    for given in &task.workspaces {
        let at = node.named("workspaces", &given.name).map_or(&node.at, |node| &node.at);
        let is_bound_by_node = subject.node.named("workspaces", &given.workspace).is_some();
        if !known().any(|name| name == given.workspace) && !is_bound_by_node {
            let message =
                format!("task `{}` gets workspace `{}`, which the pipeline does not have", task.name, given.workspace);
            let hint = suggestion_or(&given.workspace, known(), "declare it below `workspaces` of the pipeline");
            report.error_with(at, message, hint);
        }
        if !task.task.steps.is_empty() && !task.task.workspaces.iter().any(|declared| declared.name == given.name) {
            let message = format!("task `{}` gets workspace `{}`, which it does not declare", task.name, given.name);
            report.warn("unused-workspace", at, message, "declare it below `workspaces` of the task, or remove it");
        }
    }
    for declared in task.task.workspaces.iter().filter(|declared| !declared.optional) {
        if !task.workspaces.iter().any(|given| given.name == declared.name) {
            let spec = node.get("taskSpec").and_then(|spec| spec.named("workspaces", &declared.name));
            let message = format!("task `{}` declares workspace `{}` and does not get it", task.name, declared.name);
            let hint = "give it by `workspaces` of the pipeline's task, or make it optional";
            report.error_with(spec.map_or(&node.at, |spec| &spec.at), message, hint);
        }
    }
    let containers = node.get("taskSpec").into_iter().flat_map(Node::containers);
    for used in containers.flat_map(|container| container.items_of("workspaces")) {
        let Some(name) = used.text_of("name") else { continue };
        let declared = task.task.workspaces.iter().map(|declared| declared.name.as_str());
        if !declared.clone().any(|known| known == name) {
            let message = format!("there is no workspace `{name}` in task `{}`", task.name);
            let hint = suggestion_or(name, declared, "declare it below `workspaces` of the task");
            report.error_with(&used.at, message, hint);
        }
    }
}
