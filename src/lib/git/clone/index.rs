//! The index of a work tree, as libgit2 may write it without harm to what git sees. Git compares whole seconds of a file's
//! time: a change in the second of its entry is noticed only because the index was written in that second too ("racily
//! clean"). libgit2 compares nanoseconds, does not doubt such an entry, and writes the index in a later second.

use crate::error::{Error, ErrorKind, Result};
use git2::{ErrorCode, Index, IndexEntry, IndexTime, Oid, Repository};
use std::os::unix::fs::MetadataExt;

/// What libgit2 answers.
pub(super) type Answered<T> = std::result::Result<T, git2::Error>;

/// The bits of an entry's mode that are its type, and the type of a file.
const TYPE: u32 = 0o170_000;
const FILE: u32 = 0o100_000;

/// The bits of an entry's flags that hold its stage: one side of a conflict.
const STAGE: u16 = 0x3000;

/// The index as it is on disk now, ready to be changed and written.
pub(super) fn writable_index(repository: &Repository) -> Answered<Index> {
    let mut index = repository.index()?;
    // Before it is read: if it is replaced in between, more entries are doubted, never fewer.
    let written = index.path().and_then(|path| path.metadata().ok()).map(|about| about.mtime());
    index.read(true)?;
    if let Some(written) = written {
        doubt_entries_since(&mut index, written)?;
    }
    Ok(index)
}

/// Makes git compare the content of the files that may have changed in the second in which the index was written, or
/// later: a size of 0 is git's own mark for that.
fn doubt_entries_since(index: &mut Index, written: i64) -> Answered<()> {
    let is_racy = |entry: &IndexEntry| {
        let is_plain = entry.mode & TYPE == FILE && entry.flags & STAGE == 0;
        is_plain && entry.file_size != 0 && i64::from(entry.mtime.seconds().cast_unsigned()) >= written
    };
    let racy: Vec<IndexEntry> = index.iter().filter(is_racy).collect();
    for mut entry in racy {
        entry.file_size = 0;
        index.add(&entry)?;
    }
    Ok(())
}

/// Writes the index in one step.
///
/// # Errors
/// Another process is at it ([`ErrorKind::Refused`]), or it cannot be written.
pub(super) fn write_index(index: &mut Index, doing: &str) -> Result<()> {
    index.write().map_err(|cause| match cause.code() {
        ErrorCode::Locked => locked(doing),
        _ => Error::new(ErrorKind::Environment, format!("{doing}: cannot write the index: {}", cause.message())),
    })
}

/// Refuses to begin what another process would not let end.
pub(super) fn verify_unlocked(repository: &Repository, doing: &str) -> Result<()> {
    let is_locked = ["index.lock", "HEAD.lock"].iter().any(|lock| repository.path().join(lock).exists());
    if is_locked { Err(locked(doing)) } else { Ok(()) }
}

/// Another process has a lock.
pub(super) fn locked(doing: &str) -> Error {
    Error::new(ErrorKind::Refused, format!("{doing}: another git or kfleet is at work in this clone")).with_hint(
        "wait for it to end; if none runs, it was killed: remove index.lock and HEAD.lock in the folder .git",
    )
}

/// An entry that says nothing of a file in the work tree.
pub(super) fn entry(path: &[u8], mode: u32, id: Oid) -> IndexEntry {
    let zero = IndexTime::new(0, 0);
    IndexEntry {
        ctime: zero,
        mtime: zero,
        dev: 0,
        ino: 0,
        mode,
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.to_vec(),
    }
}
