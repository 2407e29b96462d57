//! [`RunReport`]: a run as one value, for programs: what `--output json` writes of it.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::runner::event::{Event, rounded};

/// Tekton's reason of a task whose image cannot be had.
pub(crate) const NO_IMAGE: &str = "TaskRunImagePullFailed";

/// See the module. Names and reasons are those of the events; times are seconds. Logs are not in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// The engine that has carried it out; nothing where it has not begun.
    pub engine: Option<String>,
    /// How it ended, in Tekton's words; nothing where it did not.
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    pub seconds: f64,
    pub results: BTreeMap<String, Value>,
    /// Its tasks, in the order in which they began or were skipped.
    pub tasks: Vec<TaskReport>,
}

/// A task, or one combination of its matrix.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskReport {
    pub task: String,
    /// How it ended, in Tekton's words; nothing where it was skipped.
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    pub attempts: u32,
    /// How long all attempts took.
    pub seconds: f64,
    pub results: BTreeMap<String, Value>,
    /// The steps of all attempts, in the order in which they ended.
    pub steps: Vec<StepReport>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    pub step: String,
    /// The attempt, from 0.
    pub attempt: u32,
    pub exit_code: Option<i32>,
    /// How it ended, in Tekton's words.
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    pub seconds: f64,
}

impl RunReport {
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Plan { engine, .. } => self.engine = Some(engine.clone()),
            Event::TaskStart { task, attempt } => self.task(task).attempts = attempt + 1,
            Event::TaskSkip { task, reason } => self.task(task).skipped = Some(reason.clone()),
            Event::StepEnd { task, step, exit_code, reason, message, seconds } => {
                let task = self.task(task);
                task.steps.push(StepReport {
                    step: step.clone(),
                    attempt: task.attempts.saturating_sub(1),
                    exit_code: *exit_code,
                    reason: reason.clone(),
                    message: message.clone(),
                    seconds: rounded(*seconds),
                });
            }
            Event::Result { task, name, value } if !task.is_empty() => {
                self.task(task).results.insert(name.clone(), value.clone());
            }
            Event::TaskEnd { task, reason, message, seconds } => {
                let task = self.task(task);
                task.reason = Some(reason.clone());
                task.message.clone_from(message);
                task.seconds = rounded(*seconds);
            }
            Event::RunEnd { reason, message, results, seconds } => {
                self.reason = Some(reason.clone());
                self.message.clone_from(message);
                self.results.clone_from(results);
                self.seconds = rounded(*seconds);
            }
            Event::TaskRetry { .. }
            | Event::StepStart { .. }
            | Event::Log { .. }
            | Event::Result { .. }
            | Event::Push { .. } => {}
        }
    }

    pub fn is_success(&self) -> bool {
        matches!(self.reason.as_deref(), Some("Succeeded" | "Completed"))
    }

    /// Whether the image of some step could not be had.
    pub fn lacks_image(&self) -> bool {
        self.tasks.iter().any(|task| task.reason.as_deref() == Some(NO_IMAGE))
    }

    fn task(&mut self, name: &str) -> &mut TaskReport {
        let at = self.tasks.iter().position(|task| task.task == name).unwrap_or_else(|| {
            self.tasks.push(TaskReport { task: name.to_owned(), ..TaskReport::default() });
            self.tasks.len() - 1
        });
        &mut self.tasks[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::event::mk::step_end;
    use std::time::Duration;

    #[test]
    fn a_run_is_one_value() {
        let mut report = RunReport::default();
        let step = |code| step_end("t", "s", code, Duration::from_micros(1_234_567));
        let end = |reason: &str| Event::TaskEnd {
            task: "t".into(),
            reason: reason.into(),
            message: None,
            seconds: Duration::from_secs(3),
        };
        for event in [
            Event::Plan { job: "pr".into(), engine: "sandbox".into(), why: "w".into(), tasks: vec!["t".into()] },
            Event::TaskStart { task: "t".into(), attempt: 0 },
            step(7),
            Event::TaskRetry { task: "t".into(), attempt: 0, reason: "Failed".into() },
            Event::TaskStart { task: "t".into(), attempt: 1 },
            step(0),
            Event::Result { task: "t".into(), name: "r".into(), value: "v".into() },
            end("Succeeded"),
            Event::TaskSkip { task: "u".into(), reason: "When Expressions evaluated to false".into() },
            Event::RunEnd {
                reason: "Completed".into(),
                message: Some("Tasks Completed: 1".into()),
                results: BTreeMap::from([("all".to_owned(), "v".into())]),
                seconds: Duration::from_secs(4),
            },
        ] {
            report.event(&event);
        }
        let expected = serde_json::json!({
            "engine": "sandbox", "reason": "Completed", "message": "Tasks Completed: 1", "seconds": 4.0,
            "results": {"all": "v"},
            "tasks": [
                {"task": "t", "reason": "Succeeded", "attempts": 2, "seconds": 3.0, "results": {"r": "v"}, "steps": [
                    {"step": "s", "attempt": 0, "exitCode": 7, "reason": "Error", "seconds": 1.235},
                    {"step": "s", "attempt": 1, "exitCode": 0, "reason": "Completed", "seconds": 1.235},
                ]},
                {"task": "u", "reason": null, "skipped": "When Expressions evaluated to false", "attempts": 0,
                 "seconds": 0.0, "results": {}, "steps": []},
            ],
        });
        assert_eq!(serde_json::to_value(&report).unwrap(), expected);
    }
}
