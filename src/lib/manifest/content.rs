//! Files parsed into objects whose fields have places. Files with the same bytes are parsed once: a fleet holds the same
//! components of Flux as often as it has clusters.

use crate::manifest::findings::{finding_problem, location, syntax_problem};
use crate::manifest::object::{Object, Source};
use crate::problem::{Location, Problem, Severity};
use crate::tree::Tree;
use crate::yaml::check::Finding;
use crate::yaml::engine::Engine;
use crate::yaml::input::{Positions, Text};
use crate::yaml::scan::SyntaxError;
use crate::yaml::tape::{Kind, Tape};
use crate::yaml::value::to_value;
use rayon::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a file holds.
#[derive(Debug)]
pub struct Content {
    /// Its documents, without empty ones.
    pub documents: Vec<Document>,
    /// What is wrong or doubtful in its text.
    pub findings: Vec<Finding>,
    /// Its comments, with the byte offsets of their starts.
    pub comments: Vec<(usize, String)>,
    bytes: Vec<u8>,
    json: bool,
    error: Option<SyntaxError>,
}

/// One document of a file.
#[derive(Debug)]
pub struct Document {
    /// Its number in the file, from 0, counting empty ones too.
    pub number: usize,
    /// Its value as JSON.
    pub value: Value,
    tape: Tape,
    objects: Vec<(Vec<String>, Object)>,
}

/// An object in a file: a document, or an item of a list of objects.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The file's path.
    pub file: &'a str,
    /// What the object says of itself.
    pub object: &'a Object,
    /// The document.
    pub document: &'a Document,
    prefix: &'a [String],
    content: &'a Content,
}

/// Parses files, each different content once.
pub fn parse(files: &Tree) -> BTreeMap<String, Arc<Content>> {
    let mut groups: BTreeMap<(usize, &[u8]), Vec<&String>> = BTreeMap::new();
    for (path, bytes) in files.iter() {
        groups.entry((bytes.len(), bytes)).or_default().push(path);
    }
    let groups: Vec<(&[u8], Vec<&String>)> = groups.into_iter().map(|((_, bytes), paths)| (bytes, paths)).collect();
    let parsed: Vec<(Arc<Content>, Vec<&String>)> =
        groups.into_par_iter().map(|(bytes, paths)| (Arc::new(Content::parse(bytes)), paths)).collect();
    let each = parsed.into_iter().flat_map(|(content, paths)| {
        paths.into_iter().map(move |path| (path.clone(), Arc::clone(&content))).collect::<Vec<_>>()
    });
    each.collect()
}

impl Content {
    /// Parses a text. What comes behind a document that is no YAML is passed over.
    pub fn parse(bytes: &[u8]) -> Content {
        let mut content = Content {
            documents: Vec::new(),
            findings: Vec::new(),
            comments: Vec::new(),
            bytes: Vec::new(),
            json: false,
            error: None,
        };
        let text = match Text::new(bytes) {
            Ok(text) => text,
            Err(error) => {
                content.bytes = bytes.to_vec();
                content.error = Some(error);
                return content;
            }
        };
        let mut engine = Engine::default();
        for (number, span) in text.documents().into_iter().enumerate() {
            let mut tape = Tape::default();
            if let Err(error) = engine.parse(&text, span, &mut tape, &mut content.findings) {
                content.error = Some(error);
                break;
            }
            if tape.has_comments {
                content.comments.extend(tape.tokens.iter().filter(|token| token.kind.is_comment()).map(|token| {
                    (token.start as usize, String::from_utf8_lossy(tape.text(&text.bytes, *token)).into_owned())
                }));
            }
            if tape.is_empty() {
                continue;
            }
            let source = Source { tape: &tape, bytes: &text.bytes, json: text.json };
            let value = to_value(&tape, &text.bytes, 0).unwrap_or_else(|error| {
                content.error.get_or_insert_with(|| SyntaxError::new(error.offset, error.message));
                Value::Null
            });
            let objects = objects(source);
            content.documents.push(Document { number, value, tape, objects });
        }
        content.json = text.json;
        content.bytes = text.bytes.into_owned();
        content
    }

