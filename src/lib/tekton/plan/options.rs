//! What a plan is asked for: the names of its run, and which part of it is wanted.

use crate::lighthouse::Trust;
use serde::Serialize;

/// What a run is called: `context.pipelineRun.*`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunContext {
    pub name: String,
    pub namespace: String,
    pub uid: String,
}

/// What of a run is planned, and how far its event is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Only this task, without those before and after it.
    pub only: Option<String>,
    /// Only the steps of that task from this one on.
    pub from_step: Option<String>,
    /// Where nobody vouches for the event, values of parameters may not hold references.
    pub trust: Trust,
}
