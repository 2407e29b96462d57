//! [`Input`]: one input text that can be read more than once, whole or in ranges, without holding it in memory.

use std::borrow::Cow;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::buffer::spare_capacity;
use rustix::fs::OFlags;

use super::walk::{Form, Found};
use super::{Error, Result};

/// A text to be read. Small ones are held in memory, big files stay on disk and are read in ranges, big streams are
/// copied to a file without a name in the temporary folder, which vanishes with this value.
#[derive(Debug)]
pub struct Input {
    name: String,
    path: Option<PathBuf>,
    is_link: bool,
    len: u64,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Held {
        bytes: Vec<u8>,
        stamp: Option<Stamp>,
    },
    OnDisk {
        file: File,
        stamp: Stamp,
    },
    /// Read once and let go; `named` files may be links.
    Released {
        stamp: Stamp,
    },
    Spooled(File),
}

/// Reads a small file that the user's settings name, through links: nothing if it is not there.
///
/// # Errors
/// It cannot be read, or holds more than `limit` bytes.
pub fn read_named(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let name = super::error::show(path);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(cause) => return Err(Error::from_io("read", name, cause)),
    };
    let bytes = read_to_end(&file, 0, limit).map_err(|cause| Error::from_io("read", name.as_str(), cause))?;
    if bytes.len() as u64 > limit {
        return Err(Error::new("read", name, format!("it holds more than {limit} bytes")));
    }
    Ok(Some(bytes))
}

/// What distinguishes one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    len: u64,
    modified: (i64, i64),
}

impl From<&Metadata> for Stamp {
    fn from(m: &Metadata) -> Self {
        Stamp { device: m.dev(), inode: m.ino(), len: m.len(), modified: (m.mtime(), m.mtime_nsec()) }
    }
}

impl Input {
    /// Opens what [`super::walk`] has found. A file of at most `hold_limit` bytes is read at once; of a bigger one only
    /// the size is looked at. A stream is read to its end. If the path has become a link or a special file since the
    /// walk, that is an error.
    pub fn from_file(found: &Found, hold_limit: u64) -> Result<Input> {
        let fail = |cause: io::Error| Error::from_io("read", found.name.as_str(), cause);
        let mut options = OpenOptions::new();
        options.read(true);
        if found.form == Form::Stream {
            let stream = options.open(&found.path).map_err(fail)?;
            let mut input = Input::from_reader(found.name.clone(), stream, hold_limit)?;
            input.path = Some(found.path.clone());
            return Ok(input);
        }
        let (file, metadata) = open(found)?;
        let stamp = Stamp::from(&metadata);
        let (name, path, is_link) = (found.name.clone(), Some(found.path.clone()), found.form == Form::Link);
        if stamp.len > hold_limit {
            return Ok(Input { name, path, is_link, len: stamp.len, body: Body::OnDisk { file, stamp } });
        }
        let bytes = read_to_end(&file, stamp.len, hold_limit).map_err(fail)?;
        // The files of special file systems such as proc call themselves empty.
        let len = bytes.len() as u64;
        if len > hold_limit || (len != stamp.len && stamp.len != 0) {
            return Err(changed(found.name.as_str()));
        }
        Ok(Input { name, path, is_link, len, body: Body::Held { bytes, stamp: Some(stamp) } })
    }

    /// As [`Input::from_file`], but nothing is read before it is asked for, and the file is not kept open.
    pub fn unread(found: &Found) -> Result<Input> {
        if found.form == Form::Stream {
            return Input::from_file(found, 0);
        }
        let (_, metadata) = open(found)?;
        let stamp = Stamp::from(&metadata);
        Ok(Input {
            name: found.name.clone(),
            path: Some(found.path.clone()),
            is_link: found.form == Form::Link,
            len: stamp.len,
            body: Body::Released { stamp },
        })
    }

    /// Reads a stream to its end: into memory up to `hold_limit` bytes, else into a file without a name in the
    /// system's temporary folder.
    pub fn from_reader(name: impl Into<String>, mut reader: impl Read, hold_limit: u64) -> Result<Input> {
        let name = name.into();
        let fail = |cause: io::Error| Error::from_io("read", name.as_str(), cause);
        let mut bytes = Vec::new();
        reader.by_ref().take(hold_limit.saturating_add(1)).read_to_end(&mut bytes).map_err(fail)?;
        if bytes.len() as u64 <= hold_limit {
            return Ok(Input::from_bytes(name, bytes));
        }
        let fail = |cause: io::Error| Error::from_io("keep a copy in the temporary folder of", name.as_str(), cause);
        let mut file = tempfile::tempfile().map_err(fail)?;
        file.write_all(&bytes).map_err(fail)?;
        let len = bytes.len() as u64 + io::copy(&mut reader, &mut file).map_err(fail)?;
        Ok(Input { name, path: None, is_link: false, len, body: Body::Spooled(file) })
    }

