//! A trigger file as a value whose fields have places.

use super::finding::Finding;
use crate::manifest::Source;
use crate::manifest::findings::{finding_problem, location, syntax_problem};
use crate::problem::{Location, Problem};
use crate::text::visible;
use crate::yaml::engine::Engine;
use crate::yaml::input::{Positions, Text};
use crate::yaml::tape::{Kind, Tape};
use crate::yaml::value::to_value;
use serde_json::Value;

/// The first document of a file: Lighthouse reads no other.
pub(super) struct Document {
    pub(super) path: String,
    /// The path as places show it.
    file: String,
    pub(super) value: Value,
    tape: Tape,
    bytes: Vec<u8>,
    json: bool,
}

impl Document {
    /// Parses a file; places show its path with a prefix. `None`: it is empty, or cannot be read, which `findings` then
    /// says.
    pub(super) fn parse(prefix: &str, path: &str, bytes: &[u8], findings: &mut Vec<Finding>) -> Option<Document> {
        let file = format!("{prefix}{path}");
        let file = file.as_str();
        let text = match Text::new(bytes) {
            Ok(text) => text,
            Err(error) => {
                findings.push(syntax(syntax_problem(file, &mut Positions::new(bytes, 0), &error)));
                return None;
            }
        };
        let mut positions = Positions::new(&text.bytes, 0);
        let mut first: Option<Tape> = None;
        for span in text.documents() {
            let mut tape = Tape::default();
            let mut found = Vec::new();
            if let Err(error) = Engine::default().parse(&text, span, &mut tape, &mut found) {
                findings.push(syntax(syntax_problem(file, &mut positions, &error)));
                return None;
            }
            if tape.is_empty() {
                continue;
            }
            if first.is_some() {
                let at = location(file, &mut positions, tape.tokens[tape.node_at(0)].start as usize);
                let message = "Lighthouse reads the first document only, and passes over this one";
                findings.push(Finding::warning("trigger-syntax", at, message));
                break;
            }
            findings.extend(found.iter().map(|finding| syntax(finding_problem(file, finding, &mut positions))));
            first = Some(tape);
        }
        let tape = first?;
        match to_value(&tape, &text.bytes, 0) {
            Ok(value) => {
                let (json, bytes) = (text.json, text.bytes.into_owned());
                Some(Document { path: path.to_owned(), file: file.to_owned(), value, tape, bytes, json })
            }
            Err(error) => {
                let at = location(file, &mut positions, error.offset);
                findings.push(Finding::error("trigger-syntax", at, error.message));
                None
            }
        }
    }

    /// The place of a field; where the path ends early, of what there is.
    pub(super) fn location(&self, path: &[&str]) -> Location {
        self.location_at(self.tape.tokens[self.node(path)].start as usize)
    }

    /// The place of the key of a field.
    pub(super) fn key_location(&self, path: &[&str]) -> Location {
        let Some((last, above)) = path.split_last() else { return self.location(path) };
        let map = self.source().resolve(self.node(above));
        let key = (self.tape.tokens[map].kind == Kind::Map).then(|| self.source().key(map, last)).flatten();
        match key {
            Some(key) => self.location_at(self.tape.tokens[key].start as usize),
            None => self.location(path),
        }
    }

    /// The place of a byte of a text, where it is written as it is meant; else that of the text.
    pub(super) fn location_within(&self, path: &[&str], text: &str, offset: usize) -> Location {
        let token = self.tape.tokens[self.source().resolve(self.node(path))];
        let written = self.tape.text(&self.bytes, token);
        let start = token.start as usize;
        let quote = usize::from(matches!(token.kind, Kind::Single | Kind::Double));
        let is_as_meant = text
            .get(..offset)
            .is_some_and(|before| written.get(quote..).is_some_and(|written| written.starts_with(before.as_bytes())));
        self.location_at(if is_as_meant { start + quote + offset } else { start })
    }

    fn location_at(&self, offset: usize) -> Location {
        location(&self.file, &mut Positions::new(&self.bytes, 0), offset)
    }

    fn node(&self, path: &[&str]) -> usize {
        self.source().find(self.tape.node_at(0), path)
    }

    fn source(&self) -> Source<'_> {
        Source { tape: &self.tape, bytes: &self.bytes, json: self.json }
    }
}

fn syntax(problem: Problem) -> Finding {
    Finding::new("trigger-syntax", Problem { message: visible(&problem.message), ..problem })
}
