//! Steps that are imported from tasks elsewhere, and files that are damaged.

use super::load_tests::{EXAMPLE, by_hand, by_lighthouse, ids, loaded, param, pull_values, refused, text};
use crate::tekton::types::{EnvValue, Timeout, VolumeKind};
use std::time::Duration;

const USED: &str = r#"apiVersion: tekton.dev/v1
kind: Task
metadata: {name: used}
spec:
  params: [{name: level, default: "1"}, {name: fed}]
  results: [{name: out}]
  workspaces: [{name: shared}]
  volumes: [{name: v, emptyDir: {}}, {name: own, emptyDir: {}}]
  stepTemplate: {env: [{name: A, value: used}, {name: B, value: used}], workingDir: /used}
  steps:
  - name: one
    image: example/one
    script: echo one
    env: [{name: P, value: used}, {name: Q, value: used}]
    volumeMounts: [{name: v, mountPath: /v}]
  - {name: two, image: example/two, command: [two], args: [used]}
"#;

fn using(steps: &str) -> String {
    format!(
        "apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec:\n  pipelineSpec:\n    tasks:\n    - name: t\n      params: [{{name: fed, value: given}}]\n      \
         taskSpec:\n        stepTemplate: {{image: 'uses:tasks/used.yaml', env: [{{name: B, value: local}}, {{name: C, value: local}}]}}\n        \
         volumes: [{{name: own, secret: {{secretName: s}}}}]\n        steps:\n{steps}"
    )
}

#[test]
fn used_steps_are_imported_and_overridden() {
    let steps = "        - {name: 'one:again', env: [{name: Q, value: local}, {name: R, value: local}], timeout: 1m}\n        \
                 - {name: two, command: [other]}\n        - {name: own, image: example/own}\n";
    let source = using(steps);
    let files = [(".lighthouse/pr.yaml", source.as_str()), ("tasks/used.yaml", USED)];
    let loaded = loaded(by_lighthouse(&files, &pull_values()));
    let task = &loaded.run.pipeline.tasks[0];
    let names: Vec<&str> = task.task.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["one-again", "two", "own"]);
    let one = &task.task.steps[0];
    assert_eq!(one.script.as_deref(), Some("echo one"));
    assert_eq!(one.timeout, Some(Timeout::After(Duration::from_secs(60))));
    let shown = one.env.iter().filter(|var| var.name.len() == 1).map(|var| match &var.value {
        EnvValue::Text(text) => format!("{}={text}", var.name),
        other => format!("{other:?}"),
    });
    let shown: Vec<String> = shown.collect();
    assert_eq!(shown, ["P=used", "Q=local", "R=local", "A=used", "B=local", "C=local"]);
    assert_eq!(one.working_dir.as_deref(), Some("/used"));
    assert_eq!((&task.task.steps[1].command[..], task.task.steps[1].args.len()), (&["other".to_owned()][..], 0));
    assert_eq!(param(task, "fed"), Some(&text("given")));
    assert_eq!(param(task, "level"), Some(&text("$(params.level)")));
    let pipeline = &loaded.run.pipeline;
    assert!(pipeline.params.iter().any(|param| param.name == "level"));
    assert!(!pipeline.params.iter().any(|param| param.name == "fed"));
    assert_eq!(pipeline.results[0].value, text("$(tasks.t.results.out)"));
    assert_eq!(loaded.run.workspaces[0].source, VolumeKind::EmptyDir);
    let volumes: Vec<&str> = task.task.volumes.iter().map(|volume| volume.name.as_str()).collect();
    assert_eq!(volumes, ["v", "own"]);
    assert!(matches!(task.task.volumes[1].source, VolumeKind::Object(_)));
    assert!(ids(&loaded).contains(&"uses"));
}

#[test]
fn a_used_file_gives_all_steps_or_none() {
    let source = using("        - {}\n");
    let files = [(".lighthouse/pr.yaml", source.as_str()), ("tasks/used.yaml", USED)];
    let run = loaded(by_lighthouse(&files, &pull_values())).run;
    assert_eq!(run.pipeline.tasks[0].task.steps.len(), 2);
    let source = using("        - {name: tow}\n");
    let files = [(".lighthouse/pr.yaml", source.as_str()), ("tasks/used.yaml", USED)];
    let problems = refused(by_lighthouse(&files, &pull_values()));
    assert!(problems.iter().any(|one| one.contains("no step `tow` (did you mean `two`?)")), "{problems:?}");
    let problems = refused(by_lighthouse(&files[..1], &pull_values()));
    assert!(problems.iter().any(|one| one.contains("there is no file tasks/used.yaml")), "{problems:?}");
}

