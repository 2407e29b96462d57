//! [`RunFolder`]: a folder for a run, which is removed when nobody needs it any more.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{confined_path, leftovers, name_of};
use crate::error::{Error, ErrorKind, Result};

/// A new folder for a run, which nobody else can look into. It is removed with the value, unless it is to be kept.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    keep: bool,
    tasks: AtomicU64,
    /// Takes note that somebody will remove it.
    _lock: Option<File>,
}

impl RunFolder {
    /// Makes one below `parent`, which is made as well where it is missing. The name of the folder begins with `kfleet-`
    /// and the name of the run.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(parent: &Path, run: &str, keep: bool) -> Result<RunFolder> {
        let make = || {
            make_folders(parent)?;
            let parent = parent.canonicalize()?;
            let prefix = prefix(run);
            let mut builder = tempfile::Builder::new();
            let made = builder.prefix(&prefix).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)?;
            let path = made.keep();
            for name in ["claims", "tasks"] {
                make_folders(&path.join(name))?;
            }
            let lock = if keep { None } else { leftovers::lock(&path)? };
            Ok((path, lock))
        };
        let (path, lock) = make().map_err(|cause: io::Error| {
            Error::new(ErrorKind::Environment, format!("cannot make a folder for the run in {}", parent.display()))
                .with_source(cause)
        })?;
        Ok(RunFolder { path, keep, tasks: AtomicU64::new(0), _lock: lock })
    }

    /// Removes what runs of this name have left in `parent` because they were killed. Folders that are kept stay.
    pub fn remove_leftovers(parent: &Path, run: &str) {
        // Whoever cannot look there, or remove it, has another run to do.
        let _ = leftovers::remove(parent, &prefix(run));
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the next attempt at a task in it, from 0.
    pub(super) fn next_task(&self) -> u64 {
        self.tasks.fetch_add(1, Ordering::Relaxed)
    }

    pub fn is_kept(&self) -> bool {
        self.keep
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if !self.keep {
            remove_folder(&self.path);
        }
    }
}

/// How the names of the folders of a run begin.
fn prefix(run: &str) -> String {
    format!("kfleet-{}-", name_of(run))
}

/// Removes a folder, as far as that is possible: what belongs to somebody else, such as the root of a container, stays.
pub(super) fn remove_folder(path: &Path) {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else { return };
    if let Ok(parent) = confined_path::open_folder(parent) {
        let _ = confined_path::remove(parent.as_fd(), name);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the folder of a run is not a result: nothing in it is replaced in one step"
)]
pub(super) fn make_folders(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}
