//! What the operators do to a value. Offsets and lengths count bytes, so that a result may end inside a character; the case
//! of letters changes one character into one.

use super::Mode;
use super::budget::{Budget, Failure};
use super::glob::{self, Stop};
use super::parse::Operator;
use memchr::memmem;

/// Appends to `out` what the operator makes of a value. A variable that is not set has the value "".
pub(super) fn apply(
    operator: Operator,
    value: &str,
    arguments: &[Vec<u8>],
    mode: Mode,
    budget: &mut Budget,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    // Operators read the value even where little comes out.
    if !matches!(operator, Operator::Value | Operator::Length | Operator::Substring) {
        budget.step(value.len())?;
    }
    let bytes = value.as_bytes();
    let argument = |index: usize| arguments.get(index).map(Vec::as_slice);
    let first = argument(0).unwrap_or_default();
    let second = argument(1).unwrap_or_default();
    match operator {
        Operator::Value => budget.write(bytes, out),
        Operator::Length => budget.write(value.len().to_string().as_bytes(), out),
        Operator::Default | Operator::Shell(_) if value.is_empty() => {
            arguments.iter().try_for_each(|argument| budget.write(argument, out))
        }
        Operator::Default | Operator::Shell(_) => budget.write(bytes, out),
        Operator::Upper => budget.write(value.chars().map(upper).collect::<String>().as_bytes(), out),
        Operator::Lower => budget.write(value.chars().map(lower).collect::<String>().as_bytes(), out),
        Operator::UpperFirst => write_first(value, upper, budget, out),
        Operator::LowerFirst => write_first(value, lower, budget, out),
        Operator::Substring => budget.write(substring(bytes, first, argument(1), mode)?, out),
        Operator::ReplaceFirst => replace(bytes, first, second, Some(1), budget, out),
        Operator::ReplaceAll => replace(bytes, first, second, None, budget, out),
        // Without a replacement these two do nothing.
        Operator::ReplacePrefix if arguments.len() == 2 && bytes.starts_with(first) => {
            budget.write(second, out)?;
            budget.write(&bytes[first.len()..], out)
        }
        Operator::ReplaceSuffix if arguments.len() == 2 && bytes.ends_with(first) => {
            budget.write(&bytes[..bytes.len() - first.len()], out)?;
            budget.write(second, out)
        }
        Operator::ReplacePrefix | Operator::ReplaceSuffix => budget.write(bytes, out),
        Operator::TrimPrefix { longest } => {
            let cut = matching_prefix(bytes, first, longest, budget)?;
            budget.write(&bytes[cut..], out)
        }
        Operator::TrimSuffix { longest } => {
            // Value and pattern are read backwards, brackets of the pattern included.
            let backwards = reversed(bytes);
            let cut = matching_prefix(&backwards, &reversed(first), longest, budget)?;
            budget.write(&reversed(&backwards[cut..]), out)
        }
    }
}

fn write_first(value: &str, change: fn(char) -> char, budget: &mut Budget, out: &mut Vec<u8>) -> Result<(), Failure> {
    let mut rest = value.chars();
    if let Some(first) = rest.next() {
        budget.write(change(first).encode_utf8(&mut [0; 4]).as_bytes(), out)?;
    }
    budget.write(rest.as_str().as_bytes(), out)
}

/// The upper case of a letter where that is one character, by Unicode's simple mapping.
fn upper(c: char) -> char {
    let mut full = c.to_uppercase();
    match (full.next(), full.next()) {
        (Some(one), None) => one,
        // Greek letters with iota: the full mapping gives two characters, the simple one the letter for titles.
        _ => match c as u32 {
            0x1F80..=0x1F87 | 0x1F90..=0x1F97 | 0x1FA0..=0x1FA7 => char::from_u32(c as u32 + 8).unwrap_or(c),
            0x1FB3 | 0x1FC3 | 0x1FF3 => char::from_u32(c as u32 + 9).unwrap_or(c),
            _ => c,
        },
    }
}

/// The lower case of a letter, by Unicode's simple mapping.
fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// A part of a value: offsets below 0 count from its end, and a part may go beyond its end.
fn substring<'a>(value: &'a [u8], offset: &[u8], length: Option<&[u8]>, mode: Mode) -> Result<&'a [u8], Failure> {
    let number = |text: &[u8]| -> Option<i64> { std::str::from_utf8(text).ok()?.parse().ok() };
    let (offset, length) = match (number(offset), length.map(number)) {
        (Some(offset), None) => (offset, None),
        (Some(offset), Some(Some(length))) => (offset, Some(length)),
        _ if mode == Mode::Strict => return Err(Failure::NoNumber),
        _ => return Ok(value),
    };
    if mode == Mode::Strict && length.is_some_and(|length| length < 0) {
        return Err(Failure::BadLength);
    }
    let size = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let start = if offset < 0 { (size + offset).max(0) } else { offset };
    // The library's sum overflows, and a length that is too small makes it panic.
    let end = length.map_or(Some(size), |length| start.checked_add(length)).ok_or(Failure::BadLength)?;
    let index = |at: i64| usize::try_from(at).map_err(|_| Failure::BadLength);
    if end >= size {
        return Ok(value.get(index(start)?..).unwrap_or_default());
    }
    value.get(index(start)?..index(end)?).ok_or(Failure::BadLength)
}

/// Replaces `old` by `new`, at most so often. An empty `old` is found before each character and at the end.
fn replace(
    value: &[u8],
    old: &[u8],
    new: &[u8],
    most: Option<usize>,
    budget: &mut Budget,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let most = most.unwrap_or(usize::MAX);
    let mut taken = 0;
    let mut write = |at: usize| {
        budget.write(&value[taken..at], out)?;
        taken = at + old.len();
        budget.write(new, out)
    };
    if old.is_empty() {
        let starts = (0..=value.len()).filter(|at| value.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80));
        starts.take(most).try_for_each(&mut write)?;
    } else {
        memmem::find_iter(value, old).take(most).try_for_each(&mut write)?;
    }
    budget.write(&value[taken..], out)
}

/// The length of the longest or shortest prefix that matches a pattern, and is not empty; 0 where there is none.
fn matching_prefix(value: &[u8], pattern: &[u8], longest: bool, budget: &mut Budget) -> Result<usize, Failure> {
    let mut shortest = 0;
    for length in (1..=value.len()).rev() {
        match glob::matches(pattern, &value[..length], budget) {
            Err(Stop::Failure(failure)) => return Err(failure),
            Err(Stop::BadPattern) => return Ok(0),
            Ok(true) if longest => return Ok(length),
            Ok(true) => shortest = length,
            Ok(false) => {}
        }
    }
    Ok(shortest)
}

/// The characters in reverse. A byte that belongs to no character becomes U+FFFD.
fn reversed(bytes: &[u8]) -> Vec<u8> {
    let mut characters = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (c, length) = glob::first_char(rest);
        characters.push(c);
        rest = &rest[length..];
    }
    characters.into_iter().rev().collect::<String>().into_bytes()
}
