//! Where a path leads, and where things lie in the text around it.

use super::super::check::key_identity;
use super::super::resolve::{self, Value};
use super::super::scan::SyntaxError;
use super::super::tape::{Kind, Tape, Token};
use super::super::value::to_value;
use super::Step;
use super::content::Habits;
use std::ops::Range;

/// One document: its tape, and the text below it.
pub(super) struct Doc<'a> {
    pub(super) tape: &'a Tape,
    pub(super) bytes: &'a [u8],
    pub(super) json: bool,
}

/// An entry of a mapping or a list, in indices of tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// The collection that holds it.
    pub(super) holder: usize,
    /// Its first token: the dash, the key, or what stands before the key.
    pub(super) start: usize,
    /// The key, in a mapping.
    pub(super) key: Option<usize>,
    /// The node of its value.
    pub(super) node: usize,
    /// After its last token, the comment on its line included.
    pub(super) next: usize,
}

/// A value in the document: the root, or the value of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) node: usize,
    pub(super) entry: Option<Entry>,
}

/// The end of a path.
pub(super) enum Walk<'p, 's> {
    Found(Target),
    /// The last value that is there (none in an empty document), and the keys that are missing.
    Missing(Option<Target>, &'p [Step<'s>]),
}

impl<'a> Doc<'a> {
    pub(super) fn token(&self, index: usize) -> Token {
        self.tape.tokens[index]
    }

    pub(super) fn refuse(&self, index: usize, message: impl Into<String>) -> SyntaxError {
        let offset = self.tape.tokens.get(index).map_or(0, |token| token.start as usize);
        SyntaxError::new(offset, message)
    }

