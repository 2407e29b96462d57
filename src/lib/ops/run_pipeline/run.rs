//! Carrying out a planned job: remote, stand-ins, preflight, engine, controller, and what becomes of what was pushed.

use super::engine::{self, Choice, Kind};
use super::shell::{self, Screen};
use super::{Checkout, Options, Prepared};
use crate::digest::sha256;
use crate::error::{Error, ErrorKind, Result};
use crate::git::{self, Brought, Push, Pushed, Refs, StepSettings, Throwaway};
use crate::process::Environment;
use crate::runner::cancel::Cancel;
use crate::runner::event::{Event, Sink};
use crate::runner::local::controller::{self, FailedStep};
use crate::runner::local::folder::RunFolder;
use crate::runner::local::preflight::{self, Given};
use crate::runner::local::programs::shims::{self, Kfleet, Programs, PullRequest};
use crate::runner::local::settings::{Bind, HostPaths, Limits, Network, SHIMS, Settings};
use crate::runner::local::step_engine::TaskSpace;
use crate::runner::mask::Masker;
use crate::runner::masking_sink::MaskingSink;
use crate::tekton::objects::Objects;
use crate::tree::{Root, remove_all};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Where steps see the remote, unless they see the host.
const REMOTE: &str = "/kfleet/remote.git";
/// Where they see the lowest of git's settings.
const GIT_SETTINGS: &str = "/kfleet/gitconfig";

/// How a run is carried out.
pub struct Ways<'a> {
    /// The engine.
    pub choice: &'a Choice,
    /// Whether steps reach the network.
    pub network: Network,
    /// The Secrets and ConfigMaps.
    pub objects: &'a Objects,
    /// Whether the event is not trusted.
    pub is_untrusted: bool,
    /// Whether steps see real paths of the host where they mount them.
    pub allows_host_paths: bool,
    /// Whether the folder of the run stays.
    pub keep: bool,
    /// Whether what is pushed is brought into the work tree.
    pub apply: bool,
    /// Whether it is pushed to the real remote.
    pub push: bool,
    /// Folders with further programs.
    pub tools: Vec<PathBuf>,
    /// The folder of all runs of this call. One run follows the other, each with a remote of its own at the same path.
    pub location: &'a Path,
    /// Where folders that outlive runs are.
    pub cache: &'a Path,
    /// kfleet itself.
    pub program: &'a Path,
    /// The caller's environment.
    pub environment: &'a Environment,
    /// Told before an image is fetched, which may take long.
    pub fetching: &'a dyn Fn(&str),
    /// Ends the run.
    pub cancel: &'a Cancel,
}

/// What became of a run. Nothing in it holds a secret.
#[derive(Debug)]
pub struct Report {
    /// The name of the run.
    pub run: String,
    /// How it ended.
    pub reason: String,
    /// Whether that is a success.
    pub is_success: bool,
    /// Whether the image of some step could not be had.
    pub lacks_image: bool,
    /// What was pushed to the throwaway remote.
    pub pushes: Vec<Push>,
    /// What became of it here.
    pub brought: Option<Brought>,
    /// What was pushed to the real remote.
    pub sent: Option<Pushed>,
    /// Why it was not brought in or not pushed, though that was asked for.
    pub refused: Vec<Error>,
    /// The refs of the clone that keep what would else be lost then.
    pub held: Vec<String>,
    /// The folder of the run, where it stays.
    pub kept: Option<PathBuf>,
}

impl Report {
    /// The kind of failure that the exit code tells; nothing where all that was asked for has succeeded.
    pub fn failure(&self) -> Option<ErrorKind> {
        match self.reason.as_str() {
            _ if self.is_success => self.refused.first().map(|error| error.kind),
            _ if self.lacks_image => Some(ErrorKind::Environment),
            "PipelineRunTimeout" => Some(ErrorKind::Timeout),
            "Cancelled" | "CancelledRunningFinally" => Some(ErrorKind::Interrupted),
            _ => Some(ErrorKind::Failed),
        }
    }
}

impl Ways<'_> {
    /// The URL of the repository as steps see it.
    pub fn url(&self) -> String {
        let remote = match self.choice.kind {
            Kind::Process => self.location.join("remote.git").display().to_string(),
            _ => REMOTE.to_owned(),
        };
        format!("file://{remote}")
    }
}

/// Carries out a prepared job. All events go to `sink`, masked. Where a step fails, a shell is opened on `screen`.
///
/// # Errors
/// Something is missing, or cannot be made; nothing has run then. Or what was pushed cannot be read or brought in.
pub fn run(
    checkout: &Checkout,
    prepared: &Prepared,
    options: &Options,
    ways: &Ways<'_>,
    sink: &dyn Sink,
    screen: Option<&dyn Screen>,
) -> Result<Report> {
    let masker = Masker::of(ways.objects)?;
    let masked = MaskingSink::new(masker.clone(), sink);
    carry_out(checkout, prepared, options, ways, &masked, screen.map(|screen| (screen, &masker)))
        .map(|report| without_secrets(report, &masker))
        .map_err(|error| masker.error(error))
}

