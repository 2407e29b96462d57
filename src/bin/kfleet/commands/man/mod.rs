//! `kfleet man DIR`.

mod markdown;

use crate::context::Context;
use crate::ui::{Outcome, Ui};
use clap::Command;
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

/// `program`: the whole command line.
pub(crate) fn run(args: &Args, program: Command, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let Some(dir) = &args.dir else { return markdown::run(program, ui) };
    // There is no page for the help command, so none may point to one.
    let mut command = program.disable_help_subcommand(true);
    command.build();
    let mut pages = vec![("kfleet".to_owned(), command.clone())];
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = format!("kfleet-{}", sub.get_name());
        pages.push((name.clone(), sub.clone()));
    }
    let root = Root::open(&context.path(dir))?;
    for (name, command) in &pages {
        let mut page = Vec::new();
        clap_mangen::Man::new(command.clone())
            .render(&mut page)
            .map_err(|cause| Error::new(ErrorKind::Failed, format!("cannot write {name}.1")).with_source(cause))?;
        root.write(&format!("{name}.1"), with_headings(&String::from_utf8_lossy(&page)).as_bytes())?;
    }
    ui.status(&format!("wrote {} man pages to {}", pages.len(), dir.display()));
    Ok(Outcome::Done)
}

/// Gives the text after the flags its usual heading. Examples keep their lines, which a man page would fill.
fn with_headings(page: &str) -> String {
    let Some((flags, extra)) = page.split_once(".SH EXTRA\n") else { return page.to_owned() };
    match extra.strip_prefix("Examples:\n") {
        Some(examples) => format!("{flags}.SH EXAMPLES\n.nf\n{}\n.fi\n", examples.trim_end()),
        None => format!("{flags}.SH EXIT STATUS\n{}", extra.strip_prefix("Exit codes: ").unwrap_or(extra)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_keep_their_lines() {
        assert_eq!(with_headings("a\n.SH EXTRA\nExamples:\n  b\n  c\n"), "a\n.SH EXAMPLES\n.nf\n  b\n  c\n.fi\n");
        assert_eq!(with_headings("a\n.SH EXTRA\nExit codes: 0 done\n"), "a\n.SH EXIT STATUS\n0 done\n");
    }
}
