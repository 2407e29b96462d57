//! The JSON Schema of kfleet's own files, made from their types, and the check of a document against it: every problem
//! at once, each at its place, with a "did you mean". It knows the part of JSON Schema that `schemars` writes.

use crate::manifest::Source;
use crate::suggest::did_you_mean;
use crate::yaml::resolve::{self, Value as Plain};
use crate::yaml::scalar;
use crate::yaml::tape::Kind;
use schemars::JsonSchema;
use serde_json::Value;

/// A problem at a byte offset of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Byte offset.
    pub offset: usize,
    pub message: String,
    pub hint: Option<String>,
}

pub fn schema_of<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// Compares the node at `node` with a schema.
pub fn check(schema: &Value, source: Source<'_>, node: usize) -> Vec<Mismatch> {
    let mut checker = Checker { root: schema, source, found: Vec::new() };
    checker.node(schema, node, "");
    checker.found
}

/// Leaves out fields without a value: they are fields that are not there. What the schema says nothing about stays as it is.
pub fn without_nulls(value: Value, schema: &Value) -> Value {
    fn cleaned(value: Value, schema: &Value, root: &Value) -> Value {
        let schema = target(schema, root);
        if let Some(choices) = schema["anyOf"].as_array() {
            let choice = choices.iter().find(|choice| choice["type"] != "null");
            return choice.map_or(value.clone(), |choice| cleaned(value, choice, root));
        }
        match value {
            Value::Object(map) => {
                let inner = |name: &str| match &schema["properties"][name] {
                    Value::Null => &schema["additionalProperties"],
                    property => property,
                };
                let fields = map.into_iter().filter_map(|(name, value)| match inner(&name) {
                    inner if !inner.is_object() => Some((name, value)),
                    _ if value.is_null() => None,
                    inner => Some((name.clone(), cleaned(value, inner, root))),
                });
                Value::Object(fields.collect())
            }
            Value::Array(items) => {
                Value::Array(items.into_iter().map(|item| cleaned(item, &schema["items"], root)).collect())
            }
            other => other,
        }
    }
    cleaned(value, schema, schema)
}

/// Follows a `$ref` into `$defs`.
fn target<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
    name.map_or(schema, |name| &root["$defs"][name])
}

struct Checker<'a> {
    root: &'a Value,
    source: Source<'a>,
    found: Vec<Mismatch>,
}

impl<'a> Checker<'a> {
    fn report(&mut self, node: usize, message: String, hint: Option<String>) {
        let offset = self.source.tape.tokens[node].start as usize;
        self.found.push(Mismatch { offset, message, hint });
    }

    fn node(&mut self, schema: &'a Value, node: usize, path: &str) {
        let node = self.source.resolve(node);
        let schema = target(schema, self.root);
        let found = self.type_of(node);
        // `Option` is written as a choice with null.
        if let Some(choices) = schema["anyOf"].as_array() {
            let null = choices.iter().any(|choice| choice["type"] == "null");
            match choices.iter().find(|choice| choice["type"] != "null") {
                _ if null && found == "null" => {}
                Some(choice) => self.node(choice, node, path),
                None => {}
            }
            return;
        }
        let wanted: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let is_number = |wanted: &&str| found == "integer" && *wanted == "number";
        if !wanted.is_empty() && !wanted.iter().any(|wanted| *wanted == found || is_number(wanted)) {
            self.wrong_type(&wanted, found, node, path);
            return;
        }
        match found {
            "object" => self.object(schema, node, path),
            "array" => self.array(schema, node, path),
            "string" => self.words(schema, node, path),
            _ => {}
        }
    }

