//! What works and is doubtful.

use std::collections::BTreeSet;

use super::subject::{Subject, suggestion_or};
use crate::lighthouse::job::{INJECTED, OF_PULLS};
use crate::tekton::node::{At, Node};
use crate::tekton::types::{PipelineTask, VolumeKind};
use crate::tekton::variables::key::{Variable, variables};

pub(super) fn lint(subject: &Subject<'_>) {
    let mut used_by_pipeline = BTreeSet::new();
    for (task, node, _) in subject.tasks() {
        let pipeline_names = names_outside_spec(node);
        let task_names = node.get("taskSpec").map(names_in).unwrap_or_default();
        if task.inline {
            let own: BTreeSet<&str> = task.params.iter().map(|param| param.name.as_str()).collect();
            used_by_pipeline.extend(task_names.iter().filter(|name| !own.contains(name.as_str())).cloned());
        }
        used_by_pipeline.extend(pipeline_names);
        params_of_task(subject, task, node, &task_names);
        events(subject, task, node);
        scripts(subject, node);
        edges(subject, task, node);
    }
    if let Some(pipeline) = subject.pipeline_node() {
        for default in pipeline.items_of("params").iter().filter_map(|param| param.get("default")) {
            used_by_pipeline.extend(names_in(default));
        }
        for param in pipeline.items_of("params").iter().filter(|param| subject.is_inline && param.at.is_written()) {
            let Some(name) = param.text_of("name").filter(|name| !is_injected(subject, name)) else { continue };
            if !used_by_pipeline.contains(name) {
                let message = format!("param `{name}` of the pipeline is not used");
                subject.report.warn("unused-param", &param.at, message, "remove it");
            }
        }
        pull_params(subject, pipeline);
    }
    given_params(subject);
    shared_folders(subject);
}

fn is_injected(subject: &Subject<'_>, name: &str) -> bool {
    subject.by_lighthouse && INJECTED.contains(&name)
}

/// The parameters that the texts below a node name, those that kfleet added left out.
fn names_in(node: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    node.each_variable(&mut |at, found| {
        if let Variable::Param { name, .. } = found.variable
            && at.is_written()
        {
            names.insert(name.to_owned());
        }
    });
    names
}

/// The parameters that a pipeline task names outside its `taskSpec`.
fn names_outside_spec(node: &Node) -> BTreeSet<String> {
    let outside = node.entries().iter().filter(|entry| entry.key != "taskSpec");
    outside.flat_map(|entry| names_in(&entry.node)).collect()
}

/// Parameters of a task that nobody reads, and values for parameters that it does not have.
fn params_of_task(subject: &Subject<'_>, task: &PipelineTask, node: &Node, used: &BTreeSet<String>) {
    let report = subject.report;
    let spec = node.get("taskSpec");
    for param in spec.map_or(&[][..], |spec| spec.items_of("params")).iter().filter(|param| param.at.is_written()) {
        let Some(name) = param.text_of("name").filter(|name| task.inline && !is_injected(subject, name)) else {
            continue;
        };
        if !used.contains(name) {
            let message = format!("param `{name}` of task `{}` is not used", task.name);
            report.warn("unused-param", &param.at, message, "remove it");
        }
    }
    for param in node.items_of("params").iter().filter(|param| param.at.is_written()) {
        let Some(name) = param.text_of("name") else { continue };
        let is_known = task.task.params.iter().any(|declared| declared.name == name) || used.contains(name);
        if !is_known && !task.task.steps.is_empty() {
            let message = format!("task `{}` has no param `{name}`", task.name);
            let declared = task.task.params.iter().map(|declared| declared.name.as_str());
            let hint = suggestion_or(name, declared, "remove it, or declare it at the task");
            report.warn("unknown-param", &param.at, message, hint);
        }
    }
}

/// Values of the run for parameters that nobody knows.
fn given_params(subject: &Subject<'_>) {
    if subject.is_inline {
        return;
    }
    for param in subject.node.items_of("params").iter().filter(|param| param.at.is_written()) {
        let Some(name) = param.text_of("name") else { continue };
        if !subject.run.pipeline.params.iter().any(|declared| declared.name == name) {
            let message = format!("the pipeline has no param `{name}`");
            let known = subject.run.pipeline.params.iter().map(|declared| declared.name.as_str());
            let hint = suggestion_or(name, known, "remove it");
            subject.report.warn("unknown-param", &param.at, message, hint);
        }
    }
}

