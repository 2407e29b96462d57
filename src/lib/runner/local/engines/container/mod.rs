//! [`Container`]: every step in its own image, by the podman or docker of the user. The command line is an argument list,
//! never a text for a shell; it can be shown ([`Container::command_line`]).

mod command_line;
mod failure;
mod guard;
mod images;
mod running;
mod sidecars;
mod variables;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use self::command_line::{Wanted, passed};
use self::failure::of_runtime;
use self::guard::Guard;
use self::running::Running;
use self::sidecars::Sidecars;
use self::variables::OWN_VARIABLES;
use super::attend::{Copies, Ended, Pipes, attend, killed};
use super::workspace::{How, PlacedStep, Ran, StepHost, Workspace, make_sub_paths};
use crate::error::Result;
use crate::process::{Environment, Program};
use crate::runner::cancel::Stop;
use crate::runner::event::Stream;
use crate::runner::local::beside::program::find_program;
use crate::runner::local::beside::protocol::{Failure, Tried};
use crate::runner::local::beside::terminal;
use crate::runner::local::folder::TaskFolder;
use crate::runner::local::folder::disk::DiskWatch;
use crate::runner::local::settings::Settings;
use crate::runner::local::step_engine::{Seen, StepEngine, TaskSpace};
use crate::tekton::task_run::{Step, StepEnd, TaskRun};

/// How long the runtime may take for something short, such as to remove a container.
const SHORT: Duration = Duration::from_secs(30);

/// The label of all containers; its value is the folder of the run.
const LABEL: &str = "kfleet";

/// Whether images are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pull {
    /// Those that are not there.
    Missing,
    /// None.
    Never,
}

/// The program that runs containers.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// podman or docker, or what behaves like one of them: by its name or path.
    pub program: PathBuf,
    /// Arguments before `run`, such as `--runtime runc`.
    pub arguments: Vec<String>,
    pub pull: Pull,
}

/// The engine of containers.
#[derive(Debug)]
pub struct Container {
    /// What the engine was informed of.
    pub settings: Settings,
    runtime: Runtime,
    /// The `PATH` of each image that is here.
    paths: Mutex<BTreeMap<String, String>>,
    /// Removes containers when kfleet has gone.
    guard: Option<Guard>,
}

impl Container {
    /// An engine that uses this runtime.
    pub fn new(settings: Settings, runtime: Runtime) -> Container {
        Container { settings, runtime, paths: Mutex::default(), guard: None }
    }

    /// The same, with a program beside kfleet that removes the containers of the run if kfleet ends without doing so.
    pub fn guarded(mut self) -> Container {
        self.guard = Guard::start(&self);
        self
    }

    /// Whether the runtime answers.
    ///
    /// # Errors
    /// It is missing, or says why it cannot run containers.
    pub fn probe(&self) -> Result<()> {
        self.ask(["info"], Duration::from_secs(20)).and_then(|asked| asked.successful()).map(drop)
    }

    /// The command line of a step, program first. Values of variables are not on it, except those of several lines that
    /// would steer the runtime itself.
    ///
    /// # Errors
    /// The folders of the task cannot be made.
    pub fn command_line(&self, task: &TaskRun, index: usize) -> Result<Vec<String>> {
        let folder = TaskFolder::new(&self.settings, task)?;
        let step = &task.steps[index];
        let name = self.name_of_step(&folder, step);
        let wanted = Wanted { name: &name, how: self.how_of_steps(), joins: None, step, env: &step.env };
        let mut line = vec![self.runtime.program.to_string_lossy().into_owned()];
        line.extend(self.arguments(&folder, task, index, &wanted)?);
        Ok(line)
    }

    /// The runtime's name, for people.
    fn label(&self) -> String {
        self.runtime.program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn is_podman(&self) -> bool {
        self.label().contains("podman")
    }

    /// The name of the folder of the run, by which its containers are found.
    fn mark(&self) -> String {
        self.settings.run.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// What the runtime itself gets of the caller's environment.
    fn own_environment(&self) -> Environment {
        self.settings.environment.only(&OWN_VARIABLES)
    }

    /// The runtime, for something short.
    fn program(&self, environment: &Environment) -> Program {
        Program::new(&self.runtime.program).envs(environment)
    }

    /// The runtime with these arguments.
    fn asking<'a>(&self, words: impl IntoIterator<Item = &'a str>, timeout: Duration) -> Program {
        self.program(&self.own_environment()).args(&self.runtime.arguments).args(words).timeout(timeout)
    }

    /// Runs the runtime for a short question.
    fn ask<'a>(&self, words: impl IntoIterator<Item = &'a str>, timeout: Duration) -> Result<crate::process::Output> {
        self.asking(words, timeout).run()
    }

