//! `image: uses:..`: steps that Lighthouse imports from tasks elsewhere, with its rules of what the importing step changes.

use super::as_run;
use super::fetch::{Address, below};
use super::object::Kind;
use super::sources::Sources;
use super::template::{merged, merged_list};
use crate::suggest::nearest;
use crate::tekton::node::{At, Node, Value};
use crate::tekton::report::Report;

/// A task that uses one that uses one, and so on: not deeper than this.
const MAX_DEPTH: usize = 10;

const PREFIX: &str = "uses:";

/// Imports the steps that a run uses, whose own task was used by those of `chain`.
pub(super) fn import(run: &mut Node, sources: &Sources<'_>, chain: &[String]) {
    let Some(mut spec) = run.remove("pipelineSpec") else { return };
    for list in ["tasks", "finally"] {
        let mut tasks = spec.node.items_of(list).to_vec();
        for task in &mut tasks {
            let found = import_task(task, sources, chain);
            for used in found {
                add_declared(list, task, &used, &mut spec.node, run);
            }
        }
        if let Some(node) = spec.node.get_mut(list).filter(|node| matches!(node.value, Value::List(_))) {
            node.value = Value::List(tasks);
        }
    }
    run.set("pipelineSpec", spec.node);
}

/// The address in an image, where it is one.
fn address(node: &Node) -> Option<(&At, &str)> {
    let image = node.get("image")?;
    Some((&image.at, image.as_text()?.strip_prefix(PREFIX)?.trim()))
}

/// Replaces the steps of one task; the specs of the tasks that were used come back.
fn import_task(task: &mut Node, sources: &Sources<'_>, chain: &[String]) -> Vec<Node> {
    let task_name = task.text_of("name").unwrap_or_default().to_owned();
    let mut found = Vec::new();
    let Some(spec) = task.get_mut("taskSpec") else { return found };
    let shared = spec.get("stepTemplate").and_then(address).map(|(at, uri)| (at.clone(), uri.to_owned()));
    if shared.is_some()
        && let Some(template) = spec.get_mut("stepTemplate")
    {
        template.remove("image");
    }
    let mut steps = Vec::new();
    for step in spec.items_of("steps").to_vec() {
        let own = address(&step).map(|(at, uri)| (at.clone(), uri.to_owned()));
        let has_image = step.text_of("image").is_some_and(|image| !image.is_empty());
        let Some((at, uri)) = own.or_else(|| shared.clone().filter(|_| !has_image)) else {
            steps.push(step);
            continue;
        };
        let hint = "write the steps here, or use a resolver or a StepAction";
        sources.report.warn("uses", &at, "`uses:` is deprecated in Lighthouse", hint);
        let Some(mut used) = used_task(&uri, &at, &task_name, sources, chain) else {
            let mut gap = Node::map(Vec::new()).written_at(&step.at);
            gap.leave_gap();
            steps.push(gap);
            continue;
        };
        steps.extend(imported(&step, &mut used, &at, sources.report));
        if !found.contains(&used) {
            found.push(used);
        }
    }
    if let Some(node) = spec.get_mut("steps") {
        node.value = Value::List(steps);
    }
    for used in &found {
        if let Some(base) = used.get("stepTemplate") {
            let template = spec.get("stepTemplate").map_or_else(|| base.clone(), |own| merged(base, own));
            spec.set("stepTemplate", template);
        }
        if let Some(base) = used.get("volumes") {
            let volumes = spec.get("volumes").map_or_else(|| base.clone(), |own| merged_list(base, own, &["name"]));
            spec.set("volumes", volumes);
        }
        add_missing(spec, used, &["params", "results", "workspaces", "sidecars"]);
    }
    found
}

/// The `spec` of the task that an address means.
fn used_task(uri: &str, at: &At, task_name: &str, sources: &Sources<'_>, chain: &[String]) -> Option<Node> {
    let mut chain = chain.to_vec();
    let is_cycle = chain.iter().any(|used| used == uri);
    chain.push(uri.to_owned());
    if is_cycle {
        let message = format!("{uri} uses itself: {}", chain.join(" -> "));
        return sources.report.fail_with(at, message, "write the steps into one of them");
    }
    if chain.len() > MAX_DEPTH {
        return sources.report.fail(at, format!("tasks use tasks more than {MAX_DEPTH} deep"));
    }
    let object = match Address::parse(uri) {
        Ok(Some(address)) => sources.address(&address, at)?,
        Ok(None) => match below("", uri) {
            // In files of other repositories too a path means this one: so does Lighthouse.
            Some(path) => sources.file(&path, at)?,
            None => {
                let hint = "write a path from the root of the repository";
                return sources.report.fail_with(at, format!("`{uri}` is not in the repository"), hint);
            }
        },
        Err(message) => return sources.report.fail(at, message),
    };
    if object.kind == Kind::StepAction {
        return sources.report.fail_with(at, format!("{uri} is a StepAction"), "refer to it by `ref`");
    }
    let mut run = as_run::as_run(object);
    import(&mut run, sources, &chain);
    let tasks = run.get("pipelineSpec").map_or(&[][..], |spec| spec.items_of("tasks"));
    let chosen = match tasks {
        [only] => Some(only),
        several => several.iter().find(|task| task.text_of("name") == Some(task_name)),
    };
    let spec = chosen.and_then(|task| task.get("taskSpec")).cloned();
    if spec.is_none() {
        let names: Vec<&str> = tasks.iter().filter_map(|task| task.text_of("name")).collect();
        let message = match names.as_slice() {
            [] | [_] => format!("{uri} has no task with steps"),
            names => format!("{uri} has no task `{task_name}` with steps; it has {}", names.join(", ")),
        };
        sources.report.error(at, message);
    }
    spec
}

