//! The linter.

use super::super::load;
use super::*;
use crate::tree::Tree;

fn ids(text: &str) -> Vec<String> {
    let header = "apiVersion: config.lighthouse.jenkins-x.io/v1alpha1\nkind: TriggerConfig\nspec:\n";
    let tree =
        Tree::from([(".lighthouse/triggers.yaml", format!("{header}{text}")), (".lighthouse/a.yaml", String::new())]);
    let shown = |finding: &Finding| {
        assert!(RULES.iter().any(|(id, _)| *id == finding.id), "{}", finding.id);
        let (location, id) = (&finding.problem.location, finding.id.trim_start_matches("trigger-"));
        format!("{}:{} {id}", location.line, location.column)
    };
    lint(&load(&tree).config, &|_, path| tree.contains_key(path)).iter().map(shown).collect()
}

#[test]
fn what_is_right_has_no_findings() {
    let text = "  presubmits: [{name: a, always_run: true, source: a.yaml, branches: [^main$]}]\n  postsubmits: [{name: b, source: a.yaml}]\n  periodics: [{name: c, source: a.yaml, cron: '@daily', branch: main, clone_uri: 'https://x.example.com/a/b.git'}]\n  deployments: [{name: d, source: a.yaml}]\n";
    assert!(ids(text).is_empty(), "{:?}", ids(text));
}

#[test]
fn each_mistake_is_found_at_its_place() {
    let job = |kind: &str, fields: &str| format!("  {kind}: [{{name: a, source: a.yaml, {fields}}}]\n");
    for (text, expected) in [
        (job("presubmits", "skip_if_only_changed: x, always_run: true"), &["4:42 unknown-key"][..]),
        (job("presubmits", "alwaysrun: true, always_run: true"), &["4:42 unknown-key"]),
        (job("postsubmits", "always_run: true"), &["4:43 unknown-key"]),
        (job("presubmits", "Always_Run: true"), &["4:42 key-case"]),
        (job("postsubmits", "branches: [main]"), &["4:54 unanchored"]),
        (job("postsubmits", "skip_branches: [^main]"), &["4:59 unanchored"]),
        (job("postsubmits", "branches: ['^v.*', '.*-x$', 'a|b', ^a$]"), &[]),
        (
            job("presubmits", "always_run: true, trigger: /test, rerun_command: /retest"),
            &["4:69 rewritten", "4:91 unreachable"],
        ),
        (job("presubmits", "trigger: /lint, rerun_command: /relint"), &["4:51 rewritten", "4:51 unreachable"]),
        (job("presubmits", "trigger: ^/lint$, rerun_command: /lint"), &["4:51 unreachable"]),
        (job("presubmits", "always_run: true, trigger: ^/lint$, rerun_command: /lint"), &["4:69 unreachable"]),
        (job("postsubmits", "branches: ['^v\\d+'], run_if_changed: x"), &["4:54 unanchored", "4:80 tags"]),
        (job("postsubmits", "branches: ['^v\\d+\\.\\d+$', ^main$], ignore_changes: x"), &[]),
        (job("periodics", "cron: '@daily'"), &["4:15 periodic", "4:15 periodic"]),
        (job("presubmits", "always_run: true, agent: tekton"), &["4:67 agent"]),
        ("  presubmits: [{name: a.b, source: a.yaml}]\n".to_owned(), &["4:16 unreachable"]),
        ("  postsubmits: [{name: a, pipeline_run_spec: {}}]\n".to_owned(), &["4:46 agent"]),
        ("  postsubmits: [{name: a, agent: tekton-pipeline}]\n".to_owned(), &["4:17 source"]),
        ("  postsubmits: [{name: a, source: none.yaml}]\n".to_owned(), &["4:35 source"]),
        ("  postsubmits: [{name: a, source: o/r/p@main}]\n".to_owned(), &["4:35 source"]),
        ("  postsubmits: [{name: a, source: 'https://x.example.com/p.yaml'}]\n".to_owned(), &[]),
        ("  postsubmit: []\n".to_owned(), &["4:3 unknown-key"]),
        ("  deployments: [{name: a b, source: a.yaml}]\n".to_owned(), &["4:24 name"]),
    ] {
        assert_eq!(ids(&text), expected, "{text}");
    }
}

#[test]
fn hints_say_what_was_meant() {
    let tree = Tree::from([(
        ".lighthouse/triggers.yaml",
        "kind: Other\nspec:\n  presubmits: [{name: a, source: x, alway_run: 1, skip_if_only_changed: y, zzz: 1}]\n",
    )]);
    let found = lint(&load(&tree).config, &|_, path| tree.contains_key(path));
    let hints: Vec<&str> = found.iter().filter_map(|finding| finding.problem.hint.as_deref()).collect();
    for hint in [
        "did you mean `always_run`?",
        "that is Prow's: write `ignore_changes`",
        "remove it",
        "write `kind: TriggerConfig`",
        "write `apiVersion: config.lighthouse.jenkins-x.io/v1alpha1`",
    ] {
        assert!(hints.contains(&hint), "{hint}\n{hints:#?}");
    }
}
