//! [`Lock`]: one at a time, among threads and processes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::show;
use super::{Error, Result};

/// How long one look at a lock that someone else holds is away from the next.
const PAUSE: Duration = Duration::from_millis(20);

/// A lock on a file, held until this value is dropped or its process ends, however it ends. The file stays.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Waits for the lock until the deadline; nothing if someone else still holds it then. Makes the file and the folders
    /// above it where they are missing.
    pub fn take(path: &Path, deadline: Instant) -> Result<Option<Lock>> {
        let fail = |cause| Error::from_io("lock", show(path), cause);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(fail)?;
        }
        let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(fail)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Lock { file })),
                Err(TryLockError::Error(cause)) => return Err(fail(cause)),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => return Ok(None),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            }
        }
    }

    /// A share in the lock for a program that goes on when this process is killed: the lock holds until both let go.
    pub fn share(&self) -> Result<OwnedFd> {
        let shared = self.file.try_clone().map_err(|cause| Error::from_io("lock", "a file of the cache", cause))?;
        Ok(shared.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_shares_count() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/lock");
        let at_once = || Lock::take(&path, Instant::now()).unwrap();
        // A program that another thread starts holds copies of all files for a moment.
        let soon = || Lock::take(&path, Instant::now() + Duration::from_secs(10)).unwrap();
        let lock = soon().unwrap();
        assert!(at_once().is_none());
        let share = lock.share().unwrap();
        drop(lock);
        assert!(at_once().is_none());
        drop(share);
        let lock = soon().unwrap();
        let waiting = std::thread::scope(|scope| {
            let waiter = scope.spawn(|| soon().is_some());
            std::thread::sleep(Duration::from_millis(50));
            drop(lock);
            waiter.join().unwrap()
        });
        assert!(waiting);
        assert!(Lock::take(Path::new("/proc/none/lock"), Instant::now()).is_err());
    }
}
