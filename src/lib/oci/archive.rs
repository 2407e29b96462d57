//! Archives (tar, also packed by gzip), unpacked in memory and within limits. Nothing of them touches a disk.

use crate::tree::{Contents, Limits, PassedOver, is_safe_name};
use flate2::read::MultiGzDecoder;
use std::cell::Cell;
use std::io::{self, Read};
use tar::{Archive, Entry, EntryType};

/// What an archive needs besides its files, for each of its entries: a header and padding, and some names.
const OVERHEAD: u64 = 1536;

/// How much may stand between two files: names, and links.
const BETWEEN: u64 = 1024 * 1024;

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
}

/// Why what came is not used, in lower case and without a full stop at the end, and what to do.
pub(super) type Refusal = (String, &'static str);

/// The files of an archive. Links and devices are left out, and listed.
pub(super) fn unpack(bytes: &[u8], packing: Packing, limits: Limits) -> Result<Contents, Refusal> {
    let unpacked: Box<dyn Read + '_> = match packing {
        Packing::None => Box::new(bytes),
        Packing::Gzip => Box::new(MultiGzDecoder::new(bytes)),
    };
    let headers = BETWEEN.saturating_add((limits.entries as u64).saturating_mul(OVERHEAD));
    let allowance = Allowance { now: Cell::new(BETWEEN), ever: Cell::new(headers.saturating_add(limits.total as u64)) };
    let mut archive = Archive::new(Limited { inner: unpacked, allowance: &allowance });
    let mut reader = Reader { limits, allowance: &allowance, entries: 0, total: 0, contents: Contents::default() };
    for entry in archive.entries().map_err(|cause| unreadable(&cause))? {
        reader.read(entry.map_err(|cause| unreadable(&cause))?)?;
        allowance.now.set(BETWEEN);
    }
    if reader.entries == 0 {
        return Err(("it holds nothing".to_owned(), "check what was pushed: it must be a folder with manifests"));
    }
    reader.contents.passed_over.sort();
    Ok(reader.contents)
}

struct Reader<'a> {
    limits: Limits,
    allowance: &'a Allowance,
    entries: usize,
    total: usize,
    contents: Contents,
}

impl Reader<'_> {
    fn read(&mut self, mut entry: Entry<'_, impl Read>) -> Result<(), Refusal> {
        let kind = entry.header().entry_type();
        // Settings for the rest of the archive, such as git writes.
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        self.entries += 1;
        if self.entries > self.limits.entries {
            let reason = format!("it holds more than {} files and folders", self.limits.entries);
            return Err((reason, "push the manifests alone"));
        }
        let path = path_of(&entry.path_bytes())?;
        let what = match kind {
            EntryType::Regular | EntryType::Continuous => return self.read_file(&mut entry, path),
            EntryType::Directory => return Ok(()),
            EntryType::Symlink => "a symbolic link",
            EntryType::Link => "a hard link",
            EntryType::Char | EntryType::Block | EntryType::Fifo => "a device or a pipe",
            _ => "of a kind that is not known",
        };
        let reason = format!("is {what}, which is not followed");
        self.contents.passed_over.push(PassedOver { path: path.escape_debug().to_string(), reason });
        Ok(())
    }

    fn read_file(&mut self, entry: &mut Entry<'_, impl Read>, path: String) -> Result<(), Refusal> {
        let shown = path.escape_debug();
        let big = "push the manifests alone";
        let Some(size) = usize::try_from(entry.size()).ok().filter(|size| *size <= self.limits.file) else {
            return Err((format!("its file {shown} is longer than {} bytes", self.limits.file), big));
        };
        self.total = self.total.saturating_add(size);
        if self.total > self.limits.total {
            return Err((format!("its files are longer than {} bytes together", self.limits.total), big));
        }
        if path.is_empty() {
            return Err(("it holds a file without a name".to_owned(), "pack it again"));
        }
        self.allowance.now.set((size as u64).saturating_add(BETWEEN));
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|cause| unreadable(&cause))?;
        if content.len() != size {
            return Err((format!("it ends in the middle of its file {shown}"), "pack and push it again"));
        }
        if self.contents.tree.contains_key(&path) {
            return Err((format!("it holds the file {shown} twice"), "pack and push it again, from one folder"));
        }
        self.contents.tree.insert(path, content);
        Ok(())
    }
}

