//! The report of a promotion or a rollback, as text and as JSON.

use super::Ui;
use crate::args::OutputFormat;
use kfleet::error::Error;
use kfleet::forge::PullRequest;
use kfleet::ops::promote::{Plan, Promotion, Reason};
use kfleet::problem::Problem;
use kfleet::publish::Published;
use kfleet::text::{count, short};
use serde::Serialize;

const KIND: &str = "PromoteReport";

/// Shows why nothing was planned.
pub(crate) fn show_refusal(problems: &[Problem], format: OutputFormat, ui: &Ui) -> Result<(), Error> {
    if format == OutputFormat::Json {
        return ui.report(KIND, &PromoteReport { problems, ..PromoteReport::default() });
    }
    ui.problems(problems);
    ui.status("nothing was written");
    Ok(())
}

/// Shows what a plan does, and what was done of it: nothing where it was only asked for.
pub(crate) fn show(plan: &Plan, done: Option<&Published>, format: OutputFormat, ui: &Ui) -> Result<(), Error> {
    let is_written = done.is_some_and(|published| !published.is_found());
    if format == OutputFormat::Json {
        return ui.report(KIND, &PromoteReport::new(plan, is_written, done));
    }
    ui.problems(&plan.refused);
    let commit = &plan.candidate.commit;
    let why = match &plan.candidate.reason {
        Reason::Pinned(source) => format!("what {source} is pinned to"),
        Reason::Newest { cluster, branch } => format!("the newest commit of {branch}, which {cluster} follows"),
        Reason::Named => "as named".to_owned(),
        Reason::Previous(cluster) => format!("the pin that {cluster} had before"),
    };
    ui.status(&format!("{} {}: {why}", short(&commit.commit), commit.subject));
    plan.candidate.notes.iter().for_each(|note| ui.status(&format!("note: {note}")));
    for promotion in &plan.promotions {
        describe(promotion, plan.addon.as_deref(), done.is_none(), ui)?;
    }
    let moved = plan.promotions.iter().filter(|promotion| promotion.changes()).count();
    let would = if is_written { "" } else { "would be " };
    ui.status(&match moved {
        0 if done.is_some_and(|done| done.pushed.is_some()) => {
            format!("nothing to write: what was committed before{}", rest(done).replacen("; commit", ", up to", 1))
        }
        0 => "nothing to do: every destination has this commit already".to_owned(),
        moved => format!("{} {would}moved{}", count(moved, "pin"), rest(done)),
    });
    Ok(())
}

/// What became of the change after it was written.
fn rest(done: Option<&Published>) -> String {
    let nothing = Published::default();
    let published = done.unwrap_or(&nothing);
    if let Some(proposed) = &published.pull_request {
        let is_new = if proposed.is_new { "" } else { ", which is open already" };
        return format!("; pull request {}: {}{is_new}", proposed.number, proposed.url);
    }
    match (&published.commit, &published.pushed) {
        (_, Some(pushed)) if pushed.rebased => {
            format!(
                "; commit {} is pushed to {}, on top of what others had pushed",
                short(&pushed.commit),
                pushed.remote
            )
        }
        (_, Some(pushed)) if published.pushed_before > 0 => {
            let before = count(published.pushed_before, "commit");
            format!("; commit {} is pushed to {}, with {before} before it", short(&pushed.commit), pushed.remote)
        }
        (_, Some(pushed)) => format!("; commit {} is pushed to {}", short(&pushed.commit), pushed.remote),
        (Some(commit), None) => format!("; commit {}: push it to make it take effect", short(commit)),
        (None, None) => "; commit and push the change to make it take effect".to_owned(),
    }
}

fn describe(promotion: &Promotion, addon: Option<&str>, dry_run: bool, ui: &Ui) -> Result<(), Error> {
    if !promotion.changes() {
        ui.status(&format!("{}: unchanged", promotion.cluster));
        return Ok(());
    }
    let from = promotion.from.as_deref().map_or("no sync", short);
    let commits = match promotion.commits {
        Some(commits) if promotion.is_older => format!(", {} back", count(commits, "commit")),
        Some(commits) => format!(", {}", count(commits, "commit")),
        None => String::new(),
    };
    let what = addon.unwrap_or("its flavour");
    let files = match &promotion.changed_files {
        None if promotion.from.is_some() => ", what changes is not known: the clone lacks that commit".to_owned(),
        None => String::new(),
        Some(files) if files.is_empty() => format!(", nothing that {what} is made from changes"),
        Some(files) => format!(", {} of {what}", count(files.len(), "file")),
    };
    ui.status(&format!("{}: {from} -> {}{commits}{files}", promotion.cluster, short(&promotion.to)));
    if let Some((old, new)) = &promotion.path {
        ui.status(&format!("  path: {old} -> {new}"));
    }
    promotion.notes.iter().for_each(|note| ui.status(&format!("  {note}")));
    for commit in &promotion.between {
        let sign = if promotion.is_older { '-' } else { '+' };
        ui.note(&format!("  {sign} {} {}", short(&commit.commit), commit.subject));
    }
    promotion.changed_files.iter().flatten().for_each(|file| ui.note(&format!("    {file}")));
    if dry_run {
        promotion.files.iter().try_for_each(|file| ui.diff(&file.diff()))?;
    }
    Ok(())
}

/// What was done, or would be.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct PromoteReport<'a> {
    written: bool,
    addon: Option<&'a str>,
    commit: Option<&'a str>,
    committed: Option<&'a str>,
    pushed: bool,
    pull_request: Option<PullRequestReport<'a>>,
    promotions: Vec<PromotionReport<'a>>,
    problems: &'a [Problem],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PromotionReport<'a> {
    cluster: &'a str,
    from: Option<&'a str>,
    to: &'a str,
    changed: bool,
    commits: Option<usize>,
    is_older: bool,
    is_split: bool,
    changed_files: Option<&'a [String]>,
    files: Vec<&'a str>,
    notes: &'a [String],
}

impl<'a> PromoteReport<'a> {
    fn new(plan: &'a Plan, written: bool, done: Option<&'a Published>) -> Self {
        let promotions = plan.promotions.iter().map(|promotion| PromotionReport {
            cluster: &promotion.cluster,
            from: promotion.from.as_deref(),
            to: &promotion.to,
            changed: promotion.changes(),
            commits: promotion.commits,
            is_older: promotion.is_older,
            is_split: promotion.is_split,
            changed_files: promotion.changed_files.as_deref(),
            files: promotion.files.iter().map(|file| file.path.as_str()).collect(),
            notes: &promotion.notes,
        });
        let pushed = done.and_then(|done| done.pushed.as_ref());
        PromoteReport {
            written,
            addon: plan.addon.as_deref(),
            commit: Some(&plan.candidate.commit.commit),
            committed: pushed.map(|pushed| &*pushed.commit).or(done.and_then(|done| done.commit.as_deref())),
            pushed: pushed.is_some(),
            pull_request: done.and_then(|done| done.pull_request.as_ref()).map(PullRequestReport::new),
            promotions: promotions.collect(),
            problems: &plan.refused,
        }
    }
}

/// A pull request in a report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PullRequestReport<'a> {
    number: u64,
    url: &'a str,
    is_new: bool,
}

impl<'a> PullRequestReport<'a> {
    fn new(found: &'a PullRequest) -> Self {
        PullRequestReport { number: found.number, url: &found.url, is_new: found.is_new }
    }
}
