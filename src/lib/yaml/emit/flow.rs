//! Flow collections on one line.

use super::{At, Emitter, FlowStyle, Kind, Style, Token};

impl Emitter<'_> {
    /// Writes the flow collection between the tokens `start` and `end` on the current line, if the style lets it
    /// stand there, and returns the index to go on with.
    pub(super) fn flow_on_one_line(&mut self, start: usize, end: usize) -> Option<usize> {
        let empty = end == start + 1;
        let may_expand = match self.style.flow {
            _ if empty => false,
            // A pair without braces can stand inside brackets only.
            _ if self.tape.tokens[start].has(Token::PAIR) => return None,
            FlowStyle::Keep => false,
            FlowStyle::Block => return None,
            // A whole object in braces is JSON, or may become JSON by being formatted: always a block.
            FlowStyle::Auto
                if self.style.json || (self.stack.is_empty() && self.tape.tokens[start].kind == Kind::Map) =>
            {
                return None;
            }
            FlowStyle::Auto => true,
        };
        let before = self.out.len();
        match self.at {
            At::Own => self.indent(self.value_column()),
            _ => self.out.push(b' '),
        }
        let line = memchr::memrchr(b'\n', &self.out[..]).map_or(0, |n| n + 1);
        let limit = if may_expand { Style::FLOW_WIDTH } else { usize::MAX };
        if !self.flow_text(start, end, line, limit) {
            self.out.truncate(before);
            return None;
        }
        Some(self.end_line(end + 1))
    }

    /// Writes the tokens; false where a comment stands among them or the line grows beyond `limit` characters.
    fn flow_text(&mut self, start: usize, end: usize, line: usize, limit: usize) -> bool {
        // Whether something stands before the next entry of each open collection.
        let mut open: Vec<bool> = Vec::new();
        let mut after_key = false;
        for index in start..=end {
            let token = self.tape.tokens[index];
            let value = std::mem::take(&mut after_key);
            let property_before = index > start && self.tape.tokens[index - 1].kind.is_property();
            if token.kind.is_comment() || matches!(token.kind, Kind::Literal | Kind::Folded) {
                return false;
            }
            if token.kind == Kind::End {
                open.pop();
                let opened = self.tape.tokens[token.link as usize];
                if opened.kind == Kind::Seq {
                    self.out.push(b']');
                } else if !opened.has(Token::PAIR) {
                    self.out.push(b'}');
                }
                continue;
            }
            if token.kind == Kind::Null && token.has(Token::NO_COLON) {
                continue;
            }
            if value && !property_before {
                self.out.extend_from_slice(b": ");
            } else if !property_before && let Some(has_entry) = open.last_mut() {
                if *has_entry {
                    self.out.extend_from_slice(b", ");
                }
                *has_entry = true;
            }
            match token.kind {
                Kind::Map | Kind::Seq => {
                    open.push(false);
                    if token.kind == Kind::Seq {
                        self.out.push(b'[');
                    } else if !token.has(Token::PAIR) {
                        self.out.push(b'{');
                    }
                }
                Kind::Anchor | Kind::Tag => {
                    self.push_text(token);
                    self.out.push(b' ');
                    // The colon before it is written.
                    after_key = false;
                }
                Kind::Null => {}
                _ => {
                    self.one_line(token, true);
                    if token.is_key() {
                        if token.kind == Kind::Alias {
                            self.out.push(b' ');
                        }
                        after_key = true;
                    }
                }
            }
            if self.out.len() - line > limit && char_count(&self.out[line..]) > limit {
                return false;
            }
        }
        self.out.len() - line <= limit || char_count(&self.out[line..]) <= limit
    }
}

fn char_count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| (**b & 0xC0) != 0x80).count()
}
