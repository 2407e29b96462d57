//! The built-in table of Kubernetes kinds, current and removed, with their plurals and scopes. It is generated from
//! Kubernetes' own API sources by `tools/kinds` and sorted by group, kind and version.

use std::sync::OnceLock;

use super::scope::Scope;

static TEXT: &str = include_str!("kinds.tsv");
static TABLE: OnceLock<Vec<BuiltinKind>> = OnceLock::new();

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltinKind {
    /// The API group; empty for the core group.
    pub group: &'static str,
    pub version: &'static str,
    pub kind: &'static str,
    /// The name of the resource in the API, in lower case.
    pub plural: &'static str,
    /// Whether its objects live in namespaces.
    pub scope: Scope,
}

/// Every row, sorted by group, kind and version.
pub fn all() -> &'static [BuiltinKind] {
    TABLE.get_or_init(|| TEXT.lines().filter_map(parse_row).collect())
}

/// The rows of one group and kind, one per version; empty when the table has none.
pub fn versions_of(group: &str, kind: &str) -> &'static [BuiltinKind] {
    let rows = all();
    let start = rows.partition_point(|row| (row.group, row.kind) < (group, kind));
    let rest = &rows[start..];
    &rest[..rest.partition_point(|row| (row.group, row.kind) == (group, kind))]
}

