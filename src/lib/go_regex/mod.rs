//! Regular expressions of Go (RE2) in terms of the `regex` crate. The two differ in what `\d` and `\b` mean, in `\Q..\E`,
//! octal escapes and literal braces, and in what they refuse. A pattern is read by the rules of Go's `regexp/syntax` and
//! written anew, so that what is wrong in Go is wrong here, with the byte that is to blame.
//!
//! Nothing here recurses: groups are kept on a stack.

mod class;
mod escape;

use regex::{Regex, RegexBuilder};
use std::collections::BTreeMap;

/// Longer patterns are refused.
const MAX_PATTERN: usize = 64 * 1024;
/// As in Go: `{n}` and nested products of it.
const MAX_REPEAT: usize = 1000;
/// Groups within groups.
const MAX_DEPTH: usize = 200;
/// So much memory a compiled pattern may take.
const MAX_COMPILED: usize = 10 << 20;

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// The byte of the pattern that is to blame.
    pub offset: usize,
    /// What is wrong, in Go's words where it has some.
    pub message: String,
}

impl PatternError {
    fn new(offset: usize, message: impl Into<String>) -> Self {
        PatternError { offset, message: message.into() }
    }

    /// The pattern with a caret under the byte that is to blame, in two lines; of a long pattern, what is around it.
    pub fn caret(&self, pattern: &str) -> String {
        let before: Vec<char> =
            pattern.char_indices().take_while(|(at, _)| *at < self.offset).map(|(_, c)| c).collect();
        let skipped = before.len().saturating_sub(60);
        let shown: String = pattern.chars().skip(skipped).take(100).map(shown).collect();
        format!("    {shown}\n    {}^", " ".repeat(before.len() - skipped))
    }
}

/// What has one column on any terminal.
fn shown(c: char) -> char {
    if c.is_control() || ('\u{200e}'..='\u{202e}').contains(&c) { '\u{fffd}' } else { c }
}

/// Compiles a pattern of Go.
///
/// # Errors
/// Go would refuse it, or it is too large.
pub fn compile(pattern: &str) -> Result<Regex, PatternError> {
    let translated = translate(pattern)?;
    RegexBuilder::new(&translated).size_limit(MAX_COMPILED).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => PatternError::new(0, "expression too large"),
        _ => PatternError::new(0, "this expression cannot be compiled"),
    })
}

/// Writes a pattern of Go as one of the `regex` crate.
///
/// # Errors
/// Go would refuse it, or it is too large.
pub fn translate(pattern: &str) -> Result<String, PatternError> {
    if pattern.len() > MAX_PATTERN {
        return Err(PatternError::new(MAX_PATTERN, format!("a pattern of more than {MAX_PATTERN} bytes")));
    }
    let mut translation = Translation {
        reader: Reader { text: pattern, at: 0, classes: BTreeMap::new() },
        groups: vec![Group::new(0, String::new())],
    };
    let mut repeated_at = None;
    while translation.reader.peek().is_some() {
        repeated_at = translation.step(repeated_at)?;
    }
    translation.finish()
}

/// The text that is left, and where it starts.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The classes of Unicode that were looked up, by their bare names: a look-up takes long.
    classes: BTreeMap<String, Option<&'static str>>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn take(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.at += text.len();
        }
        is_next
    }
}

/// One thing that a repetition can stand after.
struct Item {
    text: String,
    /// The largest product of the counts of repetitions inside.
    repeats: usize,
    /// A change of flags: no repetition applies to it.
    is_flags: bool,
}

/// An open group.
struct Group {
    start: usize,
    open: String,
    /// Earlier branches, complete with their `|`.
    branches: String,
    /// The largest product of repetitions in these.
    repeats: usize,
    items: Vec<Item>,
}

impl Group {
    fn new(start: usize, open: String) -> Self {
        Group { start, open, branches: String::new(), repeats: 0, items: Vec::new() }
    }

    fn push(&mut self, text: impl Into<String>) {
        self.items.push(Item { text: text.into(), repeats: 1, is_flags: false });
    }

