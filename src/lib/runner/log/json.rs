//! Events as JSON, one object on each line: what `--log json` prints, and what a run's record holds. Each has `v` (this
//! version), `ts` (RFC 3339, UTC, milliseconds), `run` (the name of the run) and `type`, then the fields of its type.

use serde::{Deserialize, Serialize};

use crate::runner::event::Event;

/// Changes when a field loses its meaning or goes; new fields and types may come without a change.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    ts: String,
    run: &'a str,
    #[serde(flatten)]
    event: &'a Event,
}

/// An event as it was written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Line {
    /// The version.
    pub v: u32,
    /// When it happened.
    pub ts: String,
    pub run: String,
    #[serde(flatten)]
    pub event: Event,
}

impl Line {
    /// When it happened, in milliseconds since 1970.
    pub fn time(&self) -> i64 {
        self.ts.parse::<jiff::Timestamp>().map_or(0, |time| time.as_millisecond())
    }
}

/// One line, with its end.
pub fn json_line(run: &str, now: i64, event: &Event) -> String {
    let written = Written { v: VERSION, ts: timestamp(now), run, event };
    // Text keys and plain values: there is nothing that JSON has no word for.
    serde_json::to_string(&written).unwrap_or_default() + "\n"
}

/// Reads a line; nothing where it is not one, or of a type that is not known.
pub fn parse_line(line: &str) -> Option<Line> {
    serde_json::from_str(line).ok()
}

/// A moment, as RFC 3339 in UTC with milliseconds.
pub fn timestamp(now: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::event::mk::step_end;
    use std::time::Duration;

    #[test]
    fn lines_can_be_read_again() {
        let event = step_end("t", "s", 2, Duration::from_millis(1_234));
        let line = json_line("run-1", 1_750_000_000_007, &event);
        assert_eq!(
            line,
            "{\"v\":1,\"ts\":\"2025-06-15T15:06:40.007Z\",\"run\":\"run-1\",\"type\":\"step.end\",\"task\":\"t\",\
             \"step\":\"s\",\"exit_code\":2,\"reason\":\"Error\",\"seconds\":1.234}\n"
        );
        let read = parse_line(&line).unwrap();
        assert_eq!((read.time(), read.event), (1_750_000_000_007, event));
        assert_eq!(parse_line("{\"v\":1}"), None);
        assert_eq!(parse_line("{\"v\":1,\"ts\":\"\",\"run\":\"\",\"type\":\"later\"}"), None);
    }
}
