//! Speed of the engine on one thread, verification on, against baselines measured in the same run: a plain pass that
//! finds every line's indent and colon, and parsing and emitting with serde-saphyr. Rounds of all contestants are
//! interleaved; the best and the median of each are printed, with the spread as the machine's noise. Ratios are those of
//! the best rounds, which others on the machine disturb least.
//!
//! `KFLEET_BENCH_INPUT` names a file or a folder to measure on; without it a set of manifests is made up.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench reads files and prints what it measured"
)]

use kfleet::ops::fmt::text::{self, TextOptions};
use kfleet::yaml::check;
use kfleet::yaml::emit::{Frame, Style, emit};
use kfleet::yaml::engine::Engine;
use kfleet::yaml::input::Text;
use kfleet::yaml::scan::{self, Buffers};
use kfleet::yaml::tape::Tape;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;

/// Manifests as generators write them: lists at the column of their key, long descriptions, literal blocks.
fn made_up(megabytes: usize) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    let mut size = 0;
    let mut n = 0;
    while size < megabytes << 20 {
        let mut text = String::new();
        let _ = writeln!(text, "# Source: chart/templates/deployment-{n}.yaml");
        let _ = writeln!(text, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{n}\n  labels:");
        for label in 0..6 {
            let _ = writeln!(text, "    app.kubernetes.io/label-{label}: \"value-{label}\"");
        }
        let _ = writeln!(text, "spec:\n  replicas: {}\n  template:\n    spec:\n      containers:", n % 7);
        for container in 0..4 {
            let _ = writeln!(
                text,
                "      - name: container-{container}\n        image: registry.example.org/team/app:v1.{n}"
            );
            let _ = writeln!(
                text,
                "        args:\n        - --verbose\n        - --config=/etc/app/config.yaml # where it is"
            );
            let _ = writeln!(text, "        resources:\n          limits: {{cpu: 500m, memory: 1Gi}}");
            let _ = writeln!(
                text,
                "        description: Some text that says what the container does and why it is there, for"
            );
            let _ = writeln!(text, "          people who read manifests at night.");
            let _ = writeln!(
                text,
                "        script: |\n          #!/bin/sh\n          set -eu\n          echo \"started $0\"\n          exec sleep 10"
            );
        }
        size += text.len();
        n += 1;
        files.push(text.into_bytes());
    }
    files
}

fn read_inputs(path: &Path, files: &mut Vec<Vec<u8>>) {
    if path.is_dir() {
        let mut entries: Vec<_> =
            std::fs::read_dir(path).expect("readable").map(|e| e.expect("entry").path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| read_inputs(entry, files));
    } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
        files.push(std::fs::read(path).expect("readable"));
    }
}

/// The baseline: every line's indentation and its first colon.
fn plain_pass(bytes: &[u8]) -> usize {
    let mut sum = 0;
    let mut from = 0;
    while let Some(end) = memchr::memchr(b'\n', &bytes[from..]) {
        let line = &bytes[from..from + end];
        sum += line.iter().take_while(|b| **b == b' ').count();
        sum += memchr::memchr(b':', line).unwrap_or(0);
        from += end + 1;
    }
    sum
}

fn with_serde(bytes: &[u8]) -> usize {
    let Ok(text) = std::str::from_utf8(bytes) else { return 0 };
    kfleet::yaml::split::Documents::new(bytes)
        .map(|span| {
            let options = serde_saphyr::options! { legacy_octal_numbers: true, budget: None };
            match serde_saphyr::from_str_with_options::<serde_json::Value>(&text[span.body..span.end], options) {
                Ok(value) => serde_saphyr::to_string(&value).map_or(0, |text| text.len()),
                Err(_) => 0,
            }
        })
        .sum()
}

struct Contestant<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
    times: Vec<Duration>,
    every: usize,
}

