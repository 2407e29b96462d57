//! `kfleet generate`: the addons of the fleet file become bases.
//!
//! The way of a run: [`read`] takes a snapshot of the repository, [`fetch`] gets what is not in it and renders charts,
//! [`plan`] works out every base and the lock in memory ([`crate::addon`]), and [`apply`] swaps in each base that changes.

mod apply;
mod fetch;
mod plan;
mod removed;
mod repository;

pub use apply::apply;
pub use fetch::{Failure, Fetched, fetch};
pub use plan::{Plan, Refused, plan};
pub use removed::Removed;
pub use repository::{Lockedness, Repository, Selection, Unreadable, read};
