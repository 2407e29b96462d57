//! Loading: which files count, how they are decoded, what is refused, and head over base.

use super::*;
use crate::lighthouse::job::JobKind;
use crate::tree::Tree;

fn one(text: &str) -> Loaded {
    load(&Tree::from([(".lighthouse/triggers.yaml", text)]))
}

fn shown(problems: &[Finding]) -> Vec<String> {
    let first_line = |problem: &Finding| problem.problem.message.lines().next().unwrap_or("").to_owned();
    problems.iter().map(|one| format!("{} {} {}", one.problem.location, one.id, first_line(one))).collect()
}

#[test]
fn files_one_folder_deep_count() {
    let job = |name: &str| format!("spec: {{postsubmits: [{{name: {name}, source: x.yaml}}]}}\n");
    let tree = Tree::from([
        (".lighthouse/triggers.yaml", job("top")),
        (".lighthouse/a/triggers.yaml", job("a")),
        (".lighthouse/a/b/triggers.yaml", job("deep")),
        (".lighthouse/.hidden/triggers.yaml", job("hidden")),
        (".lighthouse/empty/triggers.yaml", "# nothing\n".to_owned()),
        (".lighthouse/other.yaml", job("other")),
        ("triggers.yaml", job("root")),
    ]);
    let loaded = load(&tree);
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let names: Vec<&str> = loaded.config.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["a", "top"]);
    assert_eq!(loaded.config.jobs[0].source_path().as_deref(), Some(".lighthouse/a/x.yaml"));
}

#[test]
fn decoding_is_as_lax_as_that_of_lighthouse() {
    let loaded = one(
        "APIversion: x\nSpec:\n  PreSubmits:\n  - Name: yes\n    Always_Run: on\n    SOURCE: a.yaml\n    nope: 1\n    context: 7\n    labels: {a: 1, b: true}\n    branches: [1.5, main]\n",
    );
    assert!(loaded.problems.is_empty(), "{:?}", shown(&loaded.problems));
    let job = &loaded.config.jobs[0];
    assert_eq!((job.name.as_str(), job.always_run, job.context.as_str()), ("true", true, "7"));
    assert_eq!((job.labels["a"].as_str(), job.labels["b"].as_str()), ("1", "true"));
    assert_eq!(job.branches.as_ref().expect("branches").joined, "1.5|main");
    assert_eq!(job.agent, "tekton-pipeline");
    let merged = one("x: &m {always_run: yes, source: a.yaml}\nspec: {presubmits: [{<<: *m, name: a}]}\n");
    assert!(merged.config.jobs[0].always_run && merged.problems.is_empty());
}

#[test]
fn defaults() {
    let loaded = one(
        "spec:\n  presubmits: [{name: a.b}]\n  postsubmits: [{name: b}]\n  periodics: [{name: c, cron: '@daily'}]\n  deployments: [{name: d, source: x}]\n",
    );
    let [a, b, c, d] = loaded.config.jobs.as_slice() else { panic!() };
    assert_eq!((a.context.as_str(), b.context.as_str(), c.context.as_str(), d.context.as_str()), ("a.b", "b", "", ""));
    assert_eq!(a.trigger.as_ref().expect("a trigger").joined, r"(?m)^/test( | .* )a.b,?($|\s.*)");
    assert_eq!(a.rerun_command.as_deref(), Some("/test a.b"));
    assert_eq!((a.agent.as_str(), d.agent.as_str(), b.trigger.is_none()), ("jenkins-x", "tekton-pipeline", true));
    let kinds = [a, b, c, d].map(|job| job.kind);
    assert_eq!(kinds, [JobKind::Presubmit, JobKind::Postsubmit, JobKind::Periodic, JobKind::Deployment]);
}

#[test]
fn two_pairs_of_commands_are_rewritten() {
    for (trigger, rerun, expected) in [
        ("/test", "/retest", Some((r"(?m)^/test,?($|\s.*)", "/test"))),
        ("/lint", "/relint", Some((r"(?m)^/lint,?($|\s.*)", "/lint"))),
        ("/test ", "/retest", None),
        ("/test", "/test", None),
        ("/fmt", "/refmt", None),
    ] {
        let loaded = one(&format!(
            "spec: {{presubmits: [{{name: a, source: x, trigger: '{trigger}', rerun_command: '{rerun}'}}]}}\n"
        ));
        let job = &loaded.config.jobs[0];
        let trigger_text = job.trigger.as_ref().expect("a trigger").joined.as_str();
        let pair = (trigger_text, job.rerun_command.as_deref().expect("a command"));
        assert_eq!(pair, expected.unwrap_or((trigger, rerun)));
        assert_eq!(job.rewritten.is_some(), expected.is_some());
        assert_eq!(loaded.problems.is_empty(), expected.is_some() || trigger == rerun, "{trigger}");
    }
}

