//! The cache: one bare repository for each URL. A commit counts as present when it has a reference of its own, which is
//! written after all of its objects are; what a killed run leaves after is swept by the next one.

use std::path::{Path, PathBuf};
use std::time::Instant;

use git2::{ErrorCode, Object, Repository, RepositoryInitOptions};

use crate::digest::sha256;
use crate::error::{Error, ErrorKind, Result};
use crate::tree::{Lock, WalkOptions, remove_file, walk};

/// Where a fetch puts what it was asked for.
pub(super) const INCOMING: &str = "refs/kfleet/incoming";

/// References of the commits that are here with all of their files.
const COMMITS: &str = "refs/kfleet/commits";

/// The place of one URL.
pub(super) struct CacheEntry {
    /// The bare repository.
    pub(super) repository: PathBuf,
    lock: PathBuf,
}

impl CacheEntry {
    /// Nothing is made or read yet.
    pub(super) fn of(cache: &Path, identity: &str) -> CacheEntry {
        let mut name = sha256(identity.as_bytes());
        name.truncate(40);
        CacheEntry { repository: cache.join(format!("{name}.git")), lock: cache.join(format!("{name}.lock")) }
    }

    /// Whether a commit is here. Needs no lock.
    pub(super) fn has(&self, commit: &str) -> bool {
        let Ok(repository) = Repository::open_bare(&self.repository) else { return false };
        repository.refname_to_id(&format!("{COMMITS}/{commit}")).is_ok_and(|id| id.to_string() == commit)
    }

    /// Waits for the lock, makes the repository if it is missing or half made, and sweeps what killed runs have left.
    /// Nothing if another process holds the lock for too long.
    pub(super) fn open(&self, deadline: Instant) -> Result<Option<(Lock, Repository)>> {
        let Some(lock) = Lock::take(&self.lock, deadline)? else { return Ok(None) };
        let repository = match Repository::open_bare(&self.repository) {
            Ok(repository) => repository,
            Err(_) => {
                let mut options = RepositoryInitOptions::new();
                options.bare(true).no_reinit(false).mkpath(true).external_template(false);
                Repository::init_opts(&self.repository, &options).map_err(|cause| self.unusable(&cause))?
            }
        };
        self.sweep()?;
        Ok(Some((lock, repository)))
    }

    /// Removes what a git that has ended has left half done. Whoever made it had a share in the lock.
    pub(super) fn sweep(&self) -> Result<()> {
        for name in ["shallow.lock", "packed-refs.lock", "config.lock", "HEAD.lock"] {
            remove_file(&self.repository.join(name))?;
        }
        let all = WalkOptions { helm_templates: true, ..WalkOptions::default() };
        for (folder, is_left_over) in [
            ("refs/kfleet", (|name| name.ends_with(".lock")) as fn(&str) -> bool),
            ("objects/pack", |name| name.starts_with("tmp_")),
        ] {
            let folder = self.repository.join(folder);
            let found = if folder.is_dir() { walk(&[folder], &all).files } else { Vec::new() };
            for file in found {
                if file.path.file_name().and_then(|name| name.to_str()).is_some_and(is_left_over) {
                    remove_file(&file.path)?;
                }
            }
        }
        Ok(())
    }

    /// Takes in what has been fetched. Returns its commit; nothing if it is none.
    pub(super) fn keep_incoming(&self, repository: &Repository) -> Result<Option<String>> {
        let incoming = repository.find_reference(INCOMING).map_err(|cause| self.unusable(&cause))?;
        match incoming.peel(git2::ObjectType::Commit) {
            Ok(commit) => self.keep(repository, &commit).map(Some),
            Err(cause) if matches!(cause.code(), ErrorCode::Peel | ErrorCode::InvalidSpec) => Ok(None),
            Err(cause) => Err(self.unusable(&cause)),
        }
    }

    /// Takes in a commit if a fetch of everything has brought it.
    pub(super) fn keep_commit(&self, repository: &Repository, commit: &str) -> Result<bool> {
        let Ok(id) = git2::Oid::from_str(commit) else { return Ok(false) };
        match repository.find_commit(id) {
            Ok(commit) => self.keep(repository, commit.as_object()).map(|_| true),
            Err(cause) if cause.code() == ErrorCode::NotFound => Ok(false),
            Err(cause) => Err(self.unusable(&cause)),
        }
    }

    fn keep(&self, repository: &Repository, commit: &Object<'_>) -> Result<String> {
        let name = commit.id().to_string();
        let kept = repository.reference(&format!("{COMMITS}/{name}"), commit.id(), true, "fetched by kfleet");
        kept.map_err(|cause| self.unusable(&cause))?;
        Ok(name)
    }

    fn unusable(&self, cause: &git2::Error) -> Error {
        let message = format!("cannot use the cache {}: {}", self.repository.display(), cause.message());
        Error::new(ErrorKind::Environment, message).with_hint(
            "check its owner and the free space, or remove it: it holds nothing that cannot be fetched again",
        )
    }
}
