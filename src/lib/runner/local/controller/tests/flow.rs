//! The flow between tasks: order, results, conditions, skips, `finally`, matrices, the end of the run.

use super::*;
use crate::lighthouse::Trust;
use crate::tekton::mk::{declared, in_values, list, map, one, param, result, run, script, task, text};
use crate::tekton::types::{Matrix, ParamType, ParamValue, PipelineResult, PipelineTask, ResultSpec};

fn after(task: PipelineTask, before: &[&str]) -> PipelineTask {
    PipelineTask { run_after: before.iter().map(|name| (*name).to_owned()).collect(), ..task }
}

fn when(task: PipelineTask, input: &str, values: &[&str]) -> PipelineTask {
    PipelineTask { when: vec![in_values(input, false, values)], ..task }
}

fn ignored(task: PipelineTask) -> PipelineTask {
    PipelineTask { on_error: Some("continue".to_owned()), ..task }
}

fn finally(tasks: Vec<PipelineTask>, last: Vec<PipelineTask>) -> PipelineRun {
    let mut run = run(tasks);
    run.pipeline.finally = last;
    run
}

fn matrix(task: PipelineTask, name: &str, value: ParamValue) -> PipelineTask {
    let mut task = task;
    task.task.params.push(declared(name, None));
    PipelineTask { matrix: Some(Matrix { params: vec![param(name, value)], include: Vec::new() }), ..task }
}

fn pipeline_result(name: &str, value: &str) -> PipelineResult {
    PipelineResult { name: name.to_owned(), value: text(value), origin: Location::default() }
}

/// So many tasks, each after the one before.
fn chain(count: usize) -> PipelineRun {
    let names: Vec<String> = (0..count).map(|at| format!("t{at}")).collect();
    let before = |at: usize| at.checked_sub(1).map(|at| names[at].as_str());
    run((0..count).map(|at| after(one(&names[at], "x", &[]), before(at).as_slice())).collect())
}

const STOPPING: &str = "PipelineRun was stopping";

