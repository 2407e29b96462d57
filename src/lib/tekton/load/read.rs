//! From the bytes of a file to one [`Node`] for each document. It does not know what the documents mean.

use super::super::node::{At, Entry, Node, Value, scalar};
use super::super::report::Report;
use crate::problem::{Location, Problem, Severity};
use crate::yaml::engine::Engine;
use crate::yaml::input::Text;
use crate::yaml::tape::Tape;
use crate::yaml::value::{Located, LocatedValue, to_located};

/// A cluster keeps no larger object.
const MAX_FILE: usize = 1_500_000;

/// So many values may come out of one file: far more than any pipeline has.
const MAX_NODES: usize = 100_000;

/// The documents of a file that are not empty. What is wrong goes to the report.
pub(super) fn documents(name: &str, bytes: &[u8], report: &Report) -> Vec<Node> {
    let mut documents = Vec::new();
    let problem = |location: Location, message: String, hint: Option<String>, severity: Severity| {
        report.add(Problem { severity, location, message, hint });
    };
    let whole = Location::of_file(name);
    if bytes.len() > MAX_FILE {
        let message = format!("this file has {} bytes, which no cluster would keep", bytes.len());
        problem(whole, message, None, Severity::Error);
        return documents;
    }
    let text = match Text::new(bytes) {
        Ok(text) => text,
        Err(error) => {
            problem(whole, error.message, error.hint, Severity::Error);
            return documents;
        }
    };
    let start = At::start_of(name, text.bytes.to_vec());
    let location = |offset: usize| start.moved_to(offset, None).location();
    let (mut engine, mut tape, mut count) = (Engine::default(), Tape::default(), 0);
    for span in text.documents() {
        let mut findings = Vec::new();
        if let Err(error) = engine.parse(&text, span, &mut tape, &mut findings) {
            problem(location(error.offset), error.message, error.hint, Severity::Error);
            continue;
        }
        for finding in &findings {
            let other = finding.other.map(|other| location(other).to_string()).unwrap_or_default();
            let severity = if finding.is_error { Severity::Error } else { Severity::Warning };
            let message = finding.message.replace("{other}", &other);
            problem(location(finding.offset), message, finding.hint.map(str::to_owned), severity);
        }
        if tape.is_empty() || findings.iter().any(|finding| finding.is_error) {
            continue;
        }
        match to_located(&tape, &text.bytes, tape.node_at(0)) {
            Ok(located) => match node(located, &start, &mut count) {
                Some(node) => documents.push(node),
                None => {
                    let message = format!("this file has more than {MAX_NODES} values");
                    problem(whole.clone(), message, None, Severity::Error);
                }
            },
            Err(error) => problem(location(error.offset), error.message, None, Severity::Error),
        }
    }
    documents
}

/// A value and everything in it; `None` where there is too much.
fn node(located: Located, start: &At, count: &mut usize) -> Option<Node> {
    *count += 1;
    if *count > MAX_NODES {
        return None;
    }
    let at = start.moved_to(located.start, located.indent);
    let value = match located.value {
        LocatedValue::Scalar(value, written) => scalar(value, written),
        LocatedValue::List(items) => {
            Value::List(items.into_iter().map(|item| node(item, start, count)).collect::<Option<_>>()?)
        }
        LocatedValue::Map(entries) => {
            let entry = |(key, offset, value)| {
                Some(Entry { key, at: start.moved_to(offset, None), node: node(value, start, count)? })
            };
            Value::Map(entries.into_iter().map(entry).collect::<Option<_>>()?)
        }
    };
    Some(Node { at, value })
}