fn parse_row(line: &'static str) -> Option<BuiltinKind> {
    if line.starts_with('#') {
        return None;
    }
    let mut columns = line.split('\t');
    let (group, version, kind) = (columns.next()?, columns.next()?, columns.next()?);
    let (plural, scope) = (columns.next()?, Scope::parse(columns.next()?)?);
    Some(BuiltinKind { group, version, kind, plural, scope })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::plural::kfmt_plural;
    use std::collections::BTreeSet;

    /// The scopes that kfmt 0.7.0 carries: group (`-` is the core), scope, versions, kinds.
    const KFMT_SCOPES: &str = "
        - C v1 ComponentStatus Namespace Node PersistentVolume
        - N v1 ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController
        - N v1 ResourceQuota Secret Service ServiceAccount
        admissionregistration.k8s.io C v1,v1beta1 MutatingWebhookConfiguration ValidatingWebhookConfiguration
        admissionregistration.k8s.io C v1alpha1,v1beta1 ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding
        apiextensions.k8s.io C v1,v1beta1 CustomResourceDefinition
        apiregistration.k8s.io C v1,v1beta1 APIService
        imagepolicy.k8s.io C v1alpha1 ImageReview
        internal.apiserver.k8s.io C v1alpha1 StorageVersion
        apps N v1,v1beta1,v1beta2 Deployment StatefulSet ControllerRevision
        apps N v1,v1beta2 DaemonSet ReplicaSet
        extensions N v1beta1 DaemonSet Deployment Ingress NetworkPolicy ReplicaSet
        authentication.k8s.io C v1,v1alpha1,v1beta1 SelfSubjectReview
        authentication.k8s.io C v1,v1beta1 TokenReview
        authorization.k8s.io N v1,v1beta1 LocalSubjectAccessReview
        authorization.k8s.io C v1,v1beta1 SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview
        autoscaling N v1,v2,v2beta1,v2beta2 HorizontalPodAutoscaler
        batch N v1,v1beta1 CronJob
        batch N v1 Job
        coordination.k8s.io N v1,v1beta1 Lease
        discovery.k8s.io N v1,v1beta1 EndpointSlice
        events.k8s.io N v1,v1beta1 Event
        certificates.k8s.io C v1,v1beta1 CertificateSigningRequest
        certificates.k8s.io C v1alpha1 ClusterTrustBundle
        flowcontrol.apiserver.k8s.io C v1beta1,v1beta2,v1beta3 FlowSchema PriorityLevelConfiguration
        networking.k8s.io N v1,v1beta1 Ingress
        networking.k8s.io N v1 NetworkPolicy
        networking.k8s.io C v1,v1beta1 IngressClass
        networking.k8s.io C v1alpha1 ClusterCIDR IPAddress
        node.k8s.io C v1,v1alpha1,v1beta1 RuntimeClass
        policy N v1,v1beta1 Eviction PodDisruptionBudget
        rbac.authorization.k8s.io N v1,v1alpha1,v1beta1 Role RoleBinding
        rbac.authorization.k8s.io C v1,v1alpha1,v1beta1 ClusterRole ClusterRoleBinding
        scheduling.k8s.io C v1,v1alpha1,v1beta1 PriorityClass
        resource.k8s.io N v1alpha2 PodSchedulingContext ResourceClaim ResourceClaimTemplate
        resource.k8s.io C v1alpha2 ResourceClass
        storage.k8s.io N v1,v1alpha1,v1beta1 CSIStorageCapacity
        storage.k8s.io C v1,v1alpha1,v1beta1 VolumeAttachment
        storage.k8s.io C v1,v1beta1 CSIDriver CSINode StorageClass";

    /// Kinds whose true plural is not what kfmt guesses. All are namespaced, so no path has their plural.
    const KFMT_GUESSES_WRONG: [(&str, &str, &str); 4] = [
        ("CSIStorageCapacity", "csistoragecapacities", "csistoragecapacitys"),
        ("Endpoints", "endpoints", "endpointses"),
        ("ResourceClaimParameters", "resourceclaimparameters", "resourceclaimparameterses"),
        ("ResourceClassParameters", "resourceclassparameters", "resourceclassparameterses"),
    ];

    fn find(group: &str, version: &str, kind: &str) -> Option<&'static BuiltinKind> {
        versions_of(group, kind).iter().find(|row| row.version == version)
    }

    #[test]
    fn every_line_is_a_row_and_rows_are_sorted() {
        let lines = TEXT.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(all().len(), lines);
        assert!(all().is_sorted_by(|a, b| (a.group, a.kind, a.version) < (b.group, b.kind, b.version)));
    }

    #[test]
    fn versions_of_a_kind_agree() {
        for row in all() {
            let first = &versions_of(row.group, row.kind)[0];
            assert_eq!((row.scope, row.plural), (first.scope, first.plural), "{row:?}");
        }
        assert!(versions_of("", "Deployment").is_empty());
        assert!(versions_of("zzz", "Zzz").is_empty());
    }

    #[test]
    fn has_all_that_kfmt_knows() {
        let mut groups = BTreeSet::new();
        let mut count = 0;
        for line in KFMT_SCOPES.lines().skip(1) {
            let mut words = line.split_whitespace();
            let group = words.next().unwrap().trim_start_matches('-');
            let scope = if words.next() == Some("C") { Scope::Cluster } else { Scope::Namespaced };
            let versions = words.next().unwrap();
            groups.insert(group);
            for kind in words {
                for version in versions.split(',') {
                    let row = find(group, version, kind).unwrap_or_else(|| panic!("{group}/{version} {kind}"));
                    assert_eq!(row.scope, scope, "{row:?}");
                    count += 1;
                }
            }
        }
        assert_eq!((count, groups.len()), (128, 24));
        assert!(groups.iter().eq(crate::layout::path::UNNAMED_GROUPS.iter()));
    }

    #[test]
    fn has_removed_and_new_kinds() {
        use Scope::{Cluster, Namespaced};
        let cases = [
            ("", "v1", "Binding", Namespaced),
            ("admissionregistration.k8s.io", "v1alpha1", "InitializerConfiguration", Cluster),
            ("auditregistration.k8s.io", "v1alpha1", "AuditSink", Cluster),
            ("batch", "v2alpha1", "CronJob", Namespaced),
            ("extensions", "v1beta1", "PodSecurityPolicy", Cluster),
            ("policy", "v1beta1", "PodSecurityPolicy", Cluster),
            ("networking.k8s.io", "v1", "ServiceCIDR", Cluster),
            ("resource.k8s.io", "v1alpha1", "PodScheduling", Namespaced),
            ("settings.k8s.io", "v1alpha1", "PodPreset", Namespaced),
            ("storagemigration.k8s.io", "v1alpha1", "StorageVersionMigration", Cluster),
        ];
        for (group, version, kind, scope) in cases {
            assert_eq!(find(group, version, kind).map(|row| row.scope), Some(scope), "{group}/{version} {kind}");
        }
        for kind in ["Scale", "PodList", "ListOptions", "Status", "DeploymentRollback"] {
            assert!(all().iter().all(|row| row.kind != kind), "{kind} is not a kind of its own");
        }
    }

    #[test]
    fn plurals_agree_with_kfmt_but_for_the_listed() {
        let rows: Vec<_> = all().iter().filter(|row| row.plural != kfmt_plural(row.kind)).collect();
        assert!(rows.iter().all(|row| row.scope == Scope::Namespaced));
        let wrong: BTreeSet<_> = rows.iter().map(|row| (row.kind, row.plural, kfmt_plural(row.kind))).collect();
        let listed = KFMT_GUESSES_WRONG.map(|(kind, plural, guess)| (kind, plural, guess.to_owned()));
        assert!(wrong.iter().eq(listed.iter()), "{wrong:?}");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test looks for the corpus")]
    fn has_all_that_a_server_serves() {
        let Some(corpus) = std::env::var_os("KFLEET_CORPUS") else {
            eprintln!("SKIPPED has_all_that_a_server_serves: KFLEET_CORPUS is not set");
            return;
        };
        let text = std::fs::read_to_string(std::path::Path::new(&corpus).join("kubernetes-1.37-kinds.tsv")).unwrap();
        let mut count = 0;
        for line in text.lines().skip(1) {
            let columns: Vec<_> = line.split('\t').collect();
            let (group, version) = columns[0].split_once('/').unwrap_or(("", columns[0]));
            let row = find(group, version, columns[1]).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((row.plural, Some(row.scope)), (columns[2], Scope::parse(columns[3])), "{line}");
            count += 1;
        }
        assert!(count > 90, "only {count} rows");
    }
}
