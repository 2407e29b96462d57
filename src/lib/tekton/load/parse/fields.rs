//! [`Fields`]: reads the fields of a mapping by name and type, and complains about those that nobody asked for.

use std::time::Duration;

use crate::suggest::nearest;
use crate::tekton::node::{Entry, Node, Value};
use crate::tekton::report::Report;
use crate::tekton::types::Timeout;

/// The fields of one mapping. [`Fields::end`] complains about the unknown ones.
pub(super) struct Fields<'a> {
    what: String,
    entries: &'a [Entry],
    known: Vec<&'static str>,
    report: &'a Report,
}

impl<'a> Fields<'a> {
    /// Starts reading a mapping; `what` says in messages what it is. Anything but a mapping is a problem.
    pub(super) fn of(node: &'a Node, what: impl Into<String>, report: &'a Report) -> Fields<'a> {
        let what = what.into();
        if !matches!(node.value, Value::Map(_) | Value::Null) {
            report.error(&node.at, format!("{what} must be a mapping, and is {}", kind(node)));
        }
        Fields { what, entries: node.entries(), known: Vec::new(), report }
    }

    /// All entries, for mappings whose keys are free.
    pub(super) fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// A field that is there and not null.
    pub(super) fn get(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.push(name);
        self.entries.iter().find(|entry| entry.key == name).map(|entry| &entry.node).filter(|node| !node.is_null())
    }

    fn mistyped(&self, name: &str, node: &Node, wanted: &str) {
        let message = format!("`{name}` of {} must be {wanted}, and is {}", self.what, kind(node));
        match node.value {
            Value::Bool(_) | Value::Number(..) if wanted.contains("text") => {
                self.report.error_with(&node.at, message, "put it in quotes");
            }
            _ => self.report.error(&node.at, message),
        }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        let node = self.get(name)?;
        if node.as_text().is_none() {
            self.mistyped(name, node, "a text");
        }
        node.as_text().map(str::to_owned)
    }

    /// A text that is not empty.
    pub(super) fn word(&mut self, name: &'static str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// `true` or `false`; false where it is missing.
    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        let Some(node) = self.get(name) else { return false };
        if let Value::Bool(value) = node.value {
            return value;
        }
        self.mistyped(name, node, "true or false");
        false
    }

    pub(super) fn number(&mut self, name: &'static str) -> Option<i64> {
        let node = self.get(name)?;
        let number = match &node.value {
            Value::Number(json, _) => json.parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.mistyped(name, node, "a whole number");
        }
        number
    }

    /// A list; empty where it is missing.
    pub(super) fn list(&mut self, name: &'static str) -> &'a [Node] {
        let Some(node) = self.get(name) else { return &[] };
        if !matches!(node.value, Value::List(_)) {
            self.mistyped(name, node, "a list");
        }
        node.items()
    }

    pub(super) fn texts(&mut self, name: &'static str) -> Vec<String> {
        let mut texts = Vec::new();
        for item in self.list(name) {
            match &item.value {
                Value::Text(text) => texts.push(text.clone()),
                Value::Null => texts.push(String::new()),
                _ => self.mistyped(name, item, "a list of texts"),
            }
        }
        texts
    }

    /// A duration as Go writes it.
    pub(super) fn timeout(&mut self, name: &'static str) -> Option<Timeout> {
        let node = self.get(name)?;
        let text = self.text(name)?;
        match duration(&text) {
            Some(Span::Of(Duration::ZERO)) => Some(Timeout::Never),
            Some(Span::Of(span)) => Some(Timeout::After(span)),
            Some(Span::Negative) => self.report.fail(&node.at, format!("`{name}` of {} is negative", self.what)),
            None => {
                let message = format!("`{name}` of {} is not a duration: `{text}`", self.what);
                self.report.fail_with(&node.at, message, "write it like 90s, 10m or 1h30m")
            }
        }
    }

    /// Fields for people.
    pub(super) fn skip(&mut self, names: &[&'static str]) {
        self.known.extend(names);
    }

    fn written(&mut self, name: &'static str) -> Option<&'a Entry> {
        self.known.push(name);
        self.entries.iter().find(|entry| entry.key == name && !is_empty(&entry.node))
    }

    /// Fields that mean nothing outside a cluster.
    pub(super) fn inert(&mut self, names: &[&'static str]) {
        for name in names {
            if let Some(entry) = self.written(name) {
                self.report.inert(&entry.at, name);
            }
        }
    }

    /// A field that kfleet does not support.
    pub(super) fn refuse(&mut self, name: &'static str, why: &str) {
        if let Some(entry) = self.written(name) {
            self.report.error_with(&entry.at, format!("{} has `{name}`, which kfleet does not run", self.what), why);
        }
    }

    /// Complains about fields that were not asked for. `moved` are names of other versions, with what to write.
    pub(super) fn end(self, moved: &[(&str, &str)]) {
        for entry in self.entries.iter().filter(|entry| !self.known.contains(&entry.key.as_str())) {
            let near = nearest(&entry.key, self.known.iter().copied()).first().copied();
            let hint = match moved.iter().find(|(name, _)| *name == entry.key) {
                Some((_, hint)) => (*hint).to_owned(),
                None => near.map_or_else(|| "remove it".to_owned(), |near| format!("did you mean `{near}`?")),
            };
            if self.report.drops_unknown.get() {
                let message = format!("{} has no field `{}`: Lighthouse drops it", self.what, entry.key);
                self.report.warn("unknown-field", &entry.at, message, hint);
            } else {
                self.report.error_with(&entry.at, format!("{} has no field `{}`", self.what, entry.key), hint);
            }
        }
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

/// What a value is, for messages.
pub(super) fn kind(node: &Node) -> &'static str {
    match node.value {
        Value::Null => "empty",
        Value::Bool(_) => "a truth value",
        Value::Number(..) => "a number",
        Value::Text(_) => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
    }
}

/// A span of time as Go writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// Not below zero.
    Of(Duration),
    Negative,
}

/// Reads a duration as Go's `time.ParseDuration` does.
pub(super) fn duration(text: &str) -> Option<Span> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(Span::Of(Duration::ZERO));
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let (whole, behind) = rest.split_at(digits);
        let (fraction, behind) = match behind.strip_prefix('.') {
            Some(behind) => {
                let end = behind.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(behind.len());
                behind.split_at(end)
            }
            None => ("", behind),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = behind.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(end);
        let unit: u128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let mut part = unit;
        total = total.checked_add(whole.checked_mul(unit)?)?;
        for digit in fraction.bytes() {
            part /= 10;
            total = total.checked_add(u128::from(digit - b'0') * part)?;
        }
        rest = behind;
    }
    let nanoseconds = i64::try_from(total).ok()?;
    let span = Duration::from_nanos(nanoseconds.unsigned_abs());
    Some(if negative && !span.is_zero() { Span::Negative } else { Span::Of(span) })
}
