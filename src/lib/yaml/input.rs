//! From the bytes of a file to text that can be scanned: encoding, line breaks, characters that readers refuse, and
//! the documents in it.

use super::scan::SyntaxError;
use super::split::{Documents, Span};
use std::borrow::Cow;

/// A text ready to be scanned: UTF-8 with `\n` line breaks, ending in one.
#[derive(Debug)]
pub struct Text<'a> {
    /// The text; line and column of an offset in it are those of the file.
    pub bytes: Cow<'a, [u8]>,
    /// The file ended without a line break.
    pub cut: bool,
    /// Whether this is JSON: an object or several.
    pub json: bool,
}

const BOM: &[u8] = b"\xef\xbb\xbf";

impl<'a> Text<'a> {
    /// Prepares the bytes of a file.
    ///
    /// # Errors
    /// The bytes are not UTF-8, or hold characters that YAML's readers refuse.
    pub fn new(bytes: &'a [u8]) -> Result<Self, SyntaxError> {
        let is_utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        let looks_wide = bytes.len() >= 4 && (bytes[0] == 0 || bytes[1] == 0) && bytes[..2] != [0, 0];
        if is_utf16 || looks_wide {
            return Err(SyntaxError::new(0, "byte 0: this text is UTF-16").with_hint("save it as UTF-8"));
        }
        let mut bytes = Cow::Borrowed(bytes.strip_prefix(BOM).unwrap_or(bytes));
        if memchr::memchr(b'\r', &bytes).is_some() {
            bytes = Cow::Owned(unix_lines(&bytes));
        }
        let cut = bytes.last().is_some_and(|last| *last != b'\n');
        if cut {
            bytes.to_mut().push(b'\n');
        }
        let is_ascii = bytes.is_ascii();
        if !is_ascii {
            if let Err(error) = std::str::from_utf8(&bytes) {
                let at = error.valid_up_to();
                return Err(
                    SyntaxError::new(at, format!("byte {at}: this is not valid UTF-8")).with_hint("save it as UTF-8")
                );
            }
            if let Some(at) = memchr::memmem::find(&bytes, BOM) {
                bytes = without_document_boms(bytes, at);
            }
        }
        let json = is_json(&bytes);
        if has_control(&bytes) || (!is_ascii && !json && has_wide_control(&bytes)) {
            refuse_characters(&bytes, json)?;
        }
        Ok(Text { bytes, cut, json })
    }

    /// The documents of the text, empty ones included.
    pub fn documents(&self) -> Vec<Span> {
        if self.json { json_documents(&self.bytes) } else { Documents::new(&self.bytes).collect() }
    }

    /// Line and column, both from 1, of a byte offset; columns count characters.
    pub fn location(&self, offset: usize) -> (u64, u64) {
        location(&self.bytes, offset)
    }
}

/// Line and column, both from 1, of a byte offset; columns count characters.
pub fn location(bytes: &[u8], offset: usize) -> (u64, u64) {
    // What lies after the last line break belongs to the last line.
    let last = bytes.len() - usize::from(bytes.ends_with(b"\n"));
    let before = &bytes[..offset.min(last)];
    let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |n| n + 1);
    let column = before[start..].iter().filter(|b| (**b & 0xC0) != 0x80).count() as u64 + 1;
    (line, column)
}

/// Lines and columns of many offsets of one text: cheap as long as they grow.
#[derive(Debug)]
pub struct Positions<'a> {
    bytes: &'a [u8],
    lines_before: u64,
    known: usize,
    line: u64,
    column: u64,
}

impl<'a> Positions<'a> {
    /// Starts at the beginning of a text, which stands after so many lines of its file.
    pub fn new(bytes: &'a [u8], lines_before: u64) -> Self {
        Positions { bytes, lines_before, known: 0, line: 1, column: 1 }
    }

    /// As [`location`], in the whole file.
    pub fn location(&mut self, offset: usize) -> (u64, u64) {
        let offset = offset.min(self.bytes.len() - usize::from(self.bytes.ends_with(b"\n")));
        if offset < self.known {
            let (line, column) = location(self.bytes, offset);
            return (line + self.lines_before, column);
        }
        let passed = &self.bytes[self.known..offset];
        let chars = |bytes: &[u8]| bytes.iter().filter(|b| (**b & 0xC0) != 0x80).count() as u64;
        match memchr::memrchr(b'\n', passed) {
            Some(last) => {
                self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
                self.column = 1 + chars(&passed[last + 1..]);
            }
            None => self.column += chars(passed),
        }
        self.known = offset;
        (self.line + self.lines_before, self.column)
    }
}

/// Every `\r\n` and lone `\r` becomes `\n`: line breaks for all readers of Kubernetes.
fn unix_lines(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'\r', rest) {
        out.extend_from_slice(&rest[..at]);
        out.push(b'\n');
        rest = &rest[at + 1..];
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    out.extend_from_slice(rest);
    out
}

