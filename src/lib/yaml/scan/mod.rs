//! The fast lane: scans one document, line by line, into a tape.
//!
//! It knows the YAML that people and generators write. Where it meets something else it stops with
//! [`Stop::Unsupported`], and the slow lane builds the same tape from a complete parser; it never guesses.
//! Where the text is certainly wrong it stops with an error that says what to do.

mod block;
mod bytes;
mod comments;
mod flow;
mod value;

pub(super) use bytes::skip_spaces;
use bytes::{find_stop, is_blank, is_break_or_blank};

use super::commented_out::{Depth, PendingComment, compact_depth_at, depth_at};
use super::split::Span;
use super::tape::{Kind, Tape, Token};

/// Deeper nesting is refused; go-yaml v2, which reads what kubectl applies, has the same limit.
pub const MAX_DEPTH: usize = 10_000;

/// Why a scan ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Valid or not, this is for the slow lane.
    Unsupported,
    /// The text is wrong. Boxed, so that results of the hot path stay small.
    Error(Box<SyntaxError>),
}

/// An error at a byte offset of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Byte offset in the text that was scanned.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
    /// What to do, where that is known.
    pub hint: Option<String>,
}

impl SyntaxError {
    /// An error without a hint.
    pub fn new(offset: usize, message: impl Into<String>) -> Self {
        SyntaxError { offset, message: message.into(), hint: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<SyntaxError> for Stop {
    fn from(error: SyntaxError) -> Self {
        Stop::Error(Box::new(error))
    }
}

type Scan<T> = Result<T, Stop>;

/// Memory that scans reuse.
#[derive(Debug, Default)]
pub struct Buffers {
    frames: Vec<Frame>,
    flow: Vec<flow::Open>,
    comments: Vec<PendingComment>,
}

/// An open block collection.
#[derive(Debug, Clone, Copy)]
struct Frame {
    column: i32,
    /// Index of its `Map` or `Seq` token.
    token: u32,
    is_map: bool,
    depth: Depth,
}

/// Scans the document at `span` of `text`, which must end in a line break, into `tape`. Offsets on the tape are
/// those of `text`. `cut` says that the last line break was added by the caller: the text ended without one.
pub fn scan(text: &[u8], span: Span, cut: bool, tape: &mut Tape, buffers: &mut Buffers) -> Scan<()> {
    tape.clear();
    buffers.frames.clear();
    buffers.comments.clear();
    let mut scanner = Scanner {
        text: &text[..span.end],
        pos: span.body,
        tape,
        frames: &mut buffers.frames,
        flow: &mut buffers.flow,
        comments: &mut buffers.comments,
        expect_value: true,
        blank_since_comment: false,
        cut,
    };
    scanner.head(span)?;
    scanner.lines()?;
    scanner.finish()
}

/// Scans the block scalar whose `|` or `>` stands at `at`, in a collection at column `parent`; returns its token and
/// the offset after it. For the slow lane, which has its own way to find the header.
pub(super) fn block_scalar_at(text: &[u8], at: usize, parent: i32, cut: bool) -> Result<(Token, usize), SyntaxError> {
    let mut tape = Tape::default();
    let mut buffers = Buffers::default();
    let mut scanner = Scanner {
        text,
        pos: at,
        tape: &mut tape,
        frames: &mut buffers.frames,
        flow: &mut buffers.flow,
        comments: &mut buffers.comments,
        expect_value: false,
        blank_since_comment: false,
        cut,
    };
    let end = scanner.block_scalar(at, parent).map_err(|stop| match stop {
        Stop::Error(error) => *error,
        Stop::Unsupported => SyntaxError::new(at, "this block scalar cannot be read"),
    })?;
    match tape.tokens.last() {
        Some(token) => Ok((*token, end)),
        None => Err(SyntaxError::new(at, "this block scalar cannot be read")),
    }
}

struct Scanner<'a> {
    text: &'a [u8],
    pos: usize,
    tape: &'a mut Tape,
    frames: &'a mut Vec<Frame>,
    flow: &'a mut Vec<flow::Open>,
    comments: &'a mut Vec<PendingComment>,
    /// The innermost open collection (or the document) waits for a value on a line of its own.
    expect_value: bool,
    blank_since_comment: bool,
    cut: bool,
}

impl Scanner<'_> {
    #[inline]
    fn at(&self, index: usize) -> u8 {
        // Reading after the end is as good as reading a line break: every loop ends there.
        self.text.get(index).copied().unwrap_or(b'\n')
    }

    #[inline]
    fn push(&mut self, kind: Kind, flags: u8, start: usize, end: usize) {
        self.tape.tokens.push(Token { kind, flags, column: 0, start: start as u32, end: end as u32, link: 0 });
    }

    /// The end of the line that holds `from`: the offset of its line break.
    #[inline]
    fn line_end(&self, from: usize) -> usize {
        memchr::memchr(b'\n', &self.text[from.min(self.text.len())..]).map_or(self.text.len(), |n| from + n)
    }

    /// The offset after the blanks at `from`.
    #[inline]
    fn skip_blanks(&self, mut from: usize) -> usize {
        while is_blank(self.at(from)) {
            from += 1;
        }
        from
    }

    #[cold]
    fn error<T>(&self, offset: usize, message: &str) -> Scan<T> {
        Err(self.syntax_error(offset, message).into())
    }

    #[cold]
    fn syntax_error(&self, offset: usize, message: &str) -> SyntaxError {
        let error = SyntaxError::new(offset, message);
        if looks_like_template(self.text, offset) { error.with_hint(TEMPLATE_HINT) } else { error }
    }

    /// What stands before and on the line of the `---` marker.
    fn head(&mut self, span: Span) -> Scan<()> {
        let mut from = span.prefix;
        while from < span.marker {
            let end = self.line_end(from);
            let start = self.skip_blanks(from);
            match self.at(start) {
                b'#' => self.comment(start, end, start - from, Token::BEFORE_MARKER),
                b'\n' => self.blank_since_comment = true,
                // A directive.
                _ => return Err(Stop::Unsupported),
            }
            from = end + 1;
        }
        if !span.is_explicit() {
            return Ok(());
        }
        // A blank line before the marker stays before the marker.
        if self.blank_since_comment
            && let Some(last) = self.comments.last_mut()
        {
            last.flags |= Token::BLANK_AFTER;
            self.blank_since_comment = false;
        }
        let start = self.skip_blanks(span.body);
        match self.at(start) {
            b'\n' => self.pos = start + 1,
            b'#' => {
                let end = self.line_end(start);
                self.comment(start, end, 0, 0);
                self.pos = end + 1;
            }
            b'{' | b'[' => {
                self.flush_comments();
                self.pos = self.inline_node(start, -1)?;
            }
            _ => return Err(Stop::Unsupported),
        }
        Ok(())
    }

    fn lines(&mut self) -> Scan<()> {
        while self.pos < self.text.len() {
            let line = self.pos;
            let at = skip_spaces(self.text, line);
            match self.at(at) {
                b'\n' => {
                    self.blank_since_comment = true;
                    self.pos = at + 1;
                }
                b'#' => {
                    let end = self.line_end(at);
                    self.comment(at, end, at - line, 0);
                    self.pos = end + 1;
                }
                b'\t' => {
                    let text = self.skip_blanks(at);
                    match self.at(text) {
                        b'\n' => self.blank_since_comment = true,
                        b'#' => {
                            let end = self.line_end(text);
                            self.comment(text, end, at - line, 0);
                        }
                        _ => {
                            return Err(SyntaxError::new(at, "a tab cannot indent YAML")
                                .with_hint("indent with spaces")
                                .into());
                        }
                    }
                    self.pos = self.line_end(text) + 1;
                }
                _ => self.node_line(line, at)?,
            }
        }
        Ok(())
    }

    /// A line with something on it: the text starts at `at`.
    #[inline]
    fn node_line(&mut self, line: usize, at: usize) -> Scan<()> {
        let column = (at - line) as i32;
        if !self.comments.is_empty() {
            self.place_comments();
        }
        let dash = self.at(at) == b'-' && is_break_or_blank(self.at(at + 1));
        let top = self.frames.last().copied();
        let top_column = top.map_or(-1, |frame| frame.column);
        if self.expect_value {
            if column > top_column || (dash && column == top_column && top.is_some_and(|frame| frame.is_map)) {
                return self.child_line(at, column, dash);
            }
            self.missing_value();
        } else if column > top_column {
            return self.continuation(at);
        }
        self.close_to(column, dash, at)?;
        match self.frames.last() {
            Some(frame) if frame.is_map => {
                self.pos = self.entry(at)?;
                Ok(())
            }
            Some(_) => {
                self.pos = self.item(at, line)?;
                Ok(())
            }
            None => self.error(at, "there is text after the end of the document's only value"),
        }
    }

    /// A value on a line of its own.
    fn child_line(&mut self, at: usize, column: i32, dash: bool) -> Scan<()> {
        self.expect_value = false;
        if dash {
            self.open(Kind::Seq, column, at)?;
            self.flush_comments();
            self.pos = self.item(at, at - column as usize)?;
        } else {
            let parent = self.frames.last().map_or(-1, |frame| frame.column);
            match self.at(at) {
                b'&' | b'!' | b'|' | b'>' => return Err(Stop::Unsupported),
                _ => {}
            }
            self.pos = self.node(at, column, parent)?;
        }
        Ok(())
    }

    /// The value that was expected is not there: it is null. Deeper comments belong to it.
    fn missing_value(&mut self) {
        let parent = self.frames.last().map_or(depth_at(-1), |frame| frame.depth);
        let deeper = self.comments.iter().take_while(|comment| comment.depth > parent).count();
        self.push_comments(deeper);
        let at = self.tape.tokens.last().map_or(0, |token| token.end as usize);
        self.push(Kind::Null, 0, at, at);
        self.expect_value = false;
    }

    /// Opens a block collection at `column`.
    #[inline]
    fn open(&mut self, kind: Kind, column: i32, at: usize) -> Scan<()> {
        if self.frames.len() >= MAX_DEPTH || column > i32::from(u16::MAX) {
            return self.error(at, "this is nested too deeply");
        }
        let is_map = kind == Kind::Map;
        let is_compact = !is_map && self.frames.last().is_some_and(|above| above.is_map && above.column == column);
        let depth = if is_compact { compact_depth_at(column) } else { depth_at(column) };
        self.frames.push(Frame { column, token: self.tape.tokens.len() as u32, is_map, depth });
        self.tape.tokens.push(Token {
            kind,
            flags: 0,
            column: column as u16,
            start: at as u32,
            end: at as u32,
            link: 0,
        });
        Ok(())
    }

    /// Closes the innermost block collection.
    #[inline]
    fn close(&mut self) {
        if let Some(frame) = self.frames.pop() {
            let end = self.tape.tokens.len() as u32;
            let at = self.tape.tokens[end as usize - 1].end;
            self.tape.tokens[frame.token as usize].link = end;
            self.tape.tokens[frame.token as usize].end = at;
            self.tape.tokens.push(Token {
                kind: Kind::End,
                flags: 0,
                column: 0,
                start: at,
                end: at,
                link: frame.token,
            });
        }
    }

    /// Ends all collections that a node at `column` ends, and hands out the comments before that node: deeper ones
    /// are feet of the collections that end, the rest are heads of the node.
    #[inline]
    fn close_to(&mut self, column: i32, dash: bool, at: usize) -> Scan<()> {
        if !self.comments.is_empty() {
            let compact = compact_depth_at(column);
            let is_compact_item = dash && self.frames.binary_search_by_key(&compact, |frame| frame.depth).is_ok();
            self.feet(if is_compact_item { compact } else { depth_at(column) });
        }
        while self.frames.last().is_some_and(|frame| frame.column > column) {
            self.close();
        }
        match self.frames.last() {
            Some(frame) if frame.column == column && frame.is_map == dash => {
                if frame.is_map {
                    return self.error(at, "a list item cannot stand at the column of a mapping's keys");
                }
                // A list at the column of its key ends where the next key starts.
                let key = self.frames.len() >= 2 && {
                    let above = self.frames[self.frames.len() - 2];
                    above.is_map && above.column == column
                };
                if !key {
                    return self.error(at, "a key cannot stand at the column of a list's items");
                }
                self.close();
            }
            Some(frame) if frame.column != column => {
                return Err(SyntaxError::new(
                    at,
                    "this line is indented less than its neighbours, but not as its parents are",
                )
                .with_hint("align it with the key or list item that it belongs to")
                .into());
            }
            _ => {}
        }
        self.flush_comments();
        Ok(())
    }

    fn finish(&mut self) -> Scan<()> {
        if !self.comments.is_empty() {
            self.place_comments();
        }
        if self.tape.tokens.is_empty() && self.expect_value {
            // Comments only, or nothing.
            self.push_comments(self.comments.len());
            return Ok(());
        }
        if self.expect_value {
            self.missing_value();
        }
        self.feet(depth_at(-1));
        self.flush_comments();
        while !self.frames.is_empty() {
            self.close();
        }
        Ok(())
    }
}

/// The hint for text that is not YAML because it is a template.
pub(super) const TEMPLATE_HINT: &str =
    "this looks like a template (Helm, Jinja): render it first, or pass it over with --exclude";

/// Whether the line around `offset` holds `{{`.
pub(super) fn looks_like_template(text: &[u8], offset: usize) -> bool {
    let offset = offset.min(text.len());
    let start = memchr::memrchr(b'\n', &text[..offset]).map_or(0, |n| n + 1);
    let end = memchr::memchr(b'\n', &text[offset..]).map_or(text.len(), |n| offset + n);
    memchr::memmem::find(&text[start..end], b"{{").is_some()
}
