//! How scalars are written: as they stand, or in one line where they stood in several, or as blocks.

use super::append::{append, append_indent};
use super::{At, Emitter, FlowStyle, Kind, Token};
use crate::yaml::scalar;
use crate::yaml::scan::skip_spaces;

/// A key longer than this is not an implicit key for any reader (YAML 1.2.2, 7.4.2).
pub(crate) const MAX_KEY: usize = 1024;

impl Emitter<'_> {
    /// Whether quotes may change.
    pub(super) fn rewrites_quotes(&self) -> bool {
        self.style.canonical || self.style.json || self.style.unmangle
    }

    /// A key without its colon.
    pub(super) fn key_text(&mut self, token: Token) {
        self.one_line(token, false);
        if token.kind == Kind::Alias {
            // `*a:` would be an alias of that name.
            self.out.push(b' ');
        }
    }

    /// A scalar value; returns the index to go on with.
    pub(super) fn scalar(&mut self, index: usize, token: Token) -> usize {
        if matches!(token.kind, Kind::Literal | Kind::Folded) {
            self.block(token, None);
            return index + 1;
        }
        if token.kind == Kind::Null {
            let own = self.at == At::Own;
            self.at = At::Start;
            return if own && !self.comment_follows(index + 1) { index + 1 } else { self.end_line(index + 1) };
        }
        if token.kind == Kind::Plain && token.has(Token::MULTI) && self.folded_line(token) {
            return self.end_line(index + 1);
        }
        if let Some(text) = self.as_literal(token) {
            let comment = self.tape.tokens.get(index + 1).copied().filter(|next| next.kind == Kind::LineComment);
            self.literal(&text, comment);
            return index + 1 + usize::from(comment.is_some());
        }
        match self.at {
            At::Own => self.indent(self.value_column()),
            _ => self.out.push(b' '),
        }
        self.one_line(token, false);
        self.end_line(index + 1)
    }

    /// Writes a plain scalar of several lines as one line; false, with nothing written, where it has breaks that stay.
    fn folded_line(&mut self, token: Token) -> bool {
        let before = self.out.len();
        let own = self.at == At::Own;
        if own {
            self.indent(self.value_column());
        } else {
            self.out.push(b' ');
        }
        let start = self.out.len();
        let tape = self.tape;
        let out = &mut *self.out;
        let mut breaks = false;
        scalar::fold_lines(tape.text(self.source, token), |piece| {
            breaks |= piece == b"\n";
            out.extend_from_slice(piece);
        });
        if breaks || (self.stack.len() <= 1 && is_marker_like(&self.out[start..])) || self.out.ends_with(b":") {
            self.out.truncate(before);
            return false;
        }
        true
    }

    pub(super) fn comment_follows(&self, index: usize) -> bool {
        self.tape.tokens.get(index).is_some_and(|token| token.kind == Kind::LineComment)
    }

    /// Writes a scalar on one line. `flow`: inside brackets.
    pub(super) fn one_line(&mut self, token: Token, flow: bool) {
        let quoted = matches!(token.kind, Kind::Single | Kind::Double);
        // The quotes of JSON are not a choice of its author, unless its braces are to stay.
        let json_block = self.style.json && self.style.flow != FlowStyle::Keep;
        let normalise = (self.style.canonical || json_block) && quoted;
        let json_only = self.style.json && quoted && self.is_json_only(token);
        let is_block = matches!(token.kind, Kind::Literal | Kind::Folded);
        if !token.has(Token::MULTI) && !normalise && !json_only && !is_block {
            // Inside brackets `a:` and `?` are text; as a block entry they would be keys.
            let in_block = !flow && token.kind == Kind::Plain && !token.is_key();
            let key_like = in_block && (self.text(token).ends_with(b":") || matches!(self.text(token), b"?" | b"-"));
            let marker_like = self.stack.len() <= 1 && token.kind == Kind::Plain && is_marker_like(self.text(token));
            if key_like || marker_like {
                let text = String::from_utf8_lossy(self.text(token)).into_owned();
                scalar::write_text(&text, false, self.out);
            } else {
                self.push_text(token);
            }
            return;
        }
        let Ok(text) = scalar::decode(self.tape, self.source, token, self.style.json) else {
            // Checked before: a scalar that cannot be decoded never gets here. Its bytes are the safe answer.
            self.push_text(token);
            return;
        };
        if normalise || (is_block && self.style.canonical) {
            scalar::write_text(&text, flow, self.out);
        } else if text.contains('\n') || token.kind == Kind::Double || is_block {
            scalar::write_double(&text, self.out);
        } else if token.kind == Kind::Single {
            scalar::write_single(&text, self.out);
        } else if self.stack.len() <= 1 && is_marker_like(text.as_bytes()) || !flow && text.ends_with(':') {
            scalar::write_text(&text, flow, self.out);
        } else {
            self.out.extend_from_slice(text.as_bytes());
        }
    }

    /// Whether a quoted scalar has escapes that only JSON knows, or characters that YAML has only as escapes.
    fn is_json_only(&self, token: Token) -> bool {
        match std::str::from_utf8(self.text(token)) {
            Ok(text) if text.chars().any(scalar::needs_escape) => true,
            _ => token.has(Token::ESCAPED) && scalar::decode(self.tape, self.source, token, false).is_err(),
        }
    }

    /// The value of a scalar that is written as a literal block: plain text with paragraph breaks, and, where the
    /// style asks, double-quoted text of several lines.
    pub(super) fn as_literal(&self, token: Token) -> Option<String> {
        let plain = token.kind == Kind::Plain && token.has(Token::MULTI);
        let mangled = self.style.unmangle && matches!(token.kind, Kind::Double | Kind::Single);
        if !plain && !mangled || token.is_key() {
            return None;
        }
        let text = scalar::decode(self.tape, self.source, token, self.style.json).ok()?;
        (text.contains('\n') && scalar::fits_literal(&text)).then(|| text.into_owned())
    }

    /// Writes `text` as a literal block, with a comment in its first line.
    pub(super) fn literal(&mut self, text: &str, comment: Option<Token>) {
        let body = text.trim_end_matches('\n');
        let newlines = text.len() - body.len();
        let chomp: &[u8] = match newlines {
            0 => b"-",
            1 => b"",
            _ => b"+",
        };
        let digit = body.starts_with([' ', '\t', '\n']);
        self.block_header(b'|', digit, chomp, comment);
        let column = self.value_column().max(2);
        for line in body.split('\n') {
            self.block_line(line.as_bytes(), column);
        }
        self.out.extend(std::iter::repeat_n(b'\n', newlines.saturating_sub(1)));
        self.at = At::Start;
    }

    fn block_header(&mut self, style: u8, digit: bool, chomp: &[u8], comment: Option<Token>) {
        match self.at {
            At::Own => self.indent(self.value_column()),
            _ => self.out.push(b' '),
        }
        self.out.push(style);
        if digit {
            self.out.push(b'2');
        }
        self.out.extend_from_slice(chomp);
        self.end_header(comment);
    }

    fn end_header(&mut self, comment: Option<Token>) {
        if let Some(comment) = comment {
            self.out.push(b' ');
            self.push_text(comment);
        }
        self.out.push(b'\n');
        self.at = At::Start;
    }

    fn block_line(&mut self, line: &[u8], column: usize) {
        if !line.is_empty() {
            self.indent(column);
            self.out.extend_from_slice(line);
        }
        self.out.push(b'\n');
    }

    /// Writes a block scalar with its lines moved to their new column; nothing inside the lines changes.
    pub(super) fn block(&mut self, token: Token, comment: Option<Token>) {
        let tape = self.tape;
        let bytes = tape.text(self.source, token);
        let text_end = if token.has(Token::KEEP) { bytes.len() } else { text_end(bytes, token) };
        if text_end == 0 {
            match self.at {
                At::Own => self.indent(self.value_column()),
                _ => self.out.push(b' '),
            }
            self.out.extend_from_slice(b"\"\"");
            self.end_header(comment);
            return;
        }
        // Without a digit, leading blanks and blank lines would be taken for indentation.
        let first = scalar::block_lines(bytes, token).next().unwrap_or(b"");
        let only_blank_lines = token.has(Token::KEEP) && self::text_end(bytes, token) == 0;
        let digit = !only_blank_lines && matches!(first.first(), None | Some(b' ' | b'\t'));
        let style = if token.kind == Kind::Literal { b'|' } else { b'>' };
        let chomp: &[u8] = if token.has(Token::STRIP) {
            b"-"
        } else if token.has(Token::KEEP) {
            b"+"
        } else {
            b""
        };
        self.block_header(style, digit, chomp, comment);
        let column = self.value_column().max(2);
        let indent = token.column as usize;
        let mut at = 0;
        while at < text_end {
            let end = memchr::memchr(b'\n', &bytes[at..text_end]).map_or(text_end, |n| at + n);
            let start = (at + indent).min(skip_spaces(&bytes[..end], at));
            if start < end {
                append_indent(self.out, column);
                append(self.out, bytes, start..end);
            }
            self.out.push(b'\n');
            at = end + 1;
        }
    }
}

/// The length of a block's bytes up to its last line with text.
fn text_end(bytes: &[u8], token: Token) -> usize {
    let indent = token.column as usize;
    let mut end = bytes.len();
    while end > 0 {
        let line_start = memchr::memrchr(b'\n', &bytes[..end - 1]).map_or(0, |n| n + 1);
        let line = bytes[line_start..end].strip_suffix(b"\n").unwrap_or(&bytes[line_start..end]);
        if line.len() > indent || line.iter().any(|b| *b != b' ') {
            break;
        }
        end = line_start;
    }
    end
}

/// Whether text at the start of a line would be taken for the start or end of a document.
pub(super) fn is_marker_like(text: &[u8]) -> bool {
    (text.starts_with(b"---") || text.starts_with(b"...")) && matches!(text.get(3), None | Some(b' ' | b'\t' | b'#'))
}
