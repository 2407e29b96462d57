//! The report of `kfleet history`, as text and as JSON.

use super::Ui;
use super::table::{self, date, rfc3339};
use crate::args::OutputFormat;
use kfleet::error::Error;
use kfleet::ops::history::{Entry, History};
use kfleet::text::short;
use serde_json::{Value, json};

/// Dates of a commit that are this far apart are both shown.
const A_DAY: i64 = 86_400;

/// Shows the history of a cluster.
pub(crate) fn show(cluster: &str, found: &History, format: OutputFormat, ui: &Ui) -> Result<(), Error> {
    if format == OutputFormat::Json {
        let entries: Vec<Value> = found.entries.iter().map(json).collect();
        let report = json!({"cluster": cluster, "entries": entries, "notes": found.notes});
        return ui.sorted_report("HistoryReport", report);
    }
    found.notes.iter().for_each(|note| ui.status(&format!("note: {note}")));
    if found.entries.is_empty() {
        let shown = if found.notes.is_empty() { "has no sync in the history" } else { "has no change that is known" };
        ui.status(&format!("{cluster} {shown}"));
        return Ok(());
    }
    let head = ["WHEN", "WHO", "KUSTOMIZATION", "FROM", "TO", "COMMITS", "SUBJECT"];
    let rows: Vec<Vec<String>> = found.entries.iter().map(row).collect();
    table::show(&head, &rows, ui)
}

fn row(entry: &Entry) -> Vec<String> {
    let pin = |pin: &Option<String>| pin.as_deref().map_or("-", short).to_owned();
    let commits = match (entry.commits, entry.is_older) {
        (Some(commits), true) => format!("-{commits}"),
        (Some(commits), false) => commits.to_string(),
        (None, _) => "-".to_owned(),
    };
    let mut subject = entry.commit.subject.clone();
    if entry.is_rollback {
        subject += " (rollback)";
    }
    if entry.is_ineffective {
        subject += " (without effect)";
    }
    if (entry.commit.committed - entry.commit.authored).abs() >= A_DAY {
        subject += &format!(" (authored {})", date(entry.commit.authored));
    }
    if !entry.others.is_empty() {
        subject += &format!(" ({} changed)", entry.others.join(", "));
    }
    vec![
        date(entry.commit.committed),
        entry.commit.author.clone(),
        entry.kustomization.clone(),
        pin(&entry.from),
        pin(&entry.to),
        commits,
        subject,
    ]
}

fn json(entry: &Entry) -> Value {
    json!({
        "commit": entry.commit.commit, "author": entry.commit.author,
        "committed": rfc3339(entry.commit.committed), "authored": rfc3339(entry.commit.authored),
        "subject": entry.commit.subject, "trailers": entry.commit.trailers, "kustomization": entry.kustomization,
        "from": entry.from, "to": entry.to, "commits": entry.commits, "isRollback": entry.is_rollback,
        "isIneffective": entry.is_ineffective,        "alsoChanged": entry.others,
    })
}
