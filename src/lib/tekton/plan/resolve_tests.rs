//! Tests of what a task becomes: scripts, folders, environments, volumes.

use super::*;
use crate::problem::Location;
use crate::tekton::mk::{
    claim, command, context, declared, env, list, map, millis, param, result, script, task, text, uses, workspace,
};
use crate::tekton::types::{EnvFrom, ObjectItem, ObjectKind, ObjectRef, VolumeMount, VolumeSpec, WorkspaceSpec};

fn common() -> Common {
    Common { context: context(), ..Common::default() }
}

fn task_run(task: &PipelineTask, common: &Common, objects: &Objects) -> Result<TaskRun, Vec<String>> {
    let specified = specify(task, None, Some(2), common, &Budget::default())?;
    realise(&task.name, 2, &specified, objects).map_err(|wrong| vec![wrong])
}

fn wrong(task: &PipelineTask) -> Vec<String> {
    specify(task, None, Some(0), &common(), &Budget::default()).expect_err("wrong")
}

fn plain(task: &PipelineTask) -> TaskRun {
    task_run(task, &common(), &Objects::default()).expect("a task")
}

#[test]
fn scripts_without_an_interpreter_are_run_by_a_shell_that_stops_at_errors() {
    for (script, expected) in [
        ("echo a", "#!/bin/sh\nset -e\necho a"),
        ("#!/usr/bin/env python\nprint()", "#!/usr/bin/env python\nprint()"),
        ("\n  #!/bin/bash\nx", "\n  #!/bin/bash\nx"),
        ("", "#!/bin/sh\nset -e\n"),
    ] {
        assert_eq!(whole_script(script), expected);
    }
}

#[test]
fn stages_follow_each_other_and_scripts_are_left_alone_by_kubernetes() {
    let mut spec =
        task("t", vec![script("s", "$(params.a) $(context.task.name) $(A) $$"), command("", &["$(params.l[*])"])]);
    spec.task.params =
        vec![declared("a", Some(text("$(context.taskRun.name)"))), declared("l", Some(list(&["x", "$(A)"])))];
    spec.task.results = vec![result("r")];
    spec.task.steps[1].args =
        vec!["$(params.o.k)$$".to_owned(), "$(results.r.path) $(context.task.retry-count)".to_owned()];
    spec.task.steps[1].env = vec![env("A", "$(params.a)"), env("B", "$(A)!")];
    spec.task.params.push(declared("o", Some(map(&[("k", "v")]))));
    let run = plain(&spec);
    assert_eq!(run.steps[0].script.as_deref(), Some("#!/bin/sh\nset -e\nrun-1-t t $(A) $$"));
    assert_eq!(run.steps[1].command, ["x", "run-1-t"]);
    assert_eq!(run.steps[1].args, ["v$", "/tekton/results/r 2"]);
    assert_eq!(run.steps[1].env, [("A".to_owned(), "run-1-t".to_owned()), ("B".to_owned(), "run-1-t!".to_owned())]);
    assert_eq!((run.name.as_str(), run.steps[1].name.as_str(), run.attempt), ("run-1-t", "unnamed-1", 2));
    assert_eq!(run.results, ["r"]);
}

#[test]
fn paths_of_results_exit_codes_and_workspaces_are_known() {
    let text = "$(results['r'].path) $(steps.step-a.exitCode.path) $(steps.step-unnamed-1.exitCode.path) \
                $(step.results.sr.path) $(workspaces.w.path) $(workspaces.w.bound) $(workspaces.o.bound)[$(workspaces.o.path)] \
                $(workspaces.w.claim) $(credentials.path) $(artifacts.path) $(step.artifacts.path)";
    let mut spec = task("t", vec![script("a", text), script("", "x")]);
    spec.task.results = vec![result("r")];
    spec.task.steps[0].results = vec![result("sr")];
    spec.task.workspaces = vec![workspace("w"), WorkspaceSpec { optional: true, ..workspace("o") }];
    spec.workspaces = vec![uses("w", "w")];
    let bound = Common { workspaces: vec![claim("w", "pvc")], ..common() };
    let run = task_run(&spec, &bound, &Objects::default()).expect("a task");
    let expected = "#!/bin/sh\nset -e\n/tekton/results/r /tekton/steps/step-a/exitCode /tekton/steps/step-unnamed-1/exitCode \
                    /tekton/steps/step-a/results/sr /workspace/w true false[] pvc /tekton/creds \
                    /tekton/artifacts/provenance.json /tekton/steps/step-a/artifacts/provenance.json";
    assert_eq!(run.steps[0].script.as_deref(), Some(expected));
    assert_eq!(run.volumes[0].source, VolumeSource::Shared("pvc".to_owned()));
}

#[test]
fn folders_are_absolute() {
    for (given, expected) in [
        (None, None),
        (Some(""), None),
        (Some("tree"), Some("/workspace/tree")),
        (Some("./a/../b"), Some("/workspace/b")),
        (Some("../../.."), Some("/")),
        (Some("/a//b/."), Some("/a/b")),
    ] {
        let mut spec = task("t", vec![script("s", "x")]);
        spec.task.steps[0].working_dir = given.map(str::to_owned);
        assert_eq!(plain(&spec).steps[0].working_dir.as_deref(), expected, "{given:?}");
    }
}

