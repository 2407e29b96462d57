//! Pipelines, typed: which jobs an event starts ([`trigger`]), what their Tekton objects mean ([`tekton`]), and how a run
//! of one is carried out ([`runner`]). Data flows one way:
//!
//! ```text
//! files, event -> trigger: jobs with parameters -> tekton: one validated plan -> runner: task by task, on an engine
//! ```
//!
//! The behaviour of Lighthouse and Tekton that is reproduced is that of mid 2026 (Tekton 1.15).

pub mod event;
pub mod finding;
pub mod given;
pub mod job;
pub mod log;
pub mod objects;
pub mod preflight;
pub mod runner;
pub mod task_run;
pub mod tekton;
pub mod trigger;
