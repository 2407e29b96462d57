//! The objects of Tekton v1 as kfleet uses them: everything is inline, converted and merged, nothing is substituted yet.
//! The loader makes them from files, the planner reads them. Fields that are not here are either refused by the loader or
//! mean nothing outside a cluster.

pub mod objects;
pub mod task_run;

use std::collections::BTreeMap;
use std::time::Duration;

/// Where something is written: for messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Relative to the root of the repository, or an address.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

/// One run of a pipeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PipelineRun {
    /// Where it is written.
    pub origin: Origin,
    /// The pipeline.
    pub pipeline: PipelineSpec,
    /// Values of parameters, each name once.
    pub params: Vec<Param>,
    /// What its workspaces are.
    pub workspaces: Vec<WorkspaceBinding>,
    /// Its timeouts.
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
    /// Of everything.
    pub pipeline: Option<Timeout>,
    /// Of the tasks without `finally`.
    pub tasks: Option<Timeout>,
    /// Of `finally`.
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

/// A pipeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PipelineSpec {
    /// `context.pipeline.name`.
    pub name: String,
    /// What it declares.
    pub params: Vec<ParamSpec>,
    /// What it declares.
    pub workspaces: Vec<PipelineWorkspace>,
    /// In the order of the file; the order of work comes from their edges.
    pub tasks: Vec<PipelineTask>,
    /// Run when all others have ended.
    pub finally: Vec<PipelineTask>,
    /// Its results: a name and text with references.
    pub results: Vec<PipelineResult>,
}

/// `spec.workspaces` of a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PipelineWorkspace {
    /// Its name.
    pub name: String,
    /// Whether a run may leave it unbound.
    pub optional: bool,
}

/// `spec.results` of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineResult {
    /// Its name.
    pub name: String,
    /// With references to results of tasks.
    pub value: ParamValue,
    /// Where it is written.
    pub origin: Origin,
}

/// One task of a pipeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PipelineTask {
    /// Where it is written.
    pub origin: Origin,
    /// A DNS label, unique over tasks and `finally`.
    pub name: String,
    /// With references, for people.
    pub display_name: Option<String>,
    /// What it runs.
    pub task: TaskSpec,
    /// Written in place (`taskSpec`), so that parameters and results of the pipeline reach into it.
    pub inline: bool,
    /// Values of the task's parameters.
    pub params: Vec<Param>,
    /// Several runs with different values.
    pub matrix: Option<Matrix>,
    /// All must hold.
    pub when: Vec<When>,
    /// Tasks that must have ended before.
    pub run_after: Vec<String>,
    /// How often it is tried again.
    pub retries: u32,
    /// Of each attempt.
    pub timeout: Option<Timeout>,
    /// `onError`: `continue`, `stopAndFail`, or a reference.
    pub on_error: Option<String>,
    /// Which workspaces of the pipeline it gets.
    pub workspaces: Vec<WorkspaceUse>,
}

/// `workspaces` of a pipeline task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkspaceUse {
    /// The task's name for it.
    pub name: String,
    /// The pipeline's name for it; the same where it is not written.
    pub workspace: String,
    /// A folder in it, with references.
    pub sub_path: Option<String>,
}

/// `matrix`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matrix {
    /// Lists, of which every combination is run.
    pub params: Vec<Param>,
    /// Combinations that are added, or add to others.
    pub include: Vec<Vec<Param>>,
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// `input` is, or is not, one of `values`.
    Values {
        /// With references.
        input: String,
        /// `notin`.
        negated: bool,
        /// With references; `$(..[*])` stands for several.
        values: Vec<String>,
        /// Where it is written.
        origin: Origin,
    },
    /// An expression in CEL.
    Cel {
        /// With references.
        expression: String,
        /// Where it is written.
        origin: Origin,
    },
}

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

/// A container beside the steps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sidecar {
    /// The container: as a step without timeout and `onError`.
    pub container: StepSpec,
}

/// One step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepSpec {
    /// Where it is written.
    pub origin: Origin,
    /// Empty where it has none.
    pub name: String,
    /// With references.
    pub image: String,
    /// `command`.
    pub command: Vec<String>,
    /// `args`.
    pub args: Vec<String>,
    /// `script`, as written.
    pub script: Option<String>,
    /// `workingDir`.
    pub working_dir: Option<String>,
    /// Template first, then its own; each name once.
    pub env: Vec<EnvVar>,
    /// The names in [`StepSpec::env`] whose values are those of `stepTemplate`: for `--explain`.
    pub template_env: Vec<String>,
    /// `envFrom`.
    pub env_from: Vec<EnvFrom>,
    /// `volumeMounts`.
    pub mounts: Vec<VolumeMount>,
    /// `timeout`.
    pub timeout: Option<Timeout>,
    /// `onError`: `continue`, `stopAndFail`, or a reference.
    pub on_error: Option<String>,
    /// All must hold, else the step is passed over.
    pub when: Vec<When>,
    /// Workspaces that only the steps that list them see.
    pub workspaces: Vec<StepWorkspace>,
    /// `stdoutConfig.path`.
    pub stdout_path: Option<String>,
    /// `stderrConfig.path`.
    pub stderr_path: Option<String>,
    /// What it declares.
    pub results: Vec<ResultSpec>,
}

