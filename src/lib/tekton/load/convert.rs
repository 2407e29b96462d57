//! From a document to an [`Object`] of v1: `tekton.dev/v1beta1` is rewritten as the conversion webhook of Tekton does it. Text
//! is never changed.

use super::object::{Kind, Object};
use crate::tekton::node::{Entry, Node, Value};
use crate::tekton::report::Report;

/// Fields of steps and their template that v1beta1 takes and v1 lost.
const LOST: [&str; 10] = [
    "ports",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "stdin",
    "stdinOnce",
    "tty",
];

const NO_CLUSTER_TASK: &str = "make it a Task, and reference that by its file or by the cluster resolver";
const NO_RESOURCE: &str = "clone in a step, and hand data on by workspaces and results";

/// The object of a document, as of v1; what it is not goes to the report.
pub(super) fn to_object(mut document: Node, report: &Report) -> Option<Object> {
    let at = document.at.clone();
    let Some(kind) = document.get("kind") else {
        return report.fail_with(&at, "this is not a Kubernetes object: it has no `kind`", "write kind: PipelineRun");
    };
    let (kind_at, kind) = (kind.at.clone(), kind.as_text().unwrap_or_default().to_owned());
    let version_at = document.get("apiVersion").map_or(&at, |version| &version.at).clone();
    let version = document.text_of("apiVersion").unwrap_or_default().to_owned();
    let known = [Kind::PipelineRun, Kind::Pipeline, Kind::TaskRun, Kind::Task, Kind::StepAction];
    let Some(kind) = known.into_iter().find(|known| known.name() == kind) else {
        let (what, hint) = match kind.as_str() {
            "ClusterTask" => ("was removed from Tekton", NO_CLUSTER_TASK),
            "PipelineResource" => ("was removed from Tekton", NO_RESOURCE),
            _ => {
                let hint = "kfleet reads PipelineRun, Pipeline, TaskRun, Task and StepAction";
                ("is none that a pipeline is made of", hint)
            }
        };
        return report.fail_with(&kind_at, format!("kind {kind} {what}"), hint);
    };
    let is_old = kind != Kind::StepAction && version == "tekton.dev/v1beta1";
    if is_old {
        report.warn("old-version", &version_at, "tekton.dev/v1beta1 is deprecated", "write tekton.dev/v1");
    } else if !matches!(version.as_str(), "tekton.dev/v1" | "tekton.dev/v1beta1" | "tekton.dev/v1alpha1") {
        let message = format!("apiVersion `{version}` is read as tekton.dev/v1");
        report.warn("unknown-version", &version_at, message, "write tekton.dev/v1");
    }
    let fields = ["apiVersion", "kind", "metadata", "spec", "status"];
    if let Some(sort) = document.entries().iter().find(|entry| !fields.contains(&entry.key.as_str())) {
        let message = format!("{} has no field `{}`", kind.name(), sort.key);
        report.warn("unknown-field", &sort.at, message, "did you mean to write it below `spec`?");
    }
    let metadata = document.remove("metadata").map(|entry| entry.node).unwrap_or_default();
    let Some(spec) = document.remove("spec").map(|entry| entry.node).filter(|spec| !spec.is_null()) else {
        return report.fail(&at, format!("this {} has no `spec`", kind.name()));
    };
    let name = metadata.text_of("name").unwrap_or_default().to_owned();
    let mut object = Object { kind, name, metadata, spec, at };
    refuse_removed(&object, report);
    if is_old {
        to_v1(&mut object, report);
    }
    Some(object)
}

/// Rewrites an object of v1beta1.
fn to_v1(object: &mut Object, report: &Report) {
    match object.kind {
        Kind::PipelineRun => run(&mut object.spec, report),
        Kind::Pipeline => pipeline(&mut object.spec, report),
        Kind::TaskRun => {
            overrides(&mut object.spec);
            bundle(&mut object.spec, "taskRef", "Task");
            object.spec.get_mut("taskSpec").into_iter().for_each(|spec| task(spec, report));
        }
        Kind::Task => task(&mut object.spec, report),
        Kind::StepAction => {}
    }
}

