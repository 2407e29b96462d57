//! One task, or one combination of its matrix: attempt after attempt, step after step.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::job::{End, FailedStep, Job, Shared, after, earliest};
use super::lines::StepLog;
use crate::runner::cancel::{Stop, is_over};
use crate::runner::event::Event;
use crate::runner::local::step_engine::{IMAGE_PULL_FAILED, TaskSpace};
use crate::runner::log::NO_IMAGE;
use crate::tekton::params::Values;
use crate::tekton::resolve::{self, Specified, SpecifiedStep, is_late_step};
use crate::tekton::results;
use crate::tekton::substitute::{Budget, Expander, References, Table};
use crate::tekton::task_run::{Step, StepEnd, TaskRun};
use crate::tekton::types::When;
use crate::tekton::{fields, when};

/// How an attempt at a task ended; of the last one, how the task did.
pub(super) struct Ended {
    pub(super) end: End,
    pub(super) reason: &'static str,
    message: Option<String>,
    pub(super) results: Values,
    /// Whether another attempt could end otherwise.
    again: bool,
    /// How long somebody has looked at a step that failed.
    pub(super) paused: Duration,
}

impl Ended {
    pub(super) fn failed(reason: &'static str, message: String) -> Self {
        let (message, results, paused) = (Some(message), Values::new(), Duration::ZERO);
        Ended { end: End::Failed, reason, message, results, again: true, paused }
    }

    fn cancelled() -> Self {
        let message = "the run was cancelled before the task could start".to_owned();
        Ended { end: End::Cancelled, ..Ended::failed("TaskRunCancelled", message) }
    }
}

/// Carries out a task.
pub(super) fn carry_out(shared: &Shared<'_>, job: &Job) -> Ended {
    let start = Instant::now();
    let label = job.label();
    let mut number = 0;
    let mut ended = loop {
        shared.sink.event(Event::TaskStart { task: label.clone(), attempt: number });
        let attempt = try_once(shared, job, &label, number);
        let stop = job.stop(None);
        let again = attempt.end == End::Failed && attempt.again && number < job.task.retries;
        if !again || stop.is_cancelled() || stop.is_late() {
            break attempt;
        }
        shared.sink.event(Event::TaskRetry { task: label.clone(), attempt: number, reason: attempt.reason.to_owned() });
        number += 1;
    };
    if ended.end == End::Failed && job.ignore_failure {
        ended.reason = "FailureIgnored";
    }
    for (name, value) in &ended.results {
        let value = results::json_of(value);
        shared.sink.event(Event::Result { task: label.clone(), name: name.clone(), value });
    }
    shared.sink.event(Event::TaskEnd {
        task: label,
        reason: ended.reason.to_owned(),
        message: ended.message.take(),
        seconds: start.elapsed(),
    });
    ended
}

fn try_once(shared: &Shared<'_>, job: &Job, label: &str, number: u32) -> Ended {
    let start = Instant::now();
    if job.stop(None).is_cancelled() {
        return Ended::cancelled();
    }
    let combination = job.combination.as_ref().map(|(index, combination)| (*index, combination));
    let specified = match resolve::specify(&job.task, combination, Some(number), shared.common, &Budget::default()) {
        Ok(specified) => specified,
        Err(wrong) => {
            return Ended { again: false, ..Ended::failed("TaskRunValidationFailed", wrong.join("; ")) };
        }
    };
    let mut task = match resolve::realise(&job.task.name, number, &specified, shared.objects) {
        Ok(task) => task,
        Err(wrong) => return Ended::failed("CreateContainerConfigError", wrong),
    };
    for step in &mut task.steps {
        let is_free = |name: &str| !step.env.iter().any(|(known, _)| known == name);
        let more: Vec<_> = shared.variables.iter().filter(|(name, _)| is_free(name)).cloned().collect();
        step.env.splice(0..0, more);
    }
    let deadline = after(start, job.timeout);
    let stop = job.stop(deadline);
    let mut space = match shared.engine.prepare_task(&task, &stop) {
        Ok(space) => space,
        Err(_) if stop.is_cancelled() => return Ended::cancelled(),
        Err(error) => {
            return Ended::failed(unstarted_reason(&error.message), format!("the task cannot be prepared: {error}"));
        }
    };
    let mut run = Run {
        shared,
        job,
        label,
        specified: &specified,
        task: &task,
        deadline,
        of_steps: Table::default(),
        broken: None,
        is_last: number >= job.task.retries,
        paused: Duration::ZERO,
    };
    run.all_steps(&mut *space);
    run.finish(&mut *space)
}