fn carry_out(
    checkout: &Checkout,
    prepared: &Prepared,
    options: &Options,
    ways: &Ways<'_>,
    sink: &dyn Sink,
    screen: Option<(&dyn Screen, &Masker)>,
) -> Result<Report> {
    let (facts, selected) = (&checkout.facts, &prepared.selected);
    let head_branch = checkout.head_branch();
    let base = facts.base.clone().map(|tip| (facts.base_branch.clone(), tip));
    let refs = Refs {
        head_branch: head_branch.clone(),
        base: base.filter(|(branch, _)| *branch != head_branch),
        default_branch: facts.default_branch.clone(),
        pull: selected.pull,
    };
    let path = ways.location.to_owned();
    for name in ["remote.git", "bin"] {
        remove_all(&path.join(name))?;
    }
    let remote = path.join("remote.git");
    let throwaway = Throwaway::create(&checkout.clone, &checkout.snapshot, &remote, &refs)?;
    let kfleet = match ways.choice.kind {
        Kind::Process => Kfleet::Link(ways.program.to_owned()),
        _ => Kfleet::Place,
    };
    let bin = path.join("bin");
    shims::write(&bin, &kfleet, &options.tools, &PullRequest { number: selected.pull, head_branch })?;
    let path_of_steps = engine::sandbox_path(ways.environment, &ways.tools);
    let programs = Programs::new(Some(&bin), Some(std::ffi::OsStr::new(&path_of_steps)));
    let lacks = preflight::lacking(&prepared.plan.needs, &|name| programs.has(name));
    let containers = engine::instead(ways.choice, &lacks, &|| engine::usable_runtime(ways.environment));
    let choice = containers.as_ref().unwrap_or(ways.choice);
    let git_settings = StepSettings::new(ways.url(), facts.url.as_deref());
    Root::open(&path)?.write("gitconfig", git_settings.file().as_bytes())?;
    let bind = |source: PathBuf, path: &str, read_only| Bind { source, path: path.to_owned(), read_only };
    let mut binds = vec![
        bind(bin.clone(), SHIMS, true),
        bind(remote, REMOTE, false),
        bind(path.join("gitconfig"), GIT_SETTINGS, true),
    ];
    if ways.choice.kind != Kind::Process {
        binds.push(bind(ways.program.to_owned(), &format!("{SHIMS}/kfleet"), true));
    }
    let mut variables = git_settings.environment();
    let lowest = match ways.choice.kind {
        Kind::Process => path.join("gitconfig").display().to_string(),
        _ => GIT_SETTINGS.to_owned(),
    };
    variables.push(("GIT_CONFIG_SYSTEM".to_owned(), lowest));
    let network = if ways.is_untrusted { Network::None } else { ways.network };
    let settings = Settings {
        run: RunFolder::new(&path, &prepared.plan.run.context.name, ways.keep)?,
        environment: ways.environment.clone(),
        network,
        host_paths: match ways.allows_host_paths && !ways.is_untrusted {
            true => HostPaths::Real,
            false => HostPaths::Cache(host_folder(ways.cache, &checkout.clone.home())),
        },
        binds,
        tools: ways.tools.clone(),
        limits: Limits::default(),
    };
    let (engine, search_path) = engine::start(choice, settings, ways.program)?;
    let programs = Programs::new(Some(&bin), search_path.as_deref().map(std::ffi::OsStr::new));
    let verified = preflight::verify(
        &prepared.plan.needs,
        &Given {
            has_images: search_path.is_none(),
            has_program: &|name| programs.has(name),
            stand_ins: &options.tools.stand_ins(&prepared.plan),
            missing_image: &|image| engine.missing_image(image, &ways.cancel.stop(), &|| (ways.fetching)(image)),
            objects: ways.objects,
            is_untrusted: ways.is_untrusted,
        },
    );
    if ways.cancel.is_requested() {
        return Err(Error::new(ErrorKind::Interrupted, "the run was cancelled before its first task could start"));
    }
    verified?;
    let problems = controller::unsupported(&prepared.plan, engine.as_ref());
    if let Some(problem) = problems.into_iter().next() {
        let error = Error::new(ErrorKind::Environment, problem.message);
        return Err(problem.hint.into_iter().fold(error, Error::with_hint));
    }
    let names = prepared.plan.tasks.iter().chain(&prepared.plan.finally).map(|task| task.name.clone());
    sink.event(Event::Plan {
        job: selected.name().to_owned(),
        engine: engine.name().to_owned(),
        why: choice.why.clone(),
        tasks: names.collect(),
    });
    let last = Last { inner: sink, end: Mutex::default() };
    let with_git = crate::runner::local::engines::with_variables::WithVariables::new(engine.as_ref(), variables);
    let open = |space: &mut dyn TaskSpace, failed: &FailedStep<'_>| {
        if let Some((screen, masker)) = screen {
            shell::open(screen, &shell::StepContext { engine: engine.name(), network, masker }, space, failed);
        }
    };
    let on_failure: Option<&controller::OnFailure<'_>> = if screen.is_some() { Some(&open) } else { None };
    let controls = controller::Settings { on_failure, ..controller::Settings::default() };
    let outcome = controller::run(&prepared.plan, &with_git, ways.objects, ways.cancel, &last, &controls);
    let pushes = throwaway.pushes();
    for push in pushes.as_deref().unwrap_or_default() {
        sink.event(Event::Push {
            reference: push.reference.clone(),
            old: push.old.clone(),
            new: push.new.clone(),
            commits: push.commits.iter().map(|commit| commit.subject.clone()).collect(),
            files: push.files.len(),
        });
    }
    last.give();
    let mut report = Report {
        run: prepared.plan.run.context.name.clone(),
        reason: outcome.reason.clone(),
        is_success: outcome.is_success(),
        lacks_image: outcome.lacks_image(),
        pushes: pushes?,
        brought: None,
        sent: None,
        refused: Vec::new(),
        held: Vec::new(),
        kept: ways.keep.then_some(path),
    };
    after(checkout, &throwaway, ways, &mut report);
    Ok(report)
}

