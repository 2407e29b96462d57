//! `kfleet run-pipeline`: the flags, and what they mean.

mod args;
mod past;
mod remote;
mod report;
mod show;
mod signals;

pub(crate) use args::Args;

use args::{EngineArg, Mode, NetworkArg};
use report::{OneRun, RunPipelineReport, told};

use crate::args::OutputFormat;
use crate::context::Context;
use crate::ui::downloads::Downloads;
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::git;
use kfleet::lighthouse::Saved;
use kfleet::ops::run_pipeline::engine::{self, Kind};
use kfleet::ops::run_pipeline::select::{self, Asked, Selection};
use kfleet::ops::run_pipeline::{self, Checkout, Options, Prepared, Screen, Unprepared, Ways, prepare};
use kfleet::problem::Severity;
use kfleet::runner::cancel::Cancel;
use kfleet::runner::local::folder::RunFolder;
use kfleet::runner::local::programs::tools::Tools;
use kfleet::runner::local::settings::Network;
use kfleet::runner::object_flags;
use kfleet::runner::record::{Keep, Records, now};
use kfleet::tekton::objects::Objects;
use kfleet::tekton::plan::PlanOptions;
use kfleet::tekton::show::{self as plan_form, Format};
use kfleet::tekton::types::ObjectKind;
use kfleet::text::count;
use kfleet::tree::{list_folder, read_value_file};
use std::path::PathBuf;

