//! Whole loads: from files as repositories have them to typed runs.

use super::*;
use crate::error::{Error, ErrorKind};
use crate::lighthouse::job::INJECTED;
use crate::tekton::types::{EnvValue, ParamType, ParamValue, PipelineTask, StepSpec, Timeout, VolumeKind, When};
use crate::tree::Tree;
use std::time::Duration;

/// The values of a pull request, as a trigger gives them.
pub(super) fn pull_values() -> Vec<(String, String)> {
    let value = |name: &str| match name {
        "PULL_NUMBER" => "7".to_owned(),
        "PULL_PULL_SHA" => "bbb2".to_owned(),
        "REPO_URL" => "file:///kfleet/remote.git".to_owned(),
        name => name.to_lowercase(),
    };
    INJECTED.iter().map(|name| ((*name).to_owned(), value(name))).collect()
}

pub(super) fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (path, text) in files {
        tree.insert((*path).to_owned(), text.as_bytes().to_vec());
    }
    tree
}

struct Served(Tree);

impl Remote for Served {
    fn fetch(&self, address: &Address) -> crate::error::Result<Fetched> {
        let name = address.to_string();
        let missing = || Error::new(ErrorKind::Environment, format!("cannot fetch {name}"));
        let bytes = self.0.get(&name).cloned().ok_or_else(missing)?;
        let origin = Origin {
            url: name.clone(),
            path: None,
            commit: None,
            sha256: crate::digest::sha256(&bytes),
            pinned: address.digest().is_some(),
            address: name,
        };
        Ok(Fetched { bytes, origin })
    }
}

/// Loads `.lighthouse/pr.yaml` as Lighthouse would.
pub(super) fn by_lighthouse(files: &[(&str, &str)], values: &[(String, String)]) -> Result<Loaded, Refused> {
    let source = Source::File(".lighthouse/pr.yaml".to_owned());
    let events = ["PULL_BASE_REF".to_owned()];
    let request = Request {
        source: &source,
        asked: (".lighthouse/triggers.yaml", 4),
        parameters: values,
        event_controlled: &events,
        by_lighthouse: true,
    };
    let (served, files): (Vec<_>, Vec<_>) =
        files.iter().partition(|(path, _)| path.contains("://") || path.contains('@'));
    let remote = Served(tree(&served));
    load(request, Inputs { files: &tree(&files), remote: Some(&remote), cluster_objects: &[] })
}

/// Loads `run.yaml` as named by hand.
pub(super) fn by_hand(text: &str, given: &[(&str, &str)]) -> Result<Loaded, Refused> {
    by_request(text, given, Request::of_file(&Source::File("run.yaml".to_owned()), &[]))
}

/// Loads `text` as the file `run.yaml`, with files of objects of the cluster.
pub(super) fn by_request(text: &str, given: &[(&str, &str)], request: Request<'_>) -> Result<Loaded, Refused> {
    let given: Vec<(String, Vec<u8>)> =
        given.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    load(request, Inputs { files: &tree(&[("run.yaml", text)]), remote: None, cluster_objects: &given })
}

fn shown(problem: &Problem) -> String {
    let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{}: {}{hint}", problem.location, problem.message)
}

pub(super) fn loaded(result: Result<Loaded, Refused>) -> Loaded {
    result.unwrap_or_else(|refused| {
        let all: Vec<String> = refused.problems.iter().map(shown).collect();
        panic!("refused:\n{}", all.join("\n"))
    })
}

pub(super) fn refused(result: Result<Loaded, Refused>) -> Vec<String> {
    match result {
        Ok(loaded) => panic!("loaded: {:#?}", loaded.run),
        Err(refused) => refused.problems.iter().map(shown).collect(),
    }
}

pub(super) fn ids(loaded: &Loaded) -> Vec<&'static str> {
    let mut ids: Vec<&str> = loaded.findings.iter().map(|finding| finding.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn env<'r>(step: &'r StepSpec, name: &str) -> Option<&'r EnvValue> {
    step.env.iter().find(|one| one.name == name).map(|one| &one.value)
}

pub(super) fn param<'r>(task: &'r PipelineTask, name: &str) -> Option<&'r ParamValue> {
    task.params.iter().find(|param| param.name == name).map(|param| &param.value)
}

pub(super) fn text(text: &str) -> ParamValue {
    ParamValue::String(text.to_owned())
}

