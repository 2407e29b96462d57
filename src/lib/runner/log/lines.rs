//! [`Lines`]: lines out of bytes that arrive in parts.

/// The longest line, in bytes without its end; a longer one comes in parts.
pub const LINE_LIMIT: usize = 64 * 1024;

/// See the module. Holds at most one part of a line.
#[derive(Debug, Default)]
pub struct Lines {
    held: Vec<u8>,
}

impl Lines {
    /// Takes bytes, and gives the lines that are complete now, with their ends, and whole parts of a long one.
    pub fn push(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&[u8])) {
        while !bytes.is_empty() {
            let part = &bytes[..bytes.len().min(LINE_LIMIT - self.held.len())];
            let end = memchr::memchr(b'\n', part);
            let taken = end.map_or(part.len(), |end| end + 1);
            self.held.extend_from_slice(&part[..taken]);
            bytes = &bytes[taken..];
            if end.is_some() {
                each(&self.held);
                self.held.clear();
            } else if self.held.len() == LINE_LIMIT {
                // A character is not cut in two.
                let cut = self.held.len() - unfinished(&self.held);
                each(&self.held[..cut]);
                self.held.drain(..cut);
            }
        }
    }

    /// What is left: a last line without an end.
    pub fn finish(&mut self, each: &mut dyn FnMut(&[u8])) {
        if !self.held.is_empty() {
            each(&std::mem::take(&mut self.held));
        }
    }
}

/// How many bytes at the end are the beginning of a character that is not complete: at most three.
fn unfinished(bytes: &[u8]) -> usize {
    let back = bytes.iter().rev().take(3).position(|byte| *byte >= 0xc0);
    let Some(back) = back else { return 0 };
    let length = match bytes[bytes.len() - 1 - back] {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    if back + 1 < length { back + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        let mut keep = |line: &[u8]| found.push(String::from_utf8_lossy(line).trim_end_matches('\n').to_owned());
        parts.iter().for_each(|part| lines.push(part, &mut keep));
        lines.finish(&mut keep);
        found
    }

    #[test]
    fn lines_are_put_together_and_long_ones_come_in_parts() {
        assert_eq!(lines(&[b"a\nb", b"c\n\nd"]), ["a", "bc", "", "d"]);
        assert_eq!(lines(&[]), [""; 0]);
        assert_eq!(
            lines(&["ä".as_bytes().get(..1).unwrap(), "ä".as_bytes().get(1..).unwrap(), b"\xff\n"]),
            ["ä\u{fffd}"]
        );
        let long = format!("{}ä{}\n", "x".repeat(LINE_LIMIT - 1), "y".repeat(LINE_LIMIT + 5));
        let found = lines(&[long.as_bytes(), b"z"]);
        assert_eq!(found.iter().map(String::len).collect::<Vec<_>>(), [LINE_LIMIT - 1, LINE_LIMIT, 7, 1]);
        assert_eq!(found[..3].concat() + "\n", long);
        let long = format!("a{}", "\u{20ac}".repeat(30_000));
        let parts = lines(&[long.as_bytes()]);
        assert_eq!(parts.len(), 2);
        assert!(parts[0].len() <= LINE_LIMIT && !parts.concat().contains('\u{fffd}'));
        assert_eq!(parts.concat(), long);
        let zeros = vec![b'0'; LINE_LIMIT];
        assert_eq!(lines(&[&zeros, b"\n"]), [String::from_utf8(zeros.clone()).expect("ASCII"), String::new()]);
    }
}
