//! From the flags of `kfleet run-pipeline` to what they mean: files are read, and paths start at the root.

use super::args::{Args, EngineArg, NetworkArg};
use super::modes::Mode;
use crate::args::OutputFormat;
use crate::context::Context;
use crate::ui::Ui;
use crate::ui::run_log::{LogOptions, LogStream};
use kfleet::error::Error;
use kfleet::lighthouse::{Saved, Trust};
use kfleet::ops::run_pipeline::{Asked, Options, RemoteOptions, select};
use kfleet::runner::local::choice::EngineKind;
use kfleet::runner::local::programs::tools::Tools;
use kfleet::runner::local::settings::Network;
use kfleet::runner::object_flags;
use kfleet::runner::record::now;
use kfleet::tekton::objects::Objects;
use kfleet::tekton::plan::PlanOptions;
use kfleet::tekton::types::ObjectKind;
use kfleet::tree::{self, list_folder, read_value_file};
use std::path::{Path, PathBuf, absolute};

/// How the log of a run is shown.
pub(super) fn log_options(args: &Args) -> LogOptions {
    let stream = if args.output.form == OutputFormat::Json { LogStream::Stderr } else { LogStream::Stdout };
    LogOptions { format: args.output.log, quiet_success: args.output.quiet_success, stream }
}

/// What the flags mean. Shows on `ui` why a run is not trusted, where only its event says so.
///
/// # Errors
/// A file cannot be read or used; an untrusted run is given what it does not get.
pub(super) fn options(args: &Args, context: &Context, ui: &Ui) -> Result<Options, Error> {
    let asked = asked_of(args, context)?;
    let fork = select::untrusted(&asked)?;
    if let Some(why) = &fork {
        ui.status(&format!("the run is not trusted: {why}"));
    }
    let trust = if args.event.untrusted || fork.is_some() { Trust::Untrusted } else { Trust::Trusted };
    let (event, run, remote) = (&args.event, &args.run, &args.remote);
    let manifests = manifests(args, context)?;
    let tools = Tools::parse(&run.tool, &run.overrides)?;
    if trust.is_untrusted() {
        args.verify_untrusted()?;
    }
    // Programs are looked for at the same path on this machine and in the sandbox.
    let tool_folder = |folder: &PathBuf| absolute(context.path(folder)).unwrap_or_else(|_| folder.clone());
    Ok(Options {
        asked,
        base: event.base.clone(),
        plan: PlanOptions { only: run.task.clone(), from_step: run.from_step.clone(), trust },
        timeout: run.timeout,
        tools,
        namespace: run.namespace.clone(),
        manifests,
        objects: if trust.is_untrusted() { Objects::default() } else { objects(args, context)? },
        remotes: RemoteOptions {
            elsewhere: remote.remote.clone(),
            offline: remote.offline,
            allows_unpinned: remote.allow_unpinned,
        },
        runs: args.mode() == Mode::Run,
        engine: match run.engine {
            EngineArg::Auto => None,
            EngineArg::Sandbox => Some(EngineKind::Sandbox),
            EngineArg::Process => Some(EngineKind::Process),
            EngineArg::Container => Some(EngineKind::Container),
        },
        network: if run.network == NetworkArg::Host { Network::Host } else { Network::None },
        allows_host_paths: run.allow_host_path,
        tool_folders: run.tools_from.iter().map(tool_folder).collect(),
        opens_shell: run.shell_on_failure,
        keep: run.keep,
        apply: run.apply,
        push: run.push,
    })
}

/// Reads a file that is named; errors name it as it is given.
fn read(file: &Path, limit: usize, context: &Context) -> Result<Vec<u8>, Error> {
    read_value_file(&context.path(file), limit).map_err(|error| named(file, error))
}

fn named(file: &Path, error: tree::Error) -> Error {
    tree::Error { file: file.display().to_string(), ..error }.into_usage()
}

/// The files of `--with`, by their names as they are given.
fn manifests(args: &Args, context: &Context) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let is_yaml = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let mut files = Vec::new();
    for path in &args.run.with {
        if context.path(path).is_dir() {
            let names = list_folder(&context.path(path)).map_err(|error| named(path, error))?.unwrap_or_default();
            files.extend(names.into_iter().map(|name| path.join(name)).filter(is_yaml));
        } else {
            files.push(path.clone());
        }
    }
    let read = |file: PathBuf| Ok((file.display().to_string(), read(&file, 16 * 1024 * 1024, context)?));
    files.into_iter().map(read).collect()
}

fn objects(args: &Args, context: &Context) -> Result<Objects, Error> {
    let mut objects = Objects::default();
    if let Some(config) = context.config() {
        object_flags::add_user_file(&mut objects, &config.join("secrets.yaml"), Some(&context.root))?;
    }
    let listed = [(ObjectKind::Secret, &args.run.secret), (ObjectKind::ConfigMap, &args.run.configmap)];
    for (kind, texts) in listed {
        for text in texts {
            object_flags::add_option(&mut objects, kind, text, &context.root, &context.environment)?;
        }
    }
    Ok(objects)
}

fn asked_of(args: &Args, context: &Context) -> Result<Asked, Error> {
    let event = &args.event;
    // Both say what has happened.
    let implied = event.tag.as_ref().map(|_| "tag").or(event.pr.map(|_| "pull_request"));
    let saved = |file: &PathBuf| {
        let bytes = read(file, 25 * 1024 * 1024, context)?;
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
