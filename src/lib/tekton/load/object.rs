//! [`Object`]: one Tekton object of a file, converted to v1 and not typed yet.

use super::convert;
use super::node::{At, Node};
use super::report::Report;

/// The kinds that kfleet reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    PipelineRun,
    Pipeline,
    TaskRun,
    Task,
    StepAction,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::PipelineRun => "PipelineRun",
            Kind::Pipeline => "Pipeline",
            Kind::TaskRun => "TaskRun",
            Kind::Task => "Task",
            Kind::StepAction => "StepAction",
        }
    }
}

/// One object.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) kind: Kind,
    /// `metadata.name`; empty where it has none.
    pub(super) name: String,
    /// `metadata`.
    pub(super) metadata: Node,
    /// `spec`, as of v1.
    pub(super) spec: Node,
    /// Where it begins.
    pub(super) at: At,
}

impl Object {
    /// An annotation of Lighthouse.
    pub(super) fn annotation(&self, name: &str) -> Option<&Node> {
        self.metadata.get("annotations")?.get(&format!("lighthouse.jenkins-x.io/{name}"))
    }
}

/// Understands one document; what it is not goes to the report.
pub(super) fn understand(mut document: Node, report: &Report) -> Option<Object> {
    let at = document.at.clone();
    let Some(kind) = document.get("kind") else {
        report.error_with(&at, "this is no Kubernetes object: it has no `kind`", "write kind: PipelineRun");
        return None;
    };
    let (kind_at, kind) = (kind.at.clone(), kind.as_text().unwrap_or_default().to_owned());
    let version_at = document.get("apiVersion").map_or(&at, |version| &version.at).clone();
    let version = document.text_of("apiVersion").unwrap_or_default().to_owned();
    let (kind, is_old) = match (kind.as_str(), version.as_str()) {
        ("ClusterTask", _) => {
            let hint = "make it a Task, and reference that by its file or by the cluster resolver";
            report.error_with(&kind_at, "kind ClusterTask is gone from Tekton", hint);
            return None;
        }
        ("PipelineResource", _) => {
            let hint = "clone in a step, and hand data on by workspaces and results";
            report.error_with(&kind_at, "kind PipelineResource is gone from Tekton", hint);
            return None;
        }
        ("StepAction", _) => (Kind::StepAction, false),
        ("PipelineRun", version) => (Kind::PipelineRun, version == "tekton.dev/v1beta1"),
        ("Pipeline", version) => (Kind::Pipeline, version == "tekton.dev/v1beta1"),
        ("TaskRun", version) => (Kind::TaskRun, version == "tekton.dev/v1beta1"),
        ("Task", version) => (Kind::Task, version == "tekton.dev/v1beta1"),
        (other, _) => {
            let hint = "kfleet reads PipelineRun, Pipeline, TaskRun, Task and StepAction";
            report.error_with(&kind_at, format!("kind {other} is none that a pipeline is made of"), hint);
            return None;
        }
    };
    if is_old {
        report.warn("old-version", &version_at, "tekton.dev/v1beta1 is deprecated", "write tekton.dev/v1");
    } else if !matches!(version.as_str(), "tekton.dev/v1" | "tekton.dev/v1beta1" | "tekton.dev/v1alpha1") {
        let message = format!("apiVersion `{version}` is read as tekton.dev/v1");
        report.warn("unknown-version", &version_at, message, "write tekton.dev/v1");
    }
    if let Some(sort) = document
        .entries()
        .iter()
        .find(|entry| !["apiVersion", "kind", "metadata", "spec", "status"].contains(&entry.key.as_str()))
    {
        let message = format!("{} has no field `{}`", kind.name(), sort.key);
        report.warn("unknown-field", &sort.at, message, "did you mean to write it below `spec`?");
    }
    let metadata = document.remove("metadata").map(|entry| entry.node).unwrap_or_default();
    let Some(spec) = document.remove("spec").map(|entry| entry.node).filter(|spec| !spec.is_null()) else {
        report.error(&at, format!("this {} has no `spec`", kind.name()));
        return None;
    };
    let name = metadata.text_of("name").unwrap_or_default().to_owned();
    let mut object = Object { kind, name, metadata, spec, at };
    convert::refuse_removed(&object, report);
    if is_old {
        convert::to_v1(&mut object, report);
    }
    Some(object)
}