    fn end_branch(&mut self) {
        for item in std::mem::take(&mut self.items) {
            self.branches.push_str(&item.text);
            self.repeats = self.repeats.max(item.repeats);
        }
    }
}

struct Translation<'a> {
    reader: Reader<'a>,
    /// The groups that are open; the first is the whole pattern.
    groups: Vec<Group>,
}

impl Translation<'_> {
    /// One round of the loop of Go's parser. `repeated_at` is where the repetition right before starts, if there is one.
    fn step(&mut self, repeated_at: Option<usize>) -> Result<Option<usize>, PatternError> {
        let start = self.reader.at;
        let Some(c) = self.reader.next() else { return Ok(None) };
        match c {
            '(' => self.open(start)?,
            '|' => {
                let group = self.group();
                group.end_branch();
                group.branches.push('|');
            }
            ')' => {
                if self.groups.len() < 2 {
                    return Err(PatternError::new(start, "unexpected )"));
                }
                self.close();
            }
            '^' | '$' | '.' => self.group().push(c),
            '[' => {
                let class = class::bracketed(&mut self.reader, start)?;
                self.group().push(class);
            }
            '*' | '+' | '?' => {
                self.repeat(start, c.to_string(), 0, repeated_at)?;
                return Ok(Some(start));
            }
            '{' => match self.counts() {
                None => self.group().push("\\{"),
                Some((min, max)) => {
                    let largest = max.unwrap_or(min);
                    if min > MAX_REPEAT || largest > MAX_REPEAT || largest < min {
                        return Err(PatternError::new(start, "invalid repeat count"));
                    }
                    let text = match max {
                        None => format!("{{{min},}}"),
                        Some(max) => format!("{{{min},{max}}}"),
                    };
                    self.repeat(start, text, largest, repeated_at)?;
                    return Ok(Some(start));
                }
            },
            '\\' => self.escape(start)?,
            c => self.literal(c),
        }
        Ok(None)
    }

    /// The innermost open group. The first one is never closed, so there is always one.
    fn group(&mut self) -> &mut Group {
        if self.groups.is_empty() {
            self.groups.push(Group::new(0, String::new()));
        }
        let last = self.groups.len() - 1;
        &mut self.groups[last]
    }

    fn literal(&mut self, c: char) {
        let mut text = String::new();
        escape::write_literal(c, &mut text);
        self.group().push(text);
    }

    fn close(&mut self) {
        let Some(mut group) = self.groups.pop() else { return };
        group.end_branch();
        let text = format!("{}{})", group.open, group.branches);
        self.group().items.push(Item { text, repeats: group.repeats.max(1), is_flags: false });
    }

    fn open(&mut self, start: usize) -> Result<(), PatternError> {
        if self.groups.len() > MAX_DEPTH {
            return Err(PatternError::new(start, "expression nests too deeply"));
        }
        if !self.reader.take("?") {
            // What a group captures is never asked for.
            self.groups.push(Group::new(start, "(?:".to_owned()));
            return Ok(());
        }
        let rest = self.reader.rest();
        if (rest.starts_with("P<") && rest.len() > 2) || (rest.starts_with('<') && rest.len() > 1) {
            let from = self.reader.at + if rest.starts_with('P') { 2 } else { 1 };
            let name = self.reader.text[from..].split_once('>').map(|(name, _)| name);
            let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let Some(name) = name.filter(|name| is_name(name)) else {
                return Err(PatternError::new(start, "invalid named capture"));
            };
            self.reader.at = from + name.len() + 1;
            self.groups.push(Group::new(start, "(?:".to_owned()));
            return Ok(());
        }
        self.flags(start)
    }

    /// `(?flags)` and `(?flags:`, from after the question mark.
    fn flags(&mut self, start: usize) -> Result<(), PatternError> {
        let mut on = Vec::new();
        let mut off = Vec::new();
        let mut is_negative = false;
        loop {
            let at = self.reader.at;
            match self.reader.next() {
                Some(flag @ ('i' | 'm' | 's' | 'U')) => {
                    let list = if is_negative { &mut off } else { &mut on };
                    if !list.contains(&flag) {
                        list.push(flag);
                    }
                }
                Some('-') if !is_negative => is_negative = true,
                Some(end @ (':' | ')')) if !is_negative || !off.is_empty() => {
                    on.retain(|flag| !off.contains(flag));
                    let flags: String = on.iter().collect();
                    let without: String = off.iter().collect();
                    let flags = if without.is_empty() { flags } else { format!("{flags}-{without}") };
                    if end == ':' {
                        self.groups.push(Group::new(start, format!("(?{flags}:")));
                    } else if !flags.is_empty() {
                        self.group().items.push(Item { text: format!("(?{flags})"), repeats: 1, is_flags: true });
                    }
                    return Ok(());
                }
                Some(_) => return Err(PatternError::new(at, "invalid or unsupported Perl syntax")),
                None => return Err(PatternError::new(start, "missing closing )")),
            }
        }
    }

    /// The counts of `{n}`, `{n,}` and `{n,m}`, from after the brace; `None`: the brace is a brace.
    fn counts(&mut self) -> Option<(usize, Option<usize>)> {
        let inside = self.reader.rest().split_once('}')?.0;
        let (min, max) = match inside.split_once(',') {
            None => {
                let count = count(inside)?;
                (count, Some(count))
            }
            Some((min, "")) => (count(min)?, None),
            Some((min, max)) => (count(min)?, Some(count(max)?)),
        };
        self.reader.at += inside.len() + 1;
        Some((min, max))
    }

    fn repeat(
        &mut self,
        start: usize,
        operator: String,
        count: usize,
        repeated_at: Option<usize>,
    ) -> Result<(), PatternError> {
        let lazy = if self.reader.take("?") { "?" } else { "" };
        if repeated_at.is_some() {
            return Err(PatternError::new(start, "invalid nested repetition operator"));
        }
        let Some(item) = self.group().items.iter_mut().rev().find(|item| !item.is_flags) else {
            return Err(PatternError::new(start, "missing argument to repetition operator"));
        };
        if operator.starts_with('{') {
            item.repeats = item.repeats.saturating_mul(count);
            if item.repeats > MAX_REPEAT {
                return Err(PatternError::new(start, "invalid repeat count"));
            }
        }
        item.text = format!("(?:{}){operator}{lazy}", item.text);
        Ok(())
    }

    fn escape(&mut self, start: usize) -> Result<(), PatternError> {
        let text = match self.reader.peek() {
            Some('A') => "\\A",
            Some('z') => "\\z",
            Some('b') => "(?-u:\\b)",
            Some('B') => "(?-u:\\B)",
            Some('Q') => {
                self.reader.next();
                let rest = self.reader.rest();
                let (quoted, behind) =
                    rest.split_once("\\E").map_or((rest, rest.len()), |(quoted, _)| (quoted, quoted.len() + 2));
                quoted.chars().for_each(|c| self.literal(c));
                self.reader.at += behind;
                return Ok(());
            }
            _ => {
                if let Some(class) = class::escaped(&mut self.reader, start)? {
                    self.group().push(class);
                } else {
                    match char::from_u32(escape::code_point(&mut self.reader, start)?) {
                        Some(c) => self.literal(c),
                        // A surrogate is in no text.
                        None => self.group().push(class::NOTHING),
                    }
                }
                return Ok(());
            }
        };
        self.reader.next();
        self.group().push(text);
        Ok(())
    }

    fn finish(mut self) -> Result<String, PatternError> {
        if let [_, .., open] = self.groups.as_slice() {
            return Err(PatternError::new(open.start, "missing closing )"));
        }
        let group = self.group();
        group.end_branch();
        Ok(std::mem::take(&mut group.branches))
    }
}

/// A number without leading zeros. Where it is absurdly large, one that is too large.
fn count(text: &str) -> Option<usize> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let has_zero = text.len() > 1 && text.starts_with('0');
    (is_number && !has_zero).then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests;
