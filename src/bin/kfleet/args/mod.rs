//! Flags and values that several commands share.

mod log;
mod output;
mod publish;
pub(crate) mod values;

pub(crate) use log::LogFormat;
pub(crate) use output::{OutputFormat, among};
pub(crate) use publish::PublishArgs;
