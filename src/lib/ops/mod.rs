//! What kfleet does: one module per command, each with options, a plan, and a report.

pub mod fmt;
pub mod generate;
pub mod history;
pub mod init;
pub mod promote;
pub mod run_pipeline;
pub mod status;
pub mod vet;
