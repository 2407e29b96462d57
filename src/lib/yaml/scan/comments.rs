//! Comments on lines of their own: they wait for the next node, which says what they belong to.

use super::Scanner;
use super::bytes::is_blank;
use crate::yaml::commented_out::{self, Depth, PendingComment, compact_depth_at, depth_at};
use crate::yaml::tape::{Kind, Token};

impl Scanner<'_> {
    /// Keeps a comment until the next node says where it belongs.
    pub(super) fn comment(&mut self, start: usize, line_end: usize, column: usize, flags: u8) {
        let mut end = line_end;
        while end > start && is_blank(self.at(end - 1)) {
            end -= 1;
        }
        let blank = if self.blank_since_comment && !self.comments.is_empty() { Token::BLANK_BEFORE } else { 0 };
        self.blank_since_comment = false;
        self.tape.has_comments = true;
        self.comments.push(PendingComment {
            start: start as u32,
            end: end as u32,
            column: column as i32,
            flags: flags | blank,
            depth: depth_at(column as i32),
        });
    }

    /// Finds out what the pending comments belong to.
    #[cold]
    pub(super) fn place_comments(&mut self) {
        let frames = &*self.frames;
        let expects_value = self.expect_value;
        commented_out::place(self.text, self.comments, |column, is_list| {
            // A mapping and a list that is its value can share a column, no more.
            let end = frames.partition_point(|frame| frame.column <= column);
            let at_column = frames[end.saturating_sub(2)..end].iter().filter(|frame| frame.column == column);
            let open = at_column.rev().find(|frame| frame.is_map != is_list);
            // A list that has no items but commented-out ones.
            let parent =
                frames.last().filter(|frame| is_list && expects_value && frame.is_map && frame.column == column);
            open.map(|frame| frame.depth).or(parent.map(|_| compact_depth_at(column)))
        });
    }

    /// Hands out the pending comments that are deeper than `next`, up to the first that is not.
    pub(super) fn feet(&mut self, next: Depth) {
        let feet = self.comments.iter().take_while(|comment| comment.depth > next).count();
        for index in 0..feet {
            let comment = self.comments[index].depth;
            while let Some(frame) = self.frames.last() {
                if frame.depth <= next || frame.depth <= comment || self.frames.len() == 1 {
                    break;
                }
                self.close();
            }
            self.push_comment(index);
        }
        self.comments.drain(..feet);
    }

    pub(super) fn push_comment(&mut self, index: usize) {
        let comment = self.comments[index];
        self.tape.tokens.push(Token {
            kind: Kind::Comment,
            flags: comment.flags,
            column: comment.token_column(),
            start: comment.start,
            end: comment.end,
            link: 0,
        });
    }

    pub(super) fn push_comments(&mut self, count: usize) {
        for index in 0..count {
            self.push_comment(index);
        }
        self.comments.drain(..count);
    }

    /// Hands out all pending comments here: they are the head of the node that follows.
    #[inline]
    pub(super) fn flush_comments(&mut self) {
        if !self.comments.is_empty() {
            let header = self.tape.tokens.iter().all(|token| matches!(token.kind, Kind::Map | Kind::Seq));
            self.push_comments(self.comments.len());
            if header
                && self.blank_since_comment
                && let Some(last) = self.tape.tokens.last_mut()
                && !last.has(Token::BEFORE_MARKER)
            {
                last.flags |= Token::BLANK_AFTER;
            }
        }
    }
}
