//! The sidecars of a task: containers that are started before its first step, share the network with its steps, and are
//! ended after the last one.
//!
//! There is no container that only holds the network: the first sidecar has it, and the others join what still runs.

use super::command_line::{Wanted, passed};
use super::failure::last_of;
use super::{Container, SHORT};
use crate::error::{Error, ErrorKind, Result};
use crate::process::Output;
use crate::runner::cancel::Stop;
use crate::runner::local::engines::workspace::make_sub_paths;
use crate::runner::local::folder::{TaskFolder, name_of};
use crate::runner::local::settings::Network;
use crate::tekton::task_run::{Step, StepEnd, TaskRun};

/// How long sidecars have to end, in seconds.
const GRACE: &str = "2";

/// The sidecars of a task that have been started. Dropping them removes them.
pub(super) struct Sidecars<'a> {
    engine: &'a Container,
    started: Vec<Sidecar>,
}

struct Sidecar {
    name: String,
    container: String,
}

/// What has become of a sidecar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Ended(i32),
}

impl<'a> Sidecars<'a> {
    /// Starts those of a task.
    ///
    /// # Errors
    /// One cannot be started; none is left then.
    pub(super) fn start(
        engine: &'a Container,
        task: &TaskRun,
        folder: &TaskFolder,
        stop: &Stop,
    ) -> Result<Sidecars<'a>> {
        let mut sidecars = Sidecars { engine, started: Vec::new() };
        for (index, sidecar) in task.sidecars.iter().enumerate() {
            let fail = |why: String| {
                Error::new(ErrorKind::Environment, format!("sidecar {} cannot start: {why}", sidecar.name))
            };
            engine.image_path(&sidecar.image, stop, &|| {}).map_err(fail)?;
            let index = task.steps.len() + index;
            if let Err(StepEnd::Unstarted(why)) = make_sub_paths(folder.mounts(index)) {
                return Err(fail(why));
            }
            sidecars.start_one(task, folder, index, sidecar)?.map_err(fail)?;
        }
        Ok(sidecars)
    }

    fn start_one(
        &mut self,
        task: &TaskRun,
        folder: &TaskFolder,
        index: usize,
        sidecar: &Step,
    ) -> Result<std::result::Result<(), String>> {
        let container = self.engine.container_name(folder, &format!("sidecar-{index}-{}", name_of(&sidecar.name)));
        // What is printed without end is kept only in part.
        let how = match self.engine.is_podman() {
            true => ["--detach", "--log-driver", "k8s-file", "--log-opt", "max-size=1mb"],
            false => ["--detach", "--log-driver", "json-file", "--log-opt", "max-size=1m"],
        };
        let mut environment = self.engine.own_environment();
        passed(&sidecar.env).for_each(|(name, value)| environment.set(name, value));
        loop {
            let joins = self.to_join();
            let wanted =
                Wanted { name: &container, how: &how, joins: joins.as_deref(), step: sidecar, env: &sidecar.env };
            let arguments = self.engine.arguments(folder, task, index, &wanted)?;
            let ran = self.engine.program(&environment).args(arguments).timeout(SHORT).run();
            if !ran.as_ref().is_ok_and(Output::is_success) {
                // It may be there, but not started.
                let _ = self.engine.ask(["rm", "--force", &container], SHORT);
            }
            let output = ran?;
            if !output.is_success() {
                if joins.is_some() && self.to_join() != joins {
                    // The one whose network it was to share has ended just then.
                    continue;
                }
                return Ok(Err(last_of(&output.lines())));
            }
            self.started.push(Sidecar { name: sidecar.name.clone(), container });
            return Ok(Ok(()));
        }
    }

    /// The container whose network the next one shares, where they do not all use that of the host.
    pub(super) fn to_join(&self) -> Option<String> {
        if self.started.is_empty() || self.engine.settings.network == Network::Host {
            return None;
        }
        let states = self.states().unwrap_or_default();
        let mut running = self.started.iter().zip(states).filter(|(_, state)| *state == State::Running);
        running.next().map(|(sidecar, _)| sidecar.container.clone())
    }

    /// Ends them: why the first that has failed by itself has done so.
    ///
    /// # Errors
    /// One cannot be removed.
    pub(super) fn finish(&mut self) -> Result<Option<String>> {
        if self.started.is_empty() {
            return Ok(None);
        }
        let states = self.states()?;
        let failed = self.started.iter().zip(&states).find_map(|(sidecar, state)| match state {
            State::Ended(code) if *code != 0 => Some((sidecar, *code)),
            _ => None,
        });
        let failed = failed.map(|(sidecar, code)| {
            let last = self.engine.ask(["logs", "--tail", "1", &sidecar.container], SHORT).ok();
            let last = last.and_then(|output| output.printed_lines().pop().or(output.lines().pop()));
            let last = last.map(|line| format!(": {}", crate::text::shortened(&line))).unwrap_or_default();
            format!("\"sidecar-{}\" exited with code {code}{last}", sidecar.name)
        });
        if states.contains(&State::Running) {
            let names = self.started.iter().map(|sidecar| sidecar.container.as_str());
            // Those that do not listen are removed all the same.
            let _ = self.engine.ask(["stop", "-t", GRACE].into_iter().chain(names), SHORT);
        }
        self.remove()?;
        Ok(failed)
    }

    fn states(&self) -> Result<Vec<State>> {
        let format = ["container", "inspect", "--format", "{{.State.Running}} {{.State.ExitCode}}"];
        let names = self.started.iter().map(|sidecar| sidecar.container.as_str());
        let output = self.engine.ask(format.into_iter().chain(names), SHORT)?.successful()?;
        let state = |line: &str| match line.split_once(' ') {
            Some(("true", _)) => State::Running,
            Some((_, code)) => State::Ended(code.trim().parse().unwrap_or(-1)),
            None => State::Ended(-1),
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().map(state).collect())
    }

    /// Removes them, the last first: it may have joined those before it.
    fn remove(&mut self) -> Result<()> {
        let mut removed = Ok(());
        while let Some(sidecar) = self.started.pop() {
            let name = sidecar.container.as_str();
            // Podman would wait for what is only to be removed.
            let _ = self.engine.ask(["kill", name], SHORT);
            let output = self.engine.ask(["rm", "--force", name], SHORT).and_then(|output| output.successful());
            removed = removed.and(output.map(drop));
        }
        removed
    }
}

impl Drop for Sidecars<'_> {
    fn drop(&mut self) {
        let _ = self.remove();
    }
}
