//! Edits of a file in place: only the bytes that must change do. The text need not be canonical, and comments, order,
//! quotes and line breaks stay as they are.
//!
//! A change is planned on the tape as a few replacements of the text (`find`, `block`, `flow`, `content`), carried out
//! on the bytes of its document, and proven by parsing the result again (`proof`). What has no single right answer is
//! refused, and so are lone carriage returns, byte-order marks inside a file and documents with keys after `?`. Of YAML that only the slow
//! lane reads the tape does not show all places: there the proof decides. Nothing here knows what a field means.

mod block;
mod content;
mod find;
mod flow;
mod proof;
#[cfg(test)]
mod splice_tests;

use super::engine::Engine;
use super::input::{self, Text};
use super::scan::SyntaxError;
use super::tape::Tape;
use find::{Doc, Walk};
use std::ops::Range;

/// One step from a value to a value inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// The value of this key, as kubectl reads keys: `80: x` has the key `80`.
    Key(&'a str),
    /// The entry of a list, counted from 0.
    Index(usize),
}

/// A new value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum New<'a> {
    /// A text; it is quoted where a reader could take it for something else.
    Text(&'a str),
    /// One document of block YAML without `---`; it is indented as needed.
    Yaml(&'a str),
}

/// A change of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    /// Sets the value at a path. Mappings that are missing on the way are made.
    Set {
        /// Where it is.
        path: Vec<Step<'a>>,
        /// What it becomes.
        value: New<'a>,
        /// A new key goes after this one, if it is there; else after the last one.
        after: Option<&'a str>,
    },
    /// Removes an entry of a mapping or a list, with the comment on its line. Nothing to do where there is none.
    Remove {
        /// Where it is.
        path: Vec<Step<'a>>,
        /// Also removes the comment lines right above it.
        comments: bool,
    },
    /// Adds an entry at the end of a list. A list that is missing is made.
    Append {
        /// Where the list is.
        path: Vec<Step<'a>>,
        /// The new entry.
        value: New<'a>,
    },
}

/// Why a file was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The line of the place, from 1.
    pub line: u64,
    /// The column of the place in characters, from 1.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What to do, where that is known.
    pub hint: Option<String>,
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// A replacement of a part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Splice {
    range: Range<usize>,
    text: String,
}

/// What a change does to the text of its document.
#[derive(Debug, Default)]
struct Plan {
    splices: Vec<Splice>,
    /// The tokens whose comments go with them.
    gone: Vec<Range<usize>>,
}

impl Plan {
    fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.splices.push(Splice { range, text: text.into() });
    }

    fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }
}

