//! What is wrong or doubtful in a document that scans: duplicate keys, aliases without anchors, escapes that readers
//! refuse (errors), and values that readers take differently (lints).

use super::emit::MAX_KEY;
use super::resolve::{self, Value};
use super::scalar;
use super::tape::{Kind, Tape, Token};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// Something found at a byte offset of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Byte offset.
    pub offset: usize,
    /// Byte offset of the other place that has to do with it; `message` has `{other}` where its line belongs.
    pub other: Option<usize>,
    /// Whether the document cannot be used.
    pub is_error: bool,
    /// What is wrong.
    pub message: String,
    /// What to do, where that is known.
    pub hint: Option<&'static str>,
}

impl Finding {
    fn error(offset: usize, message: impl Into<String>) -> Self {
        Finding { offset, other: None, is_error: true, message: message.into(), hint: None }
    }

    fn lint(offset: usize, message: impl Into<String>, hint: &'static str) -> Self {
        Finding { offset, other: None, is_error: false, message: message.into(), hint: Some(hint) }
    }
}

/// So many findings of one document are kept; who has more repairs these first.
const MAX_FINDINGS: usize = 1_000;

/// Above this many keys a mapping gets a hash map.
const FEW_KEYS: usize = 32;

/// An open collection. Of a mapping, the keys that were read are known.
struct Open {
    first_key: usize,
    /// One bit for each hash that a key has: where a key's bit is not set, the key is new.
    seen: u64,
    is_map: bool,
    /// The keys are many: they are in the last of [`Keys::many`].
    has_many: bool,
}

/// The keys of all open mappings.
#[derive(Default)]
struct Keys {
    open: Vec<Open>,
    /// Hash and token, those of the innermost mapping last.
    known: Vec<(u32, u32)>,
    many: Vec<HashMap<Vec<u8>, usize>>,
}

impl Keys {
    fn open(&mut self, is_map: bool) {
        self.open.push(Open { first_key: self.known.len(), seen: 0, is_map, has_many: false });
    }

    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.known.truncate(open.first_key);
            if open.has_many {
                self.many.pop();
            }
        }
    }

    /// Adds a key of the innermost mapping that is certainly new; false, with nothing done, where that is not certain.
    #[inline]
    fn add_new(&mut self, index: usize, identity: &[u8]) -> bool {
        let Some(map) = self.open.last_mut() else { return false };
        let hash = hash(identity);
        let bit = bit(hash);
        let certain = map.is_map && map.seen & bit == 0 && self.known.len() - map.first_key < FEW_KEYS && !map.has_many;
        if certain {
            map.seen |= bit;
            self.known.push((hash, index as u32));
        }
        certain
    }
}

/// Checks one document; findings are added in the order of the text.
pub fn check(tape: &Tape, source: &[u8], json: bool, findings: &mut Vec<Finding>) {
    let mut keys = Keys::default();
    for (index, token) in tape.tokens.iter().enumerate() {
        // Most tokens are plain words that nobody can mistake.
        if token.kind == Kind::Plain && token.flags & !Token::KEY == 0 {
            let bytes = &source[token.start as usize..token.end as usize];
            let settled = if token.is_key() {
                is_certain_word(bytes) && bytes.len() <= MAX_KEY && keys.add_new(index, bytes)
            } else {
                !is_doubtful(bytes)
            };
            if settled {
                continue;
            }
        }
        if findings.len() >= MAX_FINDINGS {
            // An error more ends the check; doubts make room, so that an error after them is still found.
            if findings.last().is_some_and(|finding| finding.is_error) {
                return;
            }
            findings.pop();
        }
        match token.kind {
            Kind::Map | Kind::Seq => keys.open(token.kind == Kind::Map),
            Kind::End => keys.close(),
            Kind::Plain | Kind::Single | Kind::Double | Kind::Literal | Kind::Folded => {
                if token.is_key() {
                    key(tape, source, index, &mut keys, json, findings);
                } else if token.kind == Kind::Plain {
                    let bytes = tape.text(source, *token);
                    if !token.has(Token::MULTI) && is_doubtful(bytes) {
                        doubtful_value(tape, bytes, *token, index, findings);
                    }
                } else if token.has(Token::CUT) && matches!(token.kind, Kind::Literal | Kind::Folded) {
                    findings.push(Finding::lint(
                        (token.end as usize).saturating_sub(1),
                        "the file ends inside a block text without a line break: kubectl adds one to the value, Flux does not",
                        "it is written as Flux reads it, with `-`; remove the `-` if a final line break is meant",
                    ));
                }
                if token.kind == Kind::Double && token.has(Token::ESCAPED) {
                    escapes(tape, source, *token, json, findings);
                }
            }
            Kind::Null if token.is_key() => {
                findings.push(Finding::error(token.start as usize, "an empty key cannot become a JSON key"));
            }
            Kind::Null if token.has(Token::NO_COLON) => no_colon(tape, source, index, findings),
            Kind::Anchor => anchor_name(tape, source, *token, findings),
            _ => {}
        }
    }
    if tape.has_anchors {
        aliases(tape, source, findings);
    }
}

