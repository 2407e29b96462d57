//! Flags and values that several commands share.

mod header;
mod log;
mod output;
mod publish;
pub(crate) mod values;

pub(crate) use header::HeaderFromEnv;
pub(crate) use log::LogFormat;
pub(crate) use output::{OutputFormat, among, json_is_asked};
pub(crate) use publish::PublishArgs;
