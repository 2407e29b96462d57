//! Carrying out a run: the controller, which knows Tekton's rules, and the engines, which run one step at a time.

pub mod controller;
pub mod engine;
