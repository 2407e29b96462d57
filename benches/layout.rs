//! Layout of 10,000 manifests: a cold run against writing the same files plainly, a run that changes nothing against
//! reading them plainly, and the peak memory for 100 MB of input. The program runs as its users run it; baselines use
//! as many threads. Rounds are interleaved; the median counts, the spread is the machine's noise.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench makes files, starts the program and prints what it measured"
)]

mod support;

use rayon::prelude::*;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::{median, timed};

const ROUNDS: usize = 7;

/// `count` manifests in 300 namespaces, of about `size` bytes each, in files of 100.
fn mk_inputs(folder: &Path, count: usize, size: usize) {
    fs::create_dir_all(folder).expect("folder");
    let mut text = String::new();
    for n in 0..count {
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-{n}\n  namespace: team-{}\n  labels: {{app: shop}}\ndata:\n",
            n % 300
        );
        let start = text.len();
        let mut line = 0;
        while text.len() - start + 150 < size {
            let _ = writeln!(text, "  key-{line}: value of number {line} in the configuration {n} # why");
            line += 1;
        }
        if n % 100 == 99 || n + 1 == count {
            fs::write(folder.join(format!("part-{:05}.yaml", n / 100)), &text).expect("written");
            text.clear();
        }
    }
}

fn run(arguments: &[&str], folder: &Path) -> Duration {
    timed(Command::new(env!("CARGO_BIN_EXE_kfleet")).args(arguments).current_dir(folder)).0
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        for entry in fs::read_dir(path).expect("readable") {
            let path = entry.expect("entry").path();
            if path.is_dir() { pending.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn read_plainly(paths: &[PathBuf]) -> Duration {
    let start = Instant::now();
    paths.par_iter().for_each(|path| drop(black_box(fs::read(path).expect("readable"))));
    start.elapsed()
}

fn write_plainly(from: &[(PathBuf, Vec<u8>)], root: &Path) -> Duration {
    let start = Instant::now();
    from.par_iter().for_each(|(path, bytes)| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, bytes).expect("written");
    });
    start.elapsed()
}

fn report(what: &str, ours: &mut [Duration], plain: &mut [Duration], target: f64) {
    let ((ours, our_spread), (plain, plain_spread)) = (median(ours), median(plain));
    println!(
        "  {what}: {:.0} ms against {:.0} ms: {:.2} times (target: at most {target}; slowest/fastest {our_spread:.1} and {plain_spread:.1})",
        ours,
        plain,
        ours / plain
    );
}

/// The peak memory of a command in kB, by GNU time, where that is installed.
fn peak_memory(arguments: &[&str], folder: &Path) -> Option<u64> {
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%M", env!("CARGO_BIN_EXE_kfleet")])
        .args(arguments)
        .current_dir(folder)
        .output()
        .ok()?;
    String::from_utf8_lossy(&output.stderr).lines().last()?.trim().parse().ok()
}

fn main() {
    let temp = tempfile::tempdir().expect("folder");
    let work = temp.path();
    mk_inputs(&work.join("in"), 10_000, 700);
    run(&["fmt", "-q", "-o", "out", "in"], work);
    let outputs = files(&work.join("out"));
    let contents: Vec<(PathBuf, Vec<u8>)> = outputs
        .iter()
        .map(|path| (path.strip_prefix(work).expect("below").to_owned(), fs::read(path).expect("readable")))
        .collect();
    let bytes: usize = contents.iter().map(|(_, bytes)| bytes.len()).sum();
    println!("layout of {} manifests, {:.1} MB", outputs.len(), bytes as f64 / 1e6);
    let (mut cold, mut plain_write, mut again, mut plain_read) = (vec![], vec![], vec![], vec![]);
    let mut in_place = vec![];
    for round in 0..ROUNDS {
        plain_write.push(write_plainly(&contents, &work.join(format!("plain-{round}"))));
        let folder = format!("cold-{round}");
        cold.push(run(&["fmt", "-q", "-o", &folder, "in"], work));
        plain_read.push(read_plainly(&outputs));
        again.push(run(&["fmt", "-q", "-o", "out", "in"], work));
        in_place.push(run(&["fmt", "-q", "-o", "out", "out"], work));
    }
    report("cold run against writing plainly", &mut cold, &mut plain_write, 1.5);
    report("run that changes nothing, other inputs, against reading plainly", &mut again, &mut plain_read.clone(), 3.0);
    report("run that changes nothing, on its own tree, against reading plainly", &mut in_place, &mut plain_read, 3.0);

    for (what, count, size) in [("100 MB in 9,800 manifests", 9_800, 10_200), ("20 MB in 20,000", 20_000, 1_000)] {
        let input = format!("big-{count}");
        mk_inputs(&work.join(&input), count, size);
        let output = format!("big-out-{count}");
        for run in ["cold", "again"] {
            let start = Instant::now();
            match peak_memory(&["fmt", "-q", "-o", &output, &input], work) {
                Some(kb) => {
                    println!("  {what}, {run}: peak memory {} MB, {:.1} s", kb / 1024, start.elapsed().as_secs_f64())
                }
                None => println!("  {what}: SKIPPED: there is no /usr/bin/time"),
            }
        }
    }
    let one = work.join("one.yaml");
    let mut whole = Vec::new();
    files(&work.join("big-9800")).iter().for_each(|path| whole.extend(fs::read(path).expect("readable")));
    fs::write(&one, whole).expect("written");
    if let Some(kb) = peak_memory(&["fmt", "-q", "-o", "big-out-9800", "one.yaml"], work) {
        println!("  100 MB in one file, nothing to change: peak memory {} MB", kb / 1024);
    }
    let mut star = String::new();
    for namespace in 0..1_000 {
        let _ = write!(star, "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns-{namespace}\n");
    }
    for n in 0..50 {
        let _ = write!(
            star,
            "---\napiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: quota-{n}\n  namespace: ns-0\n  annotations:\n    kfmt.dev/namespaces: \"*\"\n"
        );
    }
    fs::write(work.join("star-50.yaml"), &star).expect("written");
    for n in 50..100 {
        let _ = write!(
            star,
            "---\napiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: quota-{n}\n  namespace: ns-0\n  annotations:\n    kfmt.dev/namespaces: \"*\"\n"
        );
    }
    fs::write(work.join("star-100.yaml"), &star).expect("written");
    let half = run(&["fmt", "-q", "--dry-run", "--output", "json", "-o", "star", "star-50.yaml"], work).as_secs_f64();
    let whole = run(&["fmt", "-q", "--dry-run", "--output", "json", "-o", "star", "star-100.yaml"], work).as_secs_f64();
    println!(
        "  `*` over 1,000 namespaces: 50,000 copies {half:.2} s, 100,000 copies {whole:.2} s: {:.2} times",
        whole / half
    );
}
