//! The engine: parses documents, writes them, and proves each result before anyone sees it. It owns the memory that
//! is used again from document to document; one engine belongs to one thread.

use super::check::{self, Finding};
use super::emit::{Frame, Style};
use super::input::Text;
use super::scan::{self, Buffers, Stop, SyntaxError};
use super::slow;
use super::split::{Documents, Span};
use super::tape::Tape;
use super::verify::{self, Side};
use std::ops::Range;

#[derive(Debug, Default)]
pub struct Engine {
    /// A tape that callers may take, use and give back.
    pub tape: Tape,
    proof: Tape,
    buffers: Buffers,
}

/// Formatting would have changed a value or lost a comment: a defect of kfleet. Nothing is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproven {
    /// Byte offset in the source.
    pub offset: usize,
    /// What differs.
    pub what: String,
}

impl Engine {
    /// Parses the document at `span` of `text` into `tape` and adds what is wrong or doubtful to `findings`.
    ///
    /// # Errors
    /// The document is not valid YAML.
    pub fn parse(
        &mut self,
        text: &Text<'_>,
        span: Span,
        tape: &mut Tape,
        findings: &mut Vec<Finding>,
    ) -> Result<(), SyntaxError> {
        self.parse_only(&text.bytes, span, text.cut && span.end == text.bytes.len(), tape)?;
        check::check(tape, &text.bytes, text.json, findings);
        Ok(())
    }

    fn parse_only(&mut self, bytes: &[u8], span: Span, cut: bool, tape: &mut Tape) -> Result<(), SyntaxError> {
        if span.end - span.prefix > u32::MAX as usize / 2 {
            return Err(SyntaxError::new(span.prefix, "a document of more than 2 GiB"));
        }
        match scan::scan(bytes, span, cut, tape, &mut self.buffers) {
            Ok(()) => Ok(()),
            Err(Stop::Error(error)) => Err(*error),
            Err(Stop::Unsupported) => {
                let text = std::str::from_utf8(bytes)
                    .map_err(|error| SyntaxError::new(error.valid_up_to(), "this is not valid UTF-8"))?;
                slow::build(text, span, cut, tape)
            }
        }
    }

    /// Proves what was written for the part `range` of a document.
    ///
    /// # Errors
    /// The result differs, or cannot be read.
    pub fn prove(
        &mut self,
        tape: &Tape,
        source: &[u8],
        range: Range<usize>,
        frame: Frame<'_>,
        style: Style,
        written: &[u8],
    ) -> Result<(), Unproven> {
        let offset = tape.tokens.get(range.start).map_or(0, |token| token.start as usize);
        // The comment that the frame adds is not part of the document.
        let head = if frame.marker { 4 } else { 0 } + frame.source.map_or(0, |line| line.len() + 1);
        let head = if frame.source.is_some() { head } else { 0 };
        let body = &written[head.min(written.len())..];
        let mut documents = Documents::new(body);
        let span = match (documents.next(), documents.next()) {
            (Some(span), None) => span,
            _ => return Err(Unproven { offset, what: "the number of documents differs".to_owned() }),
        };
        let mut proof = std::mem::take(&mut self.proof);
        let parsed = self.parse_only(body, span, false, &mut proof);
        let result = match parsed {
            Err(error) => Err(Unproven { offset, what: format!("the result cannot be read: {}", error.message) }),
            Ok(()) => {
                let right = Side { tape: &proof, source: body, range: 0..proof.tokens.len(), json: false };
                let left = Side { tape, source, range, json: style.json };
                verify::compare(&left, &right)
                    .map_err(|difference| Unproven { offset: difference.offset, what: difference.what.to_owned() })
            }
        };
        self.proof = proof;
        result
    }
}