    /// A text that is in memory already.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Input {
        let len = bytes.len() as u64;
        Input { name: name.into(), path: None, is_link: false, len, body: Body::Held { bytes, stamp: None } }
    }

    /// The name as shown to the user.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the text came from; nothing for standard input.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether the path is a symbolic link, which the user has named.
    pub fn is_link(&self) -> bool {
        self.is_link
    }

    /// The length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The whole text, if it is held in memory.
    pub fn held(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Held { bytes, .. } => Some(bytes),
            Body::OnDisk { .. } | Body::Released { .. } | Body::Spooled(_) => None,
        }
    }

    /// Lets go of the bytes that are held, if they can be read again from their file.
    pub fn release(&mut self) {
        if let Body::Held { stamp: Some(stamp), .. } = &self.body
            && stamp.len == self.len
        {
            self.body = Body::Released { stamp: *stamp };
        }
    }

    /// The whole text, whatever its size.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>> {
        if let Some(held) = self.held() {
            return Ok(Cow::Borrowed(held));
        }
        let mut bytes = Vec::new();
        let len = usize::try_from(self.len)
            .map_err(|_| Error::new("read", self.name.as_str(), "it does not fit into memory"))?;
        self.read_range(0, len, &mut bytes)?;
        Ok(Cow::Owned(bytes))
    }

    /// As [`Input::bytes`], where the input is not needed any more.
    pub fn into_bytes(self) -> Result<Vec<u8>> {
        match self.body {
            Body::Held { bytes, .. } => Ok(bytes),
            _ => Ok(self.bytes()?.into_owned()),
        }
    }

    /// Puts `len` bytes from `offset` on into `buffer`, in place of what is there. A range that goes past the end is an
    /// error, and so is a file that is no longer what it was when it was opened. Safe to call from several threads.
    pub fn read_range(&self, offset: u64, len: usize, buffer: &mut Vec<u8>) -> Result<()> {
        let within = offset.checked_add(len as u64).is_some_and(|end| end <= self.len);
        if !within {
            let reason = format!("bytes {offset} to {offset}+{len} lie past its end at {}", self.len);
            return Err(Error::new("read", self.name.as_str(), reason));
        }
        let file = match &self.body {
            Body::Held { bytes, .. } => {
                let start = offset as usize;
                buffer.clear();
                buffer.extend_from_slice(&bytes[start..start + len]);
                return Ok(());
            }
            Body::OnDisk { file, .. } | Body::Spooled(file) => file,
            Body::Released { stamp } => &self.reopen(*stamp)?,
        };
        buffer.resize(len, 0);
        match file.read_exact_at(buffer, offset) {
            Ok(()) => self.verify_unchanged(),
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => Err(changed(&self.name)),
            Err(cause) => Err(Error::from_io("read", self.name.as_str(), cause)),
        }
    }

    /// Opens a file again whose bytes were let go.
    fn reopen(&self, stamp: Stamp) -> Result<File> {
        let path = self.path.as_deref().unwrap_or(Path::new(""));
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(OFlags::NONBLOCK.bits() as i32);
        let file = options.open(path).map_err(|cause| Error::from_io("read", self.name.as_str(), cause))?;
        match file.metadata() {
            Ok(metadata) if Stamp::from(&metadata) == stamp => Ok(file),
            _ => Err(changed(&self.name)),
        }
    }

    /// Fails if the file has changed, or another has taken its place, since it was opened. Streams cannot change.
    pub fn verify_unchanged(&self) -> Result<()> {
        let (stamp, file) = match &self.body {
            Body::OnDisk { file, stamp } => (stamp, Some(file)),
            Body::Held { stamp: Some(stamp), .. } | Body::Released { stamp } => (stamp, None),
            Body::Held { stamp: None, .. } | Body::Spooled(_) => return Ok(()),
        };
        let same = |metadata: io::Result<Metadata>| metadata.is_ok_and(|m| Stamp::from(&m) == *stamp);
        let at_path = self.path.as_ref().is_none_or(|path| same(std::fs::metadata(path)));
        if at_path && file.is_none_or(|file| same(file.metadata())) { Ok(()) } else { Err(changed(&self.name)) }
    }
}

/// Opens a regular file that the walk has found.
fn open(found: &Found) -> Result<(File, Metadata)> {
    let fail = |cause: io::Error| Error::from_io("read", found.name.as_str(), cause);
    let mut options = OpenOptions::new();
    options.read(true);
    // Without NONBLOCK, opening a pipe that has taken the file's place would wait for ever.
    let no_follow = if found.named { OFlags::empty() } else { OFlags::NOFOLLOW };
    options.custom_flags((OFlags::NONBLOCK | no_follow).bits() as i32);
    let file = options.open(&found.path).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    if !metadata.is_file() {
        return Err(Error::new("read", found.name.as_str(), "it is no longer a regular file"));
    }
    Ok((file, metadata))
}

