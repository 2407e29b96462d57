//! Flux's objects, typed, and its rules for them. Pure: manifests come in.

pub mod api_versions;
pub mod duration;
mod git_repository;
mod instance;
mod kustomization;
pub mod migration;
mod names;
pub mod revision;
mod source_reference;
mod sync;
pub mod url;

pub use git_repository::{GitRepository, Pin, Reference};
pub use instance::sync_of_instance;
pub use kustomization::Kustomization;
pub use names::{FLUX_SYSTEM, HELM, IMAGE, KUSTOMIZE, NOTIFICATION, ObjectName, SOURCE};
pub use source_reference::{SourceReference, named_sources};
pub use sync::Pair;
