//! The controller: carries out a [`Plan`] on an [`StepEngine`] by Tekton's rules. It knows nothing of how steps are run.
//!
//! One thread decides, in [`run`]; each task, or combination of a matrix, has a thread of its own while it runs. What a task
//! waits for is decided anew whenever one has ended; nothing polls.

mod attempt;
mod job;
mod late;
mod lines;
mod state;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use crate::problem::{Location, Problem, Severity};
use crate::runner::cancel::{Cancel, is_over};
use crate::runner::event::{Event, Sink};
use crate::tekton::objects::Objects;
use crate::tekton::plan::Plan;
use crate::tekton::results::json_of;
use crate::tekton::timeouts::limit_text;

use crate::runner::local::step_engine::StepEngine;

use attempt::{Ended, carry_out};
use job::{End, Job, Shared, after};

pub use job::{FailedStep, OnFailure};
use state::{Decision, Now, State, Tasks};

/// How many tasks run at the same time, and what is done when one fails.
pub struct Settings<'a> {
    /// At least 1; further tasks wait.
    pub parallel: usize,
    /// Of all steps, where they do not set them themselves.
    pub variables: &'a [(String, String)],
    /// For a shell in the place of a step that has failed.
    pub on_failure: Option<&'a OnFailure<'a>>,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Settings { parallel: 64, variables: &[], on_failure: None }
    }
}

/// What an engine cannot do for a plan.
pub fn unsupported(plan: &Plan, engine: &dyn StepEngine) -> Vec<Problem> {
    if engine.supports_sidecars() {
        return Vec::new();
    }
    let refuse = |name: &String| Problem {
        severity: Severity::Error,
        location: Location::default(),
        message: format!("{name} is a sidecar, which the engine {} cannot run", engine.name()),
        hint: Some("use --engine container".to_owned()),
    };
    plan.needs.sidecars.iter().map(refuse).collect()
}

/// Carries out a plan. Everything that happens is reported to `sink`, the end of the run included.
pub fn run(
    plan: &Plan,
    engine: &dyn StepEngine,
    objects: &Objects,
    cancel: &Cancel,
    sink: &dyn Sink,
    settings: &Settings<'_>,
) {
    let start = Instant::now();
    let prepared = &plan.prepared;
    let shared = Shared {
        engine,
        objects,
        sink,
        common: &prepared.common,
        variables: settings.variables,
        on_failure: settings.on_failure,
    };
    let limits = prepared.limits;
    let mut controller = Controller {
        tasks: Tasks::new(prepared),
        cancel,
        sink,
        pipeline: after(start, limits.pipeline),
        tasks_until: after(start, limits.tasks),
        finally: limits.finally,
        finally_until: None,
        queue: VecDeque::new(),
    };
    controller.carry_out(&shared, settings.parallel.max(1));
    controller.report_end(start, limit_text(limits.pipeline), limit_text(limits.tasks))
}

struct Controller<'a> {
    tasks: Tasks<'a>,
    cancel: &'a Cancel,
    sink: &'a dyn Sink,
    /// When the run is out of time.
    pipeline: Option<Instant>,
    /// When its tasks are.
    tasks_until: Option<Instant>,
    /// How long `finally` may take.
    finally: Option<Duration>,
    /// When `finally` is out of time; known once it has begun.
    finally_until: Option<Instant>,
    /// Tasks and combinations that can start.
    queue: VecDeque<(usize, usize, Job)>,
}