#[test]
fn used_files_may_be_remote() {
    let source = using("        - {}\n").replace("tasks/used.yaml", "acme/catalog/tasks/used.yaml@main");
    let files = [(".lighthouse/pr.yaml", source.as_str()), ("acme/catalog/tasks/used.yaml@main", USED)];
    let loaded = loaded(by_lighthouse(&files, &pull_values()));
    assert_eq!(loaded.fetched.len(), 1);
    assert!(ids(&loaded).contains(&"unpinned"));
    let by_hand = refused(by_hand(&source, &[]));
    let expected = "acme/catalog/tasks/used.yaml@main is needed, and nothing may be fetched";
    assert!(by_hand[0].contains(expected), "{by_hand:?}");
    let leaving = using("        - {}\n").replace("tasks/used.yaml", "../x.yaml");
    let problems = refused(by_lighthouse(&[(".lighthouse/pr.yaml", &leaving)], &pull_values()));
    assert!(problems[0].contains("`../x.yaml` is not in the repository"), "{problems:?}");
}

#[test]
fn tasks_that_use_themselves_end() {
    let own =
        "{apiVersion: tekton.dev/v1, kind: Task, spec: {steps: [{image: 'uses:a.yaml'}, {image: 'uses:a.yaml'}]}}";
    let source = using("        - {}\n").replace("tasks/used.yaml", "a.yaml");
    let problems = refused(by_lighthouse(&[(".lighthouse/pr.yaml", &source), ("a.yaml", own)], &pull_values()));
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.iter().all(|one| one.contains("a.yaml uses itself: a.yaml -> a.yaml")), "{problems:?}");
    let through = [own.replace("a.yaml", "acme/c/b.yaml@v1"), own.replace("a.yaml", "acme/c/a.yaml@v1")];
    let files = [
        (".lighthouse/pr.yaml", source.replace("a.yaml", "acme/c/a.yaml@v1")),
        ("acme/c/a.yaml@v1", through[0].clone()),
        ("acme/c/b.yaml@v1", through[1].clone()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let problems = refused(by_lighthouse(&files, &pull_values()));
    let expected = "acme/c/a.yaml@v1 uses itself: acme/c/a.yaml@v1 -> acme/c/b.yaml@v1 -> acme/c/a.yaml@v1";
    assert!(problems.iter().all(|one| one.contains(expected)), "{problems:?}");
}

#[test]
fn chains_of_tasks_end() {
    let task =
        |next: &str| format!("{{apiVersion: tekton.dev/v1, kind: Task, spec: {{steps: [{{image: '{next}'}}]}}}}");
    let tasks: Vec<(String, String)> =
        (0..12).map(|number| (format!("{number}.yaml"), task(&format!("uses:{}.yaml", number + 1)))).collect();
    let source = using("        - {}\n").replace("tasks/used.yaml", "0.yaml");
    let mut files = vec![(".lighthouse/pr.yaml", source.as_str())];
    files.extend(tasks.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let problems = refused(by_lighthouse(&files, &pull_values()));
    assert!(problems.iter().any(|one| one.contains("more than 10 deep")), "{problems:?}");
}

#[test]
fn steps_are_added_before_and_after() {
    let source = EXAMPLE.replace(
        "{name: ignored}",
        "{annotations: {lighthouse.jenkins-x.io/prependStepsURL: 'https://example.test/a.yaml', \
         lighthouse.jenkins-x.io/appendStepsURL: 'https://example.test/b.yaml'}}",
    );
    let task = |name: &str| {
        format!("{{apiVersion: tekton.dev/v1, kind: Task, spec: {{steps: [{{name: {name}, image: i}}]}}}}")
    };
    let (first, last) = (task("first"), task("last"));
    let files = [
        (".lighthouse/pr.yaml", source.as_str()),
        ("https://example.test/a.yaml", first.as_str()),
        ("https://example.test/b.yaml", last.as_str()),
    ];
    let run = loaded(by_lighthouse(&files, &pull_values())).run;
    let names: Vec<&str> = run.pipeline.tasks[0].task.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["first", "clone", "push-back", "last"]);
}

#[test]
fn damaged_files_never_make_it_panic() {
    let texts =
        [EXAMPLE.to_owned(), USED.to_owned(), using("        - {name: one, env: [{name: é, value: $(params.x)}]}\n")];
    let result = "$(tasks.t.results.r)";
    let pieces = ["$(", ")", "[*]", "*a", "&a ", "{", "}", ":", "- ", "\n", "é", "\"", "'", "null", "7", result, "|"];
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..2000 {
        let mut text: Vec<char> = texts[random.usize(..texts.len())].chars().collect();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..text.len());
            let removed = random.usize(0..12).min(text.len() - at);
            let piece = pieces[random.usize(..pieces.len())];
            text.splice(at..at + removed, piece.chars());
        }
        let text: String = text.into_iter().collect();
        let files = [(".lighthouse/pr.yaml", text.as_str()), ("tasks/used.yaml", USED)];
        let _ = by_lighthouse(&files, &pull_values());
        let _ = by_hand(&text, &[("given.yaml", &text)]);
    }
}