/// A path below the archive's top folder, in its plain form.
fn path_of(bytes: &[u8]) -> Result<String, Refusal> {
    let shown = String::from_utf8_lossy(bytes).escape_debug().to_string();
    let hint = "pack it again, with plain paths below one folder";
    let Ok(path) = std::str::from_utf8(bytes) else {
        return Err((format!("its path {shown} is not UTF-8"), hint));
    };
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if path.starts_with('/') || !parts.iter().all(|part| is_safe_name(part)) {
        return Err((format!("its path {shown} is not safe"), hint));
    }
    Ok(parts.join("/"))
}

fn unreadable(cause: &io::Error) -> Refusal {
    let reason = match cause.kind() {
        io::ErrorKind::FileTooLarge => "there is too much in it that is not a file",
        io::ErrorKind::UnexpectedEof => "it ends too early",
        _ => "it is not an archive of the kind that its media type names, or it is damaged",
    };
    (reason.to_owned(), "pack and push it again, the manifests alone")
}

/// How many bytes may be read: what is packed may be far bigger than it looks, and the reader of archives holds names of
/// any length.
struct Allowance {
    /// Until it is set again.
    now: Cell<u64>,
    /// In all.
    ever: Cell<u64>,
}

impl Allowance {
    fn take(&self, count: u64) -> io::Result<()> {
        for left in [&self.now, &self.ever] {
            left.set(left.get().checked_sub(count).ok_or(io::ErrorKind::FileTooLarge)?);
        }
        Ok(())
    }
}

