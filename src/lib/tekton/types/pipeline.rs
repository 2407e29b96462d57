//! A pipeline and its tasks.

use super::{Origin, Param, ParamSpec, ParamValue, TaskSpec, Timeout};

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
    pub name: String,
    /// Whether a run may leave it unbound.
    pub optional: bool,
}

/// `spec.results` of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineResult {
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

impl Matrix {
    /// How many combinations Tekton allows: `default-max-matrix-combinations-count`.
    pub const MAX_COMBINATIONS: usize = 256;
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
