//! How far the tasks of a run are, and what that means for the others and for the run.

use std::collections::{BTreeMap, BTreeSet};

use crate::tekton::matrix;
use crate::tekton::params::Values;
use crate::tekton::prepare::{Prepared, PreparedTask};
use crate::tekton::references::ResultRef;
use crate::tekton::substitute::{Budget, Table};
use crate::tekton::types::ParamValue;
use crate::tekton::{results, when};

use super::attempt::Ended;
use super::job::End;
use super::late;

/// Why a task is not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skip {
    When,
    Parents,
    Stopping,
    Cancelled,
    Missing,
    PipelineTime,
    TasksTime,
    FinallyTime,
    EmptyMatrix,
}

impl Skip {
    /// In Tekton's words.
    pub(super) fn text(self) -> &'static str {
        match self {
            Skip::When => "When Expressions evaluated to false",
            Skip::Parents => "Parent Tasks were skipped",
            Skip::Stopping => "PipelineRun was stopping",
            Skip::Cancelled => "PipelineRun was gracefully cancelled",
            Skip::Missing => "Results were missing",
            Skip::PipelineTime => "PipelineRun timeout has been reached",
            Skip::TasksTime => "PipelineRun Tasks timeout has been reached",
            Skip::FinallyTime => "PipelineRun Finally timeout has been reached",
            Skip::EmptyMatrix => "Matrix Parameters have an empty array",
        }
    }

    fn is_time(self) -> bool {
        matches!(self, Skip::PipelineTime | Skip::TasksTime | Skip::FinallyTime)
    }
}

/// How far one task is.
pub(super) enum State {
    Waiting,
    Running {
        left: usize,
        ended: BTreeMap<usize, Ended>,
    },
    Ended(Done),
    Skipped(Skip),
    /// What it uses is not there, though it should be.
    Invalid,
}

/// A task of which nothing runs any more.
pub(super) struct Done {
    pub(super) end: End,
    /// Tekton's; of a matrix that of the first combination that has not succeeded.
    reason: &'static str,
    /// How many combinations it had.
    combinations: usize,
    results: Values,
}

/// What becomes of a task that waits.
pub(super) enum Decision {
    Wait,
    Skip(Skip),
    Invalid(String),
    Start(Box<late::Late>, Option<Vec<matrix::Combination>>),
}

/// Which limits are over, and whether the run was cancelled.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Now {
    pub(super) cancelled: bool,
    pub(super) pipeline_over: bool,
    pub(super) part_over: bool,
}

/// The tasks of a run, those of `finally` after the others.
pub(super) struct Tasks<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) states: Vec<State>,
    /// The names of tasks, to their positions.
    at: BTreeMap<&'a str, usize>,
    /// Whether a task has failed in a way that lets no other start.
    stopping: bool,
}

impl<'a> Tasks<'a> {
    pub(super) fn new(prepared: &'a Prepared) -> Self {
        let all = || prepared.tasks.iter().chain(&prepared.finally);
        Tasks {
            prepared,
            states: all().map(|_| State::Waiting).collect(),
            at: all().enumerate().map(|(at, task)| (task.task.name.as_str(), at)).collect(),
            stopping: false,
        }
    }

