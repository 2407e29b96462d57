//! Helm charts: from a server into memory ([`Helm::fetch`]), and from memory into manifests ([`Helm::render`]).
//!
//! Both are left to the user's own `helm` program, version 3 or 4, so that registry logins, repository logins and proxies
//! work as they do for the user. This module is the only one that knows helm's flags and words; it knows nothing of the
//! fleet file. Rules that hold throughout:
//! - The user's settings of helm are read, never written: all that helm writes goes to a private folder that vanishes.
//! - Rendering needs neither the network nor a cluster, and sees nothing of the user's environment. Dependencies must be
//!   in the chart.
//! - Plain http is spoken with servers of this machine only.
//! - A repository's password reaches neither a command line nor an error.
//! - The same chart, values and helm give the same bytes, unless the chart makes up random or dated values.

mod failure;
mod fetch;
mod program;
mod render;

pub use fetch::{Fetched, RemoteChart};
pub use program::{Helm, INHERITED};
pub use render::{Chart, Release, Rendered};
