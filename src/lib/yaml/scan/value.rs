//! Entries, list items and scalars of the fast lane.

use super::{Kind, Scan, Scanner, Stop, SyntaxError, Token, find_stop, is_blank, is_break_or_blank};
use memchr::{memchr, memchr2};

/// Where a plain text on one line ends.
enum PlainEnd {
    /// A colon that makes it a key; the offset of the colon.
    Key(usize),
    /// The end of the line.
    Line(usize),
    /// The offset of a `#` with a blank before it.
    Comment(usize),
}

impl Scanner<'_> {
    /// Scans plain text from `from` to whatever ends it on this line.
    #[inline]
    fn plain_end(&self, from: usize) -> PlainEnd {
        let mut at = from;
        loop {
            at = find_stop(self.text, at);
            match self.at(at) {
                b':' => {
                    if is_break_or_blank(self.at(at + 1)) {
                        return PlainEnd::Key(at);
                    }
                }
                b'#' => {
                    if at > from && is_blank(self.text[at - 1]) {
                        return PlainEnd::Comment(at);
                    }
                }
                _ => return PlainEnd::Line(at),
            }
            at += 1;
        }
    }

    /// The end of the text before `end` without its trailing blanks.
    #[inline]
    fn trim(&self, from: usize, mut end: usize) -> usize {
        while end > from && is_blank(self.text[end - 1]) {
            end -= 1;
        }
        end
    }

    /// Scans `- …` at `at`; `line` is the start of its line. Returns where to go on.
    pub(super) fn item(&mut self, mut at: usize, line: usize) -> Scan<usize> {
        loop {
            self.push(Kind::Item, 0, at, at + 1);
            let mut next = at + 1;
            while self.at(next) == b' ' {
                next += 1;
            }
            let parent = self.frames.last().map_or(-1, |frame| frame.column);
            match self.at(next) {
                b'\n' => {
                    self.expect_value = true;
                    return Ok(next + 1);
                }
                b'#' => {
                    self.expect_value = true;
                    return self.rest_of_line(next);
                }
                b'\t' => {
                    // After a tab only a scalar may stand, as the tab is not an indentation.
                    let text = self.skip_blanks(next);
                    return match self.at(text) {
                        b'\n' | b'#' => {
                            self.expect_value = true;
                            self.rest_of_line(text)
                        }
                        _ => Err(Stop::Unsupported),
                    };
                }
                b'-' if is_break_or_blank(self.at(next + 1)) => {
                    self.open(Kind::Seq, (next - line) as i32, next)?;
                    at = next;
                }
                b'&' | b'!' => return self.properties(next, parent, true),
                _ => return self.node(next, (next - line) as i32, parent),
            }
        }
    }

    /// Scans `key: …` at `at` in the innermost mapping.
    #[inline]
    pub(super) fn entry(&mut self, at: usize) -> Scan<usize> {
        match self.at(at) {
            b'"' | b'\'' => {
                let kind_at = at;
                let end = self.quoted_end(at)?;
                let colon = self.skip_blanks(end);
                if self.at(colon) != b':' || !is_break_or_blank(self.at(colon + 1)) {
                    return self.missing_colon(at);
                }
                if memchr(b'\n', &self.text[kind_at..end]).is_some() {
                    return Err(Stop::Unsupported);
                }
                self.push_quoted(at, end, Token::KEY);
                self.value_after(colon + 1)
            }
            byte if !starts_plain(byte, self.at(at + 1)) => self.odd_key(at),
            _ => match self.plain_end(at) {
                PlainEnd::Key(colon) => self.plain_key(at, colon),
                _ => self.missing_colon(at),
            },
        }
    }

    /// A plain key whose colon was found.
    #[inline]
    fn plain_key(&mut self, at: usize, colon: usize) -> Scan<usize> {
        let end = self.trim(at, colon);
        self.push(Kind::Plain, Token::KEY, at, end);
        self.value_after(colon + 1)
    }

    /// A line in a mapping that does not start with a common key.
    fn odd_key(&mut self, at: usize) -> Scan<usize> {
        match self.at(at) {
            b'@' | b'`' | b'%' => self.reserved(at),
            b'}' | b']' | b',' => self.error(at, "this character cannot start a key"),
            _ => Err(Stop::Unsupported),
        }
    }

    fn missing_colon(&self, at: usize) -> Scan<usize> {
        let error = self.syntax_error(at, "a key needs a colon and a space after it");
        let error = if error.hint.is_some() { error } else { error.with_hint("write `key: value`") };
        Err(error.into())
    }

    fn reserved<T>(&self, at: usize) -> Scan<T> {
        let message = format!("a value cannot start with `{}`", char::from(self.at(at)));
        Err(SyntaxError::new(at, message).with_hint("put it in quotes").into())
    }

    /// Scans what follows the colon of a key.
    #[inline]
    fn value_after(&mut self, colon_end: usize) -> Scan<usize> {
        let mut at = colon_end;
        while is_blank(self.at(at)) {
            at += 1;
        }
        match self.at(at) {
            b'\n' => {
                self.expect_value = true;
                Ok(at + 1)
            }
            b'#' => {
                self.expect_value = true;
                self.rest_of_line(at)
            }
            b'&' | b'!' => {
                let parent = self.frames.last().map_or(-1, |frame| frame.column);
                self.properties(at, parent, false)
            }
            b'-' if is_break_or_blank(self.at(at + 1)) => self.error(at, "a list cannot start on the line of its key"),
            _ => {
                let parent = self.frames.last().map_or(-1, |frame| frame.column);
                self.inline_node(at, parent)
            }
        }
    }

    /// Scans a node that may be the first entry of a mapping at `column`.
    pub(super) fn node(&mut self, at: usize, column: i32, parent: i32) -> Scan<usize> {
        let byte = self.at(at);
        let key_end = match byte {
            b'"' | b'\'' => {
                let end = self.quoted_end(at)?;
                let colon = self.skip_blanks(end);
                if self.at(colon) == b':' && is_break_or_blank(self.at(colon + 1)) { Some(colon) } else { None }
            }
            b'-' if is_break_or_blank(self.at(at + 1)) => return Err(Stop::Unsupported),
            _ if starts_plain(byte, self.at(at + 1)) => {
                if let PlainEnd::Key(colon) = self.plain_end(at) {
                    self.open(Kind::Map, column, at)?;
                    self.flush_comments();
                    return self.plain_key(at, colon);
                }
                None
            }
            b'?' | b':' => return Err(Stop::Unsupported),
            _ => None,
        };
        if key_end.is_some() {
            self.open(Kind::Map, column, at)?;
            self.flush_comments();
            self.entry(at)
        } else {
            self.flush_comments();
            self.inline_node(at, parent)
        }
    }

    /// Anchor and tag before a value, on the line of its key or dash.
    fn properties(&mut self, mut at: usize, parent: i32, in_item: bool) -> Scan<usize> {
        loop {
            let kind = match self.at(at) {
                b'&' => Kind::Anchor,
                b'!' => Kind::Tag,
                _ => break,
            };
            let mut end = at + 1;
            while !is_break_or_blank(self.at(end)) {
                end += 1;
            }
            let odd = match kind {
                Kind::Tag => !is_common_tag(&self.text[at..end]),
                _ => self.text[at..end].iter().any(|byte| b",[]{}".contains(byte)),
            };
            if odd {
                return Err(Stop::Unsupported);
            }
            if kind == Kind::Anchor {
                self.tape.has_anchors = true;
                if end == at + 1 {
                    return self.error(at, "an anchor needs a name");
                }
            }
            if self.tape.tokens.last().is_some_and(|token| token.kind == kind) {
                return Err(Stop::Unsupported);
            }
            self.push(kind, 0, at, end);
            at = self.skip_blanks(end);
        }
        match self.at(at) {
            b'\n' => {
                self.expect_value = true;
                Ok(at + 1)
            }
            b'#' => {
                self.expect_value = true;
                self.rest_of_line(at)
            }
            b'*' => self.error(at, "an alias can have neither an anchor nor a tag"),
            b'-' if is_break_or_blank(self.at(at + 1)) => self.error(at, "a list cannot start on this line"),
            byte => {
                if in_item {
                    // `- &a key: value` anchors the key, not the mapping: rare enough for the slow lane.
                    let is_key = match byte {
                        b'"' | b'\'' => {
                            let end = self.quoted_end(at)?;
                            self.at(self.skip_blanks(end)) == b':'
                        }
                        _ => matches!(self.plain_end(at), PlainEnd::Key(_)),
                    };
                    if is_key && !matches!(byte, b'{' | b'[') {
                        return Err(Stop::Unsupported);
                    }
                }
                self.inline_node(at, parent)
            }
        }
    }

    /// Scans a node that is not a block collection: scalar, alias or flow collection. `parent` is the column of the
    /// collection that holds it, -1 for the document.
    pub(super) fn inline_node(&mut self, at: usize, parent: i32) -> Scan<usize> {
        self.expect_value = false;
        let byte = self.at(at);
        match byte {
            b'"' | b'\'' => {
                let end = self.quoted_end(at)?;
                self.push_quoted(at, end, 0);
                self.end_of_node(end)
            }
            b'|' | b'>' => self.block_scalar(at, parent),
            b'{' | b'[' => {
                let end = self.flow_node(at)?;
                self.end_of_node(end)
            }
            b'*' => {
                let mut end = at + 1;
                while !is_break_or_blank(self.at(end)) {
                    end += 1;
                }
                let next = self.skip_blanks(end);
                let odd_name = self.text[at..end].iter().any(|byte| b",[]{}".contains(byte));
                if self.at(next) == b':' || self.text[at..end].ends_with(b":") || odd_name {
                    return Err(Stop::Unsupported);
                }
                self.tape.has_anchors = true;
                self.push(Kind::Alias, 0, at, end);
                self.end_of_node(end)
            }
            b'@' | b'`' | b'%' => self.reserved(at),
            b'}' | b']' | b',' => self.error(at, "this character cannot start a value"),
            _ if !starts_plain(byte, self.at(at + 1)) => Err(Stop::Unsupported),
            _ => self.plain(at),
        }
    }

    /// What may stand after a quoted scalar, an alias or a flow collection. A `#` needs no blank before it there:
    /// go-yaml takes it as a comment.
    fn end_of_node(&mut self, end: usize) -> Scan<usize> {
        let at = self.skip_blanks(end);
        match self.at(at) {
            b'\n' => Ok(at + 1),
            b'#' => self.rest_of_line(at),
            b':' if is_break_or_blank(self.at(at + 1)) => {
                // A key on the line of another key, or a collection as a key.
                match self.tape.tokens.last().map(|token| token.kind) {
                    Some(Kind::End) => Err(Stop::Unsupported),
                    _ => self.nested_key(at),
                }
            }
            _ => {
                let error = self.syntax_error(at, "there is text after the end of this value");
                let error = if error.hint.is_some() { error } else { error.with_hint("put the whole value in quotes") };
                Err(error.into())
            }
        }
    }

    fn nested_key(&self, at: usize) -> Scan<usize> {
        Err(SyntaxError::new(at, "a second `: ` in one line: a mapping cannot start here")
            .with_hint("put the value in quotes if the colon belongs to it")
            .into())
    }

    /// The comment at the end of a line. Returns the start of the next line.
    pub(super) fn rest_of_line(&mut self, at: usize) -> Scan<usize> {
        let end = self.line_end(at);
        if self.at(at) == b'#' {
            let trimmed = self.trim(at, end);
            self.tape.has_comments = true;
            self.push(Kind::LineComment, 0, at, trimmed);
            self.blank_since_comment = false;
        }
        Ok(end + 1)
    }

    #[inline]
    fn plain(&mut self, at: usize) -> Scan<usize> {
        match self.plain_end(at) {
            PlainEnd::Line(end) => {
                let trimmed = self.trim(at, end);
                self.push(Kind::Plain, 0, at, trimmed);
                Ok(end + 1)
            }
            PlainEnd::Comment(hash) => {
                let trimmed = self.trim(at, hash);
                self.push(Kind::Plain, 0, at, trimmed);
                self.rest_of_line(hash)
            }
            PlainEnd::Key(colon) => self.nested_key(colon),
        }
    }

    /// A line that is deeper than the collection it stands in: it goes on with a plain scalar, or it is wrong.
    pub(super) fn continuation(&mut self, at: usize) -> Scan<()> {
        let last = self.tape.tokens.last().copied();
        let goes_on = self.comments.is_empty()
            && last.is_some_and(|token| token.kind == Kind::Plain && !token.is_key() && !token.has(Token::FLOW));
        if !goes_on {
            let message = if self.comments.is_empty() {
                "this line is indented deeper than its neighbours, but nothing above opens a level"
            } else {
                "text cannot go on after a comment"
            };
            return Err(SyntaxError::new(at, message).with_hint("align it with the lines above").into());
        }
        let (end, next) = match self.plain_end(at) {
            PlainEnd::Line(end) => (self.trim(at, end), end + 1),
            PlainEnd::Comment(hash) => (self.trim(at, hash), hash),
            PlainEnd::Key(colon) => {
                return Err(SyntaxError::new(colon, "a mapping cannot start inside a value of several lines")
                    .with_hint("align the key with its neighbours, or put the value in quotes")
                    .into());
            }
        };
        if let Some(token) = self.tape.tokens.last_mut() {
            token.end = end as u32;
            token.flags |= Token::MULTI;
        }
        self.pos = if self.at(next) == b'#' && next > at && is_blank(self.text[next - 1]) {
            self.rest_of_line(next)?
        } else {
            next
        };
        Ok(())
    }

    /// The offset after the closing quote of the scalar at `at`.
    pub(super) fn quoted_end(&self, at: usize) -> Scan<usize> {
        let quote = self.text[at];
        let mut from = at + 1;
        loop {
            let rest = &self.text[from..];
            let found = if quote == b'"' { memchr2(b'"', b'\\', rest) } else { memchr(b'\'', rest) };
            let Some(found) = found.map(|n| from + n) else {
                return self.error(at, "this quote is never closed");
            };
            if self.text[found] == b'\\' {
                from = found + 2;
                if from > self.text.len() {
                    return self.error(at, "this quote is never closed");
                }
            } else if quote == b'\'' && self.at(found + 1) == b'\'' {
                from = found + 2;
            } else {
                return Ok(found + 1);
            }
        }
    }

    /// Pushes the quoted scalar between `at` and `end`.
    pub(super) fn push_quoted(&mut self, at: usize, end: usize, flags: u8) {
        let inner = &self.text[at..end];
        let mut flags = flags;
        if memchr(b'\n', inner).is_some() {
            flags |= Token::MULTI;
        }
        let kind = if self.text[at] == b'"' {
            if memchr(b'\\', inner).is_some() {
                flags |= Token::ESCAPED;
            }
            Kind::Double
        } else {
            Kind::Single
        };
        self.push(kind, flags, at, end);
    }
}

/// Whether a tag is `!name` or `!!name`, without escapes or a handle of its own.
fn is_common_tag(tag: &[u8]) -> bool {
    let name = match tag.strip_prefix(b"!!") {
        Some(b"") => return false,
        Some(name) => name,
        None => &tag[1..],
    };
    name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:".contains(byte))
}

/// Whether a plain scalar can start with `byte` before `next` (YAML 1.2.2, 7.3.3).
#[inline]
fn starts_plain(byte: u8, next: u8) -> bool {
    match byte {
        b'-' | b'?' | b':' => !is_break_or_blank(next),
        b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@'
        | b'`' => false,
        _ => true,
    }
}
