//! `kfleet fmt -o DIR`: the canonical layout; also what the program does when it is called as kfmt.

use super::{Args, Inputs, LayoutArgs, find_inputs, found};
use crate::context::Context;
use crate::ui::fmt::{self as report, Mode};
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::layout::Compatibility;
use kfleet::layout::gather::{Gathered, gather};
use kfleet::layout::scopes::{Remedy, ScopeSources};
use kfleet::ops::fmt::layout::{self, LayoutOptions, unknown_group_versions};
use kfleet::problem::Problem;
use kfleet::text::count;
use kfleet::tree::{Input, WalkOptions, walk};
use std::path::{Path, PathBuf};

pub(super) fn run(args: &Args, folder: PathBuf, mode: Mode, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let mut options = args.layout.options(folder, Compatibility::Kfleet, context);
    options.layout.style = args.style();
    options.layout.rewrite = args.rewrite();
    let inputs = find_inputs(args, context, false)?;
    run_layout(inputs, &args.layout, &options, mode, context, ui)
}

/// Runs the layout with kfmt's manners.
pub(crate) fn run_kfmt(
    inputs: &[PathBuf],
    folder: PathBuf,
    args: &LayoutArgs,
    context: &Context,
    ui: &Ui,
) -> Result<Outcome, Error> {
    let compatibility = if args.overwrite { Compatibility::KfmtOverwrite } else { Compatibility::Kfmt };
    let options = args.options(folder, compatibility, context);
    let mode = Mode { write: true, check: false, diff: false, json_report: false };
    let inputs = if inputs.is_empty() {
        Inputs::Stdin
    } else {
        let extensions = vec!["yaml".to_owned(), "yml".to_owned()];
        Inputs::Files(walk(inputs, &WalkOptions { extensions, helm_templates: true, ..WalkOptions::default() }))
    };
    run_layout(inputs, args, &options, mode, context, ui)
}

fn run_layout(
    inputs: Inputs,
    args: &LayoutArgs,
    options: &LayoutOptions,
    mode: Mode,
    context: &Context,
    ui: &Ui,
) -> Result<Outcome, Error> {
    let (inputs, mut problems) = read_inputs(inputs, options, ui)?;
    let gathered = gather(inputs, options.layout.compatibility);
    let sources = scope_sources(args, options, &gathered, context, ui)?;
    let plan = layout::plan(&gathered, &sources, options, mode.diff);
    let plan = match plan {
        Ok(plan) if problems.is_empty() => plan,
        Ok(_) => return report::refuse(problems, mode, ui),
        Err(found) => {
            problems.extend(found);
            return report::refuse(problems, mode, ui);
        }
    };
    if gathered.is_empty() {
        ui.status("there is no manifest in the inputs");
    }
    plan.notes.iter().for_each(|note| ui.note(note));
    if mode.write
        && let Err(problems) = layout::apply(&plan, &gathered, options)
    {
        return report::half_written(layout::written(plan.files, &problems), problems, mode, ui);
    }
    // The process ends after this: it takes less time to give all memory back at once.
    std::mem::forget(gathered);
    report::show_layout(plan, mode, ui)
}

fn read_inputs(inputs: Inputs, options: &LayoutOptions, ui: &Ui) -> Result<(Vec<Input>, Vec<Problem>), Error> {
    match inputs {
        Inputs::Stdin => {
            let name = if options.layout.compatibility == Compatibility::Kfleet { "<stdin>" } else { "/dev/stdin" };
            Ok((vec![Input::from_reader(name, std::io::stdin().lock(), layout::HOLD_FILE)?], Vec::new()))
        }
        Inputs::Files(walk) => {
            let (files, mut problems) = found(walk, ui)?;
            let (read, unreadable) = layout::read_inputs(&files);
            problems.extend(unreadable);
            Ok((read, problems))
        }
    }
}

/// A saved list of kinds: the one that a flag names, or the usual one if it is there.
fn saved(flag: Option<&PathBuf>, usual: &str, context: &Context) -> Result<Option<(String, String)>, Error> {
    let path = match flag {
        Some(path) => path.as_path(),
        None if context.path(Path::new(usual)).is_file() => Path::new(usual),
        None => return Ok(None),
    };
    let found = walk(&[path.to_owned()], &WalkOptions { base: context.root.clone(), ..WalkOptions::default() });
    let Some(file) = found.files.first() else {
        return Err(Error::new(ErrorKind::Failed, format!("cannot read {}: there is no such file", path.display())));
    };
    let bytes = Input::from_file(file, u64::MAX)?.into_bytes()?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::new(ErrorKind::Failed, format!("cannot read {}: it is not UTF-8", path.display())))?;
    Ok(Some((file.name.clone(), text)))
}

fn scope_sources(
    args: &LayoutArgs,
    options: &LayoutOptions,
    gathered: &Gathered,
    context: &Context,
    ui: &Ui,
) -> Result<ScopeSources, Error> {
    let mut sources = ScopeSources {
        remedy: Remedy::Flags,
        flags: args.gvk_scope.clone(),
        api_resources: saved(args.api_resources.as_ref(), "api-resources.txt", context)?,
        api_versions: saved(args.api_versions.as_ref(), "api-versions.txt", context)?,
        discovered: Vec::new(),
    };
    if args.discovery {
        let unknown = unknown_group_versions(gathered, &sources, &options.layout.filter);
        if !unknown.is_empty() {
            ui.note(&format!("asking the cluster for {}", count(unknown.len(), "group version")));
            sources.discovered = super::discovery::discover(args, context, &unknown)?;
        }
    }
    Ok(sources)
}
