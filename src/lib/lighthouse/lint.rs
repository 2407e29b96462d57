//! The linter: Lighthouse drops what it does not know and starts nothing without a word, so mistakes stay unseen.

use super::comment;
use super::config::{Config, JobConfig, Pattern, TEKTON_PIPELINE};
use super::finding::Finding;
use super::validate::validate;
use crate::lighthouse::job::JobKind;

/// The rules of trigger files by their stable ids, whether [`lint`] finds them or the reader and [`validate`] before it.
pub const RULES: &[(&str, &str)] = &[
    ("trigger-syntax", "a trigger file that is not YAML"),
    ("trigger-type", "a field of the wrong type"),
    ("trigger-unknown-key", "a key that Lighthouse drops without a word"),
    ("trigger-key-case", "a key in another case than the documented one"),
    ("trigger-header", "apiVersion or kind of something else"),
    ("trigger-name", "a name that is missing or not allowed"),
    ("trigger-duplicate", "two jobs of one kind and name"),
    ("trigger-agent", "an agent that is unknown, missing or not run by kfleet"),
    ("trigger-label", "a label that is not allowed"),
    ("trigger-value", "a value that is not allowed"),
    ("trigger-regex", "a regular expression that Go refuses"),
    ("trigger-rerun", "`trigger` and `rerun_command` that do not fit"),
    ("trigger-rewritten", "`trigger` and `rerun_command` that Lighthouse rewrites"),
    ("trigger-unreachable", "a job or command that nothing can start"),
    ("trigger-source", "a source that is missing or leaves the repository"),
    ("trigger-unanchored", "a branch pattern that matches more than it seems to"),
    ("trigger-tags", "a change filter on a job that only tags start"),
    ("trigger-periodic", "a periodic without the branch or URL that it needs"),
    ("trigger-cron", "a schedule that cannot be read"),
    ("trigger-template", "a parameter's template that cannot be read"),
];

/// Names that branches often have, and tags.
const BRANCHES: [&str; 7] = ["main", "master", "develop", "dev", "trunk", "release-1.2", "feature-x"];
const TAGS: [&str; 6] = ["v1.2.3", "v1.2", "v1", "1.2.3", "1.2", "v1.2.3-rc.1"];

/// Everything that is wrong or doubtful, errors included, in the order of the files. `has_file` returns whether there is a file
/// of this path in the repository, for this job.
pub fn lint(config: &Config, has_file: &dyn Fn(&JobConfig, &str) -> bool) -> Vec<Finding> {
    let mut found = validate(config);
    for job in &config.jobs {
        let mut of_job = Vec::new();
        runnable(job, has_file, &mut of_job);
        branches(job, &mut of_job);
        match job.kind {
            JobKind::Presubmit => commands(job, &mut of_job),
            JobKind::Postsubmit => tags(job, &mut of_job),
            JobKind::Periodic => periodic(job, &mut of_job),
            JobKind::Deployment => {}
        }
        found.extend(of_job.into_iter().map(|finding| finding.of(&job.name)));
    }
    found.sort_by(|a, b| a.problem.location.cmp(&b.problem.location).then_with(|| a.id.cmp(b.id)));
    found
}

fn runnable(job: &JobConfig, has_file: &dyn Fn(&JobConfig, &str) -> bool, found: &mut Vec<Finding>) {
    if job.agent != TEKTON_PIPELINE {
        let finding = if job.run_spec.is_some() && !job.has_agent {
            let message =
                "`pipeline_run_spec` does not set `agent`, so this job is one of jenkins-x and does not start";
            Finding::warning("trigger-agent", job.location_of("pipeline_run_spec"), message)
        } else {
            let message = format!("kfleet does not run jobs of the agent {}", job.agent);
            Finding::warning("trigger-agent", job.location_of("agent"), message)
        };
        found.push(finding.with_hint("write `agent: tekton-pipeline`"));
    } else if job.source.is_none() && job.run_spec.is_none() {
        let message = "this job has neither `source` nor `pipeline_run_spec`";
        found.push(Finding::error("trigger-source", job.location.clone(), message));
    }
    let Some(path) = job.source_path().filter(|path| !has_file(job, path)) else { return };
    let finding =
        Finding::error("trigger-source", job.location_of("source"), format!("there is no {}", job.shown(&path)));
    let is_remote = job.source.as_ref().is_some_and(|source| source.contains('@'));
    found.push(finding.with_hint(if is_remote {
        "owner/repo/path@ref works in `uses:` only; write a URL"
    } else {
        "`source` is relative to this file"
    }));
}