    /// The variables of a step in an image with this `PATH`, with the stand-ins first in it.
    fn variables(&self, step: &Step, path: &str) -> Vec<(String, String)> {
        let mut variables = step.env.clone();
        if let Some(folder) = self.settings.stand_ins() {
            match variables.iter_mut().find(|(name, _)| name == "PATH") {
                Some((_, path)) => *path = format!("{folder}:{path}"),
                None => variables.push(("PATH".to_owned(), format!("{folder}:{path}"))),
            }
        }
        variables
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the runtime's output is passed on as it comes, for as long as it takes"
    )]
    fn command(&self) -> Command {
        let mut command = Command::new(&self.runtime.program);
        command.env_clear().envs(self.own_environment().iter()).process_group(0);
        command.stdin(Stdio::null());
        command
    }

    /// As [`Container::command`], with a terminal.
    fn command_on(&self, terminal: BorrowedFd<'_>) -> io::Result<Command> {
        let program = &self.runtime.program;
        let path = self.settings.environment.text("PATH").unwrap_or_default();
        let name = program.to_string_lossy();
        let program = find_program(&name, &path).map_err(io::Error::other)?;
        let mut command = terminal::command(&program, &name)?;
        command.env_clear().envs(self.own_environment().iter());
        command.stdin(terminal.try_clone_to_owned()?);
        Ok(command)
    }

    fn run(&self, arguments: &[String], wanted: &Wanted<'_>, copies: Copies, how: &How<'_>) -> Tried<StepEnd> {
        let How { stop, terminal, output } = *how;
        let name = wanted.name;
        let mut command = match terminal {
            None => self.command(),
            Some(terminal) => self.command_on(terminal)?,
        };
        command.args(arguments);
        command.envs(passed(wanted.env).map(|(name, value)| (name, value)));
        let pipes = Pipes::new(&mut command, terminal)?;
        let child = command.spawn().map_err(|cause| Failure {
            what: format!("start {}", self.runtime.program.display()),
            errno: cause.raw_os_error().unwrap_or(0),
        })?;
        drop(command);
        let mut step = Running::new(self, name, child);
        let mut watch = DiskWatch::new(&self.settings);
        let complaint = Mutex::new(Vec::new());
        let listen = |stream: Stream, part: &[u8]| {
            if stream == Stream::Stderr {
                let mut complaint = complaint.lock().unwrap_or_else(PoisonError::into_inner);
                complaint.extend_from_slice(part);
                let surplus = complaint.len().saturating_sub(4096);
                complaint.drain(..surplus);
            }
            output(stream, part);
        };
        let ended = attend(&mut step, pipes, copies, stop, &mut watch, &listen);
        let code = step.code();
        let is_alone = matches!(ended, Ok(Ended::Alone));
        step.end(is_alone);
        if !is_alone || code.is_none() {
            let _ = self.ask(["rm", "--force", name], SHORT);
        }
        Ok(match (ended?, code) {
            (Ended::TimedOut, _) => StepEnd::TimedOut,
            (Ended::Cancelled, _) => StepEnd::Cancelled,
            (Ended::Exceeded(reason), _) => killed(output, &reason),
            (Ended::Alone, None) => killed(output, &format!("somebody has killed the {} that ran it", self.label())),
            (Ended::Alone, Some(code)) => {
                let complaint = complaint.into_inner().unwrap_or_else(PoisonError::into_inner);
                of_runtime(code, &String::from_utf8_lossy(&complaint), wanted.step)
            }
        })
    }
}

impl StepEngine for Container {
    fn name(&self) -> &'static str {
        "container"
    }

    fn prepare_task<'a>(&'a self, task: &'a TaskRun, stop: &Stop) -> Result<Box<dyn TaskSpace + 'a>> {
        let folder = TaskFolder::new(&self.settings, task)?;
        let sidecars = Sidecars::start(self, task, &folder, stop)?;
        Ok(Box::new(Workspace { task, host: Host { engine: self, sidecars }, folder }))
    }

    fn supports_sidecars(&self) -> bool {
        true
    }

    fn missing_image(&self, image: &str, stop: &Stop, fetching: &dyn Fn()) -> Option<String> {
        self.image_path(image, stop, fetching).err()
    }
}

/// Runs the steps of one attempt at a task.
struct Host<'a> {
    engine: &'a Container,
    sidecars: Sidecars<'a>,
}

impl StepHost for Host<'_> {
    fn run(&mut self, placed: &PlacedStep<'_>, how: &How<'_>) -> Ran {
        let How { stop, terminal, .. } = *how;
        let PlacedStep { folder, task, index, step } = *placed;
        if step.script.as_ref().is_some_and(|script| !script.starts_with("#!")) {
            // The first process of the container would give it to a shell.
            return Ok(StepEnd::Unstarted("exec: \"the script\": exec format error".to_owned()));
        }
        let path = self.engine.image_path(&step.image, stop, &|| {}).map_err(|why| match () {
            () if stop.is_cancelled() => StepEnd::Cancelled,
            () if stop.is_late() => StepEnd::TimedOut,
            () => StepEnd::Unstarted(why),
        })?;
        make_sub_paths(placed.mounts())?;
        let mut env = self.engine.variables(step, &path);
        let mut options = self.engine.how_of_steps().to_vec();
        if terminal.is_some() {
            options.extend(["--interactive", "--tty"]);
            let kind =
                self.engine.settings.environment.text("TERM").filter(|_| !env.iter().any(|(name, _)| name == "TERM"));
            env.extend(kind.map(|kind| ("TERM".to_owned(), kind)));
        }
        let name = self.engine.name_of_step(folder, step);
        loop {
            let copies = placed.open_copies()?;
            let joins = self.sidecars.to_join();
            let wanted = Wanted { name: &name, how: &options, joins: joins.as_deref(), step, env: &env };
            let arguments = self.engine.arguments(folder, task, index, &wanted)?;
            let end = self.engine.run(&arguments, &wanted, copies, how);
            let is_unstarted = matches!(end, Ok(StepEnd::Unstarted(_)));
            if is_unstarted && joins.is_some() && self.sidecars.to_join() != joins {
                // The sidecar whose network it was to share has ended just then.
                continue;
            }
            return Ok(end?);
        }
    }

    fn seen(&self, placed: &PlacedStep<'_>) -> Seen {
        Seen {
            command_line: placed.command_line(),
            dir: placed.step.working_dir.clone(),
            variables: placed.step.env.iter().map(|(name, _)| name.clone()).collect(),
        }
    }

    fn finish_sidecars(&mut self) -> Result<Option<String>> {
        self.sidecars.finish()
    }
}

#[cfg(test)]
mod tests;
