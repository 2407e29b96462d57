//! Commands as their users run them: each folder `testdata/<command>/<case>` is one test through the real binary.
//!
//! `args` has one run per line (`kfmt ...` runs through a link of that name); `in/` is the folder to run in, `stdin`
//! the standard input, `setup` makes what git cannot keep. Expected are `stdout`, `stderr` (of all runs together),
//! `status` (of the last run) and the folder `out/`; what is missing is empty, 0, or the unchanged `in/`.
//! `KFLEET_BLESS=1 cargo test --test cli` writes the expectations anew.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests make files, start the program, and say what they do"
)]

use kfleet::tree::Tree;
use libtest_mimic::{Arguments, Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn main() {
    let mut arguments = Arguments::from_args();
    // Each case runs programs: more threads than this only wait for each other.
    arguments.test_threads = arguments.test_threads.or(Some(4));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut trials = Vec::new();
    // Cases of pipelines have a program of their own: tests/run_pipeline.rs.
    for command in folders(&root).into_iter().filter(|folder| !folder.ends_with("run-pipeline")) {
        for case in folders(&command) {
            let name = case.strip_prefix(&root).expect("below testdata").display().to_string();
            trials.push(Trial::test(name, move || run_case(&case).map_err(Failed::from)));
        }
    }
    assert!(trials.len() > 10, "only {} cases were found", trials.len());
    libtest_mimic::run(&arguments, trials).exit();
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).expect("testdata is there");
    let mut found: Vec<PathBuf> =
        entries.map(|entry| entry.expect("entry").path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn run_case(case: &Path) -> Result<(), String> {
    let temp = tempfile::tempdir().map_err(|error| error.to_string())?;
    let work = temp.path().join("work");
    copy(&case.join("in"), &work);
    set_up(&case.join("setup"), &work)?;
    fs::create_dir(temp.path().join("home")).expect("home");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kfleet"), temp.path().join("kfmt")).expect("link");

    let lines = fs::read_to_string(case.join("args")).map_err(|error| format!("args: {error}"))?;
    let (mut stdout, mut stderr, mut status) = (Vec::new(), Vec::new(), 0);
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let mut words = split_words(line);
        let program = if words.first().is_some_and(|word| word == "kfmt") {
            words.remove(0);
            temp.path().join("kfmt")
        } else {
            PathBuf::from(env!("CARGO_BIN_EXE_kfleet"))
        };
        let stdin = match fs::File::open(case.join("stdin")) {
            Ok(file) => Stdio::from(file),
            Err(_) => Stdio::null(),
        };
        let output = Command::new(program)
            .args(&words)
            .current_dir(&work)
            .env_clear()
            .env("HOME", temp.path().join("home"))
            .stdin(stdin)
            .output()
            .map_err(|error| error.to_string())?;
        stdout.extend(output.stdout);
        stderr.extend(output.stderr);
        status = output.status.code().unwrap_or(-1);
    }
    let here = work.display().to_string();
    let above = temp.path().display().to_string();
    let shown = |bytes: Vec<u8>| {
        let text = String::from_utf8_lossy(&bytes).replace(&here, "[TMP]").replace(&above, "[TMP]/..");
        text.replace(env!("KFLEET_VERSION"), "[VERSION]")
    };
    let actual = [("stdout", shown(stdout)), ("stderr", shown(stderr)), ("status", format!("{status}\n"))];
    let before = tree(&case.join("in"));
    let after = tree(&work);
    if std::env::var_os("KFLEET_BLESS").is_some() {
        bless(case, &actual, &before, &after);
        return Ok(());
    }
    let mut differences = String::new();
    for (file, text) in &actual {
        let default = if *file == "status" { "0\n" } else { "" };
        let expected = fs::read_to_string(case.join(file)).unwrap_or_else(|_| default.to_owned());
        if expected != *text {
            differences += &format!("--- {file}, expected\n{expected}\n--- {file}, got\n{text}\n");
        }
    }
    let expected = if case.join("out").exists() { tree(&case.join("out")) } else { before };
    for change in expected.diff(&after) {
        let show = |tree: &Tree| tree.get(change.path()).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        differences += &format!(
            "--- {}, expected\n{}\n--- got\n{}\n",
            change.path(),
            show(&expected).unwrap_or_else(|| "(no file)".to_owned()),
            show(&after).unwrap_or_else(|| "(no file)".to_owned())
        );
    }
    if differences.is_empty() { Ok(()) } else { Err(differences) }
}

fn tree(folder: &Path) -> Tree {
    if folder.exists() { Tree::from_dir(folder).expect("readable") } else { Tree::default() }
}

fn bless(case: &Path, actual: &[(&str, String)], before: &Tree, after: &Tree) {
    for (file, text) in actual {
        let default = if *file == "status" { "0\n" } else { "" };
        if text == default {
            let _ = fs::remove_file(case.join(file));
        } else {
            fs::write(case.join(file), text).expect("blessed");
        }
    }
    let _ = fs::remove_dir_all(case.join("out"));
    if before != after {
        for (path, bytes) in after.iter() {
            let file = case.join("out").join(path);
            fs::create_dir_all(file.parent().expect("parent")).expect("folder");
            fs::write(file, bytes).expect("blessed");
        }
        fs::create_dir_all(case.join("out")).expect("folder");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folder");
    let Ok(entries) = fs::read_dir(from) else { return };
    for entry in entries {
        let entry = entry.expect("entry");
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
        }
    }
}

/// `link TARGET PATH` and `mkdir PATH`, one per line.
fn set_up(file: &Path, work: &Path) -> Result<(), String> {
    let Ok(lines) = fs::read_to_string(file) else { return Ok(()) };
    for line in lines.lines() {
        match split_words(line).iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["link", target, path] => {
                std::os::unix::fs::symlink(target, work.join(path)).map_err(|error| error.to_string())?;
            }
            ["mkdir", path] => fs::create_dir_all(work.join(path)).map_err(|error| error.to_string())?,
            _ => return Err(format!("setup: cannot read {line:?}")),
        }
    }
    Ok(())
}

/// Words as a shell splits them, with single and double quotes.
fn split_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
