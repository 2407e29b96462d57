//! [`TaskRun`]: one attempt at one task with nothing left to substitute. It is what every engine carries out.

use std::collections::BTreeMap;
use std::time::Duration;

/// One attempt at one task of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskRun {
    /// The name in the pipeline, such as `render`.
    pub task: String,
    /// The name of the TaskRun, such as `acme-fleet-pr-7-render-x1y2z-render`: unique within the run.
    pub name: String,
    /// The attempt, from 0.
    pub attempt: u32,
    /// The volumes of the task, its workspaces included; the implicit ones of Tekton are the engine's.
    pub volumes: Vec<Volume>,
    /// The steps, in order; never empty.
    pub steps: Vec<Step>,
    /// Containers beside the steps: started before the first, ended after the last. Empty unless the engine supports them.
    pub sidecars: Vec<Step>,
    /// The results that the task declares: the engine reads their files below `/tekton/results`.
    pub results: Vec<String>,
}

/// A named place that steps can mount.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    /// Unique within the task.
    pub name: String,
    pub source: VolumeSource,
}

#[derive(Debug, Clone, PartialEq)]
pub enum VolumeSource {
    /// Empty at the start of the attempt, deleted at its end.
    Empty,
    /// A folder that all tasks of the run share, by the name of its claim.
    Shared(String),
    /// Given files, read-only: those of a Secret or ConfigMap.
    Files(BTreeMap<String, File>),
    /// A path of the host; the engine decides what becomes of it.
    Host(String),
}

/// A file of a [`VolumeSource::Files`], by its path within the volume.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    pub content: Vec<u8>,
    /// Its permission bits.
    pub mode: u32,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    /// Its name; `unnamed-<index>` where it has none.
    pub name: String,
    pub image: String,
    /// `command`: replaces the ENTRYPOINT of the image. Empty: the image's is used.
    pub command: Vec<String>,
    /// `args`, after the command or script.
    pub args: Vec<String>,
    /// The whole text of an executable file, `#!` line included, that takes the place of the command.
    pub script: Option<String>,
    /// The environment, complete and in order, each name once; references to secrets are resolved.
    pub env: Vec<(String, String)>,
    /// Absolute; `None` is that of the image.
    pub working_dir: Option<String>,
    /// What it sees of the volumes, in the order in which they are mounted.
    pub mounts: Vec<Mount>,
    /// After this it is killed.
    pub timeout: Option<Duration>,
    /// `onError: continue`.
    pub continue_on_error: bool,
    /// Where its output goes as well: absolute paths as the step sees them.
    pub stdout_path: Option<String>,
    /// As [`Step::stdout_path`], for stderr.
    pub stderr_path: Option<String>,
    /// The results that the step declares: files below `/tekton/steps/step-<name>/results`.
    pub results: Vec<String>,
}

/// A volume at a path of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Mount {
    /// A name of [`TaskRun::volumes`].
    pub volume: String,
    /// Absolute, without `.` and `..`.
    pub path: String,
    /// A folder or file within the volume, relative, without `..`.
    pub sub_path: Option<String>,
    /// Whether the step may not write.
    pub read_only: bool,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepEnd {
    /// By itself, with this code; 128 + n when a signal killed it.
    Exited(i32),
    /// Its own timeout, or that of its task, was over.
    TimedOut,
    Cancelled,
    /// The command could not start, with the reason; as Kubernetes has it, `onError` does not cover this.
    Unstarted(String),
}
