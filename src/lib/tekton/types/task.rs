//! A task: its steps, and what they share.

use super::{Location, ParamSpec, ResultSpec, StepSpec, VolumeSpec};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskSpec {
    /// `context.task.name`.
    pub name: String,
    pub origin: Location,
    pub params: Vec<ParamSpec>,
    /// With `stepTemplate` merged in.
    pub steps: Vec<StepSpec>,
    /// Containers beside the steps.
    pub sidecars: Vec<StepSpec>,
    pub volumes: Vec<VolumeSpec>,
    pub workspaces: Vec<WorkspaceSpec>,
    pub results: Vec<ResultSpec>,
}

/// `workspaces` of a task, or of a pipeline, which mounts none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkspaceSpec {
    pub name: String,
    /// `/workspace/<name>` where it is not written.
    pub mount_path: Option<String>,
    pub read_only: bool,
    /// Whether it may be unbound.
    pub optional: bool,
}
