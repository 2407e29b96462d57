//! New values as text: lines for block YAML, one line for flow collections and JSON.

use super::super::emit::MAX_KEY;
use super::super::input::Text;
use super::super::resolve::{self, Value as Plain};
use super::super::scalar;
use super::super::scan::SyntaxError;
use super::super::tape::{Kind, Tape, Token};
use super::super::value::to_value;
use super::{New, Step, parse};
use serde_json::Value;

/// A new value, and the keys of the mappings that are made around it, outermost first.
pub(super) struct Content<'a> {
    new: New<'a>,
    keys: Vec<&'a str>,
    /// The value is the only entry of a new list.
    in_list: bool,
}

/// A value as it is written in block YAML.
#[derive(Debug, Clone, Default)]
pub(super) struct Fragment {
    /// What stands after the colon or the dash: a scalar, a flow collection, the header of block text, or nothing.
    pub(super) head: String,
    /// The lines below, without their common indentation.
    lines: Vec<String>,
    is_list: bool,
    /// The lines have the indentation that their header gives.
    exact: bool,
    /// The last line belongs to block text.
    pub(super) ends_in_text: bool,
}

/// How a document is indented.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// The columns of one level.
    pub(super) step: usize,
    /// Lists stand at the column of their key.
    pub(super) compact: bool,
}

/// The text of new YAML with a line break at its end, and its value.
pub(super) fn yaml_value(yaml: &str) -> Result<(String, Value), SyntaxError> {
    let text = format!("{}\n", yaml.strip_suffix('\n').unwrap_or(yaml));
    let (tape, ready) = tape_of(&text)?;
    let value = to_value(&tape, &ready.bytes, 0).map_err(|error| not_usable(&error.message))?;
    Ok((String::from_utf8_lossy(&ready.bytes).into_owned(), value))
}

/// The comments of new YAML.
pub(super) fn yaml_comments(yaml: &str) -> Result<Vec<String>, SyntaxError> {
    let (tape, text) = tape_of(yaml)?;
    let comments = tape.tokens.iter().filter(|token| token.kind.is_comment());
    Ok(comments.map(|token| String::from_utf8_lossy(tape.text(&text.bytes, *token)).into_owned()).collect())
}

fn not_usable(message: &str) -> SyntaxError {
    SyntaxError::new(0, format!("the new value cannot be used: {message}"))
}

fn tape_of(yaml: &str) -> Result<(Tape, Text<'_>), SyntaxError> {
    let text = Text::new(yaml.as_bytes()).map_err(|error| not_usable(&error.message))?;
    let mut tape = Tape::default();
    parse(&text, &mut tape).map_err(|error| not_usable(&error.message))?;
    if tape.is_empty() {
        return Err(not_usable("it is empty"));
    }
    if tape.has_anchors {
        return Err(not_usable("it has anchors or aliases"));
    }
    Ok((tape, text))
}

