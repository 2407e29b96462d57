//! Writes a tape as canonical text. The rules are those of `docs/canonical-yaml.md`.
//!
//! The emitter decides layout only: indentation, spaces, line breaks, the frame of flow collections. Scalars keep the
//! bytes and the style that they have, unless they span lines or the style asks otherwise (`scalars`).

mod append;
mod comments;
mod flow;
pub mod json;
mod kyaml;
mod scalars;

pub(crate) use scalars::MAX_KEY;

use super::scan::SyntaxError;
use super::tape::{Kind, Tape, Token};
use append::{append, append_indent};
use std::ops::Range;

/// Where the dashes of a list stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SequenceIndent {
    /// Two columns below the key.
    #[default]
    Wide,
    /// At the column of the key.
    Compact,
}

/// What becomes of flow collections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlowStyle {
    /// On one line where that has at most [`Style::FLOW_WIDTH`] columns and no comment, else as a block.
    #[default]
    Auto,
    /// On one line, however long; as a block only where there is a comment inside.
    Keep,
    /// As a block, except empty ones.
    Block,
}

/// The choices that canonical text leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Where the dashes of a list stand.
    pub sequence_indent: SequenceIndent,
    /// What becomes of flow collections.
    pub flow: FlowStyle,
    /// Quotes are normalised: none where none are needed.
    pub canonical: bool,
    /// Double-quoted text of several lines becomes a literal block.
    pub unmangle: bool,
    /// The text is JSON: its escapes are known, its quotes are not a choice of its author.
    pub json: bool,
    /// KYAML, whatever the other choices are. Documents in it have no anchors and no tags: see [`refusal`].
    pub kyaml: bool,
}

impl Style {
    /// The longest line, in characters, that a flow collection may make.
    pub const FLOW_WIDTH: usize = 100;
}

/// How the text before and around a document's body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Frame<'a> {
    /// Write `---` before the body.
    pub marker: bool,
    /// Leave comments before the marker that stood there.
    pub keep_prefix: bool,
    /// A comment line to add at the start of the body, with its `#`.
    pub source: Option<&'a str>,
}

/// Where the cursor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// At the start of a line, before an entry.
    Start,
    /// In a line, where the first entry of a collection can follow.
    Inline,
    /// After the colon of a key or the dash of an item, or after the properties of a value.
    Value,
    /// As `Value`, but a property was written: a collection needs a new line.
    Property,
    /// At the start of a line, before a value.
    Own,
}

/// An open block collection.
#[derive(Debug, Clone, Copy)]
struct Open {
    column: usize,
    /// The column of its entries in the source, where they stand on lines of their own.
    source_column: Option<usize>,
    is_map: bool,
    /// Flow sequences have no item tokens: the emitter writes the dashes itself.
    dashes: bool,
}

struct Emitter<'a> {
    tape: &'a Tape,
    source: &'a [u8],
    style: Style,
    out: &'a mut Vec<u8>,
    stack: Vec<Open>,
    at: At,
    /// Line comments after expanded flow collections that were already written, innermost last.
    written: Vec<usize>,
    skip_prefix: bool,
    /// The column of the comments before the value that comes next, once it is known.
    own_column: Option<usize>,
    /// The first comment of a commented-out block: its column in the source, and where it was written.
    block: (usize, isize),
}

/// What a document holds that cannot be written in a style.
pub fn refusal(tape: &Tape, style: Style) -> Option<SyntaxError> {
    style.kyaml.then(|| kyaml::refusal(tape)).flatten()
}

/// Writes the document or part of a document in `range` of the tape, at column 0, after what is in `out`.
pub fn emit(tape: &Tape, source: &[u8], range: Range<usize>, frame: Frame<'_>, style: Style, out: &mut Vec<u8>) {
    if style.kyaml {
        return kyaml::emit(tape, source, range, frame.source, style.json, out);
    }
    let mut emitter = Emitter {
        tape,
        source,
        style,
        out,
        stack: Vec::new(),
        at: At::Own,
        written: Vec::new(),
        skip_prefix: frame.keep_prefix,
        own_column: None,
        block: (0, 0),
    };
    if frame.keep_prefix && tape.has_comments {
        emitter.prefix(range.clone());
    }
    if frame.marker {
        emitter.out.extend_from_slice(b"---\n");
    }
    if let Some(line) = frame.source {
        emitter.out.extend_from_slice(line.as_bytes());
        emitter.out.push(b'\n');
    }
    emitter.tokens(range);
}

