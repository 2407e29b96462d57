//! Programs: the only module that starts any. A [`Program`] runs without a terminal, with an environment that the caller
//! spells out, for a limited time, in a process group of its own; what it prints is data with a limit of size.
//!
//! This module knows nothing of what the programs do, and reads no environment. Rules that hold throughout:
//! - Arguments go to the program as they are; no shell is in between.
//! - A program is looked up in the `PATH` that it is given, not in that of this process.
//! - What a program says reaches an error only as [`Output::complaint`] makes it: its last lines, without control
//!   characters and without the secrets that the caller has named.

mod environment;
mod output;
mod run;

pub use environment::Environment;
pub use output::{Output, Status};
pub use run::Program;
