//! [`Plan`]: what a run does, planned destination by destination. Pure: what it needs of commits is asked through
//! [`Commits`].

use super::candidate::Candidate;
use super::destination;
use super::promotion::Promotion;
use super::refusal::refusal;
use super::request::{Options, Request};
use super::snapshots::Snapshots;
use crate::fleet::clusters::{Cluster, Clusters};
use crate::git::Commits;
use crate::problem::Problem;
use crate::publish::File;

/// What a run does.
#[derive(Debug)]
pub struct Plan {
    /// The commit that is promoted.
    pub candidate: Candidate,
    /// The addon whose pins move, where it is not that of the flavour.
    pub addon: Option<String>,
    /// What becomes of the destinations that are not refused.
    pub promotions: Vec<Promotion>,
    /// Destinations that were refused, with `keep_going`.
    pub refused: Vec<Problem>,
}

impl Plan {
    /// The files that are written, each once.
    pub fn files(&self) -> Vec<File> {
        self.promotions.iter().flat_map(|promotion| &promotion.files).cloned().collect()
    }

    /// Whether any pin moves.
    pub fn changes(&self) -> bool {
        self.promotions.iter().any(Promotion::changes)
    }
}

/// Plans the promotion of a commit. `source` is the cluster that it comes from, if it
/// comes from one.
///
/// # Errors
/// Every destination that is refused, and why; with `keep_going` only where all are.
pub fn plan(
    fleet: &Clusters,
    commits: &dyn Commits,
    source: Option<&Cluster>,
    candidate: Candidate,
    options: &Options,
) -> std::result::Result<Plan, Vec<Problem>> {
    let mut plan = Plan { candidate, addon: options.addon.clone(), promotions: Vec::new(), refused: Vec::new() };
    let snapshots = Snapshots::new(fleet, commits);
    let request = Request { fleet, commits, source, candidate: &plan.candidate, options, snapshots: &snapshots };
    for name in &options.destinations {
        let planned = fleet
            .find(name)
            .map_err(|error| refusal(name, &error))
            .and_then(|cluster| destination::plan(&request, cluster));
        match planned {
            Ok(promotion) => plan.promotions.push(promotion),
            Err(problem) => plan.refused.push(problem),
        }
    }
    let is_stopped = !plan.refused.is_empty() && (!options.keep_going || plan.promotions.is_empty());
    if is_stopped { Err(plan.refused) } else { Ok(plan) }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
