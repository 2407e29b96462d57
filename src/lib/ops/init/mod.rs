//! `kfleet init`: a new fleet repository, or the fleet file of one that is there.
//!
//! The way of a new repository: the folder is looked at ([`survey`]), all files are made in memory, bases included
//! ([`plan`]), and at the end they and two commits appear in one step ([`apply`]). The way of an existing one is in
//! [`adopt`].

pub mod adopt;
mod apply;
mod scaffold;
mod survey;

pub use apply::{Made, apply, resume};
pub use scaffold::{Options, PLACEHOLDER_URL, Plan, SCHEMA_FILE, plan, schema_text};
pub use survey::{Survey, survey};
