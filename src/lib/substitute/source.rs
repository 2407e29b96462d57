//! The text of a template as it is parsed: `${ NAME }` is an old spelling of `${NAME}` that clusterctl still takes.

use std::borrow::Cow;

/// A text without old spellings.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) text: Cow<'a, str>,
    /// From which offset on so many bytes are missing.
    removed: Vec<(usize, usize)>,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut out = String::new();
        let mut removed = Vec::new();
        let mut taken = 0;
        for start in memchr::memmem::find_iter(text.as_bytes(), "${") {
            let Some([before, name, after]) = old_spelling(&text[start + 2..]) else { continue };
            out.push_str(&text[taken..start + 2]);
            taken = start + 2 + before;
            removed.push((out.len(), taken - out.len()));
            out.push_str(&text[taken..taken + name]);
            taken += name + after;
            removed.push((out.len(), taken - out.len()));
        }
        if removed.is_empty() {
            return Source { text: Cow::Borrowed(text), removed };
        }
        out.push_str(&text[taken..]);
        Source { text: Cow::Owned(out), removed }
    }

    /// The offset in the text as it was given.
    pub(super) fn original(&self, offset: usize) -> usize {
        let entry = self.removed.partition_point(|(from, _)| *from <= offset);
        offset + entry.checked_sub(1).map_or(0, |entry| self.removed[entry].1)
    }
}

/// The lengths in bytes of the blanks that `rest` starts with, of the name after them, and of the blanks after that. A `$`
/// counts to the name here.
fn old_spelling(rest: &str) -> Option<[usize; 3]> {
    let count = |from: usize, is: fn(u8) -> bool| rest.as_bytes()[from..].iter().take_while(|byte| is(**byte)).count();
    let is_blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
    let before = count(0, is_blank);
    let name = count(before, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$'));
    let after = count(before + name, is_blank);
    let is_closed = rest.as_bytes().get(before + name + after) == Some(&b'}');
    (is_closed && name > 0 && before + after > 0).then_some([before, name, after])
}
