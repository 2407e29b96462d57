//! `kfleet run-pipeline`: the flags, and what they mean.

mod show;

use crate::context::Context;
use crate::fmt::count;
use crate::ui::{Outcome, Ui};
use kfleet::error::{Error, ErrorKind};
use kfleet::git;
use kfleet::ops::run_pipeline::engine::{self, Kind};
use kfleet::ops::run_pipeline::select::{self, Asked, Selection};
use kfleet::ops::run_pipeline::{self, Checkout, Options, Prepared, Report, Ways, parse_duration, prepare};
use kfleet::pipeline::given;
use kfleet::pipeline::log::push_text;
use kfleet::pipeline::objects::Objects;
use kfleet::pipeline::runner::controller::Cancel;
use kfleet::pipeline::runner::folder::RunFolder;
use kfleet::pipeline::runner::options::Network;
use kfleet::pipeline::runner::record::{Keep, Records, now};
use kfleet::pipeline::runner::stand_ins::Programs;
use kfleet::pipeline::runner::tools::Tools;
use kfleet::pipeline::tekton::plan::PlanOptions;
use kfleet::pipeline::tekton::show::{self as plan_form, Format};
use kfleet::pipeline::tekton::types::ObjectKind;
use kfleet::problem::Severity;
use kfleet::tree::{list_folder, read_value_file};
use std::path::{Path, PathBuf};

/// Run a pipeline of the repository on this machine
///
/// Reads .lighthouse/triggers.yaml, selects the jobs that an event starts, and runs their Tekton pipelines with the work
/// tree as it is: no cluster, no daemon, and nothing leaves the machine. Steps clone from and push to a throwaway copy of
/// the repository; what they push is shown, and brought in with --apply.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet run-pipeline --list                    the jobs, and which of them this branch starts
  kfleet run-pipeline pr --plan                 what would run
  kfleet run-pipeline .lighthouse/pr.yaml       run a file
  kfleet run-pipeline pr --apply                bring in what the run pushes
  kfleet run-pipeline pr --override 'make generate=kfleet generate'
  kfleet run-pipeline --logs                    the log of the last run once more")]
