//! The rules within one task: steps, their results, retries, what an engine cannot do.

use super::*;
use crate::tekton::mk::{command, env, in_values, one, result, run, script, task};
use crate::tekton::types::{EnvFrom, ObjectKind, ObjectRef, ParamType, PipelineTask, ResultSpec, StepSpec};

fn continues(step: StepSpec) -> StepSpec {
    StepSpec { on_error: Some("continue".to_owned()), ..step }
}

#[test]
fn a_failed_step_ends_its_task_unless_it_says_otherwise() {
    let ran = carried_out(&run(vec![task("t", vec![script("a", "x"), script("b", "exit 3"), script("c", "x")])]));
    assert_eq!(ran.steps_of("t"), ["Completed", "Error", "Skipped"]);
    assert_eq!(ran.task("t").steps[1].exit_code, Some(3));
    assert_eq!(*ran.fake.exit_codes.lock().expect("no panic"), [("a".to_owned(), 0)]);
    let ran = carried_out(&run(vec![task("t", vec![continues(script("a", "exit 3")), script("b", "x")])]));
    assert_eq!((ran.reason(), ran.steps_of("t")), ("Succeeded", vec!["Continued", "Completed"]));
    assert_eq!(*ran.fake.exit_codes.lock().expect("no panic"), [("a".to_owned(), 3), ("b".to_owned(), 0)]);
}

#[test]
fn a_command_that_cannot_start_is_never_ignored() {
    let ran =
        carried_out(&run(vec![task("t", vec![continues(script("a", "unstarted no such file")), script("b", "x")])]));
    assert_eq!((ran.reason(), ran.steps_of("t")), ("Failed", vec!["CouldNotStart", "Skipped"]));
    assert_eq!(ran.message_of("t"), "step a cannot start: no such file");
    let ran = carried_out(&run(vec![task("t", vec![continues(script("a", "broken"))])]));
    assert_eq!((ran.reason(), ran.steps_of("t")), ("Failed", vec!["Error"]));
    assert!(ran.message_of("t").contains("the engine broke"));
    let fake = Fake { unprepared: Some("t".to_owned()), ..Fake::default() };
    let ran = with(fake, &run(vec![one("t", "x", &[])]), &PlanOptions::default(), &Settings::default());
    assert!(ran.message_of("t").contains("no place for it"));
}

#[test]
fn an_image_that_cannot_be_had_is_told_from_a_step_that_fails() {
    let ran = carried_out(&run(vec![one("t", "unstarted ErrImagePull: no such image", &[])]));
    assert_eq!((ran.reason(), ran.reason_of("t")), ("Failed", "TaskRunImagePullFailed"));
    assert!(ran.report.lacks_image());
    assert!(!carried_out(&run(vec![one("t", "exit 125", &[])])).report.lacks_image());
}

#[test]
fn steps_have_conditions_and_results() {
    let mut first = script("first", "stepresult r v\nstepresult l [\"x\",\"y\"]");
    first.results = vec![result("r"), ResultSpec { kind: ParamType::Array, ..result("l") }];
    let when = |value: &str| vec![in_values("$(steps.first.results.r)", false, &[value])];
    let mut second = StepSpec { when: when("v"), ..script("second", "args\nprint \nenv E") };
    second.args = vec!["$(steps.first.results.r)".to_owned(), "$(steps.first.results.l[*])".to_owned()];
    second.env = vec![env("E", "<$(steps.first.results.l[1])>")];
    let third = StepSpec { when: when("w"), ..script("third", "exit 1") };
    let mut spec = task("t", vec![first, second, third, script("fourth", "x")]);
    let lifted = |name: &str, value: &str, kind| ResultSpec { value: Some(value.to_owned()), kind, ..result(name) };
    spec.task.results = vec![
        lifted("up", "$(steps.first.results.r)", ParamType::String),
        lifted("list", "$(steps.first.results.l[*])", ParamType::Array),
        lifted("none", "$(steps.first.results.no)", ParamType::String),
    ];
    let ran = carried_out(&run(vec![spec]));
    assert_eq!(ran.reason(), "Succeeded", "{:#?}", ran.report);
    assert_eq!(ran.steps_of("t"), ["Completed", "Completed", "Skipped", "Completed"]);
    assert_eq!(ran.task("t").steps[2].exit_code, Some(0));
    assert_eq!(ran.events.sorted_logs(), ["", "<y>", "v|x|y"]);
    assert_eq!(ran.task("t").results["list"], serde_json::json!(["x", "y"]));
    assert_eq!(ran.task("t").results.keys().collect::<Vec<_>>(), ["list", "up"]);
}

#[test]
fn a_result_of_a_step_that_is_not_there_lets_the_next_not_start() {
    let mut second = script("second", "x");
    second.args = vec!["$(steps.first.results.r)".to_owned()];
    let mut first = script("first", "x");
    first.results = vec![result("r")];
    let ran = carried_out(&run(vec![task("t", vec![first, second])]));
    assert_eq!(ran.steps_of("t"), ["Completed", "CouldNotStart"]);
    assert!(ran.message_of("t").contains("$(steps.first.results.r) has no value"));
}

