//! [`MaskingSink`]: hands events on without the secrets in them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::mask::{Masker, Stream as MaskedStream};
use crate::runner::event::{Event, Sink, Stream};
use crate::runner::log::{LINE_LIMIT, Lines};

/// A log text of about this length is a part of a line, and the next one goes on with it.
const PART: usize = LINE_LIMIT - 4;

/// See the module. The lines of a step are one text: a secret is found across lines, and across the parts of a long one.
/// A line is held back only as long as it may be the beginning of a secret of several lines.
pub struct MaskingSink<'a> {
    masker: Masker,
    inner: &'a dyn Sink,
    streams: Mutex<BTreeMap<Key, Arc<Mutex<Text>>>>,
}

type Key = (String, String, Stream);

struct Text {
    mask: MaskedStream,
    lines: Lines,
}

impl<'a> MaskingSink<'a> {
    /// In front of another one.
    pub fn new(masker: Masker, inner: &'a dyn Sink) -> MaskingSink<'a> {
        MaskingSink { masker, inner, streams: Mutex::default() }
    }

    fn streams(&self) -> MutexGuard<'_, BTreeMap<Key, Arc<Mutex<Text>>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, key: Key, text: &str) {
        let stream = Arc::clone(
            self.streams()
                .entry(key.clone())
                .or_insert_with(|| Arc::new(Mutex::new(Text { mask: self.masker.stream(), lines: Lines::default() }))),
        );
        let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        let Text { mask, lines } = &mut *stream;
        let mut masked = Vec::with_capacity(text.len() + 1);
        let apart = self.masker.apart(text);
        mask.push(apart.as_deref().unwrap_or(text).as_bytes(), &mut masked);
        if text.len() < PART {
            mask.push(b"\n", &mut masked);
        }
        lines.push(&masked, &mut |line| self.give(&key, line));
    }

    /// What is held back of a stream.
    fn flush(&self, key: &Key) {
        let Some(stream) = self.streams().remove(key) else { return };
        let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        let Text { mask, lines } = &mut *stream;
        let mut masked = Vec::new();
        mask.finish(&mut masked);
        lines.push(&masked, &mut |line| self.give(key, line));
        lines.finish(&mut |line| self.give(key, line));
    }

    fn give(&self, (task, step, stream): &Key, line: &[u8]) {
        let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line)).into_owned();
        self.inner.event(Event::Log { task: task.clone(), step: step.clone(), stream: *stream, text });
    }

    fn mask(&self, event: &mut Event) {
        let hide = |text: &mut String| *text = self.masker.text(text);
        let hide_in = |value: &mut serde_json::Value| *value = self.masker.value(value);
        match event {
            Event::Plan { job, why, .. } => [job, why].into_iter().for_each(hide),
            Event::TaskSkip { reason, .. } | Event::TaskRetry { reason, .. } => hide(reason),
            Event::StepEnd { message, .. } | Event::TaskEnd { message, .. } => message.iter_mut().for_each(hide),
            Event::Result { value, .. } => hide_in(value),
            Event::Push { reference, commits, .. } => commits.iter_mut().chain([reference]).for_each(hide),
            Event::RunEnd { message, results, .. } => {
                message.iter_mut().for_each(hide);
                results.values_mut().for_each(hide_in);
            }
            // Names that the files of the pipeline have.
            Event::TaskStart { .. } | Event::StepStart { .. } | Event::Log { .. } => {}
        }
    }
}

