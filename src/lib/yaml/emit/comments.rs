//! Writes comments: where they stand, and how commented-out YAML keeps its shape.

use super::{At, Emitter, SequenceIndent};
use crate::yaml::tape::{Kind, Token};
use std::ops::Range;

impl Emitter<'_> {
    /// The comments that stood before the marker.
    pub(super) fn prefix(&mut self, range: Range<usize>) {
        for index in range {
            let token = self.tape.tokens[index];
            match token.kind {
                Kind::Comment if token.has(Token::BEFORE_MARKER) => self.comment_line(token, 0, None),
                Kind::Comment | Kind::Map | Kind::Seq => {}
                _ => break,
            }
        }
    }

    /// Whether the text of a comment would stand at this column without its `#`, or without that and a space.
    fn is_text_at(&self, token: Token, column: usize) -> bool {
        let text = token.column as usize + spaces_before(self.text(token));
        text == column || text == column + 1
    }

    /// Writes a comment whose `#` stands at the first column already, with its text moved to the left.
    #[cold]
    fn push_moved_left(&mut self, token: Token, columns: usize) {
        let text = self.text(token);
        let rest = text[1 + spaces_before(text).min(columns)..].to_vec();
        self.out.push(b'#');
        self.out.extend_from_slice(&rest);
    }

    /// Writes a comment that belongs to what stands at `column`, in the source at `source_column`.
    fn comment_line(&mut self, token: Token, column: usize, source_column: Option<usize>) {
        let own = token.column as usize;
        let column = if token.has(Token::CONTINUES) {
            let (first, written) = self.block;
            written + own as isize - first as isize
        } else {
            let kept = source_column.filter(|from| token.has(Token::KEEPS_DISTANCE) && self.is_text_at(token, *from));
            let column = kept.map_or(column as isize, |from| column as isize + own as isize - from as isize);
            self.block = (own, column);
            column
        };
        if token.has(Token::BLANK_BEFORE) {
            self.out.push(b'\n');
        }
        self.indent(column.max(0) as usize);
        if column < 0 {
            self.push_moved_left(token, column.unsigned_abs());
        } else {
            self.push_text(token);
        }
        self.out.push(b'\n');
        if token.has(Token::BLANK_AFTER) {
            self.out.push(b'\n');
        }
    }

    /// Writes a comment on a line of its own, where the cursor is.
    pub(super) fn comment(&mut self, index: usize, mut token: Token) {
        if self.skip_prefix && token.has(Token::BEFORE_MARKER) {
            return;
        }
        if !self.tape.has_blank_after(index) {
            token.flags &= !Token::BLANK_AFTER;
        }
        match self.at {
            At::Start => self.comment_line(token, self.column(), self.source_column()),
            At::Inline => {
                self.out.push(b'\n');
                self.comment_line(token, self.column(), self.source_column());
                self.at = At::Start;
            }
            At::Own => {
                // A run of comments has one column: it is looked for once.
                let column = match self.own_column {
                    Some(column) => column,
                    None => self.column_of_value(index),
                };
                self.own_column = Some(column);
                self.comment_line(token, column, None);
            }
            At::Value | At::Property => {
                self.out.push(b'\n');
                let column = self.column_of_value(index);
                self.own_column = Some(column);
                self.comment_line(token, column, None);
                self.at = At::Own;
            }
        }
    }

    /// The column of the value that follows the comment at `index`: compact lists stand at the column of their key.
    fn column_of_value(&mut self, index: usize) -> usize {
        let in_map = self.stack.last().is_some_and(|open| open.is_map);
        if !in_map || self.style.sequence_indent == SequenceIndent::Wide {
            return self.value_column();
        }
        let node = self.tape.node_at(index);
        let is_list = self.tape.tokens.get(node).is_some_and(|value| value.kind == Kind::Seq);
        if !is_list {
            return self.value_column();
        }
        // A list in brackets becomes a block, or stays on a line of its own: trying shows which.
        let (before, at) = (self.out.len(), self.at);
        let flow = self.tape.tokens[node].has(Token::FLOW);
        let end = self.tape.tokens[node].link as usize;
        let one_line = flow && (self.only_comments(node, end) || self.flow_on_one_line(node, end).is_some());
        self.out.truncate(before);
        self.at = at;
        if one_line { self.value_column() } else { self.column() }
    }

    /// A comment between a key or a dash and its value.
    pub(super) fn line_comment(&mut self, index: usize, token: Token) -> usize {
        if self.written.last() == Some(&index) {
            self.written.pop();
            return index + 1;
        }
        if let Some(block) = self.tape.tokens.get(index + 1)
            && matches!(block.kind, Kind::Literal | Kind::Folded)
            && matches!(self.at, At::Value | At::Property | At::Own)
        {
            self.block(*block, Some(token));
            return index + 2;
        }
        // Text that becomes a block takes the comment into its first line, where a block has it.
        if let Some(next) = self.tape.tokens.get(index + 1).copied()
            && !self.comment_follows(index + 2)
            && let Some(text) = self.as_literal(next)
        {
            self.literal(&text, Some(token));
            return index + 2;
        }
        match self.at {
            At::Value | At::Property => {
                self.out.push(b' ');
                self.push_text(token);
                self.out.push(b'\n');
                self.at = At::Own;
                self.own_column = None;
            }
            // Nothing stands before it on its line any more.
            _ => self.comment(index, token),
        }
        index + 1
    }
}

/// The number of spaces between the `#` of a comment and its text.
fn spaces_before(comment: &[u8]) -> usize {
    comment[1..].iter().take_while(|byte| **byte == b' ').count()
}
