//! [`Remotes`]: files of other repositories for pipelines: out of the cache, or over the network. Only what a commit or a
//! digest names may be used; everything else may change between two runs, and is refused unless the user allows it. What
//! the files mean is no matter of this module.

use super::options::RemoteOptions;
use super::repository_map::{RepositoryMap, RepositoryUrl};
use crate::digest::sha256;
use crate::error::{Error, ErrorKind, Result};
use crate::git::{self, Protocol, Reference};
use crate::http;
use crate::lighthouse::Trust;
use crate::process::Environment;
use crate::source::{Progress, not_here, watched};
use crate::tekton::load::{Address, Fetched, Origin, Remote};
use crate::tree::Store;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

/// How long a file of a pipeline may be.
const FILE_BYTES: usize = 4 * 1024 * 1024;

/// How much one fetch of a repository may bring.
const FETCH_BYTES: u64 = 256 * 1024 * 1024;

/// See the module. One of these serves a whole call: what a branch is at is asked for once.
pub(super) struct Remotes<'a> {
    git: git::Settings,
    http: http::Settings,
    store: Store,
    environment: &'a Environment,
    map: RepositoryMap,
    options: &'a RemoteOptions,
    progress: &'a dyn Progress,
    tips: Known<String>,
    commits: Known<git::Fetched>,
    downloads: Known<Vec<u8>>,
}

/// What came of a URL and a reference there: nothing is asked for twice.
type Known<T> = RefCell<BTreeMap<(String, String), Result<T>>>;

/// What is known, or else what `get` brings.
fn once<T: Clone>(known: &Known<T>, url: &str, reference: &str, get: impl FnOnce() -> Result<T>) -> Result<T> {
    match known.borrow_mut().entry((url.to_owned(), reference.to_owned())).or_insert_with(get) {
        Ok(found) => Ok(found.clone()),
        Err(error) => Err(Error { hint: error.hint.clone(), ..Error::new(error.kind, error.to_string()) }),
    }
}

