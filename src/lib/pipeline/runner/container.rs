//! [`Container`]: every step in its own image, by the podman or docker of the user. The command line is an argument list,
//! never a text for a shell; it can be shown ([`Container::command_line`]).

use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::child::{Ended, Handle, LOOK, Pipes, RunFailure, attend, open_copies};
use super::disk::DiskWatch;
use super::engine::{Engine, IMAGE_PULL_FAILED, Output, Stop, TaskSpace};
use super::folder::{TaskFolder, name_of};
use super::options::{Network, Settings};
use super::process::make_sub_paths;
use super::variables::{OWN_VARIABLES, is_name, steers};
use super::view::Place;
use crate::error::Result;
use crate::pipeline::event::Stream;
use crate::pipeline::task_run::{Step, StepEnd, TaskRun};
use crate::process::Program;

/// How long an image may take to come.
const PULL: Duration = Duration::from_secs(30 * 60);

/// How long the runtime may take to remove a container.
const REMOVE: Duration = Duration::from_secs(30);

/// Whether images are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pull {
    /// Those that are not there.
    Missing,
    /// All of them, for each step.
    Always,
    /// None.
    Never,
}

impl Pull {
    fn name(self) -> &'static str {
        match self {
            Pull::Missing => "missing",
            Pull::Always => "always",
            Pull::Never => "never",
        }
    }
}

/// The program that runs containers.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// podman or docker, or what behaves like one of them: by its name or path.
    pub program: PathBuf,
    /// Arguments before `run`, such as `--runtime runc`.
    pub arguments: Vec<String>,
    /// Further arguments of `run`, such as `--ulimit nofile=1024`.
    pub run_arguments: Vec<String>,
    /// Whether images are fetched.
    pub pull: Pull,
}

/// The engine of containers.
#[derive(Debug)]
pub struct Container {
    settings: Settings,
    runtime: Runtime,
    /// The `PATH` of each image.
    paths: Mutex<BTreeMap<String, String>>,
}

impl Container {
    /// An engine that uses this runtime.
    pub fn new(settings: Settings, runtime: Runtime) -> Container {
        Container { settings, runtime, paths: Mutex::default() }
    }

    /// What the engine was told.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the runtime answers.
    ///
    /// # Errors
    /// It is missing, or says why it cannot run containers.
    pub fn probe(&self) -> Result<()> {
        self.ask(["info"], Duration::from_secs(20)).and_then(|asked| asked.successful()).map(drop)
    }

    /// The command line of a step, program first. Values of variables are not on it, except those that would steer the
    /// runtime itself.
    ///
    /// # Errors
    /// The folders of the task cannot be made.
    pub fn command_line(&self, task: &TaskRun, index: usize) -> Result<Vec<String>> {
        let folder = TaskFolder::new(&self.settings, task)?;
        let step = &task.steps[index];
        let mut line = vec![self.runtime.program.to_string_lossy().into_owned()];
        line.extend(self.arguments(&folder, task, index, step, &step.env));
        Ok(line)
    }

    fn is_podman(&self) -> bool {
        self.runtime.program.file_name().is_some_and(|name| name.to_string_lossy().contains("podman"))
    }

    fn arguments(
        &self,
        folder: &TaskFolder,
        task: &TaskRun,
        index: usize,
        step: &Step,
        env: &[(String, String)],
    ) -> Vec<String> {
        let limits = &self.settings.limits;
        let mut line = self.runtime.arguments.clone();
        let mut add = |words: &[&str]| line.extend(words.iter().map(|word| (*word).to_owned()));
        add(&["run", "--rm", "--name", &container_name(task, step), "--pull", self.runtime.pull.name()]);
        add(&["--network", if self.settings.network == Network::Host { "host" } else { "none" }]);
        add(&["--pids-limit", &limits.processes.to_string(), "--ulimit", "core=0:0"]);
        add(&["--ulimit", &format!("fsize={0}:{0}", limits.file)]);
        if self.is_podman() {
            // What is mounted keeps its SELinux label: it may be the user's own.
            add(&["--security-opt", "label=disable"]);
        }
        let command_line = folder.command_line(index, step);
        let entrypoint = if folder.needs_entrypoint(index, step) { None } else { command_line.first() };
        if let Some(program) = entrypoint {
            add(&["--entrypoint", program]);
        }
        if let Some(dir) = &step.working_dir {
            add(&["-w", dir]);
        }
        for place in shown(folder.places(index)) {
            let end = if place.read_only { ":ro" } else { "" };
            add(&["-v", &format!("{}:{}{end}", place.host().display(), place.path)]);
        }
        for (name, value) in env.iter().filter(|(name, _)| is_name(name)) {
            if steers(name) { add(&["--env", &format!("{name}={value}")]) } else { add(&["--env", name]) }
        }
        line.extend(self.runtime.run_arguments.iter().cloned());
        line.push(step.image.clone());
        line.extend(command_line.iter().skip(usize::from(entrypoint.is_some())).cloned());
        line
    }

