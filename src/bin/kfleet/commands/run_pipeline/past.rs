//! Runs that were: `--runs` and `--logs`.

use super::args::Args;
use super::options::log_options;
use crate::args::OutputFormat;
use crate::context::Context;
use crate::ui::run_log::Form;
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::git::LocalClone;
use kfleet::runner::event::Event;
use kfleet::runner::log::Summary;
use kfleet::runner::record::Records;
use serde_json::json;
use std::path::PathBuf;

/// The repository whose runs are meant; nothing where those of all are.
fn repository(args: &Args, context: &Context) -> Result<Option<PathBuf>, Error> {
    if args.output.all {
        return Ok(None);
    }
    let clone = LocalClone::open(&context.root).map_err(|error| match error.kind {
        ErrorKind::Environment => {
            error.with_hint("go into a clone (-C), or add --all for the runs of all repositories")
        }
        _ => error,
    })?;
    Ok(Some(clone.home()))
}

/// Lists them, newest first.
pub(super) fn list(records: &Records, args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let found = records.list(repository(args, context)?.as_deref())?;
    if args.output.form == OutputFormat::Json {
        ui.sorted_report("RunListReport", json!({"runs": found}))?;
        return Ok(Outcome::Done);
    }
    for about in &found {
        let reason = about.reason.as_deref().unwrap_or("unfinished");
        let repository = about.repository.as_deref().filter(|_| args.output.all);
        let repository = repository.map(|path| format!("  {path}")).unwrap_or_default();
        ui.line(&format!("{}  {}  {}  {reason}{repository}", about.began, about.run, about.job))?;
    }
    if found.is_empty() && !args.output.all {
        ui.status("this repository has no runs; --all shows those of all repositories");
    }
    Ok(Outcome::Done)
}

/// Shows the log of one once more.
pub(super) fn replay(
    records: &Records,
    run: Option<&str>,
    args: &Args,
    context: &Context,
    ui: &Ui,
) -> Result<Outcome, Error> {
    let options = log_options(args);
    let mut form = Form::new(options, context, ui);
    let (mut summary, mut job) = (Summary::default(), String::new());
    records.replay(run, repository(args, context)?.as_deref(), &mut |line| {
        let out = form.render(&line.run, line.time(), &line.event);
        summary.event(&line.event);
        if let Event::Plan { job: name, .. } = line.event {
            job = name;
        }
        options.stream.write(&out).is_ok()
    })?;
    form.end(&summary, &job, ui);
    Ok(Outcome::Done)
}
