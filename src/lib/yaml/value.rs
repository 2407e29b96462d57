//! Values: a part of a document as JSON, as kubectl would decode it. For small documents that kfleet has to understand,
//! such as its own files; manifests stay text.

use super::engine::Engine;
use super::input::Text;
use super::resolve::{self, Value as Plain};
use super::scalar;
use super::scan::SyntaxError;
use super::tape::{Kind, Tape, Token};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// As deep as JSON goes in the readers of this project.
const MAX_DEPTH: usize = 100;

/// So many values may come out of one document: aliases multiply.
const MAX_VALUES: usize = 1_000_000;

/// Decodes the first document of a text; null where there is none.
///
/// # Errors
/// It is not text or not YAML, or as [`to_value`].
pub fn read_value(bytes: &[u8]) -> Result<Value, SyntaxError> {
    let text = Text::new(bytes)?;
    let mut tape = Tape::default();
    for span in text.documents() {
        Engine::default().parse(&text, span, &mut tape, &mut Vec::new())?;
        if !tape.is_empty() {
            return to_value(&tape, &text.bytes, 0);
        }
    }
    Ok(Value::Null)
}

/// Decodes the node at `node`. Merge keys (`<<`) are resolved, aliases expanded.
///
/// # Errors
/// A scalar that JSON has no word for, a tag that does not fit, absurd nesting, an alias bomb.
pub fn to_value(tape: &Tape, source: &[u8], node: usize) -> Result<Value, SyntaxError> {
    decode::<Value>(tape, source, node)
}

/// A node with the place that it comes from. Of an alias it is the place of its anchor's node.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// Byte offset in the text; of a block scalar, of its first line.
    pub start: usize,
    /// Columns that a literal block scalar is indented by; `None` for all other nodes.
    pub indent: Option<usize>,
    /// What it is.
    pub value: LocatedValue,
}

/// What a [`Located`] node is.
#[derive(Debug, Clone, PartialEq)]
pub enum LocatedValue {
    /// A scalar: its value, and for a plain one the text that stands for it.
    Scalar(Value, Option<String>),
    /// A sequence.
    List(Vec<Located>),
    /// A mapping: key, byte offset of the key, value.
    Map(Vec<(String, usize, Located)>),
}

/// Decodes the node at `node` as [`to_value`] does, and keeps where everything is.
///
/// # Errors
/// As [`to_value`].
pub fn to_located(tape: &Tape, source: &[u8], node: usize) -> Result<Located, SyntaxError> {
    decode::<Located>(tape, source, node)
}

/// What the decoder makes of the nodes that it meets.
trait Build: Sized {
    fn scalar(value: Value, token: Token, text: Option<String>) -> Self;
    fn list(items: Vec<Self>, start: usize) -> Self;
    fn map(entries: Vec<(String, usize, Self)>, start: usize) -> Self;
    /// The maps that `<<` merges: of one mapping, or of a list of them.
    fn merged(self) -> Option<Vec<(String, usize, Self)>>;
}

impl Build for Value {
    fn scalar(value: Value, _: Token, _: Option<String>) -> Self {
        value
    }

    fn list(items: Vec<Self>, _: usize) -> Self {
        Value::Array(items)
    }

    fn map(entries: Vec<(String, usize, Self)>, _: usize) -> Self {
        Value::Object(entries.into_iter().map(|(key, _, value)| (key, value)).collect())
    }

    fn merged(self) -> Option<Vec<(String, usize, Self)>> {
        match self {
            Value::Object(map) => Some(map.into_iter().map(|(key, value)| (key, 0, value)).collect()),
            Value::Array(items) => flattened(items),
            _ => None,
        }
    }
}

impl Build for Located {
    fn scalar(value: Value, token: Token, text: Option<String>) -> Self {
        let indent = (token.kind == Kind::Literal).then_some(usize::from(token.column));
        Located { start: token.start as usize, indent, value: LocatedValue::Scalar(value, text) }
    }

    fn list(items: Vec<Self>, start: usize) -> Self {
        Located { start, indent: None, value: LocatedValue::List(items) }
    }

    fn map(entries: Vec<(String, usize, Self)>, start: usize) -> Self {
        Located { start, indent: None, value: LocatedValue::Map(entries) }
    }

    fn merged(self) -> Option<Vec<(String, usize, Self)>> {
        match self.value {
            LocatedValue::Map(entries) => Some(entries),
            LocatedValue::List(items) => flattened(items),
            LocatedValue::Scalar(..) => None,
        }
    }
}

fn flattened<B: Build>(items: Vec<B>) -> Option<Vec<(String, usize, B)>> {
    let maps: Option<Vec<_>> = items.into_iter().map(B::merged).collect();
    maps.map(|maps| maps.into_iter().flatten().collect())
}

fn decode<B: Build>(tape: &Tape, source: &[u8], node: usize) -> Result<B, SyntaxError> {
    let mut anchors = BTreeMap::new();
    for (index, token) in tape.tokens.iter().enumerate() {
        if token.kind == Kind::Anchor {
            anchors.entry(&tape.text(source, *token)[1..]).or_insert_with(Vec::new).push(index);
        }
    }
    Decoder { tape, source, anchors, values: 0 }.node(node, 0)
}

struct Decoder<'a> {
    tape: &'a Tape,
    source: &'a [u8],
    anchors: BTreeMap<&'a [u8], Vec<usize>>,
    values: usize,
}

