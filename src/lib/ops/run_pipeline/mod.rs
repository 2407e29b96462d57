//! `kfleet run-pipeline`: pipelines of the repository, run with the work tree as it is.
//!
//! The way of a call ([`Session`]): the repository is taken as it is ([`Checkout`]), the jobs are selected ([`select`]), each
//! is loaded and planned ([`Prepared`]), what is missing is reported, and a backend carries the plans out with a
//! throwaway remote in the place of the real one. What was pushed there is reported, and brought in where that is asked for.

mod checkout;
mod configuration;
mod event;
mod files;
mod fleet_tools;
mod lint;
mod lost_paths;
mod options;
mod prepare;
mod remote;
mod repository_map;
mod run;
pub mod select;
mod session;

pub use checkout::Checkout;
pub use lint::Linted;
pub use options::{Asked, Options, RemoteOptions};
pub use prepare::{Preparation, Prepared};
pub use run::Report;
pub use session::{Edges, Refusal, Session};
