//! kustomize's files: what kustomizations refer to, and which files a folder leads to. It reads what kustomize reads, but builds
//! nothing: patches are not applied and names do not change.

mod kustomization;
mod reach;
mod references;
mod set;

pub use kustomization::{Kustomization, NAMES};
pub use reach::Reach;
pub use references::{Reference, Target};
pub use set::Kustomizations;
