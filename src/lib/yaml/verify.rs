//! The proof that formatting lost nothing: two tapes are compared value by value and comment by comment.
//!
//! Equal means: the same structure, the same keys in the same order, for each scalar the same decoded value and the
//! same answer to "is it plain", the same tags, anchors and aliases, and the same comments. Style, indentation and
//! quotes do not count.

use super::resolve;
use super::scalar;
use super::tape::{Kind, Tape, Token};
use std::ops::Range;

/// A tape, the text that it lies over, and the part of it that counts.
#[derive(Clone)]
pub struct Side<'a> {
    /// The tokens.
    pub tape: &'a Tape,
    /// The text below them.
    pub source: &'a [u8],
    /// The tokens to compare.
    pub range: Range<usize>,
    /// Whether JSON's escapes are known.
    pub json: bool,
}

impl<'a> Side<'a> {
    fn text(&self, token: Token) -> &'a [u8] {
        self.tape.text(self.source, token)
    }
}

/// A difference between two tapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Byte offset in the first text.
    pub offset: usize,
    /// What differs.
    pub what: &'static str,
}

/// Compares two documents.
///
/// # Errors
/// The first difference.
pub fn compare(left: &Side<'_>, right: &Side<'_>) -> Result<(), Difference> {
    let ours = &left.tape.tokens[left.range.clone()];
    let theirs = &right.tape.tokens[right.range.clone()];
    let (mut l, mut r) = (0, 0);
    // Comments mostly stand where they stood. Where one does not, all are counted at the end.
    let mut moved = false;
    loop {
        let a = next_of(ours, &mut l);
        let b = next_of(theirs, &mut r);
        let (Some(a), Some(b)) = (a, b) else {
            if a.or(b).is_none() {
                break;
            }
            // What is left over may be comments.
            moved = true;
            let rest = a.into_iter().chain(b).chain(&ours[l..]).chain(&theirs[r..]);
            if let Some(extra) = rest.into_iter().find(|token| !is_passed_over(token.kind)) {
                let last = ours.last().unwrap_or(extra);
                return Err(Difference { offset: last.start as usize, what: "structure" });
            }
            break;
        };
        match (a.kind.is_comment(), b.kind.is_comment()) {
            (false, false) => {
                if let Some(what) = difference(left, *a, right, *b) {
                    return Err(Difference { offset: a.start as usize, what });
                }
            }
            (true, true) => moved |= left.text(*a) != right.text(*b),
            // The other side waits for what follows the comment.
            (true, false) => {
                moved = true;
                r -= 1;
            }
            (false, true) => {
                moved = true;
                l -= 1;
            }
        }
    }
    if moved { compare_comments(left, right) } else { Ok(()) }
}

/// The token at or after `at` that is not a dash, and steps after it.
#[inline]
fn next_of<'a>(tokens: &'a [Token], at: &mut usize) -> Option<&'a Token> {
    loop {
        let token = tokens.get(*at)?;
        *at += 1;
        if token.kind != Kind::Item {
            return Some(token);
        }
    }
}

#[inline]
fn is_passed_over(kind: Kind) -> bool {
    matches!(kind, Kind::Comment | Kind::LineComment | Kind::Item)
}

#[inline]
fn difference(left: &Side<'_>, a: Token, right: &Side<'_>, b: Token) -> Option<&'static str> {
    if (a.flags ^ b.flags) & Token::KEY != 0 {
        return Some("structure");
    }
    if a.kind == Kind::Plain && b.kind == Kind::Plain && same_bytes(left.text(a), right.text(b)) {
        return None;
    }
    match a.kind {
        // In brackets a value that is not written needs a word.
        Kind::Null if b.kind == Kind::Plain && right.text(b) == b"null" => None,
        Kind::Map | Kind::Seq | Kind::End | Kind::Null => (a.kind != b.kind).then_some("structure"),
        Kind::Alias | Kind::Anchor | Kind::Tag => {
            (a.kind != b.kind || left.text(a) != right.text(b)).then_some("an anchor, an alias or a tag")
        }
        _ => {
            let same_bytes = a.kind == b.kind
                && (a.flags | b.flags) & Token::MULTI == 0
                && !matches!(a.kind, Kind::Literal | Kind::Folded)
                && left.text(a) == right.text(b);
            if same_bytes || same_value(left, a, right, b) { None } else { Some("a value") }
        }
    }
}

