//! How sources are fetched: out of the caches where the lock says what they are, else from the network; several at a
//! time. It knows no kind of source.

use super::{Content, LockedSource, Remote};
use crate::digest::sha256;
use crate::error::{Error, ErrorKind, Result};
use crate::git;
use crate::helm::Helm;
use crate::http;
use crate::oci;
use crate::tree::Store;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// So many sources are fetched at a time: what is waited for is the network.
const AT_ONCE: usize = 8;

/// How sources are reached, and where they are kept.
#[derive(Debug)]
pub struct Remotes {
    pub http: http::Client,
    pub git: git::Settings,
    pub helm: Helm,
    pub oci: oci::Settings,
    pub store: Store,
    pub offline: bool,
}

/// Reported of what goes on, from several threads. A source is named as people see it.
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

/// A source as it is asked for, and what the lock says of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Job {
    pub asked: Remote,
    /// What it must be.
    pub known: Option<LockedSource>,
}

/// Fetches sources, several at a time. The results are in the order of the jobs.
pub fn fetch(jobs: &[&Job], remotes: &Remotes, progress: &dyn Progress) -> Vec<Result<Content>> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Result<Content>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs.len().min(AT_ONCE) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(Job { asked, known }) = jobs.get(index) else { break };
                    let fetch = Fetch { shown: asked.shown(), known: known.as_ref(), remotes, progress };
                    let result = asked.kind().fetch(&fetch);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// One source while it is fetched.
pub(super) struct Fetch<'a> {
    /// What is asked, for people.
    pub shown: String,
    /// What the lock says of it.
    pub known: Option<&'a LockedSource>,
    pub remotes: &'a Remotes,
    pub progress: &'a dyn Progress,
}

impl Fetch<'_> {
    /// Bytes that the lock names by their digest and the store has, or else what `get` brings; then the store has it.
    pub(super) fn stored(&self, get: impl FnOnce() -> Result<Vec<u8>>) -> Result<(Vec<u8>, String)> {
        let store = &self.remotes.store;
        if let Some(known) = self.known
            && let Some(bytes) = store.get(&known.sha256)?
        {
            return Ok((bytes, known.sha256.clone()));
        }
        let bytes = self.over_network(get)?;
        // A cache that cannot be written costs the next run a download, no more.
        let digest = store.put(&bytes).unwrap_or_else(|_| sha256(&bytes));
        Ok((bytes, digest))
    }

    /// Does what needs the network, unless it is to be left alone.
    pub(super) fn over_network<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.remotes.offline {
            let reason = if self.known.is_some() { "the cache" } else { "the lock" };
            return Err(not_here(format!("cannot get {} offline: {reason} does not have it", self.shown)));
        }
        watched(&self.shown, self.progress, work)
    }

    /// Passes on what happens during a download.
    pub(super) fn http_progress(&self) -> impl Fn(http::Progress<'_>) + Sync {
        |event| match event {
            http::Progress::Received { bytes, total } => self.progress.received(&self.shown, bytes, total),
            http::Progress::Retrying { reason, .. } => self.progress.retry(&self.shown, reason),
        }
    }
}

/// Does work that somebody may wait for.
///
/// # Errors
/// Those of the work.
pub fn watched<T>(shown: &str, progress: &dyn Progress, work: impl FnOnce() -> Result<T>) -> Result<T> {
    progress.begin(shown);
    let result = work();
    progress.end(shown);
    result
}

/// What only the network has, and the network is to be left alone.
pub fn not_here(message: String) -> Error {
    Error::new(ErrorKind::Environment, message).with_hint("run the command once without --offline")
}

/// A URL without its query, with a path in it and a reference, for people.
pub(super) fn shown(url: &str, path: Option<&str>, reference: Option<&str>) -> String {
    let parts = [url.split('?').next().unwrap_or_default(), path.unwrap_or_default()];
    let mut text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("//");
    if let Some(reference) = reference {
        text += &format!(" at {reference}");
    }
    text
}
