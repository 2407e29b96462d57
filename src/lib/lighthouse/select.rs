//! Which jobs an event starts.

use super::comment;
use super::config::{Config, JobConfig};
use super::context::Context;
use super::event::{Event, Pull, TriggerEvent, short_ref};
use super::finding::Finding;
use super::parameters::build_job;
use super::reason::{Cause, Reason};
use super::trust;
use crate::lighthouse::job::{Job, JobKind};
use crate::problem::Location;
use crate::text::{count, plain};
use std::collections::BTreeSet;

/// What an event does.
#[derive(Debug, Clone)]
pub struct Selection {
    /// One for each job, in the order of the configuration.
    pub decisions: Vec<Decision>,
    /// Why the run must not be trusted, whoever asked for it.
    pub untrusted: Option<String>,
}

/// What becomes of one job.
#[derive(Debug, Clone)]
pub struct Decision {
    pub name: String,
    pub kind: JobKind,
    pub location: Location,
    pub context: String,
    pub selected: bool,
    /// Whether it was looked at: if it is not started then, its status becomes "Skipped.".
    pub considered: bool,
    pub reason: Reason,
    /// What to run; only of selected jobs.
    pub job: Option<Job>,
    /// Why there is nothing to run although it is selected.
    pub problem: Option<Finding>,
}

impl Selection {
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.decisions.iter().filter_map(|decision| decision.job.as_ref())
    }

    /// The commit statuses that become "Skipped.": those that no started job has.
    pub fn skipped_contexts(&self) -> BTreeSet<&str> {
        let started = |context: &str| self.decisions.iter().any(|other| other.selected && other.context == context);
        let skipped = self.decisions.iter().filter(|decision| decision.considered && !decision.selected);
        skipped.map(|decision| decision.context.as_str()).filter(|context| !started(context)).collect()
    }
}

/// Decides for each job. A job is started once, however many commands a comment has.
pub fn select(config: &Config, event: &Event, context: &Context) -> Selection {
    let gate = gate(event, context);
    let decide = |job: &JobConfig| {
        let verdict = decide(job, event, context, &gate);
        let (built, problem) = match verdict.selected.then(|| build_job(job, event, context)).transpose() {
            Ok(built) => (built, None),
            Err(problem) => (None, Some(*problem)),
        };
        Decision {
            name: job.name.clone(),
            kind: job.kind,
            location: job.location.clone(),
            context: job.context.clone(),
            selected: verdict.selected,
            considered: verdict.considered,
            reason: verdict.reason,
            job: built,
            problem,
        }
    };
    Selection { decisions: config.jobs.iter().map(decide).collect(), untrusted: event.untrusted() }
}

struct Verdict {
    selected: bool,
    considered: bool,
    reason: Reason,
}

impl Verdict {
    fn no(cause: Cause, detail: impl Into<String>) -> Verdict {
        Verdict { selected: false, considered: false, reason: Reason::new(cause, detail) }
    }

    /// Adds why the event is trusted, where the job is started.
    fn asked_by(mut self, trusted: &str) -> Verdict {
        self.reason.details.extend((!trusted.is_empty() && self.selected).then(|| trusted.to_owned()));
        self
    }
}

/// What holds for all jobs of an event: why they are looked at, or why none is.
fn gate(event: &Event, context: &Context) -> Result<String, Reason> {
    let nothing = |why: String| Err(Reason::new(Cause::NothingStarted, why));
    match &event.trigger {
        TriggerEvent::PullRequest { action, base_changed, label, .. } => match action.as_str() {
            "opened" | "reopened" | "synchronize" => {}
            "edited" if *base_changed => {}
            "edited" => return nothing("an edit starts jobs only if it changes the base".to_owned()),
            "labeled" if label.as_deref() == Some("lgtm") => {}
            "labeled" => return nothing("only the label lgtm starts jobs".to_owned()),
            "ready_for_review" | "converted_to_draft" if context.skip_drafts => {}
            "ready_for_review" | "converted_to_draft" => {
                return nothing(format!("action {action} starts jobs only where drafts are skipped"));
            }
            other => return nothing(format!("action {} starts no jobs", plain(other))),
        },
        TriggerEvent::Comment { action, body, pull, .. } => {
            let Some(pull) = pull else { return nothing("the comment is on an issue".to_owned()) };
            if action != "created" && action != "submitted" {
                return nothing(format!("a comment that is {} starts no jobs", plain(action)));
            }
            if !pull.is_open {
                return nothing("the pull request is not open".to_owned());
            }
            if !comment::has_command(body, context.command.as_deref()) {
                let why = "the comment has no line with `/test NAME`, `/retest` or `/ok-to-test`";
                return nothing(format!("{why}, so Lighthouse looks at no job"));
            }
        }
        TriggerEvent::Push { after, deleted, .. } => {
            if *deleted || (!after.is_empty() && after.bytes().all(|b| b == b'0')) {
                return nothing("the push deletes its ref".to_owned());
            }
        }
        TriggerEvent::DeploymentStatus { .. } | TriggerEvent::Periodic { .. } => {}
    }
    trust::decide(&event.trigger, context).map_err(|why| Reason::new(Cause::Untrusted, why))
}