/// Brings in, and sends on, what a run that succeeded has pushed. Where neither is possible, though it was asked for, the
/// commits stay in the clone: the run may have taken long.
fn after(checkout: &Checkout, throwaway: &Throwaway, ways: &Ways<'_>, report: &mut Report) {
    if !report.is_success || ways.is_untrusted || report.pushes.is_empty() || !(ways.push || ways.apply) {
        return;
    }
    let settings = git::Settings::new(ways.environment.clone(), "");
    if ways.push {
        match checkout.clone.send(throwaway, &checkout.snapshot, &settings) {
            Ok(sent) => report.sent = sent,
            Err(error) => report.refused.push(error),
        }
    }
    if ways.apply {
        let planned = checkout.clone.bring(throwaway, &checkout.snapshot, ways.location, &settings);
        match planned.and_then(|planned| planned.map(|planned| planned.apply(&settings)).transpose()) {
            Ok(brought) => report.brought = brought,
            Err(error) => report.refused.push(error),
        }
    }
    if report.sent.is_some() || report.brought.is_some() {
        return;
    }
    if report.refused.is_empty() {
        let message = "nothing was brought in or sent: the run has not pushed to the branch that is checked out";
        report.refused.push(Error::new(ErrorKind::Refused, message));
    }
    match checkout.clone.hold(throwaway, &report.pushes, &report.run) {
        Ok(held) => held.into_iter().for_each(|one| match one {
            Ok(reference) => report.held.push(reference),
            Err(error) => report.refused.push(error),
        }),
        Err(error) => report.refused.push(error),
    }
}

/// Steps choose the names of refs and files too.
fn without_secrets(mut report: Report, masker: &Masker) -> Report {
    let hide = |text: &mut String| *text = masker.text(text);
    for push in &mut report.pushes {
        hide(&mut push.reference);
        hide(&mut push.diff);
        push.files.iter_mut().for_each(hide);
        push.commits.iter_mut().for_each(|commit| hide(&mut commit.subject));
    }
    match &mut report.brought {
        Some(Brought::Forward { branch, files, .. }) => {
            hide(branch);
            files.iter_mut().for_each(hide);
        }
        Some(Brought::Files(files)) => files.iter_mut().for_each(hide),
        None => {}
    }
    if let Some(sent) = &mut report.sent {
        hide(&mut sent.branch);
        hide(&mut sent.remote);
    }
    report.held.iter_mut().for_each(hide);
    report.refused = report.refused.into_iter().map(|error| masker.error(error)).collect();
    report
}

/// Where the paths of the host are that a repository's runs see: what one repository puts there, no other one trusts.
fn host_folder(cache: &Path, repository: &Path) -> PathBuf {
    let key = sha256(repository.as_os_str().as_encoded_bytes());
    cache.join("host-paths").join(&key[..16])
}

/// Keeps the end of the run until what was pushed is told.
struct Last<'a> {
    inner: &'a dyn Sink,
    end: Mutex<Option<Event>>,
}

impl Last<'_> {
    fn give(&self) {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner).take();
        end.into_iter().for_each(|event| self.inner.event(event));
    }
}

impl Sink for Last<'_> {
    fn event(&self, event: Event) {
        match event {
            end @ Event::RunEnd { .. } => *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(end),
            other => self.inner.event(other),
        }
    }
}
