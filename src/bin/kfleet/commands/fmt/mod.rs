//! `kfleet fmt`: which of its two modes runs, and on what.

mod args;
mod discovery;
mod layout;
mod text;

pub(crate) use args::{Args, LayoutArgs, PluralArg};
pub(crate) use layout::run_kfmt;

use crate::context::{Context, Stdin};
use crate::ui::fmt::Mode;
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::tree::{Found, Walk, walk};
use std::path::PathBuf;

/// What a run reads.
enum Inputs {
    Stdin,
    Files(Walk),
}

fn find_inputs(args: &Args, context: &Context, default_folder: bool) -> Result<Inputs, Error> {
    let mut roots: Vec<PathBuf> = args.paths.iter().chain(&args.input).cloned().collect();
    let dashes = roots.iter().filter(|root| root.as_os_str() == "-").count();
    if dashes > 0 {
        if roots.len() > 1 {
            return Err(Error::new(ErrorKind::Usage, "`-` (standard input) cannot be mixed with other inputs"));
        }
        return Ok(Inputs::Stdin);
    }
    if roots.is_empty() {
        if context.stdin == Stdin::Piped {
            return Ok(Inputs::Stdin);
        }
        if !default_folder {
            return Err(Error::new(ErrorKind::Usage, "there is nothing to read")
                .with_hint("name files or folders, or pipe manifests in"));
        }
        roots.push(PathBuf::from("."));
    }
    Ok(Inputs::Files(walk(&roots, &args.walk_options(context))))
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let (folder, json_report) = args.outputs()?;
    args.verify()?;
    let mode =
        Mode { write: !(args.check || args.diff || args.dry_run), check: args.check, diff: args.diff, json_report };
    match folder {
        Some(folder) => layout::run(args, folder, mode, context, ui),
        None => {
            args.layout.refuse_without_folder()?;
            text::run(args, mode, context, ui)
        }
    }
}

/// The files of a walk, and what is wrong with others.
fn found(walk: Walk, ui: &Ui) -> Result<(Vec<Found>, Vec<kfleet::problem::Problem>), Error> {
    for passed in &walk.passed_over {
        ui.note(&format!("passed over {}: {}", passed.path, passed.reason));
    }
    if walk.files.is_empty() && walk.problems.is_empty() {
        return Err(Error::new(ErrorKind::Failed, "found no YAML file").with_hint(
            "folders are walked for .yaml and .yml files that .gitignore does not name; -v shows what is passed over",
        ));
    }
    Ok((walk.files, walk.problems))
}
