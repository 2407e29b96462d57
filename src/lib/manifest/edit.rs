//! Edits of objects: data that says which field of which document changes, and the one place where edits become text. All
//! other bytes of a file stay as they are ([`crate::yaml::splice`]).

use super::file::ManifestFile;
use super::findings::refusal_problem;
use super::origin::Origin;
use super::value::step;
use crate::problem::Problem;
use crate::yaml::emit::{Frame, Style, emit};
use crate::yaml::engine::Engine;
use crate::yaml::input::Text;
use crate::yaml::splice::{self, Change, New, Step};
use crate::yaml::tape::Tape;
use serde_json::Value;

/// A change of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub file: String,
    /// The number of the document in it, from 0, counting empty ones too.
    pub document: usize,
    /// Where the field is in its document: keys, and numbers of items.
    pub path: Vec<String>,
    pub action: Action,
}

/// What becomes of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It gets this value, and is added where there is none.
    Set(NewValue),
    /// The list gets one more item.
    Append(NewValue),
    /// It is removed, with the comment on its line.
    Remove,
    /// It is removed, with the comment on its line and those right above it.
    RemoveWithComments,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewValue {
    /// A text, quoted where a reader could take it for something else.
    Text(String),
    /// One document of block YAML without `---`; it is indented as needed.
    Yaml(String),
}

/// New fields that stand best after others.
const AFTER: [(&str, &str); 5] = [
    ("commit", "branch"),
    ("resources", "bases"),
    ("patches", "patchesJson6902"),
    ("valuesFiles", "valuesFile"),
    ("deletionPolicy", "prune"),
];

impl Edit {
    /// A change of a field of the object at `origin`; the path is relative to the object.
    pub fn of(origin: &Origin, path: &[&str], action: Action) -> Edit {
        Edit { file: origin.file.clone(), document: origin.document, path: origin.path(path), action }
    }

    /// Sets a field of the object at `origin`.
    pub fn set(origin: &Origin, path: &[&str], value: impl Into<NewValue>) -> Edit {
        Edit::of(origin, path, Action::Set(value.into()))
    }

    /// Removes a field of the object at `origin`.
    pub fn remove(origin: &Origin, path: &[&str]) -> Edit {
        Edit::of(origin, path, Action::Remove)
    }

    /// Whether both edits change one field, or one changes a part of the other's, and they want different things.
    pub fn contradicts(&self, other: &Edit) -> bool {
        let is_same_place = self.file == other.file && self.document == other.document;
        is_same_place && self.path.iter().zip(&other.path).all(|(a, b)| a == b) && self != other
    }

    /// The change of the text, where `document` is the value of the document.
    fn change(&self, document: &Value) -> Change<'_> {
        let mut value = Some(document);
        let path = self.path.iter().map(|part| {
            let number = value.filter(|value| value.is_array()).and_then(|_| part.parse().ok());
            value = value.and_then(|value| step(value, part));
            number.map_or(Step::Key(part), Step::Index)
        });
        let path: Vec<Step<'_>> = path.collect();
        match &self.action {
            Action::Set(value) => {
                let place = AFTER.iter().find(|(field, _)| self.path.last().is_some_and(|last| last == field));
                Change::Set { path, value: value.text(), after: place.map(|(_, other)| *other) }
            }
            Action::Append(value) => Change::Append { path, value: value.text() },
            Action::Remove => Change::Remove { path, comments: false },
            Action::RemoveWithComments => Change::Remove { path, comments: true },
        }
    }
}

impl NewValue {
    fn text(&self) -> New<'_> {
        match self {
            NewValue::Text(text) => New::Text(text),
            NewValue::Yaml(text) => New::Yaml(text),
        }
    }
}

impl From<&str> for NewValue {
    fn from(text: &str) -> NewValue {
        NewValue::Text(text.to_owned())
    }
}

impl From<String> for NewValue {
    fn from(text: String) -> NewValue {
        NewValue::Text(text)
    }
}

impl From<Value> for NewValue {
    fn from(value: Value) -> NewValue {
        match value {
            Value::String(text) => NewValue::Text(text),
            value => NewValue::Yaml(yaml_of(&value).unwrap_or_default()),
        }
    }
}

/// A file's bytes with the edits made, one after the other. All edits must be of this file.
///
/// # Errors
/// An edit cannot be made, or could mean more than one thing: nothing is changed then.
pub fn edited(bytes: &[u8], edits: &[Edit]) -> Result<Vec<u8>, Problem> {
    let file = ManifestFile::parse(bytes);
    let value = |edit: &Edit| file.documents.iter().find(|one| one.number == edit.document).map(|one| &one.value);
    let changes = edits.iter().map(|edit| (edit.document, edit.change(value(edit).unwrap_or(&Value::Null))));
    let changes: Vec<(usize, Change<'_>)> = changes.collect();
    let path = edits.first().map_or("", |edit| edit.file.as_str());
    splice::edit(bytes, &changes).map_err(|refusal| refusal_problem(path, &refusal))
}

pub fn yaml_of(value: &Value) -> Option<String> {
    let json = serde_json::to_vec(&serde_json::json!({ "value": value })).ok()?;
    let text = Text::new(&json).ok()?;
    let span = text.documents().into_iter().next()?;
    let mut tape = Tape::default();
    Engine::default().parse(&text, span, &mut tape, &mut Vec::new()).ok()?;
    let node = tape.node_at(0);
    let (_, inner) = tape.entries(node).next()?;
    let range = inner..tape.skip_node(inner);
    let mut out = Vec::new();
    let style = Style { json: true, unmangle: true, canonical: true, ..Style::default() };
    emit(&tape, &text.bytes, range, Frame::default(), style, &mut out);
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_yaml() {
        let value = serde_json::json!([{"op": "add", "path": "/spec/x", "value": "a: 1\nb: 2\n"}]);
        let text = yaml_of(&value).expect("YAML");
        assert_eq!(text, "- op: add\n  path: /spec/x\n  value: |\n    a: 1\n    b: 2\n");
    }

    #[test]
    fn only_the_fields_of_edits_change() {
        let text = "# kept\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n  spec: {a: 1} # kept\n";
        let file = ManifestFile::parse(text.as_bytes());
        let origin = file.manifests("a.yaml").next().expect("a manifest").origin();
        let edits = [Edit::set(&origin, &["spec", "a"], "2"), Edit::set(&origin, &["kind"], serde_json::json!(null))];
        let expected = text.replace("{a: 1}", "{a: \"2\"}").replace("kind: A", "kind: null");
        let bytes = edited(text.as_bytes(), &edits).expect("edited");
        assert_eq!(String::from_utf8_lossy(&bytes), expected);
        assert!(edits[0].contradicts(&Edit::remove(&origin, &["spec"])) && !edits[0].contradicts(&edits[1]));
        let problem = edited(b"a: [\n", &edits).expect_err("no YAML");
        assert_eq!(problem.location.file, "a.yaml");
    }
}