    pub(super) fn task(&self, at: usize) -> Option<&'a PreparedTask> {
        self.prepared.tasks.iter().chain(&self.prepared.finally).nth(at)
    }

    fn is_over(&self, at: usize) -> bool {
        matches!(self.states.get(at), Some(State::Ended(_) | State::Skipped(_) | State::Invalid))
    }

    /// Whether none of the tasks that `finally` waits for is left.
    pub(super) fn tasks_are_over(&self) -> bool {
        (0..self.prepared.tasks.len()).all(|at| self.is_over(at))
    }

    pub(super) fn all_are_over(&self) -> bool {
        (0..self.states.len()).all(|at| self.is_over(at))
    }

    /// Notes how far a task is.
    pub(super) fn set(&mut self, at: usize, state: State) {
        let stops = match &state {
            State::Ended(done) => done.end != End::Succeeded && self.task(at).is_some_and(|task| !task.ignore_failure),
            State::Invalid => true,
            _ => false,
        };
        self.stopping |= stops && at < self.prepared.tasks.len();
        if let Some(slot) = self.states.get_mut(at) {
            *slot = state;
        }
    }

    /// What becomes of a task that waits.
    pub(super) fn decide(&self, at: usize, now: Now) -> Decision {
        if at >= self.prepared.tasks.len() {
            return self.decide_finally(at, now);
        }
        let (Some(task), Some(before)) = (self.task(at), self.prepared.graph.after.get(at)) else {
            return Decision::Wait;
        };
        if self.stopping {
            return Decision::Skip(Skip::Stopping);
        }
        if now.cancelled {
            return Decision::Skip(Skip::Cancelled);
        }
        if !before.iter().all(|before| self.is_over(*before)) {
            return Decision::Wait;
        }
        let late = late::replace(task, self, false);
        if !when::holds(&late.task.when) {
            return Decision::Skip(Skip::When);
        }
        let skipped = |before: &usize| matches!(self.states[*before], State::Skipped(skip) if skip != Skip::When);
        if before.iter().any(skipped) {
            return Decision::Skip(Skip::Parents);
        }
        if let Some(missing) = &late.missing {
            let producer = self.at.get(missing.task.as_str()).and_then(|at| self.states.get(*at));
            if task.ignore_failure || matches!(producer, Some(State::Skipped(Skip::When))) {
                return Decision::Skip(Skip::Missing);
            }
            return Decision::Invalid(format!(
                "Invalid task result reference: Could not find result with name {} for task {}",
                missing.result, missing.task
            ));
        }
        start(late, now, Skip::TasksTime)
    }

    fn decide_finally(&self, at: usize, now: Now) -> Decision {
        let Some(task) = self.task(at) else { return Decision::Wait };
        if now.cancelled {
            return Decision::Skip(Skip::Cancelled);
        }
        let late = late::replace(task, self, true);
        if late.missing.is_some() {
            return Decision::Skip(Skip::Missing);
        }
        if !when::holds(&late.task.when) {
            return Decision::Skip(Skip::When);
        }
        start(late, now, Skip::FinallyTime)
    }

    /// Takes one end of a task; it is over when all its combinations are.
    pub(super) fn end(&mut self, at: usize, combination: usize, ended: Ended) {
        let is_matrix = self.task(at).is_some_and(|task| task.task.matrix.is_some());
        let Some(state) = self.states.get_mut(at) else { return };
        if let State::Running { left, ended: all } = state {
            all.insert(combination, ended);
            *left = left.saturating_sub(1);
            if *left == 0 {
                let done = done(std::mem::take(all), is_matrix);
                self.set(at, State::Ended(done));
            }
        }
    }

    /// The value of a result of another task.
    pub(super) fn result(&self, reference: &ResultRef) -> Option<ParamValue> {
        match self.states.get(*self.at.get(reference.task.as_str())?)? {
            State::Ended(done) => done.results.get(&reference.result).cloned(),
            _ => None,
        }
    }

    /// `tasks.T.matrix.length` and `tasks.T.matrix.R.length`.
    pub(super) fn put_matrix_lengths(&self, table: &mut Table<'_>) {
        for (task, state) in self.prepared.tasks.iter().zip(&self.states) {
            if let (Some(_), State::Ended(done)) = (&task.task.matrix, state) {
                let name = &task.task.name;
                table.put_text(format!("tasks.{name}.matrix.length"), done.combinations.to_string());
                for (result, value) in &done.results {
                    if let ParamValue::Array(items) = value {
                        table.put_text(format!("tasks.{name}.matrix.{result}.length"), items.len().to_string());
                    }
                }
            }
        }
    }

    /// `tasks.T.status`, `tasks.T.reason` and `tasks.status`, for `finally`.
    pub(super) fn put_status(&self, table: &mut Table<'_>) {
        let mut all = "Succeeded";
        for (task, state) in self.prepared.tasks.iter().zip(&self.states) {
            let (status, reason) = status_of(state);
            match state {
                State::Ended(done) if done.end != End::Succeeded => all = "Failed",
                State::Skipped(_) if all == "Succeeded" => all = "Completed",
                _ => {}
            }
            table.put_text(format!("tasks.{}.status", task.task.name), status);
            table.put_text(format!("tasks.{}.reason", task.task.name), reason);
        }
        table.put_text("tasks.status", all);
    }

    /// The results of the pipeline, and the names of those that should be there and are not.
    pub(super) fn pipeline_results(&self) -> (Values, Vec<String>) {
        let mut table = Table::default();
        let count = self.prepared.tasks.len();
        for (at, state) in self.states.iter().enumerate() {
            if let (State::Ended(done), Some(task)) = (state, self.task(at)) {
                let kind = if at < count { "tasks" } else { "finally" };
                for (name, value) in &done.results {
                    table.put(format!("{kind}.{}.results.{name}", task.task.name), value.clone());
                }
            }
        }
        let succeeded = |reference: &ResultRef| {
            let state = self.at.get(reference.task.as_str()).and_then(|at| self.states.get(*at));
            state.is_some_and(|state| status_of(state).0 == "Succeeded")
        };
        results::of_pipeline(&self.prepared.results, &table, &succeeded, &Budget::default())
    }

    /// Tekton's reason for the end of a run that was neither stopped at once nor out of time, and its message.
    pub(super) fn verdict(&self, cancelled: bool) -> (&'static str, String) {
        let mut count = Count::default();
        for (at, state) in self.states.iter().enumerate() {
            let ignored = self.task(at).is_some_and(|task| task.ignore_failure);
            match state {
                State::Ended(done) => match done.end {
                    End::Succeeded => count.succeeded += 1,
                    End::Cancelled => count.cancelled += 1,
                    End::OutOfTime => count.failed += 1,
                    End::Failed if ignored => count.ignored += 1,
                    End::Failed => count.failed += 1,
                },
                State::Skipped(skip) => {
                    count.skipped += 1;
                    count.out_of_time |= skip.is_time();
                }
                State::Invalid => count.invalid += 1,
                State::Waiting | State::Running { .. } => {}
            }
        }
        let reason = match () {
            () if count.invalid > 0 => "PipelineValidationFailed",
            () if count.failed > 0 || count.out_of_time => "Failed",
            () if cancelled || count.cancelled > 0 => "Cancelled",
            () if count.skipped > 0 => "Completed",
            () => "Succeeded",
        };
        (reason, count.message())
    }
}

