//! [`Session`]: one call of `kfleet run-pipeline`, from the repository to what became of all its runs.

use super::checkout::Checkout;
use super::fleet_tools::tools_of;
use super::lint::{self, Linted};
use super::lost_paths::lost;
use super::options::{Asked, Options};
use super::prepare::{Prepared, Refusal, Unprepared, prepare, unused};
use super::remote::Remotes;
use super::repository_map::RepositoryMap;
use super::run::{self, Report, RunEnvironment};
use super::select::{self, Selected, Selection};
use crate::digest::sha256;
use crate::error::{ErrorKind, Result};
use crate::git;
use crate::problem::Problem;
use crate::process::Environment;
use crate::runner::backend::{Backend, Screen};
use crate::runner::cancel::Cancel;
use crate::runner::event::Sink;
use crate::runner::local::LocalBackend;
use crate::runner::local::choice::{EngineChoice, EngineKind, choose};
use crate::runner::local::folder::RunFolder;
use crate::runner::local::programs::tools::Tools;
use crate::runner::local::settings::{HostPaths, Network};
use crate::source::Progress;
use std::path::{Path, PathBuf};

/// The name of the folders that runs are made in.
const NAME: &str = "run-pipeline";

/// What a call needs of the world.
#[derive(Clone, Copy)]
pub struct Edges<'a> {
    /// The folder that the call is about.
    pub root: &'a Path,
    /// The folder for what is only needed meanwhile.
    pub temporary: &'a Path,
    /// Where folders that outlive runs are.
    pub cache: &'a Path,
    /// kfleet itself.
    pub program: &'a Path,
    /// The caller's environment.
    pub environment: &'a Environment,
    /// Hears of files that are fetched.
    pub progress: &'a dyn Progress,
    /// Called before an image is fetched, which may take long.
    pub fetching: &'a dyn Fn(&str),
    /// Ends the runs.
    pub cancel: &'a Cancel,
}

/// Jobs that are ready to be run.
#[derive(Debug)]
pub struct Preparation {
    /// Those that are.
    pub prepared: Vec<Prepared>,
    /// What is doubtful: of each job, then of the options, then of what the backend cannot do.
    pub warnings: Vec<Vec<Problem>>,
    /// Why the others are not.
    pub refused: Option<Refusal>,
}

/// See the module.
pub struct Session<'a> {
    options: &'a Options,
    edges: Edges<'a>,
    asked: Asked,
    checkout: Checkout,
    tools: &'a Tools,
    remotes: Remotes<'a>,
    backend: Box<dyn Backend + 'a>,
    folder: RunFolder,
}

