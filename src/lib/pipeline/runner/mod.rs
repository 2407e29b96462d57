//! Carrying out a run: the controller, which knows Tekton's rules, and the engines, which run one step at a time.

pub mod controller;
pub mod engine;
pub mod mask;
mod mask_forms;
pub mod masking_sink;
pub mod record;
pub mod stand_ins;
