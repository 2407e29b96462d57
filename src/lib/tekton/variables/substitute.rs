//! Replacing `$(key)`: plain text, known keys only, one pass from left to right for each [`Table`]. What a pass inserts is
//! not read again within it, but by the passes that follow.
//!
//! Sizes are hostile: each byte is read once, and what may be inserted is limited for each field and for all together.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Field, Visit};
use super::key::{is_late_value, param_of};
pub use super::scan::References;
use super::scan::exact;
use crate::tekton::types::ParamValue;

/// What one field may become.
const FIELD_BYTES: usize = 16 << 20;

/// What all fields together may become, for one plan or one attempt at a task.
const TOTAL_BYTES: usize = 256 << 20;

/// Values by their full name, such as `params.url` or `context.task.name`.
#[derive(Debug, Clone, Default)]
pub struct Table<'a> {
    values: BTreeMap<String, ParamValue>,
    below: Option<&'a Table<'a>>,
    old_params: bool,
}

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    Text(&'a str),
    List(&'a [String]),
    Map(&'a BTreeMap<String, String>),
    /// An index after the end of a list.
    OutOfRange(usize),
}

impl<'a> Table<'a> {
    /// The values of parameters.
    pub fn of_params(params: &BTreeMap<String, ParamValue>) -> Table<'static> {
        let values = params.iter().map(|(name, value)| (format!("params.{name}"), value.clone())).collect();
        Table { values, ..Table::default() }
    }

    /// A table whose own values win over those of another.
    pub fn over(below: &'a Table<'a>) -> Self {
        Table { values: BTreeMap::new(), below: Some(below), old_params: below.old_params }
    }

    /// Makes `inputs.params.X` mean `params.X`, as it does in tasks.
    #[must_use]
    pub fn with_old_params(mut self) -> Self {
        self.old_params = true;
        self
    }

    pub fn put(&mut self, key: impl Into<String>, value: ParamValue) {
        self.values.insert(key.into(), value);
    }

    pub fn put_text(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.put(key, ParamValue::String(value.into()));
    }

    fn value(&self, name: &str) -> Option<&ParamValue> {
        let mut table = Some(self);
        while let Some(this) = table {
            if let Some(value) = this.values.get(name) {
                return Some(value);
            }
            table = this.below;
        }
        None
    }

    /// What a key stands for, if it is known: `params.a`, `params["a"]`, `params['a']`, with `[1]` or `[*]` for lists and
    /// `.key` for maps.
    pub fn get(&self, key: &str) -> Option<Found<'_>> {
        if let Some(found) = self.plain(key) {
            return Some(found);
        }
        if let Some(name) = without_brackets(key) {
            return self.plain(&name);
        }
        let old = key.strip_prefix("inputs.").filter(|key| self.old_params && key.starts_with("params."))?;
        self.plain(old)
    }

    fn plain(&self, key: &str) -> Option<Found<'_>> {
        if let Some(value) = self.value(key) {
            return Some(whole(value));
        }
        if let Some((name, index)) = key.strip_suffix(']').and_then(|key| key.rsplit_once('[')) {
            return match (self.value(name)?, index) {
                (value @ (ParamValue::Array(_) | ParamValue::Object(_)), "*") => Some(whole(value)),
                (ParamValue::Array(items), index) if index.bytes().all(|byte| byte.is_ascii_digit()) => {
                    let at: usize = index.parse().ok()?;
                    Some(items.get(at).map_or(Found::OutOfRange(items.len()), |item| Found::Text(item)))
                }
                _ => None,
            };
        }
        let (name, member) = key.rsplit_once('.')?;
        match self.value(name)? {
            ParamValue::Object(members) => members.get(member).map(|text| Found::Text(text)),
            _ => None,
        }
    }
}

fn whole(value: &ParamValue) -> Found<'_> {
    match value {
        ParamValue::String(text) => Found::Text(text),
        ParamValue::Array(items) => Found::List(items),
        ParamValue::Object(members) => Found::Map(members),
    }
}

/// `params["a"][0]` as `params.a[0]`.
fn without_brackets(key: &str) -> Option<String> {
    let (before, rest) = key.split_once('[')?;
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (name, after) = rest[1..].split_once(quote)?;
    let after = after.strip_prefix(']')?;
    Some(format!("{before}.{name}{after}"))
}

/// How much text may still be inserted.
#[derive(Debug)]
pub struct Budget(Cell<usize>);

impl Default for Budget {
    fn default() -> Self {
        Budget(Cell::new(TOTAL_BYTES))
    }
}

impl Budget {
    /// Takes bytes, if there are as many left.
    pub fn spend(&self, bytes: usize) -> bool {
        let left = self.0.get().checked_sub(bytes);
        left.inspect(|left| self.0.set(*left)).is_some()
    }
}

/// Applies one table to fields, and keeps what is wrong with their references.
pub struct Expander<'a> {
    table: &'a Table<'a>,
    budget: &'a Budget,
    /// Whether a reference to a parameter that is not there, or cannot be used so, is a problem.
    strict: bool,
    /// Whether parts of parameters whose values are known only later are left as they are.
    late: bool,
    problems: RefCell<BTreeSet<String>>,
}

