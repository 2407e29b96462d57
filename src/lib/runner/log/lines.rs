//! [`Lines`]: lines out of bytes that arrive in parts.

/// A line that is longer comes in parts.
pub const LINE_LIMIT: usize = 64 * 1024;

/// See the module. Holds at most one part of a line.
#[derive(Debug, Default)]
pub struct Lines {
    held: Vec<u8>,
}

impl Lines {
    /// Takes bytes, and gives the lines that are complete now, without their ends.
    pub fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(String)) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.extend(&rest[..end], each);
            each(text(&self.held));
            self.held.clear();
            rest = &rest[end + 1..];
        }
        self.extend(rest, each);
    }

    /// What is left: a last line without an end.
    pub fn finish(&mut self, each: &mut dyn FnMut(String)) {
        if !self.held.is_empty() {
            each(text(&std::mem::take(&mut self.held)));
        }
    }

    fn extend(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(String)) {
        while self.held.len() + bytes.len() > LINE_LIMIT {
            let (now, later) = bytes.split_at(LINE_LIMIT - self.held.len());
            self.held.extend_from_slice(now);
            bytes = later;
            // A character is not cut in two.
            let end = whole_characters(&self.held);
            each(text(&self.held[..end]));
            self.held.drain(..end);
        }
        self.held.extend_from_slice(bytes);
    }
}

/// The length without a character at the end that is not complete.
fn whole_characters(bytes: &[u8]) -> usize {
    let start = (1..=bytes.len().min(4)).map(|back| bytes.len() - back).find(|at| bytes[*at] & 0xC0 != 0x80);
    match start.map(|at| (at, std::str::from_utf8(&bytes[at..]))) {
        Some((at, Err(error))) if error.error_len().is_none() && at > 0 => at,
        _ => bytes.len(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        parts.iter().for_each(|part| lines.push(part, &mut |line| found.push(line)));
        lines.finish(&mut |line| found.push(line));
        found
    }

    #[test]
    fn lines_are_put_together_and_long_ones_come_in_parts() {
        assert_eq!(lines(&[b"a\nb", b"c\n\nd"]), ["a", "bc", "", "d"]);
        assert_eq!(
            lines(&["ä".as_bytes().get(..1).unwrap(), "ä".as_bytes().get(1..).unwrap(), b"\xff\n"]),
            ["ä\u{fffd}"]
        );
        let long = format!("{}ä{}\n", "x".repeat(LINE_LIMIT - 1), "y".repeat(LINE_LIMIT + 5));
        let found = lines(&[long.as_bytes(), b"z"]);
        assert_eq!(found.iter().map(String::len).collect::<Vec<_>>(), [LINE_LIMIT - 1, LINE_LIMIT, 7, 1]);
        assert_eq!(found[..3].concat() + "\n", long);
    }
}
