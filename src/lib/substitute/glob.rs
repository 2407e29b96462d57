//! The patterns of `${V#pattern}` and `${V%pattern}`: those of Go's `path.Match`, where `*` also stands for slashes. A `*`
//! takes as little as it can, and what it took is never taken back, but for the last one.

use super::budget::{Budget, Failure};

/// Why a match has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The pattern is broken, at a place that the match came to.
    BadPattern,
    /// The budget is spent.
    Failure(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::Failure(failure)
    }
}

/// Whether a pattern matches all of `name`.
pub(super) fn matches(pattern: &[u8], name: &[u8], budget: &mut Budget) -> Result<bool, Stop> {
    budget.step(1 + pattern.len())?;
    let mut pattern = pattern;
    let mut name = name;
    while !pattern.is_empty() {
        let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
        let (chunk, behind) = pattern[stars..].split_at(chunk_length(&pattern[stars..]));
        if stars > 0 && chunk.is_empty() {
            return Ok(true);
        }
        // The last chunk must end where the name does.
        let is_last = behind.is_empty();
        let starts = if stars > 0 { 0..=name.len() } else { 0..=0 };
        let mut found = None;
        for start in starts {
            let rest = match_chunk(chunk, &name[start..], budget)?;
            if let Some(rest) = rest.filter(|rest| rest.is_empty() || !is_last) {
                found = Some(rest);
                break;
            }
        }
        let Some(rest) = found else { return Ok(false) };
        name = rest;
        pattern = behind;
    }
    Ok(name.is_empty())
}

/// The length of a pattern up to its next star, which is none inside brackets.
fn chunk_length(pattern: &[u8]) -> usize {
    let mut in_brackets = false;
    let mut at = 0;
    while let Some(byte) = pattern.get(at) {
        match byte {
            b'\\' if at + 1 < pattern.len() => at += 1,
            b'[' => in_brackets = true,
            b']' => in_brackets = false,
            b'*' if !in_brackets => break,
            _ => {}
        }
        at += 1;
    }
    at
}

/// What is left of a name whose start matches a chunk without stars.
fn match_chunk<'a>(chunk: &[u8], name: &'a [u8], budget: &mut Budget) -> Result<Option<&'a [u8]>, Stop> {
    let mut chunk = chunk;
    let mut name = name;
    while let Some((sign, behind)) = chunk.split_first() {
        budget.step(1)?;
        if name.is_empty() {
            return Ok(None);
        }
        let (literal, behind) = match (sign, behind) {
            (b'?', _) => {
                name = &name[first_char(name).1..];
                chunk = behind;
                continue;
            }
            (b'[', _) => {
                let (c, length) = first_char(name);
                let (is_in, behind) = match_class(behind, c, budget)?;
                if !is_in {
                    return Ok(None);
                }
                name = &name[length..];
                chunk = behind;
                continue;
            }
            (b'\\', [escaped, behind @ ..]) => (escaped, behind),
            (b'\\', []) => return Err(Stop::BadPattern),
            _ => (sign, behind),
        };
        if name[0] != *literal {
            return Ok(None);
        }
        name = &name[1..];
        chunk = behind;
    }
    Ok(Some(name))
}

/// Whether a character is in the class whose `[` lies right before, and what follows the class.
fn match_class<'p>(class: &'p [u8], c: char, budget: &mut Budget) -> Result<(bool, &'p [u8]), Stop> {
    let (is_negated, mut class) = match class {
        [b'^', behind @ ..] => (true, behind),
        _ => (false, class),
    };
    let mut is_in = false;
    let mut is_first = true;
    loop {
        budget.step(1)?;
        if let [b']', behind @ ..] = class
            && !is_first
        {
            return Ok((is_in != is_negated, behind));
        }
        let (low, behind) = class_char(class)?;
        let (high, behind) = match behind {
            [b'-', behind @ ..] => class_char(behind)?,
            _ => (low, behind),
        };
        is_in |= (low..=high).contains(&c);
        is_first = false;
        class = behind;
    }
}

/// A character of a class, perhaps escaped, and what follows: something must.
fn class_char(class: &[u8]) -> Result<(char, &[u8]), Stop> {
    let class = match class {
        [] | [b'-' | b']', ..] => return Err(Stop::BadPattern),
        [b'\\', behind @ ..] => behind,
        _ => class,
    };
    if class.is_empty() {
        return Err(Stop::BadPattern);
    }
    let (c, length) = first_char(class);
    let behind = &class[length..];
    let is_broken = c == char::REPLACEMENT_CHARACTER && length == 1;
    if is_broken || behind.is_empty() { Err(Stop::BadPattern) } else { Ok((c, behind)) }
}

/// The first character of bytes that are not empty, and its length: U+FFFD and 1 for a byte that starts none.
pub(super) fn first_char(bytes: &[u8]) -> (char, usize) {
    let start = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default(),
    };
    valid.chars().next().map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8()))
}
