//! Flags and values that several commands share.

mod output;

pub(crate) use output::{OutputFormat, among};
