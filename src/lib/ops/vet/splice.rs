//! The one place where changes become text: the edits of [`crate::yaml::splice`], which leave all other bytes alone.

use super::finding::{Action, Change};
use super::text::yaml_of;
use crate::manifest::content::{Content, step};
use crate::problem::{Location, Problem, Severity};
use crate::yaml::splice::{self, New, Step};
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields that stand best behind others.
const BEHIND: [(&str, &str); 4] =
    [("commit", "branch"), ("resources", "bases"), ("patches", "patchesJson6902"), ("valuesFiles", "valuesFile")];

/// A file's text with changes of its documents.
///
/// # Errors
/// A change cannot be made.
pub(super) fn edited(
    path: &str,
    before: &[u8],
    content: &Content,
    changes: &BTreeMap<usize, Vec<Change>>,
) -> Result<Vec<u8>, Problem> {
    let listed: Vec<(usize, &Change, Option<String>)> =
        changes.iter().flat_map(|(number, changes)| changes.iter().map(|one| (*number, one, text_of(one)))).collect();
    let edits: Vec<(usize, splice::Change<'_>)> = listed
        .iter()
        .filter_map(|(number, change, text)| {
            let document = content.documents.iter().find(|document| document.number == *number)?;
            Some((*number, edit(change, &document.value, text.as_deref())))
        })
        .collect();
    splice::edit(before, &edits).map_err(|refusal| Problem {
        severity: Severity::Error,
        location: Location { file: path.to_owned(), line: refusal.line, column: refusal.column },
        message: format!("cannot mend this file: {}", refusal.message),
        hint: refusal.hint,
    })
}

/// The text of a change's value.
fn text_of(change: &Change) -> Option<String> {
    match &change.action {
        Action::Set(value) | Action::Append(value) => match value {
            Value::String(text) => Some(text.clone()),
            value => yaml_of(value),
        },
        Action::Remove => None,
    }
}

fn edit<'a>(change: &'a Change, document: &Value, text: Option<&'a str>) -> splice::Change<'a> {
    let mut value = Some(document);
    let path = change.path.iter().map(|part| {
        let number = value.filter(|value| value.is_array()).and_then(|_| part.parse().ok());
        value = value.and_then(|value| step(value, part));
        number.map_or(Step::Key(part), Step::Index)
    });
    let path: Vec<Step<'_>> = path.collect();
    let new = |value: &Value| match value {
        Value::String(_) => New::Text(text.unwrap_or_default()),
        _ => New::Yaml(text.unwrap_or_default()),
    };
    match &change.action {
        Action::Set(value) => {
            let last = change.path.last();
            let after =
                BEHIND.iter().find(|(field, _)| last.is_some_and(|last| last == field)).map(|(_, other)| *other);
            splice::Change::Set { path, value: new(value), after }
        }
        Action::Append(value) => splice::Change::Append { path, value: new(value) },
        Action::Remove => splice::Change::Remove { path, comments: false },
    }
}
