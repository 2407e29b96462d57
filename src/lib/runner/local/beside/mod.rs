//! The process beside a step: a kfleet that an engine has `start`ed, `supervise`s the program of the step, and says what
//! became of it by the `protocol`. It knows nothing of engines and tasks.

pub(crate) mod program;
pub(crate) mod protocol;
pub(crate) mod signals;
pub(crate) mod start;
pub(crate) mod supervise;
pub mod terminal;
