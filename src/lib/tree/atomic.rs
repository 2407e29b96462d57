//! Replacing one file in one step: the new content goes to a file beside it, which then takes its name.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, Stat, Uid, fchmod, fchown, fstat, mkdirat, openat, renameat,
    statat, unlinkat,
};
use rustix::io::Errno;

use super::error::show;
use super::{Error, Result};

const PREFIX: &str = ".kfleet-";
const SUFFIX: &str = ".tmp";

/// Puts `bytes` in the place of a regular file, in one step. The mode stays, and the owner too where that is permitted.
/// A symbolic link is not written through, and no new file is made. Other hard links to the file keep the old content.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let shown = || show(path);
    let fail = |cause: Errno| Error::from_io("write", shown(), cause);
    let (folder, name) = split(path)?;
    let folder = openat(CWD, folder, FOLDER, Mode::empty()).map_err(fail)?;
    let old = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(fail)?;
    verify_regular("write", &old, shown)?;
    put(folder.as_fd(), name, bytes, Some(&old)).map_err(|cause| Error::from_io("write", shown(), cause))
}

/// Removes a regular file, such as an input that has moved. A symbolic link is refused. Returns whether it was there.
pub fn remove_file(path: &Path) -> Result<bool> {
    let metadata = match fs::symlink_metadata(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other.map_err(|cause| Error::from_io("remove", show(path), cause))?,
    };
    if !metadata.is_file() {
        return Err(refusal("remove", show(path), metadata.is_symlink(), metadata.is_dir()));
    }
    fs::remove_file(path).map_err(|cause| Error::from_io("remove", show(path), cause))?;
    Ok(true)
}

/// Finds which files lie below a folder; links are resolved, and each folder is looked at once.
#[derive(Debug)]
pub struct Below {
    dir: Option<PathBuf>,
    folders: HashMap<PathBuf, Option<PathBuf>>,
}

impl Below {
    /// A folder that is not there has no files below it.
    pub fn new(dir: &Path) -> Below {
        Below { dir: dir.canonicalize().ok(), folders: HashMap::new() }
    }

    /// The path of a file relative to the folder, with `/` between its parts, if it lies below.
    pub fn relative(&mut self, file: &Path) -> Option<String> {
        let dir = self.dir.as_deref()?;
        let (folder, name) = split(file).ok()?;
        let folder = match self.folders.get(folder) {
            Some(known) => known,
            None => self.folders.entry(folder.to_owned()).or_insert(folder.canonicalize().ok()),
        };
        let below = folder.as_deref()?.strip_prefix(dir).ok()?.join(name);
        Some(below.to_str()?.replace(std::path::MAIN_SEPARATOR, "/"))
    }
}

/// How folders are opened when a link in their place is all right, as above a root.
pub(super) const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// How a file is made that must not be there yet.
const NEW_FILE: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

fn split(path: &Path) -> Result<(&Path, &Path)> {
    let name = path.file_name().ok_or_else(|| Error::new("write", show(path), "the path has no file name"))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((folder, Path::new(name)))
}

pub(super) fn verify_regular(doing: &'static str, stat: &Stat, shown: impl Fn() -> String) -> Result<()> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(()),
        kind => Err(refusal(doing, shown(), kind == FileType::Symlink, kind == FileType::Directory)),
    }
}

fn refusal(doing: &'static str, shown: String, is_link: bool, is_folder: bool) -> Error {
    if is_link {
        let error = Error::new(doing, shown, "it is a symbolic link");
        return error.with_hint("name the file that it leads to, or remove the link");
    }
    Error::new(doing, shown, if is_folder { "it is a folder" } else { "it is not a regular file" })
}

/// Writes beside `name` and renames. With `old`, its mode and owner are taken over; else the mode is 0644 less the
/// process's umask. If anything fails, what was there stays, and nothing else does.
pub(super) fn put(folder: BorrowedFd<'_>, name: &Path, bytes: &[u8], old: Option<&Stat>) -> io::Result<()> {
    let mode = old.map_or(Mode::from_raw_mode(0o644), |old| Mode::from_raw_mode(old.st_mode));
    let (temporary, file) = loop {
        let temporary = temporary_name();
        // A process of the same number, in another container, may be at work on the same volume.
        match openat(folder, &*temporary, NEW_FILE, mode & Mode::from_raw_mode(0o777)) {
            Err(Errno::EXIST) => continue,
            opened => break (temporary, File::from(opened?)),
        }
    };
    let result = fill(file, bytes, old).and_then(|()| Ok(renameat(folder, &*temporary, folder, name)?));
    if result.is_err() {
        // The first failure is the one to report; a file that is left is swept later.
        let _ = unlinkat(folder, &*temporary, AtFlags::empty());
    }
    result
}

