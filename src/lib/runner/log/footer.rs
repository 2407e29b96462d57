//! [`Footer`]: what runs at this moment, in one line.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{plain, seconds};
use crate::runner::event::Event;

/// So many running steps are named.
const NAMED: usize = 3;

/// See the module.
#[derive(Debug, Default)]
pub struct Footer {
    tasks: usize,
    ended: usize,
    /// When each running step began, in milliseconds since 1970.
    running: BTreeMap<(String, String), i64>,
}

impl Footer {
    /// Takes an event that happened at `now`, in milliseconds since 1970.
    pub fn event(&mut self, now: i64, event: &Event) {
        match event {
            Event::Plan { tasks, .. } => self.tasks = tasks.len(),
            Event::TaskSkip { .. } | Event::TaskEnd { .. } => self.ended += 1,
            Event::StepStart { task, step } => {
                self.running.insert((task.clone(), step.clone()), now);
            }
            Event::StepEnd { task, step, .. } => {
                self.running.remove(&(task.clone(), step.clone()));
            }
            _ => {}
        }
    }

    /// The line; empty where nothing runs.
    pub fn text(&self, now: i64) -> String {
        if self.running.is_empty() {
            return String::new();
        }
        let named = self.running.iter().take(NAMED).map(|((task, step), since)| {
            let time = Duration::from_millis(u64::try_from(now - since).unwrap_or(0));
            let whole = Duration::from_secs(time.as_secs());
            let time = if whole.as_secs() < 10 { format!("{} s", whole.as_secs()) } else { seconds(whole) };
            format!("{} : {} {time}", plain(task), plain(step))
        });
        let mut text = format!("{}/{} tasks; {}", self.ended, self.tasks, named.collect::<Vec<_>>().join(", "));
        let more = self.running.len().saturating_sub(NAMED);
        if more > 0 {
            text.push_str(&format!(" and {more} more"));
        }
        text
    }
}
