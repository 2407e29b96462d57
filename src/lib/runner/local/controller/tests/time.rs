//! Timeouts and cancellation.

use super::*;
use crate::tekton::mk::{millis, one, run, script, task};
use crate::tekton::types::{PipelineTask, StepSpec, Timeouts};

const LONG: &str = "sleep 20000";

fn limited(tasks: Vec<PipelineTask>, last: Vec<PipelineTask>, timeouts: Timeouts) -> Ran {
    let mut run = run(tasks);
    run.pipeline.finally = last;
    run.timeouts = timeouts;
    let start = Instant::now();
    let ran = carried_out(&run);
    assert!(start.elapsed().as_secs() < 15, "{:?}", start.elapsed());
    ran
}

#[test]
fn a_step_out_of_time_fails_its_task_whatever_it_says() {
    let slow = StepSpec { timeout: millis(40), on_error: Some("continue".to_owned()), ..script("a", LONG) };
    let ran = limited(vec![task("t", vec![slow, script("b", "x")])], Vec::new(), Timeouts::default());
    assert_eq!((ran.reason(), ran.reason_of("t")), ("Failed", "Failed"));
    assert_eq!(ran.steps_of("t"), ["TimeoutExceeded", "Skipped"]);
    assert!(ran.message_of("t").contains("exceeded the specified timeout limit"));
}

#[test]
fn each_attempt_at_a_task_has_its_own_time() {
    let slow = PipelineTask { timeout: millis(40), retries: 1, ..one("t", LONG, &[]) };
    let ran = limited(vec![slow], Vec::new(), Timeouts::default());
    assert_eq!((ran.reason(), ran.reason_of("t"), ran.task("t").attempts), ("Failed", "TaskRunTimeout", 2));
    assert_eq!(ran.message_of("t"), "TaskRun \"run-1-t\" failed to finish within \"0.04s\"");
}

#[test]
fn after_the_time_of_the_tasks_finally_runs() {
    let timeouts = Timeouts { pipeline: millis(60_000), tasks: millis(60), finally: None };
    let retried = PipelineTask { retries: 3, ..one("a", LONG, &[]) };
    let next = PipelineTask { run_after: vec!["a".to_owned()], ..one("b", "x", &[]) };
    let ran = limited(vec![retried, next], vec![one("last", "x", &[])], timeouts);
    assert_eq!(
        (ran.reason(), ran.reason_of("a"), ran.task("a").attempts),
        ("PipelineRunTimeout", "TaskRunCancelled", 1)
    );
    assert_eq!((ran.skip("b"), ran.reason_of("last")), ("PipelineRun was stopping", "Succeeded"));
    assert!(ran.message().contains("tasks failed to finish within \"0.06s\""), "{}", ran.message());
}

#[test]
fn after_the_time_of_the_run_nothing_runs() {
    let timeouts = Timeouts { pipeline: millis(60), tasks: None, finally: None };
    let ran = limited(vec![one("a", LONG, &[])], vec![one("last", "x", &[])], timeouts);
    assert_eq!((ran.reason(), ran.reason_of("a")), ("PipelineRunTimeout", "TaskRunCancelled"));
    assert_eq!(ran.skip("last"), "PipelineRun timeout has been reached");
    assert_eq!(ran.message(), "PipelineRun \"run-1\" failed to finish within \"0.06s\"");
}

#[test]
fn finally_has_a_time_of_its_own() {
    let timeouts = Timeouts { pipeline: millis(60_000), tasks: None, finally: millis(40) };
    let ran = limited(vec![one("a", "sleep 60", &[])], vec![one("last", LONG, &[])], timeouts);
    assert_eq!((ran.reason(), ran.reason_of("a"), ran.reason_of("last")), ("Failed", "Succeeded", "TaskRunCancelled"));
}

#[test]
fn the_first_request_stops_the_tasks_and_finally_runs() {
    let retried = PipelineTask { retries: 3, ..one("b", LONG, &[]) };
    let next = PipelineTask { run_after: vec!["a".to_owned()], ..one("c", "x", &[]) };
    let ran = limited(
        vec![one("a", "sleep 40\ncancel\nsleep 20000", &[]), retried, next],
        vec![one("last", "x", &[])],
        Timeouts::default(),
    );
    assert_eq!(ran.reason(), "Cancelled");
    assert_eq!(ran.message(), "PipelineRun \"run-1\" was cancelled");
    assert_eq!(
        (ran.reason_of("a"), ran.reason_of("b"), ran.task("b").attempts),
        ("TaskRunCancelled", "TaskRunCancelled", 1)
    );
    assert_eq!(ran.steps_of("a"), ["Cancelled"]);
    assert_eq!(ran.reason_of("last"), "Succeeded");
    assert!(!ran.skip("c").is_empty());
}

#[test]
fn a_failure_beats_cancellation() {
    let ran = limited(
        vec![one("a", "exit 1", &[]), one("b", "sleep 80\ncancel\nsleep 20000", &[])],
        Vec::new(),
        Timeouts::default(),
    );
    assert_eq!(ran.reason(), "Failed");
}

#[test]
fn the_second_request_stops_everything() {
    let ran = limited(
        vec![one("a", "cancel\nsleep 20000", &[])],
        vec![one("last", "sleep 20\ncancel\nsleep 20000", &[])],
        Timeouts::default(),
    );
    assert_eq!((ran.reason(), ran.reason_of("last")), ("Cancelled", "TaskRunCancelled"));
    let ran =
        limited(vec![one("a", "cancel\ncancel\nsleep 20000", &[])], vec![one("last", "x", &[])], Timeouts::default());
    assert_eq!((ran.reason(), ran.skip("last")), ("Cancelled", "PipelineRun was gracefully cancelled"));
}

#[test]
fn a_request_before_the_start_runs_only_finally() {
    let fake = Fake::default();
    fake.cancel.request();
    let mut run = run(vec![one("a", "x", &[])]);
    run.pipeline.finally = vec![one("last", "x", &[])];
    let ran = with(fake, &run, &PlanOptions::default(), &Settings::default());
    assert_eq!((ran.reason(), ran.skip("a")), ("Cancelled", "PipelineRun was gracefully cancelled"));
    assert_eq!(ran.begun(), ["last/s"]);
}

#[test]
fn the_time_in_which_somebody_looks_does_not_count() {
    let mut run = run(vec![one("t", "exit 1", &[])]);
    run.pipeline.finally = vec![one("f", "x", &[])];
    run.timeouts = Timeouts { pipeline: millis(2_000), ..Timeouts::default() };
    let look = |_: &mut dyn TaskSpace, _: &FailedStep<'_>| std::thread::sleep(Duration::from_millis(2_500));
    let settings = Settings { on_failure: Some(&look), ..Settings::default() };
    let ran = with(Fake::default(), &run, &PlanOptions::default(), &settings);
    assert_eq!((ran.reason(), ran.reason_of("t"), ran.reason_of("f")), ("Failed", "Failed", "Succeeded"));
}
