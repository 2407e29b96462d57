//! Removal of entries.

use super::super::scan::SyntaxError;
use super::super::tape::{Kind, Token};
use super::Plan;
use super::find::{Doc, Entry, Target};

impl Doc<'_> {
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
            let name = super::super::check::key_identity(self.tape, self.bytes, self.token(key), self.json);
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
