//! `kfleet status`: the flags, and what they mean.

use crate::args::{OutputFormat, among};
use crate::context::Context;
use crate::ui::table::{self, age};
use crate::ui::{Outcome, Ui};
use kfleet::error::Error;
use kfleet::fleet::clusters::Clusters;
use kfleet::git::LocalClone;
use kfleet::ops::status::{self, Row};
use kfleet::text::count;
use kfleet::text::short;

/// Show what every cluster runs, and how far behind it is
///
/// From the repository alone: pins from the files, ages and distances from the local clone as it was fetched. BEHIND counts
/// commits behind the cluster that promotes to it by fleet.yaml, or behind its branch.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kfleet status                          one line for each cluster
  kfleet status --addons                 also the syncs that are pinned apart
  kfleet status --output dot | dot -Tsvg the order of promotion as a picture")]
pub(crate) struct Args {
    /// A line for each sync besides the flavour's
    #[arg(long)]
    pub addons: bool,
    /// The form of the report on standard output
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = among(&[OutputFormat::Text, OutputFormat::Json, OutputFormat::Dot]))]
    pub output: OutputFormat,
}

pub(crate) fn run(args: &Args, context: &Context, ui: &Ui) -> Result<Outcome, Error> {
    let root = &context.root;
    let all = Clusters::read(root)?;
    let clone = LocalClone::open(root);
    let rows = status::status(&all, clone.as_ref().ok())?;
    match args.output {
        OutputFormat::Json => ui.sorted_report(
            "StatusReport",
            serde_json::json!({
            "clusters": rows.iter().map(json).collect::<Vec<_>>(),
            }),
        )?,
        OutputFormat::Dot => ui.data(status::dot(&all, &rows).as_bytes())?,
        _ => {
            let head = ["CLUSTER", "FLAVOUR", "ENVIRONMENT", "PIN", "AGE", "BEHIND", "ADDONS", "PROBLEMS"];
            let mut lines = Vec::new();
            for row in &rows {
                lines.push(line(row, context.now));
                let addons = row.addons.iter().filter(|_| args.addons);
                lines.extend(addons.map(|(name, pin)| {
                    let pin = pin.as_deref().map_or("-", short).to_owned();
                    let mut line = vec![format!("  {name}"), String::new(), String::new(), pin];
                    line.resize(head.len(), String::new());
                    line
                }));
            }
            table::show(&head, &lines, ui)?;
            if let Err(error) = &clone {
                ui.status(&format!("note: ages and distances are not known: {error}"));
            }
            let problems: usize = rows.iter().map(|row| row.problems).sum();
            if problems > 0 {
                ui.status(&format!("{} with pins: `kfleet vet` tells more", count(problems, "problem")));
            }
        }
    }
    Ok(Outcome::Done)
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

fn json(row: &Row) -> serde_json::Value {
    let addons: Vec<serde_json::Value> =
        row.addons.iter().map(|(name, pin)| serde_json::json!({"name": name, "pin": pin})).collect();
    serde_json::json!({
        "cluster": row.cluster, "flavour": row.flavour, "environment": row.environment, "pin": row.pin,
        "ineffective": row.is_ineffective, "since": row.since, "behind": row.behind, "behindOf": row.behind_of,
        "addons": addons, "problems": row.problems,
    })
}
