//! How a cluster is synced: pairs of a GitRepository and a Kustomization that takes its manifests from it.

use super::git_repository::{GitRepository, Pin};
use super::kustomization::Kustomization;

/// A Kustomization with the source of its manifests.
#[derive(Debug, Clone)]
pub struct Pair {
    pub kustomization: Kustomization,
    /// The GitRepository that it takes its manifests from, if the cluster's folder has it.
    pub repository: Option<GitRepository>,
    /// A GitRepository beside it that nothing uses: what is pinned there has no effect.
    pub unused: Option<GitRepository>,
}

impl Pair {
    /// The revision that takes effect, if it is known.
    pub fn pin(&self) -> Option<Pin> {
        self.repository.as_ref().map(|repository| repository.reference.pin())
    }
}
