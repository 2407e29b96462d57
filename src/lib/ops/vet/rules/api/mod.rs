//! Rules of API versions: those of Flux, and those of Kubernetes.

pub(super) mod flux;
pub(super) mod kubernetes;