#[derive(Debug, Default)]
struct Count {
    succeeded: usize,
    failed: usize,
    ignored: usize,
    cancelled: usize,
    skipped: usize,
    invalid: usize,
    out_of_time: bool,
}

impl Count {
    /// As Tekton words it.
    fn message(&self) -> String {
        let completed = self.succeeded + self.failed + self.ignored + self.cancelled;
        let failed = self.failed + self.ignored;
        let ignored = if self.ignored > 0 { format!(" (Ignored: {})", self.ignored) } else { String::new() };
        let (cancelled, skipped) = (self.cancelled, self.skipped);
        let mut message = format!(
            "Tasks Completed: {completed} (Failed: {failed}{ignored}, Cancelled {cancelled}), Skipped: {skipped}"
        );
        if self.invalid > 0 {
            message += &format!(", Failed Validation: {}", self.invalid);
        }
        message
    }
}

fn status_of(state: &State) -> (&'static str, &'static str) {
    match state {
        State::Ended(done) => (if done.end == End::Succeeded { "Succeeded" } else { "Failed" }, done.reason),
        _ => ("None", ""),
    }
}

/// What becomes of a task that nothing but time, and what it says itself, can keep from starting.
fn start(late: late::Late, now: Now, part_over: Skip) -> Decision {
    if now.pipeline_over || now.part_over {
        return Decision::Skip(if now.pipeline_over { Skip::PipelineTime } else { part_over });
    }
    if let Some(wrong) = late.wrong {
        return Decision::Invalid(wrong);
    }
    let Some(of_task) = &late.task.matrix else { return Decision::Start(Box::new(late), None) };
    if matrix::has_empty_list(of_task) {
        return Decision::Skip(Skip::EmptyMatrix);
    }
    match matrix::combinations(of_task) {
        Ok(combinations) => Decision::Start(Box::new(late), Some(combinations)),
        Err(wrong) => Decision::Invalid(wrong),
    }
}

fn done(ended: BTreeMap<usize, Ended>, is_matrix: bool) -> Done {
    let has = |end: End| ended.values().any(|one| one.end == end);
    let end = [End::OutOfTime, End::Cancelled, End::Failed].into_iter().find(|end| has(*end)).unwrap_or(End::Succeeded);
    let of_first = || ended.values().next().map(|one| one.results.clone()).unwrap_or_default();
    let results = if is_matrix { aggregated(&ended) } else { of_first() };
    let reason = ended.values().map(|one| one.reason).find(|reason| *reason != "Succeeded").unwrap_or("Succeeded");
    Done { end, reason, combinations: ended.len(), results }
}

/// The results of a matrix: lists of the texts of all combinations. Tekton orders them by the names of their TaskRuns, so
/// that the tenth comes before the second.
fn aggregated(ended: &BTreeMap<usize, Ended>) -> Values {
    let mut order: Vec<(String, &Ended)> = ended.iter().map(|(index, one)| (index.to_string(), one)).collect();
    order.sort_by(|one, other| one.0.cmp(&other.0));
    let names: BTreeSet<&String> = order.iter().flat_map(|(_, one)| one.results.keys()).collect();
    let text = |name: &String, one: &Ended| match one.results.get(name)? {
        ParamValue::String(text) => Some(text.clone()),
        _ => None,
    };
    let list = |name| ParamValue::Array(order.iter().filter_map(|(_, one)| text(name, one)).collect());
    names.into_iter().map(|name| (name.clone(), list(name))).collect()
}
