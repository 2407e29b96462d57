//! Running pipelines: what happens in a run is a stream of [`event`]s, from which the [`log`] and the [`record`] are made once
//! secrets are masked ([`masking_sink`]). What carries out a run is a [`backend`]; the one of this machine is in [`local`].
//!
//! What Tekton's rules are is known by [`crate::tekton`], which hands in a plan.

pub mod backend;
pub mod cancel;
pub mod event;
pub mod local;
pub mod log;
pub mod mask;
mod mask_forms;
pub mod masking_sink;
pub mod object_flags;
pub mod record;
