//! Real manifests: the folder that `KFLEET_CORPUS` names. Where it is not set these tests are skipped, aloud.

#![allow(clippy::disallowed_methods, reason = "tests read files and start programs")]

mod support;

use kfleet::ops::fmt::text::{self, TextOptions};
use kfleet::yaml::engine::Engine;
use std::path::{Path, PathBuf};
use support::corpus;

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).expect("readable").map(|e| e.expect("entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            found.push(path);
        }
    }
}

/// The value of every document, read by another parser.
fn values(text: &str) -> Vec<serde_json::Value> {
    kfleet::yaml::split::Documents::new(text.as_bytes())
        .map(|span| {
            let options = serde_saphyr::options! { legacy_octal_numbers: true, budget: None };
            serde_saphyr::from_str_with_options::<serde_json::Value>(&text[span.body..span.end], options)
                .unwrap_or_else(|error| panic!("another parser refuses it: {error}"))
        })
        .filter(|value| !value.is_null())
        .collect()
}

fn comments(text: &str) -> usize {
    text.lines().filter(|line| line.trim_start().starts_with('#')).count()
}

#[test]
fn every_value_and_comment_of_the_corpus_is_kept() {
    let Some(corpus) = corpus("every_value_and_comment_of_the_corpus_is_kept") else { return };
    let mut files = Vec::new();
    yaml_files(&corpus, &mut files);
    assert!(files.len() > 200, "only {} files", files.len());
    let mut engine = Engine::default();
    let options = TextOptions::default();
    for path in files {
        let name = path.display().to_string();
        let bytes = std::fs::read(&path).expect("readable");
        let first = text::format(&mut engine, &name, &bytes, false, &options);
        let out = first.text.unwrap_or_else(|| panic!("{name} is refused: {:#?}", first.problems));
        let again = text::format(&mut engine, &name, &out, false, &options).text.expect("accepted again");
        assert!(again == out, "{name}: the second run differs");
        let (before, after) = (String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&out));
        assert_eq!(values(&before), values(&after), "{name}");
        assert_eq!(comments(&before), comments(&after), "{name}");
    }
}

/// The tree that kfmt made of one upstream release, byte for byte.
#[test]
fn calico_gives_the_tree_of_the_demo() {
    let Some(corpus) = corpus("calico_gives_the_tree_of_the_demo") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_kfleet"))
        .args(["fmt", "-o", "out"])
        .arg(corpus.join("calico-3.18.yaml"))
        .current_dir(folder.path())
        .output()
        .expect("kfleet runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected =
        kfleet::tree::Tree::from_dir(&corpus.join("cicd-demo/config/bases/calico/resources")).expect("readable");
    let made = kfleet::tree::Tree::from_dir(&folder.path().join("out")).expect("readable");
    assert_eq!(made.len(), 25);
    assert_eq!(expected.diff(&made), []);
}
