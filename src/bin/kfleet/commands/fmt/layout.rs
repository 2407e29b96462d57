//! `kfleet fmt -o DIR`: the canonical layout; also what the program does when it is called as kfmt.

use super::report::FmtReport;
use super::{Args, Inputs, LayoutArgs, Mode, find_inputs};
use crate::context::Context;
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::layout::gather::{Gathered, gather};
use kfleet::layout::scopes::{Remedy, ScopeSources};
use kfleet::layout::{Action, Compatibility, FileAction, Options};
use kfleet::ops::fmt::layout::{self, LayoutOptions, LayoutPlan, unknown_group_versions};
use kfleet::problem::{Problem, Severity};
use kfleet::text::count;
use kfleet::tree::{Input, WalkOptions, walk};
use kfleet::yaml::edit::Rewrite;
use kfleet::yaml::emit::Style;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files up to this size are read whole; bigger ones in parts. A run lets go of what it holds when it becomes much.
const HOLD_FILE: u64 = 16 << 20;

/// When so many bytes are held, further files are read when they are needed.
const HOLD_ALL: usize = 24 << 20;

pub(super) fn run(args: &Args, folder: PathBuf, mode: Mode, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let mut options = options(&args.layout, folder, Compatibility::Kfleet, context);
    options.layout.style = args.style();
    options.layout.rewrite = args.rewrite();
    let inputs = find_inputs(args, context, false)?;
    run_layout(inputs, &args.layout, &options, mode, context, ui)
}

fn options(args: &LayoutArgs, folder: PathBuf, compatibility: Compatibility, context: &Context) -> LayoutOptions {
    LayoutOptions {
        output: context.path(&folder),
        layout: Options {
            folder,
            style: Style::default(),
            rewrite: Rewrite::default(),
            filter: args.filter.clone(),
            namespace: if args.namespace.is_empty() { "default".to_owned() } else { args.namespace.clone() },
            clean: args.clean,
            strict: args.strict,
            comment: args.comment,
            create_missing_namespaces: args.create_missing_namespaces,
            plural: args.plural.into(),
            compatibility,
        },
        remove: args.remove,
        prune: args.prune,
    }
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
    let options = options(args, folder, compatibility, context);
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
        Ok(_) => return refuse(problems, mode, ui),
        Err(found) => {
            problems.extend(found);
            return refuse(problems, mode, ui);
        }
    };
    if gathered.is_empty() {
        ui.status("there is no manifest in the inputs");
    }
    plan.notes.iter().for_each(|note| ui.note(note));
    if mode.write
        && let Err(problems) = layout::apply(&plan, &gathered, options)
    {
        return half_written(plan.files, problems, mode, ui);
    }
    // The process ends after this: it takes less time to give all memory back at once.
    std::mem::forget(gathered);
    show(plan, mode, ui)
}

/// Shows the problems of a run that changed nothing.
fn refuse(problems: Vec<Problem>, mode: Mode, ui: &Ui) -> Result<Outcome, Error> {
    if mode.json_report {
        ui.report("FmtReport", &FmtReport::new("layout", false, Vec::new(), problems))?;
        return Ok(Outcome::Failed);
    }
    ui.problems(&problems);
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    ui.status(&format!("{}; nothing was written", count(errors, "error")));
    Ok(Outcome::Failed)
}

/// Shows what kept a run from writing all of its plan.
fn half_written(mut files: Vec<FileAction>, problems: Vec<Problem>, mode: Mode, ui: &Ui) -> Result<Outcome, Error> {
    if mode.json_report {
        // A problem names the file, or the folder that could not be made for it.
        let failed = |file: &FileAction| problems.iter().any(|p| Path::new(&file.path).starts_with(&p.location.file));
        let all_written = !files.iter().any(|file| file.action != Action::Remove && failed(file));
        files.retain(|file| !failed(file) && (all_written || file.action != Action::Remove));
        ui.report("FmtReport", &FmtReport::new("layout", true, files, problems))?;
        return Ok(Outcome::Failed);
    }
    ui.problems(&problems);
    let errors = count(problems.len(), "error");
    ui.status(&format!("{errors}; the other files are written, and the same command finishes the work"));
    Ok(Outcome::Failed)
}

fn read_inputs(inputs: Inputs, options: &LayoutOptions, ui: &Ui) -> Result<(Vec<Input>, Vec<Problem>), Error> {
    let found = match inputs {
        Inputs::Stdin => {
            let name = if options.layout.compatibility == Compatibility::Kfleet { "<stdin>" } else { "/dev/stdin" };
            return Ok((vec![Input::from_reader(name, std::io::stdin().lock(), HOLD_FILE)?], Vec::new()));
        }
        Inputs::Files(found) => found,
    };
    for passed in &found.passed_over {
        ui.note(&format!("passed over {}: {}", passed.path, passed.reason));
    }
    let mut problems = found.problems;
    if found.files.is_empty() && problems.is_empty() {
        return Err(Error::new(ErrorKind::Failed, "found no YAML file").with_hint(
            "folders are walked for .yaml and .yml files that .gitignore does not name; -v shows what is passed over",
        ));
    }
    // What is held all at once stays small: with many bytes the files are read again when they are needed.
    let held = AtomicUsize::new(0);
    let read_file = |file| {
        if held.load(Ordering::Relaxed) > HOLD_ALL {
            return Input::unread(file);
        }
        let input = Input::from_file(file, HOLD_FILE)?;
        held.fetch_add(input.held().map_or(0, <[u8]>::len), Ordering::Relaxed);
        Ok(input)
    };
    let results: Vec<Result<Input, kfleet::tree::Error>> = found.files.par_iter().map(read_file).collect();
    let mut read = Vec::with_capacity(results.len());
    for result in results {
        match result {
            Ok(input) => read.push(input),
            Err(error) => problems.push(error.into_problem()),
        }
    }
    Ok((read, problems))
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
        .map_err(|_| Error::new(ErrorKind::Failed, format!("cannot read {}: it is no UTF-8", path.display())))?;
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

fn show(plan: LayoutPlan, mode: Mode, ui: &Ui) -> Result<Outcome, Error> {
    let changes = plan.has_changes();
    let outcome = if mode.check && changes { Outcome::Failed } else { Outcome::Done };
    let summary = summary(&plan, mode);
    if mode.json_report {
        ui.report("FmtReport", &FmtReport::new("layout", mode.write, plan.files, plan.warnings))?;
        return Ok(outcome);
    }
    ui.problems(&plan.warnings);
    for file in &plan.files {
        let sign = match file.action {
            Action::Unchanged => continue,
            Action::Create => '+',
            Action::Update => '~',
            Action::Remove => '-',
        };
        match &file.diff {
            Some(diff) => ui.diff(diff)?,
            None if !mode.write => ui.line(&format!("{sign} {}", file.path))?,
            None => ui.note(&format!("{sign} {}", file.path)),
        }
    }
    ui.status(&summary);
    // As above.
    std::mem::forget(plan);
    Ok(outcome)
}

fn summary(plan: &LayoutPlan, mode: Mode) -> String {
    let mut parts = Vec::new();
    for (action, would, did) in [
        (Action::Create, "to create", "created"),
        (Action::Update, "to update", "updated"),
        (Action::Remove, "to remove", "removed"),
        (Action::Unchanged, "unchanged", "unchanged"),
    ] {
        let number = plan.count(action);
        if number > 0 {
            parts.push(format!("{number} {}", if mode.write { did } else { would }));
        }
    }
    if parts.is_empty() {
        "nothing to write".to_owned()
    } else {
        format!("{}: {}", count(plan.files.len(), "file"), parts.join(", "))
    }
}
