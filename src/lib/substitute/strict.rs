//! What strict mode refuses: templates that are legal, but do not do what they seem to.

use super::evaluate::Evaluated;
use super::parse::{Expansion, Operator, Piece};
use super::source::Source;
use super::{Finding, Findings, Lines, missing};
use crate::problem::Severity;
use crate::yaml::engine::Engine;
use crate::yaml::input::{Positions, Text};
use crate::yaml::split::Span;
use crate::yaml::tape::Tape;
use crate::yaml::value::to_value;
use memchr::memmem;
use std::collections::{BTreeMap, BTreeSet};

/// The label or annotation with which Flux leaves an object's text alone.
const FLUX_SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// Checks the variables of a template, those inside of others included.
pub(super) fn check(pieces: &[Piece<'_>], values: &BTreeMap<String, String>, findings: &mut Findings) {
    let mut checker = Checker { values, findings, bare: Vec::new(), defaulted: BTreeSet::new() };
    for piece in pieces {
        checker.piece(piece);
    }
    let Checker { bare, defaulted, .. } = checker;
    for variable in bare.into_iter().filter(|variable| defaulted.contains(variable.name)) {
        let name = variable.name;
        let message = format!("`{name}` has a default elsewhere in this text, but not here");
        findings.push(Finding::error(variable.offset, message, "write the default here too, or nowhere"));
    }
}

struct Checker<'a, 'f> {
    values: &'a BTreeMap<String, String>,
    findings: &'f mut Findings,
    /// Variables that have a value, and no default.
    bare: Vec<&'a Expansion<'a>>,
    /// Names with a default somewhere.
    defaulted: BTreeSet<&'a str>,
}

impl<'a> Checker<'a, '_> {
    fn piece(&mut self, piece: &'a Piece<'a>) {
        let Piece::Variable(variable) = piece else { return };
        let has_default = variable.operator == Operator::Default;
        if has_default {
            self.defaulted.insert(variable.name);
        }
        if let Operator::Shell(sign) = variable.operator {
            let message = format!("`:{sign}` does not mean here what it means in a shell: it is a default");
            self.findings.push(Finding::error(variable.offset, message, "write ${V} or ${V:=default}"));
        } else if has_default && !variable.arguments.is_empty() {
            // Needs no value.
        } else if !self.values.contains_key(variable.name) {
            self.findings.push(missing(variable));
        } else if !has_default {
            self.bare.push(variable);
        }
        for (index, argument) in variable.arguments.iter().enumerate() {
            match argument {
                Piece::Text(text, _) => self.argument(variable, index, text),
                Piece::Variable(_) => self.piece(argument),
            }
        }
    }

    fn argument(&mut self, variable: &Expansion<'_>, index: usize, text: &str) {
        let is_replacement = matches!(
            variable.operator,
            Operator::ReplaceFirst | Operator::ReplaceAll | Operator::ReplacePrefix | Operator::ReplaceSuffix
        );
        let name = variable.name;
        if text.contains(['\n', '\r']) || (is_replacement && index == 0 && text.contains('}')) {
            let message = format!("`${{{name}` seems not to be closed: it goes on to a later brace");
            let hint = "close it on its line: ${V:=default}, ${V/old/new}";
            self.findings.push(Finding::error(variable.offset, message, hint));
        } else if variable.operator == Operator::Default && text.contains('{') {
            let message = format!("the default of `{name}` has a brace, and ends at the first closing one");
            let hint = format!("set {name} instead, or write the default without braces");
            self.findings.push(Finding::error(variable.offset, message, &hint));
        }
    }
}

/// A warning for each variable in a comment.
///
/// The comments are those of the project's own YAML parser. In a document that is not YAML before its variables are
/// replaced, a comment is a line that starts with `#`, blanks aside.
pub(super) fn in_comments(text: &str, source: &Source<'_>, pieces: &[Piece<'_>], findings: &mut Findings) {
    let has_variables = pieces.iter().any(|piece| matches!(piece, Piece::Variable(_)));
    if !has_variables || memchr::memchr(b'#', text.as_bytes()).is_none() {
        return;
    }
    let comments = comments(text);
    let lines = Lines::new(text);
    let mut positions = lines.positions();
    for piece in pieces {
        let Piece::Variable(variable) = piece else { continue };
        let (line, column) = positions.location(lines.offset(source.original(variable.offset)));
        if comments.get(&line).is_some_and(|start| *start <= column) {
            findings.push(Finding {
                severity: Severity::Warning,
                offset: variable.offset,
                message: format!("the variable `{}` stands in a comment, and is replaced there too", variable.name),
                hint: Some("remove it, or write its name without `${`".to_owned()),
            });
        }
    }
}