    /// What is wrong with the text of a file that holds this.
    pub fn problem(&self, file: &str) -> Option<Problem> {
        let error = self.error.as_ref()?;
        Some(Problem { severity: Severity::Error, ..syntax_problem(file, &mut Positions::new(&self.bytes, 0), error) })
    }

    /// A finding of its text as a problem of a file that holds this.
    pub fn problem_of(&self, file: &str, finding: &Finding) -> Problem {
        finding_problem(file, finding, &mut Positions::new(&self.bytes, 0))
    }

    /// The objects in it.
    pub fn items<'a>(&'a self, file: &'a str) -> impl Iterator<Item = Item<'a>> {
        self.documents.iter().flat_map(move |document| {
            document.objects.iter().map(move |(prefix, object)| Item { file, object, document, prefix, content: self })
        })
    }

    /// The place of a byte offset.
    pub fn location_of(&self, file: &str, offset: usize) -> Location {
        location(file, &mut Positions::new(&self.bytes, 0), offset)
    }

    /// The place of a field of a document; see [`Source::find`].
    pub fn location(&self, file: &str, document: &Document, path: &[&str]) -> Location {
        self.location_of(file, self.offset(document, path))
    }

    /// The place of the key of a field of a document; that of the field where it has none.
    pub fn key_location(&self, file: &str, document: &Document, path: &[&str]) -> Location {
        let Some((last, above)) = path.split_last() else { return self.location(file, document, path) };
        let source = self.source(document);
        let map = source.resolve(source.find(document.tape.node_at(0), above));
        let key = (document.tape.tokens[map].kind == Kind::Map).then(|| source.key(map, last)).flatten();
        match key {
            Some(key) => self.location_of(file, document.tape.tokens[key].start as usize),
            None => self.location(file, document, path),
        }
    }

    /// Whether the value of a field of a document is a text in quotes.
    pub fn is_quoted(&self, document: &Document, path: &[&str]) -> bool {
        let node = self.source(document).find(document.tape.node_at(0), path);
        matches!(document.tape.tokens[node].kind, Kind::Single | Kind::Double)
    }

    /// The text as it is.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether there is a comment inside the value of a field of a document.
    pub fn has_comments(&self, document: &Document, path: &[&str]) -> bool {
        let node = self.source(document).find(document.tape.node_at(0), path);
        document.tape.tokens[node..document.tape.skip_node(node)].iter().any(|token| token.kind.is_comment())
    }

    fn source<'a>(&'a self, document: &'a Document) -> Source<'a> {
        Source { tape: &document.tape, bytes: &self.bytes, json: self.json }
    }

    fn offset(&self, document: &Document, path: &[&str]) -> usize {
        let node = self.source(document).find(document.tape.node_at(0), path);
        document.tape.tokens[node].start as usize
    }
}

/// The objects of a document, with the paths to them.
fn objects(source: Source<'_>) -> Vec<(Vec<String>, Object)> {
    let root = source.tape.node_at(0);
    if let Some(items) = source.list_items(root) {
        let each = items.into_iter().enumerate().filter_map(|(number, item)| {
            Some((vec!["items".to_owned(), number.to_string()], source.object(item).ok()?))
        });
        return each.collect();
    }
    source.object(root).into_iter().map(|object| (Vec::new(), object)).collect()
}

