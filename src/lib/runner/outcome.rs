//! What became of a run.

use std::time::Duration;

use serde::Serialize;

use crate::tekton::params::Values;

/// Tekton's reason of a task whose image cannot be had.
pub(crate) const NO_IMAGE: &str = "TaskRunImagePullFailed";

/// What became of a run, with Tekton's reasons. Texts may hold what steps have printed into results: whoever shows it masks.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// `Succeeded`, `Completed`, `Failed`, `Cancelled`, `PipelineRunTimeout`, `PipelineValidationFailed`,
    /// `CouldntGetPipelineResult`.
    pub reason: String,
    /// How many tasks ended how.
    pub message: String,
    /// The results of the pipeline.
    pub results: Values,
    /// The tasks that were run, in the order of the pipeline; each combination of a matrix for itself.
    pub tasks: Vec<TaskOutcome>,
    /// The tasks that were not run.
    pub skipped: Vec<Skipped>,
    /// How long it took.
    pub seconds: f64,
}

impl Outcome {
    /// Whether the run is a success.
    pub fn is_success(&self) -> bool {
        matches!(self.reason.as_str(), "Succeeded" | "Completed")
    }

    /// Whether the image of some step could not be had.
    pub fn lacks_image(&self) -> bool {
        self.tasks.iter().any(|task| task.reason == NO_IMAGE)
    }
}

/// What became of a task, or of one combination of its matrix.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TaskOutcome {
    /// Its name; `name[index]` for a combination.
    pub name: String,
    /// Tekton's reason, such as `Succeeded`, `Failed`, `TaskRunTimeout`.
    pub reason: String,
    /// What happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// How long all attempts took.
    pub seconds: f64,
    /// What it has produced.
    pub results: Values,
    /// The steps of the last attempt.
    pub steps: Vec<StepOutcome>,
}

/// What became of a step.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StepOutcome {
    pub name: String,
    /// `Completed`, `Error`, `Continued`, `TimeoutExceeded`, `Skipped`, `Cancelled`, `CouldNotStart`.
    pub reason: String,
    /// Where it ended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How long it took.
    pub seconds: f64,
}

/// A task that was not run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its name.
    pub task: String,
    /// In Tekton's words.
    pub reason: String,
}

/// A duration in seconds, to the millisecond.
pub(crate) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e3).round() / 1e3
}