/// One attempt, going on.
struct Run<'a> {
    shared: &'a Shared<'a>,
    job: &'a Job,
    label: &'a str,
    specified: &'a Specified,
    task: &'a TaskRun,
    deadline: Option<Instant>,
    /// The results of the steps so far.
    of_steps: Table<'static>,
    /// Why the steps that follow are not run.
    broken: Option<(End, &'static str, String)>,
    /// Whether the task is not tried again.
    is_last: bool,
    paused: Duration,
}

impl Run<'_> {
    fn all_steps(&mut self, space: &mut dyn TaskSpace) {
        for index in 0..self.task.steps.len() {
            self.check_time();
            if self.broken.is_some() || index < self.job.first_step {
                self.ended(index, "Skipped", None, None, Duration::ZERO);
                continue;
            }
            let step = &self.specified.steps[index];
            let replaced = self.replace_late(step, &self.task.steps[index]);
            match replaced {
                Ok((conditions, _)) if !when::holds(&conditions) => {
                    self.ended(index, "Skipped", Some(0), Some("when evaluated to false"), Duration::ZERO);
                }
                Ok((_, late)) => self.step(space, index, late.as_ref()),
                Err(wrong) => {
                    self.ended(index, "CouldNotStart", None, Some(&wrong), Duration::ZERO);
                    self.fail("Failed", format!("step {} cannot start: {wrong}", step.name));
                }
            }
        }
    }

    /// Whether the attempt has to end because of time or cancellation.
    fn check_time(&mut self) {
        if self.broken.is_some() {
            return;
        }
        let stop = self.job.stop(None);
        if stop.is_cancelled() {
            self.cancel();
        } else if stop.is_late() {
            self.out_of_time();
        } else if is_over(self.deadline) {
            self.time_out();
        }
    }

    fn fail(&mut self, reason: &'static str, message: String) {
        self.broken.get_or_insert((End::Failed, reason, message));
    }

    fn cancel(&mut self) {
        let message = format!("TaskRun \"{}\" was cancelled", self.task.name);
        self.broken.get_or_insert((End::Cancelled, "TaskRunCancelled", message));
    }

    fn out_of_time(&mut self) {
        let message = "TaskRun cancelled as the PipelineRun it belongs to has timed out.".to_owned();
        self.broken.get_or_insert((End::OutOfTime, "TaskRunCancelled", message));
    }

    fn time_out(&mut self) {
        let limit = crate::tekton::timeouts::limit_text(self.job.timeout);
        let message = format!("TaskRun \"{}\" failed to finish within \"{limit}\"", self.task.name);
        self.fail("TaskRunTimeout", message);
    }

    fn step(&mut self, space: &mut dyn TaskSpace, index: usize, late: Option<&Step>) {
        let step = &self.task.steps[index];
        let start = Instant::now();
        self.shared.sink.event(Event::StepStart { task: self.label.to_owned(), step: step.name.clone() });
        let own = after(start, step.timeout);
        let stop = self.job.stop(earliest(self.deadline, own));
        let log = StepLog::new(self.shared.sink, self.label, &step.name);
        let end = match has_zero_byte(late.unwrap_or(step)) {
            true => Ok(StepEnd::Unstarted("its command, arguments or variables have a zero byte".to_owned())),
            false => space.run_step(index, late, &stop, &|stream, bytes| log.take(stream, bytes)),
        };
        log.finish();
        let took = start.elapsed();
        match end {
            Ok(StepEnd::Exited(code)) => self.exited(space, index, code, took),
            Ok(StepEnd::TimedOut) => {
                self.ended(index, "TimeoutExceeded", None, None, took);
                // The deadline that came first is the one that was over.
                let first = stop.deadline;
                if first.is_some() && first == self.job.deadline {
                    self.out_of_time();
                } else if first.is_some() && first == self.deadline {
                    self.time_out();
                } else {
                    let message =
                        format!("\"step-{}\" exited because the step exceeded the specified timeout limit", step.name);
                    self.fail("Failed", message);
                }
            }
            Ok(StepEnd::Cancelled) => {
                self.ended(index, "Cancelled", None, None, took);
                self.cancel();
            }
            Ok(StepEnd::Unstarted(why)) => {
                self.ended(index, "CouldNotStart", None, Some(&why), took);
                self.fail(unstarted_reason(&why), format!("step {} cannot start: {why}", step.name));
            }
            Err(error) => {
                self.ended(index, "Error", None, Some(&error.to_string()), took);
                self.fail("Failed", format!("step {} cannot be run: {error}", step.name));
            }
        }
        if self.is_last
            && let Some((End::Failed, _, message)) = &self.broken
            && let Some(on_failure) = self.shared.on_failure
        {
            let stop = Stop { deadline: None, ..self.job.stop(None) };
            let start = Instant::now();
            on_failure(space, &FailedStep { task: self.task, label: self.label, index, late, message, stop });
            self.paused = start.elapsed();
        }
    }

    fn exited(&mut self, space: &mut dyn TaskSpace, index: usize, code: i32, took: Duration) {
        let step = &self.task.steps[index];
        let reason = match (code, step.continue_on_error) {
            (0, _) => "Completed",
            (_, true) => "Continued",
            (_, false) => "Error",
        };
        let written = self.after_step(space, index, code, reason != "Error");
        match written {
            Ok(()) => self.ended(index, reason, Some(code), None, took),
            Err(wrong) => {
                self.ended(index, "Error", Some(code), Some(&wrong), took);
                self.fail("Failed", wrong);
            }
        }
        if reason == "Error" {
            self.fail("Failed", format!("\"step-{}\" exited with code {code}", step.name));
        }
    }

    /// Writes the exit code, and reads what the step has produced.
    fn after_step(&mut self, space: &mut dyn TaskSpace, index: usize, code: i32, went_on: bool) -> Result<(), String> {
        if went_on {
            space.put_exit_code(index, code).map_err(|error| format!("the exit code cannot be written: {error}"))?;
        }
        if !self.task.results.is_empty() {
            checked(space.results(results::MAX_BYTES))?;
        }
        let step = &self.specified.steps[index];
        if !step.spec.results.is_empty() {
            let files = checked(space.step_results(index, results::MAX_BYTES))?;
            for spec in &step.spec.results {
                if let Some(content) = files.get(&spec.name) {
                    let value = results::parse(spec, content)?;
                    self.of_steps.put(format!("steps.{}.results.{}", step.name, spec.name), value);
                }
            }
        }
        Ok(())
    }

    fn ended(&mut self, index: usize, reason: &str, exit_code: Option<i32>, message: Option<&str>, took: Duration) {
        self.shared.sink.event(Event::StepEnd {
            task: self.label.to_owned(),
            step: self.task.steps[index].name.clone(),
            exit_code,
            reason: reason.to_owned(),
            message: message.map(str::to_owned),
            seconds: took,
        });
    }

    /// The conditions of a step, and the step itself where it uses results of earlier steps.
    fn replace_late(&self, specified: &SpecifiedStep, step: &Step) -> Result<(Vec<When>, Option<Step>), String> {
        let budget = Budget::default();
        let expander = Expander::new(&self.of_steps, &budget);
        let mut conditions = specified.spec.when.clone();
        fields::of_conditions(&mut conditions, &mut |field| {
            expander.field(field);
        });
        let mut missing = conditions.iter().find_map(|condition| unresolved(&when::describe(condition)));
        let mut late = None;
        if is_late_step(&specified.spec) && when::holds(&conditions) {
            let mut step = step.clone();
            expander.list(&mut step.command);
            expander.list(&mut step.args);
            step.env.iter_mut().for_each(|(_, value)| expander.in_place(value));
            let mut texts = step.command.iter().chain(&step.args).chain(step.env.iter().map(|(_, value)| value));
            missing = missing.or_else(|| texts.find_map(|text| unresolved(text)));
            late = Some(step);
        }
        let problem = missing.or_else(|| expander.into_problems().into_iter().next());
        problem.map_or(Ok((conditions, late)), Err)
    }

    fn finish(mut self, space: &mut dyn TaskSpace) -> Ended {
        match space.finish_sidecars() {
            Ok(None) => {}
            Ok(Some(why)) => self.fail("SidecarFailed", why),
            Err(error) => self.fail("Failed", format!("the sidecars cannot be ended: {error}")),
        }
        let (values, wrong) = self.results(space);
        if let Some(wrong) = wrong {
            self.fail("TaskRunValidationFailed", wrong);
        }
        let (end, reason, message) = match self.broken {
            None => (End::Succeeded, "Succeeded", None),
            Some((end, reason, message)) => (end, reason, Some(message)),
        };
        Ended { end, reason, message, results: values, again: true, paused: self.paused }
    }

    /// The results of the task, typed, and what is wrong with one that is not of its type.
    fn results(&self, space: &mut dyn TaskSpace) -> (Values, Option<String>) {
        let mut values = Values::new();
        let mut wrong = None;
        let files = if self.task.results.is_empty() {
            BTreeMap::new()
        } else {
            match space.results(results::MAX_BYTES) {
                Ok(files) if !results::are_too_large(&files) => files,
                Ok(_) => return (values, None),
                Err(error) => return (values, Some(unreadable(error))),
            }
        };
        let budget = Budget::default();
        for spec in &self.specified.results {
            let value = match &spec.value {
                Some(reference) => results::lift(reference, &self.of_steps, &budget),
                None => files.get(&spec.name).and_then(|content| {
                    results::parse(spec, content).map_err(|problem| wrong = wrong.take().or(Some(problem))).ok()
                }),
            };
            if let Some(value) = value {
                values.insert(spec.name.clone(), value);
            }
        }
        (values, wrong)
    }
}

