//! Copies of folders that have nothing in common with their originals: no hard links, no symbolic links. Where the file
//! system can share the blocks of two files until one is written to, it does.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::error::show;
use super::{Error, Result};

/// How many entries [`verify_plain_folder`] looks at.
const ENTRIES: usize = 1_000_000;

/// Copies a file with its mode and the time of its last change, which git's index compares. Nothing is replaced: what is
/// there already stays. Returns whether there was a file to copy.
pub fn copy_file(from: &Path, to: &Path) -> Result<bool> {
    let copy = || -> io::Result<bool> {
        let about = match fs::metadata(from) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
            about => about?,
        };
        if to.symlink_metadata().is_ok() {
            return Ok(true);
        }
        match fs::copy(from, to) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound && !from.exists() => return Ok(false),
            copied => copied?,
        };
        if let Ok(time) = about.modified() {
            File::open(to)?.set_modified(time)?;
        }
        Ok(true)
    };
    copy().map_err(|cause| Error::from_io("copy", show(from), cause))
}

/// Copies the wanted files of a folder, and of those below it that are wanted, into a folder that is made where it is
/// missing. `wanted` gets paths relative to `from`, with `/` between their parts. Links and special files are left out. A
/// file that disappears meanwhile is passed over. Returns how many were copied.
pub fn copy_folder(from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<usize> {
    let mut files: Vec<(PathBuf, PathBuf)> = Vec::new();
    let mut pending = vec![String::new()];
    while let Some(folder) = pending.pop() {
        let (source, target) = (from.join(&folder), to.join(&folder));
        make_folder(&target)?;
        let fail = |cause: io::Error| Error::from_io("read", show(&source), cause);
        for entry in fs::read_dir(&source).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let kind = entry.file_type().map_err(fail)?;
            if !wanted(&path) {
                continue;
            }
            if kind.is_dir() {
                pending.push(path);
            } else if kind.is_file() {
                files.push((entry.path(), to.join(&path)));
            }
        }
    }
    // A pack's index makes git look for the pack: it comes last.
    let (indexes, others): (Vec<_>, Vec<_>) =
        files.iter().partition(|(from, _)| from.extension().is_some_and(|ending| ending == "idx"));
    let copy = |pairs: Vec<&(PathBuf, PathBuf)>| -> Result<usize> {
        let copied: Vec<bool> = pairs.par_iter().map(|(from, to)| copy_file(from, to)).collect::<Result<_>>()?;
        Ok(copied.iter().filter(|copied| **copied).count())
    };
    Ok(copy(others)? + copy(indexes)?)
}

/// Refuses a folder in which somebody has put anything but regular files and folders: opening a pipe may wait for ever,
/// and a link leads elsewhere.
pub fn verify_plain_folder(folder: &Path) -> Result<()> {
    let mut pending = vec![folder.to_owned()];
    let mut count = 0;
    while let Some(folder) = pending.pop() {
        let fail = |cause: io::Error| Error::from_io("read", show(&folder), cause);
        for entry in fs::read_dir(&folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let kind = entry.file_type().map_err(fail)?;
            count += 1;
            if kind.is_dir() {
                pending.push(entry.path());
            } else if !kind.is_file() {
                return Err(Error::new("read", show(&entry.path()), "it is neither a regular file nor a folder"));
            }
            if count > ENTRIES {
                return Err(Error::new("read", show(&folder), format!("it holds more than {ENTRIES} files")));
            }
        }
    }
    Ok(())
}

/// Makes a folder, and those above it.
pub fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|cause| Error::from_io("make", show(path), cause))
}

/// Removes a file, or a folder with all that is in it, without following links; nothing there is no failure.
pub fn remove_all(path: &Path) -> Result<()> {
    remove(path).map_err(|cause| Error::from_io("remove", show(path), cause))
}

pub(super) fn remove(path: &Path) -> io::Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(about) if about.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(cause) => Err(cause),
    };
    match removed {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn copies_are_files_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::write(from.join("a/b/c"), "1").unwrap();
        fs::write(from.join("a/left-out"), "2").unwrap();
        symlink("/etc/passwd", from.join("link")).unwrap();
        let old = SystemTime::now() - Duration::from_secs(1000);
        File::open(from.join("a/b/c")).unwrap().set_modified(old).unwrap();
        assert_eq!(copy_folder(&from, &to, &|path| path != "a/left-out").unwrap(), 1);
        let (a, b) = (fs::metadata(from.join("a/b/c")).unwrap(), fs::metadata(to.join("a/b/c")).unwrap());
        assert_ne!(a.ino(), b.ino());
        assert_eq!(a.modified().unwrap(), b.modified().unwrap());
        assert!(!to.join("link").exists() && !to.join("a/left-out").exists());
        assert!(!copy_file(&from.join("none"), &to.join("none")).unwrap());
        assert!(verify_plain_folder(&to).is_ok());
        assert!(verify_plain_folder(&from).unwrap_err().to_string().contains("link"));
        remove_all(&to).unwrap();
        remove_all(&to).unwrap();
        assert!(!to.exists());
    }
}
