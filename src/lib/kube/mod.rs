//! The only module that talks to a cluster. [`connection::blocking`] is the synchronous door: it connects, and runs
//! asynchronous work with a [`client::Client`] until a deadline. Nothing here knows a flag of the command line: errors
//! have a [`failure::Reason`], by which callers add the hint that names theirs.

pub mod client;
pub mod connection;
pub mod discovery;
pub mod failure;
pub mod kind;
mod kubeconfig;
mod step;
