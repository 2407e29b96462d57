//! What a call of `kfleet run-pipeline` does, and which flags mean something for it.

use super::args::{Args, EngineArg, NAMESPACE, NetworkArg};
use crate::args::{LogFormat, OutputFormat};
use kfleet::error::{Error, ErrorKind};
use kfleet::ops::run_pipeline::select::is_file;

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Run,
    List,
    Explain,
    Plan,
    Lint,
    Runs,
    Logs,
}

impl Mode {
    /// As in messages.
    fn name(self) -> &'static str {
        match self {
            Mode::Run => "a run",
            Mode::List => "--list",
            Mode::Explain => "--explain",
            Mode::Plan => "--plan",
            Mode::Lint => "--lint",
            Mode::Runs => "--runs",
            Mode::Logs => "--logs",
        }
    }
}

impl Args {
    /// What the call does.
    pub(super) fn mode(&self) -> Mode {
        let modes = &self.modes;
        let asked = [
            (modes.list, Mode::List),
            (modes.explain, Mode::Explain),
            (modes.plan, Mode::Plan),
            (modes.lint, Mode::Lint),
            (modes.runs, Mode::Runs),
            (modes.logs.is_some(), Mode::Logs),
        ];
        asked.into_iter().find_map(|(is_asked, mode)| is_asked.then_some(mode)).unwrap_or(Mode::Run)
    }

