//! The canonical text of a whole file, for those who compare files by what they say and not by how they are laid out.

use super::emit::{Frame, Style, emit};
use super::engine::Engine;
use super::input::Text;
use super::tape::Tape;

/// The text that `kfleet fmt` without options makes of a YAML file; nothing where it would refuse the file, or where the file
/// is JSON. Unlike there, nothing is proven: do not write it.
pub fn canonical(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = Text::new(bytes).ok().filter(|text| !text.json)?;
    let (mut engine, mut tape) = (Engine::default(), Tape::default());
    let mut out = Vec::with_capacity(bytes.len());
    for span in text.documents() {
        let mut findings = Vec::new();
        engine.parse(&text, span, &mut tape, &mut findings).ok()?;
        if findings.iter().any(|finding| finding.is_error) {
            return None;
        }
        let first = out.is_empty();
        let frame = Frame { marker: span.is_explicit() || !first, keep_prefix: first, source: None };
        if !tape.tokens.is_empty() {
            emit(&tape, &text.bytes, 0..tape.tokens.len(), frame, Style::default(), &mut out);
        }
    }
    Some(out)
}