fn branches(job: &JobConfig, found: &mut Vec<Finding>) {
    for (field, pattern) in [("branches", &job.branches), ("skip_branches", &job.skip_branches)] {
        let items = pattern.iter().flat_map(|pattern| pattern.texts.iter().zip(&pattern.locations));
        for (number, (text, location)) in items.enumerate() {
            let Some(open) = open_ends(text) else { continue };
            let message = format!("`{text}` of `{field}` matches longer names too: it is not anchored {open}");
            let anchored = format!("^{}$", text.trim_start_matches('^').trim_end_matches('$'));
            let finding = Finding::warning("trigger-unanchored", location.clone(), message);
            let finding = finding.with_hint(format!("write {anchored}"));
            found.push(finding.repaired(job.path_of(&[field, &number.to_string()]), anchored));
        }
    }
}

/// Where a name lacks an anchor. A pattern with a wildcard at an end is open there on purpose.
fn open_ends(pattern: &str) -> Option<&'static str> {
    if pattern.contains('|') || pattern.starts_with("(?") {
        return None;
    }
    let start = pattern.starts_with('^') || pattern.starts_with(".*");
    let end = pattern.ends_with('$') || pattern.ends_with(".*") || pattern.ends_with(".+");
    match (start, end) {
        (true, true) => None,
        (false, true) => Some("at its start"),
        (true, false) => Some("at its end"),
        (false, false) => Some("at either end"),
    }
}

fn commands(job: &JobConfig, found: &mut Vec<Finding>) {
    if let (Some((trigger, rerun)), Some(new), Some(command)) = (&job.rewritten, &job.trigger, &job.rerun_command) {
        let message = format!("trigger {trigger} + rerun_command {rerun} rewritten to {} + {command}", new.joined);
        let finding = Finding::warning("trigger-rewritten", job.location_of("trigger"), message);
        let finding = finding.with_hint("leave out both; then `/test NAME` starts it");
        let finding = finding.repaired(job.path_of(&["trigger"]), &new.joined);
        found.push(finding.repaired(job.path_of(&["rerun_command"]), command));
    }
    // Where they do not fit, that is an error of its own.
    let (Some(trigger), Some(rerun)) = (&job.trigger, &job.rerun_command) else { return };
    if !trigger.is_match(rerun) {
        return;
    }
    let named = format!("/test {}", job.name);
    let comments = [rerun.as_str(), &named, "/test x", "/retest", "/ok-to-test", "/test all"];
    let reaches = |comment: &&str| comment::has_command(comment, None) && trigger.is_match(comment);
    let mut warn = |field: &str, message: String, hint: &str| {
        found.push(Finding::warning("trigger-unreachable", job.location_of(field), message).with_hint(hint));
    };
    match comments.into_iter().find(reaches) {
        None if job.needs_command() => {
            let message = format!("nothing starts this job: no comment that reaches it matches `{}`", trigger.joined);
            warn("trigger", message, "leave out `trigger`, set `always_run`, or name it without a dot");
        }
        None => {
            let message = format!("no comment starts this job: {rerun} never reaches the selection");
            warn("trigger", message, "only `/test NAME`, `/retest` and `/ok-to-test` do");
        }
        Some(works) if !comment::has_command(rerun, None) => {
            let message = format!("the comment {rerun} alone never reaches the selection");
            warn("rerun_command", message, &format!("`{works}` does"));
        }
        Some(_) => {}
    }
}

/// A push of a tag carries no commits, so no changed files.
fn tags(job: &JobConfig, found: &mut Vec<Finding>) {
    let Some(branches) = job.branches.as_ref().filter(|_| job.has_change_filter()) else { return };
    let matches = |names: &[&str], pattern: &Pattern| names.iter().any(|name| pattern.is_match(name));
    if matches(&TAGS, branches) && !matches(&BRANCHES, branches) {
        let field = if job.run_if_changed.is_some() { "run_if_changed" } else { "ignore_changes" };
        let message = format!("`{field}` on a job for tags: the push of a tag has no changed files, so it never runs");
        let finding = Finding::warning("trigger-tags", job.location_of(field), message);
        found.push(finding.with_hint(format!("leave out `{field}`")));
    }
}

fn periodic(job: &JobConfig, found: &mut Vec<Finding>) {
    for (field, name, what, is_set) in [
        ("branch", "PULL_BASE_REF", "the default branch", job.branch.is_some()),
        ("clone_uri", "REPO_URL", "the URL of origin", job.clone_uri.is_some()),
    ] {
        if !is_set {
            let message = format!("without `{field}` Lighthouse leaves {name} empty; kfleet fills in {what}");
            let finding = Finding::warning("trigger-periodic", job.location.clone(), message);
            found.push(finding.with_hint(format!("write `{field}`")));
        }
    }
}

#[cfg(test)]
#[path = "lint_tests.rs"]
mod tests;
