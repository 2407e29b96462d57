//! [`Folders`]: a folder whose sub-folders are replaced whole: nobody ever sees half of one, old or new.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, RenameFlags, linkat, renameat_with};
use rustix::io::Errno;

use super::error::show;
use super::{Error, Result, Tree};
use crate::tree::atomic::{is_temporary, temporary_name};

/// Starts the name of an old folder where two folders cannot change names in one step.
const ASIDE: &str = ".kfleet-old.";

/// A folder of folders, for one process at a time.
#[derive(Debug)]
pub struct Folders {
    dir: PathBuf,
    /// Holds the lock as long as this value lives.
    _lock: File,
}

impl Folders {
    /// Takes the folder for this process, makes it if it is missing, and removes what killed runs have left in it.
    ///
    /// # Errors
    /// It cannot be made or read, or another process is at work in it.
    pub fn lock(dir: &Path) -> Result<Folders> {
        let fail = |cause: io::Error| Error::from_io("write to", show(dir), cause);
        fs::create_dir_all(dir).map_err(fail)?;
        let Some(lock) = lock_folder(dir).map_err(fail)? else {
            let error = Error::new("write to", show(dir), "another kfleet is at work in it");
            return Err(error.with_hint("wait for it to end, and run the same command again"));
        };
        let folders = Folders { dir: dir.to_owned(), _lock: lock };
        for entry in fs::read_dir(dir).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())) else {
                continue;
            };
            match name.strip_prefix(ASIDE) {
                // The run was killed between its two steps: the old folder goes back.
                Some(old) if !dir.join(old).exists() => fs::rename(entry.path(), dir.join(old)).map_err(fail)?,
                None if !is_temporary(name) => {}
                _ => fs::remove_dir_all(entry.path()).map_err(fail)?,
            }
        }
        Ok(folders)
    }

    /// Replaces the folder `name`, in one step, by one with the files of `tree` and with all that `owned` does not name:
    /// paths in the old folder for which it says no stay as they are, links and modes included.
    pub fn replace(&self, name: &str, tree: &Tree, owned: &dyn Fn(&str) -> bool) -> Result<()> {
        let target = self.dir.join(name);
        let fail = |cause: io::Error| Error::from_io("write", show(&target), cause);
        let kind = fs::symlink_metadata(&target).map(|metadata| metadata.file_type());
        let exists = match kind {
            Ok(kind) if kind.is_dir() => true,
            Ok(_) => return Err(Error::new("write", show(&target), "it is not a folder")),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => false,
            Err(cause) => return Err(fail(cause)),
        };
        let made = self.dir.join(temporary_name());
        let result = fs::create_dir(&made)
            .and_then(|()| fill(&made, tree))
            .and_then(|()| if exists { carry_over(&target, &made, "", owned) } else { Ok(()) })
            .and_then(|()| if exists { exchange(&made, &target) } else { fs::rename(&made, &target) });
        // After the exchange this is the old folder; after a failure it is the new one.
        if exists || result.is_err() {
            let removed = fs::remove_dir_all(&made);
            if result.is_ok() {
                removed.map_err(fail)?;
            }
        }
        result.map_err(fail)
    }

    /// Deletes the folder `name`, in one step; nothing where it holds something that `owned` does not name.
    pub fn remove(&self, name: &str, owned: &dyn Fn(&str) -> bool) -> Result<()> {
        let target = self.dir.join(name);
        let fail = |cause: io::Error| Error::from_io("delete", show(&target), cause);
        if !fs::symlink_metadata(&target).map_err(fail)?.is_dir() {
            return Err(Error::new("delete", show(&target), "it is not a folder"));
        }
        if let Some(other) = not_owned(&target, "", owned).map_err(fail)? {
            let error = Error::new("delete", show(&target), format!("it holds {other}, which kfleet did not write"));
            return Err(error.with_hint("move that elsewhere, and run the same command again"));
        }
        let aside = self.dir.join(temporary_name());
        fs::rename(&target, &aside).and_then(|()| fs::remove_dir_all(&aside)).map_err(fail)
    }
}

/// The first path in a folder that is not owned: a file, or anything that is neither a file nor a folder.
fn not_owned(folder: &Path, below: &str, owned: &dyn Fn(&str) -> bool) -> io::Result<Option<String>> {
    for entry in fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let kind = entry.file_type()?;
        let other = match kind.is_dir() {
            true => not_owned(folder, &path, owned)?,
            false => (!kind.is_file() || !owned(&path)).then_some(path),
        };
        if other.is_some() {
            return Ok(other);
        }
    }
    Ok(None)
}

/// Locks a folder; nothing if another process has it. The lock holds as long as the file is open.
pub(super) fn lock_folder(folder: &Path) -> io::Result<Option<File>> {
    let file = File::open(folder)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(cause)) => Err(cause),
    }
}

/// Writes files into a folder, and the folders that they need.
pub(super) fn fill(folder: &Path, tree: &Tree) -> io::Result<()> {
    let mut made: Option<PathBuf> = None;
    for (path, bytes) in tree.iter() {
        let path = folder.join(path);
        let parent = path.parent().map(Path::to_owned);
        if parent != made {
            fs::create_dir_all(parent.as_deref().unwrap_or(folder))?;
            made = parent;
        }
        fs::write(&path, bytes)?;
    }
    Ok(())
}