fn changed(name: &str) -> Error {
    Error::new("read", name, "it changed while kfleet was reading it").with_hint("run the same command again")
}

/// One read where the length was right: asking for one byte more than that shows the end of the file.
fn read_to_end(file: &File, len: u64, hold_limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(len).unwrap_or(usize::MAX).saturating_add(1))?;
    loop {
        let wanted = bytes.capacity() - bytes.len();
        match rustix::io::read(file, spare_capacity(&mut bytes)) {
            Ok(count) if count < wanted => {
                if count == 0 || bytes.len() as u64 == len {
                    return Ok(bytes);
                }
            }
            Ok(_) if bytes.len() as u64 > hold_limit => return Ok(bytes),
            Ok(_) => bytes.try_reserve(8 * 1024)?,
            Err(rustix::io::Errno::INTR) => {}
            Err(cause) => return Err(cause.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::tree::{WalkOptions, walk};

    fn mk_found(path: &Path) -> Found {
        walk(&[path.to_owned()], &WalkOptions::default()).files.remove(0)
    }

    #[test]
    fn small_files_are_held_and_big_ones_are_read_in_ranges() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yaml");
        fs::write(&path, "0123456789").unwrap();
        let mut buffer = b"rubbish of some length".to_vec();
        for (limit, held) in [(10, true), (9, false)] {
            let input = Input::from_file(&mk_found(&path), limit).unwrap();
            assert_eq!((input.len(), input.held().is_some()), (10, held));
            input.read_range(3, 4, &mut buffer).unwrap();
            assert_eq!(buffer, b"3456");
            input.read_range(10, 0, &mut buffer).unwrap();
            assert!(buffer.is_empty());
            assert!(input.read_range(8, 3, &mut buffer).is_err());
            assert!(input.read_range(u64::MAX, 3, &mut buffer).is_err());
            assert_eq!(input.into_bytes().unwrap(), b"0123456789");
        }
        fs::write(&path, "").unwrap();
        assert!(Input::from_file(&mk_found(&path), 0).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_changes_meanwhile_is_an_error() {
        type Change = fn(&Path);
        let changes: [Change; 4] = [
            |path| fs::write(path, "other text").unwrap(),
            |path| fs::write(path, "0123").unwrap(),
            |path| {
                let other = path.with_extension("new");
                fs::write(&other, "0123456789").unwrap();
                fs::rename(other, path).unwrap();
            },
            |path| fs::remove_file(path).unwrap(),
        ];
        for change in changes {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.yaml");
            fs::write(&path, "0123456789").unwrap();
            let old = SystemTime::now() - Duration::from_secs(60);
            File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
            let found = mk_found(&path);
            let big = Input::from_file(&found, 1).unwrap();
            let small = Input::from_file(&found, 100).unwrap();
            small.verify_unchanged().unwrap();
            change(&path);
            let error = big.read_range(0, 10, &mut Vec::new()).unwrap_err();
            assert!(error.to_string().ends_with("a.yaml: it changed while kfleet was reading it"));
            assert!(small.verify_unchanged().is_err());
        }
    }

    #[test]
    fn streams_are_held_or_spooled() {
        for (limit, held) in [(100_000, true), (99_999, false), (10, false)] {
            let text: Vec<u8> = (0..100_000u32).map(|n| (n % 251) as u8).collect();
            let input = Input::from_reader("<stdin>", text.as_slice(), limit).unwrap();
            assert_eq!((input.len(), input.held().is_some()), (100_000, held));
            let mut buffer = Vec::new();
            input.read_range(50_000, 500, &mut buffer).unwrap();
            assert_eq!(buffer, &text[50_000..50_500]);
            assert_eq!(input.into_bytes().unwrap(), text);
        }
    }

    #[test]
    fn what_turns_into_a_link_or_a_pipe_after_the_walk_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yaml");
        fs::write(&path, "a: 1\n").unwrap();
        let found = walk(&[dir.path().to_owned()], &WalkOptions::default()).files.remove(0);
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
        assert!(Input::from_file(&found, 100).is_err());
        fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(Input::from_file(&found, 100).is_err());
    }

    #[test]
    fn a_named_pipe_is_read_as_a_stream() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let found = mk_found(&path);
        let writer = {
            let path = path.clone();
            std::thread::spawn(move || fs::write(path, "a: 1\n").unwrap())
        };
        let input = Input::from_file(&found, 100).unwrap();
        writer.join().unwrap();
        assert_eq!(input.held().unwrap(), b"a: 1\n");
    }
}