/// `workspaces` of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepWorkspace {
    /// A workspace of the task.
    pub name: String,
    /// Where this step sees it.
    pub mount_path: Option<String>,
}

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// What it is.
    pub value: EnvValue,
}

/// What a variable is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvValue {
    /// Text with references.
    Text(String),
    /// A key of a Secret or ConfigMap.
    Key(ObjectRef, String),
}

/// `envFrom`: all keys of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFrom {
    /// Put before each key.
    pub prefix: String,
    /// The object.
    pub object: ObjectRef,
}

/// A Secret or ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    /// Which of the two.
    pub kind: ObjectKind,
    /// With references.
    pub name: String,
    /// Whether it, or its key, may be missing.
    pub optional: bool,
}

/// Objects that hold data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    /// Masked wherever it is printed.
    Secret,
    /// Plain.
    ConfigMap,
}

/// `volumeMounts`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VolumeMount {
    /// A volume of the task.
    pub name: String,
    /// With references.
    pub path: String,
    /// With references.
    pub sub_path: Option<String>,
    /// Whether the step may not write.
    pub read_only: bool,
}

/// `volumes` of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeSpec {
    /// Unique within the task.
    pub name: String,
    /// What is in it.
    pub source: VolumeKind,
    /// Where it is written.
    pub origin: Origin,
}

/// What is in a volume or a bound workspace.
#[derive(Debug, Clone, PartialEq)]
pub enum VolumeKind {
    /// Fresh in each attempt of each task.
    EmptyDir,
    /// `persistentVolumeClaim`, or a `volumeClaimTemplate` (named after its workspace): one folder for the whole run.
    Claim {
        /// The name of the claim.
        name: String,
        /// `readOnly`.
        read_only: bool,
    },
    /// `hostPath`.
    HostPath(String),
    /// `secret` or `configMap`.
    Object(ObjectFiles),
    /// `projected`: several objects in one folder.
    Projected(Vec<ObjectFiles>),
}

/// The keys of an object as files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFiles {
    /// The object.
    pub object: ObjectRef,
    /// `items`: key, path and mode; empty is all keys.
    pub items: Vec<ObjectItem>,
    /// `defaultMode`; 0644 where it is not written.
    pub mode: u32,
}

/// One of `items`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectItem {
    /// A key of the object.
    pub key: String,
    /// Where the file is, relative to the volume.
    pub path: String,
    /// Its mode, where it has one of its own.
    pub mode: Option<u32>,
}

/// `workspaces` of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkspaceSpec {
    /// Its name.
    pub name: String,
    /// `/workspace/<name>` where it is not written.
    pub mount_path: Option<String>,
    /// `readOnly`.
    pub read_only: bool,
    /// Whether it may be unbound.
    pub optional: bool,
}

/// What a workspace of a run is.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkspaceBinding {
    /// A workspace of the pipeline.
    pub name: String,
    /// A folder in it.
    pub sub_path: Option<String>,
    /// What it is.
    pub source: VolumeKind,
    /// Where it is written.
    pub origin: Origin,
}

/// The type of a parameter or result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ParamType {
    /// Text.
    #[default]
    String,
    /// A list of texts.
    Array,
    /// A map of texts.
    Object,
}

/// A declared parameter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParamSpec {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ParamType,
    /// The keys of an object.
    pub properties: Vec<String>,
    /// Taken where no value is given.
    pub default: Option<ParamValue>,
    /// Where this is not empty, the value must be one of it.
    pub allowed: Vec<String>,
    /// Where it is written; no file where it was injected.
    pub origin: Origin,
}

/// A value with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// The name.
    pub name: String,
    /// The value, with references.
    pub value: ParamValue,
    /// Where it is written; no file where it was injected.
    pub origin: Origin,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// Text; numbers, booleans and everything else as JSON.
    String(String),
    /// A list.
    Array(Vec<String>),
    /// A map.
    Object(BTreeMap<String, String>),
}

/// A declared result.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultSpec {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ParamType,
    /// The keys of an object.
    pub properties: Vec<String>,
    /// `$(steps.S.results.R)`, where a step's result is lifted.
    pub value: Option<String>,
}
