//! KYAML, the strict YAML in brackets that `kubectl -o kyaml` prints: text always in quotes, keys quoted only where another
//! reader could take them for something else, one entry a line. (KEP-5295; `sigs.k8s.io/yaml/kyaml` 1.6.0, which kubectl
//! 1.37 has.)
//!
//! Values that readers resolve differently, such as a plain `yes`, keep their bytes: quotes would change them. Lines of
//! text that start with a blank other than space and tab are written with their escape alone: the encoder of kubectl
//! puts a second backslash before it, which changes the text. Keys such as `2001-02-30` and `1e400` get
//! quotes, because some readers fail on them.

use super::append::append_indent;
use crate::yaml::resolve::{is_text_for_all, is_timestamp};
use crate::yaml::scalar;
use crate::yaml::scan::SyntaxError;
use crate::yaml::tape::{Kind, Tape, Token};
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// An open collection that has entries.
struct Open {
    is_map: bool,
    /// The brackets of a list and those of its items share lines.
    is_cuddled: bool,
    /// The indentation of its entries, in steps.
    level: usize,
    has_entry: bool,
}

/// What the next token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// An entry, or the end of the collection.
    Entry,
    /// The value after a key.
    Value,
}

struct Writer<'a> {
    tape: &'a Tape,
    source: &'a [u8],
    json: bool,
    out: &'a mut Vec<u8>,
    open: Vec<Open>,
    at: At,
    /// The line before holds nothing but a comment.
    is_after_comment: bool,
    /// Comments between a key and its value; those for the end of the line first.
    waiting: Vec<Token>,
}

/// What a document holds that KYAML cannot say: a tag.
pub(super) fn refusal(tape: &Tape) -> Option<SyntaxError> {
    let tag = tape.tokens.iter().find(|token| token.kind == Kind::Tag)?;
    let hint = "in place of !!str, put the value in quotes";
    Some(SyntaxError::new(tag.start as usize, "KYAML has no tags").with_hint(hint))
}

/// Writes the tokens in `range`, which have no anchors and no tags, after what is in `out`; first a comment line, if there
/// is one.
pub(super) fn emit(
    tape: &Tape,
    source: &[u8],
    range: Range<usize>,
    source_line: Option<&str>,
    json: bool,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"---\n");
    if let Some(line) = source_line {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    let mut writer = Writer {
        tape,
        source,
        json,
        out,
        open: Vec::new(),
        at: At::Entry,
        is_after_comment: false,
        waiting: Vec::new(),
    };
    writer.tokens(range);
}