    fn type_of(&self, node: usize) -> &'static str {
        let token = self.source.tape.tokens[node];
        match token.kind {
            Kind::Map => "object",
            Kind::Seq => "array",
            Kind::Null => "null",
            Kind::Plain => match resolve::v2(&self.text(node)) {
                Plain::Null => "null",
                Plain::Bool(_) => "boolean",
                Plain::Int(_) => "integer",
                Plain::Float(_) => "number",
                Plain::Str(_) => "string",
            },
            _ => "string",
        }
    }

    fn text(&self, node: usize) -> String {
        let token = self.source.tape.tokens[node];
        scalar::decode(self.source.tape, self.source.bytes, token, self.source.json).unwrap_or_default().into_owned()
    }

    fn wrong_type(&mut self, wanted: &[&str], found: &str, node: usize, path: &str) {
        let name = |kind: &str| match kind {
            "object" => "a mapping",
            "array" => "a list",
            "string" => "text",
            "boolean" => "true or false",
            "integer" => "a whole number",
            "number" => "a number",
            _ => "nothing",
        };
        let shown = match found {
            "integer" | "number" => format!("the number {}", self.text(node)),
            "boolean" => format!("the boolean {}", self.text(node)),
            other => name(other).to_owned(),
        };
        let wanted: Vec<&str> = wanted.iter().filter(|kind| **kind != "null").copied().collect();
        let hint = match (wanted.as_slice(), found) {
            (["string"], "integer" | "number" | "boolean") => {
                Some(format!("put it in quotes: \"{}\"", self.text(node)))
            }
            _ => None,
        };
        let wanted: Vec<&str> = wanted.into_iter().map(name).collect();
        self.report(node, format!("{} must be {}, not {shown}", subject(path), wanted.join(" or ")), hint);
    }

    fn object(&mut self, schema: &'a Value, map: usize, path: &str) {
        let known = schema["properties"].as_object();
        let source = self.source;
        let mut present: Vec<String> = Vec::new();
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (key, value) in source.tape.entries(map) {
            let name = self.text(key);
            let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match known.and_then(|known| known.get(&name)) {
                // A field without a value is a field that is not there.
                Some(_) if self.type_of(source.resolve(value)) == "null" => {
                    if required.contains(&name.as_str()) {
                        self.report(value, format!("{} needs a value", subject(&inner)), None);
                    }
                }
                Some(property) => self.node(property, value, &inner),
                None => match &schema["additionalProperties"] {
                    Value::Bool(false) => self.unknown_field(key, &name, path, known),
                    rest if rest.is_object() => self.node(rest, value, &inner),
                    _ => {}
                },
            }
            present.push(name);
        }
        for missing in required.iter().filter(|name| !present.iter().any(|present| present == **name)) {
            self.report(map, format!("{} needs the field `{missing}`", subject(path)), None);
        }
        let limits = (schema["minProperties"].as_u64(), schema["maxProperties"].as_u64());
        if limits == (Some(1), Some(1)) && present.len() != 1 {
            let names: Vec<&str> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let hint = Some(format!("one of: {}", names.join(", ")));
            self.report(map, format!("{} must have exactly one field", subject(path)), hint);
        }
    }

    fn unknown_field(&mut self, key: usize, name: &str, path: &str, known: Option<&serde_json::Map<String, Value>>) {
        let names: Vec<&str> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let hint = match did_you_mean(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known fields: {}", names.join(", ")),
        };
        let location = if path.is_empty() { String::new() } else { format!(" in {path}") };
        self.report(key, format!("unknown field `{name}`{location}"), Some(hint));
    }

    fn array(&mut self, schema: &'a Value, seq: usize, path: &str) {
        let source = self.source;
        let mut count = 0;
        for item in source.tape.items(seq) {
            self.node(&schema["items"], item, &format!("{path}[{count}]"));
            count += 1;
        }
        if schema["minItems"].as_u64().is_some_and(|least| count < least) {
            self.report(seq, format!("{} must not be empty", subject(path)), None);
        }
    }

    /// A choice between words: `enum`, or alternatives of one word each.
    fn words(&mut self, schema: &'a Value, node: usize, path: &str) {
        let alternatives = schema["oneOf"].as_array().into_iter().flatten();
        let words = schema["enum"].as_array().into_iter().flatten();
        let words: Vec<&str> = alternatives
            .map(|one| &one["const"])
            .chain(words)
            .chain(schema.get("const"))
            .filter_map(Value::as_str)
            .collect();
        let text = self.text(node);
        if !words.is_empty() && !words.contains(&text.as_str()) {
            let hint = match did_you_mean(&text, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known values: {}", words.join(", ")),
            };
            self.report(node, format!("{} cannot be `{text}`", subject(path)), Some(hint));
        }
    }
}

fn subject(path: &str) -> String {
    if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") }
}

impl Mismatch {
    /// A mismatch without a hint.
    pub fn new(offset: usize, message: impl Into<String>) -> Self {
        Mismatch { offset, message: message.into(), hint: None }
    }
}
