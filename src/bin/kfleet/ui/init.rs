//! The reports of `kfleet init`.

use super::Ui;
use crate::args::OutputFormat;
use kfleet::error::Error;
use kfleet::ops::init::adopt::Adoption;
use kfleet::ops::init::{PLACEHOLDER_URL, Plan};
use kfleet::text::count;
use std::path::Path;

/// Shows that the work of a run that was killed is done.
pub(crate) fn show_resumed(folder: &Path, format: OutputFormat, ui: &Ui) -> Result<(), Error> {
    if format == OutputFormat::Json {
        let report = serde_json::json!({"written": true, "resumed": true, "folder": folder.to_string_lossy()});
        return ui.sorted_report("InitReport", report);
    }
    ui.status(&format!("{}: the work of a run that was interrupted is done", folder.display()));
    Ok(())
}

/// Shows a new repository.
pub(crate) fn show(
    plan: &Plan,
    commit: Option<&str>,
    written: bool,
    folder: &Path,
    format: OutputFormat,
    ui: &Ui,
) -> Result<(), Error> {
    let fleet = &plan.fleet.fleet;
    let (clusters, addons) = (fleet.clusters.len(), fleet.addons.len());
    if format == OutputFormat::Json {
        let report = serde_json::json!({
            "written": written, "resumed": false,
            "folder": folder.to_string_lossy(), "url": plan.options.url, "branch": plan.options.branch,
            "commit": commit, "clusters": fleet.clusters.keys().collect::<Vec<_>>(),
            "addons": fleet.addons.keys().collect::<Vec<_>>(), "files": plan.files.keys().collect::<Vec<_>>(),
        });
        return ui.sorted_report("InitReport", report);
    }
    for path in plan.files.keys() {
        let line = format!("+ {path}");
        if !written { ui.line(&line)? } else { ui.note(&line) }
    }
    let parts = [count(clusters, "cluster"), count(addons, "addon"), count(plan.files.len(), "file")].join(", ");
    let shown = folder.display();
    match (written, commit) {
        (false, _) => ui.status(&format!("{shown}: {parts} would be written")),
        (true, None) => ui.status(&format!("{shown}: {parts}; the clusters follow the branch {}", plan.options.branch)),
        (true, Some(commit)) => {
            let short = commit.get(..12).unwrap_or(commit);
            ui.status(&format!("{shown}: {parts}; development follows the branch, the others are pinned to {short}"));
        }
    }
    if written {
        let enter = (folder != Path::new(".")).then(|| format!("cd {shown}"));
        let next = enter.iter().map(String::as_str).chain(["kfleet generate", "kfleet fmt --check ."]);
        ui.status(&format!("next: {}", next.collect::<Vec<_>>().join(" && ")));
        if plan.options.url == PLACEHOLDER_URL {
            ui.status(&format!("the URL is a placeholder, {PLACEHOLDER_URL}: README.md says where to change it"));
        }
    }
    Ok(())
}

/// Shows the fleet file of a repository that was there.
pub(crate) fn show_adoption(
    adoption: &Adoption,
    written: bool,
    folder: &Path,
    format: OutputFormat,
    ui: &Ui,
) -> Result<(), Error> {
    if format == OutputFormat::Json {
        let report = serde_json::json!({
            "written": written,
            "folder": folder.to_string_lossy(), "clusters": adoption.clusters, "addons": adoption.addons,
            "unknown": adoption.unknown, "problems": adoption.warnings, "text": adoption.text,
        });
        return ui.sorted_report("AdoptReport", report);
    }
    if !written {
        ui.data(adoption.text.as_bytes())?;
    }
    ui.problems(&adoption.warnings);
    for unknown in &adoption.unknown {
        ui.status(&format!("not known: {unknown}"));
    }
    let would = if !written { "would be written" } else { "written" };
    ui.status(&format!(
        "fleet.yaml {would}: {}, {}; {} could not be known",
        count(adoption.clusters.len(), "cluster"),
        count(adoption.addons.len(), "addon"),
        count(adoption.unknown.len(), "thing"),
    ));
    Ok(())
}