fn decide(job: &JobConfig, event: &Event, context: &Context, gate: &Result<String, Reason>) -> Verdict {
    let is_for = match job.kind {
        JobKind::Presubmit => event.pull().is_some() || matches!(event.trigger, TriggerEvent::Comment { .. }),
        JobKind::Postsubmit => matches!(event.trigger, TriggerEvent::Push { .. }),
        JobKind::Periodic => matches!(event.trigger, TriggerEvent::Periodic { .. }),
        JobKind::Deployment => matches!(event.trigger, TriggerEvent::DeploymentStatus { .. }),
    };
    if !is_for {
        return Verdict::no(Cause::OtherEvent, format!("{}; event is {}", job.kind.name(), event.name()));
    }
    let trusted = match gate {
        Ok(trusted) => trusted,
        Err(reason) => return Verdict { selected: false, considered: false, reason: reason.clone() },
    };
    match &event.trigger {
        TriggerEvent::PullRequest { pull, .. } => presubmit(job, &as_pull_request(job), pull).asked_by(trusted),
        TriggerEvent::Comment { body, pull: Some(pull), .. } => {
            presubmit(job, &as_comment(job, body, context), pull).asked_by(trusted)
        }
        TriggerEvent::Comment { .. } => Verdict::no(Cause::NothingStarted, "the comment is on an issue"),
        TriggerEvent::Push { reference, files, .. } => postsubmit(job, reference, files.as_deref()),
        TriggerEvent::DeploymentStatus { state, environment, .. } => deployment(job, state, environment),
        TriggerEvent::Periodic { name } if *name == job.name => {
            Verdict { selected: true, considered: true, reason: Reason::new(Cause::Event, "periodic of this name") }
        }
        TriggerEvent::Periodic { name } => Verdict::no(Cause::OtherName, format!("periodic {name} was asked for")),
    }
}

/// Whether a presubmit is looked at, and how.
struct Match {
    matched: bool,
    forced: bool,
    default: bool,
    cause: Cause,
    why: String,
}

/// What a change of a pull request asks of a job.
fn as_pull_request(job: &JobConfig) -> Match {
    let (matched, cause, why) = if job.always_run {
        (true, Cause::AlwaysRun, "always_run".to_owned())
    } else if job.has_change_filter() {
        (true, Cause::Changes, "runs by changed files".to_owned())
    } else {
        let command = job.rerun_command.as_deref().unwrap_or("a command");
        let why = format!("neither always_run nor a change filter: only a comment such as {command} starts it");
        (false, Cause::OnlyByCommand, why)
    };
    Match { matched, forced: false, default: false, cause, why }
}

/// What a comment asks of a job: the first command that does counts.
fn as_comment(job: &JobConfig, body: &str, context: &Context) -> Match {
    if let Some(trigger) = job.trigger.as_ref().filter(|trigger| trigger.is_match(body)) {
        let line = body.lines().find(|line| trigger.is_match(line)).unwrap_or(&trigger.joined);
        let why = format!("its trigger matches `{}`", plain(line.trim()));
        return Match { matched: true, forced: true, default: false, cause: Cause::Command, why };
    }
    let mut refused = Vec::new();
    if comment::is_retest(body) {
        let failed = context.failed_contexts.contains(&job.context);
        let has_status = failed || context.other_contexts.contains(&job.context);
        if failed || (!has_status && !job.needs_command()) {
            let what = if failed { "failed" } else { "has no status yet" };
            let why = format!("/retest: its context {} {what}", job.context);
            return Match { matched: true, forced: false, default: true, cause: Cause::Command, why };
        }
        refused.push(format!("/retest: its context {} has not failed", job.context));
    }
    if let Some(command) = comment::asks_for_all(body) {
        let as_pull_request = as_pull_request(job);
        return Match { why: format!("{command}: {}", as_pull_request.why), ..as_pull_request };
    }
    let trigger = job.trigger.as_ref().map(|trigger| format!("`{}`", trigger.joined)).unwrap_or_default();
    refused.insert(0, format!("its trigger {trigger} does not match the comment"));
    Match { matched: false, forced: false, default: false, cause: Cause::Command, why: refused.join("; ") }
}