impl<'a> Content<'a> {
    /// A value inside mappings with these keys.
    pub(super) fn new(new: New<'a>, steps: &[Step<'a>], in_list: bool) -> Result<Self, SyntaxError> {
        let mut keys = Vec::with_capacity(steps.len());
        for step in steps {
            let Step::Key(key) = step else {
                return Err(SyntaxError::new(0, "a list with entries was expected here, and there is none"));
            };
            if key.len() > MAX_KEY / 4 {
                return Err(not_usable("a key of its path is too long"));
            }
            keys.push(*key);
        }
        if let New::Yaml(yaml) = new {
            yaml_fragment(yaml)?;
        }
        Ok(Content { new, keys, in_list })
    }

    /// The outermost key, and the content without it.
    pub(super) fn without_key(&self) -> Option<(&'a str, Self)> {
        let (key, rest) = self.keys.split_first()?;
        Some((key, Content { new: self.new, keys: rest.to_vec(), in_list: self.in_list }))
    }

    /// The text, where it is no more than that.
    pub(super) fn as_text(&self) -> Option<&'a str> {
        match self.new {
            New::Text(text) if self.keys.is_empty() && !self.in_list => Some(text),
            _ => None,
        }
    }

    /// The value as JSON knows it.
    pub(super) fn value(&self) -> Result<Value, SyntaxError> {
        let mut value = match self.new {
            New::Text(text) => Value::String(text.to_owned()),
            New::Yaml(yaml) => yaml_value(yaml)?.1,
        };
        if self.in_list {
            value = Value::Array(vec![value]);
        }
        for key in self.keys.iter().rev() {
            value = Value::Object([((*key).to_owned(), value)].into_iter().collect());
        }
        Ok(value)
    }

    /// In one line, for flow collections and JSON.
    pub(super) fn flow(&self, json: bool) -> Result<String, SyntaxError> {
        let mut text = match self.new {
            New::Text(text) => flow_text(text, json),
            New::Yaml(yaml) => one_line(yaml, json)?,
        };
        if self.in_list {
            text = format!("[{text}]");
        }
        for key in self.keys.iter().rev() {
            text = format!("{{{}: {text}}}", flow_text(key, json));
        }
        Ok(text)
    }

    /// As lines.
    pub(super) fn block(&self, habits: Habits) -> Result<Fragment, SyntaxError> {
        let mut fragment = match self.new {
            New::Text(text) => Fragment { head: block_text(text), ..Fragment::default() },
            New::Yaml(yaml) => yaml_fragment(yaml)?,
        };
        if self.in_list {
            let lines = fragment.item(0, habits);
            fragment = Fragment { lines, is_list: true, ends_in_text: fragment.ends_in_text, ..Fragment::default() };
        }
        for key in self.keys.iter().rev() {
            let lines = fragment.under(&format!("{}:", block_text(key)), 0, habits);
            fragment = Fragment { lines, ends_in_text: fragment.ends_in_text, ..Fragment::default() };
        }
        Ok(fragment)
    }
}

/// A text as one line of block YAML.
pub(super) fn block_text(text: &str) -> String {
    text_of(|out| scalar::write_text(text, false, out))
}

/// A text inside brackets.
pub(super) fn flow_text(text: &str, json: bool) -> String {
    if json { Value::String(text.to_owned()).to_string() } else { text_of(|out| scalar::write_text(text, true, out)) }
}

