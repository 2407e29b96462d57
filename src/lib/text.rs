//! Text from outside, made fit to be shown: what a program or a server says may hold anything.

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

/// Twelve digits of a commit; other words as they are.
pub fn short(text: &str) -> &str {
    let is_commit = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit { &text[..12] } else { text }
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
