//! What Lighthouse refuses, all at once, and what kfleet refuses in addition.

use super::config::{Config, JobConfig};
use super::cron;
use super::finding::Finding;
use super::template::Template;
use crate::lighthouse::job::JobKind;
use crate::problem::Severity;
use serde_json::Value;

const AGENTS: [&str; 4] = ["jenkins-x", "tekton", "tekton-pipeline", "jenkins"];
const RESERVED_LABELS: [&str; 3] =
    ["created-by-lighthouse", "lighthouse.jenkins-x.io/type", "lighthouse.jenkins-x.io/id"];

/// What was found when the files were read, and everything that is not allowed in a job. Lighthouse does not check
/// deployments: of these all is a warning, but for what makes a run impossible.
pub fn validate(config: &Config) -> Vec<Finding> {
    let mut found = config.notes.clone();
    for job in &config.jobs {
        found.extend(job.notes.iter().cloned());
        let mut of_job = Vec::new();
        names(job, &mut of_job);
        values(job, &mut of_job);
        commands(job, &mut of_job);
        if job.kind == JobKind::Deployment {
            of_job.iter_mut().for_each(|finding| finding.problem.severity = Severity::Warning);
        }
        found.extend(of_job.into_iter().map(|finding| finding.of(&job.name)));
        source(job, &mut found);
    }
    found.sort_by(|a, b| a.problem.location.cmp(&b.problem.location).then_with(|| a.id.cmp(b.id)));
    found
}

fn names(job: &JobConfig, found: &mut Vec<Finding>) {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if job.name.is_empty() {
        found.push(Finding::error("trigger-name", job.location.clone(), "this job has no name"));
    } else if !job.name.chars().all(is_allowed) {
        let message = format!("the name `{}` is not allowed", job.name);
        let finding = Finding::error("trigger-name", job.location_of("name"), message);
        found.push(finding.with_hint("use letters, digits, `-`, `.` and `_`"));
    }
    if !AGENTS.contains(&job.agent.as_str()) {
        let message = format!("there is no agent `{}`", job.agent);
        let finding = Finding::error("trigger-agent", job.location_of("agent"), message);
        found.push(finding.with_hint("use `tekton-pipeline`"));
    }
    for (key, value) in &job.labels {
        let problem = if RESERVED_LABELS.contains(&key.as_str()) {
            Some("is Lighthouse's own")
        } else if !is_label_key(key) {
            Some("is not a name of a label")
        } else if !is_label_value(value) {
            Some("has a value that no label may have")
        } else {
            None
        };
        if let Some(problem) = problem {
            let message = format!("the label `{key}` {problem}");
            found.push(Finding::error("trigger-label", job.location_of("labels"), message));
        }
    }
}

fn values(job: &JobConfig, found: &mut Vec<Finding>) {
    let error = |id, field: &str, message: &str| Finding::error(id, job.location_of(field), message);
    if job.max_concurrency < 0 {
        found.push(error("trigger-value", "max_concurrency", "`max_concurrency` is negative"));
    }
    if job.kind == JobKind::Presubmit && job.always_run && job.run_if_changed.is_some() {
        let message = "`always_run` and `run_if_changed` exclude each other";
        found.push(error("trigger-value", "run_if_changed", message).with_hint("keep one of them"));
    }
    if let Some(spec) = &job.pod_spec {
        let count = |key: &str| spec.get(key).and_then(Value::as_array).map_or(0, Vec::len);
        if count("containers") != 1 || count("initContainers") != 0 {
            found.push(error("trigger-value", "spec", "`spec` must have one container and no init containers"));
        }
    }
    if job.kind == JobKind::Periodic {
        let unread = |schedule, why| format!("the schedule `{schedule}` cannot be read: {why}");
        let wrong = match job.cron.as_deref() {
            None => Some("a periodic needs `cron`".to_owned()),
            Some(schedule) => cron::verify(schedule).err().map(|why| unread(schedule, why)),
        };
        found.extend(wrong.map(|message| error("trigger-cron", "cron", &message)));
    }
    for (name, template, location) in &job.params {
        if name.is_empty() {
            found.push(Finding::error("trigger-template", location.clone(), "this parameter has no name"));
        }
        if let Err(error) = Template::parse(template) {
            let message = format!("the template of {name} cannot be read: {error}");
            found.push(Finding::error("trigger-template", location.clone(), message));
        }
    }
}

fn commands(job: &JobConfig, found: &mut Vec<Finding>) {
    if job.kind != JobKind::Presubmit {
        return;
    }
    let mut refuse = |field: &str, message: &str, hint: &str| {
        found.push(Finding::error("trigger-rerun", job.location_of(field), message).with_hint(hint));
    };
    let alone = "`trigger` and `rerun_command` need each other";
    match (&job.trigger, &job.rerun_command) {
        (Some(trigger), Some(rerun)) if trigger.error().is_none() && !trigger.is_match(rerun) => {
            let message = format!("`trigger` does not match the `rerun_command` {rerun}");
            refuse("rerun_command", &message, "make `trigger` match it, or leave out both");
        }
        (Some(_), None) => refuse("trigger", alone, "write both, or none"),
        (None, Some(_)) => refuse("rerun_command", alone, "write both, or none"),
        _ => {}
    }
}

/// A source within the repository. Lighthouse looks for it only when the job starts.
fn source(job: &JobConfig, found: &mut Vec<Finding>) {
    let Some(source) = job.source.as_deref().filter(|source| !source.contains("://")) else { return };
    if job.source_path().is_none() {
        let message = format!("`source` {source} leaves the repository");
        let finding = Finding::error("trigger-source", job.location_of("source"), message).of(&job.name);
        found.push(finding.with_hint("name a file of this repository, relative to this file, or a URL"));
    }
}

/// Whether a text may be the key of a label: a name, with or without a DNS name before it.
pub(super) fn is_label_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let is_part = |part: &str| {
        let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !part.is_empty() && part.bytes().all(is_allowed) && !part.starts_with('-') && !part.ends_with('-')
    };
    !name.is_empty()
        && is_label_value(name)
        && prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(is_part))
}

/// Whether a text may be the value of a label.
pub(super) fn is_label_value(value: &str) -> bool {
    let is_end = |b: Option<u8>| b.is_none_or(|b| b.is_ascii_alphanumeric());
    value.len() <= 63
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && is_end(value.bytes().next())
        && is_end(value.bytes().last())
}