fn run(spec: &mut Node, report: &Report) {
    if let Some(timeout) = spec.remove("timeout").filter(|entry| !entry.node.is_null())
        && let Some(timeouts) = spec.entry("timeouts", Value::Map(Vec::new()))
    {
        timeouts.set("pipeline", timeout.node);
    }
    let moved: Vec<Entry> = ["serviceAccountName", "podTemplate"].iter().filter_map(|key| spec.remove(key)).collect();
    if !moved.is_empty()
        && let Some(template) = spec.entry("taskRunTemplate", Value::Map(Vec::new()))
    {
        for entry in moved {
            template.set(&entry.key, entry.node);
        }
    }
    for one in spec.items_of_mut("taskRunSpecs") {
        one.rename("taskServiceAccountName", "serviceAccountName");
        one.rename("taskPodTemplate", "podTemplate");
        overrides(one);
    }
    bundle(spec, "pipelineRef", "Pipeline");
    spec.get_mut("pipelineSpec").into_iter().for_each(|spec| pipeline(spec, report));
}

fn pipeline(spec: &mut Node, report: &Report) {
    spec.each_task(|one| {
        bundle(one, "taskRef", "Task");
        bundle(one, "pipelineRef", "Pipeline");
        one.get_mut("taskSpec").into_iter().for_each(|spec| task(spec, report));
        one.get_mut("pipelineSpec").into_iter().for_each(|spec| pipeline(spec, report));
    });
}

fn task(spec: &mut Node, report: &Report) {
    if let Some(template) = spec.get_mut("stepTemplate") {
        template.remove("name");
        container(template, report);
    }
    for step in spec.items_of_mut("steps") {
        container(step, report);
    }
    for sidecar in spec.items_of_mut("sidecars") {
        sidecar.rename("resources", "computeResources");
    }
}

fn container(node: &mut Node, report: &Report) {
    node.rename("resources", "computeResources");
    for entry in LOST.iter().filter_map(|field| node.remove(field)) {
        let message = format!("`{}` of a step does nothing: Tekton drops it", entry.key);
        report.warn("lost-field", &entry.at, message, "remove it; sidecars can have it");
    }
}

fn overrides(node: &mut Node) {
    node.rename("stepOverrides", "stepSpecs");
    node.rename("sidecarOverrides", "sidecarSpecs");
}

/// `bundle` of a reference becomes the resolver of that name.
fn bundle(node: &mut Node, field: &str, kind: &str) {
    let Some(reference) = node.get_mut(field) else { return };
    let Some(bundle) = reference.remove("bundle").filter(|entry| !entry.node.is_null()) else { return };
    let name = reference.remove("name").map_or_else(|| Node::text(""), |entry| entry.node);
    let param = |name: &str, value: Node| Node::map(vec![("name", Node::text(name)), ("value", value)]);
    reference.set("resolver", Node::text("bundles").written_at(&bundle.at));
    let params = vec![param("bundle", bundle.node), param("name", name), param("kind", Node::text(kind))];
    reference.set("params", Node::list(params));
}

/// Refuses what Tekton itself no longer has, in whatever version it is written.
fn refuse_removed(object: &Object, report: &Report) {
    let spec = &object.spec;
    match object.kind {
        Kind::PipelineRun => {
            resources(spec, report);
            spec.get("pipelineSpec").into_iter().for_each(|spec| removed_of_pipeline(spec, report));
        }
        Kind::Pipeline => removed_of_pipeline(spec, report),
        Kind::Task => resources(spec, report),
        Kind::TaskRun => {
            resources(spec, report);
            removed_of_reference(spec, report);
            spec.get("taskSpec").into_iter().for_each(|spec| resources(spec, report));
        }
        Kind::StepAction => {}
    }
    spec.each_text(&mut |at, text| {
        for form in ["$(resources.", "$(inputs.resources.", "$(outputs.resources."] {
            if let Some(byte) = text.find(form) {
                report.error_with(&at.within(text, byte), "PipelineResources were removed from Tekton", NO_RESOURCE);
            }
        }
    });
}

fn removed_of_pipeline(spec: &Node, report: &Report) {
    resources(spec, report);
    for list in ["tasks", "finally"] {
        for one in spec.items_of(list) {
            resources(one, report);
            removed_of_reference(one, report);
            one.get("taskSpec").into_iter().for_each(|spec| resources(spec, report));
            if let Some(conditions) = one.get("conditions") {
                report.error_with(&conditions.at, "`conditions` were removed from Tekton", "use `when`");
            }
        }
    }
}

fn removed_of_reference(node: &Node, report: &Report) {
    let kind = node.get("taskRef").and_then(|reference| reference.get("kind"));
    if let Some(kind) = kind.filter(|kind| kind.as_text() == Some("ClusterTask")) {
        report.error_with(&kind.at, "kind ClusterTask was removed from Tekton", NO_CLUSTER_TASK);
    }
}

fn resources(node: &Node, report: &Report) {
    if let Some(resources) = node.get("resources") {
        report.error_with(&resources.at, "PipelineResources (`resources`) were removed from Tekton", NO_RESOURCE);
    }
}
