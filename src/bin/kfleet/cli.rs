//! The command line as a whole.

use crate::commands::{
    completions, fmt, generate, history, init, man, promote, rollback, run_pipeline, status, version, vet,
};
use crate::ui::ColorChoice;
use clap::{ArgAction, Args, Parser, Subcommand};
use std::path::PathBuf;

/// Run a fleet of Kubernetes clusters from one git repository.
#[derive(Debug, Parser)]
#[command(
    name = "kfleet",
    version = env!("KFLEET_VERSION"),
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "\
Exit codes: 0 done; 1 failed, or --check found differences; 2 usage; 3 environment (a tool, a credential, a cluster \
or a remote is missing or unreachable); 4 timeout; 5 refused by a guard; 130 interrupted."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Run as if kfleet had been started in DIR
    #[arg(short = 'C', long, value_name = "DIR", global = true, help_heading = "Global options")]
    pub repo: Option<PathBuf>,
    /// When to use colours; NO_COLOR is respected
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true, help_heading = "Global options")]
    pub color: ColorChoice,
    /// Say nothing but errors
    #[arg(short, long, global = true, help_heading = "Global options", conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: each file, each thing passed over, all warnings
    #[arg(short, long, action = ArgAction::Count, global = true, help_heading = "Global options")]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    // No comments on these: they would take the place of the longer help that the commands' own `Args` have.
    Init(init::Args),
    Fmt(Box<fmt::Args>),
    Generate(generate::Args),
    Vet(vet::Args),
    Promote(promote::Args),
    Rollback(rollback::Args),
    History(history::Args),
    Status(status::Args),
    RunPipeline(Box<run_pipeline::Args>),
    Completions(completions::Args),
    Man(man::Args),
    Version(version::Args),
}

impl Command {
    /// Whether it is about the fleet that the folder lies in, rather than about the folder itself.
    pub(crate) fn is_about_a_fleet(&self) -> bool {
        use Command::{Generate, History, Promote, Rollback, Status, Vet};
        matches!(self, Generate(_) | Vet(_) | Promote(_) | Rollback(_) | History(_) | Status(_))
    }
}
