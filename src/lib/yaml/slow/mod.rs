//! The slow lane: builds the tape of one document from the events of a complete YAML parser.
//!
//! It exists for the YAML that the fast lane does not know: explicit keys, comments inside flow collections,
//! properties on lines of their own, directives. The parser reports nodes, anchors, tags and comments with their places;
//! where dashes and block headers stand is read from the text between.

mod comments;

use super::commented_out::{Depth, compact_depth_at, depth_at};
use super::scan::{self, MAX_DEPTH, SyntaxError};
use super::split::Span;
use super::tape::{Kind, Tape, Token};
use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, options};

/// Nesting that the slow lane takes on; the parser's own memory grows with it.
const MAX_SLOW_DEPTH: usize = 1_000;

/// Builds the tape of the document at `span` of `text`. Offsets on the tape are those of `text`. `cut` says that the
/// last line break was added by the caller.
///
/// # Errors
/// The document is not valid YAML, or uses something that no Kubernetes reader takes.
pub fn build(text: &str, span: Span, cut: bool, tape: &mut Tape) -> Result<(), SyntaxError> {
    tape.clear();
    tape.by_slow_lane = true;
    let base = span.prefix;
    if let Some(at) = find_tag_directive(text, span) {
        return Err(SyntaxError::new(at, "a %TAG directive: Kubernetes readers do not support it")
            .with_hint("write the tags out, or remove the directive"));
    }
    let document = &text[base..span.end];
    let mut events = Vec::new();
    let mut comments = Vec::new();
    let options = options! {
        emit_anchor_events: true,
        max_buffered_comment_events: 1 << 20,
        flow_nesting_limit: MAX_SLOW_DEPTH.min(MAX_DEPTH),
        block_nesting_limit: MAX_SLOW_DEPTH.min(MAX_DEPTH),
    };
    for event in Parser::new_from_str_with_options(document, options) {
        let (event, location) = event.map_err(|error| {
            let offset = base + error.marker().byte_offset().unwrap_or(0);
            let message = error.info();
            let error = SyntaxError::new(offset, message);
            if scan::looks_like_template(text.as_bytes(), offset) {
                error.with_hint(scan::TEMPLATE_HINT)
            } else {
                error
            }
        })?;
        let range = location.byte_range().unwrap_or(0..0);
        let range = base + range.start..base + range.end;
        match event {
            Event::Comment(..) => comments.push(range.start),
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd => {}
            event => {
                let tag = location.tag_span().and_then(|tag| tag.byte_range());
                let tag = tag.map(|tag| base + tag.start..base + tag.end);
                events.push((event, range, tag, location.start.col()));
            }
        }
    }
    comments.sort_unstable();
    let mut builder = Builder {
        text: text.as_bytes(),
        end: span.end,
        marker: span.is_explicit().then_some(span.marker),
        cut,
        tape,
        cursor: span.body,
        containers: Vec::new(),
        comments: comments.into_iter().peekable(),
        floating: Vec::new(),
        last_real: None,
    };
    builder.nodes(&events)?;
    builder.finish();
    Ok(())
}

fn find_tag_directive(text: &str, span: Span) -> Option<usize> {
    let prefix = &text[span.prefix..span.marker];
    if prefix.starts_with("%TAG") {
        return Some(span.prefix);
    }
    prefix.find("\n%TAG").map(|at| span.prefix + at + 1)
}

type NodeEvent<'a> = (Event<'a>, std::ops::Range<usize>, Option<std::ops::Range<usize>>, usize);

/// An open collection.
#[derive(Clone, Copy)]
struct Container {
    is_map: bool,
    flow: bool,
    /// A pair in a flow sequence, without braces: it always has a colon.
    pair: bool,
    column: i32,
    depth: Depth,
    /// In a mapping: the next node is a key.
    key_next: bool,
}

/// A token without a place of its own: a null, or the start or end of a block collection.
#[derive(Clone, Copy)]
struct Floating {
    token: Token,
    /// The collection that it starts or ends, or that has it.
    container: Option<Container>,
}

