//! The report of `kfleet status`, as text, as JSON and as a graph.

use super::Ui;
use super::table::{self, age, rfc3339};
use crate::args::OutputFormat;
use kfleet::error::Error;
use kfleet::ops::status::Row;
use kfleet::text::{count, short};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What is shown besides the clusters.
pub(crate) struct Shown<'a> {
    /// Whether each sync besides the flavour's has a line.
    pub addons: bool,
    /// The time, in seconds since 1970.
    pub now: i64,
    /// The cluster that promotes to each cluster.
    pub sources: &'a BTreeMap<String, String>,
    /// Why ages and distances are not known.
    pub unknown: Option<&'a Error>,
}

/// Shows the state of a fleet.
pub(crate) fn show(rows: &[Row], shown: &Shown<'_>, format: OutputFormat, ui: &Ui) -> Result<(), Error> {
    match format {
        OutputFormat::Json => {
            return ui.sorted_report("StatusReport", json!({"clusters": rows.iter().map(json).collect::<Vec<_>>()}));
        }
        OutputFormat::Dot => return ui.data(dot(rows, shown.sources).as_bytes()),
        _ => {}
    }
    let head = ["CLUSTER", "FLAVOUR", "ENVIRONMENT", "PIN", "AGE", "BEHIND", "ADDONS", "PROBLEMS"];
    let mut lines = Vec::new();
    for row in rows {
        lines.push(line(row, shown.now));
        let addons = row.addons.iter().filter(|_| shown.addons);
        lines.extend(addons.map(|(name, pin)| {
            let pin = pin.as_deref().map_or("-", short).to_owned();
            let mut line = vec![format!("  {name}"), String::new(), String::new(), pin];
            line.resize(head.len(), String::new());
            line
        }));
    }
    table::show(&head, &lines, ui)?;
    if let Some(error) = shown.unknown {
        ui.status(&format!("note: ages and distances are not known: {error}"));
    }
    let problems: usize = rows.iter().map(|row| row.problems).sum();
    if problems > 0 {
        ui.status(&format!("{} with pins: `kfleet vet` shows more", count(problems, "problem")));
    }
    Ok(())
}

fn line(row: &Row, now: i64) -> Vec<String> {
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let pin = row.pin.as_deref().map_or("-", short);
    let pin = if row.is_ineffective { format!("{pin} (pin without effect)") } else { pin.to_owned() };
    let behind = match (row.behind, &row.behind_of) {
        (Some(0), _) => "0".to_owned(),
        (Some(behind), Some(of)) => format!("{behind} ({of})"),
        _ => "-".to_owned(),
    };
    let nothing_if_zero = |number: usize| if number == 0 { "-".to_owned() } else { number.to_string() };
    vec![
        row.cluster.clone(),
        known(&row.flavour),
        known(&row.environment),
        pin,
        row.since.map_or("-".to_owned(), |since| age(since, now)),
        behind,
        nothing_if_zero(row.addons.len()),
        nothing_if_zero(row.problems),
    ]
}

fn json(row: &Row) -> Value {
    let addons: Vec<Value> = row.addons.iter().map(|(name, pin)| json!({"name": name, "pin": pin})).collect();
    json!({
        "cluster": row.cluster, "flavour": row.flavour, "environment": row.environment, "pin": row.pin,
        "ineffective": row.is_ineffective, "since": row.since.map(rfc3339), "behind": row.behind, "behindOf": row.behind_of,
        "addons": addons, "problems": row.problems,
    })
}

/// The order of promotion as a graph for Graphviz.
fn dot(rows: &[Row], sources: &BTreeMap<String, String>) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut out = "digraph fleet {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for row in rows {
        let pin = row.pin.as_deref().map_or("no sync", short);
        let label = quoted(&format!("{}\n{pin}", row.cluster)).replace('\n', "\\n");
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {} [label={label}];", quoted(&row.cluster));
    }
    for (to, from) in sources {
        let _ = writeln!(out, "  {} -> {};", quoted(from), quoted(to));
    }
    out + "}\n"
}
