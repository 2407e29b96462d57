//! `kfleet man DIR`.

use crate::cli::Cli;
use crate::help_markdown;
use crate::ui::{Outcome, Ui};
use clap::CommandFactory;
use kfleet::error::{Error, ErrorKind};
use kfleet::tree::Root;
use std::path::PathBuf;

/// Write the man pages into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet man ~/.local/share/man/man1
  kfleet man man && man man/kfleet-fmt.1")]
pub(crate) struct Args {
    /// The folder; it is made if it is missing
    #[arg(value_name = "DIR", required_unless_present = "markdown")]
    dir: Option<PathBuf>,
    /// Print the command reference as Markdown instead
    #[arg(long, hide = true)]
    markdown: bool,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let Some(dir) = &args.dir else { return help_markdown::run(ui) };
    let mut command = Cli::command();
    command.build();
    let mut pages = vec![("kfleet".to_owned(), command.clone())];
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        let name = format!("kfleet-{}", sub.get_name());
        pages.push((name.clone(), sub.clone()));
    }
    let root = Root::open(dir)?;
    for (name, command) in &pages {
        let mut page = Vec::new();
        clap_mangen::Man::new(command.clone())
            .render(&mut page)
            .map_err(|cause| Error::new(ErrorKind::Failed, format!("cannot write {name}.1")).with_source(cause))?;
        root.write(&format!("{name}.1"), &page)?;
    }
    ui.status(&format!("wrote {} man pages to {}", pages.len(), dir.display()));
    Ok(Outcome::Done)
}
