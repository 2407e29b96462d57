//! What Tekton objects mean, as pure functions: from files to one typed run ([`load`]), and from that to one plan ([`mod@plan`]).
//! Nothing here runs a step or reaches a cluster.
//!
//! ```text
//! files -> node -> load -> types -> check -> plan -> TaskRun: what the runner carries out
//! ```
//!
//! A field of Tekton has its type in [`types`], is read in the file of the same name in `load/parse/`, is checked in
//! `check/`, and is listed in [`variables::fields`] if `$(..)` is replaced in it.

mod check;
pub mod load;
#[cfg(test)]
pub(crate) mod mk;
mod node;
pub mod plan;
mod report;
pub mod types;
pub mod variables;

pub use plan::{matrix, needs, params, prepare, resolve, results, show, timeouts, when};
pub use types::{objects, task_run};
pub use variables::{fields, references, substitute};
