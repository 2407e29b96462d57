//! [`Summary`]: the table at the end of a run, its results, and the last lines of the steps that failed.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::Value;

use super::text::{cut, is_good};
use super::{plain, seconds};
use crate::runner::event::Event;

/// So many last lines of a failed step are repeated.
const LINES: usize = 20;
/// So many failed steps are reported.
const FAILED: usize = 5;

/// See the module. Holds a bounded number of lines, however much the steps print.
#[derive(Debug, Default)]
pub struct Summary {
    rows: Vec<Row>,
    skipped: Vec<(String, String)>,
    results: BTreeMap<(String, String), Value>,
    tails: BTreeMap<(String, String), VecDeque<String>>,
    failed: Vec<Failure>,
    end: Option<(String, Option<String>, Duration)>,
}

#[derive(Debug)]
struct Row {
    name: String,
    time: Duration,
    exit_code: Option<i32>,
    reason: String,
}

#[derive(Debug)]
struct Failure {
    name: String,
    what: String,
    lines: VecDeque<String>,
}

impl Summary {
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Log { task, step, text, .. } => {
                let tail = self.tails.entry((task.clone(), step.clone())).or_default();
                if tail.len() == LINES {
                    tail.pop_front();
                }
                tail.push_back(cut(text.clone()));
            }
            Event::StepEnd { task, step, exit_code, reason, message, seconds: took } => {
                let lines = self.tails.remove(&(task.clone(), step.clone())).unwrap_or_default();
                let name = format!("{task}/{step}");
                if !is_good(reason)
                    && !matches!(reason.as_str(), "Continued" | "Cancelled")
                    && self.failed.len() < FAILED
                {
                    let code = exit_code.map(|code| format!(" with exit code {code}"));
                    let why = message.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
                    let what = format!("failed{}{why}", code.unwrap_or_else(|| format!(" ({reason})")));
                    self.failed.push(Failure { name: name.clone(), what, lines });
                }
                self.rows.push(Row { name, time: *took, exit_code: *exit_code, reason: reason.clone() });
            }
            Event::TaskSkip { task, reason } => self.skipped.push((task.clone(), reason.clone())),
            Event::Result { task, name, value } => {
                self.results.insert((task.clone(), name.clone()), value.clone());
            }
            Event::RunEnd { reason, message, seconds: took, .. } => {
                self.end = Some((reason.clone(), message.clone(), *took));
            }
            _ => {}
        }
    }

    /// The steps, the skipped tasks and the results, as a table.
    pub fn table(&self) -> String {
        let mut rows: Vec<[String; 4]> = Vec::new();
        for row in &self.rows {
            let code = row.exit_code.map(|code| code.to_string()).unwrap_or_else(|| "-".to_owned());
            rows.push([plain(&row.name), seconds(row.time), code, plain(&row.reason)]);
        }
        for (task, reason) in &self.skipped {
            rows.push([plain(task), "-".to_owned(), "-".to_owned(), format!("skipped: {}", plain(reason))]);
        }
        if rows.is_empty() {
            return String::new();
        }
        rows.insert(0, ["STEP", "TIME", "EXIT", "STATE"].map(str::to_owned));
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2)];
        let mut text = String::new();
        for [name, time, code, state] in &rows {
            let line = format!("{name:<0$}  {time:>1$}  {code:>2$}  {state}", widths[0], widths[1], widths[2]);
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for ((task, name), value) in &self.results {
            let of = if task.is_empty() { "result".to_owned() } else { format!("result of {}", plain(task)) };
            let value = match value {
                Value::String(text) => format!("{:?}", cut(text.clone())),
                other => cut(other.to_string()),
            };
            text.push_str(&format!("{of}: {} = {}\n", plain(name), plain(&value)));
        }
        text
    }

    /// How the run ended. The last lines of the steps that failed come first, their exit codes last.
    pub fn verdict(&self, job: &str) -> String {
        // The exit code of a failed step ends the output.
        self.end_of(job) + &self.failed_steps()
    }

    /// What failed, and nothing else: the last lines of steps and their exit codes; where no step failed and the run did,
    /// how it ended.
    pub fn failures(&self, job: &str) -> String {
        let is_success =
            self.end.as_ref().is_none_or(|(reason, ..)| matches!(reason.as_str(), "Succeeded" | "Completed"));
        match (is_success, self.failed.is_empty()) {
            (true, _) => String::new(),
            (false, true) => self.end_of(job),
            (false, false) => self.failed_steps(),
        }
    }

    fn end_of(&self, job: &str) -> String {
        let Some((reason, message, took)) = &self.end else { return String::new() };
        let message = message.as_deref().map(|message| format!(": {}", plain(message))).unwrap_or_default();
        format!("{}: {} after {}{message}\n", plain(job), plain(reason), seconds(*took))
    }

    fn failed_steps(&self) -> String {
        let mut text = String::new();
        for Failure { name, what, lines } in &self.failed {
            if !lines.is_empty() {
                text.push_str(&format!("the last lines of {}:\n", plain(name)));
                lines.iter().for_each(|line| text.push_str(&format!("  {}\n", plain(line))));
            }
            text.push_str(&format!("{} {}\n", plain(name), plain(what)));
        }
        text
    }
}
