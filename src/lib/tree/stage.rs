//! [`Staged`]: a folder that is filled apart and then appears with all that is in it. A killed process leaves the target
//! as it was, or work that [`Staged::resume`] ends.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, fstat, renameat_with, stat};
use rustix::io::Errno;

use super::copy::remove;
use super::error::show;
use super::swap::{fill, lock_folder};
use super::{Error, Result, Tree};

/// The names of the two states, in a target that is there already.
const FILLING: &str = ".kfleet-init.tmp";
const SEALED: &str = ".kfleet-init";

/// The content of a folder to be. Dropped before its end, it is removed, unless it was sealed.
#[derive(Debug)]
pub struct Staged {
    target: PathBuf,
    folder: PathBuf,
    /// The target is there: its entries are moved one by one.
    within: bool,
    keep: bool,
    /// Holds the lock as long as this value lives.
    _lock: File,
}

/// The names in a folder, sorted, those of this module left out. Nothing if the folder is missing.
pub fn list_folder(folder: &Path) -> Result<Option<Vec<String>>> {
    let fail = |cause: io::Error| Error::from_io("read", show(folder), cause);
    let entries = match fs::read_dir(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries.map_err(fail)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(fail)?.file_name().to_string_lossy().into_owned());
    }
    names.retain(|name| name != FILLING && name != SEALED);
    names.sort();
    Ok(Some(names))
}

impl Staged {
    /// Whether a process that was killed, or one that is at work, has left something in a target that is there.
    pub fn is_begun(target: &Path) -> bool {
        [FILLING, SEALED].iter().any(|name| target.join(name).symlink_metadata().is_ok())
    }

    /// Starts with nothing: beside a target that is missing, else within it. What killed processes have left is removed.
    ///
    /// # Errors
    /// A folder cannot be made, or another process is at work on the same target.
    pub fn begin(target: &Path) -> Result<Staged> {
        let fail = |cause: io::Error| Error::from_io("write", show(target), cause);
        let (folder, lock) = if target.is_dir() {
            let lock = lock(target, target)?;
            remove(&target.join(SEALED)).map_err(fail)?;
            (target.join(FILLING), lock)
        } else {
            let (Some(name), Some(above)) = (target.file_name(), target.parent()) else {
                return Err(Error::new("write", show(target), "the path has no name"));
            };
            if !above.as_os_str().is_empty() {
                fs::create_dir_all(above).map_err(fail)?;
            }
            let mut own = std::ffi::OsString::from(".kfleet-init-");
            own.push(name);
            own.push(".tmp");
            let folder = above.join(own);
            match fs::create_dir(&folder) {
                Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(fail(cause)),
                _ => {}
            }
            let lock = lock(&folder, target)?;
            (folder, lock)
        };
        let staged = Staged { within: target.is_dir(), target: target.to_owned(), folder, keep: false, _lock: lock };
        staged.clear().map_err(fail)?;
        Ok(staged)
    }

    /// Takes up sealed work in a target that is there; nothing if there is none.
    ///
    /// # Errors
    /// Another process is at work on the same target.
    pub fn resume(target: &Path) -> Result<Option<Staged>> {
        let folder = target.join(SEALED);
        if !folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Ok(None);
        }
        let lock = lock(target, target)?;
        Ok(Some(Staged { target: target.to_owned(), folder, within: true, keep: true, _lock: lock }))
    }

    /// Where the content is made.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes files into it.
    pub fn fill(&self, tree: &Tree) -> Result<()> {
        fill(&self.folder, tree).map_err(|cause| Error::from_io("write", show(&self.target), cause))
    }

    /// Nothing more is to be written: from here on a killed process leaves work that can be resumed, where the target was
    /// there already.
    pub fn seal(&mut self) -> Result<()> {
        if self.within && !self.keep {
            let sealed = self.target.join(SEALED);
            let moved = fs::rename(&self.folder, &sealed);
            moved.map_err(|cause| Error::from_io("write", show(&self.target), cause))?;
            self.folder = sealed;
            self.keep = true;
        }
        Ok(())
    }

    /// Puts the content in its place. Nothing is replaced.
    pub fn finish(mut self) -> Result<()> {
        if !self.within {
            let placed = move_to(&self.folder, &self.target);
            placed.map_err(|cause| Error::from_io("write", show(&self.target), cause))?;
            self.keep = true;
            return Ok(());
        }
        self.seal()?;
        for name in list_folder(&self.folder)?.unwrap_or_default() {
            let place = self.target.join(&name);
            move_to(&self.folder.join(&name), &place).map_err(|cause| Error::from_io("write", show(&place), cause))?;
        }
        fs::remove_dir(&self.folder).map_err(|cause| Error::from_io("remove", show(&self.folder), cause))
    }

    /// An empty folder, whatever there was.
    fn clear(&self) -> io::Result<()> {
        if self.within {
            remove(&self.folder)?;
            return fs::create_dir(&self.folder);
        }
        for entry in fs::read_dir(&self.folder)? {
            remove(&entry?.path())?;
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.keep {
            // The failure that ended the work is the one to report.
            let _ = remove(&self.folder);
        }
    }
}

