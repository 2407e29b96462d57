//! What benches share: the time that a program takes, and the median of several rounds.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Runs a program that must succeed: how long it took, and what it printed.
pub(crate) fn timed(command: &mut Command) -> (Duration, Output) {
    let start = Instant::now();
    let output = command.output().expect("a program");
    let time = start.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    (time, output)
}

/// The median in milliseconds, and the slowest as a multiple of the fastest.
pub(crate) fn median(times: &mut [Duration]) -> (f64, f64) {
    times.sort();
    let median = times[times.len() / 2].as_secs_f64() * 1e3;
    (median, times[times.len() - 1].as_secs_f64() / times[0].as_secs_f64())
}
