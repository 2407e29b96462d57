//! `kfleet history`: the flags, and what they mean.

use crate::args::{OutputFormat, among};
use crate::context::Context;
use crate::ui::table::{self, date};
use crate::ui::{Outcome, Ui};
use kfleet::error::Error;
use kfleet::fleet::clusters::Clusters;
use kfleet::git::LocalClone;
use kfleet::ops::history::{Entry, history};
use kfleet::ops::promote;
use kfleet::text::short;

/// Show the pins that a cluster had: who moved them when, and how far
///
/// Read from the git history of the files that hold the cluster's syncs, along the branch that is checked out.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet history production        newest first
  kfleet history production -n 1   the last change")]
pub(crate) struct Args {
    /// The cluster
    #[arg(value_name = "CLUSTER")]
    pub cluster: String,
    /// At most so many changes
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// The form of the report on standard output
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = among(&[OutputFormat::Text, OutputFormat::Json]))]
    pub output: OutputFormat,
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let root = &context.root;
    let (clone, all) = (LocalClone::open(root)?, Clusters::read(root)?);
    let cluster = promote::find(&all, &args.cluster)?;
    let found = history(&clone, cluster, args.limit)?;
    if args.output == OutputFormat::Json {
        let entries: Vec<serde_json::Value> = found.entries.iter().map(json).collect();
        ui.sorted_report(
            "HistoryReport",
            serde_json::json!({
            "cluster": cluster.name, "entries": entries,
                "notes": found.notes,
            }),
        )?;
        return Ok(Outcome::Done);
    }
    found.notes.iter().for_each(|note| ui.status(&format!("note: {note}")));
    if found.entries.is_empty() {
        ui.status(&format!("{} has no sync in the history", cluster.name));
        return Ok(Outcome::Done);
    }
    let head = ["WHEN", "WHO", "KUSTOMIZATION", "FROM", "TO", "COMMITS", "SUBJECT"];
    let rows: Vec<Vec<String>> = found.entries.iter().map(row).collect();
    table::show(&head, &rows, ui)?;
    Ok(Outcome::Done)
}

fn row(entry: &Entry) -> Vec<String> {
    let pin = |pin: &Option<String>| pin.as_deref().map_or("-", short).to_owned();
    let commits = match (entry.commits, entry.is_older) {
        (Some(commits), true) => format!("-{commits}"),
        (Some(commits), false) => commits.to_string(),
        (None, _) => "-".to_owned(),
    };
    let mut subject = entry.commit.subject.clone();
    if entry.is_older {
        subject += " (rollback)";
    }
    if !entry.others.is_empty() {
        subject += &format!(" ({} changed)", entry.others.join(", "));
    }
    vec![
        date(entry.commit.time),
        entry.commit.author.clone(),
        entry.kustomization.clone(),
        pin(&entry.from),
        pin(&entry.to),
        commits,
        subject,
    ]
}

fn json(entry: &Entry) -> serde_json::Value {
    serde_json::json!({
        "commit": entry.commit.commit, "author": entry.commit.author, "time": entry.commit.time,
        "subject": entry.commit.subject, "trailers": entry.commit.trailers, "kustomization": entry.kustomization,
        "from": entry.from, "to": entry.to, "commits": entry.commits, "isRollback": entry.is_older,
        "alsoChanged": entry.others,
    })
}
