//! Values: a part of a document as JSON, as kubectl would decode it. For small documents that kfleet has to understand,
//! such as its own files; manifests stay text.

use super::engine::Engine;
use super::input::Text;
use super::resolve::{self, Value as Plain};
use super::scalar;
use super::tape::{Kind, Tape, Token};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// As deep as JSON goes in the readers of this project.
const MAX_DEPTH: usize = 100;

/// So many values may come out of one document: aliases multiply.
const MAX_VALUES: usize = 1_000_000;

/// A part of a document that cannot become JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError {
    /// Byte offset in the text.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
}

/// Decodes the first document of a text; null where there is none.
///
/// # Errors
/// It is no text or no YAML, or as [`to_value`].
pub fn read_value(bytes: &[u8]) -> Result<Value, ValueError> {
    let fail = |offset, message| ValueError { offset, message };
    let text = Text::new(bytes).map_err(|error| fail(error.offset, error.message))?;
    let mut tape = Tape::default();
    for span in text.documents() {
        let parsed = Engine::default().parse(&text, span, &mut tape, &mut Vec::new());
        parsed.map_err(|error| fail(error.offset, error.message))?;
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
pub fn to_value(tape: &Tape, source: &[u8], node: usize) -> Result<Value, ValueError> {
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
    fn fail<T>(&self, token: Token, message: impl Into<String>) -> Result<T, ValueError> {
        Err(ValueError { offset: token.start as usize, message: message.into() })
    }

    fn node(&mut self, index: usize, depth: usize) -> Result<Value, ValueError> {
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
                items.into_iter().map(|item| self.node(item, depth + 1)).collect::<Result<_, _>>().map(Value::Array)
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

    fn map(&mut self, node: usize, depth: usize) -> Result<Value, ValueError> {
        let mut map = Map::new();
        let mut merged = Vec::new();
        let entries: Vec<(usize, usize)> = self.tape.entries(node).collect();
        for (key, value) in entries {
            let token = self.tape.tokens[key];
            if token.kind == Kind::Plain && self.tape.text(self.source, token) == b"<<" {
                merged.push((token, self.node(value, depth + 1)?));
                continue;
            }
            let text = self.text(token)?;
            let name =
                if token.kind == Kind::Plain { resolve::v2_key(&text).map(|key| key.into_owned()) } else { Some(text) };
            let Some(name) = name else { return self.fail(token, "this key cannot become a JSON key") };
            let value = self.node(value, depth + 1)?;
            map.insert(name, value);
        }
        for (token, value) in merged {
            let maps = match value {
                Value::Array(items) => items,
                one => vec![one],
            };
            for other in maps {
                let Value::Object(other) = other else { return self.fail(token, "only mappings can be merged") };
                for (key, value) in other {
                    map.entry(key).or_insert(value);
                }
            }
        }
        Ok(Value::Object(map))
    }

    fn text(&self, token: Token) -> Result<String, ValueError> {
        match scalar::decode(self.tape, self.source, token, false) {
            Ok(text) => Ok(text.into_owned()),
            Err(error) => {
                Err(ValueError { offset: token.start as usize + error.offset, message: error.message.to_owned() })
            }
        }
    }

    fn scalar(&self, node: usize) -> Result<Value, ValueError> {
        let token = self.tape.tokens[node];
        if token.kind == Kind::Null {
            return Ok(Value::Null);
        }
        let text = self.text(token)?;
        let before = self.tape.tokens[..node].iter().rev().take_while(|token| token.kind.is_property());
        let tag = before.into_iter().find(|token| token.kind == Kind::Tag);
        let tag = tag.map(|tag| self.tape.text(self.source, *tag));
        if tag == Some(b"!!str") || (token.kind != Kind::Plain && tag.is_none()) {
            return Ok(Value::String(text));
        }
        match resolve::v2(&text) {
            Plain::Str(text) => Ok(Value::String(text.into_owned())),
            Plain::Null => Ok(Value::Null),
            Plain::Bool(value) => Ok(Value::Bool(value)),
            Plain::Int(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => Ok(value.into()),
                (_, Ok(value)) => Ok(value.into()),
                _ => self.fail(token, "this number is too large"),
            },
            Plain::Float(value) => match Number::from_f64(value) {
                Some(value) => Ok(Value::Number(value)),
                None => self.fail(token, "this number cannot become JSON"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Value, ValueError> {
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