pub(super) const EXAMPLE: &str = r#"apiVersion: tekton.dev/v1beta1
kind: PipelineRun
metadata: {name: ignored}
spec:
  serviceAccountName: ci
  pipelineSpec:
    params: [{name: REPO_URL}, {name: PULL_PULL_SHA}]
    tasks:
    - name: render
      params:
      - {name: REPO_URL, value: $(params.REPO_URL)}
      - {name: PULL_PULL_SHA, value: $(params.PULL_PULL_SHA)}
      taskSpec:
        stepTemplate: {name: "", env: [{name: HOME, value: /tekton/home}]}
        params: [{name: REPO_URL}, {name: PULL_PULL_SHA}]
        steps:
        - name: clone
          image: example/git:1
          command: [/bin/sh]
          args: [-ce, "git clone $(inputs.params.REPO_URL) tree && cd tree && git checkout $(inputs.params.PULL_PULL_SHA)"]
          workingDir: /workspace
        - name: push-back
          image: example/tools:1
          envFrom: [{secretRef: {name: git-identity}}]
          command: [/bin/sh]
          args: [-ce, 'test -z "$(git status --porcelain)" || jx gitops pr push --pr $PULL_NUMBER; ls $(HOME); echo $$']
          workingDir: /workspace/tree
"#;

#[test]
fn the_worked_example_loads() {
    let loaded = loaded(by_lighthouse(&[(".lighthouse/pr.yaml", EXAMPLE)], &pull_values()));
    let run = &loaded.run;
    assert_eq!(run.service_account.as_deref(), Some("ci"));
    assert_eq!(run.timeouts.pipeline, Some(Timeout::After(Duration::from_secs(24 * 3600))));
    let names: Vec<&str> = run.params.iter().map(|param| param.name.as_str()).collect();
    assert_eq!(names, INJECTED);
    assert_eq!(run.params[6].value, text("7"));
    let task = &run.pipeline.tasks[0];
    assert!(task.inline && task.task.name.is_empty());
    assert_eq!(task.task.steps.len(), 2);
    let step = &task.task.steps[1];
    let variables: Vec<&str> = step.env.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(variables[..2], ["HOME", "BUILD_ID"]);
    assert_eq!(variables.len(), 14);
    assert_eq!(step.template_env, variables);
    assert_eq!(env(step, "PULL_NUMBER"), Some(&EnvValue::Text("$(params.PULL_NUMBER)".to_owned())));
    assert_eq!(step.env_from[0].object.name, "git-identity");
    assert_eq!((step.origin.line, step.origin.column), (22, 11));
    assert_eq!(task.params.len(), 13);
    // Declared first by the author, then the injected ones.
    assert_eq!(task.task.params[0].name, "REPO_URL");
    assert_eq!(task.task.params.len(), 13);
    assert_eq!(ids(&loaded), ["old-version"]);
}

#[test]
fn without_lighthouse_nothing_is_injected() {
    let run = loaded(by_hand(EXAMPLE, &[])).run;
    assert!(run.params.is_empty() && run.timeouts.pipeline.is_none());
    assert_eq!(run.pipeline.params.len(), 2);
    assert_eq!(run.pipeline.tasks[0].task.steps[0].env.len(), 1);
}

#[test]
fn parameters_of_pulls_have_no_value_elsewhere() {
    let mut values = pull_values();
    for (name, value) in &mut values {
        if name.starts_with("PULL_PULL") || name == "PULL_NUMBER" {
            value.clear();
        }
    }
    let loaded = loaded(by_lighthouse(&[(".lighthouse/pr.yaml", EXAMPLE)], &values));
    assert_eq!(loaded.run.params.len(), 10);
    let injected = loaded.run.pipeline.params.iter().find(|param| param.name == "PULL_NUMBER");
    assert_eq!(injected.and_then(|param| param.default.clone()), Some(text("")));
    assert!(ids(&loaded).contains(&"pull-param"));
}

#[test]
fn an_annotation_switches_injection_off() {
    let source =
        EXAMPLE.replace("{name: ignored}", "{annotations: {lighthouse.jenkins-x.io/defaultParameters: \"false\"}}");
    let run = loaded(by_lighthouse(&[(".lighthouse/pr.yaml", &source)], &pull_values())).run;
    assert_eq!(run.pipeline.params.len(), 2);
    assert_eq!(run.params.len(), 13);
}

