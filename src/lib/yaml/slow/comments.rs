//! Where comments stand on the tape: the parser reports them apart from the nodes.

use super::{Builder, Kind, Token, line_start, token};

impl<C: Iterator<Item = usize>> Builder<'_, C> {
    /// Hands out the comments before `limit`, among the floating tokens; `own_lines`: none of them stays on its line.
    pub(super) fn place_comments(&mut self, limit: usize, own_lines: bool) {
        // The column of the entries that follow: of the innermost collection that stays open.
        let next_column = if limit >= self.end { -1 } else { self.containers.last().map_or(-1, |c| c.column) };
        let opens = self.floating.iter().any(|(token, _)| matches!(token.kind, Kind::Map | Kind::Seq));
        let mut passed = 0;
        while let Some(start) = self.comments.next_if(|start| *start < limit) {
            let end = self.comment_end(start);
            self.tape.has_comments = true;
            let line = line_start(self.text, start);
            let column = (start - line) as i32;
            let behind_real = passed == 0
                && !own_lines
                && self.last_real.is_some_and(|last| {
                    last.end as usize > line
                        && !matches!(last.kind, Kind::Literal | Kind::Folded)
                        && (!matches!(last.kind, Kind::Map | Kind::Seq))
                });
            if behind_real && !self.tape.tokens.last().is_some_and(|token| token.kind.is_comment()) {
                self.tape.tokens.push(token(Kind::LineComment, 0, start, end));
                continue;
            }
            let mut flags = 0;
            let before_marker = self.marker.is_some_and(|marker| start < marker);
            if before_marker {
                flags |= Token::BEFORE_MARKER;
            }
            if let Some(last) = self.tape.tokens.last()
                && last.kind == Kind::Comment
            {
                let mut from = last.end as usize;
                // A blank line stays on its side of the marker.
                if let Some(marker) = self.marker.filter(|marker| from <= *marker && *marker < start) {
                    self.note_blank_after(start);
                    from = marker;
                } else if let Some(last) = self.tape.tokens.last_mut() {
                    // It is not the last one of the header.
                    last.flags &= !Token::BLANK_AFTER;
                }
                if has_blank_line(&self.text[from..start]) {
                    flags |= Token::BLANK_BEFORE;
                }
            }
            if opens {
                self.push_floating();
            } else if column > next_column {
                self.pass_shallower(column, next_column);
            } else {
                self.push_floating();
            }
            self.tape.tokens.push(token(Kind::Comment, flags, start, end));
            passed += 1;
        }
        if self.last_real.is_none() && limit < self.end {
            self.note_blank_after(limit);
        }
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

    /// Hands out the floating tokens that end before a comment at `column`: nulls whose collection is not shallower,
    /// and collections that are deeper than the comment.
    fn pass_shallower(&mut self, column: i32, next_column: i32) {
        while let Some((token, token_column)) = self.floating.first().copied() {
            let stays = match token.kind {
                Kind::Null => column > token_column,
                Kind::End => {
                    let shared = self.floating.get(1).is_some_and(|(_, next)| *next == token_column)
                        && token_column == column
                        && self.is_sequence_end();
                    (token_column <= column && !shared) || token_column <= next_column
                }
                _ => true,
            };
            if stays {
                break;
            }
            self.floating.remove(0);
            self.tape.tokens.push(token);
        }
    }

    /// Whether the innermost collection still open on the tape is a sequence.
    fn is_sequence_end(&self) -> bool {
        let mut depth = 0;
        for token in self.tape.tokens.iter().rev() {
            match token.kind {
                Kind::End => depth += 1,
                Kind::Map | Kind::Seq if depth == 0 => return token.kind == Kind::Seq,
                Kind::Map | Kind::Seq => depth -= 1,
                _ => {}
            }
        }
        false
    }
}

/// Whether there is a line without text in what stands between two comments, or a comment and a node.
fn has_blank_line(between: &[u8]) -> bool {
    between.split(|b| *b == b'\n').skip(1).filter(|line| line.iter().all(|b| matches!(b, b' ' | b'\t'))).count() > 1
        || memchr::memmem::find(between, b"\n\n").is_some()
}
