//! Splits a text into its documents.
//!
//! A marker is `---` or `...` at column 0, followed by a blank, a line break or the end of the text (YAML 1.2.2,
//! 9.1); `---#` is taken as a marker too, as kubectl and kustomize do. Neither can stand at column 0 inside a valid
//! scalar, so the splitter need not know what it splits.

use memchr::memmem;

/// Where one document lies in its text, all in byte offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Start of the comments and directives before the marker; equal to `marker` when there are none.
    pub prefix: usize,
    /// Start of the `---`; equal to `body` when there is no marker.
    pub marker: usize,
    /// After the three dashes, or the start of a document without a marker.
    pub body: usize,
    /// End of the document: the start of the next marker or document, or the end of the text.
    pub end: usize,
}

impl Span {
    /// Whether the document starts with `---`.
    pub fn is_explicit(&self) -> bool {
        self.body > self.marker
    }
}

/// An iterator over the documents of a text whose line breaks are all `\n`.
///
/// Every byte of the text, except markers, belongs to one document: empty ones are returned too.
pub struct Documents<'a> {
    text: &'a [u8],
    next: usize,
    done: bool,
}

impl<'a> Documents<'a> {
    /// Starts at the beginning of `text`.
    pub fn new(text: &'a [u8]) -> Self {
        Documents { text, next: 0, done: false }
    }
}

/// What sort of marker starts at `at`, the start of a line.
fn marker_at(text: &[u8], at: usize) -> Option<u8> {
    let first = *text.get(at)?;
    if (first != b'-' && first != b'.') || text.get(at + 1) != Some(&first) || text.get(at + 2) != Some(&first) {
        return None;
    }
    match text.get(at + 3) {
        None | Some(b' ' | b'\t' | b'\n' | b'\r') => Some(first),
        Some(b'#') if first == b'-' => Some(first),
        _ => None,
    }
}

/// The start of the first marker line at or after `from`, which is the start of a line.
fn find_marker(text: &[u8], from: usize) -> Option<(usize, u8)> {
    if let Some(kind) = marker_at(text, from) {
        return Some((from, kind));
    }
    let dashes = find_line(text, from, b"\n---");
    // Dots are rare: look for them only in front of the dashes that were found.
    let limit = dashes.unwrap_or(text.len());
    match find_line(&text[..limit.min(text.len())], from, b"\n...") {
        Some(at) => Some((at, b'.')),
        None => dashes.map(|at| (at, b'-')),
    }
}

fn find_line(text: &[u8], from: usize, needle: &[u8; 4]) -> Option<usize> {
    let mut from = from;
    while let Some(found) = memmem::find(&text[from..], needle) {
        let at = from + found + 1;
        if marker_at(text, at).is_some() {
            return Some(at);
        }
        from = at;
    }
    None
}

/// Whether `text` has nothing but blank lines, comment lines and directives, in which case a following marker starts
/// the document that they belong to.
fn is_prefix(text: &[u8]) -> bool {
    text.split(|b| *b == b'\n').all(|line| {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        line.first() == Some(&b'%')
            || match line.iter().find(|b| **b != b' ' && **b != b'\t') {
                None | Some(b'#') => true,
                Some(_) => false,
            }
    })
}

impl Iterator for Documents<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        if self.done {
            return None;
        }
        let text = self.text;
        let start = self.next;
        let mut span = Span { prefix: start, marker: start, body: start, end: text.len() };
        let mut next = find_marker(text, start);
        if let Some((at, b'-')) = next
            && is_prefix(&text[start..at])
        {
            span.marker = at;
            span.body = at + 3;
            next = memchr::memchr(b'\n', &text[span.body..])
                .map(|eol| span.body + eol + 1)
                .and_then(|line| find_marker(text, line));
        }
        match next {
            None => self.done = true,
            Some((at, b'-')) => {
                span.end = at;
                self.next = at;
            }
            Some((at, _)) => {
                span.end = at;
                self.next = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |eol| at + eol + 1);
                self.done = self.next >= text.len();
            }
        }
        Some(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(text: &str) -> Vec<(bool, String, String)> {
        Documents::new(text.as_bytes())
            .map(|d| (d.is_explicit(), text[d.prefix..d.marker].to_owned(), text[d.body..d.end].to_owned()))
            .collect()
    }

    #[test]
    fn markers_need_a_blank_or_a_line_end_behind_them() {
        for (text, count) in [
            ("a: 1\n---\nb: 1\n", 2),
            ("a: 1\n--- \nb: 1\n", 2),
            ("a: 1\n---\tx\nb: 1\n", 2),
            ("a: 1\n--- # c\nb: 1\n", 2),
            ("a: 1\n---#c\nb: 1\n", 2),
            ("a: 1\n-----BEGIN\nb: 1\n", 1),
            ("a: 1\n----\nb: 1\n", 1),
            ("a: 1\n ---\nb: 1\n", 1),
            ("a: 1\n...\nb: 1\n", 2),
            ("a: 1\n....\nb: 1\n", 1),
            ("a: 1\n...\n", 1),
            ("a: 1\n---", 2),
            ("---\na: 1\n", 1),
            ("", 1),
        ] {
            assert_eq!(bodies(text).len(), count, "{text:?}");
        }
    }

    #[test]
    fn comments_before_the_first_marker_belong_to_its_document() {
        let documents = bodies("# licence\n\n---\na: 1\n...\n# next\n---\nb: 1\n");
        assert_eq!(documents[0], (true, "# licence\n\n".into(), "\na: 1\n".into()));
        assert_eq!(documents[1], (true, "# next\n".into(), "\nb: 1\n".into()));
    }
}
