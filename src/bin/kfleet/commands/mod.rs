//! The commands, one file each: flags become options of an operation, and its report is shown.

pub(crate) mod completions;
pub(crate) mod fmt;
pub(crate) mod generate;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod kfmt;
pub(crate) mod man;
mod pins;
pub(crate) mod promote;
pub(crate) mod rollback;
pub(crate) mod run_pipeline;
pub(crate) mod status;
pub(crate) mod version;
pub(crate) mod vet;
