//! `kfleet run-pipeline`: pipelines of the repository, run with the work tree as it is.
//!
//! The way of a call ([`session`]): the repository is taken as it is ([`Checkout`]), the jobs are selected ([`select`]), each
//! is loaded and planned ([`Prepared`]), what is missing is told, and a backend carries the plans out ([`run`]) with a
//! throwaway remote in the place of the real one. What was pushed there is told, and brought in where that is asked for.

mod checkout;
mod configuration;
mod event;
mod files;
mod fleet_tools;
mod lint;
mod lost_paths;
mod prepare;
pub mod remote;
mod repository_map;
pub mod run;
pub mod select;
pub mod session;

pub use checkout::Checkout;
pub use lint::Linted;
pub use prepare::{Prepared, Unprepared};
pub use run::Report;
pub use session::{Edges, Preparation, Refusal, Session};

use crate::runner::local::choice::EngineKind;
use crate::runner::local::programs::tools::Tools;
use crate::runner::local::settings::Network;
use crate::tekton::objects::Objects;
use crate::tekton::plan::PlanOptions;
use select::Asked;
use std::path::PathBuf;
use std::time::Duration;

/// What the user asks for.
#[derive(Clone)]
pub struct Options {
    /// The event, and the jobs.
    pub asked: Asked,
    /// The branch that the pull request goes to.
    pub base: Option<String>,
    /// Which part is planned, and how far the event is trusted.
    pub plan: PlanOptions,
    /// In the place of the run's own timeout.
    pub timeout: Option<Duration>,
    /// Programs in the place of others; those of the fleet file come after them.
    pub tools: Tools,
    /// The namespace that runs believe to be in.
    pub namespace: String,
    /// Files with objects that stand for those of a cluster, by name.
    pub manifests: Vec<(String, Vec<u8>)>,
    /// The Secrets and ConfigMaps.
    pub objects: Objects,
    /// Where files of other repositories come from.
    pub remotes: Remotes,
    /// Whether jobs are run; else an engine is not looked for.
    pub runs: bool,
    /// The engine; nothing for the best that this machine has.
    pub engine: Option<EngineKind>,
    /// Whether steps reach the network.
    pub network: Network,
    /// Whether steps see real paths of the host where they mount them.
    pub allows_host_paths: bool,
    /// Folders with further programs.
    pub tool_folders: Vec<PathBuf>,
    /// Whether a shell is opened where a step fails.
    pub opens_shell: bool,
    /// Whether the folder of the run stays.
    pub keep: bool,
    /// Whether what is pushed is brought into the work tree.
    pub apply: bool,
    /// Whether it is pushed to the real remote.
    pub push: bool,
}

/// Where files of other repositories come from.
#[derive(Debug, Clone, Default)]
pub struct Remotes {
    /// Repositories that are elsewhere: `OWNER/REPO=URL` or `OWNER/REPO=FOLDER`.
    pub elsewhere: Vec<String>,
    /// Whether the network is left alone.
    pub offline: bool,
    /// Whether addresses may be used that can mean something else tomorrow.
    pub allows_unpinned: bool,
}
