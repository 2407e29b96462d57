//! [`Sandbox`]: every step in namespaces of its own, with the paths of Tekton and the programs of the host, and nothing
//! else. Linux only.
//!
//! The engine starts kfleet anew (`outside`), which enters new namespaces and starts kfleet once more, as the first
//! process in them (`inside`): that one puts the step's root together, gives up all rights, and starts the step.

mod confine;
mod loopback;
mod probe;
mod rootfs;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal as NixSignal, kill};

use super::folder::{TaskFolder, name_of};
use super::options::{Network, Settings};
use super::protocol::{Description, Message, World};
use super::space::{Beside, Space};
use super::step::{environment, search_path};
use super::supervise::{ARGUMENT, Counted, Failure, limit, read_description, report};
use crate::error::Result;
use crate::process::Environment;
use crate::runner::local::mounts::{Mount, below};
use crate::runner::local::step_engine::{Engine, Stop, TaskSpace};
use crate::tekton::task_run::{Step, StepEnd, TaskRun};

/// The engine of namespaces.
#[derive(Debug)]
pub struct Sandbox {
    settings: Settings,
    program: PathBuf,
}

impl Sandbox {
    /// `program` is kfleet itself, such as `/proc/self/exe`: it is started anew beside each step.
    pub fn new(settings: Settings, program: impl Into<PathBuf>) -> Sandbox {
        Sandbox { settings, program: program.into() }
    }

    /// What the engine was told.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The `PATH` that steps have, where preflight can look for programs.
    pub fn search_path(&self) -> String {
        path_of(&self.settings.environment, &self.settings.tools)
    }
}

impl Beside for Sandbox {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn command(&self) -> Command {
        let role = match self.settings.network {
            Network::None => "outside",
            Network::Host => "outside-with-network",
        };
        let mut command = start_anew(&self.program);
        command.arg(role);
        command
    }

    fn describe(&self, folder: &TaskFolder, task: &TaskRun, index: usize, step: &Step) -> Description {
        let hostname = name_of(&format!("{}-pod", task.name));
        let path = self.search_path();
        let defaults = [("PATH", path.as_str()), ("HOME", "/root"), ("HOSTNAME", hostname.as_str())];
        Description {
            command_line: folder.command_line(index, step),
            environment: environment(&self.settings, &step.env, &defaults, self.settings.stand_ins()),
            dir: step.working_dir.clone().unwrap_or_else(|| "/".to_owned()),
            processes: self.settings.limits.processes,
            file: self.settings.limits.file,
            terminal: false,
            world: Some(World {
                mount_point: folder.mount_point(),
                hostname,
                mounts: folder.mounts(index).to_vec(),
                tools: self.settings.tools.clone(),
                has_network: self.settings.network == Network::Host,
                counts_by_user: counts_by_user(),
            }),
        }
    }

    fn make_places(&self, _places: &[Mount]) -> Option<StepEnd> {
        None
    }
}

impl Engine for Sandbox {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn prepare_task<'a>(&'a self, task: &'a TaskRun, _stop: &Stop) -> Result<Box<dyn TaskSpace + 'a>> {
        Ok(Box::new(Space::new(self, task)?))
    }
}

fn reason(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string().to_lowercase();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// The `PATH` of steps in a sandbox that shows these folders of programs too.
pub fn path_of(environment: &Environment, tools: &[PathBuf]) -> String {
    search_path(environment, |folder| {
        let folder = folder.to_string_lossy();
        let shown = rootfs::SYSTEM.iter().any(|name| below(&folder, &format!("/{name}")).is_some());
        shown || tools.iter().any(|tools| below(&folder, &tools.to_string_lossy()).is_some())
    })
}

/// kfleet, to be started beside a step.
#[expect(clippy::disallowed_methods, reason = "kfleet starts itself, with a socket for its standard input")]
fn start_anew(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg(ARGUMENT).env_clear();
    command
}

/// Whether the system's limit of processes for each user holds within a user namespace, and for this user.
fn counts_by_user() -> bool {
    let release = rustix::system::uname();
    let mut numbers =
        release.release().to_str().unwrap_or_default().split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    !rustix::process::getuid().is_root() && version >= (5, 14)
}

/// The process between the engine and the namespaces: enters them, starts the first process in them, and waits for it.
pub(super) fn outside(new_network: bool) -> std::result::Result<(), Failure> {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    let _ = rustix::process::setsid();
    die_with_parent()?;
    let mut flags = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWCGROUP;
    if new_network {
        flags |= CloneFlags::CLONE_NEWNET;
    }
    unshare(flags).map_err(|errno| Failure::new(probe::UNSHARE, io::Error::from(errno)))?;
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {} 1", user.as_raw())),
        ("gid_map", format!("0 {} 1", group.as_raw())),
    ] {
        write_setting(&format!("/proc/self/{file}"), &text).map_err(|cause| Failure::new(probe::MAP, cause))?;
    }
    let mut command = start_anew(Path::new("/proc/self/exe"));
    let child = command.arg("inside").stdin(Stdio::inherit()).spawn();
    let mut child = child.map_err(|cause| Failure::new("start the first process of the sandbox", cause))?;
    child.wait().map(drop).map_err(|cause| Failure::new("wait for the sandbox", cause))
}

/// The first process in the namespaces. When it ends, all others end.
pub(super) fn inside() -> std::result::Result<(), Failure> {
    if rustix::process::getpid().as_raw_nonzero().get() != 1 {
        return Err(Failure { what: "be the first process of the sandbox".to_owned(), errno: 0 });
    }
    die_with_parent()?;
    let description = read_description()?;
    let Some(world) = &description.world else {
        return Err(Failure { what: "make a sandbox out of nothing".to_owned(), errno: 0 });
    };
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    rustix::system::sethostname(world.hostname.as_bytes())
        .map_err(|cause| Failure::new("name the machine of the sandbox", cause))?;
    if !world.has_network {
        loopback::bring_up().map_err(|cause| Failure::new("bring up the loopback device", cause))?;
    }
    let counts = match rootfs::build(world, description.processes) {
        // What the step, or one beside it, has made of its volumes.
        Err(Failure { what, errno }) if what.starts_with(rootfs::MOUNT) => {
            let cause = if errno == 0 { String::new() } else { format!(": {}", reason(errno)) };
            report(&Message::Unstarted(format!("CreateContainerError: cannot {what}{cause}")));
            return Ok(());
        }
        counts => counts?,
    };
    limit(&description)?;
    confine::confine(world, description.processes)?;
    if description.command_line.is_empty() {
        report(&Message::Ended(0));
        return Ok(());
    }
    let counted = (!counts).then_some((description.processes, Counted::All));
    super::supervise::run(&description, counted, &|| {
        // All in this namespace but this process.
        let _ = kill(nix::unistd::Pid::from_raw(-1), NixSignal::SIGTERM);
    });
    Ok(())
}

fn die_with_parent() -> std::result::Result<(), Failure> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(|cause| Failure::new("end with the engine", cause))
}

/// Writes to a file of `/proc`.
fn write_setting(path: &str, text: &str) -> io::Result<()> {
    let mut file = std::fs::File::options().write(true).open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())
}
