//! The reference of the fleet file's fields as Markdown, made from its schema: for docs/fleet-fields.md.

use super::schema::schema_of;
use super::types::Fleet;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A table for the fleet file, and one for each type that it leads to, in the order in which they are met.
pub fn markdown() -> String {
    let schema = schema_of::<Fleet>();
    let mut out = String::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![("Fleet".to_owned(), schema.clone())];
    while let Some((name, value)) = waiting.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let mut found = Vec::new();
        table(&mut out, &name, &value, &mut found);
        let types = found.into_iter().filter_map(|name| Some((name.clone(), schema["$defs"].get(&name)?.clone())));
        let mut types: Vec<(String, Value)> = types.collect();
        types.reverse();
        waiting.extend(types);
    }
    out
}

fn table(out: &mut String, name: &str, schema: &Value, found: &mut Vec<String>) {
    let _ = writeln!(out, "## {name}\n\n{}\n", one_line(&schema["description"]));
    if let Some(words) = words(schema) {
        out.push_str("| value | meaning |\n| --- | --- |\n");
        for (word, meaning) in words {
            let _ = writeln!(out, "| `{word}` | {meaning} |");
        }
    } else if let Some(fields) = schema["properties"].as_object() {
        out.push_str("| field | type | default | meaning |\n| --- | --- | --- | --- |\n");
        for (field, about) in fields {
            let required = schema["required"].as_array().is_some_and(|list| list.iter().any(|one| one == field));
            let default = match about.get("default") {
                _ if required => "required".to_owned(),
                Some(Value::String(text)) => format!("`{text}`"),
                Some(Value::Bool(true)) => "`true`".to_owned(),
                _ => "-".to_owned(),
            };
            let kind = kind(about, found);
            let _ = writeln!(out, "| `{field}` | {kind} | {default} | {} |", one_line(&about["description"]));
        }
    } else {
        let _ = writeln!(out, "Written as {}.", kind(schema, found));
    }
    out.push('\n');
}

/// The words that a choice has, each with its meaning.
fn words(schema: &Value) -> Option<Vec<(String, String)>> {
    let choices = schema["oneOf"].as_array().cloned().or_else(|| {
        let words = schema["enum"].as_array()?.iter();
        Some(words.map(|word| Value::Object(Map::from_iter([("const".to_owned(), word.clone())]))).collect())
    })?;
    let word = |choice: &Value| Some((choice["const"].as_str()?.to_owned(), one_line(&choice["description"])));
    choices.iter().map(word).collect()
}

/// The type of a field in words; types of their own are added to `found`.
fn kind(about: &Value, found: &mut Vec<String>) -> String {
    if let Some(name) = about["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        found.push(name.to_owned());
        return format!("[{name}](#{})", name.to_lowercase());
    }
    for several in ["anyOf", "oneOf"] {
        if let Some(choices) = about[several].as_array() {
            let kinds: Vec<String> =
                choices.iter().filter(|one| one["type"] != "null").map(|one| kind(one, found)).collect();
            return kinds.join(" or ");
        }
    }
    let named = match &about["type"] {
        Value::Array(types) => types.iter().find_map(|one| one.as_str().filter(|one| *one != "null")),
        other => other.as_str(),
    };
    match named {
        Some("string") => "text".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("integer" | "number") => "a number".to_owned(),
        Some("array") => format!("a list of {}", kind(&about["items"], found)),
        Some("object") if about["additionalProperties"].is_object() => {
            format!("a map of names to {}", kind(&about["additionalProperties"], found))
        }
        Some("object") => "a map".to_owned(),
        _ => "anything".to_owned(),
    }
}

fn one_line(text: &Value) -> String {
    text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
