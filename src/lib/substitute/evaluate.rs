//! From pieces to text. The work is bounded: a few bytes of template can ask for any amount of it.

use super::budget::{Budget, Failure};
use super::functions::apply;
use super::parse::{Expansion, Piece};
use super::{Finding, MAX_BYTES, Mode};
use std::collections::BTreeMap;

/// A text, and where its parts come from.
#[derive(Debug)]
pub(super) struct Evaluated {
    pub(super) text: String,
    /// Where a part starts in the text, where it comes from in the template, and whether it stands there as it is.
    origins: Vec<(usize, usize, bool)>,
}

impl Evaluated {
    /// Where in the template the byte at `offset` of the text comes from.
    pub(super) fn origin(&self, offset: usize) -> usize {
        let index = self.origins.partition_point(|(start, ..)| *start <= offset);
        let (start, from, is_literal) = index.checked_sub(1).map_or((0, 0, false), |index| self.origins[index]);
        if is_literal { from + offset - start } else { from }
    }
}

/// Evaluates a template that was checked.
pub(super) fn evaluate(
    pieces: &[Piece<'_>],
    values: &BTreeMap<String, String>,
    mode: Mode,
) -> Result<Evaluated, Finding> {
    let mut evaluator = Evaluator { values, mode, budget: Budget::default() };
    let mut out = Vec::new();
    let mut origins = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let start = out.len();
        let origin = match piece {
            Piece::Text(_, from) => (start, *from, true),
            Piece::Variable(variable) => (start, variable.offset, false),
        };
        evaluator.piece(piece, &mut out)?;
        if out.len() > start {
            origins.push(origin);
        }
    }
    match String::from_utf8(out) {
        Ok(text) => Ok(Evaluated { text, origins }),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let offset = Evaluated { text: String::new(), origins }.origin(at);
            let hint = "offsets and lengths count bytes: choose others for this value";
            Err(Finding::error(offset, "this cuts a character of the value in two", hint))
        }
    }
}

struct Evaluator<'v> {
    values: &'v BTreeMap<String, String>,
    mode: Mode,
    budget: Budget,
}

impl Evaluator<'_> {
    fn piece(&mut self, piece: &Piece<'_>, out: &mut Vec<u8>) -> Result<(), Finding> {
        match piece {
            Piece::Text(text, offset) => {
                self.budget.write(text.as_bytes(), out).map_err(|failure| finding(failure, *offset))
            }
            Piece::Variable(variable) => self.expansion(variable, out),
        }
    }

    /// Arguments are evaluated also where they are not needed: what is wrong with them is reported for every value.
    fn expansion(&mut self, variable: &Expansion<'_>, out: &mut Vec<u8>) -> Result<(), Finding> {
        let mut arguments = Vec::with_capacity(variable.arguments.len());
        for argument in &variable.arguments {
            let mut text = Vec::new();
            self.piece(argument, &mut text)?;
            arguments.push(text);
        }
        let value = self.values.get(variable.name).map_or("", String::as_str);
        let result = apply(variable.operator, value, &arguments, self.mode, &mut self.budget, out);
        result.map_err(|failure| finding(failure, variable.offset))
    }
}

fn finding(failure: Failure, offset: usize) -> Finding {
    let (message, hint) = match failure {
        Failure::TooLarge => {
            let message = format!("the result grows beyond {} MiB", MAX_BYTES >> 20);
            return Finding::error(offset, message, "use shorter values, or fewer variables");
        }
        Failure::TooSlow => (
            "working out the variables of this text takes too long",
            "use simpler patterns, shorter values, or fewer operators",
        ),
        Failure::BadLength => ("the length of this part of the value is negative", "write a length of 0 or more"),
        Failure::NoNumber => (
            "the offset or the length of this part of the value is not a number",
            "write ${V:OFFSET} or ${V:OFFSET:LENGTH} with numbers; for a default write ${V:=default}",
        ),
    };
    Finding::error(offset, message, hint)
}
