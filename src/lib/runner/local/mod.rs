//! Runs on this machine: [`LocalBackend`]. The [`controller`] knows Tekton's rules and decides which step is next; a [`step_engine`] runs one
//! step at a time.
//!
//! The [`engines`] run steps within the [`folder`] of the run, with the [`programs`] of this machine or of images. Some of
//! them start a kfleet for each step ([`beside`]), which begins in [`step_process`].

mod backend;
pub mod beside;
pub mod choice;
pub mod controller;
pub mod engines;
pub mod folder;
pub mod preflight;
pub mod programs;
pub mod settings;
mod shell;
pub mod step_engine;
pub mod step_process;

pub use backend::LocalBackend;