#[test]
fn a_task_becomes_a_run() {
    let task = r#"apiVersion: tekton.dev/v1
kind: Task
metadata: {name: build}
spec:
  params:
  - {name: flags, type: array, default: [-v, -x]}
  - {name: target}
  results: [{name: digest}]
  workspaces: [{name: source}, {name: cache, optional: true}]
  steps: [{image: example/a, command: [make], args: ["$(params.flags[*])", $(params.target)], workingDir: $(workspaces.source.path)}]
"#;
    let run = loaded(by_hand(task, &[])).run;
    let one = &run.pipeline.tasks[0];
    assert_eq!(one.name, "build");
    assert_eq!(param(one, "flags"), Some(&text("$(params.flags[*])")));
    assert_eq!(param(one, "target"), Some(&text("$(params.target)")));
    assert_eq!(run.pipeline.params[0].kind, ParamType::Array);
    assert_eq!(run.pipeline.params[0].default, Some(ParamValue::Array(vec!["-v".to_owned(), "-x".to_owned()])));
    assert_eq!(run.pipeline.results[0].value, text("$(tasks.build.results.digest)"));
    assert_eq!(run.workspaces.len(), 1);
    assert_eq!(run.workspaces[0].source, VolumeKind::EmptyDir);
}

#[test]
fn a_task_run_and_a_pipeline_become_runs() {
    let task_run = r#"apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: once}
spec:
  timeout: 5m
  retries: 2
  serviceAccountName: bot
  params: [{name: a, value: 1}]
  workspaces: [{name: data, configMap: {name: settings}}]
  taskSpec:
    params: [{name: a}]
    workspaces: [{name: data}]
    steps: [{name: x, image: example/a, script: 'echo $(params.a)'}]
"#;
    let run = loaded(by_hand(task_run, &[])).run;
    let one = &run.pipeline.tasks[0];
    assert_eq!((one.name.as_str(), one.retries), ("once", 2));
    assert_eq!(one.timeout, Some(Timeout::After(Duration::from_secs(300))));
    assert_eq!(run.service_account.as_deref(), Some("bot"));
    assert_eq!(run.params[0].value, text("1"));
    assert_eq!(one.workspaces[0].workspace, "data");
    let pipeline = r#"apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: p}
spec:
  workspaces: [{name: w}]
  tasks: [{workspaces: [{name: w}], taskSpec: {workspaces: [{name: w}], steps: [{image: example/a}]}}]
"#;
    let run = loaded(by_hand(pipeline, &[])).run;
    assert_eq!(run.pipeline.tasks[0].name, "default");
    assert_eq!(run.workspaces[0].source, VolumeKind::EmptyDir);
}

#[test]
fn references_are_given_by_files() {
    let run = r#"apiVersion: tekton.dev/v1
kind: PipelineRun
spec:
  params: [{name: x, value: y}]
  pipelineRef: {name: release}
"#;
    let pipeline = r#"apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: release}
spec:
  params: [{name: x}]
  tasks:
  - name: a
    taskRef: {name: say, kind: Task}
    params: [{name: what, value: $(params.x)}]
---
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: say}
spec:
  params: [{name: what}]
  steps: [{name: s, ref: {name: act}, params: [{name: text, value: "say $(params.what)"}, {name: list, value: [a, b]}]}]
---
apiVersion: tekton.dev/v1beta1
kind: StepAction
metadata: {name: act}
spec:
  params: [{name: text}, {name: list, type: array}, {name: rest, default: r}]
  image: example/a
  command: [echo, "$(params.text)!", "$(params.list[*])", "$(params.list[1])", $(params.rest)]
  results: [{name: out}]
"#;
    let run = loaded(by_hand(run, &[("extra.yaml", pipeline)])).run;
    assert_eq!(run.pipeline.name, "release");
    let task = &run.pipeline.tasks[0];
    assert!(!task.inline && task.task.name == "say");
    assert_eq!(task.task.steps[0].command, ["echo", "say $(params.what)!", "a", "b", "b", "r"]);
    assert_eq!(task.task.steps[0].results[0].name, "out");
    let missing = "{apiVersion: tekton.dev/v1, kind: PipelineRun, spec: {pipelineRef: {name: relaese}}}";
    let problems = refused(by_hand(missing, &[("extra.yaml", pipeline)]));
    let expected = "run.yaml:1:68: Pipeline `relaese` is in the cluster, and not here (did you mean `release`?)";
    assert_eq!(problems, [expected]);
    let problems = refused(by_hand(missing, &[]));
    assert!(problems[0].ends_with("(give the file of Pipeline relaese with --with FILE)"), "{problems:?}");
}

