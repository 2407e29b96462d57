//! `kfleet generate`: the addons of the fleet file become bases.
//!
//! The way of a run: the repository is read (`repository`), each addon's sources become requests ([`sources`]), those
//! from outside are fetched (`fetch`, `artifact`) and charts rendered (`charts`), values take the place of variables (`values`), every
//! base is laid out in memory (`render`) and compared with what is there (`plan`), and at the end each base that changes is
//! swapped in whole (`apply`).

mod apply;
mod artifact;
mod charts;
mod fetch;
pub mod kustomization;
mod local;
pub mod memory;
mod plan;
mod render;
mod repository;
pub mod sources;
mod values;

pub use apply::apply;
pub use fetch::{Failure, Fetched, Progress, Remotes, fetch};
pub use plan::{AddonPlan, Plan, Wanted, plan, select};
pub use repository::{Repository, Selection, Unreadable, read};
