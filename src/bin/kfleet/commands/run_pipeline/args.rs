//! The flags of `kfleet run-pipeline`. What they mean together is in [`super::modes`].

use crate::args::{LogFormat, OutputFormat, among, values};
use crate::complete;
use std::path::PathBuf;
use std::time::Duration;

/// The namespace of runs, where none is named.
pub(super) const NAMESPACE: &str = "default";

/// Run a pipeline of the repository on this machine
///
/// Reads .lighthouse/triggers.yaml, selects the jobs that an event starts, and runs their Tekton pipelines with the work
/// tree as it is: no cluster, no daemon, and nothing leaves the machine. Steps clone from and push to a throwaway copy of
/// the repository; what they push is shown, and brought in with --apply.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet run-pipeline --list                    the jobs, and which of them this branch starts
  kfleet run-pipeline pr --plan                 what would run
  kfleet run-pipeline .lighthouse/pr.yaml       run a file
  kfleet run-pipeline pr --apply                bring in what the run pushes
  kfleet run-pipeline pr --override 'make generate=kfleet generate'
  kfleet run-pipeline --comment '/test pr'      as a comment would start it
  kfleet run-pipeline --logs                    the log of the last run once more

Exit codes: 0 success, or nothing to run; 1 a pipeline failed; 2 usage: flags, trigger files or pipelines that cannot be \
used, or no job with --fail-if-none; 3 something that the run needs is missing here; 4 the pipeline's timeout; 5 refused: \
what was pushed cannot be applied or sent, or the event is not trusted; 130 interrupted. Of several runs, \
the highest counts.")]
pub(crate) struct Args {
    /// A job, or the file of a run; without it, the jobs that the event starts
    #[arg(value_name = "JOB", add = complete::jobs())]
    pub job: Option<String>,
    #[command(flatten)]
    pub event: EventArgs,
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub remote: RemoteArgs,
    #[command(flatten)]
    pub modes: ModeArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The event.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The event")]
pub(crate) struct EventArgs {
    /// What has happened; by default what follows from the branch and its changes
    #[arg(long, value_name = "EVENT", value_parser = ["pull_request", "push", "tag"])]
    pub event: Option<String>,
    /// A comment on the pull request, such as "/test pr"
    #[arg(long, value_name = "TEXT", conflicts_with = "event")]
    pub comment: Option<String>,
    /// A saved webhook payload
    #[arg(long, value_name = "FILE", conflicts_with_all = ["event", "comment", "pr", "tag"])]
    pub from_event: Option<PathBuf>,
    /// Its type, such as issue_comment
    #[arg(long, value_name = "TYPE", requires = "from_event")]
    pub event_type: Option<String>,
    /// The number of the pull request, which is the event then
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = values::parse_pull)]
    pub pr: Option<u64>,
    /// The branch that the pull request goes to
    #[arg(long, value_name = "BRANCH", value_parser = values::parse_reference)]
    pub base: Option<String>,
    /// The tag that is pushed, which is the event then
    #[arg(long, value_name = "TAG", value_parser = values::parse_reference, conflicts_with_all = ["comment", "pr"])]
    pub tag: Option<String>,
    /// Trust the author of a saved comment
    #[arg(long, requires = "from_event")]
    pub trust: bool,
    /// No secrets, no push, no engine that does not confine: the default for events of forks
    #[arg(long, conflicts_with = "trust")]
    pub untrusted: bool,
    /// A status that has failed, for a comment /retest
    #[arg(long, value_name = "NAME")]
    pub failed_context: Vec<String>,
    /// Whose trigger files count
    #[arg(long, value_name = "SIDE", value_parser = ["head", "base", "merged"])]
    pub config_from: Option<String>,
}

