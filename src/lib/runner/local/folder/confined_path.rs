//! Paths below a folder that hostile steps can write to: every part is opened from its parent, by one name, without
//! following links. So nothing outside is read or written, whatever the folder holds, and whoever changes it meanwhile.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, chmodat, fchmod, fstat, mkdirat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;

/// To open a folder so that names can be looked up in it.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Opens a folder that the engine itself has made, or that the user has named: links are followed.
pub(crate) fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    Ok(openat(CWD, path, FOLDER, Mode::empty())?)
}

/// The parts of a path; refuses those that lead upwards.
pub(crate) fn parts(path: &str) -> io::Result<Vec<&str>> {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.iter().any(|part| *part == ".." || part.contains('\0')) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path has a part \"..\" or a zero byte"));
    }
    Ok(parts)
}

/// Opens a folder below another, and makes what is missing if asked to.
pub(crate) fn descend(base: BorrowedFd<'_>, path: &str, make: bool) -> io::Result<OwnedFd> {
    let mut folder = openat(base, ".", FOLDER, Mode::empty())?;
    for part in parts(path)? {
        folder = enter(folder.as_fd(), part, make)?;
    }
    Ok(folder)
}

fn enter(folder: BorrowedFd<'_>, name: &str, make: bool) -> io::Result<OwnedFd> {
    if make {
        match mkdirat(folder, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(cause) => return Err(cause.into()),
        }
    }
    openat(folder, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()).map_err(|cause| match cause {
        Errno::LOOP | Errno::MLINK | Errno::NOTDIR if is_link(folder, name) => passes_a_link(name),
        cause => cause.into(),
    })
}

fn is_link(folder: BorrowedFd<'_>, name: &str) -> bool {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
    stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

fn passes_a_link(name: &str) -> io::Error {
    io::Error::other(format!("{name:?} is a symbolic link, which could lead out"))
}

/// Opens the folder that a path is in, and gives the last part of the path.
fn parent<'a>(base: BorrowedFd<'_>, path: &'a str, make: bool) -> io::Result<(OwnedFd, &'a str)> {
    let Some(name) = parts(path)?.pop() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path has no name"));
    };
    let end = path.rfind(name).unwrap_or(0);
    Ok((descend(base, &path[..end], make)?, name))
}

/// To open something only in order to name it.
#[cfg(target_os = "linux")]
const NAME_ONLY: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const NAME_ONLY: OFlags = OFlags::NONBLOCK;

/// What is to be mounted: a descriptor of a folder or file, which need not be readable, and whether it is a folder. A
/// folder is made where there is nothing, if asked to.
pub(crate) fn locate(base: BorrowedFd<'_>, path: &str, make: bool) -> io::Result<(OwnedFd, bool)> {
    let flags = NAME_ONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = if parts(path)?.is_empty() {
        openat(base, ".", flags, Mode::empty())?
    } else {
        let (folder, name) = parent(base, path, make)?;
        let open = || openat(&folder, name, flags, Mode::empty());
        match open() {
            Err(Errno::NOENT) if make => {
                enter(folder.as_fd(), name, true)?;
                open()?
            }
            // Where links cannot be opened at all.
            Err(Errno::LOOP) => return Err(passes_a_link(name)),
            found => found?,
        }
    };
    match FileType::from_raw_mode(fstat(&found)?.st_mode) {
        FileType::Symlink => Err(passes_a_link(path)),
        kind => Ok((found, kind == FileType::Directory)),
    }
}