/// Brings what is not owned from the old folder to the new one: files as further links to the same content.
fn carry_over(old: &Path, new: &Path, below: &str, owned: &dyn Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(old.join(below))? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            let message = format!("{} has a name that is not UTF-8", show(&entry.path()));
            return Err(io::Error::other(message));
        };
        let path = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            carry_over(old, new, &path, owned)?;
            continue;
        }
        if owned(&path) && kind.is_file() {
            continue;
        }
        let target = new.join(&path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        // A file of the new version may have taken the place of a link.
        match linkat(CWD, entry.path(), CWD, &target, AtFlags::empty()) {
            Ok(()) | Err(Errno::EXIST) => {}
            // File systems without hard links.
            Err(_) if kind.is_file() => {
                fs::copy(entry.path(), &target)?;
            }
            Err(cause) => return Err(cause.into()),
        }
    }
    Ok(())
}

/// Lets two folders change names, in one step where the system can do that.
fn exchange(new: &Path, old: &Path) -> io::Result<()> {
    match renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => exchange_in_steps(new, old),
        other => Ok(other?),
    }
}

/// As [`exchange`]: a process that is killed in between leaves the old folder where the next one looks for it.
fn exchange_in_steps(new: &Path, old: &Path) -> io::Result<()> {
    let mut aside = std::ffi::OsString::from(ASIDE);
    aside.push(old.file_name().unwrap_or_default());
    let aside = old.with_file_name(aside);
    fs::rename(old, &aside)?;
    if let Err(cause) = fs::rename(new, old) {
        fs::rename(&aside, old)?;
        return Err(cause);
    }
    fs::rename(&aside, new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_folder_is_replaced_and_the_rest_of_it_stays() {
        let dir = tempfile::tempdir().unwrap();
        let bases = dir.path().join("config/bases");
        let folders = Folders::lock(&bases).unwrap();
        let owned = |path: &str| path.starts_with("resources/") || path == "kustomization.yaml";
        folders.replace("a", &Tree::from([("resources/x/1.yaml", "1"), ("resources/y/2.yaml", "2")]), &owned).unwrap();
        fs::write(bases.join("a/README.md"), "mine").unwrap();
        fs::set_permissions(bases.join("a/README.md"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(bases.join("a/patches")).unwrap();
        symlink("../README.md", bases.join("a/patches/link")).unwrap();
        symlink("1.yaml", bases.join("a/resources/x/link.yaml")).unwrap();
        folders.replace("a", &Tree::from([("resources/y/2.yaml", "new")]), &owned).unwrap();
        assert!(!bases.join("a/resources/x/1.yaml").exists());
        assert_eq!(fs::read_to_string(bases.join("a/resources/y/2.yaml")).unwrap(), "new");
        assert_eq!(fs::read_to_string(bases.join("a/patches/link")).unwrap(), "mine");
        assert_eq!(fs::read_link(bases.join("a/resources/x/link.yaml")).unwrap(), Path::new("1.yaml"));
        let mode = fs::metadata(bases.join("a/README.md")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        assert_eq!(fs::read_dir(&bases).unwrap().count(), 1, "nothing temporary stays");
    }

    #[test]
    fn a_folder_is_deleted_unless_it_holds_something_else() {
        let dir = tempfile::tempdir().unwrap();
        let folders = Folders::lock(dir.path()).unwrap();
        let owned = |path: &str| path.starts_with("resources/");
        for other in ["README.md", "resources/link", ".hidden"] {
            folders.replace("a", &Tree::from([("resources/x/1.yaml", "1")]), &owned).unwrap();
            symlink("x/1.yaml", dir.path().join("a").join(other)).unwrap();
            let error = folders.remove("a", &owned).unwrap_err().to_string();
            assert!(error.contains(&format!("it holds {other}")), "{error}");
            assert!(dir.path().join("a/resources/x/1.yaml").exists());
            fs::remove_file(dir.path().join("a").join(other)).unwrap();
        }
        symlink("a", dir.path().join("link")).unwrap();
        assert!(folders.remove("link", &owned).is_err());
        folders.remove("a", &owned).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "only the link is left");
    }

    #[test]
    fn one_process_at_a_time_and_leftovers_go() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join(".kfleet-1-2.tmp/resources")).unwrap();
        let folders = Folders::lock(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(Folders::lock(dir.path()).unwrap_err().to_string().contains("another kfleet"));
        drop(folders);
        Folders::lock(dir.path()).unwrap();
    }

    #[test]
    fn two_steps_do_where_one_is_not_known() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["new", "a"] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("x"), name).unwrap();
        }
        exchange_in_steps(&at("new"), &at("a")).unwrap();
        assert_eq!(fs::read_to_string(at("a/x")).unwrap(), "new");
        assert_eq!(fs::read_to_string(at("new/x")).unwrap(), "a");
        // Killed between the steps: nothing is lost.
        fs::rename(at("a"), at(".kfleet-old.a")).unwrap();
        drop(Folders::lock(dir.path()).unwrap());
        assert_eq!(fs::read_to_string(at("a/x")).unwrap(), "new");
        // Killed after them: the old folder goes.
        fs::rename(at("new"), at(".kfleet-old.a")).unwrap();
        drop(Folders::lock(dir.path()).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_folder_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("real")).unwrap();
        symlink("real", dir.path().join("link")).unwrap();
        fs::write(dir.path().join("file"), "x").unwrap();
        let folders = Folders::lock(dir.path()).unwrap();
        for name in ["link", "file"] {
            assert!(folders.replace(name, &Tree::from([("a", "1")]), &|_| true).is_err());
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    }
}
