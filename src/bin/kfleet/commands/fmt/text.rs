//! `kfleet fmt` without -o: canonical text in place, or from standard input to standard output.

use super::report::FmtReport;
use super::{Args, Inputs, Mode, find_inputs};
use crate::context::Context;
use crate::ui::{Outcome, Ui};
use kfleet::diff::unified;
use kfleet::error::{Error, ErrorKind};
use kfleet::layout::{Action, FileAction};
use kfleet::ops::fmt::in_place::{self, FilePlan, State};
use kfleet::ops::fmt::text::TextOptions;
use kfleet::problem::Problem;
use kfleet::text::count;
use kfleet::tree::{Form, Found, Input};
use kfleet::yaml::engine::Engine;

/// A longer standard input is kept in a temporary file, and formatted part by part.
const HOLD_STDIN: u64 = 8 << 20;

pub(super) fn run(args: &Args, mode: Mode, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let options = TextOptions { style: args.style(), rewrite: args.rewrite(), manifests_only: args.manifests_only };
    match find_inputs(args, context, true)? {
        Inputs::Stdin => {
            if args.paths.is_empty() && args.input.is_empty() {
                ui.note("reading standard input");
            }
            let input = Input::from_reader("<stdin>", std::io::stdin().lock(), HOLD_STDIN)?;
            one_text(&options, &input, mode, ui)
        }
        Inputs::Files(walk) => {
            for passed in &walk.passed_over {
                ui.note(&format!("passed over {}: {}", passed.path, passed.reason));
            }
            let problems = walk.problems;
            files(&options, walk.files, problems, mode, ui)
        }
    }
}

/// Formats one text to standard output.
fn one_text(options: &TextOptions, input: &Input, mode: Mode, ui: &Ui) -> Result<Outcome, Error> {
    let formatted = in_place::format(&mut Engine::default(), input, false, options)?;
    let name = input.name();
    let changed = formatted.text.is_some() && !formatted.unchanged;
    let failed = formatted.text.is_none() && !formatted.passed_over;
    let diff = match &formatted.text {
        Some(text) if changed && mode.diff => Some(unified(name, &input.bytes()?, text)),
        _ => None,
    };
    if mode.json_report {
        let action = if changed { Action::Update } else { Action::Unchanged };
        let files = vec![FileAction { path: name.to_owned(), action, diff }];
        ui.report("FmtReport", &FmtReport::new("text", false, files, formatted.problems))?;
    } else {
        ui.problems(&formatted.problems);
        match (&formatted.text, diff) {
            (_, Some(diff)) => ui.diff(&diff)?,
            (Some(text), None) if mode.write => ui.data(text)?,
            (None, None) if formatted.passed_over && mode.write => ui.data(&input.bytes()?)?,
            _ => {}
        }
        if mode.check && changed {
            ui.status(&format!("{name} is not canonical"));
        } else if !mode.write && !mode.diff && changed {
            ui.status(&format!("would format {name}"));
        }
    }
    Ok(if failed || (mode.check && changed) { Outcome::Failed } else { Outcome::Done })
}

#[derive(Default)]
struct Tally {
    changed: usize,
    unchanged: usize,
    failed: usize,
    files: Vec<FileAction>,
    problems: Vec<Problem>,
}

fn files(
    options: &TextOptions,
    files: Vec<Found>,
    problems: Vec<Problem>,
    mode: Mode,
    ui: &Ui,
) -> Result<Outcome, Error> {
    if files.is_empty() && problems.is_empty() {
        return Err(Error::new(ErrorKind::Failed, "found no YAML file").with_hint(
            "folders are walked for .yaml and .yml files that .gitignore does not name; -v shows what is passed over",
        ));
    }
    let mut tally = Tally { failed: problems.len(), ..Tally::default() };
    if mode.json_report {
        tally.problems.extend(problems);
    } else {
        ui.problems(&problems);
    }
    let mut warnings = Vec::new();
    {
        let progress = ui.progress(files.len(), "formatting");
        for batch in in_place::batches(files) {
            let mut plans = in_place::plan(batch, options, mode.diff);
            if mode.write {
                in_place::apply(&mut plans);
            }
            progress.step(plans.len());
            for plan in plans {
                one_file(plan, mode, ui, &mut tally, &mut warnings)?;
            }
        }
    }
    if mode.json_report {
        tally.problems.extend(warnings);
        ui.report("FmtReport", &FmtReport::new("text", mode.write, tally.files, tally.problems))?;
    } else {
        ui.problems(&warnings);
        ui.status(&summary(&tally, mode));
    }
    let failed = tally.failed > 0 || (mode.check && tally.changed > 0);
    Ok(if failed { Outcome::Failed } else { Outcome::Done })
}

fn one_file(plan: FilePlan, mode: Mode, ui: &Ui, tally: &mut Tally, warnings: &mut Vec<Problem>) -> Result<(), Error> {
    let name = plan.found.name;
    let failed = plan.state == State::Failed;
    if failed && !mode.json_report {
        ui.problems(&plan.problems);
    } else {
        warnings.extend(plan.problems);
    }
    let action = match plan.state {
        State::Unchanged => {
            tally.unchanged += 1;
            Action::Unchanged
        }
        State::Changed(text) => {
            tally.changed += 1;
            if plan.found.form == Form::Stream && mode.write && !mode.json_report {
                ui.data(&text)?;
            } else if !mode.write && !mode.json_report && !mode.diff {
                ui.line(&name)?;
            } else {
                ui.note(&format!("{} {name}", if mode.write { "formatted" } else { "would format" }));
            }
            Action::Update
        }
        State::Failed => {
            tally.failed += 1;
            return Ok(());
        }
        State::PassedOver(reason) => {
            ui.note(&format!("passed over {name}: {reason}"));
            return Ok(());
        }
    };
    if let Some(diff) = plan.diff.as_ref().filter(|_| !mode.json_report) {
        ui.diff(diff)?;
    }
    if mode.json_report {
        tally.files.push(FileAction { path: name, action, diff: plan.diff });
    }
    Ok(())
}

fn summary(tally: &Tally, mode: Mode) -> String {
    let changed = match (tally.changed, mode.write) {
        (0, _) => String::new(),
        (n, true) => format!("formatted {}", count(n, "file")),
        (n, false) if mode.check => format!("{} not canonical", count(n, "file")),
        (n, false) => format!("would format {}", count(n, "file")),
    };
    let mut parts = vec![changed];
    if tally.unchanged > 0 || tally.changed + tally.failed == 0 {
        parts.push(format!("{} canonical already", count(tally.unchanged, "file")));
    }
    if tally.failed > 0 {
        parts.push(format!("{} failed and left alone", count(tally.failed, "path")));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}
