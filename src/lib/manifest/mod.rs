//! One Kubernetes object: its identity, its scope, and its canonical path. It does not know files or clusters.

pub mod gvk;
pub mod plural;
