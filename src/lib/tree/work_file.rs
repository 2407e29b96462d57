//! Files of a work tree: with their executable bit, and symbolic links as links. Each takes its place in one step.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fchmod, fstat, openat, renameat, statat, symlinkat, unlinkat};
use rustix::io::Errno;

use super::error::show;
use super::{Error, Result, Root};
use crate::tree::atomic::{put, temporary_name};

/// What stands at a path of a work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A regular file.
    File {
        /// Its content.
        bytes: Vec<u8>,
        /// Whether it may be executed.
        is_executable: bool,
    },
    /// A symbolic link, and where it leads.
    Link(PathBuf),
}

impl Entry {
    /// Reads what is at a path; nothing where there is nothing.
    pub fn read(path: &Path) -> Result<Option<Entry>> {
        let read = || -> io::Result<Option<Entry>> {
            let about = match path.symlink_metadata() {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
                about => about?,
            };
            if about.is_symlink() {
                return Ok(Some(Entry::Link(fs::read_link(path)?)));
            }
            if !about.is_file() {
                return Err(io::Error::other("it is not a regular file"));
            }
            let is_executable = about.permissions().mode() & 0o100 != 0;
            Ok(Some(Entry::File { bytes: fs::read(path)?, is_executable }))
        };
        read().map_err(|cause| Error::from_io("read", show(path), cause))
    }
}

impl Root {
    /// Puts a file or link in its place, and makes the folders that it needs. A file or link that is there is replaced, a
    /// folder is not.
    pub fn place(&self, path: &str, entry: &Entry) -> Result<()> {
        let (fd, name, old) = self.look(path, "write", true)?;
        let fd = fd.ok_or_else(|| self.fail("write", path, Errno::NOENT))?;
        if let Some(old) = &old
            && !matches!(FileType::from_raw_mode(old.st_mode), FileType::RegularFile | FileType::Symlink)
        {
            return Err(self.fail("write", path, Errno::ISDIR));
        }
        let fail = |cause: io::Error| self.fail("write", path, cause);
        match entry {
            Entry::File { bytes, is_executable } => {
                let old = old.filter(|old| FileType::from_raw_mode(old.st_mode) == FileType::RegularFile);
                put(fd.as_fd(), Path::new(name), bytes, old.as_ref()).map_err(fail)?;
                let file = openat(&*fd, name, OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
                let set = file.and_then(|file| {
                    let mode = fstat(&file)?.st_mode & 0o777;
                    // Whoever may read it may execute it.
                    let wanted = if *is_executable { mode | ((mode & 0o444) >> 2) } else { mode & !0o111 };
                    if wanted == mode { Ok(()) } else { fchmod(&file, Mode::from_raw_mode(wanted)) }
                });
                set.map_err(|cause| fail(cause.into()))
            }
            Entry::Link(target) => {
                let temporary = temporary_name();
                let target = target.clone().into_os_string().into_vec();
                let linked = symlinkat(target.as_slice(), &*fd, &*temporary)
                    .and_then(|()| renameat(&*fd, &*temporary, &*fd, name));
                if linked.is_err() {
                    let _ = unlinkat(&*fd, &*temporary, AtFlags::empty());
                }
                linked.map_err(|cause| fail(cause.into()))
            }
        }
    }

    /// Removes a file or a link. Nothing there is no failure.
    pub fn remove_entry(&self, path: &str) -> Result<()> {
        let (Some(fd), name, Some(_)) = self.look(path, "remove", false)? else { return Ok(()) };
        match unlinkat(&*fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(cause) => Err(self.fail("remove", path, cause)),
        }
    }

    /// What is at a path, and the folder that it is in, which is made if asked to.
    #[expect(clippy::type_complexity, reason = "the folder, the name in it, what is there")]
    pub(super) fn look<'a>(
        &self,
        path: &'a str,
        doing: &'static str,
        make: bool,
    ) -> Result<(Option<std::sync::Arc<std::os::fd::OwnedFd>>, &'a str, Option<Stat>)> {
        let (folder, name) = self.split(doing, path)?;
        let Some(fd) = self.folder(folder, make, doing, path)? else { return Ok((None, name, None)) };
        let old = match statat(&*fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => None,
            old => Some(old.map_err(|cause| self.fail(doing, path, cause))?),
        };
        Ok((Some(fd), name, old))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_their_kind() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let file = |text: &str, is_executable| Entry::File { bytes: text.into(), is_executable };
        for entry in [file("1", false), file("2", true), Entry::Link("../x".into()), file("3", false)] {
            root.place("a/b", &entry).unwrap();
            assert_eq!(Entry::read(&dir.path().join("a/b")).unwrap(), Some(entry));
        }
        root.remove_entry("a/b").unwrap();
        root.remove_entry("a/b").unwrap();
        assert_eq!(Entry::read(&dir.path().join("a/b")).unwrap(), None);
        assert!(root.place("a", &file("1", false)).is_err(), "a folder stays");
        assert!(root.place("../x", &file("1", false)).is_err());
        root.place("l", &Entry::Link("a".into())).unwrap();
        assert!(root.place("l/x", &file("1", false)).is_err(), "no link is written through");
    }
}
