//! Sources from outside the repository: out of the caches where the lock tells what they are, else from the network.

use super::artifact::get_artifact;
use super::plan::source_place;
use super::sources::{Asked, Chart, Content, EXTENSIONS, is_kustomization, locked};
use super::{Repository, charts};
use crate::digest::{sha256, sha256_of_texts};
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::lock::LockedSource;
use crate::git::{self, Protocol, Reference};
use crate::helm::{Helm, RemoteChart};
use crate::http;
use crate::oci;
use crate::problem::{Location, Problem, Severity};
use crate::tree::{Store, Tree};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// So many sources are fetched at a time: what is waited for is the network.
const AT_ONCE: usize = 8;

/// How sources are reached, and where they are kept.
#[derive(Debug)]
pub struct Remotes {
    /// Downloads.
    pub http: http::Client,
    /// Git repositories.
    pub git: git::Settings,
    /// Charts.
    pub helm: Helm,
    /// Registries.
    pub oci: oci::Settings,
    /// What was downloaded.
    pub store: Store,
    /// Whether the network is left alone.
    pub offline: bool,
}

/// Told of what goes on, from several threads. A source is named as people see it.
pub trait Progress: Sync {
    /// A source is being fetched.
    fn begin(&self, source: &str);
    /// So many bytes of it are here, of so many if that is known.
    fn received(&self, source: &str, bytes: u64, total: Option<u64>);
    /// It has failed in passing and is tried again.
    fn retry(&self, source: &str, reason: &str);
    /// It is here, or has failed.
    fn end(&self, source: &str);
}

/// A source that could not be had.
#[derive(Debug)]
pub struct Failure {
    /// What sort of failure it is.
    pub kind: ErrorKind,
    /// The failure, with its place in the fleet file.
    pub problem: Problem,
}

/// What a run has to say of its sources.
#[derive(Debug, Default)]
pub struct Fetched {
    /// What could not be had.
    pub failures: Vec<Failure>,
    /// What programs had to say of what was had.
    pub warnings: Vec<Problem>,
}

/// A source as it is asked for, and what the lock says of it.
type Job = (LockedSource, Option<LockedSource>);

/// Gets the sources of all addons that are not up to date, and renders their charts. Sources that several addons share
/// are fetched once.
pub fn fetch(repository: &mut Repository, remotes: &Remotes, progress: &dyn Progress) -> Fetched {
    let Repository { file, lock, wanted, .. } = repository;
    // Each with the addons and sources that wait for it.
    let mut waiting: BTreeMap<Job, Vec<(usize, usize)>> = BTreeMap::new();
    for (addon, wanted) in wanted.iter().enumerate().filter(|(_, wanted)| !wanted.up_to_date) {
        for (number, request) in wanted.requests.iter().enumerate() {
            if let Asked::Remote(asked) = &request.asked {
                let known = locked(lock, &wanted.name, asked).filter(|_| !wanted.update);
                waiting.entry((asked.clone(), known.cloned())).or_default().push((addon, number));
            }
        }
    }
    let jobs: Vec<&Job> = waiting.keys().collect();
    let mut failures = Vec::new();
    for (result, positions) in run(&jobs, remotes, progress).into_iter().zip(waiting.values()) {
        match result {
            Ok(content) => {
                for (addon, number) in positions {
                    wanted[*addon].contents[*number] = Some(content.clone());
                }
            }
            Err(error) => failures.extend(positions.iter().map(|(addon, number)| {
                let addon = &wanted[*addon];
                Failure::new(&error, source_place(file, &addon.name, addon.requests[*number].index))
            })),
        }
    }
    let (not_rendered, warnings) = charts::render(repository, &remotes.helm);
    failures.extend(not_rendered);
    Fetched { failures, warnings }
}

impl Failure {
    pub(super) fn new(error: &Error, location: Location) -> Failure {
        let (message, hint) = (error.to_string(), error.hint.clone());
        Failure { kind: error.kind, problem: Problem { severity: Severity::Error, location, message, hint } }
    }
}

/// Does all jobs, several at a time. The results are in the order of the jobs.
fn run(jobs: &[&Job], remotes: &Remotes, progress: &dyn Progress) -> Vec<Result<Content>> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Result<Content>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs.len().min(AT_ONCE) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some((asked, known)) = jobs.get(index) else { break };
                    let result = get(asked, known.as_ref(), remotes, progress);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn get(
    asked: &LockedSource,
    known: Option<&LockedSource>,
    remotes: &Remotes,
    progress: &dyn Progress,
) -> Result<Content> {
    match (&asked.url, &asked.git, &asked.helm, &asked.oci) {
        (Some(url), ..) => get_url(url, asked, known, remotes, progress),
        (None, Some(url), ..) => get_git(url, asked, known, remotes, progress),
        (None, None, Some(repository), _) => get_chart(repository, asked, known, remotes, progress),
        (None, None, None, Some(url)) => get_artifact(url, asked, known, remotes, progress),
        (None, None, None, None) => Err(Error::new(ErrorKind::Failed, "this source names nothing to fetch")),
    }
}

