//! Big inputs in parts: each part is a whole number of documents and can be read and scanned on its own.

use crate::tree::{Input, Result};

/// About how long a part is. Bigger documents make bigger parts.
const PART: u64 = 4 << 20;

/// A part of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Index of the input.
    pub input: usize,
    /// Byte offset of the part.
    pub offset: u64,
    /// Its length in bytes.
    pub len: usize,
    /// Line breaks before it.
    pub lines_before: u64,
}

/// Cuts an input into parts. Only inputs that are not held in memory are cut.
///
/// A cut is made at a `---` line, and only where the line before is content: what stands between a comment, a
/// directive or a `...` and the marker belongs to the document after it.
///
/// # Errors
/// The input cannot be read.
pub fn cut(index: usize, input: &Input) -> Result<Vec<Chunk>> {
    let len = input.len();
    if input.held().is_some() || len <= 2 * PART {
        return Ok(vec![Chunk { input: index, offset: 0, len: len as usize, lines_before: 0 }]);
    }
    let mut chunks = Vec::new();
    let mut start = 0;
    let mut lines_before = 0;
    let mut lines = 0;
    let mut window = Vec::new();
    let mut at = 0;
    while at < len {
        // Windows overlap, so that a marker and the line before it are seen together.
        let size = PART.min(len - at);
        input.read_range(at, size as usize, &mut window)?;
        if chunks.is_empty() && start == 0 && at == 0 && window.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{')
        {
            // Probably JSON, which has no markers.
            return Ok(vec![Chunk { input: index, offset: 0, len: len as usize, lines_before: 0 }]);
        }
        let found = if at + size >= start + PART { last_cut(&window) } else { None };
        match found {
            Some(cut) if at + cut as u64 > start => {
                lines += count_lines(&window[..cut]);
                let end = at + cut as u64;
                chunks.push(Chunk { input: index, offset: start, len: (end - start) as usize, lines_before });
                lines_before = lines;
                start = end;
                at = end;
            }
            _ if at + size >= len => break,
            _ => {
                // Keep the last line for the next window.
                let keep = memchr::memrchr(b'\n', &window[..window.len() - 1]).map_or(0, |n| n + 1);
                let step = if keep == 0 { window.len() } else { keep };
                lines += count_lines(&window[..step]);
                at += step as u64;
            }
        }
    }
    chunks.push(Chunk { input: index, offset: start, len: (len - start) as usize, lines_before });
    Ok(chunks)
}

fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// The offset of the last `---` line at which the window can be cut.
fn last_cut(window: &[u8]) -> Option<usize> {
    let mut end = window.len();
    while let Some(found) = memchr::memmem::rfind(&window[..end], b"\n---") {
        let cut = found + 1;
        let is_marker = matches!(window.get(cut + 3), Some(b'\n' | b'\r' | b' '));
        let line_start = memchr::memrchr(b'\n', &window[..found]).map_or(0, |n| n + 1);
        let before = &window[line_start..found];
        let is_content = before.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|first| *first != b'#')
            && !before.starts_with(b"%")
            && !before.starts_with(b"...");
        if is_marker && is_content && line_start > 0 {
            return Some(cut);
        }
        end = found;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn big_inputs_are_cut_at_markers_only() {
        let document = format!("---\na: {}\n# foot\nb: |\n  text\n", "x".repeat(1000));
        let text = document.repeat(12_000);
        let input = Input::from_reader("big", text.as_bytes(), 1000).expect("spooled");
        let chunks = cut(0, &input).expect("readable");
        assert!(chunks.len() > 2, "{}", chunks.len());
        let mut offset = 0;
        for chunk in &chunks {
            assert_eq!(chunk.offset, offset);
            assert_eq!(chunk.len % document.len(), 0);
            assert_eq!(chunk.lines_before, count_lines(&text.as_bytes()[..offset as usize]));
            offset += chunk.len as u64;
        }
        assert_eq!(offset, text.len() as u64);
    }
}