impl Controller<'_> {
    fn carry_out(&mut self, shared: &Shared<'_>, parallel: usize) {
        let (ends, ended) = mpsc::channel::<(usize, usize, Ended)>();
        std::thread::scope(|scope| {
            let mut running = 0;
            let mut is_stuck = false;
            loop {
                self.decide_all();
                while running < parallel {
                    let Some((at, index, job)) = self.queue.pop_front() else { break };
                    let ends = ends.clone();
                    let thread = std::thread::Builder::new().name(job.label());
                    let work = move || _ = ends.send((at, index, carry_out(shared, &job)));
                    match thread.spawn_scoped(scope, work) {
                        Ok(_) => running += 1,
                        Err(error) => {
                            let message = format!("no thread can be started for it: {error}");
                            self.tasks.end(at, index, Ended::failed("Failed", message));
                        }
                    }
                }
                if running == 0 && self.queue.is_empty() {
                    // A task for which no thread could be started has ended just now, so that there is more to decide.
                    if self.tasks.all_are_over() || is_stuck {
                        break;
                    }
                    is_stuck = true;
                    continue;
                }
                is_stuck = false;
                if let Ok((at, index, end)) = ended.recv() {
                    running -= 1;
                    self.give_time(end.paused);
                    self.tasks.end(at, index, end);
                }
            }
        });
    }

    /// Gives the run more time: as much as it has waited for somebody.
    fn give_time(&mut self, paused: Duration) {
        for until in [&mut self.pipeline, &mut self.tasks_until, &mut self.finally_until].into_iter().flatten() {
            *until = until.checked_add(paused).unwrap_or(*until);
        }
    }

    /// Decides what becomes of each task that waits, until nothing changes any more.
    fn decide_all(&mut self) {
        let count = self.tasks.prepared.tasks.len();
        let mut waiting: Vec<usize> =
            self.tasks.prepared.graph.order.iter().copied().filter(|at| self.waits(*at)).collect();
        loop {
            let before = waiting.len();
            waiting.retain(|at| !self.decide(*at));
            if waiting.is_empty() || waiting.len() == before {
                break;
            }
        }
        if self.tasks.tasks_are_over() {
            let begun = self.finally_until;
            if begun.is_none() {
                self.finally_until = after(Instant::now(), self.finally);
            }
            for at in count..self.tasks.states.len() {
                if self.waits(at) {
                    self.decide(at);
                }
            }
        }
    }

    fn waits(&self, at: usize) -> bool {
        matches!(self.tasks.states.get(at), Some(State::Waiting))
    }

    /// Decides about one task; `false`: it waits on.
    fn decide(&mut self, at: usize) -> bool {
        let is_finally = at >= self.tasks.prepared.tasks.len();
        let (part, cancelled) = if is_finally {
            (self.finally_until, self.cancel.is_at_once())
        } else {
            (self.tasks_until, self.cancel.is_requested())
        };
        let now = Now { cancelled, pipeline_over: is_over(self.pipeline), part_over: is_over(part) };
        let decision = self.tasks.decide(at, now);
        let Some(task) = self.tasks.task(at) else { return true };
        let name = task.task.name.clone();
        let state = match decision {
            Decision::Wait => return false,
            Decision::Skip(skip) => {
                self.sink.event(Event::TaskSkip { task: name, reason: skip.text().to_owned() });
                State::Skipped(skip)
            }
            Decision::Invalid(message) => {
                self.sink.event(Event::TaskEnd {
                    task: name,
                    reason: "PipelineValidationFailed".to_owned(),
                    message: Some(message),
                    seconds: Duration::ZERO,
                });
                State::Invalid
            }
            Decision::Start(late, combinations) => {
                let combinations = combinations
                    .map_or_else(|| vec![None], |all| all.into_iter().enumerate().map(Some).collect::<Vec<_>>());
                let left = combinations.len();
                let deadline = [self.pipeline, part].into_iter().flatten().min();
                for (index, combination) in combinations.into_iter().enumerate() {
                    let flag = if is_finally { &self.cancel.at_once } else { &self.cancel.gently };
                    let job = Job {
                        task: late.task.clone(),
                        combination,
                        timeout: task.timeout,
                        ignore_failure: task.ignore_failure,
                        first_step: task.first_step,
                        deadline,
                        cancelled: Arc::clone(flag),
                        at_once: Arc::clone(&self.cancel.at_once),
                    };
                    self.queue.push_back((at, index, job));
                }
                State::Running { left, ended: BTreeMap::new() }
            }
        };
        self.tasks.set(at, state);
        true
    }

    fn report_end(self, start: Instant, pipeline_limit: String, tasks_limit: String) {
        let name = &self.tasks.prepared.common.context.name;
        let (mut reason, mut message) = self.tasks.verdict(self.cancel.is_requested());
        let count = self.tasks.prepared.tasks.len();
        let out_of_time = |states: &[State]| {
            states.iter().any(|state| match state {
                State::Ended(done) => done.end == End::OutOfTime,
                State::Skipped(skip) => matches!(skip, state::Skip::PipelineTime | state::Skip::TasksTime),
                _ => false,
            })
        };
        let (results, lacking) = self.tasks.pipeline_results();
        if self.cancel.is_at_once() {
            reason = "Cancelled";
            message = format!("PipelineRun \"{name}\" was cancelled");
        } else if is_over(self.pipeline) && out_of_time(&self.tasks.states) {
            reason = "PipelineRunTimeout";
            message = format!("PipelineRun \"{name}\" failed to finish within \"{pipeline_limit}\"");
        } else if out_of_time(&self.tasks.states[..count]) {
            reason = "PipelineRunTimeout";
            message = format!("PipelineRun \"{name}\" failed due to tasks failed to finish within \"{tasks_limit}\"");
        } else if !lacking.is_empty() {
            reason = "CouldntGetPipelineResult";
            message = format!("invalid pipelineresults {}, the referenced results don't exist", lacking.join(", "));
        } else if reason == "Cancelled" {
            message = format!("PipelineRun \"{name}\" was cancelled");
        }
        for (name, value) in &results {
            let value = json_of(value);
            self.sink.event(Event::Result { task: String::new(), name: name.clone(), value });
        }
        self.sink.event(Event::RunEnd {
            reason: reason.to_owned(),
            message: Some(message),
            results: results.iter().map(|(name, value)| (name.clone(), json_of(value))).collect(),
            seconds: start.elapsed(),
        });
    }
}

#[cfg(test)]
pub(crate) mod tests;