#[test]
fn file_references_become_inline() {
    let source = r#"apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {annotations: {lighthouse.jenkins-x.io/loadFileRefs: "^local-"}}
spec:
  pipelineSpec:
    params: [{name: x, default: y}]
    tasks: [{name: a, taskRef: {name: local-a}}]
"#;
    let task = "{apiVersion: tekton.dev/v1, kind: Task, spec: {steps: [{image: a, script: 'echo $(params.x)'}]}}";
    let files = [(".lighthouse/pr.yaml", source), (".lighthouse/local-a.yaml", task)];
    assert!(loaded(by_lighthouse(&files, &pull_values())).run.pipeline.tasks[0].inline);
    let problems = refused(by_lighthouse(&files[..1], &pull_values()));
    assert_eq!(problems[0], ".lighthouse/pr.yaml:7:39: there is no file .lighthouse/local-a.yaml in the repository");
    // The pattern is one of Go.
    let quoted = source.replace("^local-", r"\\Qlocal-\\E");
    let files = [(".lighthouse/pr.yaml", quoted.as_str()), files[1]];
    assert!(loaded(by_lighthouse(&files, &pull_values())).run.pipeline.tasks[0].inline);
    let broken = source.replace("^local-", "a(?=b)");
    let problems = refused(by_lighthouse(&[(".lighthouse/pr.yaml", broken.as_str())], &pull_values()));
    let is_right = problems[0].contains("loadFileRefs is not a regular expression") && problems[0].contains('^');
    assert!(is_right, "{problems:?}");
}

#[test]
fn clone_tasks_get_the_commit() {
    let source = r#"apiVersion: tekton.dev/v1
kind: PipelineRun
spec:
  pipelineSpec:
    params: [{name: url}, {name: rev}]
    tasks:
    - name: c
      taskRef: {name: git-clone}
      params: [{name: url, value: $(params.url)}, {name: revision, value: $(params.rev)}]
"#;
    let task = "{apiVersion: tekton.dev/v1, kind: Task, metadata: {name: git-clone}, spec: {params: [{name: url}, {name: revision}], \
                steps: [{image: a, args: [$(params.url), $(params.revision)]}]}}";
    let named = Source::File("run.yaml".to_owned());
    let values = pull_values();
    let job = Request { by_lighthouse: true, ..Request::of_file(&named, &values) };
    let run = loaded(by_request(source, &[("task.yaml", task)], job)).run;
    let value = |name: &str| run.params.iter().find(|param| param.name == name).map(|param| param.value.clone());
    assert_eq!(value("url"), Some(text("file:///kfleet/remote.git")));
    assert_eq!(value("rev"), Some(text("bbb2")));
}

#[test]
fn the_old_version_is_converted() {
    let source = r#"apiVersion: tekton.dev/v1beta1
kind: PipelineRun
spec:
  timeout: 2h
  timeouts: {pipeline: 1h, tasks: 90m}
  podTemplate: {env: [{name: P, value: q}], nodeSelector: {a: b}}
  taskRunSpecs: [{pipelineTaskName: t, taskServiceAccountName: x, taskPodTemplate: {env: [{name: T, value: u}]}, stepOverrides: []}]
  pipelineSpec:
    tasks:
    - name: t
      taskSpec:
        stepTemplate: {name: x, resources: {limits: {cpu: 1}}}
        steps: [{name: s, image: i, resources: {}, tty: true, script: "echo $(inputs.x)"}]
        sidecars: [{name: c, image: i, resources: {limits: {cpu: 1}}, readinessProbe: {periodSeconds: 1}}]
"#;
    let loaded = loaded(by_hand(source, &[]));
    assert_eq!(loaded.run.timeouts.pipeline, Some(Timeout::After(Duration::from_secs(7200))));
    assert_eq!(loaded.run.pod_env[0].name, "P");
    assert_eq!(loaded.run.task_run_specs[0].pod_env[0].name, "T");
    let task = &loaded.run.pipeline.tasks[0].task;
    assert_eq!(task.steps[0].script.as_deref(), Some("echo $(inputs.x)"));
    assert_eq!(ids(&loaded), ["inert-field", "lost-field", "old-version"]);
}

