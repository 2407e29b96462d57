//! In which order objects are applied, so that each finds what it needs: a pure rule.
//!
//! It is that of Flux's apply (`ApplyAllStaged` and `sort.go` of github.com/fluxcd/pkg/ssa v0.76.2): first definitions
//! (CustomResourceDefinition, Namespace, ClusterRole), which must work before the rest; then kinds whose name ends in
//! `Class`; then everything else; within a stage by kind in a fixed order, then by group, kind, namespace and name. Unlike
//! Flux's it has no stage for kinds that the caller names, and nothing waits for classes.

use super::object::metadata;
use serde_json::Value;
use std::collections::BTreeSet;

const FIRST: [&str; 23] = [
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// The stages that are not empty, each sorted.
pub fn stages(objects: &[Value]) -> Vec<Vec<&Value>> {
    let mut stages: [Vec<&Value>; 3] = Default::default();
    for object in objects {
        stages[stage(object)].push(object);
    }
    for stage in &mut stages {
        stage.sort_by_cached_key(|object| {
            let (group, kind) = group_kind(object);
            let texts = [group, kind, metadata(object, "namespace"), metadata(object, "name")];
            (rank(kind), texts.map(str::to_owned))
        });
    }
    stages.into_iter().filter(|stage| !stage.is_empty()).collect()
}

fn stage(object: &Value) -> usize {
    match group_kind(object) {
        _ if is_crd(object) => 0,
        ("", "Namespace") | ("rbac.authorization.k8s.io", "ClusterRole") => 0,
        (_, kind) if kind.ends_with("Class") => 1,
        _ => 2,
    }
}

fn rank(kind: &str) -> usize {
    let after = FIRST.len() + 1;
    let first = FIRST.iter().position(|known| *known == kind);
    let last = LAST.iter().position(|known| *known == kind).map(|place| after + place);
    first.or(last).unwrap_or(FIRST.len())
}

/// The group and the kind as the object names them.
pub(super) fn group_kind(object: &Value) -> (&str, &str) {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    (group, object["kind"].as_str().unwrap_or_default())
}

pub(super) fn is_crd(object: &Value) -> bool {
    group_kind(object) == ("apiextensions.k8s.io", "CustomResourceDefinition")
}

/// The `apiVersion` and `kind` pairs that a CustomResourceDefinition brings.
pub(super) fn brought_kinds(crd: &Value) -> Vec<(String, String)> {
    let (group, kind) = (&crd["spec"]["group"], &crd["spec"]["names"]["kind"]);
    let (Some(group), Some(kind)) = (group.as_str(), kind.as_str()) else { return Vec::new() };
    let versions = crd["spec"]["versions"].as_array().into_iter().flatten();
    let served = versions.filter(|version| version["served"] == true).filter_map(|version| version["name"].as_str());
    served.map(|version| (format!("{group}/{version}"), kind.to_owned())).collect()
}

/// What a set of objects brings for others of the set.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Promises {
    /// `apiVersion` and `kind`.
    pub kinds: BTreeSet<(String, String)>,
    pub namespaces: BTreeSet<String>,
}

pub(super) fn promises(objects: &[Value]) -> Promises {
    let namespaces = objects.iter().filter(|object| group_kind(object) == ("", "Namespace"));
    Promises {
        kinds: objects.iter().filter(|object| is_crd(object)).flat_map(brought_kinds).collect(),
        namespaces: namespaces.map(|object| metadata(object, "name").to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(api_version: &str, kind: &str, namespace: &str, name: &str) -> Value {
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"namespace": namespace, "name": name}})
    }

    #[test]
    fn objects_come_in_stages_and_in_order() {
        let objects = [
            object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", "v"),
            object("farm.example/v1", "Ox", "b", "z"),
            object("apps/v1", "Deployment", "b", "d"),
            object("farm.example/v1", "Ox", "a", "z"),
            object("farm.example/v1", "Namespace", "", "not-the-core-one"),
            object("v1", "ServiceAccount", "b", "s"),
            object("storage.k8s.io/v1", "StorageClass", "", "fast"),
            object("scheduling.k8s.io/v1", "PriorityClass", "", "high"),
            object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "", "crb"),
            object("rbac.authorization.k8s.io/v1", "ClusterRole", "", "cr"),
            object("v1", "Namespace", "", "b"),
            object("v1", "Namespace", "", "a"),
            object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "oxen.farm.example"),
        ];
        let names: Vec<Vec<String>> = stages(&objects)
            .iter()
            .map(|stage| {
                stage.iter().map(|it| format!("{} {}", it["kind"].as_str().unwrap(), metadata(it, "name"))).collect()
            })
            .collect();
        let expected: [&[&str]; 3] = [
            &["CustomResourceDefinition oxen.farm.example", "Namespace a", "Namespace b", "ClusterRole cr"],
            &["PriorityClass high", "StorageClass fast"],
            &[
                "Namespace not-the-core-one",
                "ClusterRoleBinding crb",
                "ServiceAccount s",
                "Deployment d",
                "Ox z",
                "Ox z",
                "ValidatingWebhookConfiguration v",
            ],
        ];
        assert_eq!(names, expected);
        assert_eq!(metadata(stages(&objects)[2][4], "namespace"), "a");
        assert_eq!(stages(&[]), Vec::<Vec<&Value>>::new());
    }

    #[test]
    fn a_set_promises_kinds_and_namespaces() {
        let mut crd = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "oxen.farm.example");
        crd["spec"] = json!({"group": "farm.example", "names": {"kind": "Ox"},
            "versions": [{"name": "v1", "served": true}, {"name": "v0", "served": false}]});
        let found = promises(&[crd, object("v1", "Namespace", "", "a"), object("v1", "ConfigMap", "a", "b")]);
        let kinds = BTreeSet::from([("farm.example/v1".to_owned(), "Ox".to_owned())]);
        assert_eq!(found, Promises { kinds, namespaces: BTreeSet::from(["a".to_owned()]) });
    }
}
