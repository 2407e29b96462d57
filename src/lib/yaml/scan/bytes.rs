//! Bytes of a line: what they are, and the next one that matters.

/// Space or tab: what YAML calls white space.
#[inline]
pub(in crate::yaml) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// The eight bytes at `at`, first byte lowest, if there are as many.
#[inline]
fn word_at(text: &[u8], at: usize) -> Option<u64> {
    let chunk = text.get(at..at + 8)?;
    Some(u64::from_le_bytes(chunk.try_into().ok()?))
}

/// The offset of the first byte at or after `at` that is not a space. Most of a manifest is indentation: this looks at
/// eight bytes at a time.
#[inline]
pub(in crate::yaml) fn skip_spaces(text: &[u8], mut at: usize) -> usize {
    while let Some(word) = word_at(text, at) {
        let other = word ^ (ONES * b' ' as u64);
        if other != 0 {
            return at + other.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while text.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

/// The offset of the first `:`, `#` or line break at or after `at`; the end of the text where there is none.
#[inline]
pub(super) fn find_stop(text: &[u8], mut at: usize) -> usize {
    // A byte of `word ^ pattern` is zero where the needle stands; the subtraction sets its top bit. Bits above the
    // first hit may be wrong, the first hit never is.
    let hits = |word: u64, needle: u8| {
        let zeros = word ^ (ONES * u64::from(needle));
        zeros.wrapping_sub(ONES) & !zeros & (ONES << 7)
    };
    while let Some(word) = word_at(text, at) {
        let found = hits(word, b':') | hits(word, b'#') | hits(word, b'\n');
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while text.get(at).is_some_and(|byte| !matches!(byte, b':' | b'#' | b'\n')) {
        at += 1;
    }
    at
}

/// What ends a token: a blank or the end of the line.
#[inline]
pub(super) fn is_break_or_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\n' || byte == b'\t'
}
