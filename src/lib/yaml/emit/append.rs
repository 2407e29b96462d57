//! Appending short texts: most of what the emitter writes is indentation, words and dashes.

use std::ops::Range;

/// Copies of a fixed length need no call: short texts are copied with what follows them, which is then cut off.
const SHORT: usize = 32;

/// Appends `from[range]`.
#[inline]
pub(super) fn append(out: &mut Vec<u8>, from: &[u8], range: Range<usize>) {
    let len = range.len();
    match from[range.start..].first_chunk::<SHORT>() {
        Some(chunk) if len <= SHORT => {
            let end = out.len() + len;
            out.extend_from_slice(chunk);
            out.truncate(end);
        }
        _ => out.extend_from_slice(&from[range]),
    }
}

/// Appends the spaces of an indentation.
#[inline]
pub(super) fn append_indent(out: &mut Vec<u8>, columns: usize) {
    let end = out.len() + columns;
    while out.len() < end {
        out.extend_from_slice(&[b' '; SHORT]);
    }
    out.truncate(end);
}
