//! Tests of plans: what is known before a run, and what is refused.

use super::*;
use crate::lighthouse::Trust;
use crate::lighthouse::job::INJECTED;
use crate::problem::Location;
use crate::tekton::mk::{
    claim, command, context, declared, env, in_values, list, one, param, run, script, task, text, uses, workspace,
};
use crate::tekton::plan::show::{Format, render};
use crate::tekton::types::{
    EnvFrom, Matrix, ObjectKind, ObjectRef, ParamSpec, StepSpec, Timeout, VolumeKind, When, WorkspaceBinding,
};
use std::time::Duration;

fn planned(run: &PipelineRun) -> Plan {
    plan(run, &context(), &PlanOptions::default()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn refused(run: &PipelineRun, options: &PlanOptions) -> Vec<String> {
    plan(run, &context(), options).expect_err("refused").into_iter().map(|problem| problem.message).collect()
}

/// The worked example of the reference.
fn worked_example() -> PipelineRun {
    let names = ["REPO_URL", "PULL_PULL_SHA"];
    let home = env("HOME", "/tekton/home");
    let injected = |step: StepSpec| StepSpec {
        env: std::iter::once(home.clone())
            .chain(INJECTED.iter().map(|name| env(name, &format!("$(params.{name})"))))
            .collect(),
        template_env: vec!["HOME".to_owned()],
        ..step
    };
    let mut clone = command("clone", &["/bin/sh"]);
    clone.image = "example/git:1".to_owned();
    clone.args = vec![
        "-ce".to_owned(),
        "git clone $(inputs.params.REPO_URL) tree && cd tree && git checkout $(inputs.params.PULL_PULL_SHA)".to_owned(),
    ];
    clone.working_dir = Some("/workspace".to_owned());
    let mut push = command("push-back", &["/bin/sh"]);
    push.image = "example/tools:1".to_owned();
    push.args = vec![
        "-ce".to_owned(),
        "test -z \"$(git status --porcelain)\" || jx gitops pr push --pr $PULL_NUMBER; ls $(HOME); echo $$".to_owned(),
    ];
    push.working_dir = Some("/workspace/tree".to_owned());
    let object = ObjectRef { kind: ObjectKind::Secret, name: "git-identity".to_owned(), optional: false };
    push.env_from = vec![EnvFrom { prefix: String::new(), object }];
    let mut render = task("render", vec![injected(clone), injected(push)]);
    render.params = INJECTED.iter().map(|name| param(name, text(&format!("$(params.{name})")))).collect();
    render.task.params = INJECTED.iter().map(|name| declared(name, None)).collect();
    let mut run = run(vec![render]);
    run.pipeline.params = INJECTED.iter().map(|name| declared(name, None)).collect();
    run.params = INJECTED.iter().map(|name| param(name, text(&format!("value of {name}")))).collect();
    for (name, value) in names.iter().zip(["file:///kfleet/remote.git", "bbb2"]) {
        run.params.iter_mut().filter(|param| param.name == **name).for_each(|param| param.value = text(value));
    }
    run.timeouts.pipeline = Some(Timeout::After(Duration::from_secs(24 * 3600)));
    run.service_account = Some("ci".to_owned());
    run
}

#[test]
fn the_worked_example_is_planned() {
    let plan = planned(&worked_example());
    let task = &plan.tasks[0];
    assert_eq!((task.name.as_str(), task.timeout.as_str()), ("render", "1h"));
    assert_eq!(task.mkdir.iter().collect::<Vec<_>>(), ["/workspace/tree"]);
    let clone = "git clone file:///kfleet/remote.git tree && cd tree && git checkout bbb2";
    assert_eq!(task.steps[0].argv, ["/bin/sh", "-ce", clone]);
    let push = "test -z \"$(git status --porcelain)\" || jx gitops pr push --pr $PULL_NUMBER; ls /tekton/home; echo $";
    assert_eq!(task.steps[1].argv[2], push);
    assert_eq!(task.steps[1].env_from, ["secret/git-identity"]);
    let home = EnvPlan { name: "HOME".to_owned(), value: "/tekton/home".to_owned(), origin: EnvOrigin::Template };
    assert_eq!(task.steps[0].env[0], home);
    assert!(task.steps[0].env[1..].iter().all(|variable| variable.origin == EnvOrigin::Injected));
    assert_eq!(task.steps[0].env.last().map(|last| last.value.as_str()), Some("file:///kfleet/remote.git"));
    let needs = &plan.needs;
    assert_eq!(needs.tools.iter().collect::<Vec<_>>(), ["/bin/sh"]);
    assert_eq!(needs.advisory.iter().collect::<Vec<_>>(), ["git", "jx", "ls"]);
    assert_eq!(needs.images.iter().collect::<Vec<_>>(), ["example/git:1", "example/tools:1"]);
    assert_eq!(needs.secrets.keys().collect::<Vec<_>>(), ["git-identity"]);
    assert_eq!(plan.run.timeouts["pipeline"], "24h");
}

#[test]
fn a_plan_is_made_fast() {
    let example = worked_example();
    let start = std::time::Instant::now();
    for _ in 0..20 {
        planned(&example);
    }
    assert!(start.elapsed() < Duration::from_millis(20 * 100), "{:?}", start.elapsed());
}

#[test]
fn late_values_stay_as_they_are_written() {
    let mut second = one("b", "echo $(params.p) $(tasks.a.results.r) $(steps.x.results.y)", &[]);
    second.params = vec![param("p", text("<$(tasks.a.results.r)>"))];
    second.task.params = vec![declared("p", None)];
    second.retries = 2;
    second.task.steps[0].args = vec!["$(context.task.retry-count)".to_owned()];
    let plan = planned(&run(vec![second, one("a", "x", &["r"])]));
    assert_eq!(plan.tasks.iter().map(|task| task.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(plan.tasks[1].after, ["a"]);
    let step = &plan.tasks[1].steps[0];
    let script = "#!/bin/sh\nset -e\necho <$(tasks.a.results.r)> $(tasks.a.results.r) $(steps.x.results.y)";
    assert_eq!(step.script.as_deref(), Some(script));
    assert_eq!(step.argv, ["$(context.task.retry-count)"]);
}

#[test]
fn parameters_reach_into_tasks_that_are_written_in_place() {
    let scripts = |plan: &Plan| plan.tasks[0].steps[0].script.clone().expect("a script");
    let mut inline = one("t", "$(params.x)", &[]);
    inline.task.params = vec![declared("x", Some(text("of the task")))];
    let mut with = run(vec![inline.clone()]);
    with.pipeline.params = vec![declared("x", Some(text("of the pipeline")))];
    assert!(scripts(&planned(&with)).ends_with("\nof the pipeline"));
    with.pipeline.tasks[0].params = vec![param("x", text("given"))];
    assert!(scripts(&planned(&with)).ends_with("\ngiven"));
    with.pipeline.tasks[0].params.clear();
    with.pipeline.tasks[0].inline = false;
    assert!(scripts(&planned(&with)).ends_with("\nof the task"));
    let without = run(vec![inline]);
    assert!(scripts(&planned(&without)).ends_with("\nof the task"));
    // The old form never takes the value of the pipeline.
    let mut old = run(vec![one("t", "$(inputs.params.x)", &[])]);
    old.pipeline.params = vec![declared("x", Some(text("p")))];
    assert!(refused(&old, &PlanOptions::default())[0].contains("$(inputs.params.x) names no parameter"));
}

#[test]
fn what_is_wrong_is_refused_with_its_reason() {
    let options = PlanOptions::default();
    let mut missing = run(vec![one("t", "x", &[])]);
    missing.pipeline.params = vec![declared("p", None)];
    let mut undeclared = run(vec![one("a", "x", &["r"]), one("b", "$(tasks.a.results.other)", &[])]);
    undeclared.pipeline.tasks[1].run_after = vec!["a".to_owned()];
    let mut unbound = run(vec![one("t", "x", &[])]);
    unbound.pipeline.workspaces = vec![workspace("w")];
    let mut cel = run(vec![one("t", "x", &[])]);
    cel.pipeline.tasks[0].when = vec![When::Cel { expression: "true".to_owned(), origin: Location::default() }];
    let mut both = run(vec![one("t", "x", &[])]);
    both.pipeline.tasks[0].on_error = Some("continue".to_owned());
    both.pipeline.tasks[0].retries = 1;
    let mut needs_value = run(vec![one("t", "x", &[])]);
    needs_value.pipeline.tasks[0].task.params = vec![ParamSpec { name: "q".to_owned(), ..ParamSpec::default() }];
    let mut of_finally = run(vec![one("t", "x", &["r"])]);
    of_finally.pipeline.finally = vec![one("f", "x", &["r"]), one("g", "$(finally.f.results.r)", &[])];
    for (run, part) in [
        (missing, "ParameterMissing: the pipeline needs a value for parameter p"),
        (undeclared, "InvalidTaskResultReference: \"other\" is not a named result"),
        (unbound, "InvalidWorkspaceBindings"),
        (cel, "`cel` in `when` is not supported"),
        (both, "cannot be used together with retries"),
        (needs_value, "PipelineValidationFailed: task t: missing values for these params"),
        (of_finally, "a task of finally"),
        (run(vec![one("t", "x", &[]), one("t", "x", &[])]), "two tasks named t"),
        (run(vec![one("Not A Name", "x", &[])]), "not a DNS label"),
        (run(Vec::new()), "no tasks"),
    ] {
        let problems = refused(&run, &options);
        assert!(problems[0].contains(part), "{part}: {problems:?}");
    }
}

#[test]
fn values_of_events_may_not_hold_references_when_not_trusted() {
    let mut attacked = run(vec![one("t", "echo $(params.title)", &[])]);
    attacked.pipeline.params = vec![declared("title", None), declared("token", Some(text("s")))];
    attacked.params = vec![param("title", text("$(params.token)"))];
    let problems = refused(&attacked, &PlanOptions { trust: Trust::Untrusted, ..PlanOptions::default() });
    assert!(problems[0].contains("parameter title holds a reference"), "{problems:?}");
}

#[test]
fn matrices_and_conditions_are_decided_where_that_is_possible() {
    let mut wide = one("wide", "$(params.m)", &["r"]);
    wide.task.params = vec![declared("m", None)];
    wide.matrix = Some(Matrix { params: vec![param("m", list(&["a", "b"]))], include: Vec::new() });
    let mut late = wide.clone();
    late.name = "late".to_owned();
    late.matrix = Some(Matrix { params: vec![param("m", text("$(tasks.wide.results.r[*])"))], include: Vec::new() });
    let mut empty = wide.clone();
    empty.name = "empty".to_owned();
    empty.matrix = Some(Matrix { params: vec![param("m", list(&[]))], include: Vec::new() });
    let mut no = one("no", "x", &[]);
    no.when = vec![in_values("$(params.branch)", false, &["main", "next"])];
    let mut run = run(vec![wide, late, empty, no]);
    run.pipeline.params = vec![declared("branch", Some(text("other")))];
    let plan = planned(&run);
    let of = |name: &str| plan.tasks.iter().find(|task| task.name == name).expect(name);
    assert_eq!(of("wide").matrix.as_ref().map(Vec::len), Some(2));
    assert_eq!(of("late").matrix.as_deref(), Some(&[][..]));
    assert_eq!(of("late").skipped, None);
    assert_eq!(of("empty").skipped.as_deref(), Some("Matrix Parameters have an empty array"));
    assert_eq!(of("no").skipped.as_deref(), Some("When Expressions evaluated to false"));
    assert_eq!(of("no").when, ["\"other\" in [\"main\", \"next\"]"]);
}

#[test]
fn one_task_or_a_part_of_it_can_be_chosen() {
    let mut run = run(vec![one("a", "x", &["r"]), task("b", vec![script("x", "x"), script("y", "y")])]);
    run.pipeline.tasks[1].run_after = vec!["a".to_owned()];
    run.pipeline.finally = vec![one("f", "x", &[])];
    let only = |task: &str, step: Option<&str>| PlanOptions {
        only: Some(task.to_owned()),
        from_step: step.map(str::to_owned),
        trust: Trust::Trusted,
    };
    let chosen = plan(&run, &context(), &only("b", Some("y"))).expect("a plan");
    assert_eq!((chosen.tasks.len(), chosen.finally.len()), (1, 0));
    let [x, y] = chosen.tasks[0].steps.as_slice() else { panic!() };
    assert!(chosen.tasks[0].after.is_empty() && x.passed_over && !y.passed_over);
    let notes: Vec<String> = chosen.notes.into_iter().map(|note| note.message).collect();
    assert!(notes.len() == 1 && notes[0].contains("task b begins without") && notes[0].ends_with(": x do not run"));
    let alone = plan(&run, &context(), &only("f", None)).expect("a plan");
    assert_eq!((alone.tasks[0].name.as_str(), alone.notes.len()), ("f", 0));
    assert!(refused(&run, &only("z", None))[0].contains("no task z"));
    assert!(refused(&run, &only("b", Some("z")))[0].contains("no step z"));
    run.pipeline.tasks[1].params = vec![param("p", text("$(tasks.a.results.r)"))];
    assert!(refused(&run, &only("b", None))[0].contains("uses results of a"));
}

#[test]
fn what_may_surprise_is_noted() {
    let mut run = run(vec![one("a", "cd $(workspaces.w.path)", &["r"]), one("b", "cd $(workspaces.w.path)", &[])]);
    run.workspaces = vec![WorkspaceBinding { source: VolumeKind::EmptyDir, ..claim("w", "") }];
    run.pipeline.tasks[1].params = vec![param("p", text("$(tasks.a.results['r'])"))];
    let notes: Vec<String> = planned(&run).notes.into_iter().map(|note| note.message).collect();
    assert!(notes[0].contains("each task has for itself: a, b"), "{notes:?}");
    assert!(notes[1].contains("in brackets"), "{notes:?}");
    run.pipeline.tasks[1].params.clear();
    run.workspaces = vec![claim("w", "c")];
    assert_eq!(planned(&run).notes, []);
    let only = PlanOptions { only: Some("b".to_owned()), ..PlanOptions::default() };
    let alone = plan(&run, &context(), &only).expect("a plan");
    let expected = "task b runs alone: what other tasks would leave in workspace w is not there";
    assert_eq!(alone.notes[0].message, expected);
}

#[test]
fn needs_are_collected() {
    let mut spec = task("t", vec![command("a", &["$(params.tool)", "x"]), script("b", "#!/usr/bin/env -S python3\nx")]);
    spec.task.steps.push(StepSpec { image: "entry".to_owned(), ..StepSpec::default() });
    spec.task.steps.push(script("c", "# no\nFOO=1 make all | tee log; if grep -q x; then\n  helm template\nfi"));
    spec.task.params = vec![declared("tool", Some(text("kustomize")))];
    spec.task.sidecars = vec![command("db", &["postgres"])];
    let mut run = run(vec![spec]);
    run.workspaces = vec![claim("w", "c")];
    run.pipeline.tasks[0].workspaces = vec![uses("w", "w")];
    let needs = planned(&run).needs;
    assert_eq!(needs.tools.iter().collect::<Vec<_>>(), ["/bin/sh", "/usr/bin/env", "kustomize", "python3"]);
    assert_eq!(needs.advisory.iter().collect::<Vec<_>>(), ["grep", "helm", "make", "tee"]);
    assert_eq!(needs.entrypoints.iter().collect::<Vec<_>>(), ["entry"]);
    assert_eq!(needs.sidecars.iter().collect::<Vec<_>>(), ["t/db"]);
}

#[test]
fn plans_are_shown_in_every_form() {
    let mut last = one("last", "x", &[]);
    last.run_after = vec!["render".to_owned()];
    let mut example = worked_example();
    example.pipeline.tasks.push(last);
    example.pipeline.finally = vec![one("clean-up", "echo\necho done", &[])];
    let plan = planned(&example);
    let json: serde_json::Value = serde_json::from_str(&render(&plan, Format::Json).expect("JSON")).expect("JSON");
    assert_eq!(json["tasks"][0]["steps"][1]["cwd"], "/workspace/tree");
    let yaml = render(&plan, Format::Yaml).expect("YAML");
    assert!(yaml.contains("params:\n  BUILD_ID: value of BUILD_ID\n"), "{yaml}");
    assert!(yaml.contains("script: |-\n"), "{yaml}");
    let again: serde_json::Value = serde_saphyr::from_str(&yaml).expect("YAML");
    assert_eq!(again, json);
    assert_eq!(
        render(&plan, Format::Dot).expect("DOT"),
        "digraph run {\n  rankdir = LR\n  node [shape = box]\n  \"render\"\n  \"last\"\n  \"render\" -> \"last\"\n  \
         \"clean-up\" [style = dashed]\n  \"last\" -> \"clean-up\" [style = dashed]\n}\n"
    );
    assert_eq!(
        render(&plan, Format::Mermaid).expect("Mermaid"),
        "flowchart LR\n  t_render[render]\n  t_last[last]\n  t_render[render] --> t_last[last]\n  t_clean_up[clean-up]\n  \
         t_last[last] -.-> t_clean_up[clean-up]\n"
    );
    let shown = render(&plan, Format::Text).expect("text");
    for part in [
        "run run-1 (timeouts: pipeline 24h)\n",
        "  last (timeout 1h, after render)\n",
        "      env HOME=/tekton/home (template)\n",
        "      argv /bin/sh -ce \"git clone file:///kfleet/remote.git tree && cd tree && git checkout bbb2\"\n",
        "  secrets: git-identity\n",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}
