//! [`Node`]: a YAML value that knows where it is written, so that objects can be rewritten (converted, wrapped, merged)
//! before they are typed, and every message still names file, line and column.

use std::fmt::Write;
use std::sync::Arc;

use crate::problem::Location;
use crate::tekton::types::ParamValue;
use crate::tekton::variables::key::{Occurrence, variables};

/// A field that no file has: the name of the object that was referred to.
pub(in crate::tekton) const BY_REFERENCE: &str = "\u{0}reference";

/// A field that no file has: the names of the variables that a step has from `stepTemplate`.
pub(in crate::tekton) const FROM_TEMPLATE: &str = "\u{0}template";

/// Bytes between two places that a [`Source`] remembers.
const STRIDE: usize = 256;

/// The text of a file, for places in it.
#[derive(Debug, Default, PartialEq)]
struct Source {
    name: String,
    bytes: Vec<u8>,
    /// Line and column of every [`STRIDE`]th byte.
    marks: Vec<(usize, usize)>,
}

impl Source {
    fn new(name: &str, bytes: Vec<u8>) -> Source {
        let mut marks = Vec::with_capacity(bytes.len() / STRIDE + 1);
        let mut here = (1, 1);
        for (index, byte) in bytes.iter().enumerate() {
            if index % STRIDE == 0 {
                marks.push(here);
            }
            here = after(here, *byte);
        }
        marks.push(here);
        Source { name: name.to_owned(), bytes, marks }
    }

    fn location(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.bytes.len());
        let mark = (offset / STRIDE).min(self.marks.len().saturating_sub(1));
        let Some(start) = self.marks.get(mark) else { return (0, 0) };
        self.bytes.get(mark * STRIDE..offset).unwrap_or(&[]).iter().fold(*start, |here, byte| after(here, *byte))
    }
}

/// The place after a byte.
fn after((line, column): (usize, usize), byte: u8) -> (usize, usize) {
    match byte {
        b'\n' => (line + 1, 1),
        _ => (line, column + usize::from(byte & 0xC0 != 0x80)),
    }
}

/// Where something is written; nowhere where kfleet added it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::tekton) struct At {
    source: Arc<Source>,
    offset: usize,
    indent: Option<usize>,
}

impl At {
    /// The beginning of a text.
    pub(in crate::tekton) fn start_of(name: &str, bytes: Vec<u8>) -> At {
        At { source: Arc::new(Source::new(name, bytes)), offset: 0, indent: None }
    }

    /// Another byte of the same text; a block scalar also has the indentation of its lines.
    pub(in crate::tekton) fn moved_to(&self, offset: usize, indent: Option<usize>) -> At {
        At { source: Arc::clone(&self.source), offset, indent }
    }

    /// A line of a file whose text is not at hand.
    pub(in crate::tekton) fn line_of(file: &str, line: usize) -> At {
        let source = Source { name: file.to_owned(), bytes: Vec::new(), marks: vec![(line, 0)] };
        At { source: Arc::new(source), offset: 0, indent: None }
    }

    /// The beginning of a file that could not be read.
    pub(in crate::tekton) fn file(name: &str) -> At {
        At { source: Arc::new(Source { name: name.to_owned(), ..Source::default() }), offset: 0, indent: None }
    }

    /// For the typed objects, and for messages.
    pub(in crate::tekton) fn location(&self) -> Location {
        let (line, column) = self.source.location(self.offset);
        Location { file: self.source.name.clone(), line: line as u64, column: column as u64 }
    }

    /// The place of a byte of the text that is written here; exact in literal block scalars, else that of the text.
    pub(in crate::tekton) fn within(&self, text: &str, byte: usize) -> At {
        let Some(indent) = self.indent else { return self.clone() };
        let before = text.get(..byte).unwrap_or(text);
        let lines = before.matches('\n').count();
        let rest = before.rfind('\n').map_or(before, |at| &before[at + 1..]).len();
        let from = self.source.bytes.get(self.offset..).unwrap_or(&[]);
        let mut breaks = memchr::memchr_iter(b'\n', from);
        let start = if lines == 0 { 0 } else { breaks.nth(lines - 1).map_or(0, |at| at + 1) };
        // The token may start before or after its indentation.
        let blanks = from.get(start..).unwrap_or(&[]).iter().take_while(|byte| **byte == b' ').count().min(indent);
        self.moved_to(self.offset + start + blanks + rest, None)
    }

    /// Whether it is written in a file.
    pub(in crate::tekton) fn is_written(&self) -> bool {
        !self.source.name.is_empty()
    }
}

/// A value and where it is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::tekton) struct Node {
    pub(in crate::tekton) at: At,
    pub(in crate::tekton) value: Value,
}

/// What a [`Node`] is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::tekton) enum Value {
    /// Nothing.
    #[default]
    Null,
    Bool(bool),
    /// A number: as JSON, and as it is written.
    Number(String, String),
    Text(String),
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tekton) struct Entry {
    pub(in crate::tekton) key: String,
    /// Where the key is written.
    pub(in crate::tekton) at: At,
    pub(in crate::tekton) node: Node,
}

