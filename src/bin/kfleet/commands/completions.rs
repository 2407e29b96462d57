//! `kfleet completions SHELL`.

use crate::complete;
use crate::ui::{Outcome, Ui};
use clap_complete::Shell;
use kfleet::error::Error;

/// Print a completion script for a shell
///
/// Commands and flags are completed, and the names of clusters, addons, rules, jobs and runs: the script asks kfleet for them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet completions bash > ~/.local/share/bash-completion/completions/kfleet
  kfleet completions zsh > ~/.zfunc/_kfleet
  kfleet completions fish > ~/.config/fish/completions/kfleet.fish")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    ui.data(&complete::script(args.shell))?;
    Ok(Outcome::Done)
}