#[test]
fn results_of_the_wrong_type_or_size_fail_their_task() {
    let mut spec = one("t", "result l text\nresult r v", &["r"]);
    spec.task.results.push(ResultSpec { kind: ParamType::Array, ..result("l") });
    let ran = carried_out(&run(vec![spec]));
    assert_eq!((ran.reason(), ran.reason_of("t")), ("Failed", "TaskRunValidationFailed"));
    assert_eq!(ran.task("t").results, of(&[("r", "v")]));
    let mut large = one("t", "big r 4097", &["r"]);
    large.task.steps.push(script("next", "x"));
    let ran = carried_out(&run(vec![large]));
    assert_eq!(ran.steps_of("t"), ["Error", "Skipped"]);
    assert!(ran.message_of("t").contains("max allowed size 4096"));
    assert!(ran.task("t").results.is_empty());
    assert_eq!(carried_out(&run(vec![one("t", "big r 4000", &["r"])])).reason(), "Succeeded");
    // What is not declared is not a result.
    assert!(carried_out(&run(vec![one("t", "result x v", &[])])).task("t").results.is_empty());
}

#[test]
fn retries_begin_anew_and_know_how_often() {
    let flaky =
        PipelineTask { retries: 2, ..one("t", "result r old\nfails-before $(context.task.retry-count) 2", &["r"]) };
    let ran = carried_out(&run(vec![flaky]));
    assert_eq!((ran.reason(), ran.task("t").attempts), ("Succeeded", 3));
    let kinds = ran.events.kinds();
    assert_eq!(kinds.iter().filter(|kind| *kind == "task.retry t Failed").count(), 2);
    assert_eq!(kinds.iter().filter(|kind| kind.starts_with("task.end")).count(), 1);
    let never = PipelineTask { retries: 1, ..one("t", "exit 1", &[]) };
    let mut run = run(vec![never, one("other", "exit 1", &[])]);
    let ran = carried_out(&run);
    assert_eq!((ran.reason(), ran.task("t").attempts), ("Failed", 2));
    run.pipeline.tasks[0] = given(run.pipeline.tasks[0].clone(), "n", "$(context.pipelineTask.retries)");
    run.pipeline.tasks[0].task.steps[0] = script("s", "print $(params.n)");
    assert_eq!(carried_out(&run).events.logs(), ["1"]);
}

#[test]
fn missing_objects_fail_the_task_as_kubernetes_does() {
    let mut spec = one("t", "x", &[]);
    let object = |optional| ObjectRef { kind: ObjectKind::Secret, name: "s".to_owned(), optional };
    spec.task.steps[0].env_from = vec![EnvFrom { prefix: String::new(), object: object(false) }];
    let ran = carried_out(&run(vec![spec.clone()]));
    assert_eq!((ran.reason_of("t"), ran.message_of("t")), ("CreateContainerConfigError", "secret \"s\" not found"));
    assert!(ran.begun().is_empty());
    spec.task.steps[0].env_from = vec![EnvFrom { prefix: String::new(), object: object(true) }];
    assert_eq!(carried_out(&run(vec![spec])).reason(), "Succeeded");
}

#[test]
fn sidecars_need_an_engine_that_has_them() {
    let mut spec = one("t", "x", &[]);
    spec.task.sidecars = vec![command("db", &["postgres"])];
    let of = run(vec![spec]);
    let plan = plan(&of, &mk::context(), &PlanOptions::default()).expect("a plan");
    let refused = unsupported(&plan, &Fake::default());
    assert_eq!(refused[0].message, "t/db is a sidecar, which the engine fake cannot run");
    let fake = Fake { sidecar_failure: Some("db exited with code 1".to_owned()), ..Fake::default() };
    assert!(unsupported(&plan, &fake).is_empty());
    let ran = with(fake, &of, &PlanOptions::default(), &Settings::default());
    assert_eq!((ran.reason_of("t"), ran.message_of("t")), ("SidecarFailed", "db exited with code 1"));
    assert_eq!(ran.fake.tasks.lock().expect("no panic")[0].sidecars[0].command, ["postgres"]);
}

#[test]
fn the_caller_can_look_at_a_step_that_failed() {
    let seen = Mutex::new(Vec::new());
    let look = |_: &mut dyn TaskSpace, failed: &FailedStep<'_>| {
        seen.lock().expect("no panic").push(format!("{} {}: {}", failed.label, failed.index, failed.message));
    };
    let settings = Settings { on_failure: Some(&look), ..Settings::default() };
    let of = run(vec![task("t", vec![continues(script("a", "exit 1")), script("b", "exit 1"), script("c", "x")])]);
    with(Fake::default(), &of, &PlanOptions::default(), &settings);
    // What is tried again has not failed yet.
    let retried = PipelineTask { retries: 1, ..one("u", "exit 2", &[]) };
    with(Fake::default(), &run(vec![retried]), &PlanOptions::default(), &settings);
    let expected = ["t 1: \"step-b\" exited with code 1", "u 0: \"step-s\" exited with code 2"];
    assert_eq!(*seen.lock().expect("no panic"), expected);
}