/// Bytes that the lock names by their digest and the store has, or else what `fetch` brings; then the store has it.
fn stored(
    asked: &LockedSource,
    known: Option<&LockedSource>,
    remotes: &Remotes,
    progress: &dyn Progress,
    fetch: impl FnOnce(&str) -> Result<Vec<u8>>,
) -> Result<(Vec<u8>, String)> {
    if let Some(known) = known
        && let Some(bytes) = remotes.store.get(&known.sha256)?
    {
        return Ok((bytes, known.sha256.clone()));
    }
    let shown = asked.shown();
    if remotes.offline {
        return Err(not_here(&shown, known.is_some()));
    }
    let bytes = watched(&shown, progress, || fetch(&shown))?;
    // A cache that cannot be written costs the next run a download, no more.
    let digest = remotes.store.put(&bytes).unwrap_or_else(|_| sha256(&bytes));
    Ok((bytes, digest))
}

fn get_chart(
    repository: &str,
    asked: &LockedSource,
    known: Option<&LockedSource>,
    remotes: &Remotes,
    progress: &dyn Progress,
) -> Result<Content> {
    let chart = RemoteChart {
        repository: repository.to_owned(),
        chart: asked.chart.clone().unwrap_or_default(),
        version: asked.version.clone().unwrap_or_default(),
    };
    let (archive, sha256) = stored(asked, known, remotes, progress, |_| Ok(remotes.helm.fetch(&chart)?.archive))?;
    Ok(Content { chart: Some(Chart::Archive(archive)), sha256, ..Content::default() })
}

fn get_url(
    url: &str,
    asked: &LockedSource,
    known: Option<&LockedSource>,
    remotes: &Remotes,
    progress: &dyn Progress,
) -> Result<Content> {
    let (bytes, sha256) = stored(asked, known, remotes, progress, |shown| {
        let response = remotes.http.get(&http::Request::new(url), &told(shown, progress))?;
        if response.looks_like_web_page() { Err(response.web_page_error()) } else { Ok(response.bytes) }
    })?;
    Ok(Content { texts: vec![(asked.shown(), bytes)], sha256, ..Content::default() })
}

fn get_git(
    url: &str,
    asked: &LockedSource,
    known: Option<&LockedSource>,
    remotes: &Remotes,
    progress: &dyn Progress,
) -> Result<Content> {
    let shown = asked.shown();
    let mut settings = remotes.git.clone();
    // Whoever writes such a URL means it; nobody is led there from another one.
    for (start, protocol) in [("http://", Protocol::Http), ("file://", Protocol::File), ("/", Protocol::File)] {
        if url.starts_with(start) {
            settings = settings.allow(protocol);
        }
    }
    let commit = known.and_then(|known| known.commit.as_deref());
    let cached = match commit {
        Some(commit) => git::cached(url, commit, &settings)?,
        None => None,
    };
    let fetched = match cached {
        Some(cached) => cached,
        None if remotes.offline => return Err(not_here(&shown, known.is_some())),
        None => {
            let reference = Reference::parse(commit.or(asked.reference.as_deref()));
            watched(&shown, progress, || git::fetch(url, &reference, &settings))?
        }
    };
    let path = asked.path.as_deref().unwrap_or_default();
    let files = git::read_tree(&fetched.repository, &fetched.commit, path)
        .map_err(|error| Error { message: format!("cannot read {shown}: {}", error.message), ..error })?;
    Ok(Content { commit: Some(fetched.commit), ..content_of(&files, path, &shown) })
}

/// The manifests among the files at `path`, which is a folder or one file.
pub(super) fn content_of(files: &Tree, path: &str, shown: &str) -> Content {
    let is_one_file = files.len() == 1 && files.keys().all(|name| path.rsplit('/').next() == Some(name));
    let is_manifest = |name: &str| {
        let ending = name.rsplit('.').next().unwrap_or_default();
        is_one_file || (EXTENSIONS.contains(&ending) && !is_kustomization(name))
    };
    let found: Vec<(&str, &[u8])> = files
        .iter()
        .filter(|(name, _)| is_manifest(name))
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let digest = sha256_of_texts(found.iter().copied());
    let texts = found.into_iter().map(|(name, bytes)| match is_one_file {
        true => (shown.to_owned(), bytes.to_vec()),
        false => (format!("{name} of {shown}"), bytes.to_vec()),
    });
    Content { texts: texts.collect(), sha256: digest, ..Content::default() }
}

/// Passes on what happens during a download.
pub(super) fn told<'a>(shown: &'a str, progress: &'a dyn Progress) -> impl Fn(http::Progress<'_>) + Sync + 'a {
    move |event| match event {
        http::Progress::Received { bytes, total } => progress.received(shown, bytes, total),
        http::Progress::Retrying { reason, .. } => progress.retry(shown, reason),
    }
}

pub(super) fn watched<T>(shown: &str, progress: &dyn Progress, work: impl FnOnce() -> Result<T>) -> Result<T> {
    progress.begin(shown);
    let result = work();
    progress.end(shown);
    result
}

pub(super) fn not_here(shown: &str, is_locked: bool) -> Error {
    let reason = if is_locked { "the cache does not have it" } else { "the lock does not have it" };
    let error = Error::new(ErrorKind::Environment, format!("cannot get {shown} offline: {reason}"));
    error.with_hint("run the command once without --offline")
}
