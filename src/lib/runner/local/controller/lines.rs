//! From what a step prints, in arbitrary parts, to events.

use std::sync::{Mutex, PoisonError};

use crate::runner::event::{Event, Sink, Stream};
use crate::runner::log::Lines;

/// Takes the output of one step and passes its lines to a sink. It holds at most one line of each stream.
pub(super) struct StepLog<'a> {
    sink: &'a dyn Sink,
    task: &'a str,
    step: &'a str,
    streams: [Mutex<Lines>; 2],
}

impl<'a> StepLog<'a> {
    pub(super) fn new(sink: &'a dyn Sink, task: &'a str, step: &'a str) -> Self {
        StepLog { sink, task, step, streams: Default::default() }
    }

    /// Takes a part of the output.
    pub(super) fn take(&self, stream: Stream, bytes: &[u8]) {
        let mut lines = self.streams[stream as usize].lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(bytes, &mut |line| self.report(stream, line));
    }

    /// Reports what is left: lines without an end.
    pub(super) fn finish(self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let mut lines = self.streams[stream as usize].lock().unwrap_or_else(PoisonError::into_inner);
            lines.finish(&mut |line| self.report(stream, line));
        }
    }

    fn report(&self, stream: Stream, line: &[u8]) {
        let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        let text = String::from_utf8_lossy(line).into_owned();
        self.sink.event(Event::Log { task: self.task.to_owned(), step: self.step.to_owned(), stream, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::local::controller::tests::Recorder;

    #[test]
    fn output_becomes_lines_wherever_its_parts_end() {
        for (parts, expected) in [
            (&[&b"a\nb\r\n"[..], b"c", b"d\n\ne"][..], &["a", "b", "cd", "", "e"][..]),
            (&[b"\xff\n", "\u{e4}".as_bytes()], &["\u{fffd}", "\u{e4}"]),
            (&[], &[]),
        ] {
            let recorder = Recorder::default();
            let log = StepLog::new(&recorder, "t", "s");
            parts.iter().for_each(|part| log.take(Stream::Stdout, part));
            log.finish();
            assert_eq!(recorder.logs(), expected);
        }
    }
}
