//! [`Job`]: a task that can start, with all that its attempts need to know.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::runner::cancel::Stop;
use crate::runner::event::Sink;
use crate::runner::local::step_engine::{StepEngine, TaskSpace};
use crate::tekton::matrix::Combination;
use crate::tekton::objects::Objects;
use crate::tekton::resolve::Common;
use crate::tekton::task_run::{Step, TaskRun};
use crate::tekton::types::PipelineTask;

/// A step that has failed, and whose task is not tried again.
pub struct FailedStep<'a> {
    /// The attempt that it is of.
    pub task: &'a TaskRun,
    /// The name of the task in events.
    pub label: &'a str,
    pub index: usize,
    /// The step with the results of earlier ones, where it uses some.
    pub late: Option<&'a Step>,
    /// Why it has failed.
    pub message: &'a str,
    /// When what is done in its place has to end. No time limits it, but the run can be cancelled.
    pub stop: Stop,
}

/// Called when a step has failed, while its place is still there. How long it takes is not counted as time of the run.
pub type OnFailure<'a> = dyn Fn(&mut dyn TaskSpace, &FailedStep<'_>) + Sync + 'a;

/// What all tasks of a run share.
pub(super) struct Shared<'a> {
    pub(super) engine: &'a dyn StepEngine,
    pub(super) objects: &'a Objects,
    pub(super) sink: &'a dyn Sink,
    pub(super) common: &'a Common,
    /// Of all steps, where they do not set them themselves.
    pub(super) variables: &'a [(String, String)],
    pub(super) on_failure: Option<&'a OnFailure<'a>>,
}

/// One task to carry out; the results of others that it uses have been replaced.
pub(super) struct Job {
    pub(super) task: PipelineTask,
    pub(super) combination: Option<(usize, Combination)>,
    /// Of each attempt.
    pub(super) timeout: Option<Duration>,
    pub(super) ignore_failure: bool,
    pub(super) first_step: usize,
    /// When the run, or its part, is out of time.
    pub(super) deadline: Option<Instant>,
    pub(super) cancelled: Arc<AtomicBool>,
    pub(super) at_once: Arc<AtomicBool>,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Succeeded,
    Failed,
    Cancelled,
    /// Because the run, or its part, was out of time.
    OutOfTime,
}

impl Job {
    /// The name in events and outcomes.
    pub(super) fn label(&self) -> String {
        match &self.combination {
            Some((index, _)) => format!("{}[{index}]", self.task.name),
            None => self.task.name.clone(),
        }
    }

    /// What limits it, beside a deadline of a part of it.
    pub(super) fn stop(&self, deadline: Option<Instant>) -> Stop {
        let (cancelled, at_once) = (Arc::clone(&self.cancelled), Arc::clone(&self.at_once));
        Stop { deadline: earliest(self.deadline, deadline), cancelled, at_once }
    }
}

pub(super) fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

pub(super) fn after(start: Instant, limit: Option<Duration>) -> Option<Instant> {
    limit.and_then(|limit| start.checked_add(limit))
}
