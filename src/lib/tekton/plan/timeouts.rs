//! How long things may take: Tekton's defaults, and what a run says.

use std::time::Duration;

use crate::tekton::types::{PipelineRun, PipelineTask, Timeout, Timeouts};

/// The timeouts of a run; `None` is not a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    pub pipeline: Option<Duration>,
    /// Of the tasks without `finally`.
    pub tasks: Option<Duration>,
    pub finally: Option<Duration>,
}

/// The timeouts of a run: where only one of `tasks` and `finally` is said, the other is the rest.
///
/// # Errors
/// They do not fit into each other.
pub fn of_run(timeouts: &Timeouts) -> Result<Limits, String> {
    let pipeline = timeouts.pipeline.map_or(Some(Timeout::DEFAULT), Timeout::limit);
    let rest = |other: Option<Timeout>| match (timeouts.pipeline.is_some(), pipeline, other.and_then(Timeout::limit)) {
        (true, Some(pipeline), Some(other)) => Some(pipeline.saturating_sub(other)),
        _ => None,
    };
    let tasks = timeouts.tasks.map_or_else(|| rest(timeouts.finally), Timeout::limit);
    let finally = timeouts.finally.map_or_else(|| rest(timeouts.tasks), Timeout::limit);
    if let Some(pipeline) = pipeline {
        for (name, part) in [("tasks", timeouts.tasks), ("finally", timeouts.finally)] {
            match part {
                Some(Timeout::Never) => {
                    return Err(format!("timeouts.{name} is 0, no limit, but timeouts.pipeline is {}", text(pipeline)));
                }
                Some(Timeout::After(part)) if part > pipeline => {
                    let (part, pipeline) = (text(part), text(pipeline));
                    return Err(format!("timeouts.{name} is {part}, more than timeouts.pipeline, which is {pipeline}"));
                }
                _ => {}
            }
        }
        if let (Some(Timeout::After(tasks)), Some(Timeout::After(finally))) = (timeouts.tasks, timeouts.finally)
            && tasks.saturating_add(finally) > pipeline
        {
            return Err(format!("timeouts.tasks and timeouts.finally are together more than {}", text(pipeline)));
        }
    }
    Ok(Limits { pipeline, tasks, finally })
}

/// The timeouts of a run that is given another one as a whole. A part that does not fit is as if nothing were said of it;
/// `finally` keeps its time before the tasks do.
pub fn within(said: &Timeouts, whole: Duration) -> Timeouts {
    let fitting =
        |part: Option<Timeout>, room: Duration| part.filter(|part| part.limit().is_some_and(|part| part <= room));
    let finally = fitting(said.finally, whole);
    let tasks = fitting(said.tasks, whole.saturating_sub(finally.and_then(Timeout::limit).unwrap_or_default()));
    Timeouts { pipeline: Some(Timeout::After(whole)), tasks, finally }
}

/// The timeout of each attempt at a task.
pub fn of_task(run: &PipelineRun, limits: &Limits, task: &PipelineTask, is_finally: bool) -> Option<Duration> {
    let own = run.task_run_specs.iter().find(|spec| spec.task == task.name).and_then(|spec| spec.timeout);
    if let Some(timeout) = own.or(task.timeout) {
        return timeout.limit();
    }
    let said = if is_finally { run.timeouts.finally } else { run.timeouts.tasks };
    let budget = if is_finally { limits.finally } else { limits.tasks };
    match (said, budget) {
        (Some(Timeout::Never), _) => None,
        (_, Some(budget)) if budget > Timeout::DEFAULT => Some(budget),
        _ => Some(Timeout::DEFAULT),
    }
}

/// A duration as Go writes it, such as `1h30m`; parts that are zero are left out.
pub fn text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = duration.subsec_millis();
    let mut text = String::new();
    if hours > 0 {
        text += &format!("{hours}h");
    }
    if minutes > 0 {
        text += &format!("{minutes}m");
    }
    match (rest, fraction) {
        (0, 0) if !text.is_empty() => {}
        (_, 0) => text += &format!("{rest}s"),
        _ => text += &format!("{}s", f64::from(u32::try_from(rest).unwrap_or(0)) + f64::from(fraction) / 1e3),
    }
    text
}

/// A limit as text: `0` is not a limit, as Tekton writes it.
pub fn limit_text(limit: Option<Duration>) -> String {
    limit.map_or_else(|| "0".to_owned(), text)
}

#[cfg(test)]
#[path = "timeouts_tests.rs"]
mod tests;
