//! [`Event`]: what happens in a run, as it happens. Logs, the live footer, `--log json` and the run record are all made
//! from these; nothing else is reported.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Which pipe a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Something that happened in a run. Texts are masked already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// A run begins: what it will do.
    #[serde(rename = "plan")]
    Plan {
        /// The job, or the file that was named.
        job: String,
        /// The engine that carries it out.
        engine: String,
        /// Why this engine.
        why: String,
        /// The names of its tasks, in order, those of `finally` last.
        tasks: Vec<String>,
    },
    /// An attempt at a task begins.
    #[serde(rename = "task.start")]
    TaskStart {
        task: String,
        /// From 0.
        attempt: u32,
    },
    /// A task is not carried out.
    #[serde(rename = "task.skip")]
    TaskSkip {
        task: String,
        /// In Tekton's words.
        reason: String,
    },
    /// An attempt failed, another follows.
    #[serde(rename = "task.retry")]
    TaskRetry {
        task: String,
        /// The attempt that failed, from 0.
        attempt: u32,
        /// In Tekton's words.
        reason: String,
    },
    /// A step begins.
    #[serde(rename = "step.start")]
    StepStart { task: String, step: String },
    /// One line of output, without its end.
    #[serde(rename = "log")]
    Log {
        task: String,
        step: String,
        stream: Stream,
        /// The line: UTF-8, where bytes that are not become U+FFFD. A line of more than 64 KiB comes in parts.
        text: String,
    },
    /// A step ended, or was not run.
    #[serde(rename = "step.end")]
    StepEnd {
        task: String,
        step: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
        /// `Completed`, `Error`, `Continued`, `TimeoutExceeded`, `Skipped`, `Cancelled`, `CouldNotStart`.
        reason: String,
        /// What happened, where the reason does not say it all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        #[serde(serialize_with = "as_seconds", deserialize_with = "from_seconds")]
        seconds: Duration,
    },
    /// A task has produced a result.
    #[serde(rename = "result")]
    Result {
        /// The task; empty for a result of the pipeline.
        task: String,
        name: String,
        /// Text, a list or a map of texts.
        value: serde_json::Value,
    },
    /// A task ended for good.
    #[serde(rename = "task.end")]
    TaskEnd {
        task: String,
        /// Tekton's reason, such as `Succeeded`, `Failed`, `TaskRunTimeout`.
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        #[serde(serialize_with = "as_seconds", deserialize_with = "from_seconds")]
        seconds: Duration,
    },
    /// The run has pushed to the throwaway remote.
    #[serde(rename = "push")]
    Push {
        reference: String,
        /// What it was; `None`: it is new.
        old: Option<String>,
        /// What it is; `None`: it was deleted.
        new: Option<String>,
        /// The subjects of the commits that came, newest first.
        commits: Vec<String>,
        /// How many files differ.
        files: usize,
    },
    /// The run ended.
    #[serde(rename = "run.end")]
    RunEnd {
        /// Tekton's reason, such as `Succeeded`, `Completed`, `Failed`, `PipelineRunTimeout`, `Cancelled`.
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        results: BTreeMap<String, serde_json::Value>,
        #[serde(serialize_with = "as_seconds", deserialize_with = "from_seconds")]
        seconds: Duration,
    },
}

/// Who is informed of what happens; called from several threads.
pub trait Sink: Sync {
    /// Takes one event. It may block for a moment, never for long.
    fn event(&self, event: Event);
}

/// A time in seconds, to the millisecond.
pub(super) fn rounded(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}

fn as_seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*duration))
}

fn from_seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
}

/// Events for tests.
#[cfg(test)]
pub(crate) mod mk {
    use super::*;

    pub(crate) fn log(task: &str, step: &str, text: &str) -> Event {
        Event::Log { task: task.into(), step: step.into(), stream: Stream::Stdout, text: text.into() }
    }

    pub(crate) fn step_end(task: &str, step: &str, code: i32, seconds: Duration) -> Event {
        let (task, step, exit_code) = (task.into(), step.into(), Some(code));
        let reason = if code == 0 { "Completed" } else { "Error" }.into();
        Event::StepEnd { task, step, exit_code, reason, message: None, seconds }
    }

    /// After three seconds.
    pub(crate) fn run_end(reason: &str) -> Event {
        let (results, seconds) = (BTreeMap::new(), Duration::from_secs(3));
        Event::RunEnd { reason: reason.into(), message: None, results, seconds }
    }
}