/// The steps that one step becomes.
fn imported(step: &Node, used: &mut Node, at: &At, report: &Report) -> Vec<Node> {
    let steps = used.items_of("steps");
    let Some(name) = step.text_of("name").filter(|name| !name.is_empty()) else {
        return steps.to_vec();
    };
    let (wanted, suffix) = name.split_once(':').map_or((name, None), |(wanted, suffix)| (wanted, Some(suffix)));
    let Some(found) = steps.iter().find(|step| step.text_of("name") == Some(wanted)) else {
        let near = nearest(wanted, steps.iter().filter_map(|step| step.text_of("name")));
        let message = format!("the used task has no step `{wanted}`");
        report.error_hinted(at, message, near.first().map(|near| format!("did you mean `{near}`?")));
        return Vec::new();
    };
    let mut result = overridden(found, step);
    if let Some(suffix) = suffix {
        let name_at = step.get("name").map(|name| name.at.clone()).unwrap_or_default();
        result.set("name", Node::text(format!("{wanted}-{suffix}")).written_at(&name_at));
    }
    vec![result]
}

/// A used step with what the importing step says.
fn overridden(used: &Node, step: &Node) -> Node {
    let mut result = used.clone();
    let has_command = !step.items_of("command").is_empty();
    if has_command {
        for field in ["script", "args"] {
            result.remove(field);
        }
        for field in ["command", "args"] {
            step.get(field).into_iter().for_each(|node| result.set(field, node.clone()));
        }
    } else if let Some(script) = step.get("script").filter(|script| script.as_text() != Some("")) {
        result.remove("command");
        result.remove("args");
        result.set("script", script.clone());
    }
    for field in ["timeout", "workingDir", "imagePullPolicy"] {
        step.get(field).into_iter().for_each(|node| result.set(field, node.clone()));
    }
    let lists: [(&str, &[&str]); 3] =
        [("env", &["name"]), ("envFrom", &["secretRef.name", "configMapRef.name"]), ("volumeMounts", &["name"])];
    for (field, keys) in lists {
        if let Some(own) = step.get(field) {
            let list = result.get(field).map_or_else(|| own.clone(), |base| merged_list(base, own, keys));
            result.set(field, list);
        }
    }
    for field in ["computeResources", "securityContext"] {
        if let Some(own) = step.get(field).filter(|_| result.get(field).is_none()) {
            result.set(field, own.clone());
        }
    }
    result
}

/// Declares what a used task needs at the pipeline, and hands it on.
fn add_declared(list: &str, task: &mut Node, used: &Node, pipeline: &mut Node, run: &mut Node) {
    for param in used.items_of("params") {
        let Some(name) = param.text_of("name") else { continue };
        // One that is fed from a result, or otherwise, is no matter of the pipeline.
        if task.named("params", name).is_some() {
            continue;
        }
        let is_whole = param.text_of("type").is_some_and(|kind| kind != "string")
            || matches!(param.get("default"), Some(Node { value: Value::List(_) | Value::Map(_), .. }));
        let star = if is_whole { "[*]" } else { "" };
        task.append("params", vec![Node::item_of(name, format!("$(params.{name}{star})")).written_at(&param.at)]);
        pipeline.append_missing("params", param.clone());
    }
    let scope = if list == "finally" { "finally" } else { "tasks" };
    let task_name = task.text_of("name").unwrap_or_default().to_owned();
    for result in used.items_of("results") {
        if result.text_of("name").is_some() {
            pipeline.append_missing("results", result.lifted_result(scope, &task_name));
        }
    }
    for workspace in used.items_of("workspaces") {
        let Some(name) = workspace.text_of("name") else { continue };
        if task.named("workspaces", name).is_some() {
            continue;
        }
        task.append("workspaces", vec![workspace.name_only()]);
        pipeline.append_missing("workspaces", workspace.declared_workspace());
        let mut binding = workspace.name_only();
        binding.set("emptyDir", Node::map(Vec::new()));
        run.append_missing("workspaces", binding);
    }
}

/// `prependStepsURL` and `appendStepsURL`: steps before those of the first task, and after those of the last.
pub(super) fn add_steps(run: &mut Node, uri: &Node, is_first: bool, sources: &Sources<'_>) {
    let Some(text) = uri.as_text().filter(|text| !text.is_empty()) else { return };
    let Some(used) = used_task(text, &uri.at, "", sources, &[]) else { return };
    let Some(spec) = run.get_mut("pipelineSpec") else { return };
    let tasks = spec.items_of_mut("tasks");
    let task = if is_first { tasks.first_mut() } else { tasks.last_mut() };
    let Some(spec) = task.and_then(|task| task.get_mut("taskSpec")) else {
        return sources.report.error(&uri.at, "there is no inline task to add steps to");
    };
    let more = used.items_of("steps").to_vec();
    if is_first {
        let own = spec.items_of("steps").to_vec();
        spec.set("steps", Node::list(more.into_iter().chain(own).collect()));
    } else {
        spec.append("steps", more);
    }
    add_missing(spec, &used, &["params", "volumes", "workspaces", "results", "sidecars"]);
}

/// Adds the items of lists of named things that a task does not have.
fn add_missing(spec: &mut Node, used: &Node, lists: &[&str]) {
    for list in lists {
        for item in used.items_of(list) {
            spec.append_missing(list, item.clone());
        }
    }
}
