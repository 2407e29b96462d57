//! The reports of `kfleet generate`.

use super::{Outcome, Ui, files, table};
use crate::args::OutputFormat;
use kfleet::addon::AddonPlan;
use kfleet::error::Error;
use kfleet::layout::{Action, FileAction};
use kfleet::ops::generate::{Lockedness, Plan, Refused, Repository};
use kfleet::problem::Problem;
use kfleet::text::count;
use serde::Serialize;

/// Shows what was done, or would be done.
pub(crate) fn show(plan: &Plan, write: bool, diffs: bool, format: OutputFormat, ui: &Ui) -> Result<(), Error> {
    if format == OutputFormat::Json {
        return ui.report("GenerateReport", &GenerateReport::new(plan, write, diffs));
    }
    ui.problems(&plan.warnings);
    for addon in &plan.addons {
        addon.files.iter().try_for_each(|file| files::show(file, diffs, write, ui))?;
        let text = format!("{}: {}", name_and_version(addon), summary(addon));
        if addon.changes() { ui.status(&text) } else { ui.note(&text) }
    }
    for removed in &plan.removed {
        removed.files.iter().try_for_each(|file| files::show(file, diffs, write, ui))?;
        let deleted = if write { "deleted" } else { "would be deleted" };
        ui.status(&format!("{}: {} {deleted}, {}", removed.name, removed.folder, count(removed.files.len(), "file")));
    }
    let changed = plan.addons.iter().filter(|addon| addon.changes()).count();
    let unchanged = plan.addons.len() - changed;
    let would = if write { "" } else { " would be" };
    let mut parts = Vec::new();
    if changed > 0 {
        parts.push(format!("{changed}{would} written"));
    }
    if unchanged > 0 {
        parts.push(format!("{unchanged} up to date"));
    }
    if !plan.removed.is_empty() {
        parts.push(format!("{}{would} deleted", count(plan.removed.len(), "old base")));
    }
    if plan.lock_changes {
        parts.push(if write { "fleet.lock written".to_owned() } else { "fleet.lock would be written".to_owned() });
    }
    match plan.addons.len() {
        0 if parts.is_empty() => ui.status("fleet.yaml names no addon"),
        addons => ui.status(&format!("{}: {}", count(addons, "addon"), parts.join(", "))),
    }
    Ok(())
}

fn name_and_version(addon: &AddonPlan) -> String {
    match &addon.version {
        Some(version) => format!("{} {version}", addon.name),
        None => addon.name.clone(),
    }
}

/// `25 objects: 2 added, 1 changed`.
fn summary(addon: &AddonPlan) -> String {
    let mut parts = Vec::new();
    for (action, word) in [(Action::Create, "added"), (Action::Update, "changed"), (Action::Remove, "removed")] {
        let number = addon.count(action);
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    let objects = count(addon.objects, "object");
    if parts.is_empty() && addon.changes() {
        return format!("{objects}, kustomization.yaml changed");
    }
    if parts.is_empty() { format!("{objects}, up to date") } else { format!("{objects}: {}", parts.join(", ")) }
}

/// Shows the problems of a run that changed nothing.
pub(crate) fn refuse(refused: &Refused, format: OutputFormat, ui: &Ui) -> Result<Outcome, Error> {
    let Refused { kind, problems } = refused;
    if format == OutputFormat::Json {
        let report = serde_json::json!({"written": false, "addons": [], "problems": problems});
        ui.sorted_report("GenerateReport", report)?;
    } else {
        files::show_refusal(problems, ui);
    }
    Ok(Outcome::Ended(*kind))
}

/// What a run did, or would do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerateReport<'a> {
    written: bool,
    lock_changes: bool,
    addons: Vec<AddonReport<'a>>,
    /// The bases of addons that the fleet file no longer names.
    deleted: Vec<DeletedBase<'a>>,
    problems: &'a [Problem],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AddonReport<'a> {
    name: &'a str,
    version: Option<&'a str>,
    objects: usize,
    added: usize,
    changed: usize,
    removed: usize,
    files: Vec<FileReport<'a>>,
}

#[derive(Debug, Serialize)]
struct DeletedBase<'a> {
    name: &'a str,
    path: &'a str,
    files: Vec<FileReport<'a>>,
}

#[derive(Debug, Serialize)]
struct FileReport<'a> {
    path: &'a str,
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<&'a str>,
}

impl<'a> GenerateReport<'a> {
    fn new(plan: &'a Plan, written: bool, diffs: bool) -> Self {
        let files = |files: &'a [FileAction]| {
            let report = |file: &'a FileAction| FileReport {
                path: &file.path,
                action: file.action,
                diff: file.diff.as_deref().filter(|_| diffs),
            };
            files.iter().map(report).collect()
        };
        let addons = plan.addons.iter().map(|addon| AddonReport {
            name: &addon.name,
            version: addon.version.as_deref(),
            objects: addon.objects,
            added: addon.count(Action::Create),
            changed: addon.count(Action::Update),
            removed: addon.count(Action::Remove),
            files: files(&addon.files),
        });
        let deleted = plan.removed.iter().map(|removed| DeletedBase {
            name: &removed.name,
            path: &removed.folder,
            files: files(&removed.files),
        });
        GenerateReport {
            written,
            lock_changes: plan.lock_changes,
            addons: addons.collect(),
            deleted: deleted.collect(),
            problems: &plan.warnings,
        }
    }
}

/// A line of `--list`.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    addon: &'a str,
    version: &'a str,
    source: String,
    lock: &'static str,
}

/// Shows the sources of addons, and what the lock says of them.
pub(crate) fn list(repository: &Repository, format: OutputFormat, ui: &Ui) -> Result<(), Error> {
    let mut lines = Vec::new();
    for wanted in &repository.wanted {
        let version = repository.file.fleet.addons.get(&wanted.name).and_then(|addon| addon.version.as_deref());
        for request in &wanted.requests {
            let lock = match repository.lockedness(&wanted.name, &request.asked) {
                Lockedness::InRepository => "in the repository",
                Lockedness::Locked => "locked",
                Lockedness::Stale => "stale",
                Lockedness::Missing => "missing",
            };
            let source = request.shown();
            lines.push(Listed { addon: &wanted.name, version: version.unwrap_or("-"), source, lock });
        }
    }
    if format == OutputFormat::Json {
        return ui.sorted_report("GenerateList", serde_json::json!({"sources": lines}));
    }
    let cells =
        |line: Listed<'_>| vec![line.addon.to_owned(), line.version.to_owned(), line.lock.to_owned(), line.source];
    let rows: Vec<Vec<String>> = lines.into_iter().map(cells).collect();
    table::show(&["ADDON", "VERSION", "LOCK", "SOURCE"], &rows, ui)
}