    /// Follows a path.
    pub(super) fn walk<'p, 's>(&self, path: &'p [Step<'s>]) -> Result<Walk<'p, 's>, SyntaxError> {
        if self.tape.is_empty() {
            return Ok(Walk::Missing(None, path));
        }
        let mut target = Target { node: self.tape.node_at(0), entry: None };
        for (number, step) in path.iter().enumerate() {
            self.check_own(&target)?;
            let token = self.token(target.node);
            match (step, token.kind) {
                (Step::Key("<<"), Kind::Map) => {
                    return Err(self.refuse(target.node, "a merge key `<<` cannot be edited in place"));
                }
                (Step::Key(key), Kind::Map) => match self.find_key(target.node, key)? {
                    Some(entry) => target = Target { node: entry.node, entry: Some(entry) },
                    None => {
                        self.check_merge(target.node, key)?;
                        return Ok(Walk::Missing(Some(target), &path[number..]));
                    }
                },
                (Step::Index(index), Kind::Seq) => {
                    let entries = self.entries(target.node);
                    let Some(entry) = entries.get(*index) else {
                        let message = format!("this list has {} entries, and none of index {index}", entries.len());
                        return Err(self.refuse(target.node, message));
                    };
                    target = Target { node: entry.node, entry: Some(*entry) };
                }
                (Step::Key(_), _) if self.is_null(target.node) => {
                    return Ok(Walk::Missing(Some(target), &path[number..]));
                }
                (Step::Key(key), Kind::Seq) => {
                    return Err(self.refuse(target.node, format!("this is a list, where the key `{key}` was expected")));
                }
                (Step::Index(_), _) => return Err(self.refuse(target.node, "this is not a list")),
                (Step::Key(key), _) => {
                    let message = format!("this is not a mapping, where the key `{key}` was expected");
                    return Err(self
                        .refuse(target.node, message)
                        .with_hint("remove the value first, or repair it by hand"));
                }
            }
        }
        Ok(Walk::Found(target))
    }

    /// Refuses a value that stands for others, too.
    pub(super) fn check_own(&self, target: &Target) -> Result<(), SyntaxError> {
        if self.token(target.node).kind == Kind::Alias {
            let error = self.refuse(target.node, "this value is an alias: it cannot be edited without its anchor");
            return Err(error.with_hint("write the value out here, then edit it"));
        }
        let first = self.first_property(target.node);
        for index in first..target.node {
            if self.token(index).kind == Kind::Tag {
                let error = self.refuse(index, "this value has a tag, which says how it is read");
                return Err(error.with_hint("remove the tag, or edit the value by hand"));
            }
        }
        self.check_anchors(first..target.node, 0..0)
    }

    /// Refuses anchors among the tokens of `range` whose name an alias outside of `but` uses.
    pub(super) fn check_anchors(&self, range: Range<usize>, but: Range<usize>) -> Result<(), SyntaxError> {
        if !self.tape.has_anchors {
            return Ok(());
        }
        let name = |token: Token| &self.tape.text(self.bytes, token)[1..];
        let used: std::collections::BTreeSet<&[u8]> = (0..self.tape.tokens.len())
            .filter(|index| !but.contains(index) && self.token(*index).kind == Kind::Alias)
            .map(|index| name(self.token(index)))
            .collect();
        for index in range {
            if self.token(index).kind == Kind::Anchor && used.contains(name(self.token(index))) {
                let shown = String::from_utf8_lossy(name(self.token(index))).into_owned();
                let message = format!("this value has the anchor `&{shown}`, and is used elsewhere as `*{shown}`");
                return Err(self.refuse(index, message).with_hint("write the value out where it is used"));
            }
        }
        Ok(())
    }

    /// The index of the first anchor or tag of a node, or of the node.
    pub(super) fn first_property(&self, node: usize) -> usize {
        let mut first = node;
        for index in (0..node).rev() {
            match self.token(index).kind {
                kind if kind.is_property() => first = index,
                Kind::Comment | Kind::LineComment => {}
                _ => break,
            }
        }
        first
    }

    pub(super) fn is_null(&self, node: usize) -> bool {
        let token = self.token(node);
        let text = || std::str::from_utf8(self.tape.text(self.bytes, token)).unwrap_or("-");
        token.kind == Kind::Null || (token.kind == Kind::Plain && resolve::v2(text()) == Value::Null)
    }

    /// Whether a collection has no entries.
    pub(super) fn is_empty(&self, node: usize) -> bool {
        let token = self.token(node);
        matches!(token.kind, Kind::Map | Kind::Seq)
            && (node + 1..token.link as usize).all(|index| self.token(index).kind.is_comment())
    }

    /// The entries of a mapping or a list.
    pub(super) fn entries(&self, holder: usize) -> Vec<Entry> {
        let end = self.token(holder).link as usize;
        let is_map = self.token(holder).kind == Kind::Map;
        let mut entries = Vec::new();
        let mut at = holder + 1;
        loop {
            while at < end && self.token(at).kind.is_comment() {
                at += 1;
            }
            if at >= end {
                return entries;
            }
            let start = at;
            let key = is_map.then(|| self.tape.node_at(start));
            let before = match key {
                Some(key) => key + 1,
                None if self.token(start).kind == Kind::Item => start + 1,
                None => start,
            };
            let node = self.tape.node_at(before);
            at = self.tape.skip_node(node);
            if self.tape.tokens.get(at).is_some_and(|token| token.kind == Kind::LineComment) {
                at += 1;
            }
            entries.push(Entry { holder, start, key, node, next: at });
        }
    }

    fn find_key(&self, map: usize, wanted: &str) -> Result<Option<Entry>, SyntaxError> {
        let mut found = None;
        for entry in self.entries(map) {
            let Some(key) = entry.key else { continue };
            if self.token(key).kind == Kind::Alias {
                return Err(self.refuse(key, "a key of this mapping is an alias").with_hint("write the key out"));
            }
            let name = key_identity(self.tape, self.bytes, self.token(key), self.json);
            if name.is_some_and(|name| name.as_ref() == wanted.as_bytes()) {
                found = Some(entry);
            }
        }
        Ok(found)
    }

    /// The entry that a new one goes after: that of the key `after`, or else the last one.
    pub(super) fn entry_before(&self, holder: usize, after: Option<&str>) -> Option<Entry> {
        let named = after.and_then(|after| self.find_key(holder, after).ok().flatten());
        named.or_else(|| self.entries(holder).last().copied())
    }

    /// Refuses a key that a mapping takes from another one.
    pub(super) fn check_merge(&self, map: usize, key: &str) -> Result<(), SyntaxError> {
        for entry in self.entries(map) {
            let Some(at) = entry.key else { continue };
            if self.token(at).kind != Kind::Plain || self.tape.text(self.bytes, self.token(at)) != b"<<" {
                continue;
            }
            let merged = to_value(self.tape, self.bytes, entry.node)?;
            let has = |value: &serde_json::Value| value.get(key).is_some();
            if has(&merged) || merged.as_array().is_some_and(|maps| maps.iter().any(has)) {
                let message = format!("the key `{key}` comes from this merge key");
                return Err(self.refuse(at, message).with_hint("write the key out below, then edit it"));
            }
        }
        Ok(())
    }

    /// Whether a node lies in a flow collection, or is a part of JSON.
    pub(super) fn in_flow(&self, target: &Target) -> bool {
        self.json || target.entry.is_some_and(|entry| self.token(entry.holder).has(Token::FLOW))
    }

    /// Where the text of an entry starts.
    pub(super) fn entry_start(&self, entry: &Entry) -> usize {
        self.token(entry.start).start as usize
    }

    /// Refuses documents that have keys after `?`: where an entry begins and ends does not show in its lines then.
    pub(super) fn check_keys(&self) -> Result<(), SyntaxError> {
        if !self.tape.by_slow_lane {
            return Ok(());
        }
        for index in (0..self.tape.tokens.len()).filter(|index| self.token(*index).is_key()) {
            if self.is_explicit(index) {
                let error = self.refuse(index, "this key is written with `?`: its document cannot be edited in place");
                return Err(error.with_hint("write it as `key: value`"));
            }
        }
        Ok(())
    }

    /// Whether a key stands after `?`.
    fn is_explicit(&self, key: usize) -> bool {
        if matches!(self.token(key).kind, Kind::Literal | Kind::Folded) {
            return true;
        }
        let start = self.token(self.first_property(key)).start as usize;
        let before = self.bytes[..start].trim_ascii_end();
        let Some(mark) = before.len().checked_sub(1).filter(|_| before.ends_with(b"?")) else { return false };
        let line = self.line_start(mark);
        // At the end of a line of text it is not an indicator.
        let is_alone = self.bytes[line..mark].iter().all(|byte| b" \t-?:{[,".contains(byte));
        is_alone || self.line_start(start) == line
    }

    /// Where a value can be written after the colon, the dash or the properties of an entry.
    pub(super) fn gap(&self, entry: &Entry) -> Result<usize, SyntaxError> {
        let first = entry.key.map_or(entry.start, |key| key + 1);
        let property = (first..entry.node).rev().find(|index| self.token(*index).kind.is_property());
        if let Some(property) = property {
            return Ok(self.token(property).end as usize);
        }
        let Some(key) = entry.key else {
            let token = self.token(entry.start);
            return Ok(if token.kind == Kind::Item { token.end } else { token.start } as usize);
        };
        let end = self.token(key).end as usize;
        if self.token(entry.node).has(Token::NO_COLON) && self.token(entry.node).kind == Kind::Null {
            if self.bytes[..end].ends_with(b":") {
                let error = self.refuse(key, "readers disagree whether the colon belongs to this key");
                return Err(error.with_hint("write a space after it"));
            }
            return Ok(end);
        }
        let colon = self.skip_blanks(end);
        if self.bytes.get(colon) != Some(&b':') {
            return Err(self.refuse(key, "the colon of this key stands on another line"));
        }
        Ok(colon + 1)
    }

    pub(super) fn skip_blanks(&self, at: usize) -> usize {
        at + self.bytes[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    /// The offset of the first byte at or after `at` that is not a white space.
    pub(super) fn skip_space(&self, at: usize) -> usize {
        at + self.bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count()
    }

    pub(super) fn line_start(&self, at: usize) -> usize {
        memchr::memrchr(b'\n', &self.bytes[..at]).map_or(0, |n| n + 1)
    }

    /// The start of the line after the one that holds `at`.
    pub(super) fn next_line(&self, at: usize) -> usize {
        memchr::memchr(b'\n', &self.bytes[at..]).map_or(self.bytes.len(), |n| at + n + 1)
    }

    /// Whether only blanks stand before `at` on its line.
    pub(super) fn is_first_on_line(&self, at: usize) -> bool {
        self.bytes[self.line_start(at)..at].iter().all(|byte| matches!(byte, b' ' | b'\t'))
    }

    /// The last token of a range that has text.
    pub(super) fn last_text(&self, range: Range<usize>) -> Option<Token> {
        range.rev().map(|index| self.token(index)).find(|token| match token.kind {
            Kind::Null => false,
            Kind::Map | Kind::Seq | Kind::End => token.has(Token::FLOW),
            _ => true,
        })
    }

    /// The start of the line after the last one of these tokens.
    pub(super) fn behind(&self, range: Range<usize>) -> usize {
        let start = range.start;
        match self.last_text(range) {
            None => self.next_line(self.token(start).start as usize),
            Some(token) if matches!(token.kind, Kind::Literal | Kind::Folded) => self.block_text_end(token),
            Some(token) => self.next_line((token.end as usize).min(self.bytes.len())),
        }
    }

    /// The end of the content lines of a block scalar, without the blank lines that do not count.
    pub(super) fn block_text_end(&self, token: Token) -> usize {
        let (start, mut end) = (token.start as usize, token.end as usize);
        if token.has(Token::KEEP) {
            return end;
        }
        while end > start {
            let line = self.line_start(end - 1).max(start);
            let text = &self.bytes[line..end - 1];
            if text.len() > token.column as usize || text.iter().any(|byte| *byte != b' ') {
                break;
            }
            end = line;
        }
        end
    }

    /// How the document is indented where that shows first.
    pub(super) fn habits(&self) -> Habits {
        let (mut step, mut compact) = (None, None);
        let mut open: Vec<Token> = Vec::new();
        for token in &self.tape.tokens {
            match token.kind {
                Kind::Map | Kind::Seq => {
                    let above = open.last().filter(|above| above.kind == Kind::Map && !above.has(Token::FLOW));
                    if let Some(above) = above.filter(|_| !token.has(Token::FLOW)) {
                        let depth = usize::from(token.column.saturating_sub(above.column));
                        if token.kind == Kind::Seq {
                            compact.get_or_insert(depth == 0);
                        } else if depth > 0 {
                            step.get_or_insert(depth);
                        }
                    }
                    open.push(*token);
                }
                Kind::End => {
                    open.pop();
                }
                _ => {}
            }
            if step.is_some() && compact.is_some() {
                break;
            }
        }
        Habits { step: step.unwrap_or(2), compact: compact.unwrap_or(false) }
    }
}
