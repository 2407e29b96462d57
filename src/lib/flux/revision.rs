//! Texts that name a revision: which of them are commits, or are meant to be.

/// Whether a name of a branch or tag looks like a commit: a hash in full or not, or what `git describe` prints.
pub fn is_like_a_commit(name: &str) -> bool {
    is_like_a_hash(name) || described_commit(name).is_some()
}

/// 7 to 40 hexadecimal digits. Words of letters only are names.
fn is_like_a_hash(text: &str) -> bool {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (7..=40).contains(&text.len()) && is_hex && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The hash in what `git describe` prints, as in `v1-3-gabc1234`.
pub fn described_commit(text: &str) -> Option<&str> {
    let (rest, hash) = text.rsplit_once("-g")?;
    let (name, count) = rest.rsplit_once('-')?;
    let is_count = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    let is_hash = (4..=40).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!name.is_empty() && is_count && is_hash).then_some(hash)
}

/// Whether a text is a commit as Flux takes it: 40 hexadecimal digits in lower case.
pub fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_told_from_names() {
        assert!(is_like_a_commit("3858eb6") && !is_like_a_commit("main") && !is_like_a_commit("defaced"));
        assert_eq!(described_commit("v1-3-gabc1234"), Some("abc1234"));
        assert_eq!(described_commit("v1.0-rc1"), None);
        assert_eq!(described_commit("my-green-gate"), None);
    }
}