#[test]
fn a_run_succeeds_and_tells_what_happens() {
    let ran = carried_out(&run(vec![after(one("b", "x", &[]), &["a"]), one("a", "print hello\nresult r v\n", &["r"])]));
    assert_eq!(ran.reason(), "Succeeded");
    assert!(ran.report.is_success());
    assert_eq!(ran.message(), "Tasks Completed: 2 (Failed: 0, Cancelled 0), Skipped: 0");
    assert_eq!(
        ran.events.kinds(),
        [
            "task.start a",
            "step.start a s",
            "log a s",
            "step.end a s Completed",
            "result a",
            "task.end a Succeeded",
            "task.start b",
            "step.start b s",
            "step.end b s Completed",
            "task.end b Succeeded",
            "run.end Succeeded",
        ]
    );
    assert_eq!(ran.report.tasks.iter().map(|task| task.task.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn tasks_that_are_ready_run_in_parallel() {
    let sleepers = |count: usize| (0..count).map(|at| one(&format!("t{at}"), "sleep 100", &[])).collect();
    let ran = carried_out(&run(sleepers(4)));
    assert_eq!(ran.fake.most.load(Ordering::SeqCst), 4);
    let settings = Settings { parallel: 2, ..Settings::default() };
    let ran = with(Fake::default(), &run(sleepers(4)), &PlanOptions::default(), &settings);
    assert_eq!((ran.fake.most.load(Ordering::SeqCst), ran.reason()), (2, "Succeeded"));
    let ran = carried_out(&chain(4));
    assert_eq!(ran.begun(), ["t0/s", "t1/s", "t2/s", "t3/s"]);
    assert_eq!(ran.fake.most.load(Ordering::SeqCst), 1);
}

#[test]
fn results_arrive_verbatim_and_typed() {
    let mut producer = one("a", "result s a\\nb\\n\nresult l [\"x\",\"y\"]\nresult o {\"k\":\"v\"}", &["s"]);
    let typed = |name: &str, kind| ResultSpec { kind, ..result(name) };
    producer.task.results.extend([typed("l", ParamType::Array), typed("o", ParamType::Object)]);
    let mut consumer = one("b", "print <$(params.s)>\nargs\nprint $(tasks.a.results.l[0]) $(tasks.a.results.o.k)", &[]);
    consumer.task.params = vec![declared("s", None), declared("l", Some(list(&[]))), declared("o", Some(map(&[])))];
    consumer.params = vec![
        param("s", text("$(tasks.a.results.s)")),
        param("l", text("$(tasks.a.results.l[*])")),
        param("o", text("$(tasks.a.results.o[*])")),
    ];
    consumer.task.steps[0].args = ["$(params.l[*])", "$(params.o.k)", "$(params.l[1])"].map(str::to_owned).to_vec();
    let mut run = run(vec![producer, consumer]);
    run.pipeline.results =
        vec![pipeline_result("text", "$(tasks.a.results.s)"), pipeline_result("list", "$(tasks.a.results.l[*])")];
    let ran = carried_out(&run);
    assert_eq!(ran.reason(), "Succeeded", "{:#?}", ran.report);
    assert_eq!(ran.task("a").results["s"], "a\nb\n");
    assert_eq!(ran.events.sorted_logs(), ["<a", "x v", "x|y|v|y"]);
    assert_eq!(ran.report.results["text"], "a\nb\n");
    assert_eq!(ran.report.results["list"], serde_json::json!(["x", "y"]));
}

#[test]
fn text_of_results_is_read_by_later_stages_only() {
    let mut consumer = given(one("b", "args", &[]), "p", "$(tasks.a.results.r)");
    consumer.task.params.push(declared("q", Some(text("later"))));
    consumer.task.steps[0].args = vec!["$(params.p)".to_owned(), "$(tasks.a.results.r)".to_owned()];
    let ran = carried_out(&run(vec![one("a", "result r $\\(params.q)", &["r"]), consumer]));
    assert_eq!(ran.events.logs(), ["$(params.q)|later"]);
}

#[test]
fn after_a_failure_nothing_new_starts_and_finally_runs() {
    let tasks = vec![
        one("bad", "exit 7", &[]),
        one("slow", "sleep 150", &[]),
        after(one("next", "x", &[]), &["slow"]),
        after(one("child", "x", &[]), &["bad"]),
        after(one("grandchild", "x", &[]), &["child"]),
    ];
    let ran = carried_out(&finally(tasks, vec![one("last", "print $(context.pipelineRun.name)", &[])]));
    assert_eq!(ran.reason(), "Failed");
    assert_eq!(ran.message(), "Tasks Completed: 3 (Failed: 1, Cancelled 0), Skipped: 3");
    assert_eq!((ran.reason_of("bad"), ran.message_of("bad")), ("Failed", "\"step-s\" exited with code 7"));
    assert_eq!((ran.reason_of("slow"), ran.reason_of("last")), ("Succeeded", "Succeeded"));
    assert_eq!((ran.skip("next"), ran.skip("child"), ran.skip("grandchild")), (STOPPING, STOPPING, STOPPING));
    assert_eq!(ran.events.logs(), ["run-1"]);
    let ran = carried_out(&finally(vec![one("a", "x", &[])], vec![one("last", "exit 1", &[])]));
    assert_eq!(ran.reason(), "Failed");
}

#[test]
fn an_ignored_failure_stops_nothing_and_its_results_count() {
    let consumer = when(one("b", "print $(tasks.a.results.r)", &[]), "$(tasks.a.results.r)", &["v"]);
    let lacking = ignored(one("c", "print $(tasks.a.results.no)", &[]));
    let tasks = vec![ignored(one("a", "result r v\nexit 1", &["r", "no"])), consumer, lacking];
    let status = "$(tasks.a.status) $(tasks.a.reason) $(tasks.status)";
    let last = given(one("last", "print $(params.s)", &[]), "s", status);
    let ran = carried_out(&finally(tasks, vec![last]));
    assert_eq!(ran.reason(), "Completed", "{:#?}", ran.report);
    assert_eq!(ran.reason_of("a"), "FailureIgnored");
    assert_eq!(ran.skip("c"), "Results were missing");
    assert_eq!(ran.message(), "Tasks Completed: 3 (Failed: 1 (Ignored: 1), Cancelled 0), Skipped: 1");
    assert_eq!(ran.events.logs(), ["v", "Failed FailureIgnored Failed"]);
}

#[test]
fn a_false_condition_skips_the_task_but_not_what_only_follows_it() {
    let tasks = vec![
        when(one("a", "x", &["r"]), "x", &["y"]),
        after(one("follows", "x", &[]), &["a"]),
        one("uses", "print $(tasks.a.results.r)", &[]),
        after(one("follows-user", "x", &[]), &["uses"]),
        after(one("deeper", "x", &[]), &["follows-user"]),
        PipelineTask { when: vec![in_values("x", true, &["y"])], ..one("notin", "x", &[]) },
    ];
    let ran = carried_out(&run(tasks));
    assert_eq!(ran.reason(), "Completed");
    assert_eq!(ran.skip("a"), "When Expressions evaluated to false");
    assert_eq!(ran.reason_of("follows"), "Succeeded");
    assert_eq!(ran.skip("uses"), "Results were missing");
    assert_eq!(ran.skip("follows-user"), "Parent Tasks were skipped");
    assert_eq!(ran.skip("deeper"), "Parent Tasks were skipped");
    assert_eq!(ran.reason_of("notin"), "Succeeded");
    assert_eq!(ran.message(), "Tasks Completed: 2 (Failed: 0, Cancelled 0), Skipped: 4");
}

#[test]
fn lists_are_spliced_into_the_values_of_conditions() {
    let mut run = run(vec![when(one("a", "x", &[]), "dev", &["prod", "$(params.envs[*])"])]);
    run.pipeline.params = vec![declared("envs", Some(list(&["dev", "test"])))];
    assert_eq!(carried_out(&run).reason(), "Succeeded");
    run.pipeline.params = vec![declared("envs", Some(list(&[])))];
    assert_eq!(carried_out(&run).reason(), "Completed");
}

#[test]
fn a_result_that_should_be_there_fails_the_run() {
    let tasks =
        vec![one("a", "x", &["r"]), one("b", "print $(tasks.a.results.r)", &[]), after(one("c", "x", &[]), &["b"])];
    let ran = carried_out(&finally(tasks, vec![one("last", "x", &[]), one("uses", "print $(tasks.a.results.r)", &[])]));
    assert_eq!(ran.reason(), "PipelineValidationFailed");
    assert!(ran.message_of("b").contains("Could not find result with name r for task a"));
    assert_eq!((ran.skip("c"), ran.reason_of("last")), (STOPPING, "Succeeded"));
    assert_eq!(ran.skip("uses"), "Results were missing");
    assert_eq!(ran.message(), "Tasks Completed: 2 (Failed: 0, Cancelled 0), Skipped: 2, Failed Validation: 1");
}

#[test]
fn an_index_behind_the_end_of_a_result_fails_the_run() {
    let mut producer = one("a", "result l [\"x\"]", &[]);
    producer.task.results = vec![ResultSpec { kind: ParamType::Array, ..result("l") }];
    let ran = carried_out(&run(vec![producer, one("b", "print $(tasks.a.results.l[1])", &[])]));
    assert_eq!(ran.reason(), "PipelineValidationFailed");
    assert!(ran.message_of("b").contains("after the end of a result of 1"), "{}", ran.message_of("b"));
}

#[test]
fn finally_knows_how_the_tasks_ended() {
    let status = |name: &str, tasks: Vec<PipelineTask>, keys: &str| {
        let last = given(one("last", "print $(params.s)", &[]), "s", keys);
        let ran =
            carried_out(&finally(tasks, vec![last, when(one("other", "x", &[]), "$(tasks.status)", &["Failed"])]));
        assert_eq!(ran.skip("other").is_empty(), ran.events.logs()[0].ends_with("Failed"), "{name}");
        ran.events.logs().remove(0)
    };
    let keys = "$(tasks.a.status) [$(tasks.a.reason)] $(tasks.status)";
    assert_eq!(status("good", vec![one("a", "x", &[])], keys), "Succeeded [Succeeded] Succeeded");
    assert_eq!(status("bad", vec![one("a", "exit 1", &[])], keys), "Failed [Failed] Failed");
    assert_eq!(status("skipped", vec![when(one("a", "x", &[]), "x", &[])], keys), "None [] Completed");
}

#[test]
fn results_of_the_pipeline_are_omitted_or_fail_it() {
    let mut run = run(vec![one("a", "result r v", &["r", "never"]), when(one("skipped", "x", &["r"]), "x", &[])]);
    run.pipeline.finally = vec![one("f", "result r last", &["r"])];
    run.pipeline.results = vec![
        pipeline_result("r", "<$(tasks.a.results.r)>"),
        pipeline_result("gone", "$(tasks.skipped.results.r)"),
        pipeline_result("last", "$(finally.f.results.r)"),
    ];
    let ran = carried_out(&run);
    assert_eq!((ran.reason(), &ran.report.results), ("Completed", &of(&[("last", "last"), ("r", "<v>")])));
    run.pipeline.results.push(pipeline_result("lost", "$(tasks.a.results.never)"));
    let ran = carried_out(&run);
    assert_eq!(ran.reason(), "CouldntGetPipelineResult");
    assert!(ran.message().contains("lost"), "{}", ran.message());
}

#[test]
fn a_matrix_fans_out_and_in() {
    let mut run = run(vec![matrix(one("m", "result r <$(params.x)>", &["r"]), "x", list(&["a", "b", "c"]))]);
    let mut join = given(one("join", "args", &[]), "n", "$(tasks.m.matrix.length) $(tasks.m.matrix.r.length)");
    join.task.params.push(declared("l", Some(list(&[]))));
    join.params.push(param("l", text("$(tasks.m.results.r[*])")));
    join.task.steps[0].args = vec!["$(params.l[*])".to_owned(), "$(params.n)".to_owned()];
    run.pipeline.tasks.push(join);
    run.pipeline.tasks.push(matrix(one("again", "print $(params.y)", &[]), "y", text("$(tasks.m.results.r[*])")));
    let ran = carried_out(&run);
    assert_eq!(ran.reason(), "Succeeded", "{:#?}", ran.report);
    assert_eq!(ran.task("m[1]").results, of(&[("r", "<b>")]));
    assert_eq!(ran.events.sorted_logs(), ["<a>", "<a>|<b>|<c>|3 3", "<b>", "<c>"]);
    let names: Vec<String> = ran.fake.tasks.lock().expect("no panic").iter().map(|task| task.name.clone()).collect();
    assert!(names.contains(&"run-1-m-2".to_owned()), "{names:?}");
}

#[test]
fn a_matrix_fails_as_a_whole_and_an_empty_one_is_skipped() {
    let mut run =
        run(vec![matrix(one("m", "exit $(params.x)", &[]), "x", list(&["0", "3"])), one("a", "result l []", &[])]);
    run.pipeline.tasks[1].task.results = vec![ResultSpec { kind: ParamType::Array, ..result("l") }];
    let ran = carried_out(&run);
    assert_eq!((ran.reason(), ran.reason_of("m[0]"), ran.reason_of("m[1]")), ("Failed", "Succeeded", "Failed"));
    assert_eq!(ran.message(), "Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 0");
    run.pipeline.tasks[0] = matrix(one("m", "x", &[]), "x", text("$(tasks.a.results.l[*])"));
    let ran = carried_out(&run);
    assert_eq!((ran.reason(), ran.skip("m")), ("Completed", "Matrix Parameters have an empty array"));
}

#[test]
fn one_task_runs_alone() {
    let mut run = run(vec![one("a", "x", &[]), task("b", vec![script("x", "exit 1"), script("y", "print y")])]);
    run.pipeline.tasks[1].run_after = vec!["a".to_owned()];
    let options = PlanOptions { only: Some("b".to_owned()), from_step: Some("y".to_owned()), trust: Trust::Trusted };
    let ran = with(Fake::default(), &run, &options, &Settings::default());
    assert_eq!((ran.reason(), ran.begun()), ("Succeeded", vec!["b/y".to_owned()]));
    assert_eq!(ran.steps_of("b"), ["Skipped", "Completed"]);
}

#[test]
fn many_tasks_are_decided_quickly() {
    let start = Instant::now();
    assert_eq!(carried_out(&chain(600)).reason(), "Succeeded");
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
