//! A Pipeline, Task or TaskRun as the PipelineRun that runs it, by the rules of Lighthouse.

use super::object::{Kind, Object};
use crate::tekton::node::{Node, Value};

/// The `spec` of a PipelineRun.
pub(super) fn as_run(object: Object) -> Node {
    let mut run = match object.kind {
        Kind::Pipeline => Node::map(vec![("pipelineSpec", object.spec)]),
        Kind::Task => {
            let bare = Node::map(vec![("taskSpec", object.spec)]).written_at(&object.at);
            run_of_task(bare, &object.name, Vec::new())
        }
        Kind::TaskRun => run_of_task_run(object.spec, &object.name),
        Kind::PipelineRun | Kind::StepAction => object.spec,
    };
    if run.at == Node::default().at {
        run.at = object.at;
    }
    if let Some(first) = run.get_mut("pipelineSpec").and_then(|spec| spec.items_of_mut("tasks").first_mut())
        && first.text_of("name").is_none_or(str::is_empty)
    {
        first.set("name", Node::text("default"));
    }
    bind_workspaces(&mut run, object.kind);
    run
}

/// A pipeline of one task, given as `taskSpec` or `taskRef`.
fn run_of_task(mut task: Node, name: &str, given: Vec<Node>) -> Node {
    task.set("name", Node::text(if name.is_empty() { "default" } else { name }));
    let spec = task.get("taskSpec").cloned().unwrap_or_default();
    let mut wired = Vec::new();
    for param in spec.items_of("params") {
        let Some(name) = param.text_of("name") else { continue };
        let is_list = param.text_of("type") == Some("array")
            || matches!(param.get("default"), Some(Node { value: Value::List(_), .. }));
        let is_map = param.text_of("type") == Some("object") || param.get("properties").is_some();
        let value = format!("$(params.{name}{})", if is_list || is_map { "[*]" } else { "" });
        wired.push(Node::item_of(name, value).written_at(&param.at));
    }
    // Of a `taskRef` nothing is known yet: it gets what the run gives.
    let wired = if task.get("taskSpec").is_some() { wired } else { given };
    if !wired.is_empty() {
        task.set("params", Node::list(wired));
    }
    let workspaces: Vec<Node> = spec.items_of("workspaces").iter().map(Node::name_only).collect();
    let mut pipeline = Node::map(vec![("params", Node::list(spec.items_of("params").to_vec()))]);
    if !workspaces.is_empty() && task.get("workspaces").is_none() {
        task.set("workspaces", Node::list(workspaces));
        let declared = spec.items_of("workspaces").iter().map(Node::declared_workspace);
        pipeline.set("workspaces", Node::list(declared.collect()));
    }
    let task_name = task.text_of("name").unwrap_or_default().to_owned();
    let lifted: Vec<Node> =
        spec.items_of("results").iter().map(|result| result.lifted_result("tasks", &task_name)).collect();
    if !lifted.is_empty() {
        pipeline.set("results", Node::list(lifted));
    }
    let at = task.at.clone();
    pipeline.set("tasks", Node::list(vec![task]));
    Node::map(vec![("pipelineSpec", pipeline.written_at(&at))])
}

fn run_of_task_run(mut spec: Node, name: &str) -> Node {
    let mut task = Node::map(Vec::new()).written_at(&spec.at);
    for field in ["taskRef", "taskSpec", "timeout", "retries"] {
        if let Some(entry) = spec.remove(field) {
            task.set(field, entry.node);
        }
    }
    let bound = spec.items_of("workspaces").to_vec();
    let declared: Vec<Node> = bound.iter().filter_map(|binding| binding.text_of("name")).map(Node::item).collect();
    if !declared.is_empty() {
        task.set("workspaces", Node::list(declared.clone()));
    }
    let given = spec.items_of("params").iter().filter(|param| param.text_of("name").is_some()).cloned().collect();
    let mut run = run_of_task(task, name, given);
    if let Some(pipeline) = run.get_mut("pipelineSpec").filter(|_| !declared.is_empty()) {
        pipeline.set("workspaces", Node::list(declared));
    }
    let mut template = Node::map(Vec::new()).written_at(&spec.at);
    for field in ["serviceAccountName", "podTemplate"] {
        if let Some(entry) = spec.remove(field) {
            template.set(field, entry.node);
        }
    }
    run.set("taskRunTemplate", template);
    // What is left is the same in both, or is complained about when the run is read.
    let Value::Map(entries) = spec.value else { return run };
    for entry in entries {
        run.set(&entry.key, entry.node);
    }
    run
}

/// Workspaces of an object that is not a run are made for it; and a binding that says nothing is a fresh folder.
fn bind_workspaces(run: &mut Node, kind: Kind) {
    if matches!(kind, Kind::Pipeline | Kind::Task) {
        let declared = run.get("pipelineSpec").map_or(&[][..], |spec| spec.items_of("workspaces")).to_vec();
        for workspace in declared {
            let is_optional = matches!(workspace.get("optional"), Some(Node { value: Value::Bool(true), .. }));
            if let Some(name) = workspace.text_of("name").filter(|_| !is_optional) {
                let binding = vec![("name", Node::text(name)), ("emptyDir", Node::map(Vec::new()))];
                run.append_missing("workspaces", Node::map(binding).written_at(&workspace.at));
            }
        }
    }
}

/// Gives workspace bindings without a volume a fresh folder, as Lighthouse does at last.
pub(super) fn complete_bindings(run: &mut Node) {
    for binding in run.items_of_mut("workspaces") {
        let says_nothing = binding.entries().iter().all(|entry| ["name", "subPath"].contains(&entry.key.as_str()));
        if says_nothing && matches!(binding.value, Value::Map(_)) {
            binding.set("emptyDir", Node::map(Vec::new()));
        }
    }
}
