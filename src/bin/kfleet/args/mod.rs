//! Flags and values that several commands share.

mod header;
mod output;

pub(crate) use header::HeaderFromEnv;
pub(crate) use output::{OutputFormat, among};
