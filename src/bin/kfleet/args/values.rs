//! Parsers of values on the command line: times, numbers, names of branches, tags and namespaces. Each says in one line what is
//! wrong and what to write.

use kfleet::git::is_branch;
use std::time::Duration;

/// Reads the time that a run may take, such as `90s`, `15m` or `1h30m`.
///
/// # Errors
/// It is none, or no time at all.
pub(crate) fn parse_time(text: &str) -> Result<Duration, String> {
    let fail = || "that is not a time: write 90s, 15m or 1h30m".to_owned();
    let none = || "that leaves no time for the run: write 90s, 15m or 1h30m".to_owned();
    let mut seconds: u64 = 0;
    let mut number = String::new();
    for letter in text.strip_prefix('-').unwrap_or(text).chars() {
        if letter.is_ascii_digit() {
            number.push(letter);
            continue;
        }
        let unit = match letter {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return Err(fail()),
        };
        let count: u64 = std::mem::take(&mut number).parse().map_err(|_| fail())?;
        seconds = count.checked_mul(unit).and_then(|more| seconds.checked_add(more)).ok_or_else(fail)?;
    }
    match number.as_str() {
        "" if text.starts_with('-') || (seconds == 0 && !text.is_empty()) => Err(none()),
        number if !number.is_empty() && number.trim_matches('0').is_empty() && seconds == 0 => Err(none()),
        "" if seconds > 0 => Ok(Duration::from_secs(seconds)),
        "" => Err(fail()),
        number => Err(format!("{number} of what? Write {number}s, {number}m or {number}h")),
    }
}

/// Reads the number of a pull request.
///
/// # Errors
/// It is none.
pub(crate) fn parse_pull(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "that is not a number of a pull request: they count from 1".to_owned())
}

/// Reads the name of a branch or tag.
///
/// # Errors
/// Git takes no such name.
pub(crate) fn parse_reference(name: &str) -> Result<String, String> {
    match is_branch(name) {
        true => Ok(name.to_owned()),
        false => {
            Err("git takes no such name: no blanks, no `..`, none of ~^:?*[\\, no `-` before and no `.lock` after it"
                .to_owned())
        }
    }
}

/// Reads the name of a namespace.
///
/// # Errors
/// Kubernetes takes no such name.
pub(crate) fn parse_namespace(name: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = (1..=63).contains(&name.len()) && name.bytes().all(is_plain);
    match fits && !name.starts_with('-') && !name.ends_with('-') {
        true => Ok(name.to_owned()),
        false => {
            Err("Kubernetes takes no such name: write lower-case letters, digits and `-`, at most 63, and no `-` at \
             either end"
                .to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h30m", 5400), ("0h5s", 5), ("05s", 5)] {
            assert_eq!(parse_time(text).unwrap().as_secs(), seconds, "{text}");
        }
        for (text, expected) in [
            ("", "is not a time"),
            ("m", "is not a time"),
            ("1d", "is not a time"),
            ("99999999999999999999h", "is not a time"),
            ("5m-1s", "is not a time"),
            ("5", "Write 5s, 5m or 5h"),
            ("0", "leaves no time"),
            ("-1s", "leaves no time"),
            ("-5m", "leaves no time"),
            ("0s", "leaves no time"),
            ("0h0m", "leaves no time"),
        ] {
            let error = parse_time(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn names_and_numbers_are_read() {
        for name in ["v1", "release/2026-10", "ä"] {
            assert_eq!(parse_reference(name).unwrap(), name);
        }
        for name in ["", "a b", "a..b", "-x", "a~1", "a:b", "x.lock", "a\n"] {
            assert!(parse_reference(name).is_err(), "{name}");
        }
        assert_eq!(parse_pull("7"), Ok(7));
        assert!(["0", "-1", "x", ""].iter().all(|text| parse_pull(text).is_err()));
        assert_eq!(parse_namespace("team-1").unwrap(), "team-1");
        for name in ["", "A B", "A", "-a", "a-", "a.b", &"a".repeat(64)] {
            assert!(parse_namespace(name).is_err(), "{name}");
        }
    }
}
