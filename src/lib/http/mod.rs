//! Downloads over https and http: the only module that fetches by URL. A [`Client`] gets one URL after another, or several
//! at a time from several threads; what comes is bytes in memory, within a limit.
//!
//! This module knows nothing of what the bytes are, and reads no environment. Rules that hold throughout:
//! - Redirections are followed here, at most ten of them, and never from https to http.
//! - A credential goes to the host that it is for, over https or to this machine, and to no other; see `credentials`.
//! - What fails in passing is tried again, after growing pauses: see [`Progress::Retrying`].
//! - A body that ends early is an error, never a short result.
//! - No error shows a credential, or the values of a URL's query.

mod agent;
mod body;
mod client;
mod credentials;
mod failure;
mod netrc;
mod response;
mod settings;
mod url;

pub use client::{Client, Progress, Request};
pub use response::Response;
pub use settings::{HostHeader, Settings};
