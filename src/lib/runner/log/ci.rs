//! [`CiLog`]: the log as CI services fold it: groups of GitHub Actions, sections of GitLab. What a step prints must not be
//! taken for a command to the service: GitHub is asked to listen to nothing within a group.

use std::collections::BTreeSet;

use super::{Colours, Render, TextLog, clean, plain, seconds};
use crate::process::Environment;
use crate::runner::event::Event;

/// A CI service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ci {
    /// GitHub Actions, and what understands its commands.
    GitHub,
    /// GitLab.
    GitLab,
}

impl Ci {
    /// The service that a process runs in, if it is known.
    pub fn detect(environment: &Environment) -> Option<Ci> {
        let is_true = |name: &str| environment.get(name).is_some_and(|value| value == "true");
        let known = [("GITHUB_ACTIONS", Ci::GitHub), ("GITLAB_CI", Ci::GitLab)];
        known.into_iter().find(|(name, _)| is_true(name)).map(|(_, ci)| ci)
    }
}

/// See the module. While one step runs, its lines stand in a group; while several do, each line shows where it is from.
#[derive(Debug)]
pub struct CiLog {
    ci: Ci,
    /// What no step knows: it ends the time in which GitHub listens to nothing.
    token: String,
    text: TextLog,
    quiet_success: bool,
    running: BTreeSet<(String, String)>,
    open: Option<(String, String)>,
    sections: usize,
}

impl CiLog {
    /// `token` is a text that steps cannot guess.
    pub fn new(ci: Ci, token: impl Into<String>, quiet_success: bool) -> CiLog {
        let text = TextLog::new(Colours::Keep, quiet_success);
        let (running, open) = (BTreeSet::new(), None);
        CiLog { ci, token: token.into(), text, quiet_success, running, open, sections: 0 }
    }

    fn open(&mut self, now: i64, task: &str, step: &str, out: &mut String) {
        self.close(now, out);
        let name = format!("{}/{}", plain(task), plain(step));
        match self.ci {
            Ci::GitHub => {
                out.push_str(&format!("::group::{}\n::stop-commands::{}\n", data(&name), self.token));
            }
            Ci::GitLab => {
                self.sections += 1;
                let (time, id) = (now / 1000, self.sections);
                out.push_str(&format!("\u{1b}[0Ksection_start:{time}:kfleet_{id}\r\u{1b}[0K{name}\n"));
            }
        }
        self.open = Some((task.to_owned(), step.to_owned()));
    }

    fn close(&mut self, now: i64, out: &mut String) {
        if self.open.take().is_none() {
            return;
        }
        match self.ci {
            Ci::GitHub => out.push_str(&format!("::{}::\n::endgroup::\n", self.token)),
            Ci::GitLab => {
                let (time, id) = (now / 1000, self.sections);
                out.push_str(&format!("\u{1b}[0Ksection_end:{time}:kfleet_{id}\r\u{1b}[0K\n"));
            }
        }
    }

    /// Text that is not the log of a step, which may hold text from steps all the same.
    fn guarded(&self, text: &str, out: &mut String) {
        match self.ci {
            Ci::GitHub if text.contains("::") || text.contains("##[") => {
                out.push_str(&format!("::stop-commands::{}\n{text}::{}::\n", self.token, self.token));
            }
            _ => out.push_str(text),
        }
    }
}

impl Render for CiLog {
    fn event(&mut self, now: i64, event: &Event, out: &mut String) {
        match event {
            Event::StepStart { task, step } => {
                self.running.insert((task.clone(), step.clone()));
                if self.running.len() > 1 {
                    self.close(now, out);
                }
            }
            Event::Log { task, step, text, .. } if self.running.len() <= 1 && !self.quiet_success => {
                if self.open.as_ref().is_none_or(|(open, of)| (open, of) != (task, step)) {
                    self.open(now, task, step, out);
                }
                out.push_str(&clean(text, Colours::Keep));
                out.push('\n');
            }
            Event::StepEnd { task, step, exit_code, reason, message, seconds: took } => {
                self.running.remove(&(task.clone(), step.clone()));
                self.close(now, out);
                let mut text = String::new();
                self.text.event(now, event, &mut text);
                self.guarded(&text, out);
                if self.ci == Ci::GitHub && !super::text::is_good(reason) {
                    let code = exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
                    let why = message.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
                    let title = property(&format!("{task}/{step}"));
                    let text = data(&format!("{reason}{code} after {}{why}", seconds(*took)));
                    let level = if reason == "Continued" { "warning" } else { "error" };
                    out.push_str(&format!("::{level} title={title}::{text}\n"));
                }
            }
            other => {
                let mut text = String::new();
                self.text.event(now, other, &mut text);
                if !text.is_empty() || matches!(other, Event::RunEnd { .. }) {
                    self.close(now, out);
                }
                self.guarded(&text, out);
            }
        }
    }
}

/// Text after a command of GitHub.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command of GitHub.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