/// Reads at most `limit` bytes of a regular file: nothing where there is none, a link or something else in its place.
pub(crate) fn read(base: BorrowedFd<'_>, path: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let Ok((folder, name)) = parent(base, path, false) else { return Ok(None) };
    // NONBLOCK: a pipe must not make the open wait.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(&folder, name, flags, Mode::empty()) {
        Err(Errno::NOENT | Errno::LOOP | Errno::MLINK | Errno::NXIO) => return Ok(None),
        file => file?,
    };
    if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::RegularFile {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::from(file).take(limit as u64).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Writes a new file in the place of whatever is there, with exactly these permission bits.
pub(crate) fn write(base: BorrowedFd<'_>, path: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let (folder, name) = parent(base, path, true)?;
    remove(folder.as_fd(), name)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(&folder, name, flags, Mode::from_raw_mode(0o600))?);
    file.write_all(bytes)?;
    Ok(fchmod(&file, permission_bits(mode))?)
}

/// Opens a regular file to append to it; it and the folders above it are made where they are missing.
pub(crate) fn append(base: BorrowedFd<'_>, path: &str) -> io::Result<File> {
    let (folder, name) = parent(base, path, true)?;
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(&folder, name, flags, Mode::from_raw_mode(0o644))?;
    if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::RegularFile {
        return Err(io::Error::other("it is not a regular file"));
    }
    Ok(File::from(file))
}

/// Makes a folder, where it is missing, that everyone may write to, as those that Kubernetes makes: the folder of the
/// run above it keeps others out.
pub(crate) fn make_open(base: BorrowedFd<'_>, path: &str) -> io::Result<()> {
    Ok(fchmod(descend(base, path, true)?, Mode::from_raw_mode(0o777))?)
}

/// Permission bits; the types of their numbers differ from system to system.
fn permission_bits(mode: u32) -> Mode {
    Mode::from_bits_truncate((mode & 0o777) as rustix::fs::RawMode)
}

/// Removes a file, link or folder with all that it holds; nothing where there is none. Links are removed, never followed.
/// Whatever runs in the folder must have ended. Needs neither stack nor descriptors in proportion to the depth: folders
/// within folders are moved up first.
pub(crate) fn remove(above: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    match unlinkat(above, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        // Linux and others disagree on what they say of a folder.
        Err(Errno::ISDIR | Errno::PERM | Errno::ACCESS) => {}
        Err(cause) => return Err(cause.into()),
    }
    let top = open_to_clear(above, name)?;
    let mut moved = 0_u64;
    loop {
        let folders = clear(top.as_fd())?;
        if folders.is_empty() {
            break;
        }
        for folder in folders {
            let open = open_to_clear(top.as_fd(), &folder)?;
            for inner in clear(open.as_fd())? {
                make_writable(open.as_fd(), &inner)?;
                loop {
                    moved += 1;
                    match renameat(&open, &inner, &top, format!(".kfleet-removed-{moved}")) {
                        // Someone has used the name.
                        Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
                        done => break done?,
                    }
                }
            }
            unlinkat(&top, &folder, AtFlags::REMOVEDIR)?;
        }
    }
    Ok(unlinkat(above, name, AtFlags::REMOVEDIR)?)
}

/// Removes all but the folders of a folder; these are returned.
fn clear(folder: BorrowedFd<'_>) -> io::Result<Vec<std::ffi::CString>> {
    let mut folders = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        match unlinkat(folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR | Errno::PERM | Errno::ACCESS) => {
                let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
                if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
                    return Err(Errno::ACCESS.into());
                }
                folders.push(name.to_owned());
            }
            Err(cause) => return Err(cause.into()),
        }
    }
    Ok(folders)
}

fn open_to_clear(above: BorrowedFd<'_>, name: impl rustix::path::Arg + Copy) -> io::Result<OwnedFd> {
    make_writable(above, name)?;
    Ok(openat(above, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?)
}

/// Steps may have taken the owner's rights away.
fn make_writable(above: BorrowedFd<'_>, name: impl rustix::path::Arg + Copy) -> io::Result<()> {
    let stat = statat(above, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        return Err(Errno::NOTDIR.into());
    }
    if stat.st_mode & 0o700 != 0o700 {
        chmodat(above, name, Mode::from_raw_mode(0o700), AtFlags::empty())?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "confined_path_tests.rs"]
mod tests;
