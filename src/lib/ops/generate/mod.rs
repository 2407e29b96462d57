//! `kfleet generate`: the addons of the fleet file become bases.
//!
//! The way of a run: the repository is read (`repository`), each addon's sources become requests ([`sources`]), those
//! from outside are fetched, values take the place of variables (`values`), every base is rendered in memory (`render`)
//! and compared with what is there (`plan`), and at the end each base that changes is swapped in whole (`apply`).

mod apply;
pub mod kustomization;
mod plan;
mod render;
mod repository;
pub mod sources;
mod values;

pub use apply::apply;
pub use plan::{AddonPlan, Plan, Wanted, plan, select};
pub use repository::{Repository, Unreadable, read};
