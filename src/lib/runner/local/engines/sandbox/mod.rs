//! [`Sandbox`]: every step in namespaces of its own, with the paths of Tekton and the programs of the host, and nothing
//! else. Linux only.
//!
//! The engine starts kfleet anew (`namespaces::outside`), which enters new namespaces and starts kfleet once more, as the
//! first process in them (`namespaces::inside`): that one puts the step's root together, gives up all rights, and starts
//! the step.

mod confine;
mod loopback;
pub(crate) mod namespaces;
mod probe;
mod rootfs;

use std::path::PathBuf;
use std::process::Command;

use super::environment::{environment, search_path};
use super::supervised::Supervised;
use super::workspace::PlacedStep;
use crate::process::Environment;
use crate::runner::local::beside::protocol::{Description, World};
use crate::runner::local::beside::start::{self, Role};
use crate::runner::local::folder::mounts::below;
use crate::runner::local::folder::name_of;
use crate::runner::local::settings::{Network, Settings};

/// The engine of namespaces.
#[derive(Debug)]
pub struct Sandbox {
    /// What the engine was informed of.
    pub settings: Settings,
    program: PathBuf,
}

impl Sandbox {
    /// `program` is kfleet itself, such as `/proc/self/exe`: it is started anew beside each step.
    pub fn new(settings: Settings, program: impl Into<PathBuf>) -> Sandbox {
        Sandbox { settings, program: program.into() }
    }

    /// The `PATH` that steps have, where preflight can look for programs.
    pub fn search_path(&self) -> String {
        path_of(&self.settings.environment, &self.settings.tools)
    }
}

impl Supervised for Sandbox {
    const NAME: &'static str = "sandbox";

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn command(&self) -> Command {
        let role = match self.settings.network {
            Network::None => Role::Outside,
            Network::Host => Role::OutsideWithNetwork,
        };
        start::command(&self.program, role)
    }

    fn describe(&self, placed: &PlacedStep<'_>) -> Description {
        let PlacedStep { folder, task, step, .. } = *placed;
        let hostname = name_of(&format!("{}-pod", task.name));
        let path = self.search_path();
        let defaults = [("PATH", path.as_str()), ("HOME", "/root"), ("HOSTNAME", hostname.as_str())];
        Description {
            command_line: placed.command_line(),
            environment: environment(&self.settings, &step.env, &defaults, self.settings.stand_ins()),
            dir: step.working_dir.clone().unwrap_or_else(|| "/".to_owned()),
            processes: self.settings.limits.processes,
            file: self.settings.limits.file,
            world: Some(World {
                mount_point: folder.mount_point(),
                hostname,
                mounts: placed.mounts().to_vec(),
                tools: self.settings.tools.clone(),
                has_network: self.settings.network == Network::Host,
                counts_by_user: counts_by_user(),
            }),
            ..Description::default()
        }
    }
}

/// The `PATH` of steps in a sandbox that shows these folders of programs too.
pub fn path_of(environment: &Environment, tools: &[PathBuf]) -> String {
    search_path(environment, |folder| {
        let folder = folder.to_string_lossy();
        let shown = rootfs::SYSTEM.iter().any(|name| below(&folder, &format!("/{name}")).is_some());
        shown || tools.iter().any(|tools| below(&folder, &tools.to_string_lossy()).is_some())
    })
}

/// Whether the system's limit of processes for each user holds within a user namespace, and for this user.
fn counts_by_user() -> bool {
    let release = rustix::system::uname();
    let mut numbers =
        release.release().to_str().unwrap_or_default().split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    !rustix::process::getuid().is_root() && version >= (5, 14)
}
