//! The rule of Kubernetes' own APIs: versions that the clusters' version does not serve any more.

use crate::manifest::Edit;
use crate::ops::vet::rules::{Facts, Findings, Rule, is_generated_base};

pub(in crate::ops::vet::rules) const RULES: &[Rule] = &[Rule::error(
    "API04",
    "a version of Kubernetes' APIs that is removed",
    removed,
)
.fixable()
.explained(
    "The API server of the clusters' version does not know this version of the kind: the object cannot be applied.\n\
         `--kubernetes-version` names another version than the newest that kfleet knows. The fix writes the newer\n\
         version where the fields have stayed the same; bases that `kfleet generate` writes are left to their sources.",
)];

/// Group, version, kind (all where it is empty), the minor version that removed it, what is current, and whether only the
/// version has changed.
const REMOVED: &[(&str, &str, &str, u32, &str, bool)] = &[
    ("extensions", "v1beta1", "Ingress", 22, "networking.k8s.io/v1", false),
    ("extensions", "v1beta1", "NetworkPolicy", 16, "networking.k8s.io/v1", true),
    ("extensions", "v1beta1", "PodSecurityPolicy", 16, "", false),
    ("extensions", "v1beta1", "", 16, "apps/v1", false),
    ("apps", "v1beta1", "", 16, "apps/v1", false),
    ("apps", "v1beta2", "", 16, "apps/v1", false),
    ("networking.k8s.io", "v1beta1", "Ingress", 22, "networking.k8s.io/v1", false),
    ("networking.k8s.io", "v1beta1", "IngressClass", 22, "networking.k8s.io/v1", true),
    ("rbac.authorization.k8s.io", "v1alpha1", "", 22, "rbac.authorization.k8s.io/v1", true),
    ("rbac.authorization.k8s.io", "v1beta1", "", 22, "rbac.authorization.k8s.io/v1", true),
    ("apiextensions.k8s.io", "v1beta1", "", 22, "apiextensions.k8s.io/v1", false),
    ("apiregistration.k8s.io", "v1beta1", "", 22, "apiregistration.k8s.io/v1", true),
    (
        "admissionregistration.k8s.io",
        "v1beta1",
        "MutatingWebhookConfiguration",
        22,
        "admissionregistration.k8s.io/v1",
        false,
    ),
    (
        "admissionregistration.k8s.io",
        "v1beta1",
        "ValidatingWebhookConfiguration",
        22,
        "admissionregistration.k8s.io/v1",
        false,
    ),
    ("authentication.k8s.io", "v1beta1", "TokenReview", 22, "authentication.k8s.io/v1", true),
    ("authorization.k8s.io", "v1beta1", "", 22, "authorization.k8s.io/v1", false),
    ("certificates.k8s.io", "v1beta1", "CertificateSigningRequest", 22, "certificates.k8s.io/v1", false),
    ("coordination.k8s.io", "v1beta1", "Lease", 22, "coordination.k8s.io/v1", true),
    ("scheduling.k8s.io", "v1beta1", "PriorityClass", 22, "scheduling.k8s.io/v1", true),
    ("storage.k8s.io", "v1beta1", "CSIStorageCapacity", 27, "storage.k8s.io/v1", true),
    ("storage.k8s.io", "v1beta1", "CSIDriver", 22, "storage.k8s.io/v1", true),
    ("storage.k8s.io", "v1beta1", "CSINode", 22, "storage.k8s.io/v1", true),
    ("storage.k8s.io", "v1beta1", "StorageClass", 22, "storage.k8s.io/v1", true),
    ("storage.k8s.io", "v1beta1", "VolumeAttachment", 22, "storage.k8s.io/v1", true),
    ("batch", "v2alpha1", "CronJob", 21, "batch/v1", true),
    ("batch", "v1beta1", "CronJob", 25, "batch/v1", true),
    ("discovery.k8s.io", "v1beta1", "EndpointSlice", 25, "discovery.k8s.io/v1", false),
    ("events.k8s.io", "v1beta1", "Event", 25, "events.k8s.io/v1", false),
    ("node.k8s.io", "v1beta1", "RuntimeClass", 25, "node.k8s.io/v1", true),
    ("policy", "v1beta1", "PodDisruptionBudget", 25, "policy/v1", true),
    ("policy", "v1beta1", "PodSecurityPolicy", 25, "", false),
    ("autoscaling", "v2beta1", "HorizontalPodAutoscaler", 25, "autoscaling/v2", false),
    ("autoscaling", "v2beta2", "HorizontalPodAutoscaler", 26, "autoscaling/v2", true),
    ("flowcontrol.apiserver.k8s.io", "v1beta1", "", 26, "flowcontrol.apiserver.k8s.io/v1", false),
    ("flowcontrol.apiserver.k8s.io", "v1beta2", "", 29, "flowcontrol.apiserver.k8s.io/v1", false),
    ("flowcontrol.apiserver.k8s.io", "v1beta3", "", 32, "flowcontrol.apiserver.k8s.io/v1", false),
];

fn removed(facts: &Facts<'_>, found: &mut Findings) {
    let (_, minor) = facts.options.kubernetes;
    for object in &facts.objects {
        let is_it = |group: &str, version: &str, kind: &str| {
            object.group() == group && object.version() == version && (kind.is_empty() || kind == object.kind())
        };
        let row = REMOVED.iter().find(|(group, version, kind, ..)| is_it(group, version, kind));
        let Some((group, version, _, since, current, is_mechanical)) = row.filter(|row| row.3 <= minor) else {
            continue;
        };
        let message = format!("{}: {group}/{version} was removed with Kubernetes 1.{since}", object.shown());
        let hint = match *current {
            "" => "remove it: nothing takes its place in the API".to_owned(),
            current => format!("write {current}{}", if *is_mechanical { "" } else { "; its fields differ" }),
        };
        let finding = found.add(object.location(&["apiVersion"]), message).hint(hint);
        // An empty selector has come to mean all pods, not none.
        let selector = object.get(&["spec", "selector"]);
        let is_empty = selector.is_none_or(|selector| selector.as_object().is_some_and(serde_json::Map::is_empty));
        let is_safe = *is_mechanical && !(object.kind() == "PodDisruptionBudget" && is_empty);
        if is_safe && !is_generated_base(facts, object.file) {
            finding.fix([Edit::set(&object.origin(), &["apiVersion"], *current)]);
        }
    }
}
