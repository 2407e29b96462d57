//! Properties of what `kfleet run-pipeline` reads and prints, on changed seeds of the fuzzers: what the oracle says must hold
//! for any bytes. `KFLEET_CHANGES` says how many; what fails is printed.
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "tests read files and say what has failed")]

mod oracle;

use std::path::Path;

/// Reports the input of a check that fails.
struct Told<'a>(&'a [u8]);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input was \"{}\"", self.0.escape_ascii());
        }
    }
}

/// Seeds, and the pieces of the dictionary.
fn material(target: &str) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let entries = std::fs::read_dir(root.join("seeds").join(target)).expect("seeds");
    let mut seeds: Vec<Vec<u8>> =
        entries.map(|entry| std::fs::read(entry.expect("an entry").path()).expect("a seed")).collect();
    seeds.sort();
    let text = std::fs::read_to_string(root.join("pipeline.dict")).expect("a dictionary");
    let quoted = text.lines().map(|line| line.trim_matches('"'));
    let pieces = quoted.filter(|line| !line.contains("\\x")).map(|line| line.replace("\\\\", "\\").into_bytes());
    let special =
        ["\n", "\n\n", "  ", "\u{1b}[", "\u{1b}]0;", "\u{7}", "\u{9b}", "\r", "\0", "\u{202e}", ": ", "- ", "\""];
    (seeds, pieces.chain(special.iter().map(|piece| piece.as_bytes().to_vec())).collect())
}

fn holds(target: &str, check: fn(&[u8])) {
    let (seeds, pieces) = material(target);
    let count = std::env::var("KFLEET_CHANGES").ok().and_then(|count| count.parse().ok()).unwrap_or(300);
    let mut random = fastrand::Rng::with_seed(target.len() as u64);
    for _ in 0..count {
        let mut bytes = seeds[random.usize(..seeds.len())].clone();
        for _ in 0..random.usize(1..5) {
            let start = random.usize(..=bytes.len());
            let end = (start + random.usize(..4) * random.usize(..12)).min(bytes.len());
            let other = &seeds[random.usize(..seeds.len())];
            let from = random.usize(..=other.len());
            let piece = match random.u8(..4) {
                0 => Vec::new(),
                1 => other[from..(from + random.usize(..80)).min(other.len())].to_vec(),
                2 => vec![random.u8(..)],
                _ => pieces[random.usize(..pieces.len())].clone(),
            };
            bytes.splice(start..end, piece);
        }
        let told = Told(&bytes);
        check(told.0);
    }
}

#[test]
fn trigger_files() {
    holds("triggers", oracle::pipeline::triggers);
}

#[test]
fn languages_in_trigger_files() {
    holds("languages", oracle::pipeline::languages);
}

#[test]
fn tekton_objects() {
    holds("tekton", oracle::pipeline::tekton);
}

#[test]
fn webhooks() {
    holds("webhook", oracle::pipeline::webhook);
}

#[test]
fn output_of_steps() {
    holds("output", oracle::pipeline::output);
}