pub(crate) struct Args {
    /// A job, or the file of a run; without it, the jobs that the event starts
    #[arg(value_name = "JOB")]
    pub job: Option<String>,
    #[command(flatten)]
    pub event: EventArgs,
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The event.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The event")]
pub(crate) struct EventArgs {
    /// What has happened; by default what the branch and its changes tell
    #[arg(long, value_name = "EVENT", value_parser = ["pull_request", "push", "tag"])]
    pub event: Option<String>,
    /// A comment on the pull request, such as "/test pr"
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// A saved webhook payload
    #[arg(long, value_name = "FILE")]
    pub from_event: Option<PathBuf>,
    /// Its type, such as issue_comment
    #[arg(long, value_name = "TYPE", requires = "from_event")]
    pub event_type: Option<String>,
    /// The number of the pull request
    #[arg(long, value_name = "N")]
    pub pr: Option<u64>,
    /// The branch that the pull request goes to
    #[arg(long, value_name = "BRANCH")]
    pub base: Option<String>,
    /// The tag that is pushed, with --event tag
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// Trust the author of the event
    #[arg(long)]
    pub trust: bool,
    /// No secrets, no push, no engine that does not confine: the default for events of forks
    #[arg(long, conflicts_with = "trust")]
    pub untrusted: bool,
    /// A status that has failed, for a comment /retest
    #[arg(long, value_name = "NAME")]
    pub failed_context: Vec<String>,
    /// Whose trigger files count
    #[arg(long, value_name = "SIDE", value_parser = ["head", "base", "merged"])]
    pub config_from: Option<String>,
}

/// The run.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The run")]
pub(crate) struct RunArgs {
    /// What carries out steps
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    pub engine: EngineArg,
    /// Whether steps reach the network
    #[arg(long, value_name = "NETWORK", default_value = "none")]
    pub network: NetworkArg,
    /// A Secret: NAME=DIR, NAME=FILE, NAME:KEY=FILE or NAME:KEY=env:VARIABLE
    #[arg(long, value_name = "SECRET")]
    pub secret: Vec<String>,
    /// A ConfigMap, in the same forms
    #[arg(long, value_name = "CONFIGMAP")]
    pub configmap: Vec<String>,
    /// What an image starts by itself: IMAGE=PROGRAM ARGUMENT..
    #[arg(long, value_name = "TOOL")]
    pub tool: Vec<String>,
    /// Another program for a command: 'make generate=kfleet generate'
    #[arg(long = "override", value_name = "COMMAND")]
    pub overrides: Vec<String>,
    /// Files or folders with the Tasks and Pipelines that are named only
    #[arg(long, value_name = "PATH")]
    pub with: Vec<PathBuf>,
    /// A folder with further programs, which the sandbox shows
    #[arg(long, value_name = "DIR")]
    pub tools_from: Vec<PathBuf>,
    /// Run only this task
    #[arg(long, value_name = "TASK")]
    pub task: Option<String>,
    /// Run its steps from this one on
    #[arg(long, value_name = "STEP", requires = "task")]
    pub from_step: Option<String>,
    /// In the place of the run's own timeout, such as 15m
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// The namespace that the run believes to be in
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub namespace: String,
    /// hostPath volumes are the paths of this machine, not folders of kfleet's
    #[arg(long)]
    pub allow_host_path: bool,
    /// Keep the folder of the run
    #[arg(long)]
    pub keep: bool,
    /// Bring what the run has pushed to the head branch into the work tree
    #[arg(long)]
    pub apply: bool,
    /// Push it to the real remote
    #[arg(long)]
    pub push: bool,
}

/// What is shown.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is shown")]
pub(crate) struct OutputArgs {
    /// List the jobs, and whether the event starts them
    #[arg(long)]
    pub list: bool,
    /// Tell why each job is started or not
    #[arg(long)]
    pub explain: bool,
    /// Show what would run, and run nothing
    #[arg(long, visible_alias = "dry-run")]
    pub plan: bool,
    /// The form of the plan
    #[arg(short = 'o', long = "output", value_name = "FORM", default_value = "text")]
    pub form: FormArg,
    /// Check trigger files and pipelines, and run nothing
    #[arg(long)]
    pub lint: bool,
    /// The form of the log; by default groups in a CI service that is known, else text
    #[arg(long, value_name = "FORM", default_value = "auto")]
    pub log: LogArg,
    /// Show the log of a run that was, by default the last one
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "")]
    pub logs: Option<String>,
    /// List the runs that were
    #[arg(long)]
    pub runs: bool,
    /// Show the log of a step only if it fails
    #[arg(long)]
    pub quiet_success: bool,
    /// Show the diff of what the run has pushed
    #[arg(long)]
    pub diff: bool,
    /// Exit with 2 where the event starts no job
    #[arg(long)]
    pub fail_if_none: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum EngineArg {
    /// The sandbox where it can be made, else containers, else plain programs.
    Auto,
    /// Namespaces, with the programs of this machine.
    Sandbox,
    /// Plain programs of this machine.
    Process,
    /// Each step in its image, by podman or docker.
    Container,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum NetworkArg {
    /// They do not.
    None,
    /// As this machine does.
    Host,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FormArg {
    /// For people.
    Text,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// The graph, for Graphviz.
    Dot,
    /// The graph, for Mermaid.
    Mermaid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogArg {
    /// What fits where kfleet runs.
    Auto,
    /// Text.
    Text,
    /// One JSON object on each line.
    Json,
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let records = Records::new(context.state()?.join("runs"), Keep::default());
    if args.output.runs {
        for about in records.list()? {
            let reason = about.reason.as_deref().unwrap_or("unfinished");
            ui.line(&format!("{}  {}  {}  {reason}", about.began, about.run, about.job))?;
        }
        return Ok(Outcome::Done);
    }
    if let Some(run) = &args.output.logs {
        return show::replay(&records, Some(run.as_str()).filter(|run| !run.is_empty()), args, context, ui);
    }
    let only_shown = args.output.plan || args.output.list || args.output.explain || args.output.lint;
    let cancel = Cancel::default();
    if !only_shown {
        // Before anything that starts threads: these would get the signals instead.
        show::stop_on_signals(&cancel)?;
    }
    let mut asked_for = asked_of(args)?;
    let fork = select::untrusted(&asked_for)?;
    if let Some(why) = &fork {
        ui.status(&format!("the run is not trusted: {why}"));
    }
    let mut options = options(args)?;
    options.plan.untrusted |= fork.is_some();
    let is_untrusted = options.plan.untrusted;
    if is_untrusted && (args.run.apply || args.run.push) {
        let error =
            Error::new(ErrorKind::Refused, "what a run pushes that is not trusted is neither applied nor pushed");
        return Err(error.with_hint("run it without --apply and --push, and look at it with --diff"));
    }
    let settings = git::Settings::new(context.environment.clone(), "");
    let temporary = context.temporary();
    let checkout = Checkout::take(Path::new("."), args.event.base.as_deref(), &temporary, &settings)?;
    let program = context.program()?;
    let programs = Programs::new(None, context.environment.get("PATH"));
    let asked = match args.run.engine {
        EngineArg::Auto => None,
        EngineArg::Sandbox => Some(Kind::Sandbox),
        EngineArg::Process => Some(Kind::Process),
        EngineArg::Container => Some(Kind::Container),
    };
    let choice = match only_shown {
        true => engine::Choice { kind: asked.unwrap_or(Kind::Sandbox), why: String::new(), runtime: None },
        false => engine::choose(asked, is_untrusted, &temporary, &program, &|name| programs.has(name))?,
    };
    let objects = if is_untrusted { Objects::default() } else { objects(args, context)? };
    let cache = context.cache()?;
    let place = RunFolder::new(&temporary, "run-pipeline", args.run.keep)?;
    let ways = Ways {
        choice: &choice,
        network: if args.run.network == NetworkArg::Host { Network::Host } else { Network::None },
        objects: &objects,
        is_untrusted,
        allows_host_paths: args.run.allow_host_path,
        keep: args.run.keep,
        apply: args.run.apply,
        push: args.run.push,
        tools: args.run.tools_from.clone(),
        place: place.path(),
        cache: &cache,
        program: &program,
        environment: &context.environment,
        cancel: &cancel,
    };
    asked_for.url = ways.url();
    let root = Path::new(".");
    let selection = select::select(root, &checkout, &asked_for)?;
    let (errors, doubts): (Vec<_>, Vec<_>) =
        selection.problems.iter().cloned().partition(|problem| problem.severity == Severity::Error);
    ui.problems(&errors);
    // What every run would repeat is told where it is asked for.
    match args.output.lint {
        true => ui.problems(&doubts),
        false if !doubts.is_empty() => {
            ui.note(&format!("--lint shows {} about trigger files", count(doubts.len(), "warning")))
        }
        false => {}
    }
    if !errors.is_empty() {
        return Ok(Outcome::Ended(ErrorKind::Usage));
    }
    if args.output.list || args.output.explain {
        return list(&selection, args, ui);
    }
    let mut prepared = Vec::new();
    let mut problems = Vec::new();
    for selected in selection.selected {
        match prepare(root, selected, &options, now()) {
            Ok(ready) => prepared.push(ready),
            Err(found) => problems.extend(found),
        }
    }
    prepared.iter().for_each(|ready| ui.problems(&ready.warnings));
    ui.problems(&run_pipeline::unused(&prepared));
    if !problems.is_empty() {
        ui.problems(&problems);
        return Ok(Outcome::Ended(ErrorKind::Usage));
    }
    if args.output.lint {
        return Ok(Outcome::Done);
    }
    if prepared.is_empty() {
        ui.status(&format!("the event starts no job: {}", selection.event));
        ui.note("kfleet run-pipeline --explain tells why");
        return Ok(if args.output.fail_if_none { Outcome::Ended(ErrorKind::Usage) } else { Outcome::Done });
    }
    if args.output.plan {
        return plans(&prepared, args, ui);
    }
    if cancel.is_requested() {
        return Ok(Outcome::Ended(ErrorKind::Interrupted));
    }
    let mut worst = Outcome::Done;
    for ready in &prepared {
        let (sink, record) = show::sink(ready, &records, args, context, ui)?;
        let report = run_pipeline::run(&checkout, ready, &options, &ways, &sink);
        sink.finish(ready.selected.name(), ui)?;
        if let Some(Err(error)) = record.map(|record| record.end()) {
            ui.status(&format!("the record of the run is not complete: {error}"));
        }
        let report = report?;
        told(&report, args, ui)?;
        if let Some(kind) = report.failure() {
            worst = Outcome::Ended(kind);
        } else if (args.run.apply || args.run.push)
            && !report.pushes.is_empty()
            && report.brought.is_none()
            && report.sent.is_none()
        {
            ui.status("nothing was brought in or sent: the run has not pushed to the branch that is checked out");
            worst = Outcome::Ended(ErrorKind::Refused);
        }
        if cancel.is_requested() {
            break;
        }
    }
    Ok(worst)
}

fn options(args: &Args) -> Result<Options, Error> {
    let mut given = Vec::new();
    for path in &args.run.with {
        let files = match path.is_dir() {
            true => list_folder(path)?.unwrap_or_default().into_iter().map(|name| path.join(name)).collect(),
            false => vec![path.clone()],
        };
        let is_yaml = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        for file in files.into_iter().filter(|file| !path.is_dir() || is_yaml(file)) {
            given.push((file.display().to_string(), read_value_file(&file, 16 * 1024 * 1024)?));
        }
    }
    Ok(Options {
        plan: PlanOptions {
            only: args.run.task.clone(),
            from_step: args.run.from_step.clone(),
            untrusted: args.event.untrusted,
        },
        timeout: args.run.timeout.as_deref().map(parse_duration).transpose()?,
        tools: Tools::parse(&args.run.tool, &args.run.overrides)?,
        namespace: args.run.namespace.clone(),
        given,
    })
}

fn objects(args: &Args, context: &Context) -> Result<Objects, Error> {
    let mut objects = Objects::default();
    if let Some(config) = context.config() {
        given::add_user_file(&mut objects, &config.join("secrets.yaml"), Some(Path::new(".")))?;
    }
    let listed = [(ObjectKind::Secret, &args.run.secret), (ObjectKind::ConfigMap, &args.run.configmap)];
    for (kind, texts) in listed {
        for text in texts {
            given::add_option(&mut objects, kind, text, &context.environment)?;
        }
    }
    Ok(objects)
}

fn asked_of(args: &Args) -> Result<Asked, Error> {
    let event = &args.event;
    let payload = event.from_event.as_ref().map(|file| read_value_file(file, 25 * 1024 * 1024)).transpose()?;
    Ok(Asked {
        job: args.job.clone(),
        event: event.event.clone(),
        comment: event.comment.clone(),
        payload,
        payload_type: event.event_type.clone(),
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
    if args.output.form == FormArg::Json {
        let jobs: Vec<serde_json::Value> = jobs
            .iter()
            .map(|(runs, kind, name, why)| serde_json::json!({"job": name, "kind": kind, "runs": runs, "why": why}))
            .collect();
        let report = serde_json::json!({
            "apiVersion": "kfleet.dev/v1alpha1", "kind": "RunPipelineReport", "event": selection.event, "jobs": jobs,
        });
        ui.data(format!("{report:#}\n").as_bytes())?;
        return Ok(Outcome::Done);
    }
    ui.status(&format!("event: {}", selection.event));
    let width = jobs.iter().map(|(_, _, name, _)| name.len()).max().unwrap_or_default();
    for (runs, kind, name, why) in jobs {
        let verb = if runs { "run" } else { "skip" };
        let why = if args.output.explain { format!("  {why}") } else { String::new() };
        ui.line(format!("{verb:<4}  {kind:<10}  {name:<width$}{why}").trim_end())?;
    }
    Ok(Outcome::Done)
}

fn plans(prepared: &[Prepared], args: &Args, ui: &Ui) -> Result<Outcome, Error> {
    let format = match args.output.form {
        FormArg::Text => Format::Text,
        FormArg::Json => Format::Json,
        FormArg::Yaml => Format::Yaml,
        FormArg::Dot => Format::Dot,
        FormArg::Mermaid => Format::Mermaid,
    };
    prepared.iter().try_for_each(|ready| ui.data(plan_form::render(&ready.plan, format)?.as_bytes()))?;
    Ok(Outcome::Done)
}

/// What became of what was pushed.
fn told(report: &Report, args: &Args, ui: &Ui) -> Result<(), Error> {
    for push in &report.pushes {
        let subjects: Vec<String> = push.commits.iter().map(|commit| commit.subject.clone()).collect();
        let (old, new) = (push.old.as_deref(), push.new.as_deref());
        ui.note(&push_text(&push.reference, old, new, &subjects, push.files.len()));
        if args.output.diff {
            ui.diff(&push.diff)?;
        }
    }
    match &report.brought {
        Some(git::Brought::Forward { branch, files, .. }) => {
            ui.status(&format!("{branch} went forward: {} changed", count(files.len(), "file")));
        }
        Some(git::Brought::Files(files)) => {
            ui.status(&format!("{} changed in the work tree, not committed", count(files.len(), "file")));
        }
        None if report.pushes.is_empty() => {}
        None if report.sent.is_none() => ui.status("nothing left this machine; --apply brings in what was pushed"),
        None => {}
    }
    if let Some(sent) = &report.sent {
        ui.status(&format!("pushed to {}", sent.remote));
    }
    if let Some(folder) = &report.kept {
        ui.status(&format!("the folder of the run is {}", folder.display()));
    }
    Ok(())
}
