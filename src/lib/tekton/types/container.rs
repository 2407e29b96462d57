//! Steps and sidecars.

use super::{Location, ObjectRef, ResultSpec, Timeout, When};

/// One step, or one sidecar, which has neither timeout nor `onError`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepSpec {
    pub origin: Location,
    /// Empty where it has none.
    pub name: String,
    /// With references.
    pub image: String,
    pub command: Vec<String>,
    pub args: Vec<String>,
    /// `script`, as written.
    pub script: Option<String>,
    pub working_dir: Option<String>,
    /// Template first, then its own; each name once.
    pub env: Vec<EnvVar>,
    /// The names in [`StepSpec::env`] whose values are those of `stepTemplate`: for `--explain`.
    pub template_env: Vec<String>,
    pub env_from: Vec<EnvFrom>,
    pub mounts: Vec<VolumeMount>,
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvVar {
    pub name: String,
    pub value: EnvValue,
}

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
    pub object: ObjectRef,
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
