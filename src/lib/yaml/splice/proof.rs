//! The proof of an edit: the new document has the values of the old one with exactly the change, and all comments.

use super::super::input::Text;
use super::super::scan::SyntaxError;
use super::super::tape::Tape;
use super::super::value::to_value;
use super::content::{yaml_comments, yaml_value};
use super::find::Doc;
use super::{Change, New, Step, parse};
use serde_json::{Map, Value};
use std::ops::Range;

/// A document before its edit, and the tokens whose comments may go.
pub(super) struct Before<'a> {
    pub(super) doc: &'a Doc<'a>,
    pub(super) change: &'a Change<'a>,
    pub(super) gone: &'a [Range<usize>],
}

/// Proves the bytes of the document after its edit.
///
/// # Errors
/// They cannot be read, other values changed, or a comment is missing.
pub(super) fn prove(before: &Before<'_>, bytes: &[u8]) -> Result<(), SyntaxError> {
    let unproven = |what: &str| {
        let at = before.gone.first().map_or(0, |range| before.doc.token(range.start).start as usize);
        if before.doc.tape.by_slow_lane {
            let message = format!("this is written in a way that cannot be edited safely: {what}");
            return SyntaxError::new(at, message).with_hint("write it in a plainer way, or edit it by hand");
        }
        SyntaxError::new(at, format!("internal error: the edit would have damaged this document ({what})"))
    };
    // What cannot be decoded before the edit is the document's fault.
    let mut expected = value(before.doc)?;
    apply(&mut expected, before.change)?.ok_or_else(|| unproven("the path is not there"))?;
    let text = Text::new(bytes).map_err(|error| unproven(&error.message))?;
    let mut tape = Tape::default();
    parse(&text, &mut tape).map_err(|error| unproven(&error.message))?;
    let after = Doc { tape: &tape, bytes: &text.bytes, json: text.json };
    if before.doc.json && !after.json {
        return Err(unproven("the result is not JSON"));
    }
    if value(&after).map_err(|error| unproven(&error.message))? != expected {
        return Err(unproven("other values would change"));
    }
    let is_gone = |index: usize| before.gone.iter().any(|range| range.contains(&index));
    let kept = comments(before.doc, |index| !is_gone(index));
    let now = comments(&after, |_| true);
    let added = match before.change {
        Change::Set { value: New::Yaml(yaml), .. } | Change::Append { value: New::Yaml(yaml), .. } => {
            yaml_comments(yaml)?
        }
        _ => Vec::new(),
    };
    if now.len() != kept.len() + added.len() || !holds_in_order(&now, &kept) || !holds_in_order(&now, &added) {
        return Err(unproven("the comments would change"));
    }
    Ok(())
}

fn value(doc: &Doc<'_>) -> Result<Value, SyntaxError> {
    if doc.tape.is_empty() {
        return Ok(Value::Null);
    }
    if doc.json {
        return serde_json::from_slice(doc.bytes)
            .map_err(|error| SyntaxError::new(0, format!("this JSON cannot be read: {error}")));
    }
    to_value(doc.tape, doc.bytes, 0)
}

fn comments(doc: &Doc<'_>, wanted: impl Fn(usize) -> bool) -> Vec<String> {
    let tokens = doc.tape.tokens.iter().enumerate();
    let comments = tokens.filter(|(index, token)| token.kind.is_comment() && wanted(*index));
    comments.map(|(_, token)| String::from_utf8_lossy(doc.tape.text(doc.bytes, *token)).into_owned()).collect()
}

fn holds_in_order(all: &[String], some: &[String]) -> bool {
    let mut all = all.iter();
    some.iter().all(|wanted| all.any(|comment| comment == wanted))
}

/// Makes a change in a value; `None` where the path leads through something else.
fn apply(root: &mut Value, change: &Change<'_>) -> Result<Option<()>, SyntaxError> {
    let new = |value: &New<'_>| match value {
        New::Text(text) => Ok(Value::String((*text).to_owned())),
        New::Yaml(yaml) => yaml_value(yaml).map(|(_, value)| value),
    };
    Ok(match change {
        Change::Set { path, value, .. } => {
            let value = new(value)?;
            reach(root, path).map(|slot| *slot = value)
        }
        Change::Append { path, value } => {
            let value = new(value)?;
            reach(root, path).and_then(|slot| {
                if slot.is_null() {
                    *slot = Value::Array(Vec::new());
                }
                slot.as_array_mut().map(|list| list.push(value))
            })
        }
        Change::Remove { path, .. } => path.split_last().and_then(|(last, parents)| {
            let gone = match (last, reach(root, parents)?) {
                (Step::Key(key), Value::Object(map)) => map.remove(*key),
                (Step::Index(index), Value::Array(list)) => (*index < list.len()).then(|| list.remove(*index)),
                _ => None,
            };
            gone.map(drop)
        }),
    })
}

/// The value at a path; mappings are made where nothing is.
fn reach<'v>(root: &'v mut Value, path: &[Step<'_>]) -> Option<&'v mut Value> {
    path.iter().try_fold(root, |value, step| match step {
        Step::Key(key) => {
            if value.is_null() {
                *value = Value::Object(Map::new());
            }
            Some(value.as_object_mut()?.entry(*key).or_insert(Value::Null))
        }
        Step::Index(index) => value.as_array_mut()?.get_mut(*index),
    })
}
