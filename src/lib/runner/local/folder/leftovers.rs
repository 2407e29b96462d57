//! Folders of runs that nobody could remove, because their kfleet was killed. Each kfleet holds a lock in its own folder, which
//! the system lets go with it.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, openat, renameat, unlinkat};

use crate::runner::local::folder::confined_path;

/// The file that is locked. A folder without it is kept.
const LOCK: &str = "lock";

/// Locks a folder for as long as the value lives; nothing where the file system has no locks.
pub(crate) fn lock(folder: &Path) -> io::Result<Option<File>> {
    const NEW: &str = "lock.new";
    let folder = confined_path::open_folder(folder)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = File::from(openat(&folder, NEW, flags, Mode::from_raw_mode(0o600))?);
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        unlinkat(&folder, NEW, rustix::fs::AtFlags::empty())?;
        return Ok(None);
    }
    // It has its name only from now on, so that nobody finds it without its lock.
    renameat(&folder, NEW, &folder, LOCK)?;
    Ok(Some(file))
}

/// Removes, as far as that is possible, the caller's own folders in `parent` whose names begin so and whose locks nobody
/// holds.
pub(crate) fn remove(parent: &Path, prefix: &str) -> io::Result<()> {
    let parent = confined_path::open_folder(parent)?;
    for entry in rustix::fs::Dir::read_from(&parent)? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().ok().filter(|name| name.starts_with(prefix)) else { continue };
        if let Ok(folder) = confined_path::descend(parent.as_fd(), name, false)
            && fstat(&folder)?.st_uid == rustix::process::geteuid().as_raw()
            && let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC
            && let Ok(file) = openat(&folder, LOCK, flags, Mode::empty())
            && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            let _ = confined_path::remove(parent.as_fd(), name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make and change files")]

    use super::*;
    use crate::runner::local::folder::RunFolder;
    use std::fs;

    #[test]
    fn folders_of_killed_runs_are_removed_and_no_others() {
        let parent = tempfile::tempdir().unwrap();
        let [running, kept] = [false, true].map(|keep| RunFolder::new(parent.path(), "r", keep).unwrap());
        let leftover = parent.path().join("kfleet-r-dead01");
        fs::create_dir_all(leftover.join("claims/c")).unwrap();
        fs::write(leftover.join(LOCK), "").unwrap();
        let other = parent.path().join("kfleet-other-dead01");
        fs::create_dir(&other).unwrap();
        fs::write(other.join(LOCK), "").unwrap();
        // A link to a folder that looks like one.
        std::os::unix::fs::symlink(&other, parent.path().join("kfleet-r-link01")).unwrap();
        RunFolder::remove_leftovers(parent.path(), "r");
        assert!(!leftover.exists() && other.join(LOCK).exists());
        assert!(running.path().join("tasks").exists() && kept.path().join("tasks").exists());
        let path = running.path().to_owned();
        drop(running);
        assert!(!path.exists());
        RunFolder::remove_leftovers(&parent.path().join("none"), "r");
    }
}
