//! [`LocalBackend`]: runs on this machine: which engine a plan gets, what its steps see beside their volumes, and whether all
//! that they need is here.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::choice::{self, EngineChoice, EngineKind};
use super::controller::{self, FailedStep, OnFailure};
use super::folder::RunFolder;
use super::folder::mounts::literal_paths;
use super::preflight::{self, Available};
use super::programs::shims::{self, Programs};
use super::programs::tools::Tools;
use super::settings::{Bind, HostPaths, Limits, Network, SHIMS, Settings};
use super::shell::{self, StepContext};
use super::step_engine::{StepEngine, TaskSpace};
use crate::error::{Error, ErrorKind, Result};
use crate::git::StepSettings;
use crate::process::Environment;
use crate::runner::backend::{Backend, PreparedRun, RunRequest, Screen};
use crate::runner::event::{Event, Sink};
use crate::tree::{Root, remove_all};

/// Where steps see the remote, unless they see the host.
const REMOTE: &str = "/kfleet/remote.git";
/// Where they see the lowest of git's settings.
const GIT_SETTINGS: &str = "/kfleet/gitconfig";

/// See the module.
pub struct LocalBackend<'a> {
    pub engine: EngineChoice,
    pub network: Network,
    pub host_paths: HostPaths,
    /// Programs in the place of others.
    pub tools: &'a Tools,
    /// Folders with further programs.
    pub tool_folders: Vec<PathBuf>,
    /// Whether the folders of runs stay.
    pub keep: bool,
    /// The folder of all runs. One run follows the other; what they share is made anew for each.
    pub folder: PathBuf,
    /// The throwaway remote: a bare repository that is there once a run is prepared.
    pub remote: PathBuf,
    /// The URL of the real one, which steps reach neither by this nor by other spellings.
    pub real_remote: Option<String>,
    /// kfleet itself.
    pub program: PathBuf,
    pub environment: &'a Environment,
    /// Called before an image is fetched, which may take long.
    pub fetching: &'a dyn Fn(&str),
}

impl LocalBackend<'_> {
    /// Whether steps see the paths of this machine, and none of Tekton's.
    fn shows_host(&self) -> bool {
        self.engine.kind == EngineKind::Process
    }

    /// Writes the settings of git: variables of all steps, and what steps see.
    fn make_git_settings(&self) -> Result<(Vec<(String, String)>, Bind)> {
        let settings = StepSettings::new(self.repository_url(), self.real_remote.as_deref());
        Root::open(&self.folder)?.write("gitconfig", settings.file().as_bytes())?;
        let file = self.folder.join("gitconfig");
        let seen = if self.shows_host() { file.display().to_string() } else { GIT_SETTINGS.to_owned() };
        let mut variables = settings.environment();
        variables.push(("GIT_CONFIG_SYSTEM".to_owned(), seen));
        Ok((variables, bind(file, GIT_SETTINGS, true)))
    }

    /// Writes the programs that come first in the `PATH` of steps: where they are.
    fn make_shims(&self, run: &RunRequest<'_>) -> Result<PathBuf> {
        let folder = self.folder.join("bin");
        remove_all(&folder)?;
        let link = self.shows_host().then_some(self.program.as_path());
        shims::write(&folder, link, self.tools, run.pull, run.head_branch)?;
        Ok(folder)
    }
}

fn bind(source: PathBuf, path: &str, read_only: bool) -> Bind {
    Bind { source, path: path.to_owned(), read_only }
}

impl Backend for LocalBackend<'_> {
    fn repository_url(&self) -> String {
        let remote = if self.shows_host() { self.remote.display().to_string() } else { REMOTE.to_owned() };
        format!("file://{remote}")
    }

    fn lost_paths(&self, script: &str) -> Vec<String> {
        if self.shows_host() { literal_paths(script) } else { Vec::new() }
    }

    fn prepare<'a>(&'a self, run: RunRequest<'a>) -> Result<Box<dyn PreparedRun + 'a>> {
        let bin = self.make_shims(&run)?;
        let path = choice::sandbox_path(self.environment, &self.tool_folders);
        let programs = Programs::new(Some(&bin), Some(OsStr::new(&path)));
        let lacks = preflight::lacking(&run.plan.needs, &|name| programs.has(name));
        let containers = choice::instead(&self.engine, &lacks, &|| choice::usable_runtime(self.environment));
        let choice = containers.unwrap_or_else(|| self.engine.clone());
        let (variables, git_settings) = self.make_git_settings()?;
        let mut binds = vec![bind(bin.clone(), SHIMS, true), bind(self.remote.clone(), REMOTE, false), git_settings];
        if !self.shows_host() {
            binds.push(bind(self.program.clone(), &format!("{SHIMS}/kfleet"), true));
        }
        let settings = Settings {
            run: RunFolder::new(&self.folder, &run.plan.run.context.name, self.keep)?,
            environment: self.environment.clone(),
            network: self.network,
            host_paths: self.host_paths.clone(),
            binds,
            tools: self.tool_folders.clone(),
            limits: Limits::default(),
        };
        let (engine, search_path) = choice::start(&choice, settings, &self.program)?;
        let programs = Programs::new(Some(&bin), search_path.as_deref().map(OsStr::new));
        let verified = preflight::verify(
            &run.plan.needs,
            &Available {
                has_images: search_path.is_none(),
                has_program: &|name| programs.has(name),
                stand_ins: &self.tools.stand_ins(run.plan),
                missing_image: &|image| engine.missing_image(image, &run.cancel.stop(), &|| (self.fetching)(image)),
                objects: run.objects,
                trust: run.trust,
            },
        );
        if run.cancel.is_requested() {
            return Err(Error::new(ErrorKind::Interrupted, "the run was cancelled before its first task could start"));
        }
        verified?;
        if let Some(problem) = controller::unsupported(run.plan, engine.as_ref()).into_iter().next() {
            let error = Error::new(ErrorKind::Environment, problem.message);
            return Err(problem.hint.into_iter().fold(error, Error::with_hint));
        }
        Ok(Box::new(LocalRun { run, engine, why: choice.why, variables, network: self.network }))
    }
}

/// A run that can begin on this machine.
struct LocalRun<'a> {
    run: RunRequest<'a>,
    engine: Box<dyn StepEngine>,
    why: String,
    /// Of all steps.
    variables: Vec<(String, String)>,
    network: Network,
}

impl PreparedRun for LocalRun<'_> {
    fn run(&self, sink: &dyn Sink, screen: Option<&dyn Screen>) {
        let RunRequest { job, plan, objects, masker, cancel, .. } = self.run;
        let tasks = plan.tasks.iter().chain(&plan.finally).map(|task| task.name.clone()).collect();
        let engine = self.engine.name();
        sink.event(Event::Plan { job: job.to_owned(), engine: engine.to_owned(), why: self.why.clone(), tasks });
        let open = |space: &mut dyn TaskSpace, failed: &FailedStep<'_>| {
            if let Some(screen) = screen {
                shell::open(screen, &StepContext { engine, network: self.network, masker }, space, failed);
            }
        };
        let on_failure: Option<&OnFailure<'_>> = if screen.is_some() { Some(&open) } else { None };
        let settings = controller::Settings { variables: &self.variables, on_failure, ..Default::default() };
        controller::run(plan, self.engine.as_ref(), objects, cancel, sink, &settings);
    }
}
