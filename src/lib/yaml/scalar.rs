//! Scalars as values: decoding of the five styles, and the encoding of new values.

use super::resolve;
use super::tape::{Kind, Tape, Token};
use std::borrow::Cow;

/// Why a scalar cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscapeError {
    /// Byte offset from the start of the scalar.
    pub offset: usize,
    /// What is wrong.
    pub message: &'static str,
}

/// The value of a scalar as text, by the rules of its style. `json` also allows the escapes that only JSON knows.
///
/// # Errors
/// An escape sequence in double quotes that readers of YAML refuse.
pub fn decode<'a>(tape: &'a Tape, source: &'a [u8], token: Token, json: bool) -> Result<Cow<'a, str>, EscapeError> {
    let bytes = tape.text(source, token);
    let text = || String::from_utf8_lossy(bytes);
    match token.kind {
        Kind::Plain if token.has(Token::MULTI) => Ok(folded(bytes).into()),
        Kind::Single => {
            let inner = &bytes[1..bytes.len().max(2) - 1];
            let inner = if token.has(Token::MULTI) { folded(inner).into() } else { String::from_utf8_lossy(inner) };
            Ok(if inner.contains("''") { inner.replace("''", "'").into() } else { inner })
        }
        Kind::Double => {
            let inner = String::from_utf8_lossy(&bytes[1..bytes.len().max(2) - 1]);
            if token.has(Token::ESCAPED) || token.has(Token::MULTI) {
                unescape(&inner, json).map(Cow::Owned).map_err(|e| EscapeError { offset: e.offset + 1, ..e })
            } else {
                Ok(inner)
            }
        }
        Kind::Literal | Kind::Folded => Ok(decode_block(bytes, token).into()),
        _ => Ok(text()),
    }
}

/// Folds the line breaks of a plain or single-quoted scalar, and hands out the pieces of the result: one break becomes a
/// space, n + 1 breaks become n.
pub fn fold_lines<'a>(text: &'a [u8], mut take: impl FnMut(&'a [u8])) {
    let mut rest = text;
    let mut blanks = 0;
    let mut first = true;
    loop {
        let end = memchr::memchr(b'\n', rest);
        let mut part = &rest[..end.unwrap_or(rest.len())];
        if !first {
            part = part.trim_ascii_start();
        }
        if end.is_some() {
            part = part.trim_ascii_end();
        }
        if first {
            take(part);
        } else if part.is_empty() && end.is_some() {
            blanks += 1;
        } else {
            if blanks == 0 {
                take(b" ");
            }
            for _ in 0..blanks {
                take(b"\n");
            }
            take(part);
            blanks = 0;
        }
        first = false;
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => break,
        }
    }
}

/// The result of [`fold_lines`].
fn folded(text: &[u8]) -> String {
    let mut out = Vec::with_capacity(text.len());
    fold_lines(text, |piece| out.extend_from_slice(piece));
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether folding `text` gives `expected`.
pub fn folds_to(text: &[u8], expected: &[u8]) -> bool {
    let mut rest = Some(expected);
    fold_lines(text, |piece| rest = rest.and_then(|rest| rest.strip_prefix(piece)));
    rest.is_some_and(<[u8]>::is_empty)
}

/// Decodes the inside of double quotes: escapes and folded line breaks.
fn unescape(text: &str, json: bool) -> Result<String, EscapeError> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.char_indices().peekable();
    // Blanks that a line break would swallow.
    let mut blanks = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            ' ' | '\t' => blanks.push(c),
            '\n' => {
                blanks.clear();
                let mut breaks = 0;
                while let Some((_, next)) = chars.peek() {
                    match next {
                        '\n' => breaks += 1,
                        ' ' | '\t' => {}
                        _ => break,
                    }
                    chars.next();
                }
                if breaks == 0 {
                    out.push(' ');
                }
                out.extend(std::iter::repeat_n('\n', breaks));
            }
            '\\' => {
                out.push_str(&blanks);
                blanks.clear();
                let error = |message| EscapeError { offset: at, message };
                let Some((_, escape)) = chars.next() else { return Err(error("a backslash ends the text")) };
                let digits = match escape {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    '\n' => {
                        // The break is left out; empty lines after it are line breaks of the text.
                        while let Some((_, c)) = chars.next_if(|(_, c)| matches!(c, ' ' | '\t' | '\n')) {
                            if c == '\n' {
                                out.push(c);
                            }
                        }
                        continue;
                    }
                    _ => {
                        out.push(
                            simple_escape(escape, json).ok_or_else(|| error("no reader of YAML knows this escape"))?,
                        );
                        continue;
                    }
                };
                let mut code =
                    hex(&mut chars, digits).ok_or_else(|| error("this escape needs more hexadecimal digits"))?;
                if json && (0xD800..0xDC00).contains(&code) {
                    let pair = chars.next().map(|(_, c)| c) == Some('\\') && chars.next().map(|(_, c)| c) == Some('u');
                    let low = if pair { hex(&mut chars, 4) } else { None };
                    match low {
                        Some(low) if (0xDC00..0xE000).contains(&low) => {
                            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                        }
                        _ => return Err(error("half of a surrogate pair is not a character")),
                    }
                }
                match char::from_u32(code) {
                    Some(c) => out.push(c),
                    None => return Err(error("a surrogate is not a character: write the character itself")),
                }
            }
            _ => {
                out.push_str(&blanks);
                blanks.clear();
                out.push(c);
            }
        }
    }
    out.push_str(&blanks);
    Ok(out)
}

