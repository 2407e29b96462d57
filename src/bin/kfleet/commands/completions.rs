//! `kfleet completions SHELL`.

use crate::ui::{Outcome, Ui};
use clap::Command;
use clap_complete::Shell;
use kfleet::error::Error;

/// Print a completion script for a shell
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

/// `program`: the whole command line.
pub(crate) fn run(args: &Args, mut program: Command, ui: &Ui) -> Result<Outcome, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "kfleet", &mut script);
    ui.data(&script)?;
    Ok(Outcome::Done)
}
