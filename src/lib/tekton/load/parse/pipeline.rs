//! Pipelines and their tasks.

use super::container::{leaves, on_error};
use super::fields::Fields;
use super::when::conditions;
use super::{params, task};
use crate::tekton::node::{BY_REFERENCE, Node};
use crate::tekton::report::Report;
use crate::tekton::types::{Matrix, PipelineResult, PipelineSpec, PipelineTask, WorkspaceUse, is_dns_label};

/// The `spec` of a pipeline.
pub(super) fn pipeline(node: &Node, name: &str, report: &Report) -> PipelineSpec {
    let mut fields = Fields::of(node, "the pipeline", report);
    let tasks = fields.list("tasks");
    let finally = fields.list("finally");
    if tasks.is_empty() {
        let rest = if finally.is_empty() { "" } else { ", only `finally`" };
        report.error(&node.at, format!("the pipeline has no `tasks`{rest}"));
    }
    let pipeline = PipelineSpec {
        name: name.to_owned(),
        params: params::specs(fields.list("params"), report),
        workspaces: task::workspaces(fields.list("workspaces"), false, report),
        tasks: tasks.iter().map(|node| pipeline_task(node, report)).collect(),
        finally: finally.iter().map(|node| pipeline_task(node, report)).collect(),
        results: results(fields.list("results"), report),
    };
    fields.skip(&["description", "displayName", "resources"]);
    fields.end(&[]);
    let mut names: Vec<&str> = Vec::new();
    for (task, node) in pipeline.tasks.iter().chain(&pipeline.finally).zip(tasks.iter().chain(finally)) {
        if names.contains(&task.name.as_str()) {
            report.error(&node.at, format!("there are two tasks `{}`", task.name));
        }
        names.push(&task.name);
    }
    pipeline
}

fn pipeline_task(node: &Node, report: &Report) -> PipelineTask {
    let name = node.text_of("name").unwrap_or_default().to_owned();
    let what = format!("task `{name}`");
    let mut fields = Fields::of(node, what.as_str(), report);
    let name_at = fields.get("name").map_or(&node.at, |name| &name.at);
    fields.text("name");
    if !is_dns_label(&name) {
        let hint = "use lower-case letters, digits and `-`, at most 63";
        report.error_with(name_at, format!("`{name}` cannot be the name of a task"), hint);
    }
    let reference = fields.text(BY_REFERENCE);
    let spec = fields.get("taskSpec");
    let retries_node = fields.get("retries");
    let retries = fields.number("retries").unwrap_or_default();
    if retries < 0 {
        let at = retries_node.map_or(&node.at, |node| &node.at);
        report.error(at, format!("`retries` of {what} is negative"));
    }
    let task = PipelineTask {
        origin: node.at.location(),
        display_name: fields.word("displayName"),
        task: match spec {
            Some(spec) => task::task(spec, reference.as_deref().unwrap_or_default(), &name, report),
            None => Default::default(),
        },
        inline: reference.is_none(),
        params: params::values(fields.list("params"), report),
        matrix: fields.get("matrix").map(|node| matrix(node, &what, report)),
        when: conditions(fields.list("when"), report),
        run_after: fields.texts("runAfter"),
        retries: u32::try_from(retries).unwrap_or_default(),
        timeout: fields.timeout("timeout"),
        on_error: on_error(&mut fields, &what, report),
        workspaces: workspace_uses(fields.list("workspaces"), &what, report),
        name,
    };
    // The last two are refused with what replaces them.
    fields.skip(&["description", "resources", "conditions"]);
    fields.end(&[("steps", "write them below `taskSpec`")]);
    if task.on_error.as_deref() == Some("continue") && task.retries > 0 {
        let hint = "remove one of the two";
        report.error_with(&node.at, format!("{what} has both `onError: continue` and `retries`"), hint);
    }
    task
}

fn matrix(node: &Node, what: &str, report: &Report) -> Matrix {
    let mut fields = Fields::of(node, format!("`matrix` of {what}"), report);
    let params_nodes = fields.list("params");
    let mut include = Vec::new();
    for node in fields.list("include") {
        let mut fields = Fields::of(node, format!("an entry of `include` of {what}"), report);
        fields.skip(&["name"]);
        include.push(params::values(fields.list("params"), report));
        fields.end(&[]);
    }
    let params = params::values(params_nodes, report);
    fields.end(&[]);
    Matrix { params, include }
}

fn workspace_uses(nodes: &[Node], what: &str, report: &Report) -> Vec<WorkspaceUse> {
    let mut uses: Vec<WorkspaceUse> = Vec::new();
    for node in nodes {
        let mut fields = Fields::of(node, format!("a workspace of {what}"), report);
        let name = fields.word("name").unwrap_or_default();
        let workspace = fields.word("workspace").unwrap_or_else(|| name.clone());
        let sub_path = fields.word("subPath");
        fields.end(&[]);
        if let Some(path) = sub_path.as_deref().filter(|path| leaves(path)) {
            report.error(&node.at, format!("`subPath` `{path}` of {what} leaves the volume"));
        }
        if name.is_empty() {
            report.error(&node.at, format!("a workspace of {what} has no `name`"));
        } else if uses.iter().any(|known| known.name == name) {
            report.error(&node.at, format!("{what} gets workspace `{name}` twice"));
        } else {
            uses.push(WorkspaceUse { name, workspace, sub_path });
        }
    }
    uses
}

fn results(nodes: &[Node], report: &Report) -> Vec<PipelineResult> {
    let mut results: Vec<PipelineResult> = Vec::new();
    for node in nodes {
        let name = node.text_of("name").unwrap_or_default().to_owned();
        let mut fields = Fields::of(node, format!("result `{name}` of the pipeline"), report);
        fields.text("name");
        fields.skip(&["description"]);
        if let Some(kind) =
            fields.get("type").filter(|kind| !matches!(kind.as_text(), Some("" | "string" | "array" | "object")))
        {
            report.error_with(&kind.at, "a result has no such type", "write string, array or object");
        }
        let value = fields.get("value").map(Node::to_param_value);
        fields.end(&[]);
        let Some(value) = value else {
            report.error(&node.at, format!("result `{name}` of the pipeline has no `value`"));
            continue;
        };
        if name.is_empty() {
            report.error(&node.at, "a result of the pipeline has no `name`");
        } else if results.iter().any(|known| known.name == name) {
            report.error(&node.at, format!("result `{name}` of the pipeline is declared twice"));
        } else {
            results.push(PipelineResult { name, value, origin: node.at.location() });
        }
    }
    results
}
