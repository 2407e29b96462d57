//! Carrying out a run: the controller, which knows Tekton's rules, and the engines, which run one step at a time.
//!
//! Three engines carry out the same [`super::task_run::TaskRun`]: [`sandbox`] (Linux), [`process`] and [`container`]. All
//! of them keep a run in one [`folder`], show a step the same table of places ([`view`]), and attend to it in the same
//! way (`child`); the first two put a kfleet beside it (`space`, [`supervise`]).

mod abandoned;
mod beneath;
mod child;
pub mod container;
pub mod controller;
mod disk;
pub mod engine;
pub mod folder;
pub mod mask;
mod mask_forms;
pub mod masking_sink;
pub mod options;
pub mod process;
mod protocol;
pub mod record;
#[cfg(target_os = "linux")]
pub mod sandbox;
mod space;
pub mod stand_ins;
pub mod step;
pub mod step_variables;
pub mod supervise;
pub mod terminal;
pub mod tools;
mod variables;
pub mod view;
