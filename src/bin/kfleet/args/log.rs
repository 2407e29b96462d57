//! The format of the log of a run.

/// The format of the log of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// What fits where kfleet runs.
    Auto,
    /// Text.
    Text,
    /// One JSON object on each line.
    Json,
}
