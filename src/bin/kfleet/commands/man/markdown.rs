//! The command reference `docs/cli.md`, made from the help texts. A test keeps the committed file equal to it.

use crate::ui::{Outcome, Ui};
use clap::Command;
use kfleet::error::Error;
use std::fmt::Write as _;

pub(super) fn run(program: Command, ui: &Ui) -> Result<Outcome, Error> {
    let mut text =
        "# Command reference\n\nMade from the help texts by `kfleet man --markdown`; a test keeps it true.\n"
            .to_owned();
    let mut command = program.term_width(100).version("0");
    command.build();
    section(&mut text, "kfleet", &mut command);
    let names: Vec<String> = command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        if let Some(sub) = command.find_subcommand_mut(&name) {
            section(&mut text, &format!("kfleet {name}"), sub);
        }
    }
    ui.data(text.as_bytes())?;
    Ok(Outcome::Done)
}

fn section(text: &mut String, title: &str, command: &mut Command) {
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## {title}\n\n```text\n{}\n```\n", help.join("\n").trim_end());
}
