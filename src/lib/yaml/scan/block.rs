//! Block scalars: the line with `|` or `>`, and the content lines below it.

use super::{Kind, Scan, Scanner, SyntaxError, Token, skip_spaces};

impl Scanner<'_> {
    /// Scans `|` or `>` with its content lines.
    pub(super) fn block_scalar(&mut self, at: usize, parent: i32) -> Scan<usize> {
        let kind = if self.text[at] == b'|' { Kind::Literal } else { Kind::Folded };
        let mut flags = 0;
        let mut digit = None;
        let mut next = at + 1;
        loop {
            match self.at(next) {
                b'-' if flags == 0 => flags = Token::STRIP,
                b'+' if flags == 0 => flags = Token::KEEP,
                byte @ b'1'..=b'9' if digit.is_none() => digit = Some(i32::from(byte - b'0')),
                _ => break,
            }
            next += 1;
        }
        let after = self.skip_blanks(next);
        match self.at(after) {
            b'\n' => {}
            b'#' if after > next => {}
            _ => {
                return Err(SyntaxError::new(next, "this cannot stand in the first line of a block scalar")
                    .with_hint("after `|` or `>` write at most one digit from 1 to 9 and one of `+` and `-`")
                    .into());
            }
        }
        let start = self.rest_of_line(after)?;
        let (indent, end) = self.block_lines(start, parent, digit)?;
        if indent > i32::from(u16::MAX) {
            return self.error(at, "this is indented too deeply");
        }
        let next_line = end;
        let mut end = end;
        // A text that ends without a line break has no final newline for kustomize and Flux.
        if self.cut && end >= self.text.len() && flags & Token::STRIP == 0 && start < self.text.len() {
            let last = memchr::memrchr(b'\n', &self.text[..end - 1]).map_or(0, |n| n + 1).max(start);
            if end - 1 - last > indent as usize || self.text[last..end - 1].iter().any(|b| *b != b' ') {
                flags = Token::STRIP | Token::CUT;
            } else {
                // Blanks after the last line break are not a line.
                end = last;
            }
        }
        self.tape.tokens.push(Token {
            kind,
            flags,
            column: indent as u16,
            start: start as u32,
            end: end as u32,
            link: 0,
        });
        self.blank_since_comment = false;
        Ok(self.text.len().min(next_line.max(end)))
    }

    /// The indentation and the end of the content lines that start at `start`.
    fn block_lines(&self, start: usize, parent: i32, digit: Option<i32>) -> Scan<(i32, usize)> {
        let text = self.text;
        let mut at = start;
        let indent = match digit {
            Some(digit) => parent.max(0) + digit,
            None => {
                // Leading lines without text: the first line with text gives the indentation.
                let mut deepest = 0;
                let mut deepest_at = start;
                loop {
                    if at >= text.len() {
                        // No text at all: blank lines count up to any indentation.
                        return Ok(((parent + 1).max(deepest), text.len()));
                    }
                    let next = skip_spaces(text, at);
                    let spaces = (next - at) as i32;
                    if self.at(next) == b'\n' {
                        if spaces > deepest {
                            deepest = spaces;
                            deepest_at = at;
                        }
                        at = next + 1;
                        continue;
                    }
                    if spaces <= parent {
                        return Ok(((parent + 1).max(deepest), at));
                    }
                    if deepest > spaces {
                        return Err(SyntaxError::new(
                            deepest_at,
                            "a blank line before the text is longer than the text's indentation",
                        )
                        .with_hint("take the spaces out of that line")
                        .into());
                    }
                    break spaces;
                }
            }
        };
        let width = indent as usize;
        while at < text.len() {
            let line = at;
            let limit = (line + width).min(text.len());
            let next = skip_spaces(text, line).min(limit);
            if next < limit && text[next] != b'\n' {
                // A line that is not deep enough ends the block. Above its parent's column only a comment may do so.
                if (next - line) as i32 > parent && text[next] != b'#' {
                    return Err(SyntaxError::new(next, "this line is indented less than the block text above it")
                        .with_hint("indent it as the first line of the text, or as the key")
                        .into());
                }
                return Ok((indent, line));
            }
            at = self.line_end(next) + 1;
        }
        Ok((indent, text.len()))
    }
}
