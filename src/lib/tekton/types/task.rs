//! A task: its steps, and what they share.

use super::{Origin, ParamSpec, ResultSpec, Sidecar, StepSpec, VolumeSpec};

/// A task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskSpec {
    /// `context.task.name`.
    pub name: String,
    /// Where it is written.
    pub origin: Origin,
    /// What it declares.
    pub params: Vec<ParamSpec>,
    /// With `stepTemplate` merged in.
    pub steps: Vec<StepSpec>,
    /// Containers beside the steps.
    pub sidecars: Vec<Sidecar>,
    /// `volumes`.
    pub volumes: Vec<VolumeSpec>,
    /// What it declares.
    pub workspaces: Vec<WorkspaceSpec>,
    /// What it declares.
    pub results: Vec<ResultSpec>,
}

/// `workspaces` of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkspaceSpec {
    pub name: String,
    /// `/workspace/<name>` where it is not written.
    pub mount_path: Option<String>,
    /// `readOnly`.
    pub read_only: bool,
    /// Whether it may be unbound.
    pub optional: bool,
}
