//! From what a step prints, in arbitrary parts, to lines.

use std::sync::{Mutex, PoisonError};

use crate::runner::event::{Event, Sink, Stream};

/// The longest line, in bytes; a longer one comes in parts.
const LINE_BYTES: usize = 64 << 10;

/// Takes the output of one step and passes its lines to a sink. It holds at most one line of each stream.
pub(super) struct Lines<'a> {
    sink: &'a dyn Sink,
    task: &'a str,
    step: &'a str,
    stdout: Mutex<Vec<u8>>,
    stderr: Mutex<Vec<u8>>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(sink: &'a dyn Sink, task: &'a str, step: &'a str) -> Self {
        Lines { sink, task, step, stdout: Mutex::default(), stderr: Mutex::default() }
    }

    fn buffer(&self, stream: Stream) -> &Mutex<Vec<u8>> {
        match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        }
    }

    /// Takes a part of the output.
    pub(super) fn take(&self, stream: Stream, mut bytes: &[u8]) {
        let mut held = self.buffer(stream).lock().unwrap_or_else(PoisonError::into_inner);
        while !bytes.is_empty() {
            let room = LINE_BYTES - held.len();
            let part = &bytes[..bytes.len().min(room)];
            if let Some(end) = memchr::memchr(b'\n', part) {
                held.extend_from_slice(&part[..end]);
                self.tell(stream, held.strip_suffix(b"\r").unwrap_or(&held));
                held.clear();
                bytes = &bytes[end + 1..];
                continue;
            }
            held.extend_from_slice(part);
            bytes = &bytes[part.len()..];
            if held.len() == LINE_BYTES {
                let cut = held.len() - unfinished(&held);
                self.tell(stream, &held[..cut]);
                held.drain(..cut);
            }
        }
    }

    /// Reports what is left: lines without an end.
    pub(super) fn finish(self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let mut held = self.buffer(stream).lock().unwrap_or_else(PoisonError::into_inner);
            if !held.is_empty() {
                self.tell(stream, &std::mem::take(&mut *held));
            }
        }
    }

    fn tell(&self, stream: Stream, line: &[u8]) {
        self.sink.event(Event::Log {
            task: self.task.to_owned(),
            step: self.step.to_owned(),
            stream,
            text: String::from_utf8_lossy(line).into_owned(),
        });
    }
}

/// How many bytes at the end are the beginning of a letter that is not complete: at most three.
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
    use crate::runner::local::controller::tests::Recorder;

    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let recorder = Recorder::default();
        let lines = Lines::new(&recorder, "t", "s");
        parts.iter().for_each(|part| lines.take(Stream::Stdout, part));
        lines.finish();
        recorder.logs()
    }

    #[test]
    fn output_becomes_lines_wherever_its_parts_end() {
        assert_eq!(lines(&[b"a\nb\r\n", b"c", b"d\n\ne"]), ["a", "b", "cd", "", "e"]);
        assert_eq!(lines(&[b"\xff\n", "\u{e4}".as_bytes()]), ["\u{fffd}", "\u{e4}"]);
        assert_eq!(lines(&[]), [""; 0]);
    }

    #[test]
    fn long_lines_come_in_parts_that_cut_no_letter() {
        let long = format!("a{}", "\u{20ac}".repeat(30_000));
        let parts = lines(&[long.as_bytes()]);
        assert_eq!(parts.len(), 2);
        assert!(parts[0].len() <= LINE_BYTES && !parts.concat().contains('\u{fffd}'));
        assert_eq!(parts.concat(), long);
        let zeros = vec![b'0'; LINE_BYTES];
        assert_eq!(lines(&[&zeros, b"\n"]), [String::from_utf8(zeros.clone()).expect("ASCII"), String::new()]);
    }
}