impl Session<'_> {
    /// Takes the repository as it is, and looks for what is to carry out its jobs. `tools` is where the session keeps the
    /// programs that stand in for others.
    ///
    /// # Errors
    /// There is no repository, its fleet file is wrong, or this machine has no engine.
    pub fn open<'a>(
        options: &'a Options,
        edges: Edges<'a>,
        tools: &'a mut Tools,
    ) -> std::result::Result<Session<'a>, Refusal> {
        let trust = options.plan.trust;
        RunFolder::remove_leftovers(edges.temporary, NAME);
        let folder = RunFolder::new(edges.temporary, NAME, options.keep)?;
        let settings = git::Settings::new(edges.environment.clone(), "");
        let checkout = Checkout::take(edges.root, options.base.as_deref(), folder.path(), &settings)?;
        *tools = options.tools.clone().or(tools_of(&checkout, trust)?.map_err(Refusal::Problems)?);
        let tools: &'a Tools = tools;
        let engine = match options.runs {
            true => choose(options.engine, trust, folder.path(), edges.program, edges.environment)?,
            false => {
                let kind = options.engine.unwrap_or(EngineKind::Sandbox);
                EngineChoice { kind, why: String::new(), runtime: None, is_asked: false }
            }
        };
        let backend = LocalBackend {
            engine,
            network: if trust.is_untrusted() { Network::None } else { options.network },
            host_paths: match options.allows_host_paths && !trust.is_untrusted() {
                true => HostPaths::Real,
                false => HostPaths::Cache(host_folder(edges.cache, &checkout.clone.home())),
            },
            tools,
            tool_folders: options.tool_folders.clone(),
            keep: options.keep,
            folder: folder.path().to_owned(),
            remote: RunEnvironment::remote(folder.path()),
            real_remote: checkout.facts.url.clone(),
            program: edges.program.to_owned(),
            environment: edges.environment,
            fetching: edges.fetching,
        };
        let url = checkout.facts.url.as_deref();
        let map = RepositoryMap::parse(&options.remotes.elsewhere, edges.root, url, trust)?;
        let remotes = Remotes::new(edges.environment, edges.cache, map, &options.remotes, trust, edges.progress)
            .in_folder(edges.root);
        let asked = Asked { url: backend.repository_url(), ..options.asked.clone() };
        Ok(Session { options, edges, asked, checkout, tools, remotes, backend: Box::new(backend), folder })
    }

    /// The folder of the clone, by which records of runs are found.
    pub fn repository(&self) -> PathBuf {
        self.checkout.clone.home()
    }

    /// Lints the trigger files and the sources of all jobs; of the job, or the file, that is named.
    ///
    /// # Errors
    /// Trigger files cannot be read; there is no such job ([`ErrorKind::Usage`]).
    pub fn lint(&self) -> Result<Linted> {
        lint::lint(&self.checkout, &self.asked, self.options, &self.remotes)
    }

    /// Selects what is run. A job that is named is run whatever the event says of it.
    ///
    /// # Errors
    /// Trigger files cannot be read; there is no such job ([`ErrorKind::Usage`]).
    pub fn select(&self) -> Result<Selection> {
        select::select(&self.checkout, &self.asked)
    }

    /// Loads and plans jobs, all of them. Nothing is written but the cache of other repositories.
    pub fn prepare(&self, selected: Vec<Selected>) -> Preparation {
        let (mut prepared, mut unprepared) = (Vec::new(), Unprepared::default());
        for selected in selected {
            match prepare(&self.checkout, selected, self.options, self.tools, &self.remotes) {
                Ok(ready) => prepared.push(ready),
                Err(found) => unprepared.add(found),
            }
        }
        let mut warnings: Vec<Vec<Problem>> = prepared.iter().map(|ready| ready.warnings.clone()).collect();
        warnings.extend([unused(&prepared), lost(&prepared, self.backend.as_ref())]);
        Preparation { prepared, warnings, refused: unprepared.refusal() }
    }

    /// Runs prepared jobs, one after the other. `begin` makes what shows a run; `end` is given that, and what became of
    /// the run. After a run that could not start there is no other. Returns the failure with the highest exit code.
    ///
    /// # Errors
    /// Those of `end`.
    pub fn run<'p, S: Sink + Screen>(
        &self,
        prepared: &'p [Prepared],
        begin: impl Fn(&'p Prepared) -> S,
        mut end: impl FnMut(&'p Prepared, S, &Result<Report>) -> Result<()>,
    ) -> Result<Option<ErrorKind>> {
        let Options { objects, plan, apply, push, keep, opens_shell, .. } = self.options;
        let Edges { environment, cancel, .. } = self.edges;
        let folder = self.folder.path();
        let (backend, trust) = (self.backend.as_ref(), plan.trust);
        let (apply, push, keep) = (*apply, *push, *keep);
        let within = RunEnvironment { backend, objects, trust, apply, push, folder, keep, environment, cancel };
        let mut worst: Option<ErrorKind> = None;
        for ready in prepared {
            if cancel.is_requested() {
                return Ok(Some(ErrorKind::Interrupted));
            }
            let shown = begin(ready);
            let screen: Option<&dyn Screen> = if *opens_shell { Some(&shown) } else { None };
            let report = run::run(&self.checkout, ready, &within, &shown, screen);
            end(ready, shown, &report)?;
            let failure = report.as_ref().map_or_else(|error| Some(error.kind), Report::failure);
            worst = failure.into_iter().chain(worst).max_by_key(|kind| kind.exit_code());
            if report.is_err() {
                break;
            }
        }
        Ok(worst)
    }
}

/// Where the paths of the host are that a repository's runs see: what one repository puts there, no other one trusts.
fn host_folder(cache: &Path, repository: &Path) -> PathBuf {
    let key = sha256(repository.as_os_str().as_encoded_bytes());
    cache.join("host-paths").join(&key[..16])
}