impl Floating {
    /// How deep its collection is; that of the document, where there is none.
    fn depth(&self) -> Depth {
        self.container.map_or(depth_at(-1), |container| container.depth)
    }
}

struct Builder<'a, C: Iterator<Item = usize>> {
    text: &'a [u8],
    end: usize,
    marker: Option<usize>,
    cut: bool,
    tape: &'a mut Tape,
    cursor: usize,
    containers: Vec<Container>,
    comments: std::iter::Peekable<C>,
    /// Since the last real token.
    floating: Vec<Floating>,
    last_real: Option<Token>,
}

impl<C: Iterator<Item = usize>> Builder<'_, C> {
    fn nodes(&mut self, events: &[NodeEvent<'_>]) -> Result<(), SyntaxError> {
        let mut index = 0;
        while index < events.len() {
            let (event, range, tag, column) = &events[index];
            index += 1;
            let anchor = match events.get(index) {
                Some((Event::Anchor(..), location, _, _)) => {
                    index += 1;
                    Some(location.clone())
                }
                _ => None,
            };
            match event {
                Event::SequenceEnd | Event::MappingEnd => {
                    self.close(range.end);
                    continue;
                }
                _ => {}
            }
            let key = self.before_node(range.start)?;
            self.properties(anchor, tag.clone(), key);
            match event {
                Event::Scalar(_, style, ..) => self.scalar(*style, range.clone(), key)?,
                Event::Alias(_) => {
                    self.tape.has_anchors = true;
                    let flags = if key { Token::KEY } else { 0 };
                    self.real(token(Kind::Alias, flags, range.start, range.end));
                    self.cursor = range.end;
                }
                Event::SequenceStart(..) | Event::MappingStart(..) if key => {
                    return Err(SyntaxError::new(
                        range.start,
                        "a list or a mapping cannot be a key: JSON has text keys only",
                    ));
                }
                Event::SequenceStart(style, ..) => self.open(Kind::Seq, *style, range.start, *column),
                Event::MappingStart(style, ..) => self.open(Kind::Map, *style, range.start, *column),
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes the dash of a list item where one belongs; returns whether the node is a key.
    fn before_node(&mut self, at: usize) -> Result<bool, SyntaxError> {
        let Some(container) = self.containers.last_mut() else { return Ok(false) };
        if container.is_map {
            let key = container.key_next;
            container.key_next = !key;
            return Ok(key);
        }
        if !container.flow {
            let Some(dash) = self.find(self.cursor, |text, at| text[at] == b'-') else {
                return Err(SyntaxError::new(at, "cannot find the dash of this list item"));
            };
            self.real(token(Kind::Item, 0, dash, dash + 1));
            self.cursor = dash + 1;
        }
        Ok(false)
    }

    /// The first byte at or after `from` that `wanted` accepts; blanks, comments, properties and the indicators `?`
    /// and `:` are passed over.
    fn find(&self, from: usize, wanted: impl Fn(&[u8], usize) -> bool) -> Option<usize> {
        let mut at = from;
        while at < self.end {
            if wanted(self.text, at) {
                return Some(at);
            }
            match self.text[at] {
                b'#' => at = memchr::memchr(b'\n', &self.text[at..]).map_or(self.end, |n| at + n),
                b'&' | b'!' => {
                    while at < self.end && !matches!(self.text[at], b' ' | b'\t' | b'\n') {
                        at += 1;
                    }
                }
                b' ' | b'\t' | b'\n' | b'?' | b':' => at += 1,
                _ => return None,
            }
        }
        None
    }

    /// Writes the properties of a node; `key`: it is a key.
    fn properties(&mut self, anchor: Option<std::ops::Range<usize>>, tag: Option<std::ops::Range<usize>>, key: bool) {
        let mut properties = Vec::new();
        if let Some(anchor) = anchor {
            self.tape.has_anchors = true;
            properties.push(token(Kind::Anchor, 0, anchor.start, anchor.end));
        }
        if let Some(tag) = tag {
            properties.push(token(Kind::Tag, 0, tag.start, tag.end));
        }
        properties.sort_unstable_by_key(|property| property.start);
        if let (Some(first), Some(last), true) = (properties.first(), properties.last(), key) {
            self.place_comments(first.start as usize, false);
            self.push_floating();
            // Among the properties of a key, or after the header of its block, a comment would end the line, and give
            // them to the whole mapping.
            let text = self.find(last.end as usize, |text, at| !matches!(text[at], b' ' | b'\t' | b'\n' | b'#'));
            let mut limit = text.unwrap_or(self.end);
            if matches!(self.text.get(limit), Some(b'|' | b'>')) {
                limit = memchr::memchr(b'\n', &self.text[limit..self.end]).map_or(self.end, |n| limit + n);
            }
            if self.comments.peek().is_some_and(|comment| *comment < limit) {
                self.place_comments(limit, true);
            }
            self.tape.tokens.extend(&properties);
            self.last_real = properties.last().copied();
        } else {
            properties.iter().for_each(|property| self.real(*property));
        }
        if let Some(last) = properties.last() {
            self.cursor = last.end as usize;
        }
    }

    fn scalar(&mut self, style: ScalarStyle, range: std::ops::Range<usize>, key: bool) -> Result<(), SyntaxError> {
        let flags = if key { Token::KEY } else { 0 };
        let in_flow = self.containers.last().is_some_and(|container| container.flow);
        let text = self.text;
        let kind = match style {
            ScalarStyle::Plain if range.is_empty() => {
                let in_pair = self.containers.last().is_some_and(|container| container.pair);
                let no_colon = in_flow && !key && !in_pair && {
                    let after = (self.cursor..self.end).find(|at| !matches!(text[*at], b' ' | b'\t' | b'\n'));
                    self.last_real.is_some_and(Token::is_key) && after.is_none_or(|at| text[at] != b':')
                };
                if in_flow && !key && !no_colon {
                    self.check_adjacent_colon()?;
                }
                let flags = if no_colon { Token::NO_COLON } else { flags };
                let at = self.cursor;
                let container = self.containers.last().copied();
                self.floating.push(Floating { token: token(Kind::Null, flags, at, at), container });
                return Ok(());
            }
            ScalarStyle::Plain => Kind::Plain,
            ScalarStyle::SingleQuoted => Kind::Single,
            ScalarStyle::DoubleQuoted => Kind::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => {
                return self.block_scalar(range, flags);
            }
        };
        let bytes = &text[range.clone()];
        if kind == Kind::Plain
            && let Some(hash) = memchr::memchr_iter(b'#', bytes).find(|at| follows_blank(bytes, *at))
        {
            return Err(SyntaxError::new(range.start + hash, "text cannot go on after a comment")
                .with_hint("remove the comment, or put the text in quotes"));
        }
        let mut flags = flags;
        if memchr::memchr(b'\n', bytes).is_some() {
            flags |= Token::MULTI;
        }
        if kind == Kind::Double && memchr::memchr(b'\\', bytes).is_some() {
            flags |= Token::ESCAPED;
        }
        if in_flow && !key {
            self.check_adjacent_colon()?;
        }
        self.real(token(kind, flags, range.start, range.end));
        self.cursor = range.end;
        Ok(())
    }

    /// `{d:}` is a key `d:` for kubectl and a key `d` for YAML 1.2: refused where it cannot be kept byte for byte.
    fn check_adjacent_colon(&self) -> Result<(), SyntaxError> {
        let Some(key) = self.last_real.filter(|last| last.is_key() && last.kind == Kind::Plain) else { return Ok(()) };
        let at = key.end as usize;
        if self.text.get(at) == Some(&b':') && !matches!(self.text.get(at + 1), None | Some(b' ' | b'\t' | b'\n')) {
            return Err(SyntaxError::new(at, "readers disagree whether this colon belongs to the key")
                .with_hint("write a space after it"));
        }
        Ok(())
    }

    fn block_scalar(&mut self, range: std::ops::Range<usize>, flags: u8) -> Result<(), SyntaxError> {
        let Some(header) = self.find(self.cursor, |text, at| matches!(text[at], b'|' | b'>')) else {
            return Err(SyntaxError::new(range.start, "cannot find the start of this block scalar"));
        };
        let parent = self.containers.last().map_or(-1, |container| container.column);
        let (mut scalar, end) = scan::block_scalar_at(&self.text[..self.end], header, parent, self.cut)?;
        scalar.flags |= flags;
        if !scalar.is_key() {
            self.place_comments(header, false);
            self.place_header_comment(scalar.start as usize);
        }
        self.real(scalar);
        self.cursor = end;
        Ok(())
    }

    fn open(&mut self, kind: Kind, style: StructureStyle, at: usize, column: usize) {
        let flow = style == StructureStyle::Flow;
        let is_map = kind == Kind::Map;
        let mut flags = 0;
        let mut column = column as i32;
        if flow {
            flags = Token::FLOW;
            column = self.containers.last().map_or(0, |container| container.column);
            if is_map && self.text.get(at) != Some(&b'{') {
                flags |= Token::PAIR;
            }
        } else if !is_map && let Some(dash) = self.find(self.cursor, |text, at| text[at] == b'-') {
            column = (dash - line_start(self.text, dash)) as i32;
        }
        let is_compact =
            !flow && !is_map && self.containers.last().is_some_and(|above| above.is_map && above.column == column);
        let depth = if is_compact { compact_depth_at(column) } else { depth_at(column) };
        let pair = flags & Token::PAIR != 0;
        let container = Container { is_map, flow, pair, column, depth, key_next: is_map };
        let start = if flow { at } else { self.cursor };
        let mut opening = token(kind, flags, start, start);
        opening.column = u16::try_from(column).unwrap_or(u16::MAX);
        if flow && !pair {
            self.real(opening);
            self.cursor = at + 1;
        } else {
            self.floating.push(Floating { token: opening, container: Some(container) });
        }
        self.containers.push(container);
    }

    fn close(&mut self, at: usize) {
        let Some(container) = self.containers.pop() else { return };
        let bracket =
            container.flow && matches!(self.text.get(at.wrapping_sub(1)), Some(b'}' | b']')) && at > self.cursor;
        let ending = token(Kind::End, if container.flow { Token::FLOW } else { 0 }, at.saturating_sub(1), at);
        if bracket {
            self.real(ending);
            self.cursor = at;
        } else {
            self.floating.push(Floating { token: ending, container: Some(container) });
        }
    }

    /// A token with a place of its own: the comments before it are handed out first.
    fn real(&mut self, token: Token) {
        self.place_comments(token.start as usize, false);
        self.push_floating();
        self.tape.tokens.push(token);
        self.last_real = Some(token);
    }

    fn push_floating(&mut self) {
        self.tape.tokens.extend(self.floating.drain(..).map(|floating| floating.token));
    }

    fn finish(&mut self) {
        self.place_comments(self.end, false);
        self.push_floating();
        // The parser makes a null of a document without a node.
        let tokens = &mut self.tape.tokens;
        if tokens.iter().all(|token| token.kind.is_comment() || token.kind == Kind::Null) {
            tokens.retain(|token| token.kind.is_comment());
        }
        self.tape.link();
    }
}

fn token(kind: Kind, flags: u8, start: usize, end: usize) -> Token {
    Token { kind, flags, column: 0, start: start as u32, end: end as u32, link: 0 }
}

fn follows_blank(text: &[u8], at: usize) -> bool {
    at > 0 && matches!(text[at - 1], b' ' | b'\t' | b'\n')
}

fn line_start(text: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', &text[..at]).map_or(0, |n| n + 1)
}
