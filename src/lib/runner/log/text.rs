//! [`TextLog`]: events as lines of text, each with the task and the step that it comes from.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::{Colours, Render, clean, plain};
use crate::runner::event::Event;
use crate::text::count;

const TASKS: [AnsiColor; 6] =
    [AnsiColor::Cyan, AnsiColor::Magenta, AnsiColor::Blue, AnsiColor::Green, AnsiColor::Yellow, AnsiColor::BrightBlue];
const BAD: Style = AnsiColor::Red.on_default().bold();

/// So many lines of a step that fails are shown, where the log of those that succeed is not.
const KEPT_LINES: usize = 200;
/// Longer lines are cut where they are kept.
const KEPT_LINE: usize = 4 * 1024;

/// See the module.
#[derive(Debug)]
pub struct TextLog {
    colours: Colours,
    quiet_success: bool,
    tasks: BTreeMap<String, usize>,
    kept: BTreeMap<(String, String), VecDeque<String>>,
}

impl TextLog {
    /// With `quiet_success`, the log of a step is shown only when it fails: its last 200 lines.
    pub fn new(colours: Colours, quiet_success: bool) -> TextLog {
        TextLog { colours, quiet_success, tasks: BTreeMap::new(), kept: BTreeMap::new() }
    }

    fn style(&mut self, task: &str) -> Style {
        let next = self.tasks.len();
        let index = *self.tasks.entry(task.to_owned()).or_insert(next);
        if self.colours == Colours::Keep { TASKS[index % TASKS.len()].on_default() } else { Style::new() }
    }

    fn bad(&self) -> Style {
        if self.colours == Colours::Keep { BAD } else { Style::new() }
    }

    /// What stands before the lines of a task, or of one of its steps.
    pub(super) fn prefix(&mut self, task: &str, step: Option<&str>) -> String {
        let style = self.style(task);
        let task = plain(task);
        match step {
            Some(step) => format!("{style}[{task} : {}]{style:#}", plain(step)),
            None => format!("{style}[{task}]{style:#}"),
        }
    }
}

impl Render for TextLog {
    fn event(&mut self, _now: i64, event: &Event, out: &mut String) {
        let mut line = |text: String| {
            out.push_str(text.trim_end());
            out.push('\n');
        };
        match event {
            Event::Plan { job, engine, why, tasks } => {
                let tasks = count(tasks.len(), "task");
                line(format!("{}: {tasks} by the {engine} engine: {}", plain(job), plain(why)));
            }
            Event::TaskSkip { task, reason } => {
                let prefix = self.prefix(task, None);
                line(format!("{prefix} skipped: {}", plain(reason)));
            }
            Event::TaskRetry { task, attempt, reason } => {
                let prefix = self.prefix(task, None);
                line(format!("{prefix} attempt {} failed ({}), trying again", attempt + 1, plain(reason)));
            }
            Event::Log { task, step, text, .. } => {
                let text = clean(text, self.colours);
                if self.quiet_success {
                    let kept = self.kept.entry((task.clone(), step.clone())).or_default();
                    if kept.len() == KEPT_LINES {
                        kept.pop_front();
                    }
                    kept.push_back(cut(text));
                } else {
                    let prefix = self.prefix(task, Some(step));
                    line(format!("{prefix} {text}"));
                }
            }
            Event::StepEnd { task, step, exit_code, reason, message, seconds: took } => {
                let kept = self.kept.remove(&(task.clone(), step.clone())).unwrap_or_default();
                if is_good(reason) {
                    return;
                }
                let prefix = self.prefix(task, Some(step));
                kept.into_iter().for_each(|text| line(format!("{prefix} {text}")));
                let bad = self.bad();
                let code = exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
                let message = message.as_deref().map(|text| format!(": {}", plain(text))).unwrap_or_default();
                line(format!("{prefix} {bad}{}{bad:#}{code} after {}{message}", plain(reason), seconds(*took)));
            }
            Event::TaskEnd { task, reason, message: Some(message), .. } => {
                let prefix = self.prefix(task, None);
                line(format!("{prefix} {}: {}", plain(reason), plain(message)));
            }
            Event::Push { reference, old, new, commits, files } => {
                line(push_text(reference, old.as_deref(), new.as_deref(), commits, *files));
            }
            Event::TaskStart { .. }
            | Event::StepStart { .. }
            | Event::Result { .. }
            | Event::TaskEnd { .. }
            | Event::RunEnd { .. } => {}
        }
    }
}

/// Whether a step that ended for this reason is nothing to speak of.
pub(super) fn is_good(reason: &str) -> bool {
    matches!(reason, "Completed" | "Skipped")
}

/// What was pushed, such as `feature-x: +1 commit 'Generated', 14 files`.
pub fn push_text(reference: &str, old: Option<&str>, new: Option<&str>, commits: &[String], files: usize) -> String {
    let name = ["refs/heads/", "refs/"].iter().find_map(|start| reference.strip_prefix(start)).unwrap_or(reference);
    let name = plain(name);
    if new.is_none() {
        return format!("pushed {name}: deleted");
    }
    let is_new = if old.is_none() { "new, " } else { "" };
    let subject = commits.first().map(|subject| format!(" '{}'", plain(subject))).unwrap_or_default();
    let more = if commits.len() > 1 { " and others" } else { "" };
    format!("pushed {name}: {is_new}+{}{subject}{more}, {}", count(commits.len(), "commit"), count(files, "file"))
}

/// A time, for people.
pub fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..=9 => format!("{:.2} s", time.as_secs_f64()),
        10..=119 => format!("{:.1} s", time.as_secs_f64()),
        more => format!("{} min {} s", more / 60, more % 60),
    }
}

/// A line that is kept in memory.
pub(super) fn cut(mut text: String) -> String {
    if text.len() > KEPT_LINE {
        let end = (0..=KEPT_LINE).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str("..");
    }
    text
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