impl Decoder<'_> {
    fn fail<T>(&self, token: Token, message: impl Into<String>) -> Result<T, SyntaxError> {
        Err(SyntaxError::new(token.start as usize, message))
    }

    fn node<B: Build>(&mut self, index: usize, depth: usize) -> Result<B, SyntaxError> {
        let node = self.tape.node_at(index);
        let token = self.tape.tokens[node];
        self.values += 1;
        if depth > MAX_DEPTH {
            return self.fail(token, "this is nested too deeply");
        }
        if self.values > MAX_VALUES {
            return self.fail(token, "too many values: aliases multiply them");
        }
        match token.kind {
            Kind::Map => self.map(node, depth),
            Kind::Seq => {
                let items: Vec<usize> = self.tape.items(node).collect();
                let items = items.into_iter().map(|item| self.node(item, depth + 1)).collect::<Result<_, _>>()?;
                Ok(B::list(items, token.start as usize))
            }
            Kind::Alias => {
                let name = &self.tape.text(self.source, token)[1..];
                // The last anchor of the name before the alias counts; an anchor around it is refused by the checks.
                match self.anchors.get(name).and_then(|known| known.iter().rev().find(|at| **at < node).copied()) {
                    Some(anchor) => self.node(anchor, depth + 1),
                    None => self.fail(token, "this alias has no anchor"),
                }
            }
            _ => self.scalar(node),
        }
    }

    fn map<B: Build>(&mut self, node: usize, depth: usize) -> Result<B, SyntaxError> {
        let mut known: Vec<(String, usize, B)> = Vec::new();
        let mut merged = Vec::new();
        let entries: Vec<(usize, usize)> = self.tape.entries(node).collect();
        for (key, value) in entries {
            let token = self.tape.tokens[key];
            if token.kind == Kind::Plain && self.tape.text(self.source, token) == b"<<" {
                merged.push((token, self.node::<B>(value, depth + 1)?));
                continue;
            }
            let text = self.text(token)?;
            let name = if token.kind == Kind::Plain { resolve::v2_key(&text).map(Cow::into_owned) } else { Some(text) };
            let Some(name) = name else { return self.fail(token, "this key cannot become a JSON key") };
            known.push((name, token.start as usize, self.node(value, depth + 1)?));
        }
        if !merged.is_empty() {
            let mut names: BTreeSet<String> = known.iter().map(|(name, ..)| name.clone()).collect();
            for (token, value) in merged {
                let Some(entries) = value.merged() else { return self.fail(token, "only mappings can be merged") };
                known.extend(entries.into_iter().filter(|(name, ..)| names.insert(name.clone())));
            }
        }
        Ok(B::map(known, self.tape.tokens[node].start as usize))
    }

    fn text(&self, token: Token) -> Result<String, SyntaxError> {
        let text = scalar::decode(self.tape, self.source, token, false);
        text.map(Cow::into_owned).map_err(|error| SyntaxError::new(token.start as usize + error.offset, error.message))
    }

    fn scalar<B: Build>(&self, node: usize) -> Result<B, SyntaxError> {
        let token = self.tape.tokens[node];
        if token.kind == Kind::Null {
            return Ok(B::scalar(Value::Null, token, None));
        }
        let text = self.text(token)?;
        let before = self.tape.tokens[..node].iter().rev().take_while(|token| token.kind.is_property());
        let tag = before.into_iter().find(|token| token.kind == Kind::Tag);
        let tag = tag.map(|tag| self.tape.text(self.source, *tag));
        if tag == Some(b"!!str") || (token.kind != Kind::Plain && tag.is_none()) {
            return Ok(B::scalar(Value::String(text), token, None));
        }
        let value = match resolve::v2(&text) {
            Plain::Str(_) => return Ok(B::scalar(Value::String(text), token, None)),
            Plain::Null => Value::Null,
            Plain::Bool(value) => Value::Bool(value),
            Plain::Int(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => value.into(),
                (_, Ok(value)) => value.into(),
                _ => return self.fail(token, "this number is too large"),
            },
            Plain::Float(value) => match Number::from_f64(value) {
                Some(value) => Value::Number(value),
                None => return self.fail(token, "this number cannot become JSON"),
            },
        };
        Ok(B::scalar(value, token, Some(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Value, SyntaxError> {
        read_value(text.as_bytes())
    }

    #[test]
    fn values_are_those_of_kubectl() {
        let text = "a: 0644\nb: yes\nc: 'yes'\nd: ~\ne: [1.5, 2001-01-01, !!str 7]\n80: x\nf:\nh: |\n  t\n";
        let expected = serde_json::json!({"a": 420, "b": true, "c": "yes", "d": null, "e": [1.5, "2001-01-01", "7"],
            "80": "x", "f": null, "h": "t\n"});
        assert_eq!(value(text), Ok(expected));
    }

    #[test]
    fn anchors_are_expanded_and_merged() {
        let text = "x: &m {a: 1, b: 2}\nz:\n  <<: *m\n  b: 3\nw: *m\n";
        let expected = serde_json::json!({"x": {"a": 1, "b": 2}, "z": {"a": 1, "b": 3}, "w": {"a": 1, "b": 2}});
        assert_eq!(value(text), Ok(expected));
    }

    #[test]
    fn what_json_cannot_hold_is_an_error() {
        assert_eq!(value("a: .inf\n").map_err(|error| error.offset), Err(3));
        let bomb = (1..9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
            let alias = format!("*a{}", n - 1);
            text + &format!("a{n}: &a{n} [{}]\n", vec![alias; 9].join(", "))
        });
        assert!(value(&bomb).is_err_and(|error| error.message.contains("aliases")));
        assert!(value(&format!("{}{}\n", "[".repeat(200), "]".repeat(200))).is_err());
    }
}