/// Makes the changes, each in the document of its number (as [`Text::documents`] counts), one after the other.
/// All other bytes stay as they are; a change whose value is there already changes nothing.
///
/// # Errors
/// A file that the engine does not take, or a change that could mean more than one thing: nothing is changed then.
pub fn edit(bytes: &[u8], changes: &[(usize, Change<'_>)]) -> Result<Vec<u8>, Refusal> {
    let text = Text::new(bytes).map_err(|error| refusal(bytes, 0, error))?;
    check_characters(bytes, &text)?;
    let ranges = documents(bytes, &text);
    let ending = line_ending(bytes);
    let mut edited: Vec<Option<Vec<u8>>> = vec![None; ranges.len()];
    for (number, change) in changes {
        let Some(range) = ranges.get(*number) else {
            let message = format!("there is no document {} in this file: it has {}", number + 1, ranges.len());
            return Err(refusal(&text.bytes, 0, SyntaxError::new(0, message)));
        };
        let slot = &mut edited[*number];
        let piece = slot.as_deref().unwrap_or(&bytes[range.clone()]);
        let changed = edit_document(piece, change, ending).map_err(|error| {
            let lines_before = line_breaks(&bytes[..range.start]);
            match Text::new(piece) {
                Ok(text) => refusal(&text.bytes, lines_before, error),
                Err(_) => refusal(piece, lines_before, error),
            }
        })?;
        if let Some(changed) = changed {
            *slot = Some(changed);
        }
    }
    let mut out = Vec::with_capacity(bytes.len() + 256);
    let mut from = 0;
    for (range, piece) in ranges.iter().zip(&edited) {
        out.extend_from_slice(&bytes[from..range.start]);
        out.extend_from_slice(piece.as_deref().unwrap_or(&bytes[range.clone()]));
        from = range.end;
    }
    out.extend_from_slice(&bytes[from..]);
    let expected = ranges.iter().zip(&edited).map(|(range, piece)| piece.as_deref().unwrap_or(&bytes[range.clone()]));
    if edited.iter().any(Option::is_some) && !holds_documents(&out, expected) {
        let error = SyntaxError::new(0, "internal error: the edit would have changed other documents of this file");
        return Err(refusal(&text.bytes, 0, error));
    }
    Ok(out)
}

/// Whether a file is divided into exactly these documents. The blanks around JSON belong to no document.
fn holds_documents<'a>(bytes: &[u8], expected: impl Iterator<Item = &'a [u8]>) -> bool {
    let Ok(text) = Text::new(bytes) else { return false };
    let trimmed = |piece: &'a [u8]| if text.json { piece.trim_ascii() } else { piece };
    documents(bytes, &text).into_iter().map(|range| &bytes[range]).eq(expected.map(trimmed))
}

/// Makes one change in the bytes of one document; `None` when there is nothing to do.
fn edit_document(piece: &[u8], change: &Change<'_>, ending: &str) -> Result<Option<Vec<u8>>, SyntaxError> {
    let text = Text::new(piece)?;
    let mut tape = Tape::default();
    parse(&text, &mut tape)?;
    let doc = Doc { tape: &tape, bytes: &text.bytes, json: text.json };
    doc.check_keys()?;
    let plan = plan(&doc, change)?;
    if plan.splices.is_empty() {
        return Ok(None);
    }
    let mut base = piece.to_vec();
    if text.cut {
        base.extend_from_slice(ending.as_bytes());
    }
    let written = carry_out(&base, &text.bytes, plan.splices, ending);
    let old = proof::Before { doc: &doc, change, gone: &plan.gone };
    // A file that ended without a line break does so again, unless that would cut block text.
    if text.cut
        && let Some(short) = written.strip_suffix(b"\r\n").or_else(|| written.strip_suffix(b"\n"))
        && proof::prove(&old, short).is_ok()
    {
        return Ok(Some(short.to_vec()));
    }
    proof::prove(&old, &written)?;
    Ok(Some(written))
}

/// Parses the only document of a text, and refuses what the checks do not take.
fn parse(text: &Text<'_>, tape: &mut Tape) -> Result<(), SyntaxError> {
    let spans = text.documents();
    let [span] = spans.as_slice() else {
        return Err(SyntaxError::new(0, format!("{} documents stand here, not one", spans.len())));
    };
    let mut findings = Vec::new();
    Engine::default().parse(text, *span, tape, &mut findings)?;
    let Some(finding) = findings.into_iter().find(|finding| finding.is_error) else { return Ok(()) };
    let message = match finding.other {
        Some(other) => finding.message.replace("{other}", &format!("line {}", text.location(other).0)),
        None => finding.message,
    };
    Err(SyntaxError { offset: finding.offset, message, hint: finding.hint.map(str::to_owned) })
}

fn plan(doc: &Doc<'_>, change: &Change<'_>) -> Result<Plan, SyntaxError> {
    let (path, value) = match change {
        Change::Set { path, value, .. } | Change::Append { path, value } => (path, *value),
        Change::Remove { path, comments } => {
            return match doc.walk(path)? {
                Walk::Found(target) => doc.remove(&target, *comments),
                Walk::Missing(..) => Ok(Plan::default()),
            };
        }
    };
    let is_append = matches!(change, Change::Append { .. });
    let after = match change {
        Change::Set { after, .. } => *after,
        _ => None,
    };
    if path.is_empty() && !is_append {
        return Err(doc.refuse(doc.tape.node_at(0), "an edit needs a path to a value inside the document"));
    }
    match doc.walk(path)? {
        Walk::Found(target) if is_append => doc.append(&target, value),
        Walk::Found(target) => {
            doc.check_own(&target)?;
            let range = target.node..doc.tape.skip_node(target.node);
            doc.check_anchors(range.clone(), range)?;
            doc.replace(&target, &doc.content(Some(&target), value, &[], false)?)
        }
        Walk::Missing(target, rest) => {
            doc.make(target.as_ref(), &doc.content(target.as_ref(), value, rest, is_append)?, after)
        }
    }
}

/// Carries out replacements whose offsets are those of `text`, which was made of `base`.
fn carry_out(base: &[u8], text: &[u8], mut splices: Vec<Splice>, ending: &str) -> Vec<u8> {
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    let offsets: Vec<usize> = splices.iter().flat_map(|splice| [splice.range.start, splice.range.end]).collect();
    let offsets = original_offsets(base, text, &offsets);
    let mut out = Vec::with_capacity(base.len() + 256);
    let mut from = 0;
    for (splice, range) in splices.iter().zip(offsets.chunks_exact(2)) {
        out.extend_from_slice(&base[from..range[0].max(from)]);
        out.extend_from_slice(splice.text.replace('\n', ending).as_bytes());
        from = range[1].max(from);
    }
    out.extend_from_slice(&base[from..]);
    out
}

/// Where the documents of a text lie in the bytes that it was made of.
fn documents(bytes: &[u8], text: &Text<'_>) -> Vec<Range<usize>> {
    let offsets: Vec<usize> = text.documents().iter().flat_map(|span| [span.prefix, span.end]).collect();
    original_offsets(bytes, &text.bytes, &offsets).chunks_exact(2).map(|pair| pair[0]..pair[1]).collect()
}

/// Growing offsets of `text` as offsets of the bytes that it was made of, which have byte-order marks and other line
/// breaks.
fn original_offsets(bytes: &[u8], text: &[u8], offsets: &[usize]) -> Vec<usize> {
    if memchr::memchr(b'\r', bytes).is_none() && memchr::memmem::find(bytes, BOM).is_none() {
        return offsets.iter().map(|offset| (*offset).min(bytes.len())).collect();
    }
    let (mut from, mut at) = (0, 0);
    let mut found = Vec::with_capacity(offsets.len());
    for offset in offsets {
        loop {
            if bytes[from..].starts_with(BOM) && !text[at..].starts_with(BOM) {
                from += BOM.len();
            }
            if at >= *offset || from >= bytes.len() {
                break;
            }
            from += if bytes[from..].starts_with(b"\r\n") { 2 } else { 1 };
            at += 1;
        }
        found.push(from);
    }
    found
}

/// Refuses carriage returns that no line feed follows, which are line breaks for readers of YAML and for few editors, and
/// byte-order marks inside a file, which belong to no document.
fn check_characters(bytes: &[u8], text: &Text<'_>) -> Result<(), Refusal> {
    let lone = memchr::memchr_iter(b'\r', bytes).find(|at| bytes.get(at + 1) != Some(&b'\n'));
    let mark = memchr::memmem::find_iter(bytes, BOM).find(|at| *at > 0 && !text.json);
    let (at, message, hint) = match (lone, mark) {
        (Some(at), _) => (
            at,
            "a carriage return without a line feed ends this line: the file cannot be edited in place",
            "save the file with the line breaks of Unix or of Windows",
        ),
        (None, Some(at)) => {
            (at, "a byte-order mark inside the file: it cannot be edited in place", "remove the mark (U+FEFF)")
        }
        (None, None) => return Ok(()),
    };
    let start = memchr::memrchr2(b'\n', b'\r', &bytes[..at]).map_or(0, |before| before + 1);
    Err(Refusal {
        line: line_breaks(&bytes[..at]) + 1,
        column: String::from_utf8_lossy(&bytes[start..at]).chars().count() as u64 + 1,
        message: message.to_owned(),
        hint: Some(hint.to_owned()),
    })
}

/// The line break that a file uses first.
fn line_ending(bytes: &[u8]) -> &'static str {
    match memchr::memchr2(b'\n', b'\r', bytes) {
        Some(at) if bytes[at] == b'\r' => "\r\n",
        _ => "\n",
    }
}

fn line_breaks(bytes: &[u8]) -> u64 {
    let all = memchr::memchr2_iter(b'\n', b'\r', bytes).count();
    (all - memchr::memmem::find_iter(bytes, b"\r\n").count()) as u64
}

fn refusal(bytes: &[u8], lines_before: u64, error: SyntaxError) -> Refusal {
    let (line, column) = input::location(bytes, error.offset);
    Refusal { line: line + lines_before, column, message: error.message, hint: error.hint }
}
