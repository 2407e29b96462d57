//! [`Object`]: one Tekton object of a file, converted to v1 and not typed yet.

use crate::tekton::node::{At, Node};

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

#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) kind: Kind,
    /// `metadata.name`; empty where it has none.
    pub(super) name: String,
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