fn measure(title: &str, files: &[Vec<u8>]) {
    let size: usize = files.iter().map(Vec::len).sum();
    let mut engine = Engine::default();
    let options = TextOptions::default();
    let canonical: Vec<Vec<u8>> = files
        .iter()
        .map(|bytes| text::format(&mut engine, "in", bytes, false, &options).text.expect("accepted"))
        .collect();
    let changed = files.iter().zip(&canonical).filter(|(a, b)| a != b).count();
    let mut other = Engine::default();
    let mut contestants = [
        Contestant {
            name: "plain pass (indent and colon of each line)",
            run: Box::new(|| {
                files.iter().for_each(|bytes| {
                    black_box(plain_pass(bytes));
                })
            }),
            times: Vec::new(),
            every: 1,
        },
        Contestant {
            name: "kfleet, verified",
            run: Box::new(|| {
                for bytes in files {
                    black_box(text::format(&mut engine, "in", bytes, false, &options).text.is_some());
                }
            }),
            times: Vec::new(),
            every: 1,
        },
        Contestant {
            name: "kfleet, verified, canonical already",
            run: Box::new(|| {
                for bytes in &canonical {
                    black_box(text::format(&mut other, "in", bytes, false, &options).text.is_some());
                }
            }),
            times: Vec::new(),
            every: 1,
        },
        Contestant {
            name: "serde-saphyr, parse and emit",
            run: Box::new(|| {
                files.iter().for_each(|bytes| {
                    black_box(with_serde(bytes));
                })
            }),
            times: Vec::new(),
            every: 5,
        },
    ];
    for round in 0..ROUNDS {
        for contestant in &mut contestants {
            if round % contestant.every == 0 {
                let start = Instant::now();
                (contestant.run)();
                contestant.times.push(start.elapsed());
            }
        }
    }
    println!("{title}: {} files, {:.1} MB, {changed} of them not canonical", files.len(), size as f64 / 1e6);
    let mut best = Vec::new();
    for contestant in &mut contestants {
        contestant.times.sort();
        let fastest = contestant.times[0].as_secs_f64();
        let median = contestant.times[contestant.times.len() / 2].as_secs_f64();
        best.push(fastest);
        println!(
            "  {:<45} {:>7.0} MB/s (median {:>6.0}; noise {:>3.0} %)",
            contestant.name,
            size as f64 / 1e6 / fastest,
            size as f64 / 1e6 / median,
            (median / fastest - 1.0) * 100.0
        );
    }
    println!("  speed of the plain pass, verified: 1/{:.2} (target: at least 1/4)", best[1] / best[0]);
    println!("  factor over serde-saphyr: {:.1} (target: at least 10)\n", best[3] / best[1]);
}

/// Where the time goes: the best of all rounds for each step, in nanoseconds for a line.
fn measure_steps(files: &[Vec<u8>]) {
    let lines: usize = files.iter().map(|bytes| memchr::memchr_iter(b'\n', bytes).count()).sum();
    let mut best = [Duration::MAX; 6];
    let (mut tape, mut buffers, mut out) = (Tape::default(), Buffers::default(), Vec::new());
    let mut engine = Engine::default();
    for _ in 0..ROUNDS {
        let mut times = [Duration::ZERO; 6];
        for bytes in files {
            let mut mark = Instant::now();
            let mut lap = |step: usize| {
                times[step] += mark.elapsed();
                mark = Instant::now();
            };
            let text = Text::new(bytes).expect("accepted");
            lap(0);
            let spans = text.documents();
            lap(1);
            for span in spans {
                if scan::scan(&text.bytes, span, false, &mut tape, &mut buffers).is_err() {
                    continue;
                }
                lap(2);
                let mut findings = Vec::new();
                check::check(&tape, &text.bytes, text.json, &mut findings);
                black_box(findings);
                lap(3);
                out.clear();
                let (range, frame) = (0..tape.tokens.len(), Frame { marker: true, ..Frame::default() });
                emit(&tape, &text.bytes, range.clone(), frame, Style::default(), &mut out);
                lap(4);
                black_box(engine.prove(&tape, &text.bytes, range, frame, Style::default(), &out).is_ok());
                lap(5);
            }
        }
        for (best, time) in best.iter_mut().zip(times) {
            *best = (*best).min(time);
        }
    }
    let steps = ["characters", "documents", "scan", "check", "emit", "prove"];
    let shown: Vec<String> = steps
        .iter()
        .zip(best)
        .map(|(step, time)| format!("{step} {:.1}", time.as_secs_f64() * 1e9 / lines as f64))
        .collect();
    println!("  steps, in ns for a line: {}\n", shown.join(", "));
}

fn main() {
    match std::env::var_os("KFLEET_BENCH_INPUT") {
        Some(path) => {
            let mut files = Vec::new();
            read_inputs(Path::new(&path), &mut files);
            measure(&path.to_string_lossy(), &files);
            measure_steps(&files);
        }
        None => {
            let files = made_up(8);
            measure("made-up manifests", &files);
            measure_steps(&files);
        }
    }
}