impl Emitter<'_> {
    #[inline]
    fn indent(&mut self, columns: usize) {
        append_indent(self.out, columns);
    }

    fn text(&self, token: Token) -> &[u8] {
        self.tape.text(self.source, token)
    }

    fn push_text(&mut self, token: Token) {
        let from = if token.has(Token::EXTRA) { &self.tape.extra } else { self.source };
        append(self.out, from, token.start as usize..token.end as usize);
    }

    /// The column of the entries of the innermost collection.
    fn column(&self) -> usize {
        self.stack.last().map_or(0, |open| open.column)
    }

    /// The column of the entries of the innermost collection in the source.
    fn source_column(&self) -> Option<usize> {
        self.stack.last().map_or(Some(0), |open| open.source_column)
    }

    /// The column of a value on a line of its own.
    fn value_column(&self) -> usize {
        self.stack.last().map_or(0, |open| open.column + 2)
    }

    fn tokens(&mut self, range: Range<usize>) {
        let mut index = range.start;
        while index < range.end {
            let token = self.tape.tokens[index];
            index = match token.kind {
                _ if token.is_key() && token.kind != Kind::Null => self.key(index, token),
                Kind::Comment => {
                    self.comment(index, token);
                    index + 1
                }
                Kind::LineComment => self.line_comment(index, token),
                Kind::Item => self.item(index, token),
                Kind::End => {
                    self.stack.pop();
                    self.at = At::Start;
                    index + 1
                }
                Kind::Anchor | Kind::Tag => {
                    self.property(token);
                    index + 1
                }
                Kind::Map | Kind::Seq => self.collection(index, token),
                _ => {
                    self.auto_dash();
                    self.scalar(index, token)
                }
            };
        }
        if matches!(self.at, At::Value | At::Property) {
            self.out.push(b'\n');
        }
    }

    /// Goes to where an entry of the innermost collection starts.
    fn start_entry(&mut self) {
        if self.at == At::Inline {
            self.at = At::Start;
        } else {
            self.indent(self.column());
        }
    }

    /// Writes the dash of a value in an expanded flow sequence.
    fn auto_dash(&mut self) {
        if matches!(self.at, At::Start | At::Inline) && self.stack.last().is_some_and(|open| open.dashes) {
            self.start_entry();
            self.out.push(b'-');
            self.at = At::Value;
        }
    }

    /// The dash of an item; and the item itself, where it is the common line `- value`.
    fn item(&mut self, index: usize, token: Token) -> usize {
        self.start_entry();
        if let Some(value) = self.tape.tokens.get(index + 1)
            && matches!(value.kind, Kind::Plain | Kind::Single | Kind::Double)
            && value.start == token.end + 1
            && value.flags & (Token::MULTI | Token::EXTRA) == 0
            && !self.rewrites_quotes()
            && self.source[token.end as usize] == b' '
            && (value.kind != Kind::Plain || self.stays_plain_in_item(*value))
        {
            return self.copy_line(token.start as usize, value.end as usize, index + 2);
        }
        self.out.push(b'-');
        self.at = At::Value;
        index + 1
    }

    /// Whether a plain scalar, as an item, can be taken for nothing else than itself.
    fn stays_plain_in_item(&self, value: Token) -> bool {
        self.stack.len() > 1 && value.end - value.start > 1 && self.source[value.end as usize - 1] != b':'
    }

    fn key(&mut self, index: usize, token: Token) -> usize {
        self.start_entry();
        // The common line, `key: value`, in one piece.
        if let Some(value) = self.tape.tokens.get(index + 1)
            && matches!(value.kind, Kind::Plain | Kind::Single | Kind::Double | Kind::Alias)
            && value.start == token.end + 2
            && matches!(token.kind, Kind::Plain | Kind::Single | Kind::Double)
            && (token.flags | value.flags) & (Token::MULTI | Token::EXTRA) == 0
            && !self.rewrites_quotes()
            && self.source[token.end as usize..].starts_with(b": ")
            && self.source[value.end as usize - 1] != b':'
            && !(self.stack.len() == 1 && scalars::is_marker_like(self.text(token)))
        {
            return self.copy_line(token.start as usize, value.end as usize, index + 2);
        }
        self.key_text(token);
        self.out.push(b':');
        self.at = At::Value;
        if self.tape.tokens.get(index + 1).is_some_and(|value| value.kind == Kind::Null) {
            self.at = At::Start;
            return self.end_line(index + 2);
        }
        index + 1
    }

    /// Copies the rest of a line, which ends at `end` with its value, and ends it. `next` is the token after the value.
    #[inline]
    fn copy_line(&mut self, start: usize, end: usize, next: usize) -> usize {
        let comment = self.tape.tokens.get(next).is_some_and(|token| token.kind == Kind::LineComment);
        if self.source[end] == b'\n' && !comment {
            append(self.out, self.source, start..end + 1);
            self.at = At::Start;
            return next;
        }
        append(self.out, self.source, start..end);
        self.end_line(next)
    }

    /// Ends the line after a value, with the comment that stands there.
    fn end_line(&mut self, next: usize) -> usize {
        self.at = At::Start;
        match self.tape.tokens.get(next) {
            Some(token) if token.kind == Kind::LineComment && self.written.last() != Some(&next) => {
                self.out.push(b' ');
                self.push_text(*token);
                self.out.push(b'\n');
                next + 1
            }
            _ => {
                self.out.push(b'\n');
                next
            }
        }
    }

    fn property(&mut self, token: Token) {
        self.auto_dash();
        match self.at {
            At::Start | At::Inline => {
                // Before a key.
                self.start_entry();
                self.push_text(token);
                self.out.push(b' ');
                self.at = At::Inline;
            }
            At::Own => {
                self.indent(self.value_column());
                self.push_text(token);
                self.at = At::Property;
            }
            At::Value | At::Property => {
                self.out.push(b' ');
                self.push_text(token);
                self.at = At::Property;
            }
        }
    }

    /// Whether there are no entries between the tokens `start` and `end`.
    fn only_comments(&self, start: usize, end: usize) -> bool {
        self.tape.tokens[start + 1..end].iter().all(|inner| inner.kind.is_comment())
    }

    /// An empty flow collection cannot become a block: the comments inside go before it.
    fn empty_with_comments(&mut self, start: usize, end: usize) -> usize {
        for index in start + 1..end {
            self.comment(index, self.tape.tokens[index]);
        }
        match self.at {
            At::Own => self.indent(self.value_column()),
            _ => self.out.push(b' '),
        }
        self.out.extend_from_slice(if self.tape.tokens[start].kind == Kind::Map { b"{}" } else { b"[]" });
        self.end_line(end + 1)
    }

    /// Starts a collection, or writes a flow collection whole. Returns the index to go on with.
    fn collection(&mut self, index: usize, token: Token) -> usize {
        self.auto_dash();
        let end = token.link as usize;
        if token.has(Token::FLOW) {
            if let Some(next) = self.flow_on_one_line(index, end) {
                return next;
            }
            if self.only_comments(index, end) {
                return self.empty_with_comments(index, end);
            }
            // The comment after the closing bracket goes after the key.
            if self.tape.tokens.get(end + 1).is_some_and(|after| after.kind == Kind::LineComment)
                && matches!(self.at, At::Value | At::Property)
            {
                self.out.push(b' ');
                self.push_text(self.tape.tokens[end + 1]);
                self.out.push(b'\n');
                self.at = At::Own;
                self.written.insert(0, end + 1);
                self.written.sort_unstable_by(|a, b| b.cmp(a));
            }
        }
        let is_map = token.kind == Kind::Map;
        let parent = self.stack.last().copied();
        let column = match parent {
            None => 0,
            Some(open) if !is_map && open.is_map && self.style.sequence_indent == SequenceIndent::Compact => {
                open.column
            }
            Some(open) => open.column + 2,
        };
        let in_item = parent.is_some_and(|open| !open.is_map);
        let first_is_comment = self.tape.tokens.get(index + 1).is_some_and(|first| first.kind.is_comment());
        match self.at {
            At::Value if in_item && !first_is_comment => {
                self.out.push(b' ');
                self.at = At::Inline;
            }
            At::Value | At::Property => {
                self.out.push(b'\n');
                self.at = At::Start;
            }
            _ => self.at = At::Start,
        }
        let is_flow = token.has(Token::FLOW);
        let source_column = (!is_flow).then_some(token.column as usize);
        self.stack.push(Open { column, source_column, is_map, dashes: !is_map && is_flow });
        index + 1
    }
}
