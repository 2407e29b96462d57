//! Which jobs of `.lighthouse/triggers.yaml` an event starts, and why, as Lighthouse decides it.
//!
//! ```text
//! trees -> load: configuration, all errors -> select (event, context): a decision and a reason for each job -> jobs
//! ```
//!
//! Nothing here touches files, git or the network: trees and events are handed in. What a job's Tekton object means is
//! not known here.

pub mod config;
pub mod event;
pub mod finding;
pub mod job;
pub mod reason;
pub mod template;
pub mod webhook;

mod comment;
mod context;
mod cron;
mod decode;
mod document;
mod lint;
mod load;
mod parameters;
mod schema;
mod select;
mod trust;
mod validate;

pub use config::{Config, JobConfig};
pub use context::Context;
pub use event::{Event, HeadRepository, Pull, Repository, TriggerEvent, User};
pub use finding::Finding;
pub use lint::{RULES, lint};
pub use load::{ConfigFrom, Loaded, Side, is_trigger_file, load, load_from, merge};
pub use parameters::{build_job, injected};
pub use reason::{Cause, Reason};
pub use select::{Decision, Selection, select};
pub use trust::Trust;
pub use validate::validate;
pub use webhook::{Saved, is_signed, read_event};

#[cfg(test)]
mod load_tests;
#[cfg(test)]
mod select_tests;