impl<'a> Item<'a> {
    /// The object's API group.
    pub fn group(&self) -> &'a str {
        &self.object.gvk.group
    }

    /// The version within the group.
    pub fn version(&self) -> &'a str {
        &self.object.gvk.version
    }

    /// The kind.
    pub fn kind(&self) -> &'a str {
        &self.object.gvk.kind
    }

    /// The name; empty where there is none.
    pub fn name(&self) -> &'a str {
        self.object.name.as_deref().unwrap_or_default()
    }

    /// The namespace; empty where there is none.
    pub fn namespace(&self) -> &'a str {
        self.object.namespace.as_deref().unwrap_or_default()
    }

    /// Whether it is of this group and kind, in any version.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group() == group && self.kind() == kind
    }

    /// Kind and name, for messages.
    pub fn shown(&self) -> String {
        format!("{} {}", self.kind(), self.name()).trim_end().to_owned()
    }

    /// The object's value.
    pub fn value(&self) -> &'a Value {
        let parts = self.prefix.iter().map(String::as_str);
        parts.fold(&self.document.value, |value, part| step(value, part).unwrap_or(&Value::Null))
    }

    /// A field: a path of keys and of numbers of items.
    pub fn get(&self, path: &[&str]) -> Option<&'a Value> {
        path.iter().try_fold(self.value(), |value, part| step(value, part)).filter(|value| !value.is_null())
    }

    /// The text of a field.
    pub fn text(&self, path: &[&str]) -> Option<&'a str> {
        self.get(path)?.as_str()
    }

    /// The items of a field; none where it is no list.
    pub fn list(&self, path: &[&str]) -> &'a [Value] {
        self.get(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The path of a field in the document, for changes of it.
    pub fn path(&self, path: &[&str]) -> Vec<String> {
        self.prefix.iter().cloned().chain(path.iter().map(|part| (*part).to_owned())).collect()
    }

    /// Whether there is a comment inside the value of a field, which a new value would lose.
    pub fn has_comments(&self, path: &[&str]) -> bool {
        let path = self.path(path);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.content.has_comments(self.document, &path)
    }

    /// Whether the value of a field is a text in quotes.
    pub fn is_quoted(&self, path: &[&str]) -> bool {
        let path = self.path(path);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.content.is_quoted(self.document, &path)
    }

    /// The place of a field; where the path ends early, of what there is.
    pub fn location(&self, path: &[&str]) -> Location {
        self.located(path, Content::location)
    }

    /// The place of a field's key.
    pub fn key_location(&self, path: &[&str]) -> Location {
        self.located(path, Content::key_location)
    }

    fn located(&self, path: &[&str], location: fn(&Content, &str, &Document, &[&str]) -> Location) -> Location {
        let path = self.path(path);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        location(self.content, self.file, self.document, &path)
    }
}

/// One step from a value to a value inside it: a key, or the number of an item.
pub fn step<'a>(value: &'a Value, part: &str) -> Option<&'a Value> {
    match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        value => value.get(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_places() {
        let text = "# a\n---\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: x}\n";
        let content = Content::parse(text.as_bytes());
        let item = content.items("a.yaml").next().expect("an item");
        assert_eq!((item.kind(), item.name(), item.text(&["metadata", "name"])), ("Secret", "x", Some("x")));
        assert_eq!(item.location(&["metadata", "name"]).to_string(), "a.yaml:9:20");
        assert_eq!(item.key_location(&["metadata", "name"]).to_string(), "a.yaml:9:14");
        assert_eq!(item.location(&["metadata", "none"]).to_string(), "a.yaml:9:13");
        assert_eq!(item.path(&["kind"]), ["items", "0", "kind"]);
        assert_eq!(content.comments, [(0, "# a".to_owned())]);
    }

    #[test]
    fn the_same_bytes_are_parsed_once() {
        let files = Tree::from([("a.yaml", "a: 1\n"), ("b.yaml", "a: 1\n"), ("c.yaml", "a: [\n")]);
        let parsed = parse(&files);
        assert!(Arc::ptr_eq(&parsed["a.yaml"], &parsed["b.yaml"]));
        let problem = parsed["c.yaml"].problem("c.yaml").expect("a problem");
        assert_eq!(problem.location.file, "c.yaml");
    }
}
