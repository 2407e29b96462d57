//! Digests of content: sha256 as hex, which is how the lock and the cache name what they hold.

use sha2::{Digest, Sha256};

/// The sha256 of bytes, as hex in lower case.
pub fn sha256(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).as_slice())
}

/// The sha256 of named texts, as hex: of names, lengths and bytes, so that no two lists are the same.
pub fn sha256_of_texts<'a>(texts: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    for (name, bytes) in texts {
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    hex(hash.finalize().as_slice())
}

/// Whether a text is a sha256 as this module writes it.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_other_tools() {
        // `printf abc | sha256sum`
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), abc);
        assert!(is_sha256(abc));
        assert!(!is_sha256("../../etc/passwd") && !is_sha256(&abc.to_uppercase()) && !is_sha256(&abc[1..]));
        let texts = |list: &[(&'static str, &'static [u8])]| sha256_of_texts(list.iter().copied());
        assert_ne!(texts(&[("a", b"bc")]), texts(&[("ab", b"c")]));
        assert_ne!(texts(&[("a", b""), ("b", b"")]), texts(&[("a", b"b")]));
    }
}