impl<'a> Expander<'a> {
    /// An expander that leaves what it does not know as it is.
    pub fn new(table: &'a Table<'a>, budget: &'a Budget) -> Self {
        Expander { table, budget, strict: false, late: false, problems: RefCell::default() }
    }

    /// An expander that also finds references to parameters that cannot be replaced.
    pub fn strict(table: &'a Table<'a>, budget: &'a Budget) -> Self {
        Expander { strict: true, ..Expander::new(table, budget) }
    }

    /// Leaves parts of parameters as they are where the values are known only later: for plans.
    #[must_use]
    pub fn with_late(self, late: bool) -> Self {
        Expander { late, ..self }
    }

    /// What was wrong, each thing once, in order.
    pub fn into_problems(self) -> Vec<String> {
        self.problems.into_inner().into_iter().collect()
    }

    /// Expands the fields that a walk visits; what was wrong, as [`Expander::into_problems`].
    pub fn over(self, walk: impl FnOnce(&mut Visit<'_>)) -> Vec<String> {
        walk(&mut |field| self.field(field));
        self.into_problems()
    }

    pub fn field(&self, field: Field<'_>) {
        match field {
            Field::Text(text) => self.in_place(text),
            Field::List(items) => self.list(items),
            Field::Value(value) => self.value(value),
        }
    }

    pub fn in_place(&self, text: &mut String) {
        if let Some(expanded) = self.text(text) {
            *text = expanded;
        }
    }

    /// The expanded text; `None` where nothing changes.
    fn text(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut copied = 0;
        for (range, key) in References::new(text) {
            match self.table.get(key) {
                Some(Found::Text(value)) => {
                    out.push_str(&text[copied..range.start]);
                    if !self.take(out.len(), value.len()) {
                        return None;
                    }
                    out.push_str(value);
                    copied = range.end;
                }
                found => self.refuse(key, found),
            }
        }
        if copied == 0 {
            return None;
        }
        out.push_str(&text[copied..]);
        Some(out)
    }

    /// Expands a list: an element that is exactly a reference to a list becomes its items.
    pub fn list(&self, items: &mut Vec<String>) {
        if !items.iter().any(|item| item.contains("$(")) {
            return;
        }
        let mut out = Vec::with_capacity(items.len());
        let mut bytes = 0;
        for item in items.drain(..) {
            match exact(&item).and_then(|key| self.table.get(key)) {
                Some(Found::List(values)) => {
                    for value in values {
                        if !self.take(bytes, value.len() + size_of::<String>()) {
                            break;
                        }
                        bytes += value.len() + size_of::<String>();
                        out.push(value.clone());
                    }
                }
                _ => {
                    let text = self.text(&item).unwrap_or(item);
                    bytes += text.len();
                    out.push(text);
                }
            }
        }
        *items = out;
    }

    /// Expands a value: text that is exactly a reference to a list or map becomes one.
    pub fn value(&self, value: &mut ParamValue) {
        match value {
            ParamValue::Array(items) => self.list(items),
            ParamValue::Object(members) => members.values_mut().for_each(|text| self.in_place(text)),
            ParamValue::String(text) => match exact(text).and_then(|key| self.table.get(key)) {
                Some(Found::List(items)) => {
                    if self.take(0, items.iter().map(|item| item.len() + size_of::<String>()).sum()) {
                        *value = ParamValue::Array(items.to_vec());
                    }
                }
                Some(Found::Map(members)) => {
                    if self.take(0, members.iter().map(|(key, text)| key.len() + text.len()).sum()) {
                        *value = ParamValue::Object(members.clone());
                    }
                }
                _ => self.in_place(text),
            },
        }
    }

    fn take(&self, already: usize, more: usize) -> bool {
        let fits = already.saturating_add(more) <= FIELD_BYTES && self.budget.spend(more);
        if !fits {
            self.problems.borrow_mut().insert("a field becomes too large when its references are replaced".to_owned());
        }
        fits
    }

    fn refuse(&self, key: &str, found: Option<Found<'_>>) {
        let is_param = ["params.", "params[", "inputs.params."].iter().any(|prefix| key.starts_with(prefix));
        if !self.strict || !is_param {
            return;
        }
        let value = || self.table.value(&format!("params.{}", param_of(key)?));
        if self.late && value().is_some_and(is_late_value) {
            return;
        }
        let problem = match found {
            None => format!("$({key}) names no parameter that has a value"),
            Some(Found::OutOfRange(length)) => {
                format!("ParamArrayIndexingInvalid: $({key}) is after the end of a list of {length}")
            }
            Some(Found::List(_)) => format!("$({key}) is a whole list, which cannot be part of a text"),
            Some(Found::Map(_)) => format!("$({key}) is a whole map, of which only single keys can be used here"),
            Some(Found::Text(_)) => return,
        };
        self.problems.borrow_mut().insert(problem);
    }
}

#[cfg(test)]
#[path = "substitute_tests.rs"]
mod tests;