/// Whether two texts are the same; those of up to 16 bytes without a call.
#[inline]
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.first_chunk::<8>(), b.first_chunk::<8>(), a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(a_first), Some(b_first), Some(a_last), Some(b_last)) if a.len() <= 16 => {
            a_first == b_first && a_last == b_last
        }
        _ => a == b,
    }
}

fn same_value(left: &Side<'_>, a: Token, right: &Side<'_>, b: Token) -> bool {
    if !b.kind.is_leaf() || matches!(b.kind, Kind::Null | Kind::Alias) {
        return false;
    }
    if a.kind == b.kind && matches!(a.kind, Kind::Literal | Kind::Folded) {
        return same_block(left.text(a), a, right.text(b), b);
    }
    if a.kind == Kind::Plain && b.kind == Kind::Plain && !b.has(Token::MULTI) {
        return scalar::folds_to(left.text(a), right.text(b));
    }
    let (Ok(x), Ok(y)) =
        (scalar::decode(left.tape, left.source, a, left.json), scalar::decode(right.tape, right.source, b, right.json))
    else {
        return false;
    };
    // A plain scalar may only meet a quoted one where every reader takes it for text.
    x == y && ((a.kind == Kind::Plain) == (b.kind == Kind::Plain) || resolve::is_text_for_all(&x))
}

/// Two block scalars of one style are equal when their lines are, without indentation, and their ends chomp alike.
fn same_block(a: &[u8], left: Token, b: &[u8], right: Token) -> bool {
    let chomp = Token::STRIP | Token::KEEP;
    if (left.flags ^ right.flags) & chomp != 0 {
        return false;
    }
    let mut lines = scalar::block_lines(a, left);
    let mut others = scalar::block_lines(b, right);
    let keep = left.has(Token::KEEP);
    loop {
        match (lines.next(), others.next()) {
            (None, None) => return a.is_empty() == b.is_empty() || !keep,
            (Some(x), Some(y)) if x == y => {}
            (None, Some(y)) => return !keep && y.is_empty() && others.all(<[u8]>::is_empty),
            (Some(x), None) => return !keep && x.is_empty() && lines.all(<[u8]>::is_empty),
            _ => return false,
        }
    }
}

fn compare_comments(left: &Side<'_>, right: &Side<'_>) -> Result<(), Difference> {
    let mut ours = comments(left);
    let mut theirs = comments(right);
    if ours == theirs {
        return Ok(());
    }
    // Commented-out YAML moves to the left with its neighbours.
    let has_moved = left.tape.tokens[left.range.clone()]
        .iter()
        .any(|token| token.kind == Kind::Comment && token.has(Token::KEEPS_DISTANCE));
    if has_moved {
        for (text, _) in ours.iter_mut().chain(&mut theirs) {
            *text = text[1..].trim_ascii_start();
        }
        if ours == theirs {
            return Ok(());
        }
    }
    // A comment after a flow collection moves to its key when the collection becomes a block.
    let has_flow = left.tape.tokens[left.range.clone()].iter().any(|token| token.has(Token::FLOW));
    if has_flow {
        ours.sort_unstable();
        theirs.sort_unstable();
        if ours.iter().map(|c| c.0).eq(theirs.iter().map(|c| c.0)) {
            return Ok(());
        }
    }
    Err(Difference { offset: 0, what: "the comments" })
}

/// The comments, each with the number of keys before it. (Values may change their style, and nulls have no place.)
fn comments<'a>(side: &Side<'a>) -> Vec<(&'a [u8], usize)> {
    let mut found = Vec::new();
    let mut keys = 0;
    for token in &side.tape.tokens[side.range.clone()] {
        if token.kind.is_comment() {
            found.push((side.text(*token), keys));
        }
        keys += usize::from(token.is_key());
    }
    found
}