    /// Checks what the parser cannot say: flags that would change nothing are refused, so that nobody waits for what
    /// they promise.
    ///
    /// # Errors
    /// There are such flags ([`ErrorKind::Usage`]).
    pub(super) fn verify(&self) -> Result<(), Error> {
        let mode = self.mode();
        let refused = |message: String, hint: &str| Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
        let idle: Vec<&str> =
            self.flags().into_iter().filter(|(_, modes)| !modes.contains(&mode)).map(|(flag, _)| flag).collect();
        if !idle.is_empty() {
            let flags = idle.join(", ");
            return refused(format!("{flags} would change nothing about {}", mode.name()), "leave it out");
        }
        let graph = matches!(self.output.form, OutputFormat::Yaml | OutputFormat::Dot | OutputFormat::Mermaid);
        if graph && mode != Mode::Plan {
            return refused("only plans are written as yaml, dot or mermaid".to_owned(), "add --plan, or take json");
        }
        let event = &self.event;
        if let (Some(what @ ("push" | "tag")), Some(_)) = (event.event.as_deref(), event.pr) {
            return refused(format!("--event {what} has no pull request"), "leave --pr out");
        }
        if let (Some(what @ ("push" | "pull_request")), Some(_)) = (event.event.as_deref(), &event.tag) {
            return refused(format!("--event {what} has no tag"), "leave --event out: --tag says what it is");
        }
        if !event.failed_context.is_empty() && event.comment.is_none() && event.from_event.is_none() {
            return refused("--failed-context is about a comment".to_owned(), "add --comment /retest");
        }
        let of_jobs = [
            ("--event", event.event.is_some()),
            ("--comment", event.comment.is_some()),
            ("--from-event", event.from_event.is_some()),
            ("--tag", event.tag.is_some()),
            ("--config-from", event.config_from.is_some()),
        ];
        match of_jobs.into_iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) if self.job.as_deref().is_some_and(is_file) => {
                refused(format!("{flag} is about jobs: a file runs without an event"), "leave it out, or name a job")
            }
            _ => Ok(()),
        }
    }

    /// The flags that were given, and what they mean something for.
    fn flags(&self) -> Vec<(&'static str, &'static [Mode])> {
        const RUN: &[Mode] = &[Mode::Run];
        const PLANNED: &[Mode] = &[Mode::Run, Mode::Plan, Mode::Lint];
        const SELECTED: &[Mode] = &[Mode::Run, Mode::Plan, Mode::Lint, Mode::List, Mode::Explain];
        const LOGGED: &[Mode] = &[Mode::Run, Mode::Logs];
        const RECORDED: &[Mode] = &[Mode::Runs, Mode::Logs];
        const REPORTED: &[Mode] = &[Mode::Run, Mode::Plan, Mode::Lint, Mode::List, Mode::Explain, Mode::Runs];
        let (event, run, output) = (&self.event, &self.run, &self.output);
        let all: [(bool, &'static str, &'static [Mode]); 39] = [
            (self.job.is_some(), "JOB", SELECTED),
            (event.event.is_some(), "--event", SELECTED),
            (event.comment.is_some(), "--comment", SELECTED),
            (event.from_event.is_some(), "--from-event", SELECTED),
            (event.event_type.is_some(), "--event-type", SELECTED),
            (event.pr.is_some(), "--pr", SELECTED),
            (event.base.is_some(), "--base", SELECTED),
            (event.tag.is_some(), "--tag", SELECTED),
            (event.trust, "--trust", SELECTED),
            (event.untrusted, "--untrusted", PLANNED),
            (!event.failed_context.is_empty(), "--failed-context", SELECTED),
            (event.config_from.is_some(), "--config-from", SELECTED),
            (self.remote.allow_unpinned, "--allow-unpinned", PLANNED),
            (self.remote.offline, "--offline", PLANNED),
            (!self.remote.remote.is_empty(), "--remote", PLANNED),
            // With --plan, the flags of a run may stay where they are.
            (run.engine != EngineArg::Auto, "--engine", PLANNED),
            (run.network != NetworkArg::None, "--network", PLANNED),
            (!run.secret.is_empty(), "--secret", PLANNED),
            (!run.configmap.is_empty(), "--configmap", PLANNED),
            (!run.tool.is_empty(), "--tool", PLANNED),
            (!run.overrides.is_empty(), "--override", PLANNED),
            (!run.with.is_empty(), "--with", PLANNED),
            (!run.tools_from.is_empty(), "--tools-from", PLANNED),
            (run.task.is_some(), "--task", PLANNED),
            (run.from_step.is_some(), "--from-step", PLANNED),
            (run.timeout.is_some(), "--timeout", PLANNED),
            (run.namespace != NAMESPACE, "--namespace", PLANNED),
            (run.allow_host_path, "--allow-host-path", PLANNED),
            (run.keep, "--keep", RUN),
            (run.shell_on_failure, "--shell-on-failure", RUN),
            (run.apply, "--apply", RUN),
            (run.push, "--push", RUN),
            (output.form == OutputFormat::Json, "--output json", REPORTED),
            (output.log != LogFormat::Auto, "--log", LOGGED),
            (output.quiet_success, "--quiet-success", LOGGED),
            (output.diff, "--diff", RUN),
            (output.fail_if_none, "--fail-if-none", &[Mode::Run, Mode::Plan]),
            (output.all, "--all", RECORDED),
            (output.quiet_success && output.log == LogFormat::Json, "--quiet-success with --log json", &[]),
        ];
        all.into_iter().filter(|(is_given, ..)| *is_given).map(|(_, flag, modes)| (flag, modes)).collect()
    }

    /// Checks that a run that is not trusted is given nothing that it does not get.
    ///
    /// # Errors
    /// It is ([`ErrorKind::Refused`]).
    pub(super) fn verify_untrusted(&self) -> Result<(), Error> {
        let run = &self.run;
        let named = [
            (run.apply, "--apply"),
            (run.push, "--push"),
            (run.network != NetworkArg::None, "--network host"),
            (!run.secret.is_empty(), "--secret"),
            (!run.configmap.is_empty(), "--configmap"),
            (run.allow_host_path, "--allow-host-path"),
        ];
        let flags: Vec<&str> = named.into_iter().filter(|(is_given, _)| *is_given).map(|(_, flag)| flag).collect();
        if flags.is_empty() {
            return Ok(());
        }
        let error = Error::new(ErrorKind::Refused, format!("a run that is not trusted gets no {}", flags.join(", ")));
        Err(error.with_hint("run it without; --diff shows what it pushes"))
    }
}

#[cfg(test)]
#[path = "modes_tests.rs"]
mod tests;
