//! A file of kfleet's own, read into its type: all problems at once, each at its place.

use super::schema::{self, Mismatch};
use crate::manifest::Source;
use crate::manifest::findings::{finding_problem, location, syntax_problem};
use crate::problem::{Location, Problem, Severity};
use crate::yaml::engine::Engine;
use crate::yaml::input::{Positions, Text};
use crate::yaml::tape::Tape;
use crate::yaml::value::to_value;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// The text that a value was read from: it shows where a field is.
#[derive(Debug)]
pub struct Document {
    name: String,
    bytes: Vec<u8>,
    tape: Tape,
}

/// Reads a file that holds one document of the type `T`. Warnings go to `warnings`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read<T: DeserializeOwned + JsonSchema>(
    name: &str,
    bytes: &[u8],
    warnings: &mut Vec<Problem>,
) -> Result<(T, Document), Vec<Problem>> {
    let text = Text::new(bytes).map_err(|error| vec![syntax_problem(name, &mut Positions::new(bytes, 0), &error)])?;
    let mut positions = Positions::new(&text.bytes, 0);
    let mut problems = Vec::new();
    let mut tape = Tape::default();
    let mut engine = Engine::default();
    let mut found: Option<Tape> = None;
    for span in text.documents() {
        let mut findings = Vec::new();
        if let Err(error) = engine.parse(&text, span, &mut tape, &mut findings) {
            problems.push(syntax_problem(name, &mut positions, &error));
            continue;
        }
        problems.extend(findings.iter().map(|finding| finding_problem(name, finding, &mut positions)));
        if tape.is_empty() {
            continue;
        }
        if found.is_some() {
            let start = tape.tokens[tape.node_at(0)].start as usize;
            problems.push(problem(
                name,
                &mut positions,
                Mismatch::new(start, "a second document: this file holds one"),
            ));
            continue;
        }
        found = Some(std::mem::take(&mut tape));
    }
    let (errors, doubts): (Vec<Problem>, Vec<Problem>) =
        problems.into_iter().partition(|problem| problem.severity == Severity::Error);
    warnings.extend(doubts);
    if !errors.is_empty() {
        return Err(errors);
    }
    let Some(tape) = found else {
        return Err(vec![problem(name, &mut positions, Mismatch::new(0, "this file is empty"))]);
    };
    let root = tape.node_at(0);
    let source = Source { tape: &tape, bytes: &text.bytes, json: text.json };
    let schema = schema::schema_of::<T>();
    let mut mismatches = schema::check(&schema, source, root);
    mismatches.sort_by_key(|mismatch| mismatch.offset);
    if !mismatches.is_empty() {
        return Err(mismatches.into_iter().map(|mismatch| problem(name, &mut positions, mismatch)).collect());
    }
    let value = to_value(&tape, &text.bytes, root)
        .map_err(|error| vec![problem(name, &mut positions, Mismatch::new(error.offset, error.message))])?;
    // The schema was made from the type, so this is only for what it cannot say.
    let value = serde_json::from_value(schema::without_nulls(value, &schema))
        .map_err(|error| vec![problem(name, &mut positions, Mismatch::new(0, error.to_string()))])?;
    Ok((value, Document { name: name.to_owned(), bytes: text.bytes.into_owned(), tape }))
}

fn problem(name: &str, positions: &mut Positions<'_>, mismatch: Mismatch) -> Problem {
    Problem {
        severity: Severity::Error,
        location: location(name, positions, mismatch.offset),
        message: mismatch.message,
        hint: mismatch.hint,
    }
}

impl Document {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The place of a field: a path of keys and of numbers of items. Where the path ends early, of what there is.
    pub fn location(&self, path: &[&str]) -> Location {
        let source = Source { tape: &self.tape, bytes: &self.bytes, json: false };
        let node = source.find(self.tape.node_at(0), path);
        location(&self.name, &mut Positions::new(&self.bytes, 0), self.tape.tokens[node].start as usize)
    }

    /// An error about a field.
    pub fn error(&self, path: &[&str], message: impl Into<String>, hint: Option<String>) -> Problem {
        Problem { severity: Severity::Error, location: self.location(path), message: message.into(), hint }
    }
}
