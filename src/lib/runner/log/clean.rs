//! Lines of steps, made fit to be shown: they may hold anything.

/// What becomes of the colours that a step prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// They stay, and end with the line.
    Keep,
    /// They go.
    Strip,
}

/// A line without anything that moves the cursor, clears the screen, sets a title, or turns the direction of text. Of a
/// line that was written over (`\r`) the last state is left.
pub fn clean(line: &str, colours: Colours) -> String {
    let line = line.trim_end_matches('\r');
    let line = line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or_default();
    let mut text = String::with_capacity(line.len());
    let mut is_coloured = false;
    let mut rest = line.char_indices();
    while let Some((at, letter)) = rest.next() {
        match letter {
            '\u{1b}' | '\u{9b}' => {
                let sequence = escape(&line[at..]);
                if colours == Colours::Keep && is_colour(sequence) {
                    text.push_str(sequence);
                    is_coloured = !matches!(sequence, "\u{1b}[m" | "\u{1b}[0m");
                }
                let end = at + sequence.len();
                while rest.as_str().len() > line.len() - end {
                    rest.next();
                }
            }
            '\t' => text.push('\t'),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            '\u{2028}' | '\u{2029}' => text.push(' '),
            letter if letter.is_control() => {}
            letter => text.push(letter),
        }
    }
    if is_coloured {
        text.push_str("\u{1b}[0m");
    }
    text
}

/// A line as [`clean`] makes it, without colours.
pub(crate) fn plain(line: &str) -> String {
    clean(line, Colours::Strip)
}

/// The escape sequence that a text begins with.
fn escape(text: &str) -> &str {
    let mut letters = text.char_indices();
    let Some((_, first)) = letters.next() else { return text };
    let kind = if first == '\u{9b}' { Some('[') } else { letters.next().map(|(_, kind)| kind) };
    let end_of = |is_end: &dyn Fn(char) -> bool, letters: std::str::CharIndices<'_>| {
        letters.into_iter().find(|(_, letter)| is_end(*letter)).map_or(text.len(), |(at, last)| at + last.len_utf8())
    };
    match kind {
        Some('[') => &text[..end_of(&|letter| ('@'..='~').contains(&letter) || letter.is_control(), letters)],
        // A string to its end: BEL, or ESC and a backslash, which is dropped as a sequence of its own.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            &text[..end_of(&|letter| matches!(letter, '\u{7}' | '\u{9c}'), letters.clone())
                .min(end_of_string(text, letters))]
        }
        Some(' '..='/') => &text[..end_of(&|letter| !(' '..='/').contains(&letter), letters)],
        Some(other) => &text[..first.len_utf8() + other.len_utf8()],
        None => text,
    }
}

fn end_of_string(text: &str, letters: std::str::CharIndices<'_>) -> usize {
    letters.as_str().find("\u{1b}\\").map_or(text.len(), |at| text.len() - letters.as_str().len() + at + 2)
}

fn is_colour(sequence: &str) -> bool {
    let inner = sequence.strip_prefix("\u{1b}[").and_then(|rest| rest.strip_suffix('m'));
    inner.is_some_and(|inner| {
        inner.len() <= 64 && inner.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_stay() {
        for (line, kept, stripped) in [
            ("a\u{1b}[31mb\u{1b}[0mc", "a\u{1b}[31mb\u{1b}[0mc", "abc"),
            ("\u{1b}[1;32mopen", "\u{1b}[1;32mopen\u{1b}[0m", "open"),
            ("10%\r50%\rdone\r", "done", "done"),
            ("a\u{1b}[2J\u{1b}[10Hb", "ab", "ab"),
            ("a\u{1b}]0;title\u{7}b", "ab", "ab"),
            ("a\u{1b}]8;;http://x\u{1b}\\b", "ab", "ab"),
            ("a\u{1b}Pq#0\u{1b}\\b", "ab", "ab"),
            ("a\u{9b}31mb\u{9d}c", "abc", "abc"),
            ("a\u{1b}(0b\u{1b}cd", "abd", "abd"),
            ("a\u{1b}", "a", "a"),
            ("a\u{1b}[", "a", "a"),
            ("a\u{1b}[31", "a", "a"),
            ("\u{202e}x\u{2066}\u{0}\u{8}y\tz", "xy\tz", "xy\tz"),
        ] {
            assert_eq!(clean(line, Colours::Keep), kept, "{line:?}");
            assert_eq!(plain(line), stripped, "{line:?}");
        }
        assert!(!plain("\u{1b}[31;\u{1b}[0mx").contains('\u{1b}'));
    }

    proptest::proptest! {
        #[test]
        fn nothing_of_an_escape_sequence_but_colours_is_left(line in "([ -~]|\u{1b}|\u{9b}|\u{7}|\r|[\\[\\]mPäö]){0,40}") {
            let stripped = clean(&line, Colours::Strip);
            proptest::prop_assert!(!stripped.chars().any(|letter| letter.is_control()));
            let kept = clean(&line, Colours::Keep);
            for part in kept.split('\u{1b}').skip(1) {
                let end = part.find('m').unwrap();
                proptest::prop_assert!(part.starts_with('[') && part[1..end].chars().all(|c| c.is_ascii_digit() || c == ';' || c == ':'));
            }
        }
    }
}