/// Byte-order marks at the start of documents go; anywhere else they are refused later.
fn without_document_boms<'a>(bytes: Cow<'a, [u8]>, first: usize) -> Cow<'a, [u8]> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    let mut next = Some(first);
    while let Some(at) = next {
        let line_start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |n| n + 1);
        let before = memchr::memrchr(b'\n', &bytes[..line_start.saturating_sub(1)]).map_or(0, |n| n + 1);
        let line = &bytes[before..line_start.saturating_sub(1).max(before)];
        if line_start == at && (line.starts_with(b"---") || line.starts_with(b"...")) {
            out.extend_from_slice(&bytes[from..at]);
            from = at + BOM.len();
        }
        next = memchr::memmem::find(&bytes[at + BOM.len()..], BOM).map(|n| at + BOM.len() + n);
    }
    if from == 0 {
        return bytes;
    }
    out.extend_from_slice(&bytes[from..]);
    Cow::Owned(out)
}

/// Whether there is an ASCII control character besides tab and line feed.
fn has_control(bytes: &[u8]) -> bool {
    bytes.chunks(4096).any(|chunk| {
        chunk.iter().fold(false, |found, b| found | ((*b < 0x20) & (*b != b'\n') & (*b != b'\t')) | (*b == 0x7f))
    })
}

/// Whether there may be one of the characters beyond ASCII that [`refuse_characters`] knows: U+0080 to U+009F, U+2028,
/// U+2029, and U+FEFF, U+FFFE and U+FFFF. They are recognised by their first two or three bytes in UTF-8.
fn has_wide_control(bytes: &[u8]) -> bool {
    memchr::memchr3_iter(0xC2, 0xE2, 0xEF, bytes).any(|at| match bytes[at..] {
        [0xC2, second, ..] => second < 0xA0,
        [0xE2, 0x80, third, ..] => matches!(third, 0xA8 | 0xA9),
        [0xEF, 0xBB | 0xBF, third, ..] => third >= 0xBE,
        _ => false,
    })
}

/// The characters that kubectl and kustomize refuse, or take for line breaks (NEL, LS, PS).
fn refuse_characters(bytes: &[u8], json: bool) -> Result<(), SyntaxError> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(()) };
    for (at, c) in text.char_indices() {
        let refuse = |message: String, hint: &str| Err(SyntaxError::new(at, message).with_hint(hint));
        let (name, hint) = match c {
            '\n' | '\t' => continue,
            '\0' => return refuse(format!("byte {at}: a NUL character"), "this is not a text file"),
            '\u{feff}' if !json => {
                let hint = "remove it, or write it as \"\\uFEFF\" in double quotes";
                return refuse("a byte-order mark (U+FEFF) inside a document".to_owned(), hint);
            }
            '\u{85}' => ("NEL (U+0085)", "write it as \"\\N\" in double quotes, or remove it"),
            '\u{2028}' => ("LINE SEPARATOR (U+2028)", "write it as \"\\L\" in double quotes, or remove it"),
            '\u{2029}' => ("PARAGRAPH SEPARATOR (U+2029)", "write it as \"\\P\" in double quotes, or remove it"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                if json && c as u32 >= 0x7f {
                    continue;
                }
                let message = format!("the control character U+{:04X} cannot stand in YAML", c as u32);
                return refuse(message, "write it as an escape in double quotes, or remove it");
            }
            _ => continue,
        };
        if json {
            continue;
        }
        return refuse(format!("the character {name} is a line break for kubectl and kustomize"), hint);
    }
    Ok(())
}

fn is_json(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|b| !matches!(b, b' ' | b'\t' | b'\n'));
    first == Some(&b'{')
        && serde_json::Deserializer::from_slice(bytes).into_iter::<serde::de::IgnoredAny>().all(|value| value.is_ok())
}

/// The objects of a JSON stream.
fn json_documents(bytes: &[u8]) -> Vec<Span> {
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<serde::de::IgnoredAny>();
    let mut spans = Vec::new();
    let mut from = 0;
    while let Some(Ok(_)) = stream.next() {
        let end = stream.byte_offset();
        let start = from + bytes[from..end].iter().take_while(|b| b.is_ascii_whitespace()).count();
        spans.push(Span { prefix: start, marker: start, body: start, end });
        from = end;
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refused_character_is_suspected_first() {
        for c in ('\u{80}'..=char::MAX).filter(|c| *c < '\u{3000}' || *c > '\u{f000}') {
            let text = format!("a: x{c}x\n");
            let refused = refuse_characters(text.as_bytes(), false).is_err();
            assert!(!refused || has_wide_control(text.as_bytes()), "{:04x}", c as u32);
        }
        assert!(!has_wide_control("a: é “quoted” – 😀 ﹀".as_bytes()));
    }
}
