//! What a run looks like, in each form.

use super::super::{Ci, CiLog, Footer, Summary};
use super::*;
use crate::process::Environment;
use crate::runner::event::mk::{log, run_end, step_end};

fn start(task: &str, step: &str) -> Event {
    Event::StepStart { task: task.into(), step: step.into() }
}

fn end(task: &str, step: &str, code: i32) -> Event {
    step_end(task, step, code, Duration::from_millis(1_500))
}

fn shown(render: &mut dyn Render, events: &[Event]) -> String {
    let mut out = String::new();
    events.iter().for_each(|event| render.event(1_750_000_000_000, event, &mut out));
    out
}

#[test]
fn text_tells_where_each_line_is_from() {
    let events = [
        Event::Plan {
            job: "pr".into(),
            engine: "sandbox".into(),
            why: "every tool is here".into(),
            tasks: vec!["t".into()],
        },
        start("t", "a"),
        log("t", "a", "\u{1b}[31mred\u{1b}[2J"),
        end("t", "a", 0),
        start("t", "b"),
        log("t", "b", "no"),
        end("t", "b", 2),
        Event::TaskSkip { task: "u".into(), reason: "PipelineRun was stopping".into() },
        Event::TaskRetry { task: "u".into(), attempt: 0, reason: "Failed".into() },
        Event::Push {
            reference: "refs/heads/x".into(),
            old: Some("1".into()),
            new: Some("2".into()),
            commits: vec!["Generated".into()],
            files: 14,
        },
        run_end("Failed"),
    ];
    let plain = shown(&mut TextLog::new(Colours::Strip, false), &events);
    let expected = "\
pr: 1 task by the sandbox engine: every tool is here
[t : a] red
[t : b] no
[t : b] Error, exit code 2 after 1.50 s
[u] skipped: PipelineRun was stopping
[u] attempt 1 failed (Failed), trying again
pushed x: +1 commit 'Generated', 14 files
";
    assert_eq!(plain, expected);
    let coloured = shown(&mut TextLog::new(Colours::Keep, false), &events[..4]);
    assert!(coloured.contains("[t : a]\u{1b}[0m \u{1b}[31mred\u{1b}[0m\n"), "{coloured:?}");
    let quiet = shown(&mut TextLog::new(Colours::Strip, true), &events[1..7]);
    assert_eq!(quiet, "[t : b] no\n[t : b] Error, exit code 2 after 1.50 s\n");
}

#[test]
fn github_groups_and_listens_to_no_step() {
    let events = [
        start("t", "a"),
        log("t", "a", "::set-output name=x::y"),
        log("t", "a", "##[error]no"),
        end("t", "a", 1),
        start("t", "b"),
        start("u", "c"),
        log("t", "b", "::error::no"),
        end("t", "b", 0),
        Event::TaskEnd {
            task: "::error::x".into(),
            reason: "Failed".into(),
            message: Some("::error::y".into()),
            seconds: Duration::ZERO,
        },
        run_end("Failed"),
    ];
    let out = shown(&mut CiLog::new(Ci::GitHub, "T0K", false), &events);
    let expected = "\
::group::t/a
::stop-commands::T0K
::set-output name=x::y
##[error]no
::T0K::
::endgroup::
\u{1b}[36m[t : a]\u{1b}[0m \u{1b}[1m\u{1b}[31mError\u{1b}[0m, exit code 1 after 1.50 s
::error title=t/a::Error, exit code 1 after 1.50 s
::stop-commands::T0K
\u{1b}[36m[t : b]\u{1b}[0m ::error::no
::T0K::
::stop-commands::T0K
\u{1b}[35m[::error::x]\u{1b}[0m Failed: ::error::y
::T0K::
";
    assert_eq!(out, expected);
    let mut is_listening = true;
    for line in out.lines() {
        let hostile = line.contains("set-output") || line.contains("##[") || line.contains("::error::");
        assert!(!(hostile && is_listening && !line.starts_with("::error title=")), "{line}");
        match line {
            "::stop-commands::T0K" => is_listening = false,
            "::T0K::" => is_listening = true,
            _ => {}
        }
    }
    assert!(is_listening);
}

#[test]
fn gitlab_has_sections_that_steps_cannot_end() {
    let forged = "\u{1b}[0Ksection_end:1:kfleet_1\r\u{1b}[0Kx";
    let out =
        shown(&mut CiLog::new(Ci::GitLab, "", false), &[start("t", "a"), log("t", "a", forged), end("t", "a", 0)]);
    let expected = "\u{1b}[0Ksection_start:1750000000:kfleet_1\r\u{1b}[0Kt/a\nx\n\u{1b}[0Ksection_end:1750000000:kfleet_1\r\u{1b}[0K\n";
    assert_eq!(out, expected);
}

#[test]
fn services_are_told_by_their_variables() {
    let of = |pairs: &[(&str, &str)]| Ci::detect(&pairs.iter().copied().collect::<Environment>());
    assert_eq!(of(&[("GITHUB_ACTIONS", "true")]), Some(Ci::GitHub));
    assert_eq!(of(&[("GITLAB_CI", "true")]), Some(Ci::GitLab));
    assert_eq!(of(&[("CI", "true")]), None);
}

#[test]
fn the_end_has_a_table_and_the_exit_code_comes_last() {
    let mut summary = Summary::default();
    for n in 0..30 {
        summary.event(&log("t", "b", &format!("line {n}")));
    }
    for event in [
        end("t", "a", 0),
        end("t", "b", 7),
        Event::TaskSkip { task: "u".into(), reason: "Parent Tasks were skipped".into() },
        Event::Result { task: "t".into(), name: "r".into(), value: "v\n".into() },
        run_end("Failed"),
    ] {
        summary.event(&event);
    }
    let table = "\
STEP    TIME  EXIT  STATE
t/a   1.50 s     0  Completed
t/b   1.50 s     7  Error
u          -     -  skipped: Parent Tasks were skipped
result of t: r = \"v\\n\"
";
    assert_eq!(summary.table(), table);
    let verdict = summary.verdict("pr");
    assert!(verdict.starts_with("pr: Failed after 3.00 s\nthe last lines of t/b:\n  line 10\n"), "{verdict}");
    assert!(verdict.ends_with("  line 29\nt/b failed with exit code 7\n"), "{verdict}");
    let failures = summary.failures("pr");
    assert!(failures.starts_with("the last lines of t/b:\n  line 10\n"), "{failures}");
    assert!(failures.ends_with("t/b failed with exit code 7\n"), "{failures}");
    assert_eq!(Summary::default().table(), "");
    let mut stopped = Summary::default();
    stopped.event(&run_end("PipelineRunTimeout"));
    assert_eq!(stopped.failures("pr"), "pr: PipelineRunTimeout after 3.00 s\n");
    let mut good = Summary::default();
    [end("t", "a", 0), run_end("Completed")].iter().for_each(|event| good.event(event));
    assert_eq!(good.failures("pr"), "");
}

#[test]
fn the_footer_tells_what_runs() {
    let mut footer = Footer::default();
    footer.event(
        0,
        &Event::Plan { job: "pr".into(), engine: "x".into(), why: String::new(), tasks: vec!["t".into(), "u".into()] },
    );
    assert_eq!(footer.text(0), "");
    footer.event(1_000, &start("t", "a"));
    footer.event(2_000, &start("u", "b"));
    assert_eq!(footer.text(13_500), "0/2 tasks; t : a 12.0 s, u : b 11.0 s");
    footer.event(14_000, &end("t", "a", 0));
    assert_eq!(footer.text(14_000), "0/2 tasks; u : b 12.0 s");
}