/// Renames, and fails where there is something of the new name.
fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match to.symlink_metadata() {
            Ok(_) => Err(Errno::EXIST.into()),
            Err(_) => fs::rename(from, to),
        },
        other => Ok(other?),
    }
}

fn lock(folder: &Path, target: &Path) -> Result<File> {
    let fail = |cause: io::Error| Error::from_io("write", show(target), cause);
    let busy = Error::new("write", show(target), "another kfleet is at work on it")
        .with_hint("wait for it to end, and run the same command again");
    let Some(file) = lock_folder(folder).map_err(fail)? else { return Err(busy) };
    // Another process may have put the folder in its place in between.
    let (locked, named) = (fstat(&file).map_err(|cause| fail(cause.into()))?, stat(folder));
    match named {
        Ok(named) if (named.st_dev, named.st_ino) == (locked.st_dev, locked.st_ino) => Ok(file),
        _ => Err(busy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::atomic::tests::names_in;

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("above/demo");
        let tree = Tree::from([("a/b", "1"), ("c", "2")]);
        let staged = Staged::begin(&target).unwrap();
        staged.fill(&tree).unwrap();
        assert!(Staged::begin(&target).unwrap_err().to_string().contains("another kfleet"));
        drop(staged);
        assert_eq!(names_in(&dir.path().join("above")), [""; 0]);
        // What a killed process has left does not matter.
        fs::create_dir_all(dir.path().join("above/.kfleet-init-demo.tmp/old")).unwrap();
        let staged = Staged::begin(&target).unwrap();
        staged.fill(&tree).unwrap();
        staged.finish().unwrap();
        assert_eq!(Tree::from_dir(&target).unwrap(), tree);
        assert_eq!(names_in(&dir.path().join("above")), ["demo"]);
        let staged = Staged::begin(&dir.path().join("late")).unwrap();
        fs::create_dir(dir.path().join("late")).unwrap();
        assert!(staged.finish().is_err());
        assert_eq!(names_in(&dir.path().join("late")), [""; 0]);
    }

    #[test]
    fn a_folder_that_is_there_is_filled_and_the_work_can_be_resumed() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path();
        fs::write(target.join("mine"), "0").unwrap();
        let tree = Tree::from([("a/b", "1"), ("c", "2"), ("d", "3")]);
        drop(Staged::begin(target).unwrap());
        assert!(Staged::resume(target).unwrap().is_none());
        let mut staged = Staged::begin(target).unwrap();
        staged.fill(&tree).unwrap();
        staged.seal().unwrap();
        drop(staged);
        fs::rename(target.join(".kfleet-init/a"), target.join("a")).unwrap();
        assert_eq!(list_folder(target).unwrap().unwrap(), ["a", "mine"]);
        fs::write(target.join("d"), "mine").unwrap();
        assert!(Staged::resume(target).unwrap().unwrap().finish().unwrap_err().to_string().contains("/d"));
        fs::remove_file(target.join("d")).unwrap();
        Staged::resume(target).unwrap().unwrap().finish().unwrap();
        assert_eq!(names_in(target), ["a", "c", "d", "mine"]);
        assert_eq!(list_folder(&target.join("none")).unwrap(), None);
        assert!(list_folder(&target.join("mine")).is_err());
    }
}