#[test]
fn variables_of_the_pod_win() {
    let mut spec = task("t", vec![script("s", "x")]);
    spec.task.steps[0].env = vec![env("A", "step"), env("B", "$(A)")];
    let of_task =
        TaskRunSpec { task: "t".to_owned(), pod_env: vec![env("C", "task"), env("D", "$(B)")], timeout: None };
    let pod = Common { pod_env: vec![env("A", "pod"), env("C", "run")], task_run_specs: vec![of_task], ..common() };
    let run = task_run(&spec, &pod, &Objects::default()).expect("a task");
    let found: Vec<(&str, &str)> =
        run.steps[0].env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(found, [("B", "$(A)"), ("A", "pod"), ("C", "task"), ("D", "$(A)")]);
}

#[test]
fn objects_become_files_and_variables() {
    let object = |name: &str, optional| ObjectRef { kind: ObjectKind::Secret, name: name.to_owned(), optional };
    let item = |key: &str, path: &str| ObjectItem { key: key.to_owned(), path: path.to_owned(), mode: Some(0o600) };
    let files = |name: &str, optional, items: &[(&str, &str)]| ObjectFiles {
        object: object(name, optional),
        items: items.iter().map(|(key, path)| item(key, path)).collect(),
        mode: 0o644,
    };
    let volume = |name: &str, source| VolumeSpec { name: name.to_owned(), source, origin: Location::default() };
    let mut objects = Objects::default();
    objects.put(ObjectKind::Secret, "s", "k", b"v".to_vec());
    objects.put(ObjectKind::Secret, "s", "l", b"w".to_vec());
    let mut spec = task("t", vec![script("s", "x")]);
    spec.task.steps[0].env_from =
        vec![EnvFrom { prefix: "$(params.p)".to_owned(), object: object("$(params.s)", false) }];
    spec.task.params = vec![declared("s", Some(text("s"))), declared("p", Some(text("P_")))];
    spec.task.volumes = vec![
        volume("all", VolumeKind::Object(files("$(params.s)", false, &[]))),
        volume("some", VolumeKind::Projected(vec![files("s", false, &[("k", "a/b")]), files("no", true, &[])])),
    ];
    spec.task.steps[0].mounts =
        vec![VolumeMount { name: "all".to_owned(), path: "/all".to_owned(), ..VolumeMount::default() }];
    let run = task_run(&spec, &common(), &objects).expect("a task");
    assert_eq!(run.steps[0].env, [("P_k".to_owned(), "v".to_owned()), ("P_l".to_owned(), "w".to_owned())]);
    assert!(run.steps[0].mounts[0].read_only);
    let VolumeSource::Files(some) = &run.volumes[1].source else { panic!("{:?}", run.volumes[1]) };
    assert_eq!(some["a/b"], File { content: b"v".to_vec(), mode: 0o600 });
    let missing = |source: VolumeKind| {
        let mut spec = task("t", vec![script("s", "x")]);
        spec.task.volumes = vec![volume("v", source)];
        task_run(&spec, &common(), &objects).expect_err("missing").remove(0)
    };
    assert_eq!(missing(VolumeKind::Object(files("no", false, &[]))), "secret \"no\" not found");
    assert_eq!(missing(VolumeKind::Object(files("s", false, &[("no", "a")]))), "couldn't find key no in Secret s");
    assert!(missing(VolumeKind::Object(files("s", false, &[("k", "../a")]))).contains("leads out"));
}

#[test]
fn what_is_wrong_with_a_task_is_said_at_once() {
    let mut spec = task("t", vec![script("a", "$(params.no) $(inputs.params.x)"), script("b", "x")]);
    spec.task.steps[1].args = vec!["$(params.l[5])".to_owned()];
    spec.task.params = vec![declared("l", Some(list(&["x"])))];
    let problems = wrong(&spec);
    assert_eq!(problems.len(), 3, "{problems:?}");
    let mut spec = task("t", vec![script("a", "x")]);
    spec.task.steps[0].command = vec!["x".to_owned()];
    spec.task.steps[0].on_error = Some("maybe".to_owned());
    let problems = wrong(&spec);
    assert!(problems[0].starts_with("step a: onError is \"maybe\"") && problems[1].contains("both script and command"));
    wrong(&task("t", Vec::new()));
}

#[test]
fn combinations_and_timeouts_arrive() {
    let mut spec = task("t", vec![StepSpec { timeout: millis(1500), ..script("s", "$(params.m)") }]);
    spec.task.params = vec![declared("m", None)];
    spec.params = vec![param("other", text("o"))];
    spec.task.steps[0].on_error = Some("$(params.other)".to_owned());
    assert!(specify(&spec, None, None, &common(), &Budget::default()).is_err());
    spec.params = vec![param("other", text("continue"))];
    let combination = Combination::from([("m".to_owned(), "v".to_owned())]);
    let specified = specify(&spec, Some((3, &combination)), None, &common(), &Budget::default()).expect("specified");
    assert_eq!(specified.name, "run-1-t-3");
    let run = realise("t", 0, &specified, &Objects::default()).expect("a task");
    assert!(run.steps[0].continue_on_error && run.steps[0].timeout.is_some_and(|limit| limit.as_millis() == 1500));
    assert_eq!(run.steps[0].script.as_deref(), Some("#!/bin/sh\nset -e\nv"));
}
