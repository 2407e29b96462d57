//! `kfleet run-pipeline`: the flags, and what they mean.

mod args;
mod modes;
mod options;
mod past;
mod signals;

pub(crate) use args::Args;

use crate::args::OutputFormat;
use crate::context::{Context, Stdin};
use crate::ui::downloads::Downloads;
use crate::ui::run_log::RunLog;
use crate::ui::run_report::{OneRun, RunPipelineReport, show_jobs, show_lint, show_outcome, show_plans};
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::ops::run_pipeline::{Edges, Prepared, Refusal, Session};
use kfleet::problem::Severity;
use kfleet::runner::cancel::Cancel;
use kfleet::runner::local::programs::tools::Tools;
use kfleet::runner::record::{Keep, Records};
use kfleet::text::count;
use modes::Mode;
use std::io::IsTerminal;

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    args.verify()?;
    let mode = args.mode();
    let records = Records::new(context.state()?.join("runs"), Keep::default());
    if mode == Mode::Runs {
        return past::list(&records, args, context, ui);
    }
    if let Some(run) = &args.modes.logs {
        return past::replay(&records, Some(run.as_str()).filter(|run| !run.is_empty()), args, context, ui);
    }
    if args.run.shell_on_failure {
        verify_terminal(context)?;
    }
    let cancel = Cancel::default();
    if mode == Mode::Run {
        // Before anything that would have to be cleaned up.
        signals::stop_on_signals(&cancel)?;
    }
    let options = options::options(args, context, ui)?;
    let downloads = Downloads::new(ui);
    let edges = Edges {
        root: &context.root,
        temporary: &context.temporary(),
        cache: &context.cache()?,
        program: &context.program()?,
        environment: &context.environment,
        progress: &downloads,
        fetching: &|image| ui.status(&format!("fetching the image {image}")),
        cancel: &cancel,
    };
    let mut tools = Tools::default();
    let session = match Session::open(&options, edges, &mut tools) {
        Ok(session) => session,
        Err(refusal) => return refuse(refusal, ui),
    };
    let form = args.output.form;
    if mode == Mode::Lint {
        return show_lint(&session.lint()?, form, ui);
    }
    let selection = session.select()?;
    let (errors, doubts): (Vec<_>, Vec<_>) =
        selection.problems.iter().cloned().partition(|problem| problem.severity == Severity::Error);
    ui.problems(&errors);
    // What every run would repeat is reported where it is asked for.
    if !doubts.is_empty() {
        ui.note(&format!("--lint shows {} about trigger files", count(doubts.len(), "warning")));
    }
    if !errors.is_empty() {
        return Ok(Outcome::Ended(ErrorKind::Usage));
    }
    if matches!(mode, Mode::List | Mode::Explain) {
        return show_jobs(&selection, form, mode == Mode::Explain, ui);
    }
    let jobs = session.prepare(selection.selected);
    jobs.warnings.iter().for_each(|warnings| ui.problems(warnings));
    if let Some(refusal) = jobs.refused {
        return refuse(refusal, ui);
    }
    if mode == Mode::Plan && !jobs.prepared.is_empty() {
        return show_plans(&jobs.prepared, form, ui);
    }
    let mut outcome = Outcome::Done;
    let mut runs = Vec::new();
    if jobs.prepared.is_empty() {
        ui.status(&format!("the event starts no job: {}", selection.event));
        ui.note("kfleet run-pipeline --explain shows why");
        if args.output.fail_if_none {
            outcome = Outcome::Ended(ErrorKind::Usage);
        }
    } else {
        let repository = session.repository();
        let begin = |ready: &Prepared| {
            let run = &ready.plan.run.context.name;
            RunLog::new(run, &records, &repository, options::log_options(args), context, ui)
        };
        let failure = session.run(&jobs.prepared, begin, |ready, log, report| {
            let shown = log.finish(ready.selected.name(), ui);
            runs.push(OneRun::new(ready, shown, report, args.output.diff));
            match report {
                Ok(report) => show_outcome(report, args.output.diff && form == OutputFormat::Text, ui),
                Err(error) => {
                    ui.error(error);
                    Ok(())
                }
            }
        })?;
        outcome = failure.map_or(outcome, Outcome::Ended);
    }
    if mode == Mode::Run && form == OutputFormat::Json {
        let exit_code = outcome.exit_code();
        ui.report("RunPipelineReport", &RunPipelineReport { event: &selection.event, runs, exit_code })?;
    }
    Ok(outcome)
}

/// Shows why nothing is run.
fn refuse(refusal: Refusal, ui: &Ui) -> Result<Outcome, Error> {
    match refusal {
        Refusal::Error(error) => Err(error),
        Refusal::Problems(problems) => {
            ui.problems(&problems);
            Ok(Outcome::Ended(ErrorKind::Usage))
        }
    }
}

/// Checks that there is a terminal that a shell could be opened on.
fn verify_terminal(context: &Context) -> Result<(), Error> {
    if context.stdin == Stdin::Terminal && std::io::stdout().is_terminal() {
        return Ok(());
    }
    let error = Error::new(ErrorKind::Usage, "--shell-on-failure needs a terminal for standard input and output");
    Err(error.with_hint("leave it out where nobody can type; --keep keeps what the steps have left"))
}