#[test]
fn values_are_typed_as_tekton_does() {
    let source = r#"apiVersion: tekton.dev/v1
kind: PipelineRun
spec:
  params:
  - {name: version, value: 1.10}
  - {name: whole, value: 3}
  - {name: large, value: 1e30}
  - {name: truth, value: yes}
  - {name: mixed, value: [a, 1]}
  - {name: nested, value: {b: {x: "<"}, a: 1.0}}
  - {name: map, value: {k: v}}
  - {name: list, value: [a, b]}
  - {name: nothing, value: }
  pipelineSpec:
    tasks: [{name: t, taskSpec: {steps: [{image: i}]}}]
"#;
    let loaded = loaded(by_hand(source, &[]));
    let values: Vec<&ParamValue> = loaded.run.params.iter().map(|param| &param.value).collect();
    let expected = [
        text("1.1"),
        text("3"),
        text("1e+30"),
        text("true"),
        text("[\"a\",1]"),
        text("{\"a\":1,\"b\":{\"x\":\"\\u003c\"}}"),
        ParamValue::Object([("k".to_owned(), "v".to_owned())].into()),
        ParamValue::Array(vec!["a".to_owned(), "b".to_owned()]),
        text(""),
    ];
    assert_eq!(values, expected.iter().collect::<Vec<_>>());
    assert_eq!(ids(&loaded), ["json-param", "number-param", "yaml"]);
}

#[test]
fn inline_tasks_get_the_workspaces_that_they_mention() {
    let source = r#"apiVersion: tekton.dev/v1
kind: PipelineRun
spec:
  workspaces: [{name: w, volumeClaimTemplate: {spec: {}}}]
  pipelineSpec:
    tasks: [{name: t, when: [{input: a, operator: in, values: [a]}, {cel: "'a' == 'a'"}], taskSpec: {steps: [{image: i, script: "ls $(workspaces.w.path)"}]}}]
"#;
    let run = loaded(by_hand(source, &[])).run;
    let task = &run.pipeline.tasks[0];
    assert_eq!((task.workspaces[0].name.as_str(), task.task.workspaces[0].name.as_str()), ("w", "w"));
    assert_eq!(run.pipeline.workspaces[0].name, "w");
    assert_eq!(run.workspaces[0].source, VolumeKind::Claim { name: "w".to_owned(), read_only: false });
    assert!(matches!(&task.when[0], When::Values { negated: false, .. }) && matches!(&task.when[1], When::Cel { .. }));
}

#[test]
fn a_specification_may_be_written_in_the_trigger_file() {
    let spec = serde_json::json!({"pipelineSpec": {"tasks": [{"name": "t", "taskSpec": {"steps": [{"image": 5}]}}]}});
    let source = Source::Inline(spec);
    let request = Request { asked: ("triggers.yaml", 9), by_lighthouse: true, ..Request::of_file(&source, &[]) };
    let problems = refused(by_request("", &[], request));
    assert_eq!(problems[0], "triggers.yaml:9: `image` of step 0 must be a text, and is a number (put it in quotes)");
}

#[test]
fn hostile_files_are_refused() {
    let deep = format!("a: {}{}\n", "[".repeat(500), "]".repeat(500));
    let bomb = (1..9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        let alias = format!("*a{}", n - 1);
        text + &format!("a{n}: &a{n} [{}]\n", vec![alias; 9].join(", "))
    });
    let huge = format!("a: {}\n", "x".repeat(2_000_000));
    let kinds = ["{kind: 5}", "kind: PipelineRun\nspec: []", "kind: Task\nspec: x"];
    for text in [deep.as_str(), &bomb, &huge, "\u{0}", "a: [", "- x", ""].into_iter().chain(kinds) {
        assert!(!refused(by_hand(text, &[])).is_empty());
    }
}

#[test]
fn addresses_never_show_passwords() {
    let address = Address::Url("https://user:secret@example.test/x.yaml".to_owned());
    assert_eq!(address.to_string(), "https://example.test/x.yaml");
    assert!(matches!(Address::parse("gitlab:a/b/c/d.yaml@v1"), Ok(Some(Address::Git { server: Some(_), .. }))));
    assert!(Address::parse("a@b").is_err());
    assert_eq!(Address::parse("tasks/a.yaml"), Ok(None));
}
