//! What Lighthouse gives to a run: 13 parameters, declared everywhere and set as variables, their values, and a timeout.

use crate::lighthouse::job::{INJECTED, OF_PULLS};
use crate::tekton::node::{Node, Value};

/// What the parameters of [`INJECTED`] are for.
const DESCRIPTIONS: [&str; 13] = [
    "the unique build number",
    "the name of the job in the trigger file",
    "the specification of the job",
    "the kind of the job",
    "the base branch",
    "the commit of the base branch",
    "the number of the pull request",
    "the ref of the pull request",
    "the commit of the pull request",
    "the refs of all pull requests",
    "the name of the repository",
    "the owner of the repository",
    "the URL to clone",
];

/// Declares the parameters at the pipeline and at every inline task, hands them on, and sets them as variables.
pub(super) fn declare(run: &mut Node) {
    let Some(pipeline) = run.get_mut("pipelineSpec") else { return };
    declare_in(pipeline);
    let hand_on = |node: &mut Node, list: &str| {
        for name in INJECTED {
            node.append_missing(list, Node::item_of(name, format!("$(params.{name})")));
        }
    };
    pipeline.each_task(|task| {
        hand_on(task, "params");
        if let Some(spec) = task.get_mut("taskSpec").filter(|spec| matches!(spec.value, Value::Map(_))) {
            declare_in(spec);
            if let Some(template) = spec.entry("stepTemplate", Value::Map(Vec::new())) {
                hand_on(template, "env");
            }
        }
    });
}

fn declare_in(spec: &mut Node) {
    for (name, description) in INJECTED.into_iter().zip(DESCRIPTIONS) {
        let mut entries =
            vec![("name", Node::text(name)), ("type", Node::text("string")), ("description", Node::text(description))];
        if OF_PULLS.contains(&name) {
            entries.push(("default", Node::text("")));
        }
        spec.append_missing("params", Node::map(entries));
    }
}

/// The tasks of the catalogue that Lighthouse knows, each with its params and the parameters that they get.
pub(super) fn of_clone_tasks(run: &Node, parameters: &[(String, String)]) -> Vec<(String, String)> {
    let value = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    // `pipeline_run_params` switch this off.
    if parameters.iter().any(|(name, _)| !INJECTED.contains(&name.as_str())) {
        return Vec::new();
    }
    let url = value("REPO_URL").unwrap_or_default();
    let base = value("PULL_BASE_REF").unwrap_or_default();
    let head = value("PULL_PULL_SHA").filter(|sha| !sha.is_empty()).unwrap_or(base);
    let refs = value("PULL_PULL_REF").unwrap_or_default();
    let mut set = Vec::new();
    let pipeline = run.get("pipelineSpec");
    for task in pipeline.into_iter().flat_map(|spec| spec.items_of("tasks")) {
        let wanted: &[(&str, &str)] = match task.get("taskRef").and_then(|reference| reference.text_of("name")) {
            Some("git-clone") => &[("url", url), ("revision", head)],
            Some("git-batch-merge") => &[("url", url), ("revision", base), ("batchedRefs", refs)],
            _ => continue,
        };
        for (param, value) in wanted {
            let given = task.named("params", param).and_then(|param| param.text_of("value"));
            let plain = given.and_then(|given| given.strip_prefix("$(params.")?.strip_suffix(')'));
            if let Some(name) = plain.filter(|name| !name.contains(['$', '[', '('])) {
                set.push((name.to_owned(), (*value).to_owned()));
            }
        }
    }
    set
}

/// Sets values of the run: those that are there are replaced, the others follow in the order of their names.
pub(super) fn set_values(run: &mut Node, values: &[(String, String)]) {
    let mut values: Vec<&(String, String)> = values.iter().collect();
    values.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, value) in values {
        match run.items_of_mut("params").iter_mut().find(|param| param.text_of("name") == Some(name)) {
            Some(param) => param.set("value", Node::text(value)),
            None => run.append("params", vec![Node::item_of(name, value)]),
        }
    }
}

/// A day for the whole run, where it does not say.
pub(super) fn set_timeout(run: &mut Node) {
    if let Some(timeouts) = run.entry("timeouts", Value::Map(Vec::new()))
        && timeouts.get("pipeline").is_none()
    {
        timeouts.set("pipeline", Node::text("24h0m0s"));
    }
}
