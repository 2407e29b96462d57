//! Flow collections (`{a: 1}`, `[a, b]`) in the fast lane, without recursion.
//!
//! Where YAML 1.2 and go-yaml v2 disagree (`{a:1}`, `{d:}`) this follows go-yaml, because it decides what a cluster
//! stores: a colon needs a blank after it, or a quoted key or the end of a collection before it.

use super::{Kind, MAX_DEPTH, Scan, Scanner, Stop, SyntaxError, Token, is_blank, is_break_or_blank};

/// An open flow collection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    token: u32,
    is_map: bool,
    at: u32,
}

/// What the scanner waits for inside the innermost collection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    /// An entry, or the closing bracket.
    Entry,
    /// An entry: a comma that follows another comma has nothing before it.
    Separator,
    /// The value after a key's colon.
    Value,
}

impl Scanner<'_> {
    /// Scans the flow collection at `at`; returns the offset after its closing bracket.
    pub(super) fn flow_node(&mut self, at: usize) -> Scan<usize> {
        self.flow.clear();
        let mut at = at;
        let mut want = Want::Entry;
        loop {
            at = self.flow_space(at)?;
            let Some(&byte) = self.text.get(at) else {
                return self.unclosed();
            };
            match byte {
                b'{' | b'[' => {
                    if want == Want::Separator {
                        return self.missing_comma(at);
                    }
                    if want == Want::Entry && self.flow.last().is_some_and(|open| open.is_map) {
                        if byte == b'{' && self.at(at + 1) == b'{' || self.text[..at].ends_with(b"{") {
                            return self.error(at, "a mapping cannot be the key of a mapping");
                        }
                        return Err(Stop::Unsupported);
                    }
                    if self.flow.len() + self.frames.len() >= MAX_DEPTH {
                        return self.error(at, "this is nested too deeply");
                    }
                    let kind = if byte == b'{' { Kind::Map } else { Kind::Seq };
                    self.flow.push(Open { token: self.tape.tokens.len() as u32, is_map: byte == b'{', at: at as u32 });
                    self.push(kind, Token::FLOW, at, at);
                    at += 1;
                    want = Want::Entry;
                }
                b'}' | b']' => {
                    let Some(open) = self.flow.pop() else {
                        return self.error(at, "there is no bracket open here");
                    };
                    if open.is_map != (byte == b'}') {
                        let message = if open.is_map { "expected `}` or `,`" } else { "expected `]` or `,`" };
                        return self.error(at, message);
                    }
                    if want == Want::Value {
                        self.push(Kind::Null, 0, at, at);
                    }
                    let end = self.tape.tokens.len() as u32;
                    self.tape.tokens[open.token as usize].link = end;
                    self.push(Kind::End, Token::FLOW, at, at + 1);
                    self.tape.tokens[end as usize].link = open.token;
                    self.tape.tokens[open.token as usize].end = at as u32 + 1;
                    at += 1;
                    if self.flow.is_empty() {
                        return Ok(at);
                    }
                    want = Want::Separator;
                }
                b',' => {
                    match want {
                        Want::Separator => {}
                        Want::Value => self.push(Kind::Null, 0, at, at),
                        Want::Entry => return self.error(at, "there is nothing before this comma"),
                    }
                    at += 1;
                    want = Want::Entry;
                }
                b'#' => return Err(Stop::Unsupported),
                _ if want == Want::Separator => {
                    if byte == b':' {
                        return Err(Stop::Unsupported);
                    }
                    return self.missing_comma(at);
                }
                _ => {
                    let in_map = self.flow.last().is_some_and(|open| open.is_map);
                    let key = in_map && want == Want::Entry;
                    let end = self.flow_scalar(at, key)?;
                    if key {
                        (at, want) = self.flow_colon(at, end)?;
                    } else {
                        let next = self.flow_space(end)?;
                        if self.text.get(next) == Some(&b':') {
                            // A pair in a list: `[a: b]`.
                            return if in_map {
                                self.error(next, "a second colon in one entry")
                            } else {
                                Err(Stop::Unsupported)
                            };
                        }
                        at = end;
                        want = Want::Separator;
                    }
                }
            }
        }
    }

    /// After the key between `start` and `end`: its colon, if there is one.
    fn flow_colon(&mut self, start: usize, end: usize) -> Scan<(usize, Want)> {
        let next = self.flow_space(end)?;
        let quoted = matches!(self.text[start], b'"' | b'\'');
        if self.text.get(next) == Some(&b':') {
            let after = self.at(next + 1);
            if quoted || is_break_or_blank(after) || next > end {
                if !quoted && !is_break_or_blank(after) {
                    return Err(Stop::Unsupported);
                }
                if memchr::memchr(b'\n', &self.text[start..next]).is_some() {
                    return Err(Stop::Unsupported);
                }
                return Ok((next + 1, Want::Value));
            }
        }
        self.push(Kind::Null, Token::NO_COLON, end, end);
        Ok((end, Want::Separator))
    }

    /// Scans a scalar or alias inside a flow collection; returns the offset after it.
    fn flow_scalar(&mut self, at: usize, key: bool) -> Scan<usize> {
        let flags = if key { Token::KEY } else { 0 };
        match self.text[at] {
            b'"' | b'\'' => {
                let end = self.quoted_end(at)?;
                self.push_quoted(at, end, flags);
                Ok(end)
            }
            b'*' if !key => {
                let mut end = at + 1;
                while !is_break_or_blank(self.at(end)) && !is_flow_indicator(self.at(end)) {
                    end += 1;
                }
                self.tape.has_anchors = true;
                self.push(Kind::Alias, 0, at, end);
                Ok(end)
            }
            b'&' | b'!' | b'*' | b'?' | b':' | b'|' | b'>' => Err(Stop::Unsupported),
            b'-' if is_break_or_blank(self.at(at + 1)) || is_flow_indicator(self.at(at + 1)) => Err(Stop::Unsupported),
            b'@' | b'`' | b'%' => {
                let message = format!("a value cannot start with `{}`", char::from(self.text[at]));
                Err(SyntaxError::new(at, message).with_hint("put it in quotes").into())
            }
            _ => self.flow_plain(at, flags),
        }
    }

    fn flow_plain(&mut self, at: usize, flags: u8) -> Scan<usize> {
        let mut flags = flags;
        let mut end = at;
        let mut next = at;
        while let Some(&byte) = self.text.get(next) {
            match byte {
                b',' | b'[' | b']' | b'{' | b'}' => break,
                b':' if is_break_or_blank(self.at(next + 1)) => break,
                b'#' if is_blank(self.text[next - 1]) => return Err(Stop::Unsupported),
                b' ' | b'\t' => next += 1,
                b'\n' => {
                    let line = self.flow_space(next)?;
                    match self.text.get(line) {
                        None | Some(b',' | b'[' | b']' | b'{' | b'}') => break,
                        Some(b'#' | b':') => return Err(Stop::Unsupported),
                        Some(_) => {
                            flags |= Token::MULTI;
                            next = line;
                        }
                    }
                }
                _ => {
                    next += 1;
                    end = next;
                }
            }
        }
        if flags & Token::MULTI != 0 && flags & Token::KEY != 0 {
            return Err(Stop::Unsupported);
        }
        self.push(Kind::Plain, flags, at, end);
        Ok(end)
    }

    /// The offset after blanks and line breaks.
    fn flow_space(&self, mut at: usize) -> Scan<usize> {
        loop {
            match self.text.get(at) {
                Some(b' ' | b'\t' | b'\n') => at += 1,
                Some(b'#')
                    if at > 0 && !is_break_or_blank(self.text[at - 1]) && !is_flow_indicator(self.text[at - 1]) =>
                {
                    return Ok(at);
                }
                Some(b'#') => return Err(Stop::Unsupported),
                _ => return Ok(at),
            }
        }
    }

    fn unclosed(&self) -> Scan<usize> {
        let open = self.flow.last().map_or(0, |open| open.at as usize);
        self.error(open, "this bracket is never closed")
    }

    fn missing_comma(&self, at: usize) -> Scan<usize> {
        let error = self.syntax_error(at, "expected a comma or a closing bracket");
        let error = if error.hint.is_some() { error } else { error.with_hint("separate entries by commas") };
        Err(error.into())
    }
}

fn is_flow_indicator(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}