impl Writer<'_> {
    fn tokens(&mut self, range: Range<usize>) {
        let mut index = range.start;
        while index < range.end {
            let token = self.tape.tokens[index];
            index = match token.kind {
                _ if token.is_key() => {
                    self.start_entry();
                    self.key(token);
                    self.at = At::Value;
                    index + 1
                }
                Kind::Comment | Kind::LineComment => {
                    self.comment(index);
                    index + 1
                }
                Kind::Item | Kind::Anchor | Kind::Tag => index + 1,
                Kind::Map | Kind::Seq => self.collection(index, token),
                Kind::End => {
                    self.close();
                    self.end_entry(index + 1)
                }
                _ => {
                    self.start_value();
                    self.scalar(token);
                    self.end_entry(index + 1)
                }
            };
        }
    }

    fn decoded(&self, token: Token) -> String {
        // Checked before: a scalar that cannot be decoded never gets here.
        scalar::decode(self.tape, self.source, token, self.json).map(std::borrow::Cow::into_owned).unwrap_or_default()
    }

    /// The indentation of entries of the innermost collection, in steps.
    fn level(&self) -> usize {
        self.open.last().map_or(0, |open| open.level)
    }

    fn new_line(&mut self, level: usize) {
        self.out.push(b'\n');
        append_indent(self.out, level * 2);
    }

    fn start_entry(&mut self) {
        self.is_after_comment = false;
        let level = self.level();
        let Some(open) = self.open.last_mut() else { return };
        let is_first = !std::mem::replace(&mut open.has_entry, true);
        if !open.is_cuddled {
            self.new_line(level);
        } else if !is_first {
            self.out.extend_from_slice(b", ");
        }
    }

    /// Starts the entry of an item; the entry of a value has its key.
    fn start_value(&mut self) {
        if self.at == At::Entry {
            self.start_entry();
        }
    }

    /// Ends an entry with its comma and the comments on its line; returns the index to go on with.
    fn end_entry(&mut self, mut next: usize) -> usize {
        self.at = At::Entry;
        if self.open.last().is_some_and(|open| open.is_cuddled) {
            return next;
        }
        if !self.open.is_empty() {
            self.out.push(b',');
        }
        let mut comments = std::mem::take(&mut self.waiting);
        while let Some(token) = self.tape.tokens.get(next).filter(|token| token.kind == Kind::LineComment) {
            comments.push(*token);
            next += 1;
        }
        let mut is_free = true;
        for comment in comments {
            // Comments keep their order: one that stood before the value takes the line of those after it.
            if std::mem::take(&mut is_free) && comment.kind == Kind::LineComment {
                self.out.push(b' ');
                self.push(comment);
            } else {
                self.own_line(comment);
            }
        }
        if self.open.is_empty() {
            self.out.push(b'\n');
        }
        next
    }

    fn push(&mut self, token: Token) {
        let from = if token.has(Token::EXTRA) { &self.tape.extra } else { self.source };
        self.out.extend_from_slice(&from[token.start as usize..token.end as usize]);
    }

    /// A comment on a line of its own; between a key and its value it waits for the value.
    fn comment(&mut self, index: usize) {
        let token = self.tape.tokens[index];
        if self.at == At::Value {
            self.waiting.push(token);
        } else if self.open.is_empty() {
            self.outside(index);
        } else {
            self.own_line(token);
        }
    }

    /// A comment outside of all brackets, where the cursor is at the start of a line.
    fn outside(&mut self, index: usize) {
        let token = self.tape.tokens[index];
        if token.has(Token::BLANK_BEFORE) && self.is_after_comment {
            self.out.push(b'\n');
        }
        self.is_after_comment = true;
        self.push(token);
        self.out.push(b'\n');
        if self.tape.has_blank_after(index) {
            self.out.push(b'\n');
        }
    }

    fn own_line(&mut self, token: Token) {
        if self.open.is_empty() {
            self.out.push(b'\n');
            self.push(token);
            return;
        }
        if token.kind == Kind::Comment && token.has(Token::BLANK_BEFORE) && self.is_after_comment {
            self.out.push(b'\n');
        }
        self.is_after_comment = true;
        self.new_line(self.level());
        self.push(token);
    }

    fn collection(&mut self, index: usize, token: Token) -> usize {
        let is_map = token.kind == Kind::Map;
        let end = token.link as usize;
        let inside = &self.tape.tokens[index + 1..end];
        let mut first = index + 1;
        if inside.iter().all(|token| token.kind.is_comment()) {
            self.start_value();
            self.out.extend_from_slice(if is_map { b"{}" } else { b"[]" });
            // No line is free for them but those after it.
            let comments = inside.iter().map(|comment| Token { kind: Kind::Comment, ..*comment });
            self.waiting.extend(comments);
            return self.end_entry(end + 1);
        }
        if self.open.is_empty() && !token.has(Token::FLOW) {
            // What is said at the top of blocks is said of the whole document.
            while self.tape.tokens[first].kind.is_comment() {
                self.outside(first);
                first += 1;
            }
        }
        self.start_value();
        self.out.push(if is_map { b'{' } else { b'[' });
        let waiting = std::mem::take(&mut self.waiting);
        let is_cuddled = !is_map && waiting.is_empty() && self.can_cuddle(first, end);
        let level = self.level() + usize::from(!is_cuddled);
        self.open.push(Open { is_map, is_cuddled, level, has_entry: false });
        waiting.into_iter().for_each(|comment| self.own_line(comment));
        self.at = At::Entry;
        first
    }

    /// Whether a list has no items but collections, and no comments between them.
    fn can_cuddle(&self, mut index: usize, end: usize) -> bool {
        while index < end {
            let token = self.tape.tokens[index];
            index = match token.kind {
                Kind::Map | Kind::Seq => token.link as usize + 1,
                Kind::Item => index + 1,
                _ => return false,
            };
        }
        true
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.is_after_comment = false;
        if !open.is_cuddled {
            self.new_line(open.level - 1);
        }
        self.out.push(if open.is_map { b'}' } else { b']' });
    }

    fn key(&mut self, token: Token) {
        if token.kind != Kind::Null {
            let text = self.decoded(token);
            if token.kind == Kind::Plain && !is_text_for_all(&text) {
                self.out.extend_from_slice(text.as_bytes());
            } else if needs_quotes(&text) || !is_text_for_all(&text) {
                self.quoted(&text, None);
            } else {
                self.out.extend_from_slice(text.as_bytes());
            }
        }
        self.out.extend_from_slice(b": ");
    }

    fn scalar(&mut self, token: Token) {
        if token.kind == Kind::Null {
            self.out.extend_from_slice(b"null");
            return;
        }
        let text = self.decoded(token);
        if token.kind == Kind::Plain && !is_text_for_all(&text) {
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.quoted(&text, Some(self.level() + 1));
        }
    }

    /// Writes text in quotes: in one line, or, at a level, each of its lines by itself.
    fn quoted(&mut self, text: &str, level: Option<usize>) {
        self.out.push(b'"');
        let lines = level.filter(|_| text.contains('\n'));
        let Some(level) = lines else {
            text.chars().for_each(|c| push_char(c, level.is_some(), self.out));
            self.out.push(b'"');
            return;
        };
        for line in text.split_inclusive('\n') {
            self.out.extend_from_slice(b"\\\n");
            append_indent(self.out, level * 2);
            // A blank at the start of a line counts only when it is escaped.
            self.out.push(if line.starts_with([' ', '\t']) { b'\\' } else { b' ' });
            let content = line.strip_suffix('\n');
            content.unwrap_or(line).chars().for_each(|c| push_char(c, true, self.out));
            if content.is_some() {
                self.out.extend_from_slice(b"\\n");
            }
        }
        self.out.extend_from_slice(b"\\\n");
        append_indent(self.out, level * 2);
        self.out.push(b'"');
    }
}

