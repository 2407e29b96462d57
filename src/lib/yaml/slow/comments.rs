//! Where comments stand on the tape: the parser reports them apart from the nodes.

use super::super::commented_out::{self, Depth, PendingComment, compact_depth_at, depth_at};
use super::{Builder, Container, Floating, Kind, Token, line_start, token};

impl<C: Iterator<Item = usize>> Builder<'_, C> {
    /// Hands out the comments before `limit`, among the floating tokens; `own_lines`: none of them stays on its line.
    pub(super) fn place_comments(&mut self, limit: usize, own_lines: bool) {
        let pending = self.comments_before(limit, own_lines);
        // The depth of the entries that follow: of the innermost collection that stays open.
        let ends = limit >= self.end;
        let next = self.containers.last().filter(|_| !ends).map_or(depth_at(-1), |container| container.depth);
        let opens = self.floating.iter().any(|floating| matches!(floating.token.kind, Kind::Map | Kind::Seq));
        for comment in pending {
            if !opens && comment.depth > next {
                self.pass_shallower(comment.depth, next);
            } else {
                self.push_floating();
            }
            let mut token = token(Kind::Comment, comment.flags, comment.start as usize, comment.end as usize);
            token.column = comment.token_column();
            self.tape.tokens.push(token);
        }
        if self.last_real.is_none() && limit < self.end {
            self.note_blank_after(limit);
        }
    }

    /// The comments on lines of their own before `limit`. One that ends the line of a node before is handed out at once.
    fn comments_before(&mut self, limit: usize, own_lines: bool) -> Vec<PendingComment> {
        let mut pending: Vec<PendingComment> = Vec::new();
        while let Some(start) = self.comments.next_if(|start| *start < limit) {
            let end = self.comment_end(start);
            self.tape.has_comments = true;
            let line = line_start(self.text, start);
            let after_node = pending.is_empty()
                && !own_lines
                && self.last_real.is_some_and(|last| {
                    last.end as usize > line
                        && !matches!(last.kind, Kind::Literal | Kind::Folded)
                        && (!matches!(last.kind, Kind::Map | Kind::Seq))
                });
            let last = self.tape.tokens.last().copied();
            if after_node && !last.is_some_and(|token| token.kind.is_comment()) {
                self.tape.tokens.push(token(Kind::LineComment, 0, start, end));
                continue;
            }
            let mut flags = 0;
            if self.marker.is_some_and(|marker| start < marker) {
                flags |= Token::BEFORE_MARKER;
            }
            let last = last.filter(|token| token.kind == Kind::Comment);
            if let Some(mut from) =
                pending.last().map(|last| last.end).or(last.map(|last| last.end)).map(|end| end as usize)
            {
                // A blank line stays on its side of the marker.
                if let Some(marker) = self.marker.filter(|marker| from <= *marker && *marker < start) {
                    if has_blank_line(&self.text[from..marker]) {
                        self.set_blank_after(&mut pending, true);
                    }
                    from = marker;
                } else {
                    // It is not the last one of the header.
                    self.set_blank_after(&mut pending, false);
                }
                if has_blank_line(&self.text[from..start]) {
                    flags |= Token::BLANK_BEFORE;
                }
            }
            let column = (start - line) as i32;
            let (start, end) = (start as u32, end as u32);
            pending.push(PendingComment { start, end, column, flags, depth: depth_at(column) });
        }
        if !pending.is_empty() {
            self.find_depths(&mut pending);
        }
        pending
    }

    /// Says of the last comment whether a blank line stands after it.
    fn set_blank_after(&mut self, pending: &mut [PendingComment], is_blank: bool) {
        let flags = match pending.last_mut() {
            Some(last) => Some(&mut last.flags),
            None => self.tape.tokens.last_mut().map(|last| &mut last.flags),
        };
        if let Some(flags) = flags {
            *flags = if is_blank { *flags | Token::BLANK_AFTER } else { *flags & !Token::BLANK_AFTER };
        }
    }

    /// Finds out what the comments belong to.
    fn find_depths(&self, pending: &mut [PendingComment]) {
        let ended = self.floating.iter().filter(|floating| floating.token.kind == Kind::End);
        let open: Vec<Container> =
            self.containers.iter().copied().chain(ended.filter_map(|floating| floating.container)).collect();
        let waiting = self.floating.iter().rev().find(|floating| floating.token.kind == Kind::Null);
        let waiting = waiting.and_then(|null| null.container).filter(|container| container.is_map && !container.flow);
        commented_out::place(self.text, pending, |column, is_list| {
            let is_it =
                |container: &&Container| container.column == column && container.is_map != is_list && !container.flow;
            let parent = waiting.filter(|parent| is_list && parent.column == column);
            open.iter().find(is_it).map(|container| container.depth).or(parent.map(|_| compact_depth_at(column)))
        });
    }

    /// The comment in the first line of a block scalar, which ends before `limit`.
    pub(super) fn place_header_comment(&mut self, limit: usize) {
        if let Some(start) = self.comments.next_if(|start| *start < limit) {
            self.push_floating();
            self.tape.has_comments = true;
            self.tape.tokens.push(token(Kind::LineComment, 0, start, self.comment_end(start)));
        }
    }

    /// The end of the comment at `start`, without blanks.
    fn comment_end(&self, start: usize) -> usize {
        let end = memchr::memchr(b'\n', &self.text[start..self.end]).map_or(self.end, |n| start + n);
        start + self.text[start..end].trim_ascii_end().len()
    }

    /// Marks the last comment of the header if a blank line stands between it and what follows: the marker of the
    /// document, or the first node.
    fn note_blank_after(&mut self, next: usize) {
        if let Some(last) = self.tape.tokens.last_mut()
            && last.kind == Kind::Comment
        {
            let from = last.end as usize;
            let to = self.marker.filter(|marker| from <= *marker).unwrap_or(next);
            if has_blank_line(&self.text[from..to]) {
                last.flags |= Token::BLANK_AFTER;
            }
        }
    }

    /// Hands out the floating tokens that end before a comment: nulls whose collection is not shallower, and collections
    /// that are deeper than the comment.
    fn pass_shallower(&mut self, comment: Depth, next: Depth) {
        let stays = |floating: &Floating| match floating.token.kind {
            Kind::Null => comment > floating.depth(),
            Kind::End => floating.depth() <= comment || floating.depth() <= next,
            _ => true,
        };
        let passed = self.floating.iter().position(stays).unwrap_or(self.floating.len());
        self.tape.tokens.extend(self.floating.drain(..passed).map(|floating| floating.token));
    }
}

/// Whether there is a line without text in what stands between two comments, or a comment and a node.
fn has_blank_line(between: &[u8]) -> bool {
    between.split(|b| *b == b'\n').skip(1).filter(|line| line.iter().all(|b| matches!(b, b' ' | b'\t'))).count() > 1
        || memchr::memmem::find(between, b"\n\n").is_some()
}
