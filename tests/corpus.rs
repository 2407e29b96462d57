//! Real manifests: the folder that `KFLEET_CORPUS` names. Where it is not set these tests are skipped, aloud.

#![allow(clippy::disallowed_methods, reason = "tests read files and start programs")]

mod support;

use kfleet::lighthouse::job::Source;
use kfleet::ops::fmt::text::{self, TextOptions};
use kfleet::tekton::load::{Inputs, Request, load};
use kfleet::tree::Tree;
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

/// Values as an event gives them to a run.
fn event_values() -> Vec<(String, String)> {
    let names = ["JOB_NAME", "JOB_TYPE", "PULL_BASE_REF", "PULL_NUMBER", "PULL_PULL_SHA", "REPO_NAME", "REPO_URL"];
    names.iter().map(|name| ((*name).to_owned(), name.to_lowercase())).collect()
}

#[test]
fn the_pipelines_of_the_corpus_load() {
    let Some(corpus) = corpus("the_pipelines_of_the_corpus_load") else { return };
    let (values, events) = (event_values(), ["PULL_BASE_REF".to_owned()]);
    for (repository, pipelines, steps) in
        [("cicd-demo", ["pr", "release"], [3, 3]), ("kfmt-lighthouse", ["pullrequest", "release"], [2, 6])]
    {
        let mut files = Tree::default();
        for pipeline in pipelines {
            let path = format!(".lighthouse/{pipeline}.yaml");
            let bytes = std::fs::read(corpus.join(repository).join(&path)).expect("a pipeline");
            files.insert(path, bytes);
        }
        for (pipeline, steps) in pipelines.into_iter().zip(steps) {
            let source = Source::File(format!(".lighthouse/{pipeline}.yaml"));
            let request =
                Request { event_controlled: &events, by_lighthouse: true, ..Request::of_file(&source, &values) };
            let inputs = Inputs { files: &files, remote: None, cluster_objects: &[] };
            let loaded = load(request, inputs).unwrap_or_else(|refused| panic!("{:#?}", refused.problems));
            let tasks = &loaded.run.pipeline.tasks;
            assert_eq!(tasks.iter().map(|task| task.task.steps.len()).sum::<usize>(), steps, "{repository} {pipeline}");
            assert!(loaded.findings.iter().any(|finding| finding.id == "old-version"), "{repository} {pipeline}");
            let has_event_text = loaded.findings.iter().any(|finding| finding.id == "event-text");
            assert_eq!(has_event_text, pipeline == "release", "{repository} {pipeline}: {:#?}", loaded.findings);
        }
    }
}
