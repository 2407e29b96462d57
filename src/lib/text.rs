//! Text from outside, made fit to be shown: what a program or a server says may hold anything.

use std::time::Duration;

/// How many characters of a line an error repeats.
const SHOWN_CHARACTERS: usize = 300;

/// Text that does nothing to a terminal: without control characters and escape sequences, and without the marks that
/// turn the direction of writing.
pub fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' if letters.peek() == Some(&'[') => {
                letters.next();
                while letters.next().is_some_and(|next| !('@'..='~').contains(&next)) {}
            }
            '\t' => text.push(' '),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            letter if letter.is_control() => {}
            letter => text.push(letter),
        }
    }
    text
}

/// Text in one line, in which whatever could do something to a terminal or begin a line is written out: `a\nb`.
pub fn visible(text: &str) -> String {
    let is_harmful = |letter: char| {
        (letter.is_control() && letter != '\t')
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(is_harmful) {
        return text.to_owned();
    }
    text.chars().map(|c| if is_harmful(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// The text with `***` in the place of each secret.
pub fn masked(text: &str, secrets: &[String]) -> String {
    let mut longest_first: Vec<&String> = secrets.iter().filter(|secret| !secret.is_empty()).collect();
    longest_first.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    longest_first.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
}

/// The beginning of a text of more than 300 characters.
pub fn shortened(line: &str) -> String {
    match line.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}..", &line[..end]),
        None => line.to_owned(),
    }
}

/// A number with what it counts: `1 file`, `2 files`.
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A text as a part of a path, or as a value of a query (RFC 3986, section 2).
pub fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

/// A length of time: `1 second`, `0.5 seconds`.
pub fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    format!("{seconds} {}", if seconds == 1.0 { "second" } else { "seconds" })
}

/// Twelve digits of a commit; other words as they are.
pub fn short(text: &str) -> &str {
    if is_commit(text) { &text[..12] } else { text }
}

/// Whether a text has the form of a full commit.
pub fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_visible_text_begins_a_line_or_moves_a_cursor() {
        assert_eq!(
            visible("a\n::error::b\r\u{1b}[2J\u{202e}\u{9b}\0\t\u{e4}"),
            "a\\n::error::b\\r\\u{1b}[2J\\u{202e}\\u{9b}\\u{0}\t\u{e4}"
        );
    }
}
