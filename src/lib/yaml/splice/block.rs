//! Changes in block collections, and the removal of entries.

use super::super::check::key_identity;
use super::super::resolve::{self, Value};
use super::super::scalar;
use super::super::scan::SyntaxError;
use super::super::tape::{Kind, Token};
use super::super::value::to_value;
use super::content::{Content, Fragment, Habits, block_text, flow_text, literal, text_of};
use super::find::{Doc, Entry, Target};
use super::{New, Plan, Step};

impl Doc<'_> {
    /// A new value for this place; what is wrong with it is reported there.
    pub(super) fn content<'c>(
        &self,
        target: Option<&Target>,
        new: New<'c>,
        missing: &[Step<'c>],
        in_list: bool,
    ) -> Result<Content<'c>, SyntaxError> {
        let at = target.map_or(0, |target| self.token(target.node).start as usize);
        Content::new(new, missing, in_list).map_err(|error| SyntaxError { offset: at, ..error })
    }

    /// Makes what is missing below the last value that is there.
    pub(super) fn make(
        &self,
        target: Option<&Target>,
        content: &Content<'_>,
        after: Option<&str>,
    ) -> Result<Plan, SyntaxError> {
        let mut plan = Plan::default();
        let Some(target) = target else {
            let fragment = content.block(self.habits())?;
            plan.insert(self.bytes.len(), joined(&fragment.indented(0)));
            return Ok(plan);
        };
        if self.token(target.node).kind != Kind::Map || (self.is_bare(target.node) && !self.in_flow(target)) {
            return self.replace(target, content);
        }
        let Some((key, rest)) = content.without_key() else {
            return Err(self.refuse(target.node, "an edit needs a path to a value inside the document"));
        };
        if self.token(target.node).has(Token::FLOW) {
            let text = format!("{}: {}", flow_text(key, self.json), rest.flow(self.json)?);
            return self.add_flow(target.node, &text, after);
        }
        let Some(before) = self.entry_before(target.node, after) else {
            return Err(self.refuse(target.node, "this mapping cannot be edited in place"));
        };
        let column = self.column(&before)?;
        let habits = self.habits();
        let fragment = rest.block(habits)?;
        let lines = fragment.under(&format!("{}:", block_text(key)), column, habits);
        self.add_lines(&before, &lines, &fragment, column, plan)
    }

    /// Adds an entry at the end of the list at `target`.
    pub(super) fn append(&self, target: &Target, new: New<'_>) -> Result<Plan, SyntaxError> {
        self.check_own(target)?;
        let node = target.node;
        if self.is_null(node) || (self.token(node).kind == Kind::Seq && self.is_bare(node) && !self.in_flow(target)) {
            return self.replace(target, &self.content(Some(target), new, &[], true)?);
        }
        if self.token(node).kind != Kind::Seq {
            return Err(self.refuse(node, "this is not a list: nothing can be appended to it"));
        }
        let content = self.content(Some(target), new, &[], false)?;
        if self.token(node).has(Token::FLOW) {
            return self.add_flow(node, &content.flow(self.json)?, None);
        }
        let Some(before) = self.entry_before(node, None) else {
            return Err(self.refuse(node, "this list cannot be edited in place"));
        };
        let column = self.column(&before)?;
        let habits = self.habits();
        let fragment = content.block(habits)?;
        let lines = fragment.item(column, habits);
        self.add_lines(&before, &lines, &fragment, column, Plan::default())
    }

    /// Adds lines after an entry.
    fn add_lines(
        &self,
        before: &Entry,
        lines: &[String],
        fragment: &Fragment,
        column: usize,
        mut plan: Plan,
    ) -> Result<Plan, SyntaxError> {
        let last = self.last_text(before.start..before.next);
        if last.is_some_and(|token| token.has(Token::CUT) && matches!(token.kind, Kind::Literal | Kind::Folded)) {
            let error = self.refuse(before.start, "the file ends inside block text, without a line break");
            return Err(error.with_hint("end the file with a line break"));
        }
        if before.key.is_some() && self.token(before.node).kind == Kind::Null {
            self.gap(before)?;
        }
        let at = self.behind(before.start..before.next);
        self.check_comment_below(at, column, fragment.ends_in_text)?;
        plan.insert(at, joined(lines));
        Ok(plan)
    }

    /// The column of an entry of a block collection.
    fn column(&self, entry: &Entry) -> Result<usize, SyntaxError> {
        let column = self.token(entry.holder).column;
        if column == u16::MAX {
            return Err(self.refuse(entry.start, "this is indented too deeply"));
        }
        Ok(column as usize)
    }

    /// Refuses a comment, or blanks on an empty line, that block text above them would take in.
    pub(super) fn check_comment_below(&self, at: usize, column: usize, text_above: bool) -> Result<(), SyntaxError> {
        if !text_above {
            return Ok(());
        }
        let first = self.skip_space(at);
        if self.bytes.get(first) == Some(&b'#') && first - self.line_start(first) > column {
            let error = SyntaxError::new(first, "this comment would become a part of the block text above it");
            return Err(error.with_hint("indent it as the key below it"));
        }
        let mut line = at;
        while self.next_line(line) <= first && line < first {
            let next = self.next_line(line);
            if next - line > column + 1 {
                let error =
                    SyntaxError::new(line, "the blanks on this line would become a part of the block text above it");
                return Err(error.with_hint("remove them"));
            }
            line = next;
        }
        Ok(())
    }

    /// Puts a new value in the place of another, or of nothing.
    pub(super) fn replace(&self, target: &Target, content: &Content<'_>) -> Result<Plan, SyntaxError> {
        let node = target.node;
        let token = self.token(node);
        let is_empty = self.is_empty(node);
        if let Some(text) = content.as_text() {
            if matches!(token.kind, Kind::Map | Kind::Seq) && !is_empty {
                let error = self.refuse(node, "a mapping or a list stands where a text is to be set");
                return Err(error.with_hint("remove it first"));
            }
            if self.is_text(token, text) {
                return Ok(Plan::default());
            }
        } else if self.value_at(node)? == content.value()? {
            return Ok(Plan::default());
        }
        if self.in_flow(target) {
            return self.replace_flow(target, content);
        }
        let habits = self.habits();
        let fragment = match content.as_text() {
            Some(text) => self.restyled(token, text),
            None => content.block(habits)?,
        };
        match target.entry {
            Some(entry) => self.replace_block(&entry, &fragment, habits),
            None => self.replace_root(node, &fragment),
        }
    }

    fn value_at(&self, node: usize) -> Result<serde_json::Value, SyntaxError> {
        if self.json {
            let text = &self.bytes[self.token(node).start as usize..self.end_of(node)];
            return serde_json::from_slice(text).map_err(|_| self.refuse(node, "this value cannot be read"));
        }
        to_value(self.tape, self.bytes, node)
    }

    /// Whether a scalar is this text for kubectl.
    fn is_text(&self, token: Token, text: &str) -> bool {
        let is_scalar = token.kind.is_leaf() && !matches!(token.kind, Kind::Null | Kind::Alias);
        is_scalar
            && scalar::decode(self.tape, self.bytes, token, self.json).is_ok_and(|old| old == text)
            && (token.kind != Kind::Plain || matches!(resolve::v2(text), Value::Str(_)))
    }

    /// A text in the quotes of the scalar that it replaces, if they can hold it.
    pub(super) fn restyled(&self, old: Token, text: &str) -> Fragment {
        let is_long = text.chars().any(|c| scalar::needs_escape(c) || c == '\n');
        let line = match old.kind {
            Kind::Single if !is_long => text_of(|out| scalar::write_single(text, out)),
            Kind::Double | Kind::Single => text_of(|out| scalar::write_double(text, out)),
            Kind::Literal | Kind::Folded if let Some(lines) = literal(text) => return lines,
            _ => block_text(text),
        };
        Fragment::line(line)
    }

    /// The value of the document: an empty collection that becomes a block.
    fn replace_root(&self, node: usize, fragment: &Fragment) -> Result<Plan, SyntaxError> {
        let token = self.token(node);
        let (start, end) = (token.start as usize, self.end_of(node));
        let is_alone = self.line_start(start) == start && self.bytes[self.skip_blanks(end)..].starts_with(b"\n");
        if !is_alone || !self.is_empty(node) || self.has_comments(node) {
            return Err(self
                .refuse(node, "the value of this document cannot be edited in place")
                .with_hint("write it as a mapping with one key per line"));
        }
        let mut plan = Plan::default();
        plan.replace(start..self.next_line(end), joined(&fragment.indented(0)));
        Ok(plan)
    }

    /// Whether a collection has neither entries nor comments.
    fn is_bare(&self, node: usize) -> bool {
        self.is_empty(node) && !self.has_comments(node)
    }

    fn has_comments(&self, node: usize) -> bool {
        (node..self.tape.skip_node(node)).any(|index| self.token(index).kind.is_comment())
    }

    /// The end of a node that is not a block collection.
    pub(super) fn end_of(&self, node: usize) -> usize {
        let token = self.token(node);
        match token.kind {
            Kind::Map | Kind::Seq => self.token(token.link as usize).end as usize,
            _ => token.end as usize,
        }
    }

    /// The value of an entry of a block collection.
    fn replace_block(&self, entry: &Entry, fragment: &Fragment, habits: Habits) -> Result<Plan, SyntaxError> {
        let mut plan = Plan::default();
        let node = entry.node;
        let token = self.token(node);
        let column = self.column(entry)?;
        let body = fragment.body(column, entry.key.is_none(), habits);
        let head = if fragment.head.is_empty() { String::new() } else { format!(" {}", fragment.head) };
        plan.gone.push(node..self.tape.skip_node(node));
        match token.kind {
            Kind::Literal | Kind::Folded => {
                let header = self.skip_to_header(self.gap(entry)?);
                let behind =
                    header + self.bytes[header..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
                let from = if fragment.head.is_empty() { self.trim_blanks(header) } else { header };
                plan.replace(from..behind, fragment.head.clone());
                let end = self.block_text_end(token);
                self.check_comment_below(end, column, fragment.ends_in_text)?;
                plan.replace(token.start as usize..end, joined(&body));
            }
            Kind::Map | Kind::Seq if !token.has(Token::FLOW) => {
                let start = self.first_text(node);
                let end = self.behind(node..self.tape.skip_node(node));
                self.check_comment_below(end, column, fragment.ends_in_text)?;
                if !self.is_first_on_line(start) {
                    // It starts after a dash.
                    let own = self.token(node).column as usize;
                    let text = match (fragment.head.is_empty(), fragment.is_line()) {
                        (false, _) => format!("{}\n{}", fragment.head, joined(&body)),
                        (true, _) => joined(&fragment.indented(own)).trim_start_matches(' ').to_owned(),
                    };
                    plan.replace(start..end, text);
                } else {
                    if !head.is_empty() {
                        let gap = self.gap(entry)?;
                        if !fragment.is_line() && self.next_line(gap) != self.line_start(start) {
                            let message = "the lines above this value would become a part of the block text";
                            return Err(self.refuse(node, message).with_hint("remove them"));
                        }
                        plan.insert(gap, head);
                    }
                    plan.replace(self.line_start(start)..end, joined(&body));
                }
            }
            _ => self.replace_inline(entry, fragment, &body, &mut plan)?,
        }
        Ok(plan)
    }

    /// A value on the line of its key or dash, or nothing, is replaced.
    fn replace_inline(
        &self,
        entry: &Entry,
        fragment: &Fragment,
        body: &[String],
        plan: &mut Plan,
    ) -> Result<(), SyntaxError> {
        let node = entry.node;
        let is_missing = self.token(node).kind == Kind::Null;
        if fragment.is_line() && !is_missing {
            plan.replace(self.token(node).start as usize..self.end_of(node), fragment.head.clone());
            return Ok(());
        }
        let gap = self.gap(entry)?;
        let (start, end) = if is_missing { (gap, gap) } else { (self.token(node).start as usize, self.end_of(node)) };
        if self.skip_blanks(gap) != start && !is_missing {
            let error = self.refuse(node, "this value stands on another line than its key");
            return Err(error.with_hint("write it on the line of its key"));
        }
        let column = self.column(entry)?;
        let below = self.next_line(end);
        self.check_comment_below(below, column, fragment.ends_in_text)?;
        let is_bare_dash = entry.key.is_none()
            && self.bytes[self.skip_blanks(end)..].starts_with(b"\n")
            && gap == self.token(entry.start).end as usize;
        if is_bare_dash && fragment.head.is_empty() {
            let text = joined(body);
            plan.replace(gap..below, format!(" {}", text.trim_start_matches(' ')));
            return Ok(());
        }
        let head = if fragment.head.is_empty() { String::new() } else { format!(" {}", fragment.head) };
        plan.replace(gap..end, head);
        if !fragment.is_line() {
            plan.insert(below, joined(body));
        }
        Ok(())
    }

    /// The offset of the first text inside a block collection.
    pub(super) fn first_text(&self, node: usize) -> usize {
        let inside = (node + 1..self.tape.tokens.len()).map(|index| self.token(index));
        let first = inside
            .into_iter()
            .find(|token| !matches!(token.kind, Kind::Map | Kind::Seq | Kind::Null) || token.has(Token::FLOW));
        first.map_or(0, |token| token.start as usize)
    }

    /// The offset of the `|` or `>` at or after `at`.
    fn skip_to_header(&self, at: usize) -> usize {
        let mut at = self.skip_space(at);
        while self.bytes.get(at) == Some(&b'#') {
            at = self.skip_space(self.next_line(at));
        }
        at
    }

    /// The offset after the text before `at` on its line.
    fn trim_blanks(&self, at: usize) -> usize {
        let start = self.line_start(at);
        start + self.bytes[start..at].trim_ascii_end().len()
    }

    /// Removes the entry whose value is at `target`; `comments`: with the comment lines right above it.
    pub(super) fn remove(&self, target: &Target, comments: bool) -> Result<Plan, SyntaxError> {
        let Some(entry) = target.entry else {
            return Err(self
                .refuse(target.node, "the value of a document cannot be removed")
                .with_hint("remove the document, or the file"));
        };
        let range = entry.start..self.tape.skip_node(entry.node);
        self.check_anchors(range.clone(), range)?;
        if let Some(key) = entry.key {
            let name = key_identity(self.tape, self.bytes, self.token(key), self.json);
            if let Some(name) = name {
                self.check_merge(entry.holder, &String::from_utf8_lossy(&name))?;
            }
        }
        if self.token(entry.holder).has(Token::FLOW) {
            return self.remove_flow(&entry);
        }
        self.remove_block(&entry, comments)
    }

    fn remove_block(&self, entry: &Entry, comments: bool) -> Result<Plan, SyntaxError> {
        let mut plan = Plan::default();
        plan.gone.push(entry.start..entry.next);
        let mut start = self.entry_start(entry);
        let mut end = self.behind(entry.start..entry.next);
        let is_first_on_line = self.is_first_on_line(start);
        if is_first_on_line {
            start = self.line_start(start);
        }
        if comments && is_first_on_line {
            for index in (entry.holder + 1..entry.start).rev() {
                let token = self.token(index);
                let at = token.start as usize;
                // The comment of a marker stands on the marker's line.
                if token.kind != Kind::Comment || self.next_line(at) != start || !self.is_first_on_line(at) {
                    break;
                }
                start = self.line_start(at);
                plan.gone.push(index..index + 1);
            }
        }
        let above = self.last_text(0..plan.gone.iter().map(|range| range.start).min().unwrap_or(entry.start));
        let text_above = above.filter(|token| matches!(token.kind, Kind::Literal | Kind::Folded));
        if text_above.is_some_and(|token| token.has(Token::KEEP)) {
            // Blank lines that follow would become a part of that text.
            while end < self.bytes.len() && self.bytes[self.skip_blanks(end)..].starts_with(b"\n") {
                end = self.next_line(end);
            }
        }
        let column = self.token(entry.holder).column as usize;
        let is_only = self.entries(entry.holder).len() == 1;
        if !is_only {
            self.check_comment_below(end, column, text_above.is_some())?;
            // After a dash the next entry, or the comment before it, moves up.
            let next = if is_first_on_line { end } else { self.skip_space(end) };
            plan.replace(start..next, "");
            return Ok(plan);
        }
        let empty = if entry.key.is_some() { "{}" } else { "[]" };
        match self.owner(entry.holder) {
            Some(owner) if is_first_on_line => {
                plan.insert(self.gap(&owner)?, format!(" {empty}"));
                plan.replace(start..end, "");
            }
            _ => plan.replace(start..end, format!("{empty}\n")),
        }
        Ok(plan)
    }

    /// The entry whose value is the block collection at `node`; none for the root.
    fn owner(&self, node: usize) -> Option<Entry> {
        let mut open = Vec::new();
        for index in 0..node {
            match self.token(index).kind {
                Kind::Map | Kind::Seq => open.push(index),
                Kind::End => {
                    open.pop();
                }
                _ => {}
            }
        }
        self.entries(*open.last()?).into_iter().find(|entry| entry.node == node)
    }
}

/// Lines as text.
pub(super) fn joined(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}