/// The column at which a comment starts, by line.
fn comments(text: &str) -> BTreeMap<u64, u64> {
    let mut comments = BTreeMap::new();
    let Ok(prepared) = Text::new(text.as_bytes()) else {
        let lines = Lines::new(text);
        add_comment_lines(&lines.bytes, 0, &mut lines.positions(), &mut comments);
        return comments;
    };
    let mut positions = Positions::new(&prepared.bytes, 0);
    let mut engine = Engine::default();
    let mut tape = Tape::default();
    for span in prepared.documents() {
        if engine.parse(&prepared, span, &mut tape, &mut Vec::new()).is_err() {
            add_comment_lines(&prepared.bytes[span.prefix..span.end], span.prefix, &mut positions, &mut comments);
            continue;
        }
        for token in tape.tokens.iter().filter(|token| token.kind.is_comment()) {
            let (line, column) = positions.location(token.start as usize);
            comments.insert(line, column);
        }
    }
    comments
}

/// Lines that start with `#`; `offset` is where the bytes stand in the text of `positions`.
fn add_comment_lines(bytes: &[u8], offset: usize, positions: &mut Positions<'_>, comments: &mut BTreeMap<u64, u64>) {
    let mut start = offset;
    for line in bytes.split(|byte| *byte == b'\n') {
        let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if line.get(indent) == Some(&b'#') {
            let (line, column) = positions.location(start + indent);
            comments.insert(line, column);
        }
        start += line.len() + 1;
    }
}

/// An error for each `${` in the result, which Flux's post-build substitution would replace, unless the object that it
/// stands in forbids that.
pub(super) fn leftovers(evaluated: &Evaluated, findings: &mut Findings) {
    let found: Vec<usize> = memmem::find_iter(evaluated.text.as_bytes(), "${").collect();
    if found.is_empty() {
        return;
    }
    let allowed = allowed_leftovers(&evaluated.text);
    let refused = found.iter().enumerate().filter(|(number, _)| !allowed.contains(number));
    let hint = format!("remove it; where it is meant, annotate its object with {FLUX_SUBSTITUTE}: disabled");
    let message = "`${` is left in the result, and Flux's post-build substitution would replace it";
    for (_, offset) in refused {
        findings.push(Finding::error(evaluated.origin(*offset), message, &hint));
    }
}

/// The numbers of those `${` that stand in objects which Flux leaves alone.
fn allowed_leftovers(text: &str) -> BTreeSet<usize> {
    let mut allowed = BTreeSet::new();
    let Ok(prepared) = Text::new(text.as_bytes()) else { return allowed };
    let count = |from: usize, to: usize| memmem::find_iter(&prepared.bytes[from..to], "${").count();
    let mut engine = Engine::default();
    let (mut number, mut at) = (0, 0);
    for span in prepared.documents() {
        number += count(at, span.prefix);
        let inside = count(span.prefix, span.end);
        if inside > 0 && forbids_substitution(&mut engine, &prepared, span) {
            allowed.extend(number..number + inside);
        }
        number += inside;
        at = span.end;
    }
    allowed
}

fn forbids_substitution(engine: &mut Engine, text: &Text<'_>, span: Span) -> bool {
    let mut tape = Tape::default();
    if engine.parse(text, span, &mut tape, &mut Vec::new()).is_err() || tape.is_empty() {
        return false;
    }
    let Ok(object) = to_value(&tape, &text.bytes, tape.node_at(0)) else { return false };
    ["annotations", "labels"].iter().any(|field| object["metadata"][field][FLUX_SUBSTITUTE] == "disabled")
}
