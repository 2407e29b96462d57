//! The rules, in one file or folder for each group of ids. A rule is an entry of the `RULES` of its file, with its explanation and
//! the function that looks for its findings; a new file is listed in [`GROUPS`].

mod api;
mod bootstrap;
mod capi;
mod fleet_file;
mod kustomize;
mod lighthouse;
mod pins;
mod resources;
pub(super) mod secrets;
mod sources;
mod suppressions;
mod syncs;

// What every rule needs, by one path.
use super::facts::Facts;
use super::finding::Findings;
use super::rule::Rule;
use crate::path::is_within;

/// All rules, in the order of the reference.
pub(super) const GROUPS: &[&[Rule]] = &[
    pins::RULES,                 // PIN: which commit a cluster runs
    pins::mixed::RULES,          // PIN08
    api::flux::RULES,            // API: versions of Flux's APIs
    api::kubernetes::RULES,      // API04
    sources::RULES,              // SRC: where manifests and charts come from
    syncs::RULES,                // KST, PRN: Flux's Kustomizations
    syncs::order::RULES,         // KST02
    syncs::variables::RULES,     // KST06, KST07
    kustomize::RULES,            // KUS: kustomizations as files
    kustomize::patches::RULES,   // KUS06
    resources::RULES,            // RES: the objects themselves
    secrets::RULES,              // SEC: secrets and rights
    capi::RULES,                 // CAP: Cluster API
    bootstrap::RULES,            // BST: what bootstrap writes
    lighthouse::triggers::RULES, // LHT: triggers
    lighthouse::tekton::RULES,   // LHT03
    fleet_file::RULES,           // FLT: the fleet file
    suppressions::RULES,         // VET: vet itself
];

/// Whether a file belongs to a base that `kfleet generate` writes.
fn is_generated_base(facts: &Facts<'_>, file: &str) -> bool {
    let bases = &facts.repository.paths.bases;
    facts
        .repository
        .fleet
        .as_ref()
        .is_some_and(|fleet| fleet.fleet.addons.keys().any(|addon| is_within(file, &format!("{bases}/{addon}"))))
}

/// Whether a file holds the components of Flux, which are generated and not to be edited.
fn is_components(file: &str) -> bool {
    file.ends_with("/gotk-components.yaml")
}
