//! Carrying out a run: the controller, which knows Tekton's rules, and the engines, which run one step at a time.
//!
//! Three engines carry out the same [`crate::tekton::task_run::TaskRun`]: [`sandbox`] (Linux), [`process`] and [`container`]. All
//! of them keep a run in one [`folder`], show a step the same table of mounts ([`mounts`]), and attend to it in the same
//! way (`child`); the first two put a kfleet beside it (`space`, [`supervise`]).

mod abandoned;
mod beneath;
mod child;
pub mod container;
pub mod controller;
mod disk;
pub mod folder;
pub mod mounts;
pub mod options;
pub mod preflight;
pub mod process;
mod protocol;
#[cfg(target_os = "linux")]
pub mod sandbox;
pub mod shims;
mod space;
pub mod step;
pub mod step_engine;
pub mod step_variables;
pub mod supervise;
pub mod terminal;
pub mod tools;
mod variables;
