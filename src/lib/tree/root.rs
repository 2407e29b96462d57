//! [`Root`]: a folder that results are written to, and nothing outside it.
//!
//! Every folder below the root is opened from its parent, by one name, without following links, and files are opened
//! from their folder in the same way. So there is no moment between a check and an act in which a link could slip in. What remains:
//! a folder that someone moves away while it is open is still written to where it went, and a file that appears between
//! the look and the rename is replaced (a link is replaced itself, what it leads to is not touched).

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rayon::prelude::*;
use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, mkdirat, openat, statat, unlinkat};
use rustix::io::Errno;

use super::error::show;
use super::{Error, Result};
use crate::tree::atomic::{FOLDER, clear_folder, is_temporary, put, put_folder, verify_regular};

/// How many folders are kept open at most, and at most a quarter of what the process may open.
const OPEN_FOLDERS: u64 = 512;

/// How old a temporary file must be to be nobody's.
const STALE: Duration = Duration::from_secs(60 * 60);

/// A folder to write to, which need not exist yet. All paths are relative to it, with `/` between their parts. All
/// methods can be called from several threads at once.
#[derive(Debug)]
pub struct Root {
    dir: PathBuf,
    /// How messages show it.
    name: PathBuf,
    folders: RwLock<HashMap<String, Arc<OwnedFd>>>,
    open_folders: usize,
}

/// What is at a path, compared with what should be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Missing,
    /// A regular file with this very content.
    Same,
    /// A regular file with other content.
    Different,
}

impl Root {
    /// Takes a folder as root. It may be missing, or be a link to a folder; anything else is an error. Nothing is made
    /// before the first write.
    ///
    /// # Errors
    /// It is something else, or cannot be read.
    pub fn open(dir: &Path) -> Result<Root> {
        Root::open_as(dir, dir)
    }

    /// The same, of a folder that messages show by another name: relative to what `-C` names.
    ///
    /// # Errors
    /// As for [`Root::open`].
    pub fn open_as(dir: &Path, name: &Path) -> Result<Root> {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
        let open_folders = (limit / 4).clamp(8, OPEN_FOLDERS) as usize;
        let root = Root { dir: dir.to_owned(), name: name.to_owned(), folders: RwLock::default(), open_folders };
        if fs::metadata(dir).is_ok_and(|there| there.is_file()) {
            return Err(Error::new("write", show(name), "it is a file, not a folder"));
        }
        root.folder("", false, "read", "")?;
        Ok(root)
    }

