//! Which comments are commented-out YAML, and what they belong to.
//!
//! Prose stands at the column of what it belongs to. Commented-out YAML keeps its shape: the lines of a block keep their
//! distances, an item belongs to the list at its column, and a block whose `#` stands left of its text keeps its distance
//! to its neighbours. Uncommenting then gives what it gave before.

use super::tape::Token;

/// How deep a collection, or a comment, is: twice its column, and one more for a list at the column of its key. What is
/// deeper lies inside of what is not.
pub(super) type Depth = i32;

/// The depth of what stands at `column`, lists at the column of their key apart.
pub(super) fn depth_at(column: i32) -> Depth {
    column.saturating_mul(2)
}

/// The depth of a list at the column of its key.
pub(super) fn compact_depth_at(column: i32) -> Depth {
    depth_at(column).saturating_add(1)
}

/// A comment on a line of its own whose collection is not known before the next node.
#[derive(Debug, Clone, Copy)]
pub(super) struct PendingComment {
    /// Byte offset of the `#`.
    pub start: u32,
    /// Byte offset after the text, without blanks.
    pub end: u32,
    /// The column of the `#`, from 0.
    pub column: i32,
    /// Flags of its token.
    pub flags: u8,
    /// What it belongs to: see [`place`].
    pub depth: Depth,
}

impl PendingComment {
    /// The column that its token keeps.
    pub(super) fn token_column(&self) -> u16 {
        u16::try_from(self.column).unwrap_or(u16::MAX)
    }
}

/// What the text of a comment looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Prose,
    /// `key: value`
    Entry,
    /// `key:`
    Key,
    /// `- value`
    Item,
}

/// The first line of a commented-out block.
#[derive(Debug, Clone, Copy)]
struct Block {
    column: i32,
    text: i32,
    shape: Shape,
    depth: Depth,
}

/// Gives each of the comments between two nodes its depth and the flags of its shape. `open` says how deep the open
/// collection at a column is: a list if the second argument says so, else a mapping.
#[cold]
pub(super) fn place(text: &[u8], comments: &mut [PendingComment], open: impl Fn(i32, bool) -> Option<Depth>) {
    let mut block: Option<Block> = None;
    // A comment ends what is deeper.
    let mut deepest = Depth::MAX;
    let mut was_before_marker = false;
    for comment in &mut *comments {
        comment.depth = depth_at(comment.column);
        let is_before_marker = comment.flags & Token::BEFORE_MARKER != 0;
        if comment.flags & Token::BLANK_BEFORE != 0 || was_before_marker != is_before_marker {
            block = None;
        }
        was_before_marker = is_before_marker;
        let (spaces, shape) = shape(&text[comment.start as usize..comment.end as usize]);
        let line = Block { column: comment.column, text: comment.column + 1 + spaces, shape, depth: comment.depth };
        if let Some(first) = block.filter(|first| first.has(line)) {
            comment.depth = first.depth;
            comment.flags |= Token::CONTINUES;
        } else if shape == Shape::Prose {
            block = None;
        } else {
            comment.depth = line.place(&open, deepest).unwrap_or(comment.depth);
            if line.keeps_indentation() {
                comment.flags |= Token::KEEPS_DISTANCE;
            }
            block = Some(Block { depth: comment.depth, ..line });
        }
        deepest = deepest.min(comment.depth);
    }
    // What is said about an item stays with it.
    let mut next: Option<Depth> = None;
    for comment in comments.iter_mut().rev() {
        let (_, shape) = shape(&text[comment.start as usize..comment.end as usize]);
        let in_block = comment.flags & Token::CONTINUES != 0;
        if shape == Shape::Prose && !in_block {
            comment.depth = next.map_or(comment.depth, |next| next.max(comment.depth));
            next = next.map(|_| comment.depth);
        } else {
            let stays = in_block || comment.flags & Token::KEEPS_DISTANCE != 0 || shape != Shape::Item;
            next = (!stays).then_some(comment.depth);
        }
        if comment.flags & (Token::BLANK_BEFORE | Token::BEFORE_MARKER) != 0 {
            next = None;
        }
    }
}

impl Block {
    /// Whether `line`, the next one, belongs to this block: YAML nests by two columns (after `#key:`, prose has one more).
    fn has(self, line: Block) -> bool {
        let is_list_of_key = line.text == self.text && self.shape == Shape::Key && line.shape == Shape::Item;
        line.column >= self.column && (line.text > self.text + 1 || is_list_of_key)
    }

    /// Whether the `#` was written left of the text, whose indentation was left as it was.
    fn keeps_indentation(self) -> bool {
        self.text - self.column > 2
    }

    /// The depth of the open collection that would have this line, were it no comment. Comments before it have ended what
    /// is deeper than `deepest`.
    fn place(self, open: impl Fn(i32, bool) -> Option<Depth>, deepest: Depth) -> Option<Depth> {
        let is_item = self.shape == Shape::Item;
        if !self.keeps_indentation() {
            return if is_item { open(self.column, true) } else { None };
        }
        // Either the `#` was put before the text, or the `#` and a space.
        let columns = [self.text - 1, self.text - 2].into_iter().filter(|column| depth_at(*column) <= deepest);
        let mut depths = columns.filter_map(|column| open(column, is_item).or_else(|| open(column, !is_item)));
        depths.next()
    }
}

/// The number of spaces after the `#`, and what stands after them.
fn shape(comment: &[u8]) -> (i32, Shape) {
    let after = &comment[1..];
    let spaces = after.iter().take_while(|byte| **byte == b' ').count();
    let text = &after[spaces..];
    let word = text.iter().take_while(|byte| !matches!(byte, b' ' | b'\t' | b'#')).count();
    let shape = match &text[..word] {
        b"-" => Shape::Item,
        [key @ .., b':'] if is_key(key) => {
            if word == text.len() {
                Shape::Key
            } else {
                Shape::Entry
            }
        }
        _ => Shape::Prose,
    };
    (i32::try_from(spaces).unwrap_or(0), shape)
}

fn is_key(text: &[u8]) -> bool {
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'-' | b'"' | b'\'');
    !text.is_empty() && text.iter().all(|byte| is_inside(*byte))
}
