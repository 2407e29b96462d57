//! A run of a pipeline: what it gives to the pipeline, and how long it may take.

use std::time::Duration;

use super::{EnvVar, Location, Param, PipelineSpec, WorkspaceBinding};

/// One run of a pipeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PipelineRun {
    pub origin: Location,
    pub pipeline: PipelineSpec,
    /// Values of parameters, each name once.
    pub params: Vec<Param>,
    pub workspaces: Vec<WorkspaceBinding>,
    pub timeouts: Timeouts,
    /// `taskRunTemplate.serviceAccountName`.
    pub service_account: Option<String>,
    /// `taskRunTemplate.podTemplate.env`: comes last and wins.
    pub pod_env: Vec<EnvVar>,
    /// What is said about the runs of single tasks.
    pub task_run_specs: Vec<TaskRunSpec>,
}

/// `timeouts` of a run; `None` is Tekton's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    pub pipeline: Option<Timeout>,
    /// Of the tasks without `finally`.
    pub tasks: Option<Timeout>,
    pub finally: Option<Timeout>,
}

/// How long something may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeout {
    /// Written as `0`.
    Never,
    /// After this it is stopped.
    After(Duration),
}

impl Timeout {
    /// What Tekton allows a run or a task where nothing is written: `default-timeout-minutes`.
    pub const DEFAULT: Duration = Duration::from_secs(60 * 60);

    /// As a limit; `None` is not a limit.
    pub fn limit(self) -> Option<Duration> {
        match self {
            Timeout::Never => None,
            Timeout::After(duration) => Some(duration),
        }
    }
}

/// One entry of `taskRunSpecs`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskRunSpec {
    /// The pipeline task that it is about.
    pub task: String,
    /// Of each attempt.
    pub timeout: Option<Timeout>,
    /// `podTemplate.env`.
    pub pod_env: Vec<EnvVar>,
}