/// Text that whoever causes the event can choose, in what a shell runs.
fn events(subject: &Subject<'_>, task: &PipelineTask, node: &Node) {
    let is_event = |name: &str| subject.event_controlled.iter().any(|known| known == name);
    let is_tainted = |name: &str| match node.named("params", name).and_then(|param| param.get("value")) {
        Some(value) => {
            let mut tainted = false;
            value.each_variable(&mut |_, found| {
                tainted |= matches!(found.variable, Variable::Param { name, .. } if is_event(name));
            });
            tainted
        }
        None => task.inline && is_event(name),
    };
    let see = |at: &At, text: &str| {
        for found in variables(text) {
            let Variable::Param { name, .. } = found.variable else { continue };
            if is_tainted(name) {
                let message = format!("{} is text of the event, and becomes code here", found.text);
                let hint = match INJECTED.contains(&name) && subject.by_lighthouse {
                    true => format!("write \"${name}\": the variable is set in every step"),
                    false => "hand it on by `env`, and write the quoted variable".to_owned(),
                };
                subject.report.warn("event-text", &at.within(text, found.byte), message, hint);
            }
        }
    };
    for container in node.get("taskSpec").into_iter().flat_map(Node::containers) {
        if let Some(script) = container.get("script") {
            script.each_text(&mut |at, text| see(at, text));
        }
        for item in ["command", "args"].iter().flat_map(|list| container.items_of(list)) {
            // An argument of one word is handed to a program as it is.
            item.each_text(&mut |at, text| {
                if text.contains([' ', '\n']) {
                    see(at, text);
                }
            });
        }
    }
}

/// A `#!` that is not at the very beginning does nothing, and what it is written for fails.
fn scripts(subject: &Subject<'_>, node: &Node) {
    for container in node.get("taskSpec").into_iter().flat_map(Node::containers) {
        let Some(script) = container.get("script") else { continue };
        let Some(text) = script.as_text() else { continue };
        if text.trim_start().starts_with("#!") && !text.starts_with("#!") {
            let message = "the #! of this script is not at its beginning, so that it cannot be started";
            subject.report.warn("late-shebang", &script.at, message, "remove what is before it");
        }
    }
}

/// A reference with brackets does not make a task wait.
fn edges(subject: &Subject<'_>, task: &PipelineTask, node: &Node) {
    node.each_variable(&mut |at, found| {
        let Variable::TaskResult { task: producer, has_brackets: true, .. } = found.variable else { return };
        if !task.run_after.iter().any(|name| name == producer) {
            let message = format!("{} does not make `{}` wait for `{producer}`", found.text, task.name);
            let hint = format!("write $(tasks.{producer}.results.NAME), or add `{producer}` to `runAfter`");
            subject.report.warn("bracket-result", &at, message, hint);
        }
    });
}

/// Parameters of pull requests that a run without one gets no value for.
fn pull_params(subject: &Subject<'_>, pipeline: &Node) {
    if !subject.by_lighthouse || !subject.is_inline {
        return;
    }
    for param in pipeline.items_of("params").iter().filter(|param| param.at.is_written()) {
        let Some(name) = param.text_of("name").filter(|name| OF_PULLS.contains(name)) else { continue };
        let is_given = subject.run.params.iter().any(|given| given.name == name);
        if !is_given && param.entries().iter().all(|entry| entry.key != "default") {
            let message = format!("param `{name}` has no default, and this job has no pull request");
            subject.report.warn("pull-param", &param.at, message, "write default: \"\"");
        }
    }
}

/// An emptyDir of the run is one folder for each task, not one for all.
fn shared_folders(subject: &Subject<'_>) {
    let run = subject.run;
    for binding in run.workspaces.iter().filter(|binding| binding.source == VolumeKind::EmptyDir) {
        let is_user = |task: &&PipelineTask| task.workspaces.iter().any(|used| used.workspace == binding.name);
        let users: Vec<&str> = run.pipeline.all_tasks().filter(is_user).map(|task| task.name.as_str()).collect();
        if users.len() > 1 {
            let (name, users) = (&binding.name, users.join(", "));
            let node = subject.node.named("workspaces", name);
            let message = format!("workspace `{name}` is an emptyDir: {users} each get a folder of their own");
            let hint = "use a volumeClaimTemplate to share files between tasks";
            subject.report.warn("unshared-folder", node.map_or(&subject.node.at, |node| &node.at), message, hint);
        }
    }
}