/// The name of the folders that runs are made in.
const NAME: &str = "run-pipeline";

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
        show::verify_terminal(context)?;
    }
    let cancel = Cancel::default();
    if mode == Mode::Run {
        // Before anything that would have to be cleaned up.
        signals::stop_on_signals(&cancel)?;
    }
    let mut asked_for = asked_of(args, context)?;
    let fork = select::untrusted(&asked_for)?;
    if let Some(why) = &fork {
        ui.status(&format!("the run is not trusted: {why}"));
    }
    let mut options = options(args, context)?;
    options.plan.untrusted |= fork.is_some();
    let is_untrusted = options.plan.untrusted;
    if is_untrusted {
        args.verify_untrusted()?;
    }
    let settings = git::Settings::new(context.environment.clone(), "");
    let temporary = context.temporary();
    RunFolder::remove_abandoned(&temporary, NAME);
    let location = RunFolder::new(&temporary, NAME, args.run.keep)?;
    let checkout = Checkout::take(&context.root, args.event.base.as_deref(), location.path(), &settings)?;
    match run_pipeline::tools_of(&checkout, is_untrusted)? {
        Ok(tools) => options.tools = std::mem::take(&mut options.tools).or(tools),
        Err(problems) => {
            ui.problems(&problems);
            return Ok(Outcome::Ended(ErrorKind::Usage));
        }
    }
    let program = context.program()?;
    let asked = match args.run.engine {
        EngineArg::Auto => None,
        EngineArg::Sandbox => Some(Kind::Sandbox),
        EngineArg::Process => Some(Kind::Process),
        EngineArg::Container => Some(Kind::Container),
    };
    let choice = match mode {
        Mode::Run => engine::choose(asked, is_untrusted, location.path(), &program, &context.environment)?,
        _ => {
            engine::Choice { kind: asked.unwrap_or(Kind::Sandbox), why: String::new(), runtime: None, is_asked: false }
        }
    };
    let objects = if is_untrusted { Objects::default() } else { objects(args, context)? };
    let cache = context.cache()?;
    let ways = Ways {
        choice: &choice,
        network: if args.run.network == NetworkArg::Host { Network::Host } else { Network::None },
        objects: &objects,
        is_untrusted,
        allows_host_paths: args.run.allow_host_path,
        keep: args.run.keep,
        apply: args.run.apply,
        push: args.run.push,
        tools: args.run.tools_from.iter().map(|folder| context.path(folder)).collect(),
        location: location.path(),
        cache: &cache,
        program: &program,
        environment: &context.environment,
        fetching: &|image| ui.status(&format!("fetching the image {image}")),
        cancel: &cancel,
    };
    asked_for.url = ways.url();
    let downloads = Downloads::new(ui);
    let remotes = remote::remotes(&args.remote, checkout.facts.url.as_deref(), is_untrusted, context, &downloads)?;
    if mode == Mode::Lint {
        return show::linted(&run_pipeline::lint(&checkout, &asked_for, &options, &remotes)?, args, ui);
    }
    let selection = select::select(&checkout, &asked_for)?;
    let (errors, doubts): (Vec<_>, Vec<_>) =
        selection.problems.iter().cloned().partition(|problem| problem.severity == Severity::Error);
    ui.problems(&errors);
    // What every run would repeat is told where it is asked for.
    if !doubts.is_empty() {
        ui.note(&format!("--lint shows {} about trigger files", count(doubts.len(), "warning")));
    }
    if !errors.is_empty() {
        return Ok(Outcome::Ended(ErrorKind::Usage));
    }
    if matches!(mode, Mode::List | Mode::Explain) {
        return list(&selection, args, ui);
    }
    let mut prepared = Vec::new();
    let mut unprepared = Unprepared::default();
    for selected in selection.selected {
        match prepare(&checkout, selected, &options, &remotes, now()) {
            Ok(ready) => prepared.push(ready),
            Err(found) => unprepared.add(found),
        }
    }
    prepared.iter().for_each(|ready| ui.problems(&ready.warnings));
    ui.problems(&run_pipeline::unused(&prepared));
    if choice.kind == Kind::Process {
        ui.problems(&run_pipeline::unmapped(&prepared));
    }
    if unprepared != Unprepared::default() {
        return remote::refuse(&unprepared, ui);
    }
    if prepared.is_empty() {
        ui.status(&format!("the event starts no job: {}", selection.event));
        ui.note("kfleet run-pipeline --explain tells why");
        let outcome = Ok(if args.output.fail_if_none { Outcome::Ended(ErrorKind::Usage) } else { Outcome::Done });
        if mode == Mode::Run && args.output.form == OutputFormat::Json {
            ui.report("RunPipelineReport", &RunPipelineReport::new(&selection.event, Vec::new(), &outcome))?;
        }
        return outcome;
    }
    if mode == Mode::Plan {
        return plans(&prepared, args, ui);
    }
    let (mut worst, mut runs) = (Outcome::Done, Vec::new());
    for ready in &prepared {
        if cancel.is_requested() {
            worst = Outcome::Ended(ErrorKind::Interrupted);
            break;
        }
        let sink = show::sink(ready, &records, &checkout.clone.home(), args, context, ui);
        let screen: Option<&dyn Screen> = if args.run.shell_on_failure { Some(&sink) } else { None };
        let report = run_pipeline::run(&checkout, ready, &options, &ways, &sink, screen);
        let shown = sink.finish(ready.selected.name(), ui);
        runs.push(OneRun::new(ready, shown, &report, args.output.diff));
        match report {
            Ok(report) => {
                told(&report, args, ui)?;
                worst = report.failure().map_or(worst, |kind| worse(worst, kind));
            }
            Err(error) => {
                ui.error(&error);
                worst = worse(worst, error.kind);
                break;
            }
        }
    }
    if args.output.form == OutputFormat::Json {
        ui.report("RunPipelineReport", &RunPipelineReport::new(&selection.event, runs, &Ok(worst)))?;
    }
    Ok(worst)
}

/// Of several runs, the highest exit code counts.
fn worse(worst: Outcome, kind: ErrorKind) -> Outcome {
    if kind.exit_code() > worst.exit_code() { Outcome::Ended(kind) } else { worst }
}

