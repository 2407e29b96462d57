//! [`Session`]: one call of `kfleet run-pipeline`, from the repository to what became of all its runs.

use super::checkout::Checkout;
use super::fleet_tools::tools_of;
use super::options::{Asked, Options};
use super::remote::Remotes;
use super::repository_map::RepositoryMap;
use crate::digest::sha256;
use crate::error::Error;
use crate::git;
use crate::problem::Problem;
use crate::process::Environment;
use crate::runner::backend::Backend;
use crate::runner::cancel::Cancel;
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
    pub environment: &'a Environment,
    /// Hears of files that are fetched.
    pub progress: &'a dyn Progress,
    /// Called before an image is fetched, which may take long.
    pub fetching: &'a dyn Fn(&str),
    /// Ends the runs.
    pub cancel: &'a Cancel,
}

/// Why nothing is run.
#[derive(Debug)]
pub enum Refusal {
    /// One reason.
    Error(Error),
    /// What is wrong with files.
    Problems(Vec<Problem>),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal::Error(error)
    }
}

/// See the module.
pub struct Session<'a> {
    pub(super) options: &'a Options,
    pub(super) edges: Edges<'a>,
    pub(super) asked: Asked,
    pub(super) checkout: Checkout,
    pub(super) tools: &'a Tools,
    pub(super) remotes: Remotes<'a>,
    pub(super) backend: Box<dyn Backend + 'a>,
    /// That of all runs. One run follows the other, each with a remote of its own at the same path.
    pub(super) folder: RunFolder,
    /// Where the throwaway remote is.
    pub(super) remote: PathBuf,
}

impl Session<'_> {
    /// Takes the repository as it is, and looks for what is to carry out its jobs. `tools` is where the session keeps the
    /// programs that stand in for others.
    ///
    /// # Errors
    /// There is no repository, its fleet file is wrong, or this machine has no engine.
    pub fn open<'a>(options: &'a Options, edges: Edges<'a>, tools: &'a mut Tools) -> Result<Session<'a>, Refusal> {
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
        let remote = folder.path().join("remote.git");
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
            remote: remote.clone(),
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
        Ok(Session { options, edges, asked, checkout, tools, remotes, backend: Box::new(backend), folder, remote })
    }

    /// The folder of the clone, by which records of runs are found.
    pub fn repository(&self) -> PathBuf {
        self.checkout.clone.home()
    }
}

/// Where the paths of the host are that a repository's runs see: what one repository puts there, no other one trusts.
fn host_folder(cache: &Path, repository: &Path) -> PathBuf {
    let key = sha256(repository.as_os_str().as_encoded_bytes());
    cache.join("host-paths").join(&key[..16])
}
