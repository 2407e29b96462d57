//! Timeouts: none may be longer than what it is part of.

use super::subject::Subject;
use crate::tekton::node::At;
use crate::tekton::types::Timeout;

/// Whether `inner` is longer than `outer`.
fn exceeds(inner: Timeout, outer: Timeout) -> bool {
    match (inner, outer) {
        (_, Timeout::Never) => false,
        (Timeout::Never, Timeout::After(_)) => true,
        (Timeout::After(inner), Timeout::After(outer)) => inner > outer,
    }
}

fn shown(timeout: Timeout) -> String {
    let Timeout::After(span) = timeout else { return "no limit".to_owned() };
    let seconds = span.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let parts = [(hours, "h"), (minutes, "m"), (rest, "s")];
    let text: String =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if text.is_empty() { format!("{}ms", span.as_millis()) } else { text }
}

pub(super) fn check(subject: &Subject<'_>) {
    let (report, timeouts) = (subject.report, subject.run.timeouts);
    let field_at = |field: &str| -> &At {
        let node = subject.node.get("timeouts");
        node.and_then(|node| node.get(field)).or(node).map_or(&subject.node.at, |node| &node.at)
    };
    let whole = timeouts.pipeline.unwrap_or(Timeout::After(Timeout::DEFAULT));
    for (field, part) in [("tasks", timeouts.tasks), ("finally", timeouts.finally)] {
        if let Some(part) = part.filter(|part| exceeds(*part, whole)) {
            let message =
                format!("`timeouts.{field}` ({}) is longer than that of the pipeline ({})", shown(part), shown(whole));
            report.error(field_at(field), message);
        }
    }
    if let (Some(Timeout::After(tasks)), Some(Timeout::After(finally))) = (timeouts.tasks, timeouts.finally)
        && let Some(sum) = tasks.checked_add(finally).map(Timeout::After)
        && exceeds(sum, whole)
    {
        let (sum, whole) = (shown(sum), shown(whole));
        let message =
            format!("`timeouts.tasks` and `timeouts.finally` are {sum} together, and the pipeline has {whole}");
        report.error(field_at("tasks"), message);
    }
    let limit = timeouts.tasks.unwrap_or(whole);
    for (spec, node) in subject.run.task_run_specs.iter().zip(subject.node.items_of("taskRunSpecs")) {
        if let Some(timeout) = spec.timeout.filter(|timeout| exceeds(*timeout, limit)) {
            let at = node.get("timeout").map_or(&node.at, |node| &node.at);
            let (task, own, limit) = (&spec.task, shown(timeout), shown(limit));
            let message = format!("the timeout of task `{task}` ({own}) is longer than that of the tasks ({limit})");
            report.error(at, message);
        }
    }
}
