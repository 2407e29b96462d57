//! [`Plan`]: one validated picture of a run, which `--explain` shows and which every engine carries out. What is known only
//! while the run goes on stays in it as it is written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::matrix::Combination;
use super::needs::Needs;
use super::options::RunContext;
use super::params::Values;
use super::prepare::Prepared;
use crate::problem::Problem;
use crate::tekton::load::Origin;

/// A run, planned.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    pub run: RunInfo,
    pub params: Values,
    /// The tasks in an order in which they can run.
    pub tasks: Vec<TaskPlan>,
    /// The tasks that run when all others have ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finally: Vec<TaskPlan>,
    /// The results of the pipeline, as written.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub results: Values,
    /// What the run needs from outside.
    pub needs: Needs,
    /// The files that were fetched for it; whoever has loaded it adds them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fetched: Vec<Origin>,
    /// What may surprise, though it is allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Problem>,
    /// What the controller carries out.
    #[serde(skip)]
    pub(crate) prepared: Prepared,
}

/// The run as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunInfo {
    /// Its names.
    #[serde(flatten)]
    pub context: RunContext,
    pub pipeline: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// `pipeline`, and `tasks` and `finally` where they are limited.
    pub timeouts: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskPlan {
    pub name: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    pub after: Vec<String>,
    /// Conditions, as people read them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<String>,
    /// Why it will not run, where that is known already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// The combinations of its matrix; empty where they are known only later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Vec<Combination>>,
    /// Of each attempt; `0` is none.
    pub timeout: String,
    /// How often it is tried again.
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// `onError: continue`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_failure: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub params: Values,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub workspaces: BTreeMap<String, WorkspacePlan>,
    /// Its volumes and what is in them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, String>,
    /// Working folders that are made before the first step.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub mkdir: BTreeSet<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<String>,
    pub steps: Vec<StepPlan>,
    /// Containers beside the steps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sidecars: Vec<StepPlan>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspacePlan {
    /// Where steps see it.
    pub path: String,
    pub volume: String,
    /// A folder of that volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_path: Option<String>,
    /// Whether steps may not write.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepPlan {
    pub name: String,
    pub image: String,
    /// Where it runs; the image's own folder where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Command and arguments; only the arguments where the command is a script or the ENTRYPOINT of the image.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
    /// The whole script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// Objects whose keys are variables, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<String>,
    /// Variables, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvPlan>,
    /// What it sees: `volume[/path] at /path [(read-only)]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<String>,
    /// After this it is killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// `onError: continue`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub continue_on_error: bool,
    /// Conditions, as people read them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<String>,
    /// Whether it is passed over, because a later step is to be the first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub passed_over: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvPlan {
    pub name: String,
    /// Its value, or the object and key that it comes from.
    pub value: String,
    /// Who says so.
    pub origin: EnvOrigin,
}

/// Who has set a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvOrigin {
    /// `stepTemplate`.
    Template,
    Step,
    Injected,
    /// `podTemplate`.
    Pod,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}