    /// Runs the runtime for a short question.
    fn ask<'a>(&self, words: impl IntoIterator<Item = &'a str>, timeout: Duration) -> Result<crate::process::Output> {
        Program::new(&self.runtime.program)
            .envs(&self.settings.environment.only(&OWN_VARIABLES))
            .args(&self.runtime.arguments)
            .args(words)
            .timeout(timeout)
            .run()
    }

    /// The `PATH` that an image sets, and which stand-ins have to come before.
    fn image_path(&self, image: &str) -> std::result::Result<String, StepEnd> {
        if let Some(known) = self.paths.lock().unwrap_or_else(PoisonError::into_inner).get(image) {
            return Ok(known.clone());
        }
        let inspect = || {
            let format = "{{range .Config.Env}}{{println .}}{{end}}";
            self.ask(["image", "inspect", "--format", format, image], REMOVE)
        };
        let fail = |reason: String| StepEnd::Unstarted(format!("{IMAGE_PULL_FAILED}: {reason}"));
        let mut output = inspect().map_err(|error| fail(error.to_string()))?;
        if !output.is_success() && self.runtime.pull != Pull::Never {
            let pulled = self.ask(["pull", "--quiet", image], PULL).and_then(|output| output.successful());
            pulled.map_err(|error| fail(error.to_string()))?;
            output = inspect().map_err(|error| fail(error.to_string()))?;
        }
        let output = output.successful().map_err(|error| fail(error.to_string()))?;
        let lines = output.printed_lines();
        let path = lines.iter().find_map(|line| line.strip_prefix("PATH="));
        let path = path.unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").to_owned();
        self.paths.lock().unwrap_or_else(PoisonError::into_inner).insert(image.to_owned(), path.clone());
        Ok(path)
    }

    /// The variables of a step, with the stand-ins first in its `PATH`.
    fn variables(&self, step: &Step) -> std::result::Result<Vec<(String, String)>, StepEnd> {
        let mut variables = step.env.clone();
        if let Some(folder) = self.settings.stand_ins() {
            // Also where the step has a `PATH`: so an image that cannot be had is told in one way.
            let of_image = self.image_path(&step.image)?;
            match variables.iter_mut().find(|(name, _)| name == "PATH") {
                Some((_, path)) => *path = format!("{folder}:{path}"),
                None => variables.push(("PATH".to_owned(), format!("{folder}:{of_image}"))),
            }
        }
        Ok(variables)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the runtime's output is passed on as it comes, for as long as it takes"
    )]
    fn command(&self) -> Command {
        let mut command = Command::new(&self.runtime.program);
        command.env_clear().envs(self.settings.environment.only(&OWN_VARIABLES).iter()).process_group(0);
        command.stdin(Stdio::null());
        command
    }

    fn run(
        &self,
        arguments: &[String],
        env: &[(String, String)],
        name: &str,
        stop: &Stop,
        copies: super::child::Copies,
        output: &Output<'_>,
    ) -> std::result::Result<StepEnd, RunFailure> {
        let mut command = self.command();
        command.args(arguments);
        command.envs(env.iter().filter(|(name, _)| is_name(name) && !steers(name)).map(|(name, value)| (name, value)));
        let pipes = Pipes::new(&mut command)?;
        let child = command.spawn().map_err(|cause| RunFailure {
            what: format!("start {}", self.runtime.program.display()),
            errno: cause.raw_os_error().unwrap_or(0),
        })?;
        drop(command);
        let mut step = Running { engine: self, name, child, status: None, helpers: Vec::new() };
        let mut watch = DiskWatch::new(self.settings.run.path(), &self.settings.limits);
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
        let status = step.status;
        let is_alone = matches!(ended, Ok(Ended::Alone));
        step.end(is_alone);
        if !is_alone {
            let _ = self.ask(["rm", "--force", name], REMOVE);
        }
        Ok(match ended? {
            Ended::TimedOut => StepEnd::TimedOut,
            Ended::Cancelled => StepEnd::Cancelled,
            Ended::Exceeded(reason) => {
                output(Stream::Stderr, format!("kfleet: the step was killed: {reason}\n").as_bytes());
                StepEnd::Exited(137)
            }
            Ended::Alone => {
                let complaint = complaint.into_inner().unwrap_or_else(PoisonError::into_inner);
                of_runtime(status.unwrap_or(137), &String::from_utf8_lossy(&complaint))
            }
        })
    }
}

/// What an exit code of the runtime's program means: 125 to 127 can be its own, and then it has said why.
fn of_runtime(code: i32, complaint: &str) -> StepEnd {
    let last = complaint.trim_end().lines().last().unwrap_or_default().trim();
    let is_own = ["Error: ", "docker: ", "Error response from daemon"].iter().any(|start| last.starts_with(start))
        || (last.starts_with("See '") && complaint.contains("docker: "));
    let said = complaint.lines().rev().find(|line| line.starts_with("Error: ") || line.starts_with("docker: "));
    match code {
        125..=127 if is_own => {
            let said = crate::text::plain(said.unwrap_or(last));
            StepEnd::Unstarted(crate::text::shortened(said.trim_start_matches("Error: ")))
        }
        code => StepEnd::Exited(code),
    }
}

