//! The engines, which run one step at a time: in a [`sandbox`] (Linux), as a plain [`process`], or in a [`container`].
//!
//! All of them keep an attempt at a task in the same way (`workspace`) and attend to a step that runs in the same way
//! (`attend`); the first two have a kfleet beside it (`supervised`).

pub(crate) mod attend;
pub mod container;
pub mod environment;
pub mod process;
#[cfg(target_os = "linux")]
pub mod sandbox;
pub(crate) mod supervised;
pub(crate) mod workspace;