/// What is written.
pub(super) fn text_of(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// New YAML in one line.
fn one_line(yaml: &str, json: bool) -> Result<String, SyntaxError> {
    let (tape, text) = tape_of(yaml)?;
    let mut out = String::new();
    let mut is_first = true;
    for token in &tape.tokens {
        let is_end = token.kind == Kind::End;
        if !is_first && !is_end && token.kind != Kind::Item {
            out.push_str(", ");
        }
        is_first = token.is_key()
            || matches!(token.kind, Kind::Map | Kind::Seq)
            || (is_first && !is_end && !token.kind.is_leaf());
        match token.kind {
            Kind::Item => {}
            Kind::Map => out.push('{'),
            Kind::Seq => out.push('['),
            Kind::End => out.push(if tape.tokens[token.link as usize].kind == Kind::Map { '}' } else { ']' }),
            kind if kind.is_comment() => return Err(not_usable("its comments have no place in one line")),
            kind if kind.is_property() => return Err(not_usable("its tags have no place in one line")),
            _ => {
                let decoded = scalar::decode(&tape, &text.bytes, *token, text.json);
                let decoded = decoded.map_err(|error| not_usable(error.message))?;
                out.push_str(&match resolve::v2(&decoded) {
                    _ if token.kind == Kind::Null => "null".to_owned(),
                    Plain::Str(_) => flow_text(&decoded, json),
                    _ if token.kind != Kind::Plain || token.is_key() => flow_text(&decoded, json),
                    Plain::Null => "null".to_owned(),
                    Plain::Bool(value) => value.to_string(),
                    Plain::Int(value) => value.to_string(),
                    Plain::Float(value) => Value::from(value).to_string(),
                });
                if token.is_key() {
                    out.push_str(": ");
                }
            }
        }
    }
    Ok(out)
}

fn yaml_fragment(yaml: &str) -> Result<Fragment, SyntaxError> {
    let (text, _) = yaml_value(yaml)?;
    if text.starts_with("---") || text.starts_with('%') {
        return Err(not_usable("it has a marker"));
    }
    let (tape, _) = tape_of(&text)?;
    let root = tape.tokens[tape.node_at(0)];
    let is_text = |token: &&Token| matches!(token.kind, Kind::Literal | Kind::Folded);
    let last = tape.tokens.iter().rev().find(|token| token.kind.is_leaf());
    let ends_in_text = last.as_ref().is_some_and(is_text);
    if ends_in_text && last.is_some_and(|token| token.has(Token::KEEP)) {
        let error = not_usable("it ends in block text with `+`, which would take in what follows");
        return Err(error.with_hint("write the text in double quotes"));
    }
    let mut lines: Vec<String> = text.trim_end().lines().map(str::to_owned).collect();
    while lines.first().is_some_and(|line| line.trim().is_empty()) {
        lines.remove(0);
    }
    let mut fragment = Fragment { ends_in_text, is_list: root.kind == Kind::Seq, ..Fragment::default() };
    if is_text(&&root) && tape.has_comments {
        return Err(not_usable("its comments have no place beside block text"));
    }
    if is_text(&&root) {
        fragment.head = lines.remove(0).trim().to_owned();
        fragment.exact = fragment.head.contains(|c: char| c.is_ascii_digit());
    } else if lines.len() == 1 && (root.kind.is_leaf() || root.has(Token::FLOW)) {
        if tape.has_comments {
            return Err(not_usable("a comment stands after it"));
        }
        fragment.head = lines.remove(0).trim().to_owned();
    }
    fragment.lines = lines;
    Ok(fragment)
}

/// A text of several lines as block text; its lines are indented by two columns below their key.
pub(super) fn literal(text: &str) -> Option<Fragment> {
    if !text.contains('\n') || text.ends_with("\n\n") || !scalar::fits_literal(text) {
        return None;
    }
    let first = text.lines().take_while(|line| line.trim().is_empty()).count();
    let is_indented = text.lines().take(first + 1).any(|line| line.starts_with(' '));
    let chomp = if text.ends_with('\n') { "" } else { "-" };
    let head = format!("|{}{chomp}", if is_indented { "2" } else { "" });
    let lines = text.lines().map(|line| if line.is_empty() { String::new() } else { format!("  {line}") }).collect();
    Some(Fragment { head, lines, exact: true, ends_in_text: true, is_list: false })
}

impl Fragment {
    /// A value in one line.
    pub(super) fn line(head: String) -> Self {
        Fragment { head, ..Fragment::default() }
    }

    /// Whether it is one line after its key.
    pub(super) fn is_line(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines below a key or a dash at this column. `in_list`: it is a dash.
    pub(super) fn body(&self, column: usize, in_list: bool, habits: Habits) -> Vec<String> {
        let indent = match (self.head.is_empty(), in_list) {
            (false, _) if self.exact => column,
            (false, _) => column + habits.step,
            (true, true) => column + 2,
            (true, false) if self.is_list && habits.compact => column,
            (true, false) => column + habits.step,
        };
        self.indented(indent)
    }

    /// The lines with this indentation.
    pub(super) fn indented(&self, column: usize) -> Vec<String> {
        let pad = " ".repeat(column);
        let indented = |line: &String| if line.is_empty() { String::new() } else { format!("{pad}{line}") };
        self.lines.iter().map(indented).collect()
    }

    /// As the value of `key:` at this column, whose indentation the first line has.
    pub(super) fn under(&self, key: &str, column: usize, habits: Habits) -> Vec<String> {
        let pad = " ".repeat(column);
        let head = if self.head.is_empty() { String::new() } else { format!(" {}", self.head) };
        let mut lines = vec![format!("{pad}{key}{head}")];
        lines.extend(self.body(column, false, habits));
        lines
    }

    /// As the entry of a list whose dash stands at this column.
    pub(super) fn item(&self, column: usize, habits: Habits) -> Vec<String> {
        let pad = " ".repeat(column);
        let mut lines = self.body(column, true, habits);
        if self.head.is_empty() {
            // The first line stands after the dash.
            if let Some(first) = lines.first_mut() {
                *first = format!("{pad}- {}", first.get(column + 2..).unwrap_or(""));
            }
        } else {
            lines.insert(0, format!("{pad}- {}", self.head));
        }
        lines
    }
}