/// Whether no program could be given what a step has: the results that it uses may hold anything.
fn has_zero_byte(step: &Step) -> bool {
    let values = step.env.iter().map(|(_, value)| value);
    step.command.iter().chain(&step.args).chain(values).chain(&step.working_dir).any(|text| text.contains('\0'))
}

/// Results that were read, unless they are more than Tekton takes.
fn checked(read: crate::error::Result<BTreeMap<String, Vec<u8>>>) -> Result<BTreeMap<String, Vec<u8>>, String> {
    const TOO_LARGE: &str = "Termination message is above max allowed size 4096, caused by large task result.";
    let files = read.map_err(unreadable)?;
    if results::are_too_large(&files) { Err(TOO_LARGE.to_owned()) } else { Ok(files) }
}

/// The reason of a task with a step or sidecar that cannot start.
fn unstarted_reason(why: &str) -> &'static str {
    if why.contains(IMAGE_PULL_FAILED) { NO_IMAGE } else { "Failed" }
}

fn unreadable(error: crate::error::Error) -> String {
    format!("results cannot be read: {error}")
}

/// What is said of a reference to a result of a step that has no value.
fn unresolved(text: &str) -> Option<String> {
    let mut keys = References::new(text).map(|(_, key)| key);
    let key = keys.find(|key| key.starts_with("steps.") && key.contains(".results"))?;
    Some(format!("$({key}) has no value"))
}