/// What a container sees: those of its own folders that images bring along stay the image's.
fn shown(places: &[Place]) -> impl Iterator<Item = &Place> {
    places.iter().filter(|place| !matches!(place.path.as_str(), "/root" | "/tmp" | "/var/tmp") || !is_own(place))
}

/// Whether this is an implicit folder of a step, not a volume.
fn is_own(place: &Place) -> bool {
    place.base.parent().and_then(|step| step.parent()).and_then(|own| own.file_name()).is_some_and(|name| name == "own")
}

fn container_name(task: &TaskRun, step: &Step) -> String {
    let retry = if task.attempt == 0 { String::new() } else { format!("-retry{}", task.attempt) };
    format!("kfleet-{}{retry}-{}", name_of(&task.name), name_of(&step.name))
}

impl Engine for Container {
    fn name(&self) -> &'static str {
        "container"
    }

    fn prepare_task<'a>(&'a self, task: &'a TaskRun) -> Result<Box<dyn TaskSpace + 'a>> {
        Ok(Box::new(Space { engine: self, task, folder: TaskFolder::new(&self.settings, task)? }))
    }
}

struct Space<'a> {
    engine: &'a Container,
    task: &'a TaskRun,
    folder: TaskFolder,
}

impl Space<'_> {
    fn start(
        &self,
        index: usize,
        step: &Step,
        stop: &Stop,
        output: &Output<'_>,
    ) -> std::result::Result<Result<StepEnd>, StepEnd> {
        let places = self.folder.places(index);
        if step.image.is_empty() || step.image.starts_with('-') {
            return Err(StepEnd::Unstarted(format!("InvalidImageName: {:?} is not an image", step.image)));
        }
        if let Some(place) = places.iter().find(|place| place.path.contains(':') || place.sub.contains(':')) {
            return Err(StepEnd::Unstarted(format!("CreateContainerError: {:?} has a colon", place.path)));
        }
        if let Some(unstarted) = make_sub_paths(places) {
            return Err(unstarted);
        }
        let copies = open_copies(places, [step.stdout_path.as_ref(), step.stderr_path.as_ref()])?;
        let env = self.engine.variables(step)?;
        let arguments = self.engine.arguments(&self.folder, self.task, index, step, &env);
        let name = container_name(self.task, step);
        let end = self.engine.run(&arguments, &env, &name, stop, copies, output);
        Ok(end.map_err(|failure| failure.into_error(&step.name)))
    }
}

impl TaskSpace for Space<'_> {
    fn run_step(&mut self, index: usize, late: Option<&Step>, stop: &Stop, output: &Output<'_>) -> Result<StepEnd> {
        let step = late.unwrap_or(&self.task.steps[index]);
        self.start(index, step, stop, output).unwrap_or_else(Ok)
    }

    fn put_exit_code(&mut self, index: usize, code: i32) -> Result<()> {
        self.folder.put_exit_code(index, code)
    }

    fn results(&self, limit: usize) -> Result<BTreeMap<String, Vec<u8>>> {
        self.folder.results("results", &self.task.results, limit)
    }

    fn step_results(&self, index: usize, limit: usize) -> Result<BTreeMap<String, Vec<u8>>> {
        let names = self.task.steps.get(index).map_or(&[][..], |step| &step.results);
        self.folder.results(&format!("run/{index}/status/results"), names, limit)
    }
}

/// A container, by the program that is attached to it.
struct Running<'a> {
    engine: &'a Container,
    name: &'a str,
    child: Child,
    status: Option<i32>,
    helpers: Vec<Child>,
}

impl Running<'_> {
    /// Starts the runtime to act on the container, without waiting for it.
    fn act(&mut self, words: &[&str]) {
        let mut command = self.engine.command();
        command.args(&self.engine.runtime.arguments).args(words).stdout(Stdio::null()).stderr(Stdio::null());
        self.helpers.extend(command.spawn());
    }

    /// Lets go of all programs.
    fn end(&mut self, is_alone: bool) {
        if !is_alone {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        for helper in &mut self.helpers {
            let _ = helper.kill();
            let _ = helper.wait();
        }
    }
}

impl Handle for Running<'_> {
    fn news(&self) -> Option<&UnixStream> {
        None
    }

    fn pause(&self) -> Duration {
        LOOK
    }

    fn look(&mut self) -> io::Result<bool> {
        use std::os::unix::process::ExitStatusExt;
        if let Some(status) = self.child.try_wait()? {
            self.status = status.code().or(status.signal().map(|signal| 128 + signal));
        }
        Ok(self.status.is_some())
    }

    fn terminate(&mut self) {
        // The program itself may still be fetching the image.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        self.act(&["stop", "-t", "10", self.name]);
    }

    fn kill(&mut self, is_again: bool) {
        self.act(&["kill", self.name]);
        if is_again {
            let _ = self.child.kill();
        }
    }
}

#[cfg(test)]
#[path = "container_tests.rs"]
mod tests;