/// Writes a character inside of double quotes; `keeps_tabs`: a tab is written as it is.
fn push_char(c: char, keeps_tabs: bool, out: &mut Vec<u8>) {
    let escape = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\t' if keeps_tabs => "\t",
        '\t' => "\\t",
        '\n' => "\\n",
        '\r' => "\\r",
        '\0' => "\\0",
        '\x07' => "\\a",
        '\x08' => "\\b",
        '\x0b' => "\\v",
        '\x0c' => "\\f",
        '\x1b' => "\\e",
        '\u{85}' => "\\N",
        '\u{a0}' => "\\_",
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        _ if is_printable(c) => return out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        _ => {
            let code = u32::from(c);
            let digits = match code {
                0..0x20 | 0x7f => format!("\\x{code:02x}"),
                0..0x10000 => format!("\\u{code:04x}"),
                _ => format!("\\U{code:08x}"),
            };
            return out.extend_from_slice(digits.as_bytes());
        }
    };
    out.extend_from_slice(escape.as_bytes());
}

/// Whether Go prints a character: letters, marks, numbers, punctuation, symbols, and the space of ASCII.
fn is_printable(c: char) -> bool {
    static PRINTABLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").ok());
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    PRINTABLE.as_ref().is_some_and(|class| class.is_match(c.encode_utf8(&mut [0; 4])))
}

/// Whether a key needs quotes: its characters, or what it could be taken for. (`needsQuotes` of the encoder.)
fn needs_quotes(text: &str) -> bool {
    static PLAIN: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{N}_]([\p{L}\p{N}_./-]*[\p{L}\p{N}_])?$").ok());
    !PLAIN.as_ref().is_some_and(|plain| plain.is_match(text)) || is_ambiguous(text)
}

/// Whether some reader could take a text for something else. (`isTypeAmbiguous` of the encoder.)
fn is_ambiguous(text: &str) -> bool {
    static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let decimal = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?";
        let prefixed = r"[+-]?0(x[0-9a-f]+|o?[0-7]+|b[01]+)";
        let with_power = r"[+-]?0x([0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)p[+-]?[0-9]+";
        Regex::new(&format!("(?i)^({decimal}|{prefixed}|{with_power}|[+-]?inf(inity)?|nan)$")).ok()
    });
    let lower = text.to_ascii_lowercase();
    let words = ["null", "true", "t", "y", "yes", "on", "false", "f", "n", "no", "off"];
    words.contains(&lower.as_str())
        || NUMBER.as_ref().is_some_and(|number| number.is_match(&lower.replace('_', "")))
        || is_timestamp(text)
}