/// Whether a plain scalar on one line is certainly text for every reader: it starts with a letter, and not as the words
/// for booleans and null do.
#[inline]
fn is_certain_word(bytes: &[u8]) -> bool {
    let Some(first) = bytes.first().filter(|first| first.is_ascii_alphabetic()) else { return false };
    let second = bytes.get(1).map_or(0, |byte| byte | 0x20);
    match first | 0x20 {
        b'y' => !matches!(second, 0 | b'e'),
        b'n' => !matches!(second, 0 | b'o' | b'u'),
        b'o' => !matches!(second, b'n' | b'f'),
        b't' => second != b'r',
        b'f' => second != b'a',
        _ => true,
    }
}

/// What the key becomes in JSON. A plain `<<` is a merge, not a key of that name.
pub(super) fn key_identity<'a>(tape: &'a Tape, source: &'a [u8], token: Token, json: bool) -> Option<Cow<'a, [u8]>> {
    let bytes = tape.text(source, token);
    match token.kind {
        Kind::Plain if !token.has(Token::MULTI) => {
            if is_certain_word(bytes) {
                return Some(Cow::Borrowed(bytes));
            }
            if bytes == b"<<" {
                return Some(Cow::Borrowed(b"\0merge"));
            }
            let text = std::str::from_utf8(bytes).ok()?;
            resolve::v2_key(text).map(|key| match key {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            })
        }
        _ => match scalar::decode(tape, source, token, json).ok()? {
            Cow::Borrowed(text) => Some(Cow::Borrowed(text.as_bytes())),
            Cow::Owned(text) => Some(Cow::Owned(text.into_bytes())),
        },
    }
}

/// A hash of a key's length, first and last eight bytes. Equal hashes are compared byte by byte.
#[inline]
fn hash(bytes: &[u8]) -> u32 {
    let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last)) => (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()),
            _ => (bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
        },
    };
    let hash = (first ^ last.rotate_left(29) ^ bytes.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (hash >> 32) as u32
}

/// The bit of [`Open::seen`] that stands for a hash.
#[inline]
fn bit(hash: u32) -> u64 {
    1 << (hash >> 26)
}

fn key(tape: &Tape, source: &[u8], index: usize, keys: &mut Keys, json: bool, findings: &mut Vec<Finding>) {
    let token = tape.tokens[index];
    let at = token.start as usize;
    if (token.end - token.start) as usize > MAX_KEY {
        findings.push(Finding::error(at, format!("a key longer than {MAX_KEY} bytes: no reader of YAML takes it")));
        return;
    }
    let Some(map) = keys.open.last_mut().filter(|map| map.is_map) else { return };
    let Some(identity) = key_identity(tape, source, token, json) else {
        if !(token.kind == Kind::Double && token.has(Token::ESCAPED)) {
            findings.push(Finding::error(at, "this key cannot become a JSON key"));
        }
        return;
    };
    let duplicate = if map.has_many {
        keys.many.last_mut().and_then(|many| many.insert(identity.to_vec(), index))
    } else {
        let hash = hash(&identity);
        let known = &keys.known[map.first_key..];
        let same = |other: &usize| key_identity(tape, source, tape.tokens[*other], json).as_ref() == Some(&identity);
        let found = known.iter().filter(|(other, _)| *other == hash).map(|(_, other)| *other as usize).find(same);
        map.seen |= bit(hash);
        if known.len() >= FEW_KEYS {
            let mut many: HashMap<Vec<u8>, usize> = known
                .iter()
                .filter_map(|(_, other)| {
                    let other = *other as usize;
                    Some((key_identity(tape, source, tape.tokens[other], json)?.into_owned(), other))
                })
                .collect();
            many.insert(identity.to_vec(), index);
            keys.known.truncate(map.first_key);
            map.has_many = true;
            keys.many.push(many);
        } else {
            keys.known.push((hash, index as u32));
        }
        found
    };
    if let Some(other) = duplicate {
        let name = String::from_utf8_lossy(&identity).into_owned();
        let written = String::from_utf8_lossy(tape.text(source, token)).into_owned();
        let message = if identity.as_ref() == b"\0merge" {
            "a second merge key `<<` in one mapping; the first is at {other}".to_owned()
        } else if written.trim_matches(['"', '\'']) == name {
            format!("the key `{name}` is there twice; the first is at {{other}}")
        } else {
            format!("the key `{written}` is `{name}` for kubectl, which is there already at {{other}}")
        };
        let other = Some(tape.tokens[other].start as usize);
        let hint = Some("readers keep only one of the two: remove the other");
        findings.push(Finding { other, hint, ..Finding::error(at, message) });
    }
}

/// Whether a plain value is worth a closer look: most are words, which the first byte and the length settle.
#[inline]
fn is_doubtful(bytes: &[u8]) -> bool {
    match bytes.first() {
        Some(b'0'..=b'9' | b'+' | b'-') => bytes.len() > 1,
        Some(b'.') => bytes.len() <= 5,
        Some(b'y' | b'Y' | b'n' | b'N' | b'o' | b'O') => bytes.len() <= 3,
        _ => false,
    }
}