impl<'a> Remotes<'a> {
    /// With what is fetched below `cache`. For an event that is not trusted nobody is shown the user's credentials, and
    /// nothing is taken from what was fetched with them.
    pub(super) fn new(
        environment: &'a Environment,
        cache: &Path,
        map: RepositoryMap,
        options: &'a RemoteOptions,
        trust: Trust,
        progress: &'a dyn Progress,
    ) -> Remotes<'a> {
        let mut http = http::Settings::new(environment);
        http.max_bytes = FILE_BYTES as u64;
        let (cache, git) = match trust {
            Trust::Trusted => (cache.to_owned(), git::Settings::new(environment.clone(), cache.join("git"))),
            Trust::Untrusted => {
                http.netrc = None;
                let cache = cache.join("untrusted");
                let git = git::Settings::new(environment.clone(), cache.join("git"));
                (cache, git.without_credentials())
            }
        };
        Remotes {
            git: git::Settings { most_bytes: Some(FETCH_BYTES), ..git },
            http,
            store: Store::new(cache.join("sources")),
            environment,
            map,
            options,
            progress,
            tips: RefCell::default(),
            commits: RefCell::default(),
            downloads: RefCell::default(),
        }
    }

    /// The same, with git started in this folder.
    #[must_use]
    pub(super) fn in_folder(mut self, folder: &Path) -> Remotes<'a> {
        self.git.folder = folder.to_owned();
        self
    }

    fn file(&self, shown: &str, repository: &RepositoryUrl, reference: &str, path: &str) -> Result<Fetched> {
        let within = |error: Error| Error { message: format!("{shown}: {}", error.message), ..error };
        let settings = self.settings(repository);
        let wanted = Reference::parse(Some(reference));
        let pinned = matches!(wanted, Reference::Commit(_));
        if !pinned && !self.options.allows_unpinned {
            return Err(self.unpinned(shown, repository, reference, &settings).unwrap_or_else(within));
        }
        let url = &repository.url;
        let fetched = once(&self.commits, url, reference, || self.commit(url, &wanted, &settings)).map_err(within)?;
        let bytes = git::read_file(&fetched.repository, &fetched.commit, path, FILE_BYTES).map_err(within)?;
        let origin = Origin {
            address: shown.to_owned(),
            url: fetched.url,
            path: Some(path.to_owned()),
            commit: Some(fetched.commit),
            sha256: sha256(&bytes),
            pinned,
        };
        Ok(Fetched { bytes, origin })
    }

    /// How a repository is reached. Files of this machine, and what nobody vouches for on the way, only where the user says so.
    fn settings(&self, repository: &RepositoryUrl) -> git::Settings {
        let settings = self.git.clone();
        match repository.is_mapped {
            true => settings.allow(Protocol::File).allow(Protocol::Http),
            false => settings,
        }
    }

    /// Why a branch or a tag is not used, with the commit to name instead.
    fn unpinned(
        &self,
        shown: &str,
        repository: &RepositoryUrl,
        reference: &str,
        settings: &git::Settings,
    ) -> Result<Error> {
        let message = format!("{shown} may change at any time");
        if self.options.offline {
            let error = Error::new(ErrorKind::Failed, message);
            return Ok(error.with_hint("name a commit by its full hash, or use --allow-unpinned"));
        }
        let wanted = Reference::parse(Some(reference));
        let commit = once(&self.tips, &repository.url, reference, || git::resolve(&repository.url, &wanted, settings))?;
        let error =
            Error::new(ErrorKind::Failed, format!("{message}: {} is at {commit} now", reference.escape_debug()));
        Ok(error.with_hint(format!("write {commit} in its place, or use --allow-unpinned")))
    }

    fn commit(&self, url: &str, wanted: &Reference, settings: &git::Settings) -> Result<git::Fetched> {
        if let Reference::Commit(commit) = wanted
            && let Some(cached) = git::cached(url, commit, settings)?
        {
            return Ok(cached);
        }
        if self.options.offline {
            let message = match wanted {
                Reference::Commit(_) => format!("the cache does not have {wanted}"),
                _ => format!("nobody can know offline what {wanted} is"),
            };
            return Err(not_here(message));
        }
        let name = format!("{wanted} of {}", git::shown(url)?);
        watched(&name, self.progress, || git::fetch(url, wanted, settings))
    }

    fn download(&self, shown: &str, url: &str, digest: Option<&str>) -> Result<Fetched> {
        let fetched = |bytes: Vec<u8>| {
            let (address, url) = (shown.to_owned(), shown.to_owned());
            let origin =
                Origin { address, url, path: None, commit: None, sha256: sha256(&bytes), pinned: digest.is_some() };
            Fetched { bytes, origin }
        };
        if digest.is_none() && !self.options.allows_unpinned {
            let error = Error::new(ErrorKind::Failed, format!("{shown} may change at any time"));
            return Err(error.with_hint("name a file of a git repository at a commit, or use --allow-unpinned"));
        }
        once(&self.downloads, url, digest.unwrap_or_default(), || self.bytes(shown, url, digest)).map(fetched)
    }

    fn bytes(&self, shown: &str, url: &str, digest: Option<&str>) -> Result<Vec<u8>> {
        if let Some(digest) = digest
            && let Some(bytes) = self.store.get(digest)?
        {
            return Ok(bytes);
        }
        if self.options.offline {
            return Err(not_here(format!("{shown}: the cache does not have it")));
        }
        let client = http::Client::new(self.http.clone())?;
        let response = watched(shown, self.progress, || client.get(&http::Request::new(url), &|_| {}))?;
        if response.looks_like_web_page() {
            return Err(response.web_page_error());
        }
        if digest.is_some() {
            // A cache that cannot be written costs the next run a download, no more.
            let _ = self.store.put(&response.bytes);
        }
        Ok(response.bytes)
    }

    /// `versionStream` is what the installation of Lighthouse says in a variable, else the default branch.
    fn reference(&self, owner: &str, repository: &str, reference: &str) -> String {
        if reference != "versionStream" {
            return reference.to_owned();
        }
        let name =
            format!("LIGHTHOUSE_VERSIONSTREAM_{owner}_{repository}").to_uppercase().replace(['-', ' ', '.'], "_");
        let value = self.environment.get(name).and_then(|value| value.to_str()).filter(|value| !value.is_empty());
        value.unwrap_or("HEAD").to_owned()
    }
}

impl Remote for Remotes<'_> {
    fn fetch(&self, address: &Address) -> Result<Fetched> {
        let shown = address.to_string();
        match address {
            Address::Url(url) => self.download(&shown, url, None),
            Address::Digest { url, sha256 } => self.download(&shown, url, Some(sha256)),
            Address::Git { server, owner, repository, path, reference } => {
                let found = self.map.of_name(server.as_deref(), owner, repository)?;
                self.file(&shown, &found, &self.reference(owner, repository, reference), path)
            }
            Address::Clone { url, revision, path } => self.file(&shown, &self.map.of_url(url), revision, path),
        }
    }
}
