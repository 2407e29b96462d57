//! A parsed file: its documents, with the objects in them and the places of their fields. It reads no file.

use super::findings::{finding_problem, location, syntax_problem};
use super::identity::Identity;
use super::source::Source;
use crate::problem::{Location, Problem, Severity};
use crate::yaml::check::Finding;
use crate::yaml::engine::Engine;
use crate::yaml::input::{Positions, Text};
use crate::yaml::scalar::block_lines;
use crate::yaml::scan::SyntaxError;
use crate::yaml::tape::{Kind, Tape};
use crate::yaml::value::to_value;
use serde_json::Value;

/// What a file of manifests holds. It does not know its own path: files with the same bytes share one.
#[derive(Debug)]
pub struct ManifestFile {
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

#[derive(Debug)]
pub struct Document {
    /// Its number in the file, from 0, counting empty ones too.
    pub number: usize,
    /// Its value as JSON.
    pub value: Value,
    tape: Tape,
    pub(super) objects: Vec<(Vec<String>, Identity)>,
}

impl ManifestFile {
    /// Parses a text. What comes after a document that is not YAML is passed over.
    pub fn parse(bytes: &[u8]) -> ManifestFile {
        let mut file = ManifestFile {
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
                file.bytes = bytes.to_vec();
                file.error = Some(error);
                return file;
            }
        };
        let mut engine = Engine::default();
        for (number, span) in text.documents().into_iter().enumerate() {
            let mut tape = Tape::default();
            if let Err(error) = engine.parse(&text, span, &mut tape, &mut file.findings) {
                file.error = Some(error);
                break;
            }
            if tape.has_comments {
                file.comments.extend(tape.tokens.iter().filter(|token| token.kind.is_comment()).map(|token| {
                    (token.start as usize, String::from_utf8_lossy(tape.text(&text.bytes, *token)).into_owned())
                }));
            }
            if tape.is_empty() {
                continue;
            }
            let source = Source { tape: &tape, bytes: &text.bytes, json: text.json };
            let value = to_value(&tape, &text.bytes, 0).unwrap_or_else(|error| {
                file.error.get_or_insert_with(|| SyntaxError::new(error.offset, error.message));
                Value::Null
            });
            let objects = objects(source);
            file.documents.push(Document { number, value, tape, objects });
        }
        file.json = text.json;
        file.bytes = text.bytes.into_owned();
        file
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

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where folded texts (`>`) start that have a line with more indentation than the first.
    pub fn uneven_folds(&self) -> impl Iterator<Item = usize> {
        let tokens = self.documents.iter().flat_map(|document| &document.tape.tokens);
        let is_deeper = |line: &[u8]| line.starts_with(b" ") || line.starts_with(b"\t");
        let folds = tokens.filter(|token| token.kind == Kind::Folded).filter(move |token| {
            let text = &self.bytes[token.start as usize..token.end as usize];
            block_lines(text, **token).any(|line| is_deeper(line) && !line.trim_ascii().is_empty())
        });
        folds.map(|token| token.start as usize)
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
fn objects(source: Source<'_>) -> Vec<(Vec<String>, Identity)> {
    let root = source.tape.node_at(0);
    if let Some(items) = source.list_items(root) {
        let each = items.into_iter().enumerate().filter_map(|(number, item)| {
            Some((vec!["items".to_owned(), number.to_string()], source.object(item).ok()?))
        });
        return each.collect();
    }
    source.object(root).into_iter().map(|object| (Vec::new(), object)).collect()
}
