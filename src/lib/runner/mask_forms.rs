//! The forms in which a secret gets into a log: as it is, line by line, base64 at each of its three alignments and
//! wrapped, percent-encoded, and as a JSON string.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;

/// Shorter lines and fragments are not hidden: they stand in too many other places.
const SHORTEST: usize = 4;
/// A whole secret that is shorter is not a secret.
const SHORTEST_WHOLE: usize = 2;
/// Fragments of base64 are letters and digits, as words are.
const SHORTEST_FRAGMENT: usize = 6;
/// Longer forms are hidden in pieces, so that little has to be held back.
const PIECE: usize = 2048;
/// How `base64` and PEM wrap lines.
const WIDTHS: [usize; 2] = [76, 64];

/// All forms of a secret, none of them longer than [`PIECE`] twice.
pub(super) fn forms(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::new();
    let trimmed = secret.trim_ascii();
    if trimmed.len() < SHORTEST_WHOLE {
        return found;
    }
    let mut add = |form: &[u8], shortest: usize| {
        if form.len() < shortest {
            return;
        }
        if form.len() <= PIECE {
            found.insert(form.to_vec());
            return;
        }
        // The last piece is a long one, too: a short one would be found everywhere.
        let (pieces, rest) = form.split_at((form.len() / PIECE - 1) * PIECE);
        found.extend(pieces.chunks(PIECE).map(<[u8]>::to_vec));
        found.insert(rest.to_vec());
    };
    add(trimmed, SHORTEST_WHOLE);
    let lossy = String::from_utf8_lossy(trimmed);
    add(lossy.as_bytes(), SHORTEST);
    for line in trimmed.split(|byte| matches!(byte, b'\n' | b'\r')) {
        add(line.trim_ascii(), SHORTEST);
        add(String::from_utf8_lossy(line.trim_ascii()).as_bytes(), SHORTEST);
    }
    if trimmed.contains(&b'\n') {
        let unix: Vec<u8> = trimmed.iter().copied().filter(|byte| *byte != b'\r').collect();
        let windows = String::from_utf8_lossy(&unix).replace('\n', "\r\n");
        add(&unix, SHORTEST);
        add(windows.as_bytes(), SHORTEST);
    }
    if let Ok(json) = serde_json::to_string(&lossy) {
        add(json.trim_matches('"').as_bytes(), SHORTEST);
    }
    let mut wholes = vec![trimmed.to_vec(), secret.to_vec()];
    wholes.push([trimmed, b"\n"].concat());
    wholes.dedup();
    for whole in &wholes {
        for encoded in percent(whole) {
            add(encoded.as_bytes(), SHORTEST);
        }
        for engine in [&STANDARD, &URL_SAFE, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(whole);
            add(encoded.as_bytes(), SHORTEST);
            for width in WIDTHS.into_iter().filter(|width| *width < encoded.len()) {
                let lines: Vec<&[u8]> = encoded.as_bytes().chunks(width).collect();
                lines.iter().for_each(|line| add(line, SHORTEST_FRAGMENT));
                add(&lines.join(&b'\n'), SHORTEST);
            }
            for shift in 0..3 {
                let (inner, end) = shifted(engine, trimmed, shift);
                add(inner.as_bytes(), SHORTEST_FRAGMENT);
                add(end.as_bytes(), SHORTEST_FRAGMENT);
            }
        }
    }
    found
}

/// What base64 makes of a secret that other bytes stand before: the part that depends on nothing but the secret, where
/// more follows; and all to the end, where nothing does.
fn shifted(engine: &impl base64::Engine, secret: &[u8], shift: usize) -> (String, String) {
    let encoded = engine.encode([&[0; 3][..shift], secret].concat());
    // The first letters hold bits of what stands before.
    let start = (shift * 8).div_ceil(6);
    let whole = (shift + secret.len()) * 8 / 6;
    let part = |end: usize| encoded.get(start..end).unwrap_or_default().to_owned();
    (part(whole), part(encoded.len()))
}

/// Percent-encoded: all but what RFC 3986 leaves as it is, with large and small digits; spaces as `+`; and without the
/// slashes.
fn percent(text: &[u8]) -> Vec<String> {
    let encode = |kept: &[u8], small: bool| -> String {
        let mut encoded = String::new();
        for byte in text {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(*byte)),
                byte if kept.contains(byte) => encoded.push(if *byte == b' ' { '+' } else { char::from(*byte) }),
                byte if small => encoded.push_str(&format!("%{byte:02x}")),
                byte => encoded.push_str(&format!("%{byte:02X}")),
            }
        }
        encoded
    };
    [&b""[..], b" ", b"/", b"/ "].into_iter().flat_map(|kept| [encode(kept, false), encode(kept, true)]).collect()
}
