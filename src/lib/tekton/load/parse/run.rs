//! Runs of pipelines.

use super::container::variables;
use super::fields::Fields;
use super::{params, pipeline, volume};
use crate::tekton::node::{BY_REFERENCE, Node};
use crate::tekton::report::Report;
use crate::tekton::types::{EnvVar, PipelineRun, TaskRunSpec, Timeouts};

/// What v1beta1 calls otherwise, for those who write it into v1.
const MOVED: [(&str, &str); 3] = [
    ("serviceAccountName", "in v1 it is `taskRunTemplate.serviceAccountName`"),
    ("podTemplate", "in v1 it is `taskRunTemplate.podTemplate`"),
    ("timeout", "in v1 it is `timeouts.pipeline`"),
];

/// The `spec` of a run whose references are resolved and whose templates are merged.
pub(in super::super) fn run(node: &Node, report: &Report) -> PipelineRun {
    let mut fields = Fields::of(node, "the run", report);
    let by_reference = fields.text(BY_REFERENCE);
    let spec = fields.get("pipelineSpec");
    if spec.is_none() && report.is_clean() {
        report.error_with(&node.at, "this run has no pipeline", "write pipelineSpec or pipelineRef");
    }
    let (mut service_account, mut pod_env) = (None, Vec::new());
    if let Some(template) = fields.get("taskRunTemplate") {
        let mut fields = Fields::of(template, "`taskRunTemplate`", report);
        service_account = fields.word("serviceAccountName");
        pod_env = fields.get("podTemplate").map(|node| pod_template(node, report)).unwrap_or_default();
        fields.end(&[]);
    }
    let run = PipelineRun {
        origin: node.at.location(),
        pipeline: spec
            .map(|spec| pipeline::pipeline(spec, by_reference.as_deref().unwrap_or_default(), report))
            .unwrap_or_default(),
        params: params::values(fields.list("params"), report),
        workspaces: volume::bindings(fields.list("workspaces"), report),
        timeouts: fields.get("timeouts").map(|node| timeouts(node, report)).unwrap_or_default(),
        service_account,
        pod_env,
        task_run_specs: fields.list("taskRunSpecs").iter().map(|node| task_run_spec(node, report)).collect(),
    };
    if let Some(status) = fields.get("status") {
        let hint = "remove it: kfleet starts a run at once, and Ctrl-C cancels it";
        report.error_with(&status.at, "`status` of a run is for those in a cluster", hint);
    }
    fields.inert(&["computeResources", "stepSpecs", "sidecarSpecs", "debug"]);
    fields.refuse("managedBy", "remove it");
    fields.skip(&["pipelineRef", "resources"]);
    fields.end(&MOVED);
    run
}

fn timeouts(node: &Node, report: &Report) -> Timeouts {
    let mut fields = Fields::of(node, "`timeouts`", report);
    let timeouts = Timeouts {
        pipeline: fields.timeout("pipeline"),
        tasks: fields.timeout("tasks"),
        finally: fields.timeout("finally"),
    };
    fields.end(&[]);
    timeouts
}

/// What a pod template says that holds here too: its variables.
fn pod_template(node: &Node, report: &Report) -> Vec<EnvVar> {
    let mut fields = Fields::of(node, "`podTemplate`", report);
    let env = variables(fields.list("env"), "`podTemplate`", report);
    fields.refuse("volumes", "write them at the task");
    fields.inert(&["affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks"]);
    fields.inert(&["hostAliases", "hostNetwork", "hostUsers", "imagePullSecrets", "nodeSelector"]);
    fields.inert(&["priorityClassName", "runtimeClassName", "schedulerName", "securityContext", "tolerations"]);
    fields.inert(&["topologySpreadConstraints"]);
    fields.end(&[]);
    env
}

fn task_run_spec(node: &Node, report: &Report) -> TaskRunSpec {
    let mut fields = Fields::of(node, "an entry of `taskRunSpecs`", report);
    let spec = TaskRunSpec {
        task: fields.word("pipelineTaskName").unwrap_or_default(),
        timeout: fields.timeout("timeout"),
        pod_env: fields.get("podTemplate").map(|node| pod_template(node, report)).unwrap_or_default(),
    };
    fields.inert(&["serviceAccountName", "stepSpecs", "sidecarSpecs", "computeResources"]);
    fields.skip(&["metadata"]);
    fields.end(&[
        ("taskServiceAccountName", "in v1 it is `serviceAccountName`"),
        ("taskPodTemplate", "in v1 it is `podTemplate`"),
        ("name", "did you mean `pipelineTaskName`?"),
    ]);
    spec
}