fn doubtful_value(tape: &Tape, bytes: &[u8], token: Token, index: usize, findings: &mut Vec<Finding>) {
    if index > 0 && tape.tokens[index - 1].kind == Kind::Tag {
        return;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let is_octal = |digits: &str| {
        digits.len() > 1 && digits.starts_with('0') && digits[1..].bytes().all(|b| b.is_ascii_digit() || b == b'_')
    };
    let quote = "put it in quotes if it is text";
    let (message, hint) = match resolve::v2(text) {
        Value::Bool(value) => (
            format!("`{text}` is the boolean {value} for kubectl and text for other readers"),
            "write true or false, or put it in quotes if it is text",
        ),
        Value::Int(value) if is_octal(text.trim_start_matches(['+', '-'])) => (
            format!("`{text}` is an octal number for kubectl: {value}"),
            "put it in quotes if it is text; for a file mode it is right",
        ),
        Value::Float(value) if !value.is_finite() => {
            (format!("`{text}` cannot become JSON: kubectl refuses it"), quote)
        }
        Value::Float(_) if text.len() > 17 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'+') => {
            (format!("`{text}` is too large for a whole number: it loses precision"), quote)
        }
        Value::Str(_) if resolve::is_timestamp(text) => (
            format!("`{text}` is text for kubectl and a timestamp for kustomize, which rewrites it"),
            "put it in quotes",
        ),
        Value::Str(_) if text.parse::<f64>().is_ok_and(f64::is_infinite) && bytes[0].is_ascii_digit() => {
            (format!("`{text}` is too large for a number: kubectl takes it as text"), "put it in quotes")
        }
        _ => return,
    };
    findings.push(Finding::lint(token.start as usize, message, hint));
}

fn escapes(tape: &Tape, source: &[u8], token: Token, json: bool, findings: &mut Vec<Finding>) {
    if let Err(error) = scalar::decode(tape, source, token, json) {
        let hint = Some("YAML escapes: \\n \\t \\\\ \\\" \\xNN \\uNNNN; other characters stand for themselves");
        findings.push(Finding { hint, ..Finding::error(token.start as usize + error.offset, error.message) });
    }
}

/// `{b:2}`: a colon that go-yaml takes as part of the key.
fn no_colon(tape: &Tape, source: &[u8], index: usize, findings: &mut Vec<Finding>) {
    let key = tape.tokens[index - 1];
    if key.kind == Kind::Plain && memchr::memchr(b':', tape.text(source, key)).is_some() {
        let text = String::from_utf8_lossy(tape.text(source, key)).into_owned();
        findings.push(Finding::lint(
            key.start as usize,
            format!("`{text}` is a key without a value for kubectl"),
            "write a space after the colon",
        ));
    }
}

fn anchor_name(tape: &Tape, source: &[u8], token: Token, findings: &mut Vec<Finding>) {
    let name = &tape.text(source, token)[1..];
    if !name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
        findings.push(Finding::lint(
            token.start as usize,
            format!("kubectl and kustomize refuse the anchor name `{}`", String::from_utf8_lossy(name)),
            "use letters, digits, `-` and `_`",
        ));
    }
}

/// Every alias needs an anchor before it, whose node is complete.
fn aliases(tape: &Tape, source: &[u8], findings: &mut Vec<Finding>) {
    let mut anchors: BTreeMap<&[u8], usize> = BTreeMap::new();
    for (index, token) in tape.tokens.iter().enumerate() {
        if token.kind == Kind::Anchor {
            anchors.insert(&tape.text(source, *token)[1..], tape.skip_node(index));
        } else if token.kind == Kind::Alias {
            let name = &tape.text(source, *token)[1..];
            let shown = String::from_utf8_lossy(name);
            match anchors.get(name) {
                Some(end) if index < *end => findings.push(Finding::error(
                    token.start as usize,
                    format!("the alias `*{shown}` stands inside the value that it names"),
                )),
                Some(_) => {}
                None => {
                    let message = format!("the alias `*{shown}` has no anchor `&{shown}` before it in this document");
                    let hint = Some("anchors do not reach across `---`");
                    findings.push(Finding { hint, ..Finding::error(token.start as usize, message) });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certain_words_are_text_for_kubectl() {
        let parts = ["", "y", "e", "s", "n", "o", "f", "t", "r", "u", "a", "l", "Y", "N", "O", "F", "T", "es", "ull"];
        for a in parts {
            for b in parts {
                for c in ["", "e", "s", "ue", "lse", "ff", "F", "LL", "x"] {
                    let word = format!("{a}{b}{c}");
                    if is_certain_word(word.as_bytes()) {
                        assert_eq!(resolve::v2(&word), Value::Str(word.as_str().into()), "{word}");
                    }
                }
            }
        }
        assert!(is_certain_word(b"name") && is_certain_word(b"type") && !is_certain_word(b"off"));
    }
}
