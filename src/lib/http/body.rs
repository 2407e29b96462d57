//! The body of an answer: read within limits, and unpacked.

use super::failure::Trouble;
use flate2::read::MultiGzDecoder;
use std::io::{self, Read};
use ureq::Body;

/// How much is read at once.
const PART: usize = 64 * 1024;

/// Reads a body to its end. `received` gets how many bytes there are so far, and how many there will be, if known.
pub(super) fn read(body: &mut Body, limit: u64, received: &dyn Fn(u64, Option<u64>)) -> Result<Vec<u8>, Trouble> {
    let length = body.content_length();
    if length.is_some_and(|length| length > limit) {
        return Err(Trouble::TooBig { limit });
    }
    received(0, length);
    let mut reader = body.as_reader();
    let mut bytes = Vec::new();
    let mut part = vec![0; PART];
    loop {
        let count = match reader.read(&mut part) {
            Ok(0) => return Ok(bytes),
            Ok(count) => count,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(Trouble::of_body(cause.into(), bytes.len() as u64, length)),
        };
        bytes.extend_from_slice(&part[..count]);
        if bytes.len() as u64 > limit {
            return Err(Trouble::TooBig { limit });
        }
        received(bytes.len() as u64, length);
    }
}

/// Undoes the packing for the way. A file that is a gzip file itself stays as it is, as some servers call that a packing.
pub(super) fn unpack(bytes: Vec<u8>, encoding: &str, content_type: &str, limit: u64) -> Result<Vec<u8>, Trouble> {
    let is_archive = ["application/gzip", "application/x-gzip", "application/x-tgz"]
        .iter()
        .any(|archive| content_type.trim_start().to_ascii_lowercase().starts_with(archive));
    match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => return Ok(bytes),
        "gzip" | "x-gzip" if is_archive => return Ok(bytes),
        "gzip" | "x-gzip" => {}
        _ => return Err(Trouble::Encoding),
    }
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(bytes.as_slice()).take(limit.saturating_add(1));
    match reader.read_to_end(&mut unpacked) {
        Ok(_) if unpacked.len() as u64 > limit => Err(Trouble::TooBig { limit }),
        Ok(_) => Ok(unpacked),
        Err(_) => Err(Trouble::Gzip),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(text).expect("packed");
        packer.finish().expect("packed")
    }

    #[test]
    fn gzip_is_undone_within_the_limit() {
        let text = vec![b'a'; 100_000];
        assert_eq!(unpack(packed(&text), "GZIP", "text/yaml", 100_000).expect("unpacked"), text);
        assert!(matches!(unpack(packed(&text), "gzip", "", 99_999), Err(Trouble::TooBig { limit: 99_999 })));
        assert_eq!(unpack(text.clone(), "", "", 1).expect("as it is"), text);
        assert_eq!(unpack(packed(&text), "gzip", "application/x-gzip", 9).expect("as it is"), packed(&text));
    }

    #[test]
    fn what_cannot_be_unpacked_is_an_error() {
        let mut short = packed(b"abc");
        short.truncate(short.len() - 3);
        assert!(matches!(unpack(short, "gzip", "", 9), Err(Trouble::Gzip)));
        assert!(matches!(unpack(b"abc".to_vec(), "gzip", "", 9), Err(Trouble::Gzip)));
        assert!(matches!(unpack(b"abc".to_vec(), "br", "", 9), Err(Trouble::Encoding)));
    }
}