fn hex(chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>, digits: usize) -> Option<u32> {
    let mut code = 0u32;
    for _ in 0..digits {
        let digit = chars.next_if(|(_, c)| c.is_ascii_hexdigit())?.1.to_digit(16)?;
        code = code.checked_mul(16)?.checked_add(digit)?;
    }
    Some(code)
}

/// The escapes of one character that go-yaml v2 and v3 both know (`\/` only in JSON).
fn simple_escape(escape: char, json: bool) -> Option<char> {
    Some(match escape {
        '0' => '\0',
        'a' => '\x07',
        'b' => '\x08',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\x0b',
        'f' => '\x0c',
        'r' => '\r',
        'e' => '\x1b',
        ' ' => ' ',
        '"' => '"',
        '\\' => '\\',
        '\'' => '\'',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        '/' if json => '/',
        _ => return None,
    })
}

/// The content lines of a block scalar without their indentation. Lines of blanks only that are no longer than the
/// indentation are empty.
pub fn block_lines(bytes: &[u8], token: Token) -> impl Iterator<Item = &[u8]> {
    let indent = token.column as usize;
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.split(|b| *b == b'\n').map(move |line| &line[super::scan::skip_spaces(line, 0).min(indent)..])
}

fn decode_block(bytes: &[u8], token: Token) -> String {
    if bytes.is_empty() {
        return String::new();
    }
    let text: Vec<&[u8]> = block_lines(bytes, token).collect();
    let used = text.iter().rposition(|line| !line.is_empty()).map_or(0, |n| n + 1);
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    if token.kind == Kind::Literal {
        out.extend(text[..used].join(&b"\n"[..]));
    } else {
        fold_block(&text[..used], &mut out);
    }
    let trailing = text.len() - used;
    if token.has(Token::KEEP) {
        out.extend(std::iter::repeat_n(b'\n', if used == 0 { trailing } else { trailing + 1 }));
    } else if !token.has(Token::STRIP) && used > 0 {
        out.push(b'\n');
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Folds the lines of a `>` scalar: a break between two lines of text is a space; breaks around lines that start
/// with a blank stay (YAML 1.2.2, 8.1.3).
fn fold_block(lines: &[&[u8]], out: &mut Vec<u8>) {
    let is_deeper = |line: &[u8]| matches!(line.first(), Some(b' ' | b'\t'));
    let mut previous: Option<&[u8]> = None;
    let mut blanks = 0;
    for line in lines {
        if line.is_empty() {
            blanks += 1;
            continue;
        }
        match previous {
            None => out.extend(std::iter::repeat_n(b'\n', blanks)),
            Some(before) => {
                if is_deeper(before) || is_deeper(line) {
                    out.extend(std::iter::repeat_n(b'\n', blanks + 1));
                } else if blanks == 0 {
                    out.push(b' ');
                } else {
                    out.extend(std::iter::repeat_n(b'\n', blanks));
                }
            }
        }
        out.extend_from_slice(line);
        previous = Some(line);
        blanks = 0;
    }
}

/// Whether a character must be escaped wherever it stands: readers refuse it, or take it for a line break.
pub fn needs_escape(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Writes a new value on one line, with the lightest quotes that no reader misunderstands. `flow`: inside brackets, where
/// commas and brackets count.
pub fn write_text(text: &str, flow: bool, out: &mut Vec<u8>) {
    if text.is_empty()
        || text.chars().any(|c| needs_escape(c) || c == '\n' || c == '\t')
        || !resolve::is_text_for_all(text)
    {
        return write_double(text, out);
    }
    let bytes = text.as_bytes();
    let starts_badly = b",[]{}#&*!|>'\"%@` ".contains(&bytes[0])
        || (matches!(bytes[0], b'-' | b'?' | b':') && matches!(bytes.get(1), None | Some(b' ')))
        || text.starts_with("---")
        || text.starts_with("...");
    let ends_badly = text.ends_with([' ', ':']);
    let holds_badly = text.contains(": ") || text.contains(" #");
    let flow_badly = flow && (text.contains([',', '[', ']', '{', '}']) || text.starts_with(['-', '?', ':']));
    if starts_badly || ends_badly || holds_badly || flow_badly {
        write_single(text, out);
    } else {
        out.extend_from_slice(bytes);
    }
}

/// A new value on one line, with the quotes that it needs outside of flow collections.
pub fn text_of(text: &str) -> String {
    let mut out = Vec::new();
    write_text(text, false, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes a value in single quotes; it must hold neither line breaks nor characters that need an escape.
pub fn write_single(text: &str, out: &mut Vec<u8>) {
    out.push(b'\'');
    out.extend_from_slice(text.replace('\'', "''").as_bytes());
    out.push(b'\'');
}

/// Writes a value in double quotes with the escapes that both go-yaml versions know.
pub fn write_double(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\0' => out.extend_from_slice(b"\\0"),
            '\x07' => out.extend_from_slice(b"\\a"),
            '\x08' => out.extend_from_slice(b"\\b"),
            '\x1b' => out.extend_from_slice(b"\\e"),
            c if needs_escape(c) && (c as u32) < 0x100 => {
                out.extend_from_slice(format!("\\x{:02X}", c as u32).as_bytes())
            }
            c if needs_escape(c) => out.extend_from_slice(format!("\\u{:04X}", c as u32).as_bytes()),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// Whether a text can be a literal block scalar without loss: lines without characters that need an escape.
pub fn fits_literal(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(needs_escape) && text.chars().any(|c| c != '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: Kind, flags: u8, column: u16, text: &str) -> String {
        let token = Token { kind, flags, column, start: 0, end: text.len() as u32, link: 0 };
        decode(&Tape::default(), text.as_bytes(), token, false).map_or_else(|e| format!("error {e:?}"), Cow::into_owned)
    }

    #[test]
    fn line_breaks_in_flow_scalars_fold() {
        for (kind, text, expected) in [
            (Kind::Plain, "a\n  b", "a b"),
            (Kind::Plain, "a\n\n  b", "a\nb"),
            (Kind::Single, "'\n  a\n\n  b'", " a\nb"),
            (Kind::Single, "'it''s'", "it's"),
            (Kind::Double, "\"a\\\n  b\"", "ab"),
            (Kind::Double, "\"a \\\n   \\ b\"", "a  b"),
            (Kind::Double, "\"a\\n\\\n  \\ b\"", "a\n b"),
            (Kind::Double, "\"a  \n\tb\"", "a b"),
            (Kind::Double, "\"a\n # b\"", "a # b"),
            (Kind::Double, "\"a\n\n  b\"", "a\nb"),
            (Kind::Double, "\"\\u00e9\\x41\\U0001F600\"", "éA😀"),
        ] {
            assert_eq!(value(kind, Token::MULTI | Token::ESCAPED, 0, text), expected, "{text:?}");
        }
    }

    #[test]
    fn block_scalars_chomp_and_fold() {
        for (kind, flags, text, expected) in [
            (Kind::Literal, 0, "  a\n   b\n", "a\n b\n"),
            (Kind::Literal, Token::KEEP, "  a\n\n\n", "a\n\n\n"),
            (Kind::Literal, Token::STRIP, "  a\n\n\n", "a"),
            (Kind::Literal, 0, "\n\n  a\n", "\n\na\n"),
            (Kind::Literal, 0, "  a\n    \n", "a\n  \n"),
            (Kind::Literal, Token::KEEP, "\n\n", "\n\n"),
            (Kind::Folded, 0, "  a\n  b\n\n  c\n", "a b\nc\n"),
            (Kind::Folded, 0, "  a\n    more\n  b\n", "a\n  more\nb\n"),
            (Kind::Folded, 0, "  a\n  \tb\n  c\n", "a\n\tb\nc\n"),
            (Kind::Folded, Token::STRIP, "  a\n\n\n  b\n\n", "a\n\nb"),
            (Kind::Folded, 0, "  a \n  b\n", "a  b\n"),
        ] {
            assert_eq!(value(kind, flags, 2, text), expected, "{text:?}");
        }
    }

    #[test]
    fn new_values_get_the_quotes_they_need() {
        for (text, expected) in [
            ("a", "a"),
            ("123", "\"123\""),
            ("yes", "\"yes\""),
            ("1e3", "\"1e3\""),
            ("a: b", "'a: b'"),
            ("*a", "'*a'"),
            ("", "\"\""),
            ("a\nb", "\"a\\nb\""),
            ("it's", "it's"),
            ("'", "''''"),
            ("2001-01-01", "\"2001-01-01\""),
            ("1:30", "\"1:30\""),
            ("-", "'-'"),
            ("-a", "-a"),
            ("a#b", "a#b"),
            ("a #b", "'a #b'"),
            ("😀", "😀"),
            ("\u{85}", "\"\\x85\""),
            ("tRue", "\"tRue\""),
            ("system:node", "system:node"),
            ("<<", "\"<<\""),
        ] {
            let mut out = Vec::new();
            write_text(text, false, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{text:?}");
        }
    }
}
