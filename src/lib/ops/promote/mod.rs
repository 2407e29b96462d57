//! `kfleet promote` and `kfleet rollback`: the pins of clusters move to a commit.
//!
//! The way of a run: the commit is found (`candidate`, which reads the clone), every destination is checked and its change
//! planned (`plan`, `destination`; pure), and only if all are right files are written ([`crate::publish`]). A pin is
//! `ref.commit` and `ref.branch` of the GitRepository that the cluster's Kustomization takes its manifests from; nothing else
//! of the destination changes.
//!
//! One addon alone has a pair of its own (`addon`), or gets one (`split`) in a way that never deletes its objects.

mod addon;
mod candidate;
mod checks;
mod destination;
mod edits;
mod message;
mod new_sync;
mod own_source;
mod pinned_addons;
mod plan;
mod previous;
mod promotion;
mod proposal;
mod refusal;
mod request;
mod snapshots;
mod split;
mod uncommitted;

pub use candidate::{Candidate, Reason, candidate_of, named, named_from};
pub use plan::{Plan, plan};
pub use previous::previous_pin;
pub use promotion::Promotion;
pub use request::Options;
pub use uncommitted::open;