/// The run.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The run")]
pub(crate) struct RunArgs {
    /// What carries out steps
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    pub engine: EngineArg,
    /// Whether steps reach the network
    #[arg(long, value_name = "NETWORK", default_value = "none")]
    pub network: NetworkArg,
    /// A Secret: NAME=DIR, NAME=FILE, NAME:KEY=FILE or NAME:KEY=env:VARIABLE
    #[arg(long, value_name = "SECRET")]
    pub secret: Vec<String>,
    /// A ConfigMap, in the same forms
    #[arg(long, value_name = "CONFIGMAP")]
    pub configmap: Vec<String>,
    /// What an image starts by itself: IMAGE=PROGRAM ARGUMENT..
    #[arg(long, value_name = "TOOL")]
    pub tool: Vec<String>,
    /// Another program for a command: 'make generate=kfleet generate'
    #[arg(long = "override", value_name = "COMMAND")]
    pub overrides: Vec<String>,
    /// Files or folders with the Tasks and Pipelines that are named only
    #[arg(long, value_name = "PATH")]
    pub with: Vec<PathBuf>,
    /// A folder with further programs, which the sandbox shows
    #[arg(long, value_name = "DIR")]
    pub tools_from: Vec<PathBuf>,
    /// Run only this task
    #[arg(long, value_name = "TASK")]
    pub task: Option<String>,
    /// Run its steps from this one on
    #[arg(long, value_name = "STEP", requires = "task")]
    pub from_step: Option<String>,
    /// In the place of the run's own timeout, such as 15m; parts that do not fit into it have none of their own
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = values::parse_time)]
    pub timeout: Option<Duration>,
    /// The namespace that the run believes to be in
    #[arg(long, value_name = "NAME", default_value = NAMESPACE, value_parser = values::parse_namespace)]
    pub namespace: String,
    /// hostPath volumes are the paths of this machine, not folders of kfleet's
    #[arg(long)]
    pub allow_host_path: bool,
    /// Keep the folder of the run
    #[arg(long)]
    pub keep: bool,
    /// Where a step fails, open a shell in its place before the run goes on
    #[arg(long)]
    pub shell_on_failure: bool,
    /// Bring what the run has pushed to the head branch into the work tree
    #[arg(long)]
    pub apply: bool,
    /// Push it to the real remote
    #[arg(long)]
    pub push: bool,
}

/// Files of other repositories.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Other repositories")]
pub(crate) struct RemoteArgs {
    /// Take files from branches, tags and plain URLs too, which may change at any time
    #[arg(long)]
    pub allow_unpinned: bool,
    /// Take files of other repositories from the cache only
    #[arg(long)]
    pub offline: bool,
    /// Where a repository is that pipelines take files from: OWNER/REPO=URL or OWNER/REPO=FOLDER
    #[arg(long, value_name = "PLACE")]
    pub remote: Vec<String>,
}

/// What is done in the place of a run; one of them.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Instead of a run")]
#[group(multiple = false)]
pub(crate) struct ModeArgs {
    /// List the jobs, and whether the event starts them
    #[arg(long)]
    pub list: bool,
    /// As --list, with the reasons
    #[arg(long)]
    pub explain: bool,
    /// Show what would run
    #[arg(long, visible_alias = "dry-run")]
    pub plan: bool,
    /// Check trigger files and pipelines
    #[arg(long)]
    pub lint: bool,
    /// List the runs of this repository that were
    #[arg(long)]
    pub runs: bool,
    /// Show the log of one of them, by default the last
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "", add = complete::runs())]
    pub logs: Option<String>,
}

/// What is shown.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is shown")]
pub(crate) struct OutputArgs {
    /// The form of the report on standard output; yaml, dot and mermaid are for --plan
    #[arg(
        long = "output", value_name = "FORM", default_value = "text",
        value_parser = among(&[OutputFormat::Text, OutputFormat::Json, OutputFormat::Yaml, OutputFormat::Dot, OutputFormat::Mermaid])
    )]
    pub form: OutputFormat,
    /// The form of the log; by default groups in a CI service that is known, else text
    #[arg(long, value_name = "FORM", default_value = "auto")]
    pub log: LogFormat,
    /// Show the log of a step only if it fails
    #[arg(long)]
    pub quiet_success: bool,
    /// Show the diff of what the run has pushed
    #[arg(long)]
    pub diff: bool,
    /// Exit with 2 where the event starts no job
    #[arg(long)]
    pub fail_if_none: bool,
    /// With --runs and --logs: those of all repositories
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum EngineArg {
    /// The sandbox where it can be made and has all that the steps need, else containers, else plain programs.
    Auto,
    /// Namespaces, with the programs of this machine.
    Sandbox,
    /// Plain programs of this machine.
    Process,
    /// Each step in its image, by podman or docker.
    Container,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum NetworkArg {
    /// They do not.
    None,
    /// As this machine does.
    Host,
}