#[test]
fn resolvers_of_git_and_http_fetch() {
    let task = "{apiVersion: tekton.dev/v1, kind: Task, spec: {steps: [{image: i}]}}";
    let run = |resolver: &str, params: &str| {
        let reference = format!("{{resolver: {resolver}, params: [{params}]}}");
        let spec = format!("{{pipelineSpec: {{tasks: [{{name: t, taskRef: {reference}}}]}}}}");
        format!("{{apiVersion: tekton.dev/v1, kind: PipelineRun, spec: {spec}}}")
    };
    let at = |text: &str| {
        let files = [
            (".lighthouse/pr.yaml", text),
            ("https://example.test/t.yaml", task),
            ("https://example.test/r.git/a/t.yaml@v1", task),
            ("acme/catalog/t.yaml@main", task),
        ];
        by_lighthouse(&files, &pull_values())
    };
    let digest = crate::digest::sha256(task.as_bytes());
    let url = "{name: url, value: 'https://example.test/t.yaml'}";
    let good = format!("{url}, {{name: digest, value: 'sha256:{digest}'}}");
    let bad = format!("{url}, {{name: digest, value: 'sha256:{}'}}", "0".repeat(64));
    let git = "{name: url, value: 'https://example.test/r.git'}, {name: revision, value: v1}, {name: pathInRepo, value: a/t.yaml}";
    let org = "{name: org, value: acme}, {name: repo, value: catalog}, {name: pathInRepo, value: t.yaml}, {name: token, value: s}";
    for (resolver, params, is_pinned) in
        [("http", url, false), ("http", good.as_str(), true), ("git", git, false), ("git", org, false)]
    {
        let loaded = loaded(at(&run(resolver, params)));
        assert!(!loaded.run.pipeline.tasks[0].inline && loaded.fetched.len() == 1, "{params}");
        assert_eq!(!ids(&loaded).contains(&"unpinned"), is_pinned, "{params}");
    }
    for (params, expected) in [
        (bad.as_str(), "is not the file whose digest is given"),
        ("{name: url, value: $(params.REPO_URL)}", "kfleet resolves before it substitutes"),
        ("", "needs the param `url`"),
    ] {
        let problems = refused(at(&run("http", params)));
        assert!(problems.len() == 1 && problems[0].contains(expected), "{params}: {problems:?}");
    }
    let missing = at(&run("http", "{name: url, value: 'https://example.test/x.yaml'}")).unwrap_err();
    assert!(missing.problems.is_empty() && missing.missing.len() == 1, "{missing:?}");
    assert_eq!(missing.missing[0].message, "cannot fetch https://example.test/x.yaml");
    for (params, expected) in [
        ("{name: revision, value: v1}", "needs the param `pathInRepo`"),
        ("{name: org, value: acme}, {name: pathInRepo, value: t.yaml}", "needs `url`, or `org` and `repo`"),
        ("{name: url, value: u}, {name: repo, value: r}, {name: pathInRepo, value: t.yaml}", "both `url` and `repo`"),
    ] {
        let problems = refused(at(&run("git", params)));
        assert!(problems.len() == 1 && problems[0].contains(expected), "{params}: {problems:?}");
    }
    for (params, expected) in [
        ("{name: pathInRepo, value: /t.yaml}", "https://github.com/tektoncd/catalog.git/t.yaml@main"),
        (
            "{name: serverURL, value: 'https://git.test/'}, {name: org, value: a}, {name: repo, value: r}, {name: pathInRepo, value: t.yaml}",
            "https://git.test/a/r/t.yaml@main",
        ),
    ] {
        let missing = at(&run("git", params)).unwrap_err().missing;
        assert_eq!(missing[0].message, format!("cannot fetch {expected}"), "{params}");
    }
    for resolver in ["hub", "bundles", "cluster"] {
        let problems = refused(at(&run(resolver, "")));
        assert!(problems[0].contains(&format!("kfleet does not have the resolver `{resolver}`")), "{problems:?}");
    }
}