impl Node {
    /// Text that kfleet adds.
    pub(in crate::tekton) fn text(text: impl Into<String>) -> Node {
        Node { at: At::default(), value: Value::Text(text.into()) }
    }

    /// A list that kfleet adds.
    pub(in crate::tekton) fn list(items: Vec<Node>) -> Node {
        Node { at: At::default(), value: Value::List(items) }
    }

    /// A mapping that kfleet adds.
    pub(in crate::tekton) fn map(entries: Vec<(&str, Node)>) -> Node {
        let entry = |(key, node): (&str, Node)| Entry { key: key.to_owned(), at: node.at.clone(), node };
        Node { at: At::default(), value: Value::Map(entries.into_iter().map(entry).collect()) }
    }

    /// A value that was decoded already, such as `pipeline_run_spec`: all of it is at one place.
    pub(in crate::tekton) fn from_json(value: &serde_json::Value, at: &At) -> Node {
        let value = match value {
            serde_json::Value::Array(items) => {
                Value::List(items.iter().map(|item| Node::from_json(item, at)).collect())
            }
            serde_json::Value::Object(map) => {
                let entry = |(key, value): (&String, &serde_json::Value)| Entry {
                    key: key.clone(),
                    at: at.clone(),
                    node: Node::from_json(value, at),
                };
                Value::Map(map.iter().map(entry).collect())
            }
            other => scalar(other.clone(), None),
        };
        Node { at: at.clone(), value }
    }

    /// An item that kfleet adds to a list of named things.
    pub(in crate::tekton) fn item(name: &str) -> Node {
        Node::map(vec![("name", Node::text(name))])
    }

    /// An item with a value.
    pub(in crate::tekton) fn item_of(name: &str, value: impl Into<String>) -> Node {
        Node::map(vec![("name", Node::text(name)), ("value", Node::text(value))])
    }

    /// Its name, as an item of another list.
    pub(in crate::tekton) fn name_only(&self) -> Node {
        Node::item(self.text_of("name").unwrap_or_default()).written_at(&self.at)
    }

    /// The workspace of a task as a workspace of its pipeline.
    pub(in crate::tekton) fn declared_workspace(&self) -> Node {
        let mut declared = self.name_only();
        if let Some(optional) = self.get("optional") {
            declared.set("optional", optional.clone());
        }
        declared
    }

    /// The result of a task as a result of its pipeline; an array or object is handed on as a whole.
    pub(in crate::tekton) fn lifted_result(&self, list: &str, task: &str) -> Node {
        let name = self.text_of("name").unwrap_or_default();
        let star = if matches!(self.text_of("type"), Some("array" | "object")) { "[*]" } else { "" };
        Node::item_of(name, format!("$({list}.{task}.results.{name}{star})")).written_at(&self.at)
    }

    /// The same, written at another place.
    pub(in crate::tekton) fn written_at(mut self, at: &At) -> Node {
        self.at = at.clone();
        self
    }

    pub(in crate::tekton) fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    pub(in crate::tekton) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping; none of anything else.
    pub(in crate::tekton) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub(in crate::tekton) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(in crate::tekton) fn items_mut(&mut self) -> &mut [Node] {
        match &mut self.value {
            Value::List(items) => items,
            _ => &mut [],
        }
    }

