//! `kfleet vet`: lints a fleet repository. The way of a run: the repository is read into clusters
//! ([`crate::fleet::clusters`]), the rules look at them ([`catalogue`]), suppressions take out what is known, and what can be
//! repaired safely becomes edits ([`fix`]). No rule touches a file, a cluster or the network; what only the history knows
//! is asked through [`Revisions`].

mod baseline;
pub mod catalogue;
pub mod facts;
pub mod finding;
pub mod fix;
mod options;
mod patched;
mod revisions;
pub mod rule;
mod rules;
mod sarif;
mod select;
mod suppress;
mod unbuilt;

pub use baseline::Baseline;
pub use options::Options;
pub use revisions::Revisions;
pub use sarif::sarif;
pub use select::no_rule;

use crate::error::{Error, ErrorKind, Result};
use crate::fleet::clusters::{Clusters, no_fleet};
use crate::problem::Severity;
use crate::suggest::did_you_mean;
use crate::tree::Tree;
use facts::Facts;
use finding::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[derive(Debug, Clone, Default)]
pub struct Report {
    /// By file and place.
    pub findings: Vec<Finding>,
    pub suppressed: usize,
    /// How many findings the settings of the fleet file take out.
    pub excluded: usize,
    /// How many findings the baseline accepts.
    pub accepted: usize,
    /// How many findings of the baseline are not there any more.
    pub outdated: usize,
    /// How many checks of each rule need a clone, and were passed over.
    pub skipped: BTreeMap<&'static str, usize>,
    /// Whether the clone's history is cut off: what it lacks was not checked.
    pub is_shallow: bool,
    pub clusters: usize,
    pub files: usize,
}

impl Report {
    /// Takes out what a baseline accepts.
    pub fn accept(&mut self, baseline: &Baseline) {
        (self.accepted, self.outdated) = baseline.apply(&mut self.findings);
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Reads the repository at `root`. `lacking`: files that belong to it and are not in the folder, as in a sparse checkout.
///
/// # Errors
/// It cannot be read, or has neither clusters nor a fleet file.
pub fn read(root: &Path, lacking: Tree) -> Result<Clusters> {
    let clusters = Clusters::read_with(root, lacking)?;
    let repository = &clusters.repository;
    if clusters.clusters.is_empty() && repository.fleet.is_none() && repository.fleet_problems.is_empty() {
        return Err(no_fleet());
    }
    Ok(clusters)
}

/// Lints a repository.
///
/// # Errors
/// The options name a cluster that is not there ([`ErrorKind::Usage`]).
pub fn vet(fleet: &Clusters, options: &Options, revisions: Option<&dyn Revisions>) -> Result<Report> {
    for name in &options.clusters {
        if fleet.get(name).is_none() {
            let known = fleet.clusters.iter().map(|cluster| cluster.name.as_str());
            let error = Error::new(ErrorKind::Usage, format!("{} is not a cluster of this fleet", name.escape_debug()));
            return Err(match did_you_mean(name, known) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error,
            });
        }
    }
    let facts = Facts::new(fleet, options, revisions);
    let mut report = Report { clusters: facts.clusters.len(), files: facts.files.len(), ..Report::default() };
    report.is_shallow = revisions.is_some_and(Revisions::is_shallow);
    let rules = select::rules(&options.rules)?;
    let is_asked = |id: &str| rules.iter().any(|rule| rule.id == id);
    for rule in catalogue::rules() {
        let (findings, skipped) = rule.findings(&facts);
        report.findings.extend(findings);
        if skipped > 0 && is_asked(rule.id) {
            report.skipped.insert(rule.id, skipped);
        }
    }
    if let Some(rule) = catalogue::find("VET01") {
        report.suppressed = suppress::suppress(&facts, &mut report.findings, rule);
    }
    if let Some(rule) = catalogue::find("FLT01") {
        report.excluded = select::by_settings(&facts, &mut report.findings, rule);
    }
    // Only now: a suppression of a rule that is not asked for is not one that does nothing.
    report.findings.retain(|finding| is_asked(finding.rule.id));
    name_clusters(&facts, &mut report.findings);
    report.findings.sort_by(|a, b| (&a.location, a.rule.id, &a.message).cmp(&(&b.location, b.rule.id, &b.message)));
    report.findings.dedup_by(|a, b| (&a.location, a.rule.id, &a.message) == (&b.location, b.rule.id, &b.message));
    Ok(report)
}

/// Findings that name no cluster concern those whose files they are in.
fn name_clusters(facts: &Facts<'_>, findings: &mut [Finding]) {
    let files: BTreeSet<String> = findings.iter().map(|finding| finding.location.file.clone()).collect();
    let concerned = facts.clusters_of(&files.iter().map(String::as_str).collect());
    for finding in findings.iter_mut().filter(|finding| finding.clusters.is_empty()) {
        let names = concerned.get(finding.location.file.as_str());
        finding.clusters = names.into_iter().flatten().map(|name| (*name).to_owned()).collect();
    }
}

/// The findings of some rules: for commands that warn of what they meet.
pub fn findings_of(fleet: &Clusters, ids: &[&str]) -> Vec<Finding> {
    let options = Options::default();
    let facts = Facts::new(fleet, &options, None);
    let rules = catalogue::rules().filter(|rule| ids.contains(&rule.id));
    let mut findings: Vec<Finding> = rules.flat_map(|rule| rule.findings(&facts).0).collect();
    findings.sort_by(|a, b| (&a.location, a.rule.id).cmp(&(&b.location, b.rule.id)));
    findings
}
