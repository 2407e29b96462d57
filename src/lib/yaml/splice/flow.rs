//! Changes in flow collections and JSON.

use super::super::scan::SyntaxError;
use super::super::tape::{Kind, Token};
use super::Plan;
use super::content::Content;
use super::find::{Doc, Entry, Target};

impl Doc<'_> {
    /// The value of an entry is replaced.
    pub(super) fn replace_flow(&self, target: &Target, content: &Content<'_>) -> Result<Plan, SyntaxError> {
        let mut plan = Plan::default();
        let node = target.node;
        let text = match content.as_text() {
            Some(text) if !self.json && matches!(self.token(node).kind, Kind::Double | Kind::Single) => {
                self.restyled(self.token(node), text).head
            }
            _ => content.flow(self.json)?,
        };
        plan.gone.push(node..self.tape.skip_node(node));
        match (self.token(node).kind, target.entry) {
            (Kind::Null, Some(entry)) => {
                let colon = if self.token(node).has(Token::NO_COLON) { ":" } else { "" };
                plan.insert(self.gap(&entry)?, format!("{colon} {text}"));
            }
            _ => plan.replace(self.token(node).start as usize..self.end_of(node), text),
        }
        Ok(plan)
    }

    /// The end of the value of an entry.
    fn value_end(&self, entry: &Entry) -> Result<usize, SyntaxError> {
        if self.token(entry.node).kind == Kind::Null { self.gap(entry) } else { Ok(self.end_of(entry.node)) }
    }

    /// The comma at or after `at`, across blanks, line breaks and comments.
    fn comma(&self, at: usize) -> Option<usize> {
        let mut at = self.skip_space(at);
        while self.bytes.get(at) == Some(&b'#') {
            at = self.skip_space(self.next_line(at));
        }
        (self.bytes.get(at) == Some(&b',')).then_some(at)
    }

    fn check_brackets(&self, holder: usize) -> Result<(), SyntaxError> {
        if self.token(holder).has(Token::PAIR) && self.token(holder).kind == Kind::Map {
            let error = self.refuse(holder + 1, "this mapping has no braces");
            return Err(error.with_hint("write braces around it"));
        }
        Ok(())
    }

    /// Adds an entry after that of the key `after`, or after the last.
    pub(super) fn add_flow(&self, holder: usize, text: &str, after: Option<&str>) -> Result<Plan, SyntaxError> {
        self.check_brackets(holder)?;
        let mut plan = Plan::default();
        let Some(before) = self.entry_before(holder, after) else {
            let (start, end) = (self.token(holder).start as usize + 1, self.end_of(holder) - 1);
            if self.bytes[start..end].trim_ascii().is_empty() {
                plan.replace(start..end, text);
            } else {
                plan.insert(start, format!("{text} "));
            }
            return Ok(plan);
        };
        let end = self.value_end(&before)?;
        let start = self.entry_start(&before);
        // A colon needs a blank after it.
        let blank =
            if self.bytes[..end].ends_with(b":") && self.token(before.node).kind == Kind::Null { " " } else { "" };
        let line = self.line_start(start);
        if !self.is_first_on_line(start) {
            plan.insert(end, format!("{blank}, {text}"));
            return Ok(plan);
        }
        // One entry per line.
        let pad = String::from_utf8_lossy(&self.bytes[line..start]).into_owned();
        let comma = self.skip_blanks(end);
        let has_comma = self.bytes.get(comma) == Some(&b',');
        let behind = self.skip_blanks(comma + usize::from(has_comma));
        match self.bytes.get(behind) {
            Some(b'\n' | b'#') if self.comma(end).is_none_or(|found| has_comma && found == comma) => {
                if !has_comma {
                    plan.insert(end, format!("{blank},"));
                }
                let comma = if has_comma { "," } else { "" };
                let line_end = self.next_line(behind) - 1;
                plan.insert(line_end, format!("\n{pad}{text}{comma}"));
            }
            _ => plan.insert(end, format!("{blank},\n{pad}{text}")),
        }
        Ok(plan)
    }

    /// Removes an entry with its comma.
    pub(super) fn remove_flow(&self, entry: &Entry) -> Result<Plan, SyntaxError> {
        self.check_brackets(entry.holder)?;
        let mut plan = Plan::default();
        plan.gone.push(entry.start..entry.next);
        let entries = self.entries(entry.holder);
        let start = self.entry_start(entry);
        let end = self.value_end(entry)?;
        let index = entries.iter().position(|other| other.start == entry.start).unwrap_or(0);
        let behind = self.behind_comment(entry, end);
        let comma = self.comma(end);
        if entries.len() == 1 {
            let (open, close) = (self.token(entry.holder).start as usize + 1, self.end_of(entry.holder) - 1);
            let inside = entry.holder + 1..self.token(entry.holder).link as usize;
            let stays = |index| self.token(index).kind.is_comment() && !(entry.start..entry.next).contains(&index);
            if !inside.into_iter().any(stays) {
                plan.replace(open..close, "");
                return Ok(plan);
            }
        }
        let is_between = |from: usize, to: usize| self.bytes[from..to].iter().all(u8::is_ascii_whitespace);
        match comma {
            Some(comma) if comma == self.skip_blanks(end) => {
                // Up to what follows: an entry, a comment, or the bracket.
                let behind = self.behind_comment(entry, comma + 1).max(comma + 1);
                let next = self.skip_space(behind);
                // A comment needs a blank before it.
                let is_tight = self.bytes[..start].last().is_some_and(|byte| !byte.is_ascii_whitespace());
                let blank = if is_tight && self.bytes.get(next) == Some(&b'#') { " " } else { "" };
                plan.replace(start..next, blank);
            }
            Some(comma) => {
                plan.replace(start..behind, "");
                plan.replace(comma.max(behind)..comma.max(behind) + usize::from(comma >= behind), "");
            }
            None => {
                let before = index.checked_sub(1).map(|index| entries[index]);
                let before = before.map(|before| self.value_end(&before)).transpose()?;
                let comma = before.and_then(|before| self.comma(before));
                match comma {
                    Some(comma) if is_between(comma + 1, start) => plan.replace(comma..behind, ""),
                    // A comment stands between: the comma stays, which YAML allows.
                    _ if self.is_first_on_line(start) && self.bytes[behind..].starts_with(b"\n") => {
                        plan.replace(self.line_start(start)..behind + 1, "");
                    }
                    _ => plan.replace(start..behind, ""),
                }
            }
        }
        Ok(plan)
    }

    /// The end of the comment on the line of an entry, or `end`.
    fn behind_comment(&self, entry: &Entry, end: usize) -> usize {
        let last = self.token(entry.next - 1);
        if last.kind == Kind::LineComment { (last.end as usize).max(end) } else { end }
    }
}
