//! [`Options`]: what the user asks for, and [`Asked`]: what the user says of the event.

use crate::lighthouse::Saved;
use crate::runner::local::choice::EngineKind;
use crate::runner::local::programs::tools::Tools;
use crate::runner::local::settings::Network;
use crate::tekton::objects::Objects;
use crate::tekton::plan::PlanOptions;
use std::path::PathBuf;
use std::time::Duration;

/// What the user says of the event; what is left out comes from the clone.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// A job, or the file of a run.
    pub job: Option<String>,
    /// `pull_request`, `push` or `tag`.
    pub event: Option<String>,
    pub comment: Option<String>,
    pub saved: Option<Saved>,
    /// The number of the pull request.
    pub pull: Option<u64>,
    pub tag: Option<String>,
    /// Whether an author who is not known is trusted.
    pub trust: bool,
    /// Statuses that have failed, for `/retest`.
    pub failed_contexts: Vec<String>,
    /// `head`, `base` or `merged`.
    pub config_from: Option<String>,
    /// The URL of the repository as steps see it.
    pub url: String,
    /// In milliseconds since 1970.
    pub now: i64,
}

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
    pub namespace: String,
    /// Files with objects that stand for those of a cluster, by name.
    pub manifests: Vec<(String, Vec<u8>)>,
    pub objects: Objects,
    /// Where files of other repositories come from.
    pub remotes: RemoteOptions,
    /// Whether jobs are run; else an engine is not looked for.
    pub runs: bool,
    /// The engine; nothing for the best that this machine has.
    pub engine: Option<EngineKind>,
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
pub struct RemoteOptions {
    /// Repositories that are elsewhere: `OWNER/REPO=URL` or `OWNER/REPO=FOLDER`.
    pub elsewhere: Vec<String>,
    /// Whether the network is left alone.
    pub offline: bool,
    /// Whether addresses may be used that can mean something else tomorrow.
    pub allows_unpinned: bool,
}