impl Sink for MaskingSink<'_> {
    fn event(&self, mut event: Event) {
        if self.masker.is_empty() {
            return self.inner.event(event);
        }
        match &event {
            Event::Log { task, step, stream, text } => return self.log((task.clone(), step.clone(), *stream), text),
            Event::StepEnd { task, step, .. } => {
                for stream in [Stream::Stdout, Stream::Stderr] {
                    self.flush(&(task.clone(), step.clone(), stream));
                }
            }
            Event::RunEnd { .. } => {
                let keys: Vec<Key> = self.streams().keys().cloned().collect();
                keys.iter().for_each(|key| self.flush(key));
            }
            _ => {}
        }
        self.mask(&mut event);
        self.inner.event(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[derive(Default)]
    struct Kept(Mutex<Vec<Event>>);

    impl Sink for Kept {
        fn event(&self, event: Event) {
            self.0.lock().unwrap().push(event);
        }
    }

    fn log(text: &str, stream: Stream) -> Event {
        Event::Log { task: "t".into(), step: "s".into(), stream, text: text.into() }
    }

    fn end(message: &str) -> Event {
        let seconds = Duration::ZERO;
        let message = Some(message.into());
        Event::StepEnd { task: "t".into(), step: "s".into(), exit_code: None, reason: "Error".into(), message, seconds }
    }

    fn texts(events: &[Event]) -> Vec<String> {
        let text = |event: &Event| match event {
            Event::Log { text, .. } => Some(text.clone()),
            Event::StepEnd { message, .. } => message.clone(),
            _ => None,
        };
        events.iter().filter_map(text).collect()
    }

    #[test]
    fn secrets_are_found_across_lines_and_parts_of_lines() {
        let (kept, masker) = (Kept::default(), Masker::new([&b"ab\ncd\nef"[..], b"s3cr3t"].into_iter()).unwrap());
        let sink = MaskingSink::new(masker, &kept);
        for text in ["x s3cr3t y", "ab", "cd", "ef", "ab", "cd", "no"] {
            sink.event(log(text, Stream::Stdout));
        }
        // The other pipe has its own text.
        sink.event(log("ef", Stream::Stderr));
        let long = format!("{}s3c", "x".repeat(LINE_LIMIT - 3));
        sink.event(log(&long, Stream::Stdout));
        sink.event(log("r3t end", Stream::Stdout));
        sink.event(log("ab", Stream::Stdout));
        sink.event(end("it was s3cr3t"));
        let found = texts(&kept.0.into_inner().unwrap());
        let head = ["x *** y", "***", "***", "***", "ab", "cd", "no", "ef"];
        assert_eq!(found[..8], head);
        assert_eq!(found[8..].concat(), format!("{}*** endabit was ***", "x".repeat(LINE_LIMIT - 3)));
    }

    #[test]
    fn what_is_not_shown_keeps_no_secret_apart() {
        let (kept, masker) = (Kept::default(), Masker::new([&b"s3cr3t"[..]].into_iter()).unwrap());
        let sink = MaskingSink::new(masker, &kept);
        for text in
            ["a s3\u{1b}[0mcr3t", "\u{1b}[31ms3cr3t\u{1b}[0m b", "s\u{0}3cr3\u{202e}t", "\u{1b}[31mred\u{1b}[0m"]
        {
            sink.event(log(text, Stream::Stdout));
        }
        sink.event(end("s3c\u{8}r3t\n\u{1b}[31mred"));
        let found = texts(&kept.0.into_inner().unwrap());
        let expected = ["a ***", "\u{1b}[31m***\u{1b}[0m b", "***", "\u{1b}[31mred\u{1b}[0m", "***\n\u{1b}[31mred"];
        assert_eq!(found, expected);
    }

    #[test]
    fn everything_else_is_masked_too() {
        let (kept, masker) = (Kept::default(), Masker::new([&b"s3cr3t"[..]].into_iter()).unwrap());
        let sink = MaskingSink::new(masker, &kept);
        let text = || "a s3cr3t".to_owned();
        let name = || "n".to_owned();
        sink.event(Event::Plan { job: text(), engine: name(), why: text(), tasks: vec![name()] });
        sink.event(Event::Result { task: name(), name: name(), value: text().into() });
        sink.event(Event::TaskEnd { task: name(), reason: name(), message: Some(text()), seconds: Duration::ZERO });
        sink.event(Event::Push { reference: text(), old: None, new: None, commits: vec![text()], files: 0 });
        let results = BTreeMap::from([(name(), serde_json::json!([text()]))]);
        sink.event(Event::RunEnd { reason: name(), message: Some(text()), results, seconds: Duration::ZERO });
        let all = format!("{:?}", kept.0.into_inner().unwrap());
        assert!(!all.contains("s3cr3t") && all.matches("***").count() == 8, "{all}");
    }
}
