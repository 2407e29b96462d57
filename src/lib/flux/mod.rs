//! Flux's objects, typed, and its rules for them. Pure: manifests come in.

pub mod sync;
