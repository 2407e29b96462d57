//! Tests of timeouts.

use super::*;
use crate::tekton::mk::{run, task};
use crate::tekton::types::TaskRunSpec;

fn minutes(count: u64) -> Option<Timeout> {
    Some(Timeout::After(Duration::from_secs(count * 60)))
}

fn limits(pipeline: Option<Timeout>, tasks: Option<Timeout>, finally: Option<Timeout>) -> Result<[String; 3], String> {
    let found = of_run(&Timeouts { pipeline, tasks, finally })?;
    let show = |limit: Option<Duration>| limit.map_or_else(|| "-".to_owned(), text);
    Ok([show(found.pipeline), show(found.tasks), show(found.finally)])
}

#[test]
fn the_rest_of_the_pipeline_is_for_the_other_part() {
    let never = Some(Timeout::Never);
    for (given, expected) in [
        ((None, None, None), ["1h", "-", "-"]),
        ((never, None, None), ["-", "-", "-"]),
        ((minutes(90), None, None), ["1h30m", "-", "-"]),
        ((minutes(90), minutes(60), None), ["1h30m", "1h", "30m"]),
        ((minutes(90), None, minutes(30)), ["1h30m", "1h", "30m"]),
        ((minutes(90), minutes(60), minutes(30)), ["1h30m", "1h", "30m"]),
        ((None, minutes(30), None), ["1h", "30m", "-"]),
        ((never, minutes(60), None), ["-", "1h", "-"]),
    ] {
        assert_eq!(limits(given.0, given.1, given.2).expect("limits"), expected, "{given:?}");
    }
    assert!(limits(minutes(60), minutes(50), minutes(20)).is_err());
    assert!(limits(minutes(60), minutes(61), None).is_err());
    assert!(limits(minutes(60), never, None).is_err());
    assert!(limits(None, minutes(61), None).is_err());
}

#[test]
fn tasks_have_an_hour_unless_something_else_is_said() {
    let of = |timeouts: Timeouts, own: Option<Timeout>, spec: Option<Timeout>| {
        let mut run = run(vec![PipelineTask { timeout: own, ..task("t", Vec::new()) }]);
        run.timeouts = timeouts;
        let spec = TaskRunSpec { task: "t".to_owned(), timeout: spec, ..TaskRunSpec::default() };
        run.task_run_specs.extend(spec.timeout.is_some().then_some(spec));
        limit_text(of_task(&run, &of_run(&timeouts).expect("limits"), &run.pipeline.tasks[0], false))
    };
    let timeouts = |tasks| Timeouts { pipeline: minutes(24 * 60), tasks, finally: None };
    assert_eq!(of(Timeouts::default(), None, None), "1h");
    assert_eq!(of(timeouts(minutes(120)), None, None), "2h");
    assert_eq!(of(timeouts(minutes(30)), None, None), "1h");
    let never = Some(Timeout::Never);
    assert_eq!(of(Timeouts { pipeline: never, tasks: never, finally: None }, None, None), "0");
    assert_eq!(of(timeouts(minutes(120)), minutes(5), None), "5m");
    assert_eq!(of(timeouts(None), minutes(5), minutes(7)), "7m");
    assert_eq!(of(timeouts(None), never, None), "0");
}

#[test]
fn durations_are_written_as_in_go() {
    for (millis, expected) in [(0, "0s"), (1500, "1.5s"), (60_000, "1m"), (3_601_000, "1h1s"), (5_400_000, "1h30m")] {
        assert_eq!(text(Duration::from_millis(millis)), expected);
    }
}

#[test]
fn parts_that_do_not_fit_into_another_timeout_are_left_out() {
    let never = Some(Timeout::Never);
    for ((tasks, finally), expected) in [
        ((minutes(30), None), (minutes(30), None)),
        ((minutes(90), None), (None, None)),
        ((minutes(50), minutes(10)), (minutes(50), minutes(10))),
        ((minutes(51), minutes(10)), (None, minutes(10))),
        ((minutes(30), minutes(61)), (minutes(30), None)),
        ((never, never), (None, None)),
    ] {
        let said = Timeouts { pipeline: minutes(240), tasks, finally };
        let found = within(&said, Duration::from_secs(60 * 60));
        assert_eq!((found.pipeline, found.tasks, found.finally), (minutes(60), expected.0, expected.1), "{said:?}");
        assert!(of_run(&found).is_ok(), "{said:?}");
    }
}