/// Makes the folder `name` with these files in it, in one step: they are written to a folder beside it, which then takes
/// its name. Fails, and leaves nothing, where there is something of that name, unless it is an empty folder.
pub(super) fn put_folder(above: BorrowedFd<'_>, name: &str, files: &[(&str, &[u8])]) -> io::Result<()> {
    let temporary = loop {
        let temporary = temporary_name();
        match mkdirat(above, &*temporary, Mode::from_raw_mode(0o777)) {
            Err(Errno::EXIST) => continue,
            made => break made.map(|()| temporary)?,
        }
    };
    let result = openat(above, &*temporary, FOLDER | OFlags::NOFOLLOW, Mode::empty())
        .map_err(io::Error::from)
        .and_then(|folder| {
            for (name, bytes) in files {
                let mode = Mode::from_raw_mode(0o644);
                File::from(openat(&folder, *name, NEW_FILE, mode)?).write_all(bytes)?;
            }
            Ok(renameat(above, &*temporary, above, name)?)
        });
    if result.is_err() {
        // As for files: the first failure counts, and what is left is swept later.
        let _ = clear_folder(above, &temporary);
    }
    result
}

/// Removes a folder and the files in it.
pub(super) fn clear_folder(above: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    let folder = openat(above, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            unlinkat(&folder, entry.file_name(), AtFlags::empty())?;
        }
    }
    Ok(unlinkat(above, name, AtFlags::REMOVEDIR)?)
}

fn fill(mut file: File, bytes: &[u8], old: Option<&Stat>) -> io::Result<()> {
    if let Some(old) = old {
        let new = fstat(&file)?;
        if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid) {
            // Only root may give files away; anyone else's work goes on under their own name.
            let _ = fchown(&file, Some(Uid::from_raw(old.st_uid)), Some(Gid::from_raw(old.st_gid)));
        }
        if new.st_mode != old.st_mode {
            fchmod(&file, Mode::from_raw_mode(old.st_mode))?;
        }
    }
    file.write_all(bytes)
}

pub(super) fn temporary_name() -> String {
    static PROCESS: OnceLock<u32> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let process = PROCESS.get_or_init(std::process::id);
    format!("{PREFIX}{process}-{}{SUFFIX}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Whether a file or folder has a name that only [`put`] and [`put_folder`] give.
pub(super) fn is_temporary(name: &str) -> bool {
    let numbers = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)).and_then(|n| n.split_once('-'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(process, count)| is_number(process) && is_number(count))
}

#[cfg(test)]
pub(super) mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    pub(in crate::tree) fn names_in(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_content_and_keeps_the_mode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yaml");
        fs::write(&path, "old").unwrap();
        for mode in [0o600, 0o444, 0o666, 0o755] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let inode = fs::metadata(&path).unwrap().ino();
            replace_file(&path, format!("{mode:o}").as_bytes()).unwrap();
            let metadata = fs::metadata(&path).unwrap();
            assert_eq!(metadata.mode() & 0o7777, mode);
            assert_ne!(metadata.ino(), inode);
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{mode:o}"));
        }
        assert_eq!(names_in(dir.path()), ["a.yaml"]);
    }

    #[test]
    fn keeps_the_owner_when_root_writes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yaml");
        fs::write(&path, "old").unwrap();
        if std::os::unix::fs::chown(&path, Some(12345), Some(23456)).is_err() {
            eprintln!("skipped: only root can give files away");
            return;
        }
        replace_file(&path, b"new").unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (12345, 23456));
    }

    #[test]
    fn refuses_links_folders_and_missing_files() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("target"), "kept").unwrap();
        symlink("target", at("link")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        for (name, reason) in [
            ("link", "it is a symbolic link"),
            ("folder", "it is a folder"),
            ("none", "no such file or folder"),
            ("none/a", "no such file or folder"),
            ("target/a", "a part of the path is not a folder"),
            ("..", "the path has no file name"),
        ] {
            let error = replace_file(&at(name), b"new").unwrap_err();
            assert_eq!(error.to_string(), format!("cannot write {}: {reason}", at(name).display()));
        }
        assert_eq!(fs::read_to_string(at("target")).unwrap(), "kept");
        assert!(remove_file(&at("link")).unwrap_err().hint.is_some());
        assert!(remove_file(&at("folder")).is_err());
        assert!(!remove_file(&at("none")).unwrap());
        assert!(remove_file(&at("target")).unwrap());
        assert_eq!(names_in(dir.path()), ["folder", "link"]);
    }

    #[test]
    fn a_failed_rename_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a.yaml/x")).unwrap();
        let folder = openat(CWD, dir.path(), FOLDER, Mode::empty()).unwrap();
        assert!(put(folder.as_fd(), Path::new("a.yaml"), b"new", None).is_err());
        assert_eq!(names_in(dir.path()), ["a.yaml"]);
    }

    #[test]
    fn a_full_disk_names_the_file_and_leaves_the_old_one() {
        let error = fill(File::options().write(true).open("/dev/full").unwrap(), b"new", None).unwrap_err();
        let error = Error::from_io("write", "out/a.yaml", error);
        assert_eq!(error.to_string(), "cannot write out/a.yaml: no space left on the device");
    }

    #[test]
    fn only_our_own_temporary_names_count() {
        assert!(is_temporary(&temporary_name()));
        for name in [".kfleet-.tmp", ".kfleet-1.tmp", ".kfleet-a-1.tmp", ".kfleet-1-.tmp", "x.kfleet-1-2.tmp", ".tmp"] {
            assert!(!is_temporary(name), "{name}");
        }
    }
}
