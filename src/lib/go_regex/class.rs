//! Character classes: `[..]`, `\d` and `\p{..}`.

use super::{PatternError, Reader, escape};

/// A class that no character is in.
pub(super) const NOTHING: &str = "[^\\x00-\\x{10FFFF}]";

/// The classes of Perl, as Go has them: of ASCII only, and `\s` without `\v`.
const PERL: &[(char, &str)] = &[('d', "0-9"), ('s', "\\t\\n\\x0C\\r\\x20"), ('w', "0-9A-Za-z_")];

const POSIX: &[(&str, &str)] = &[
    ("alnum", "0-9A-Za-z"),
    ("alpha", "A-Za-z"),
    ("ascii", "\\x00-\\x7F"),
    ("blank", "\\t\\x20"),
    ("cntrl", "\\x00-\\x1F\\x7F"),
    ("digit", "0-9"),
    ("graph", "\\x21-\\x7E"),
    ("lower", "a-z"),
    ("print", "\\x20-\\x7E"),
    ("punct", "\\x21-\\x2F\\x3A-\\x40\\x5B-\\x60\\x7B-\\x7E"),
    ("space", "\\t\\n\\x0B\\x0C\\r\\x20"),
    ("upper", "A-Z"),
    ("word", "0-9A-Za-z_"),
    ("xdigit", "0-9A-Fa-f"),
];

/// Reads `\d` and `\p{..}` from after the backslash, which is at `start`; `None`, and nothing read: it is none of these.
pub(super) fn escaped(reader: &mut Reader<'_>, start: usize) -> Result<Option<String>, PatternError> {
    let Some(c) = reader.peek() else { return Ok(None) };
    if let Some((_, ranges)) = PERL.iter().find(|(letter, _)| *letter == c.to_ascii_lowercase()) {
        reader.next();
        let not = if c.is_ascii_uppercase() { "^" } else { "" };
        return Ok(Some(format!("[{not}{ranges}]")));
    }
    if c != 'p' && c != 'P' {
        return Ok(None);
    }
    reader.next();
    unicode(reader, start, c == 'P').map(Some)
}

/// Reads the name of a class of Unicode, from after the `p`.
fn unicode(reader: &mut Reader<'_>, start: usize, is_negated: bool) -> Result<String, PatternError> {
    let bad = || PatternError::new(start, "invalid character class range");
    let name = if reader.take("{") {
        let name = reader.rest().split_once('}').map(|(name, _)| name).ok_or_else(bad)?;
        reader.at += name.len() + 1;
        name
    } else {
        let at = reader.at;
        // A backslash at the very end is not an escape.
        reader.next().ok_or_else(|| PatternError::new(start, "invalid escape sequence"))?;
        &reader.text[at..reader.at]
    };
    let (is_negated, name) = name.strip_prefix('^').map_or((is_negated, name), |name| (!is_negated, name));
    // The names of binary properties, ages and the like are not Go's.
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b' ' | b'-')) {
        return Err(bad());
    }
    let letter = if is_negated { 'P' } else { 'p' };
    let bare: String = name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    let is_known = |property: &&str| regex::Regex::new(&format!("\\p{{{property}={bare}}}")).is_ok();
    let property = *reader.classes.entry(bare.clone()).or_insert_with(|| ["gc", "sc"].into_iter().find(is_known));
    property.map(|property| format!("\\{letter}{{{property}={bare}}}")).ok_or_else(bad)
}

/// Reads a class from after its bracket, which is at `start`.
pub(super) fn bracketed(reader: &mut Reader<'_>, start: usize) -> Result<String, PatternError> {
    let is_negated = reader.take("^");
    let mut items = String::new();
    let mut is_first = true;
    while is_first || reader.peek() != Some(']') {
        is_first = false;
        if let Some(ranges) = posix(reader)? {
            items.push_str(&ranges);
            continue;
        }
        let at = reader.at;
        if reader.take("\\") {
            if let Some(class) = escaped(reader, at)? {
                items.push_str(&class);
                continue;
            }
            reader.at = at;
        }
        let low = bound(reader, start)?;
        let mut high = low;
        let mut rest = reader.rest().chars();
        if rest.next() == Some('-') && rest.next().is_some_and(|next| next != ']') {
            reader.next();
            high = bound(reader, start)?;
        }
        if high < low {
            return Err(PatternError::new(at, "invalid character class range"));
        }
        write_range(low, high, &mut items);
    }
    reader.next();
    Ok(match (items.is_empty(), is_negated) {
        (true, false) => NOTHING.to_owned(),
        // Nothing but surrogates, negated.
        (true, true) => "[\\x00-\\x{10FFFF}]".to_owned(),
        (false, is_negated) => format!("[{}{items}]", if is_negated { "^" } else { "" }),
    })
}

/// `[:alpha:]` and the like, as a class.
fn posix(reader: &mut Reader<'_>) -> Result<Option<String>, PatternError> {
    let Some((name, _)) = reader.rest().strip_prefix("[:").and_then(|rest| rest.split_once(":]")) else {
        return Ok(None);
    };
    let (not, bare) = name.strip_prefix('^').map_or(("", name), |bare| ("^", bare));
    let Some((_, ranges)) = POSIX.iter().find(|(known, _)| *known == bare) else {
        return Err(PatternError::new(reader.at, "invalid character class range"));
    };
    reader.at += name.len() + 4;
    Ok(Some(format!("[{not}{ranges}]")))
}

/// One end of a range.
fn bound(reader: &mut Reader<'_>, start: usize) -> Result<u32, PatternError> {
    let at = reader.at;
    match reader.next() {
        None => Err(PatternError::new(start, "missing closing ]")),
        Some('\\') => escape::code_point(reader, at),
        Some(c) => Ok(c.into()),
    }
}

/// Writes a range without the surrogates, which are in no text.
fn write_range(low: u32, high: u32, out: &mut String) {
    let low = char::from_u32(low).unwrap_or('\u{e000}');
    let high = char::from_u32(high).unwrap_or('\u{d7ff}');
    if low > high {
        return;
    }
    escape::write_literal(low, out);
    if low < high {
        out.push('-');
        escape::write_literal(high, out);
    }
}
