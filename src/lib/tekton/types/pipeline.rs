//! A pipeline and its tasks.

use super::{Location, Param, ParamSpec, ParamValue, TaskSpec, Timeout, WorkspaceSpec};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PipelineSpec {
    /// `context.pipeline.name`.
    pub name: String,
    pub params: Vec<ParamSpec>,
    pub workspaces: Vec<WorkspaceSpec>,
    /// In the order of the file; the order of work comes from their edges.
    pub tasks: Vec<PipelineTask>,
    /// Run when all others have ended.
    pub finally: Vec<PipelineTask>,
    /// Its results: a name and text with references.
    pub results: Vec<PipelineResult>,
}

impl PipelineSpec {
    /// The tasks, and after them those of `finally`.
    pub fn all_tasks(&self) -> impl Iterator<Item = &PipelineTask> {
        self.tasks.iter().chain(&self.finally)
    }
}

/// `spec.results` of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineResult {
    pub name: String,
    /// With references to results of tasks.
    pub value: ParamValue,
    pub origin: Location,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PipelineTask {
    pub origin: Location,
    /// A DNS label, unique over tasks and `finally`.
    pub name: String,
    /// With references, for people.
    pub display_name: Option<String>,
    pub task: TaskSpec,
    /// Written in place (`taskSpec`), so that parameters and results of the pipeline reach into it.
    pub inline: bool,
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

    /// The parameters of all combinations.
    pub fn all_params(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().chain(self.include.iter().flatten())
    }
}

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
        origin: Location,
    },
    /// An expression in CEL.
    Cel {
        /// With references.
        expression: String,
        origin: Location,
    },
}