#[test]
fn all_errors_come_at_once_with_their_places() {
    let text = r"spec:
  presubmits:
  - name: a b
    always_run: true
    run_if_changed: 'x[z-a]'
  - name: c
    trigger: /x
    branches: [main, 'v(']
    max_concurrency: -1
    agent: prow
  - name: d
    trigger: ^/x$
    rerun_command: /y
    always_run: 'maybe'
    labels: {lighthouse.jenkins-x.io/id: x, 'a b': c, e: 'f g'}
  - {}
  - text
  postsubmits: {}
  periodics:
  - {name: p}
  - {name: q, cron: '61 * * * *', spec: {containers: []}, source: ../../x}
  - {name: q, cron: '@daily', pipeline_run_params: [{name: X, value_template: '{{ if }}'}]}
  deployments:
  - {name: e f}
";
    let loaded = one(text);
    let file = ".lighthouse/triggers.yaml";
    let expected = [
        "3:11 trigger-name the name `a b` is not allowed",
        "5:21 trigger-regex `run_if_changed` is not a regular expression: invalid character class range",
        "5:21 trigger-value `always_run` and `run_if_changed` exclude each other",
        "7:14 trigger-rerun `trigger` and `rerun_command` need each other",
        "8:22 trigger-regex `branches` is not a regular expression: missing closing )",
        "9:22 trigger-value `max_concurrency` is negative",
        "10:12 trigger-agent there is no agent `prow`",
        "13:20 trigger-rerun `trigger` does not match the `rerun_command` /y",
        "14:17 trigger-type `always_run` must be true or false",
        "15:13 trigger-label the label `a b` is not a name of a label",
        "15:13 trigger-label the label `e` has a value that no label may have",
        "15:13 trigger-label the label `lighthouse.jenkins-x.io/id` is Lighthouse's own",
        "16:5 trigger-name this job has no name",
        "17:5 trigger-type a job is a mapping",
        "18:16 trigger-type `postsubmits` must be a list of jobs",
        "20:5 trigger-cron a periodic needs `cron`",
        "21:21 trigger-cron the schedule `61 * * * *` cannot be read: minute: `61` is not 0 to 59",
    ];
    let found = shown(&loaded.problems);
    for line in expected {
        let words = line.split_once(' ').expect("words").1;
        let is_it = |found: &String| *found == format!("{file}:{line}") || found.contains(words);
        assert!(found.iter().any(is_it), "{line}\n{found:#?}");
    }
    for line in ["5:", "8:", "14:17", "16:5", "18:16", "21:"] {
        assert!(found.iter().any(|found| found.starts_with(&format!("{file}:{line}"))), "{line}\n{found:#?}");
    }
    for id in ["trigger-duplicate", "trigger-source", "trigger-template"] {
        assert!(loaded.problems.iter().any(|problem| problem.id == id), "{id}\n{found:#?}");
    }
    assert!(!found.iter().any(|found| found.contains("e f")), "deployments are not validated: {found:#?}");
    let regex = loaded.problems.iter().find(|problem| problem.id == "trigger-regex").expect("one");
    assert_eq!((regex.problem.location.line, regex.problem.location.column), (5, 24), "the byte that is to blame");
    assert!(regex.problem.message.ends_with("\n    x[z-a]\n      ^"), "{}", regex.problem.message);
    assert_eq!(regex.job.as_deref(), Some("a b"));
    let problem = regex.labelled();
    assert!(problem.message.starts_with("job a b: `run_if_changed`") && problem.message.contains("[trigger-regex]\n"));
}

#[test]
fn no_text_panics() {
    for text in [
        "",
        "---\n",
        "a",
        "[]",
        "spec: 1\n",
        "spec: {presubmits: 1}\n",
        "a: [\n",
        "\u{0}",
        "spec: {presubmits: [[]]}\n",
        "a: &a [*a]\n",
        "spec:\n  presubmits:\n  - &x {name: a}\n  - *x\n",
        "{\"spec\": {\"presubmits\": [{\"name\": \"a\"}]}}",
        "a: 1\n---\nb: 2\n",
        "spec: {presubmits: [{name: a, pipeline_run_params: [1, {name: b}], branches: [[x]], labels: [1]}]}\n",
    ] {
        let loaded = one(text);
        let _ = lint(&loaded.config, &|_, _| false);
    }
    let loaded = load(&Tree::from([(".lighthouse/triggers.yaml", vec![0xff, 0xfe, 0x00])]));
    assert_eq!(loaded.problems.len(), 1);
    for (path, title) in lint::RULES {
        assert!(path.starts_with("trigger-") && !title.is_empty());
    }
}

#[test]
fn jobs_of_the_head_go_over_those_of_the_base() {
    let tree = |text: &str| Tree::from([(".lighthouse/triggers.yaml", text)]);
    let base = tree(
        "spec:\n  presubmits: [{name: a, always_run: true, source: old}, {name: gone, source: x}]\n  postsubmits: [{name: a, source: p}]\n",
    );
    let head = tree("spec:\n  presubmits: [{name: new, source: s}, {name: a, source: new}]\n");
    let names = |from| -> Vec<String> {
        let jobs = load_from(from, Some(Side::plain(&base)), Side::plain(&head)).config.jobs;
        jobs.iter().map(|job| format!("{}/{}", job.name, job.source.as_deref().unwrap_or(""))).collect()
    };
    assert_eq!(names(ConfigFrom::Merged), ["a/new", "gone/x", "new/s", "a/p"]);
    assert_eq!(names(ConfigFrom::Head), ["new/s", "a/new"]);
    assert_eq!(names(ConfigFrom::Base), ["a/old", "gone/x", "a/p"]);
    let merged = load_from(ConfigFrom::Merged, Some(Side::plain(&base)), Side::plain(&head)).config;
    assert!(!merged.jobs[0].always_run, "a job is replaced whole");
    assert_eq!(load_from(ConfigFrom::Merged, None, Side::plain(&head)).config.jobs.len(), 2);
    let broken = tree("spec: {presubmits: [{name: a, trigger: '('}]}\n");
    assert!(!load_from(ConfigFrom::Merged, Some(Side::plain(&base)), Side::plain(&broken)).problems.is_empty());
    let repaired = load_from(ConfigFrom::Merged, Some(Side::plain(&broken)), Side::plain(&head));
    assert!(repaired.problems.is_empty(), "the bad job was replaced");
}
