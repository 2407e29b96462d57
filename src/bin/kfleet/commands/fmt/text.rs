//! `kfleet fmt` without -o: canonical text in place, or from standard input to standard output.

use super::{Args, Inputs, find_inputs, found};
use crate::context::Context;
use crate::ui::fmt::{self as report, Mode, Tally};
use crate::ui::{Outcome, Ui};
use kfleet::diff::unified;
use kfleet::error::Error;
use kfleet::ops::fmt::in_place;
use kfleet::ops::fmt::text::TextOptions;
use kfleet::problem::Problem;
use kfleet::tree::{Found, Input};
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
            let (files, problems) = found(walk, ui)?;
            format_files(&options, files, problems, mode, ui)
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
    report::show_text(formatted, input, changed, diff, mode, ui)?;
    Ok(if failed || (mode.check && changed) { Outcome::Failed } else { Outcome::Done })
}

fn format_files(
    options: &TextOptions,
    files: Vec<Found>,
    problems: Vec<Problem>,
    mode: Mode,
    ui: &Ui,
) -> Result<Outcome, Error> {
    let mut tally = Tally::new(problems, mode, ui);
    {
        let progress = ui.progress(files.len(), "formatting");
        for batch in in_place::batches(files) {
            let mut plans = in_place::plan(batch, options, mode.diff);
            if mode.write {
                in_place::apply(&mut plans);
            }
            progress.step(plans.len());
            plans.into_iter().try_for_each(|plan| tally.add(plan, mode, ui))?;
        }
    }
    tally.finish(mode, ui)
}
