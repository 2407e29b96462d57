//! The versions of Flux's APIs: which minor version of Flux removed which of them, and the fields of the current ones. A new
//! version of Flux changes the tables here; [`super::migration`] rewrites objects of the old versions.

use super::names::{HELM, IMAGE, KUSTOMIZE, NOTIFICATION, SOURCE};

/// A version of an API group that Flux does not serve any more.
#[derive(Debug)]
pub struct RemovedVersion {
    pub group: &'static str,
    pub version: &'static str,
    /// The minor version of Flux 2 that removed it; 0 if none of Flux 2 ever had it.
    pub since: u32,
    /// The version to write in its place.
    pub current: &'static str,
}

const fn removed(group: &'static str, version: &'static str, since: u32, current: &'static str) -> RemovedVersion {
    RemovedVersion { group, version, since, current }
}

const REMOVED: &[RemovedVersion] = &[
    removed(SOURCE, "v1alpha1", 0, "v1"),
    removed(SOURCE, "v1beta1", 7, "v1"),
    removed(SOURCE, "v1beta2", 8, "v1"),
    removed(KUSTOMIZE, "v1alpha1", 0, "v1"),
    removed(KUSTOMIZE, "v1beta1", 7, "v1"),
    removed(KUSTOMIZE, "v1beta2", 8, "v1"),
    removed(HELM, "v2alpha1", 0, "v2"),
    removed(HELM, "v2beta1", 7, "v2"),
    removed(HELM, "v2beta2", 8, "v2"),
    removed(IMAGE, "v1alpha1", 0, "v1"),
    removed(IMAGE, "v1alpha2", 0, "v1"),
    removed(IMAGE, "v1beta1", 7, "v1"),
    removed(IMAGE, "v1beta2", 9, "v1"),
    removed(NOTIFICATION, "v1beta1", 7, "v1 (Receiver) or v1beta3 (Alert, Provider)"),
    removed(NOTIFICATION, "v1beta2", 9, "v1 (Receiver) or v1beta3 (Alert, Provider)"),
];

/// The kinds of Flux's API groups, of versions that are served and of those that were removed.
const KINDS: [(&str, &[&str]); 5] = [
    (SOURCE, &["GitRepository", "OCIRepository", "HelmRepository", "HelmChart", "Bucket", "ExternalArtifact"]),
    (KUSTOMIZE, &["Kustomization"]),
    (HELM, &["HelmRelease"]),
    (IMAGE, &["ImageRepository", "ImagePolicy", "ImageUpdateAutomation"]),
    (NOTIFICATION, &["Alert", "Provider", "Receiver"]),
];

/// The kinds of one of Flux's API groups; nothing for other groups.
pub fn kinds_of(group: &str) -> Option<&'static [&'static str]> {
    KINDS.iter().find(|(known, _)| *known == group).map(|(_, kinds)| *kinds)
}

/// Fields of the `spec` of a Kustomization.
const KUSTOMIZATION: &str = "
    buildMetadata commonMetadata components decryption deletionPolicy dependsOn force healthCheckExprs
    healthChecks ignore ignoreMissingComponents images interval kubeConfig namePrefix nameSuffix patches path
    postBuild prune retryInterval serviceAccountName sourceRef suspend targetNamespace timeout wait";

/// Fields of the `spec` of a GitRepository.
const GIT_REPOSITORY: &str = "
    ignore include interval provider proxySecretRef recurseSubmodules ref secretRef serviceAccountName
    sparseCheckout suspend timeout url verify";

/// Fields of `spec` that older versions had, and what to do instead.
const REMOVED_FIELDS: &[(&str, &str)] = &[
    ("validation", "remove it: Flux validates by server-side apply"),
    ("patchesJson6902", "write `patches`, each with `target` and `patch` as text"),
    ("patchesStrategicMerge", "write `patches`, each with `patch` as text"),
    ("gitImplementation", "remove it: there is one implementation"),
    ("accessFrom", "remove it: it never came into use"),
];

/// What is known of a version that a version of Flux, as major and minor, does not serve any more.
pub fn removal(group: &str, version: &str, flux: (u32, u32)) -> Option<&'static RemovedVersion> {
    REMOVED.iter().find(|row| row.group == group && row.version == version).filter(|row| (2, row.since) <= flux)
}

/// The fields of `spec` in the current version, of the kinds that kfleet knows in full.
pub fn fields_of(group: &str, kind: &str) -> Option<impl Iterator<Item = &'static str> + Clone> {
    match (group, kind) {
        (KUSTOMIZE, "Kustomization") => Some(KUSTOMIZATION.split_whitespace()),
        (SOURCE, "GitRepository") => Some(GIT_REPOSITORY.split_whitespace()),
        _ => None,
    }
}

/// What to do with a field of `spec` that older versions had.
pub fn replacement_of(field: &str) -> Option<&'static str> {
    REMOVED_FIELDS.iter().find(|(name, _)| *name == field).map(|(_, hint)| *hint)
}

/// Major and minor of a version such as `v2.7.0` or `1.36`.
pub fn minor_of(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix('v').unwrap_or(version).split('.');
    let major = parts.next()?.parse().ok()?;
    let minor: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
    Some((major, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!((minor_of("v2.7.0"), minor_of("1.36"), minor_of("x")), (Some((2, 7)), Some((1, 36)), None));
    }
}
