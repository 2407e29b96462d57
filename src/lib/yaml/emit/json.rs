//! JSON files stay JSON: two columns per level, every scalar with its bytes.

use super::super::tape::{Kind, Tape, Token};

/// Writes a JSON document after what is in `out`.
pub fn emit(tape: &Tape, source: &[u8], out: &mut Vec<u8>) {
    // For each open collection: whether it has an entry already.
    let mut open: Vec<bool> = Vec::new();
    let mut after_key = false;
    for token in &tape.tokens {
        if token.kind == Kind::End {
            let opening = tape.tokens[token.link as usize];
            if open.pop() == Some(true) {
                new_line(open.len(), out);
            }
            out.push(if opening.kind == Kind::Map { b'}' } else { b']' });
            continue;
        }
        if !std::mem::take(&mut after_key)
            && let Some(has_entry) = open.last_mut()
        {
            if *has_entry {
                out.push(b',');
            }
            *has_entry = true;
            new_line(open.len(), out);
        }
        match token.kind {
            Kind::Map => out.push(b'{'),
            Kind::Seq => out.push(b'['),
            _ => out.extend_from_slice(tape.text(source, *token)),
        }
        if matches!(token.kind, Kind::Map | Kind::Seq) {
            open.push(false);
        }
        if token.has(Token::KEY) {
            out.extend_from_slice(b": ");
            after_key = true;
        }
    }
    out.push(b'\n');
}

fn new_line(depth: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', depth * 2));
}
