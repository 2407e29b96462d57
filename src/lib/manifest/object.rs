//! An object with where it came from: its identity is read, the rest of it is looked up when someone asks.

use super::file::{Document, ManifestFile};
use super::identity::Identity;
use super::origin::{Located, Origin};
use super::value::step;
use crate::problem::Location;
use serde_json::Value;

/// An object in a file: a document, or an item of a list of objects.
#[derive(Clone, Copy, Debug)]
pub struct Manifest<'a> {
    pub file: &'a str,
    pub identity: &'a Identity,
    pub document: &'a Document,
    pub(super) prefix: &'a [String],
    pub(super) content: &'a ManifestFile,
}

impl ManifestFile {
    /// The objects in it; `file` is its path.
    pub fn manifests<'a>(&'a self, file: &'a str) -> impl Iterator<Item = Manifest<'a>> {
        self.documents.iter().flat_map(move |document| {
            let each = document.objects.iter();
            each.map(move |(prefix, identity)| Manifest { file, identity, document, prefix, content: self })
        })
    }
}

impl<'a> Manifest<'a> {
    pub fn group(&self) -> &'a str {
        &self.identity.gvk.group
    }

    pub fn version(&self) -> &'a str {
        &self.identity.gvk.version
    }

    pub fn kind(&self) -> &'a str {
        &self.identity.gvk.kind
    }

    /// The name; empty where there is none.
    pub fn name(&self) -> &'a str {
        self.identity.name.as_deref().unwrap_or_default()
    }

    /// The namespace; empty where there is none.
    pub fn namespace(&self) -> &'a str {
        self.identity.namespace.as_deref().unwrap_or_default()
    }

    /// Whether it is of this group and kind, in any version.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group() == group && self.kind() == kind
    }

    /// Kind and name, for messages.
    pub fn shown(&self) -> String {
        format!("{} {}", self.kind(), self.name()).trim_end().to_owned()
    }

    pub fn value(&self) -> &'a Value {
        let parts = self.prefix.iter().map(String::as_str);
        parts.fold(&self.document.value, |value, part| step(value, part).unwrap_or(&Value::Null))
    }

    /// A field: a path of keys and of numbers of items.
    pub fn get(&self, path: &[&str]) -> Option<&'a Value> {
        path.iter().try_fold(self.value(), |value, part| step(value, part)).filter(|value| !value.is_null())
    }

    pub fn text(&self, path: &[&str]) -> Option<&'a str> {
        self.get(path)?.as_str()
    }

    /// The items of a field; none where it is not a list.
    pub fn list(&self, path: &[&str]) -> &'a [Value] {
        self.get(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub fn origin(&self) -> Origin {
        Origin {
            file: self.file.to_owned(),
            document: self.document.number,
            prefix: self.prefix.to_vec(),
            location: self.location(&[]),
        }
    }

    /// A text field with its place; nothing where it is empty.
    pub fn located_text(&self, path: &[&str]) -> Option<Located<String>> {
        let text = self.text(path).filter(|text| !text.is_empty())?;
        Some(Located { value: text.to_owned(), location: self.location(path) })
    }

    /// Whether there is a comment inside the value of a field, which a new value would lose.
    pub fn has_comments(&self, path: &[&str]) -> bool {
        self.content.has_comments(self.document, &self.in_document(path))
    }

    /// Whether the value of a field is a text in quotes.
    pub fn is_quoted(&self, path: &[&str]) -> bool {
        self.content.is_quoted(self.document, &self.in_document(path))
    }

    /// The place of a field; where the path ends early, of what there is.
    pub fn location(&self, path: &[&str]) -> Location {
        self.content.location(self.file, self.document, &self.in_document(path))
    }

    pub fn key_location(&self, path: &[&str]) -> Location {
        self.content.key_location(self.file, self.document, &self.in_document(path))
    }

    /// The path of a field in the document.
    fn in_document<'b>(&'b self, path: &[&'b str]) -> Vec<&'b str> {
        self.prefix.iter().map(String::as_str).chain(path.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_places() {
        let text = "# a\n---\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: x}\n";
        let content = ManifestFile::parse(text.as_bytes());
        let manifest = content.manifests("a.yaml").next().expect("a manifest");
        assert_eq!(
            (manifest.kind(), manifest.name(), manifest.text(&["metadata", "name"])),
            ("Secret", "x", Some("x"))
        );
        assert_eq!(manifest.location(&["metadata", "name"]).to_string(), "a.yaml:9:20");
        assert_eq!(manifest.key_location(&["metadata", "name"]).to_string(), "a.yaml:9:14");
        assert_eq!(manifest.location(&["metadata", "none"]).to_string(), "a.yaml:9:13");
        assert_eq!(manifest.origin().path(&["kind"]), ["items", "0", "kind"]);
        assert_eq!(content.comments, [(0, "# a".to_owned())]);
    }
}
