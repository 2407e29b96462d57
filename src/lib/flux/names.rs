//! What Flux calls its API groups and its own sync, and how its objects name each other.

use crate::manifest::Manifest;

pub const SOURCE: &str = "source.toolkit.fluxcd.io";
pub const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
pub const HELM: &str = "helm.toolkit.fluxcd.io";
pub const IMAGE: &str = "image.toolkit.fluxcd.io";
pub const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";
/// The namespace of Flux, and the name of its own sync.
pub const FLUX_SYSTEM: &str = "flux-system";

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    pub namespace: String,
    pub name: String,
}

impl ObjectName {
    pub(super) fn of(object: &Manifest<'_>) -> ObjectName {
        ObjectName { namespace: object.namespace().to_owned(), name: object.name().to_owned() }
    }

    /// Whether this is the name of Flux's own sync.
    pub fn is_flux_system(&self) -> bool {
        self.name == FLUX_SYSTEM && (self.namespace.is_empty() || self.namespace == FLUX_SYSTEM)
    }
}
