//! Canonical text of one file: documents stay where they are.

use crate::layout::findings::{marker_lint, unproven_problem};
use crate::manifest::Source;
use crate::manifest::findings::{finding_problem, syntax_problem};
use crate::problem::{Problem, Severity};
use crate::yaml::edit::{self, Rewrite};
use crate::yaml::emit::{self, Frame, Style};
use crate::yaml::engine::Engine;
use crate::yaml::input::{Positions, Text};
use crate::yaml::scan::SyntaxError;
use crate::yaml::split::Span;
use crate::yaml::tape::{Kind, Tape};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextOptions {
    /// The choices of canonical text.
    pub style: Style,
    /// What changes beyond layout.
    pub rewrite: Rewrite,
    /// Leave files alone that hold anything but manifests.
    pub manifests_only: bool,
}

/// What became of one text.
#[derive(Debug, Default)]
pub struct Formatted {
    /// The canonical text; `None` when an error stands in the way, or the text is not to be formatted.
    pub text: Option<Vec<u8>>,
    /// Whether that is the text as it was.
    pub unchanged: bool,
    /// Errors and warnings, in the order of the text.
    pub problems: Vec<Problem>,
    /// How many documents there are, empty ones not counted.
    pub documents: usize,
    /// Not all documents are manifests, and only manifests were asked for.
    pub passed_over: bool,
}

/// Where a text stands in its file, when it is not the whole of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Part {
    /// Other documents of the file stand before it.
    pub continues: bool,
    /// So many lines of the file stand before it.
    pub lines_before: u64,
}

/// Formats the text of one file. `json_file`: the result must be JSON again.
pub fn format(engine: &mut Engine, name: &str, bytes: &[u8], json_file: bool, options: &TextOptions) -> Formatted {
    format_part(engine, name, bytes, Part::default(), json_file, options)
}

/// As [`format()`], for a part of a file: a whole number of its documents.
pub fn format_part(
    engine: &mut Engine,
    name: &str,
    bytes: &[u8],
    part: Part,
    json_file: bool,
    options: &TextOptions,
) -> Formatted {
    let mut formatted = Formatted::default();
    let text = match Text::new(bytes) {
        Ok(text) => text,
        Err(error) => {
            formatted.problems.push(syntax_problem(name, &mut Positions::new(bytes, part.lines_before), &error));
            return formatted;
        }
    };
    let mut positions = Positions::new(&text.bytes, part.lines_before);
    if json_file && !text.json {
        let error =
            SyntaxError::new(0, "this is not a JSON object").with_hint("rename the file to .yaml if it is YAML");
        formatted.problems.push(syntax_problem(name, &mut positions, &error));
        return formatted;
    }
    let mut tape = std::mem::take(&mut engine.tape);
    let mut run = Run {
        engine,
        name,
        text: &text,
        json_file,
        options,
        continues: part.continues,
        out: Vec::with_capacity(bytes.len() + 64),
        positions,
    };
    let mut failed = false;
    for span in text.documents() {
        match run.document(span, &mut tape, &mut formatted) {
            Ok(()) => {}
            Err(problem) => {
                formatted.problems.push(*problem);
                failed = true;
            }
        }
    }
    run.engine.tape = tape;
    failed |= formatted.problems.iter().any(|problem| problem.severity == Severity::Error);
    if !failed && !formatted.passed_over {
        formatted.unchanged = run.out == bytes;
        formatted.text = Some(run.out);
    }
    formatted
}

struct Run<'a> {
    engine: &'a mut Engine,
    name: &'a str,
    text: &'a Text<'a>,
    json_file: bool,
    options: &'a TextOptions,
    continues: bool,
    out: Vec<u8>,
    positions: Positions<'a>,
}

impl Run<'_> {
    fn document(&mut self, span: Span, tape: &mut Tape, formatted: &mut Formatted) -> Result<(), Box<Problem>> {
        let bytes = &self.text.bytes;
        let mut findings = Vec::new();
        let parsed = self.engine.parse(self.text, span, tape, &mut findings);
        parsed.map_err(|error| Box::new(syntax_problem(self.name, &mut self.positions, &error)))?;
        formatted.problems.extend(marker_lint(self.name, bytes, span, &mut self.positions));
        let positions = &mut self.positions;
        formatted.problems.extend(findings.iter().map(|finding| finding_problem(self.name, finding, positions)));
        if tape.tokens.is_empty() || findings.iter().any(|finding| finding.is_error) {
            return Ok(());
        }
        if !tape.is_empty() {
            formatted.documents += 1;
            if self.options.manifests_only && !is_manifest(tape, bytes) {
                formatted.passed_over = true;
                return Ok(());
            }
        }
        if self.json_file {
            emit::json::emit(tape, bytes, &mut self.out);
            return Ok(());
        }
        let rewritten = edit::rewrite(tape, bytes, self.options.rewrite)
            .map_err(|error| Box::new(syntax_problem(self.name, &mut self.positions, &error)))?;
        if rewritten.as_ref().is_some_and(|rewritten| rewritten.tokens != tape.tokens)
            && !self.options.rewrite.sops
            && (Source { tape, bytes, json: self.text.json }).is_encrypted(tape.node_at(0))
        {
            let offset = tape.tokens[tape.node_at(0)].start as usize;
            let message = "SOPS has signed this file: with its fields in another order it cannot be decrypted any more";
            let error = SyntaxError::new(offset, message).with_hint("--sops changes it all the same");
            return Err(Box::new(syntax_problem(self.name, &mut self.positions, &error)));
        }
        let tape = rewritten.as_ref().unwrap_or(tape);
        let first = self.out.is_empty() && !self.continues;
        let style = Style { json: self.text.json, ..self.options.style };
        if let Some(error) = emit::refusal(tape, style) {
            return Err(Box::new(syntax_problem(self.name, &mut self.positions, &error)));
        }
        let marker = span.is_explicit() || !first || style.kyaml;
        let frame = Frame { marker, keep_prefix: first && !style.kyaml, source: None };
        let range = 0..tape.tokens.len();
        let start = self.out.len();
        crate::yaml::emit::emit(tape, bytes, range.clone(), frame, style, &mut self.out);
        // Bytes that did not change need no proof.
        if self.out[start..] == bytes[span.prefix..span.end] && !self.text.json {
            return Ok(());
        }
        self.engine
            .prove(tape, bytes, range, frame, style, &self.out[start..])
            .map_err(|unproven| Box::new(unproven_problem(self.name, &mut self.positions, &unproven)))
    }
}

/// Whether a document is an object with apiVersion and kind.
fn is_manifest(tape: &Tape, bytes: &[u8]) -> bool {
    let root = tape.node_at(0);
    if tape.tokens.get(root).is_none_or(|token| token.kind != Kind::Map) {
        return false;
    }
    let has = |name: &[u8]| tape.entries(root).any(|(key, _)| tape.text(bytes, tape.tokens[key]) == name);
    let quoted = |name: &str| has(format!("\"{name}\"").as_bytes());
    (has(b"apiVersion") || quoted("apiVersion")) && (has(b"kind") || quoted("kind"))
}