    /// A field that is there and not null.
    pub(in crate::tekton) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node).filter(|node| !node.is_null())
    }

    pub(in crate::tekton) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let Value::Map(entries) = &mut self.value else { return None };
        entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node).filter(|node| !node.is_null())
    }

    /// The text of a field.
    pub(in crate::tekton) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::as_text)
    }

    /// The items of a field that is a list.
    pub(in crate::tekton) fn items_of(&self, key: &str) -> &[Node] {
        self.get(key).map_or(&[], Node::items)
    }

    pub(in crate::tekton) fn items_of_mut(&mut self, key: &str) -> &mut [Node] {
        self.get_mut(key).map_or(&mut [], Node::items_mut)
    }

    /// The steps and sidecars of a task.
    pub(in crate::tekton) fn containers(&self) -> impl Iterator<Item = &Node> {
        self.items_of("steps").iter().chain(self.items_of("sidecars"))
    }

    /// Calls `change` for every task of a pipeline.
    pub(in crate::tekton) fn each_task(&mut self, mut change: impl FnMut(&mut Node)) {
        for list in ["tasks", "finally"] {
            self.items_of_mut(list).iter_mut().for_each(&mut change);
        }
    }

    /// The item of a list of named things.
    pub(in crate::tekton) fn named(&self, list: &str, name: &str) -> Option<&Node> {
        self.items_of(list).iter().find(|item| item.text_of("name") == Some(name))
    }

    /// Sets a field of a mapping; nothing else is changed.
    pub(in crate::tekton) fn set(&mut self, key: &str, node: Node) {
        let Value::Map(entries) = &mut self.value else { return };
        match entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => entry.node = node,
            None => entries.push(Entry { key: key.to_owned(), at: node.at.clone(), node }),
        }
    }

    /// Takes a field out of a mapping.
    pub(in crate::tekton) fn remove(&mut self, key: &str) -> Option<Entry> {
        let Value::Map(entries) = &mut self.value else { return None };
        let index = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(index))
    }

    /// Gives a field another name; one that has it already is replaced.
    pub(in crate::tekton) fn rename(&mut self, old: &str, new: &str) {
        if let Some(entry) = self.remove(old) {
            self.remove(new);
            if let Value::Map(entries) = &mut self.value {
                entries.push(Entry { key: new.to_owned(), ..entry });
            }
        }
    }

    /// The field, made where it is not there.
    pub(in crate::tekton) fn entry(&mut self, key: &str, empty: Value) -> Option<&mut Node> {
        if self.get(key).is_none() {
            let at = self.at.clone();
            self.set(key, Node { at, value: empty });
        }
        self.get_mut(key)
    }

    /// Adds items to the end of a list that may not be there.
    pub(in crate::tekton) fn append(&mut self, key: &str, more: Vec<Node>) {
        if more.is_empty() {
            return;
        }
        if let Some(Node { value: Value::List(items), .. }) = self.entry(key, Value::List(Vec::new())) {
            items.extend(more);
        }
    }

    /// Adds an item to a list of named things, unless one of that name is there.
    pub(in crate::tekton) fn append_missing(&mut self, key: &str, item: Node) {
        let name = item.text_of("name").unwrap_or_default();
        if self.named(key, name).is_none() {
            self.append(key, vec![item]);
        }
    }

    /// Marks what could not be had: the run is refused already, and the checks need not complain about the gap.
    pub(in crate::tekton) fn leave_gap(&mut self) {
        self.set(BY_REFERENCE, Node::text(""));
    }

    /// Calls `see` for every text in it.
    pub(in crate::tekton) fn each_text<'a>(&'a self, see: &mut dyn FnMut(&'a At, &'a str)) {
        match &self.value {
            Value::Text(text) => see(&self.at, text),
            Value::List(items) => items.iter().for_each(|item| item.each_text(see)),
            Value::Map(entries) => entries.iter().for_each(|entry| entry.node.each_text(see)),
            _ => {}
        }
    }

    /// Calls `see` for every variable in its texts, with its place.
    pub(in crate::tekton) fn each_variable<'a>(&'a self, see: &mut dyn FnMut(At, Occurrence<'a>)) {
        self.each_text(&mut |at, text| {
            variables(text).into_iter().for_each(|found| see(at.within(text, found.byte), found));
        });
    }

    /// A value of a parameter as Tekton reads it: lists and maps of texts, and all else as one text.
    pub(in crate::tekton) fn to_param_value(&self) -> ParamValue {
        let text = |node: &Node| match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Null => Some(String::new()),
            _ => None,
        };
        match &self.value {
            Value::List(items) => {
                if let Some(items) = items.iter().map(text).collect() {
                    return ParamValue::Array(items);
                }
            }
            Value::Map(entries) => {
                let pair = |entry: &Entry| text(&entry.node).map(|text| (entry.key.clone(), text));
                if let Some(entries) = entries.iter().map(pair).collect() {
                    return ParamValue::Object(entries);
                }
            }
            Value::Text(text) => return ParamValue::String(text.clone()),
            Value::Null => return ParamValue::String(String::new()),
            _ => {}
        }
        let mut json = String::new();
        self.write_json(&mut json);
        ParamValue::String(json)
    }

    /// As Go writes JSON: keys in order, no blanks, `<`, `>` and `&` escaped.
    fn write_json(&self, out: &mut String) {
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Number(json, _) => out.push_str(json),
            Value::Text(text) => write_json_text(text, out),
            Value::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    item.write_json(out);
                }
                out.push(']');
            }
            Value::Map(entries) => {
                let mut entries: Vec<&Entry> = entries.iter().collect();
                entries.sort_by(|a, b| a.key.cmp(&b.key));
                out.push('{');
                for (index, entry) in entries.into_iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    write_json_text(&entry.key, out);
                    out.push(':');
                    entry.node.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_json_text(text: &str, out: &mut String) {
    for letter in serde_json::Value::from(text).to_string().chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
}

/// A number as Go writes it in JSON.
fn go_number(number: &serde_json::Number) -> String {
    let Some(value) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        // Go writes the sign of the exponent, and at least two digits of a positive one.
        return match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent:0>2}"),
            _ => text,
        };
    }
    value.to_string()
}

/// A scalar that was decoded already, and as it is written.
pub(in crate::tekton) fn scalar(value: serde_json::Value, written: Option<String>) -> Value {
    match value {
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => {
            let json = go_number(&number);
            let written = written.unwrap_or_else(|| json.clone());
            Value::Number(json, written)
        }
        serde_json::Value::String(text) => Value::Text(text),
        _ => Value::Null,
    }
}
