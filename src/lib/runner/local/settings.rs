//! [`Settings`]: what all engines get from their caller.

use std::path::PathBuf;

use crate::process::Environment;
use crate::runner::local::folder::RunFolder;

/// What an engine needs to know beside the tasks.
#[derive(Debug)]
pub struct Settings {
    /// Where everything of the run is kept.
    pub run: RunFolder,
    /// The caller's environment; steps inherit only the few variables of [`crate::runner::local::engines::environment::inherited`].
    pub environment: Environment,
    pub network: Network,
    pub host_paths: HostPaths,
    /// What every step sees beside its volumes, such as the run's repository at `/kfleet/remote.git`. One at
    /// [`SHIMS`] comes first in `PATH`.
    pub binds: Vec<Bind>,
    /// Further folders of the host with programs, such as `/opt` or `/nix`: the sandbox shows them where they are,
    /// read-only, where they exist.
    pub tools: Vec<PathBuf>,
    pub limits: Limits,
}

/// The folder of stand-ins, first in the `PATH` of steps.
pub const SHIMS: &str = "/kfleet/bin";

/// Whether steps reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// They have a loopback device and nothing else.
    None,
    /// They use that of the host.
    Host,
}

/// What a `hostPath` volume is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPaths {
    /// A folder of its own for each path, below this one, that outlives the run.
    Cache(PathBuf),
    /// The path of the host.
    Real,
}

/// A path of the host that every step sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// On the host.
    pub source: PathBuf,
    /// In the step: absolute, without `.` and `..`.
    pub path: String,
    /// Whether steps may not write.
    pub read_only: bool,
}

/// What a step may use up before it is killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Processes and threads at the same time.
    pub processes: u32,
    /// Bytes of one file.
    pub file: u64,
    /// Bytes of the whole folder of the run.
    pub disk: u64,
    /// Bytes that stay free on the disk of that folder.
    pub free: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { processes: 4096, file: 4 << 30, disk: 8 << 30, free: 256 << 20 }
    }
}

/// For tests: a run in a folder, with nothing beside its volumes.
#[cfg(test)]
pub(super) fn mk_settings(parent: &std::path::Path, run: &str) -> Settings {
    Settings {
        run: RunFolder::new(parent, run, false).unwrap(),
        environment: Environment::default(),
        network: Network::None,
        host_paths: HostPaths::Cache(parent.join("cache")),
        binds: Vec::new(),
        tools: Vec::new(),
        limits: Limits::default(),
    }
}

impl Settings {
    /// Whether there are stand-ins: then [`SHIMS`].
    pub(super) fn stand_ins(&self) -> Option<&'static str> {
        self.binds.iter().any(|bind| bind.path == SHIMS).then_some(SHIMS)
    }
}
