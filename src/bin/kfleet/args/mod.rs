//! Flags and values that several commands share.

mod output;
mod publish;

pub(crate) use output::{OutputFormat, among};
pub(crate) use publish::PublishArgs;