struct Limited<'a, R> {
    inner: R,
    allowance: &'a Allowance,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.allowance.take(count as u64)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;
    use tar::{Builder, Header};

    fn header(kind: EntryType, size: usize) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size as u64);
        header
    }

    /// An archive of entries whose names are taken as they are.
    fn archive(entries: &[(EntryType, &[u8], &[u8])]) -> Vec<u8> {
        let mut out = Builder::new(Vec::new());
        for (kind, name, content) in entries {
            let mut header = header(*kind, content.len());
            header.as_old_mut().name[..name.len()].copy_from_slice(name);
            header.set_cksum();
            out.append(&header, *content).unwrap();
        }
        out.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn reason(bytes: &[u8], limits: Limits) -> String {
        unpack(bytes, Packing::None, limits).expect_err("refused").0
    }

    #[test]
    fn files_are_unpacked_and_links_are_listed() {
        use EntryType as E;
        let long = format!("{}/x.yaml", "folder/".repeat(30));
        let mut out = Builder::new(Vec::new());
        out.append_data(&mut header(E::Regular, 1), &long, &b"1"[..]).unwrap();
        out.append_link(&mut header(E::Symlink, 0), "link", "/etc/passwd").unwrap();
        let _ = out.append_data(&mut header(E::Directory, 0), "folder", &b""[..]);
        let more = archive(&[
            (E::XGlobalHeader, b"pax_global_header", b""),
            (E::Directory, b"./", b""),
            (E::Regular, b"./a//b.yaml", b"b"),
            (E::Link, b"hard", b""),
            (E::Char, b"dev", b""),
        ]);
        let mut bytes = out.into_inner().unwrap();
        bytes.truncate(bytes.len() - 1024);
        bytes.extend(more);
        for (bytes, packing) in [(gzip(&bytes), Packing::Gzip), (bytes, Packing::None)] {
            let contents = unpack(&bytes, packing, Limits::default()).unwrap();
            let names: Vec<&str> = contents.tree.keys().map(String::as_str).collect();
            assert_eq!(names, ["a/b.yaml", &long.replace("//", "/")]);
            let passed: Vec<&str> = contents.passed_over.iter().map(|passed| passed.path.as_str()).collect();
            assert_eq!(passed, ["dev", "hard", "link"]);
        }
    }

    #[test]
    fn paths_that_lead_out_are_refused() {
        let names: [&[u8]; 7] = [b"/etc/x", b"../x", b"a/../../x", b"a/..", b"a\\x", b".git/config", b"a/\xff"];
        for name in names {
            for kind in [EntryType::Regular, EntryType::Symlink] {
                let reason = reason(&archive(&[(kind, name, b"")]), Limits::default());
                assert!(reason.contains("is not safe") || reason.contains("UTF-8"), "{reason}");
            }
        }
        let twice = archive(&[(EntryType::Regular, b"x", b"1"), (EntryType::Regular, b"./x", b"2")]);
        assert!(reason(&twice, Limits::default()).contains("twice"));
    }

    #[test]
    fn limits_hold_for_what_is_packed_too() {
        let limits = Limits { entries: 2, file: 10, total: 15 };
        let file = |name: &'static [u8], content: &'static [u8]| (EntryType::Regular, name, content);
        assert!(reason(&archive(&[file(b"a", b"12345678901")]), limits).contains("longer than 10"));
        let both = archive(&[file(b"a", b"12345678"), file(b"b", b"12345678")]);
        assert!(reason(&both, limits).contains("15 bytes together"));
        assert!(reason(&archive(&[file(b"a", b""), file(b"b", b""), file(b"c", b"")]), limits).contains("more than 2"));
        // What is not a file counts too, such as the target of a link, and a name that an entry of its own holds.
        for kind in [EntryType::Symlink, EntryType::GNULongName, EntryType::XHeader] {
            let bomb = gzip(&archive(&[(kind, b"x", &vec![b'a'; 5_000_000]), (EntryType::Regular, b"x", b"")]));
            assert!(bomb.len() < 50_000);
            let reason = unpack(&bomb, Packing::Gzip, Limits::default()).expect_err("too big").0;
            assert!(reason.contains("too much"), "{kind:?}: {reason}");
        }
        // A size that lies.
        let mut lying = header(EntryType::Regular, 0);
        lying.set_path("x").unwrap();
        lying.set_size(u64::MAX >> 1);
        lying.set_cksum();
        assert!(reason(lying.as_bytes(), Limits::default()).contains("longer"));
    }

    #[test]
    fn what_is_damaged_is_an_error() {
        let whole = archive(&[(EntryType::Regular, b"x", &[b'x'; 5000])]);
        let packed = gzip(&whole);
        for (bytes, packing) in [
            (&b""[..], Packing::None),
            (b"", Packing::Gzip),
            (b"a: 1\n", Packing::None),
            (&[0; 1024], Packing::None),
            (&whole[..2000], Packing::None),
            (&whole, Packing::Gzip),
            (&packed, Packing::None),
            (&packed[..packed.len() / 2], Packing::Gzip),
        ] {
            let (reason, hint) = unpack(bytes, packing, Limits::default()).expect_err("damaged");
            assert!(!reason.is_empty() && !hint.is_empty());
        }
    }

    #[test]
    fn no_damage_makes_a_panic() {
        let whole = archive(&[
            (EntryType::Directory, b"a/", b""),
            (EntryType::GNULongName, b"././@LongLink", b"a/long.yaml\0"),
            (EntryType::Regular, b"a/long", b"a: 1\n"),
            (EntryType::XHeader, b"pax", b"18 path=a/b.yaml\n"),
            (EntryType::Regular, b"b", b"b: 1\n"),
            (EntryType::GNUSparse, b"c", b"c"),
        ]);
        let limits = Limits { entries: 100, file: 10_000, total: 20_000 };
        for at in 0..whole.len() {
            for value in [0, b'0', b'7', b'=', b'/', 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                // Most damage is in the header, whose sum would show it.
                let header = at / 512 * 512;
                if header + 512 <= damaged.len() && at % 512 < 148 {
                    let mut block = Header::new_old();
                    block.as_mut_bytes().copy_from_slice(&damaged[header..header + 512]);
                    block.set_cksum();
                    damaged[header..header + 512].copy_from_slice(block.as_bytes());
                }
                let _ = unpack(&damaged, Packing::None, limits);
            }
        }
    }
}