/// The core of presubmits.
fn presubmit(job: &JobConfig, asked: &Match, pull: &Pull) -> Verdict {
    if !asked.matched {
        return Verdict::no(asked.cause, asked.why.clone());
    }
    let mut reason = Reason::new(asked.cause, asked.why.clone());
    let (fits, branch) = branch_rule(job, "base branch", &pull.base_ref);
    reason.details.push(branch);
    if !fits {
        return Verdict { selected: false, considered: false, reason: Reason { cause: Cause::Branch, ..reason } };
    }
    if !asked.forced && job.has_change_filter() {
        let (selected, changes) = change_rule(job, pull.files.as_deref());
        reason.details.push(changes);
        let cause = if selected { asked.cause } else { Cause::Changes };
        return Verdict { selected, considered: true, reason: Reason { cause, ..reason } };
    }
    if asked.forced && job.has_change_filter() {
        reason.details.push("changed files do not count".to_owned());
    }
    Verdict { selected: job.always_run || asked.forced || asked.default, considered: true, reason }
}

fn postsubmit(job: &JobConfig, reference: &str, files: Option<&[String]>) -> Verdict {
    let (name, is_tag) = short_ref(reference);
    let what = match (is_tag, reference.starts_with("refs/")) {
        (true, _) => "tag",
        (false, true) => "branch",
        // Where a commit is checked out, and no branch.
        (false, false) => "commit",
    };
    let (fits, branch) = branch_rule(job, what, name);
    if !fits {
        return Verdict::no(Cause::Branch, branch);
    }
    let mut reason = Reason::new(Cause::Event, branch);
    if !job.has_change_filter() {
        return Verdict { selected: true, considered: true, reason };
    }
    let (selected, changes) = change_rule(job, files);
    reason.cause = Cause::Changes;
    reason.details.push(changes);
    Verdict { selected, considered: true, reason }
}

fn deployment(job: &JobConfig, state: &str, environment: &str) -> Verdict {
    if !job.state.is_empty() && job.state != state {
        return Verdict::no(Cause::Deployment, format!("state is {}, not {}", plain(state), job.state));
    }
    if !job.environment.is_empty() && !job.environment.eq_ignore_ascii_case(environment) {
        let environment = plain(environment);
        return Verdict::no(Cause::Deployment, format!("environment is {environment}, not {}", job.environment));
    }
    let any = |value: &str| if value.is_empty() { "any".to_owned() } else { value.to_owned() };
    let why = format!("state: {}; environment: {}", any(&job.state), any(&job.environment));
    Verdict { selected: true, considered: true, reason: Reason::new(Cause::Event, why) }
}

/// Whether a branch or tag is one of the job's.
fn branch_rule(job: &JobConfig, what: &str, name: &str) -> (bool, String) {
    let shown = plain(name);
    if let Some(skip) = job.skip_branches.as_ref().filter(|skip| skip.is_match(name)) {
        return (false, format!("{what} {shown} matches `{}` of skip_branches", skip.matching(name)));
    }
    match &job.branches {
        None => (true, "no branch filter".to_owned()),
        Some(branches) if branches.is_match(name) => {
            (true, format!("{what} {shown} matches `{}`", branches.matching(name)))
        }
        Some(branches) => {
            let texts: Vec<String> = branches.texts.iter().map(|text| format!("`{text}`")).collect();
            (false, format!("{what} {shown} does not match {}", texts.join(" or ")))
        }
    }
}

/// Whether a changed file makes the job run.
fn change_rule(job: &JobConfig, files: Option<&[String]>) -> (bool, String) {
    let Some(files) = files else { return (false, "the changed files are not known".to_owned()) };
    let ignored = |file: &&String| job.ignore_changes.as_ref().is_some_and(|ignore| ignore.is_match(file));
    let left: Vec<&String> = files.iter().filter(|file| !ignored(file)).collect();
    let wanted = |file: &&&String| job.run_if_changed.as_ref().is_none_or(|wanted| wanted.is_match(file));
    match (left.iter().find(wanted), &job.run_if_changed) {
        (Some(file), Some(_)) => (true, format!("{} matched by run_if_changed", plain(file))),
        (Some(file), None) => (true, format!("{} not matched by ignore_changes", plain(file))),
        (None, _) if files.is_empty() => (false, "no file is changed".to_owned()),
        (None, _) if left.is_empty() => {
            (false, format!("ignore_changes matches all of {}", count(files.len(), "changed file")))
        }
        (None, _) => (false, format!("run_if_changed matches none of {}", count(left.len(), "changed file"))),
    }
}