    /// Writes one file, whole or not at all, and makes the folders that it needs. A file that is there keeps its mode;
    /// a new one gets 0644 less the umask. A link, a folder or a special file is not replaced.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let (fd, name, old) = self.look(path, "write", true)?;
        let fd = fd.ok_or_else(|| self.fail("write", path, Errno::NOENT))?;
        if let Some(old) = &old {
            verify_regular("write", old, || self.shown(path))?;
        }
        put(fd.as_fd(), Path::new(name), bytes, old.as_ref()).map_err(|cause| self.fail("write", path, cause))
    }

    /// Writes many files, in parallel, each as [`Root::write`] does. Files of one folder that stand side by side in
    /// `files` are written together: where the folder is not there yet, it appears in one step with all of them, which
    /// also spares a rename for each. Returns what went wrong; the other files are written all the same.
    pub fn write_all(&self, files: &[(&str, &[u8])]) -> Vec<Error> {
        let folder = |path: &str| path.rsplit_once('/').map_or(0, |(folder, _)| folder.len());
        let groups: Vec<&[(&str, &[u8])]> = files.chunk_by(|(a, _), (b, _)| a[..folder(a)] == b[..folder(b)]).collect();
        groups
            .into_par_iter()
            .flat_map(|group| match self.write_new_folder(group) {
                Ok(true) => Vec::new(),
                // One by one, they show what is in the way, and whose it is.
                _ => group.par_iter().filter_map(|(path, bytes)| self.write(path, bytes).err()).collect(),
            })
            .collect()
    }

    /// Writes files of one folder that is not there yet: false, with nothing written, where it is there or appears
    /// meanwhile.
    fn write_new_folder(&self, files: &[(&str, &[u8])]) -> Result<bool> {
        let Some((first, _)) = files.first() else { return Ok(true) };
        let (folder, _) = self.split("write", first)?;
        if folder.is_empty() || files.len() == 1 || self.folder(folder, false, "write", first)?.is_some() {
            return Ok(false);
        }
        let (above, name) = self.split("write", folder)?;
        let Some(above) = self.folder(above, true, "write", folder)? else { return Ok(false) };
        let mut named = Vec::with_capacity(files.len());
        for (path, bytes) in files {
            named.push((self.split("write", path)?.1, *bytes));
        }
        Ok(put_folder(above.as_fd(), name, &named).is_ok())
    }

    /// Compares what is at `path` with `bytes`, by length first. Refuses what [`Root::write`] would refuse.
    pub fn compare(&self, path: &str, bytes: &[u8]) -> Result<State> {
        let Some((file, len)) = self.open_file(path)? else { return Ok(State::Missing) };
        if len != bytes.len() as u64 {
            return Ok(State::Different);
        }
        let mut buffer = Vec::with_capacity(bytes.len().min(256 * 1024) + 1);
        let mut rest = bytes;
        loop {
            buffer.clear();
            let count = match rustix::io::read(&file, spare_capacity(&mut buffer)) {
                Err(Errno::INTR) => continue,
                count => count.map_err(|cause| self.fail("read", path, cause))?,
            };
            match rest.strip_prefix(buffer.as_slice()) {
                Some(_) if count == 0 => return Ok(if rest.is_empty() { State::Same } else { State::Different }),
                // A read that leaves room in the buffer has met the end of the file.
                Some([]) if count < buffer.capacity() => return Ok(State::Same),
                Some(left) => rest = left,
                None => return Ok(State::Different),
            }
        }
    }

    /// Reads a regular file; nothing where there is none.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let Some((file, len)) = self.open_file(path)? else { return Ok(None) };
        let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
        let mut file = fs::File::from(file);
        io::Read::read_to_end(&mut file, &mut bytes).map_err(|cause| self.fail("read", path, cause))?;
        Ok(Some(bytes))
    }

    /// Removes a regular file. Returns whether it was there.
    pub fn remove(&self, path: &str) -> Result<bool> {
        let (Some(fd), name, Some(stat)) = self.look(path, "remove", false)? else { return Ok(false) };
        verify_regular("remove", &stat, || self.shown(path))?;
        match unlinkat(&fd, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(cause) => Err(self.fail("remove", path, cause)),
        }
    }

    /// Removes the folders of `files` (paths of removed files) that are empty now, and then those above them, up to
    /// the root, which stays. Folders that were empty before are not touched. Returns what was removed, sorted.
    pub fn remove_empty_folders<'a>(&self, files: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>> {
        let parent = |path: &'a str| path.rsplit_once('/').map(|(folder, _)| folder);
        let mut folders: Vec<&str> = files.into_iter().filter_map(parent).collect();
        folders.sort_unstable();
        folders.dedup();
        // Deepest first, so that what a folder's parent holds is known when it is its turn.
        folders.sort_by_key(|folder| std::cmp::Reverse(folder.matches('/').count()));
        let mut removed: Vec<String> = Vec::new();
        for folder in folders {
            let mut folder = Some(folder);
            while let Some(path) = folder {
                let (above, name) = self.split("remove", path)?;
                let Some(fd) = self.folder(above, false, "remove", path)? else { break };
                match unlinkat(&fd, name, AtFlags::REMOVEDIR) {
                    Ok(()) => removed.push(path.to_owned()),
                    Err(Errno::NOENT) => {}
                    Err(Errno::NOTEMPTY | Errno::EXIST) => break,
                    Err(cause) => return Err(self.fail("remove", path, cause)),
                }
                folder = parent(path);
            }
        }
        self.folders.write().unwrap_or_else(PoisonError::into_inner).clear();
        removed.sort_unstable();
        Ok(removed)
    }

    /// The regular `.yaml` files below the folder `prefix` (`""` is the root itself), sorted. Links and special files
    /// are left out, and so are names that are not UTF-8: kfleet writes neither. A missing folder has no files.
    pub fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let mut files = Vec::new();
        self.visit(prefix, &mut |_, path, name, kind| {
            if kind == FileType::RegularFile && name.ends_with(".yaml") {
                files.push(path.to_owned());
            }
            Ok(())
        })?;
        files.sort_unstable();
        Ok(files)
    }

    /// Removes what killed runs have left below `prefix`: temporary files and folders more than an hour old. Younger ones
    /// may be the work of a run that is still going on. Returns how many were removed.
    pub fn sweep(&self, prefix: &str) -> Result<usize> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let oldest = i64::try_from(now.saturating_sub(STALE).as_secs()).unwrap_or(0);
        let mut count = 0;
        self.visit(prefix, &mut |fd, path, name, kind| {
            let is_stale = |stat: rustix::fs::Stat| stat.st_mtime < oldest;
            if is_temporary(name) && statat(fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(is_stale) {
                let removed = match kind {
                    FileType::Directory => clear_folder(fd.as_fd(), name),
                    _ => unlinkat(fd, name, AtFlags::empty()).map_err(io::Error::from),
                };
                removed.map_err(|cause| self.fail("remove", path, cause))?;
                count += 1;
            }
            Ok(())
        })?;
        Ok(count)
    }

    /// Shows each regular file below a folder, and each temporary folder: where it is, its path, its name, its type.
    fn visit(&self, prefix: &str, each: &mut dyn FnMut(&OwnedFd, &str, &str, FileType) -> Result<()>) -> Result<()> {
        let mut waiting = vec![prefix.to_owned()];
        while let Some(folder) = waiting.pop() {
            let Some(fd) = self.folder(&folder, false, "read", &folder)? else { continue };
            for entry in Dir::read_from(&fd).map_err(|cause| self.fail("read", &folder, cause))? {
                let entry = entry.map_err(|cause| self.fail("read", &folder, cause))?;
                let Ok(name) = entry.file_name().to_str() else { continue };
                let mut kind = entry.file_type();
                if kind == FileType::Unknown {
                    let stat = statat(&fd, name, AtFlags::SYMLINK_NOFOLLOW);
                    kind = stat.map_or(kind, |stat| FileType::from_raw_mode(stat.st_mode));
                }
                let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                match kind {
                    FileType::Directory if matches!(name, "." | "..") => {}
                    FileType::Directory if !is_temporary(name) => waiting.push(path),
                    FileType::Directory | FileType::RegularFile => each(&fd, &path, name, kind)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn open_file(&self, path: &str) -> Result<Option<(OwnedFd, u64)>> {
        let (folder, name) = self.split("read", path)?;
        let Some(fd) = self.folder(folder, false, "read", path)? else { return Ok(None) };
        // NONBLOCK: a pipe must not make the open wait.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&fd, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            Err(cause) => {
                if let Ok(stat) = statat(&fd, name, AtFlags::SYMLINK_NOFOLLOW) {
                    verify_regular("read", &stat, || self.shown(path))?;
                }
                return Err(self.fail("read", path, cause));
            }
            Ok(file) => file,
        };
        let stat = fstat(&file).map_err(|cause| self.fail("read", path, cause))?;
        verify_regular("read", &stat, || self.shown(path))?;
        Ok(Some((file, u64::try_from(stat.st_size).unwrap_or(0))))
    }

    /// Opens a folder, and makes it and those above it if asked to. Nothing if it is missing.
    pub(super) fn folder(
        &self,
        folder: &str,
        make: bool,
        doing: &'static str,
        path: &str,
    ) -> Result<Option<Arc<OwnedFd>>> {
        if let Some(fd) = self.folders.read().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return Ok(Some(Arc::clone(fd)));
        }
        let opened = if folder.is_empty() {
            self.open_root(make).map_err(|cause| Error::from_io(doing, show(&self.name), cause))?
        } else {
            let (above, name) = self.split(doing, folder)?;
            match self.folder(above, make, doing, path)? {
                Some(fd) => self.open_below(&fd, name, make, folder, doing, path)?,
                None => None,
            }
        };
        let Some(fd) = opened.map(Arc::new) else { return Ok(None) };
        let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        if folders.len() >= self.open_folders {
            folders.clear();
        }
        folders.insert(folder.to_owned(), Arc::clone(&fd));
        Ok(Some(fd))
    }

    fn open_root(&self, make: bool) -> io::Result<Option<OwnedFd>> {
        let dir = if self.dir.as_os_str().is_empty() { Path::new(".") } else { &self.dir };
        if make {
            fs::create_dir_all(dir)?;
        }
        match openat(CWD, dir, FOLDER, Mode::empty()) {
            Err(Errno::NOENT) => Ok(None),
            fd => Ok(Some(fd?)),
        }
    }

    fn open_below(
        &self,
        above: &OwnedFd,
        name: &str,
        make: bool,
        folder: &str,
        doing: &'static str,
        path: &str,
    ) -> Result<Option<OwnedFd>> {
        if make {
            match mkdirat(above, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(cause) => return Err(self.fail(doing, path, cause)),
            }
        }
        match openat(above, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(fd) => Ok(Some(fd)),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => {
                let stat = statat(above, name, AtFlags::SYMLINK_NOFOLLOW);
                let is_link = stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink);
                let what = if is_link { "a symbolic link" } else { "not a folder" };
                let error = Error::new(doing, self.shown(path), format!("{} is {what}", self.shown(folder)));
                Err(error.with_hint(format!("remove {} or choose another folder for the output", self.shown(folder))))
            }
            Err(cause) => Err(self.fail(doing, path, cause)),
        }
    }

    /// Splits a path into folder and name, if every part of it is a plain name.
    pub(super) fn split<'a>(&self, doing: &'static str, path: &'a str) -> Result<(&'a str, &'a str)> {
        if path.split('/').any(|part| matches!(part, "" | "." | "..") || part.contains('\0')) {
            let reason = "the path is not a plain path below the output folder";
            return Err(Error::new(doing, self.shown(path), reason));
        }
        Ok(path.rsplit_once('/').unwrap_or(("", path)))
    }

    fn shown(&self, path: &str) -> String {
        let path = self.name.join(path.trim_start_matches('/'));
        show(path.strip_prefix(".").unwrap_or(&path))
    }

    pub(super) fn fail(&self, doing: &'static str, path: &str, cause: impl Into<io::Error>) -> Error {
        Error::from_io(doing, self.shown(path), cause)
    }
}

#[cfg(test)]
#[path = "root_tests.rs"]
mod tests;