fn options(args: &Args, context: &Context) -> Result<Options, Error> {
    let mut given = Vec::new();
    for named in &args.run.with {
        let path = &context.path(named);
        let files = match path.is_dir() {
            true => list_folder(path)
                .map_err(kfleet::tree::Error::into_usage)?
                .unwrap_or_default()
                .into_iter()
                .map(|name| path.join(name))
                .collect(),
            false => vec![path.clone()],
        };
        let is_yaml = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        for file in files.into_iter().filter(|file| !path.is_dir() || is_yaml(file)) {
            given.push((
                file.display().to_string(),
                read_value_file(&file, 16 * 1024 * 1024).map_err(kfleet::tree::Error::into_usage)?,
            ));
        }
    }
    Ok(Options {
        plan: PlanOptions {
            only: args.run.task.clone(),
            from_step: args.run.from_step.clone(),
            untrusted: args.event.untrusted,
        },
        timeout: args.run.timeout,
        tools: Tools::parse(&args.run.tool, &args.run.overrides)?,
        namespace: args.run.namespace.clone(),
        given,
    })
}

fn objects(args: &Args, context: &Context) -> Result<Objects, Error> {
    let mut objects = Objects::default();
    if let Some(config) = context.config() {
        object_flags::add_user_file(&mut objects, &config.join("secrets.yaml"), Some(&context.root))?;
    }
    let listed = [(ObjectKind::Secret, &args.run.secret), (ObjectKind::ConfigMap, &args.run.configmap)];
    for (kind, texts) in listed {
        for text in texts {
            object_flags::add_option(&mut objects, kind, text, &context.environment)?;
        }
    }
    Ok(objects)
}

fn asked_of(args: &Args, context: &Context) -> Result<Asked, Error> {
    let event = &args.event;
    // Both say what has happened.
    let implied = event.tag.as_ref().map(|_| "tag").or(event.pr.map(|_| "pull_request"));
    let saved = |file: &PathBuf| {
        let bytes = read_value_file(&context.path(file), 25 * 1024 * 1024).map_err(kfleet::tree::Error::into_usage)?;
        Ok::<_, Error>(Saved { file: file.display().to_string(), bytes, event_type: event.event_type.clone() })
    };
    Ok(Asked {
        job: args.job.clone(),
        event: event.event.as_deref().or(implied).map(str::to_owned),
        comment: event.comment.clone(),
        saved: event.from_event.as_ref().map(saved).transpose()?,
        pull: event.pr,
        tag: event.tag.clone(),
        trust: event.trust,
        failed_contexts: event.failed_context.clone(),
        config_from: event.config_from.clone(),
        url: String::new(),
        now: now(),
    })
}

fn list(selection: &Selection, args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let run = selection.selected.iter().map(|job| (true, job.kind(), job.name(), job.why.as_str()));
    let skip = selection.skipped.iter().map(|(name, kind, why)| (false, *kind, name.as_str(), why.as_str()));
    let jobs: Vec<(bool, &str, &str, &str)> = run.chain(skip).collect();
    if args.output.form == OutputFormat::Json {
        let jobs: Vec<serde_json::Value> = jobs
            .iter()
            .map(|(runs, kind, name, why)| serde_json::json!({"job": name, "kind": kind, "runs": runs, "why": why}))
            .collect();
        ui.sorted_report("JobListReport", serde_json::json!({"event": selection.event, "jobs": jobs}))?;
        return Ok(Outcome::Done);
    }
    ui.status(&format!("event: {}", selection.event));
    let width = jobs.iter().map(|(_, _, name, _)| name.len()).max().unwrap_or_default();
    for (runs, kind, name, why) in jobs {
        let verb = if runs { "run" } else { "skip" };
        let why = if args.modes.explain { format!("  {why}") } else { String::new() };
        ui.line(format!("{verb:<4}  {kind:<10}  {name:<width$}{why}").trim_end())?;
    }
    Ok(Outcome::Done)
}

fn plans(prepared: &[Prepared], args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let format = match args.output.form {
        OutputFormat::Text | OutputFormat::Sarif => Format::Text,
        OutputFormat::Json => Format::Json,
        OutputFormat::Yaml => Format::Yaml,
        OutputFormat::Dot => Format::Dot,
        OutputFormat::Mermaid => Format::Mermaid,
    };
    prepared.iter().try_for_each(|ready| ui.data(plan_form::render(&ready.plan, format)?.as_bytes()))?;
    Ok(Outcome::Done)
}
