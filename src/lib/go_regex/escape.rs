//! Escapes that stand for one character.

use super::{PatternError, Reader};

/// Reads an escape from after its backslash, which is at `start`. It may be a surrogate.
pub(super) fn code_point(reader: &mut Reader<'_>, start: usize) -> Result<u32, PatternError> {
    let bad = || PatternError::new(start, "invalid escape sequence");
    let Some(c) = reader.next() else {
        return Err(PatternError::new(start, "trailing backslash at end of expression"));
    };
    let is_octal = |c: Option<char>| c.is_some_and(|c| c.is_digit(8));
    match c {
        // A single digit would be a reference to a group.
        '1'..='7' if !is_octal(reader.peek()) => Err(bad()),
        '0'..='7' => {
            let mut value = c.to_digit(8).unwrap_or(0);
            for _ in 0..2 {
                let Some(digit) = reader.peek().and_then(|c| c.to_digit(8)) else { break };
                reader.next();
                value = value * 8 + digit;
            }
            Ok(value)
        }
        'x' if reader.take("{") => {
            let digits = reader.rest().split_once('}').map(|(digits, _)| digits).ok_or_else(bad)?;
            let significant = digits.trim_start_matches('0');
            let is_hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()) && significant.len() <= 6;
            if !is_hex {
                return Err(bad());
            }
            let value = if significant.is_empty() { Ok(0) } else { u32::from_str_radix(significant, 16) };
            reader.at += digits.len() + 1;
            value.ok().filter(|value| *value <= u32::from(char::MAX)).ok_or_else(bad)
        }
        'x' => {
            let mut digit = || reader.next().and_then(|c| c.to_digit(16)).ok_or_else(bad);
            Ok(digit()? * 16 + digit()?)
        }
        'a' => Ok(7),
        'f' => Ok(12),
        'n' => Ok(10),
        'r' => Ok(13),
        't' => Ok(9),
        'v' => Ok(11),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c.into()),
        _ => Err(bad()),
    }
}

/// Writes a character so that it stands for itself, inside and outside of brackets.
pub(super) fn write_literal(c: char, out: &mut String) {
    use std::fmt::Write as _;
    if c.is_ascii_alphanumeric() || !c.is_ascii() {
        out.push(c);
    } else {
        // Writing to a String cannot fail.
        let _ = write!(out, "\\x{:02X}", u32::from(c));
    }
}
