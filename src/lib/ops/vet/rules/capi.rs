//! Rules of Cluster API objects.

use crate::manifest::Manifest;
use crate::manifest::value::each_value;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::problem::Severity;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const RULES: &[Rule] = &[
    Rule::warning("CAP01", "an old version of Cluster API", old_version).explained(
        "Cluster API stopped serving v1alpha3 and v1alpha4 long ago: such objects are errors. v1beta1 is deprecated, and\n\
         not served from v1.16 (April 2027) on. Two versions of one kind in a fleet make every comparison guesswork.",
    ),
    Rule::error("CAP02", "an old shape under v1beta2", old_shape).explained(
        "With v1beta2 references name an apiGroup and no apiVersion, `topology.class` is `topology.classRef.name`,\n\
         durations are whole seconds in fields that end in Seconds, and `extraArgs` of kubeadm is a list of names and\n\
         values. The API server refuses or drops the old shapes.",
    ),
];

/// The groups whose versions are Cluster API's own; infrastructure providers have theirs.
const GROUPS: [&str; 6] = [
    "cluster.x-k8s.io",
    "controlplane.cluster.x-k8s.io",
    "bootstrap.cluster.x-k8s.io",
    "addons.cluster.x-k8s.io",
    "exp.cluster.x-k8s.io",
    "ipam.cluster.x-k8s.io",
];

fn objects<'b, 'a>(facts: &'b Facts<'a>) -> impl Iterator<Item = &'b Manifest<'a>> {
    facts.objects.iter().filter(|object| GROUPS.contains(&object.group()))
}

fn old_version(facts: &Facts<'_>, found: &mut Findings) {
    let mut versions: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for object in objects(facts) {
        let version = object.version();
        let kind = (object.group(), object.kind());
        let location = || object.location(&["apiVersion"]);
        match version {
            "v1alpha2" | "v1alpha3" | "v1alpha4" => {
                let message = format!("{}: Cluster API does not serve {version} any more", object.shown());
                found.add(location(), message).severity(Severity::Error).hint("migrate it to v1beta2");
            }
            "v1beta1" => {
                let message = format!("{}: Cluster API stops serving v1beta1 with v1.16 (April 2027)", object.shown());
                found.add(location(), message).hint("migrate it to v1beta2");
            }
            _ => {}
        }
        match versions.get(&kind) {
            Some(other) if *other != version => {
                let message = format!("{}: it is of {version}, others of its kind are of {other}", object.shown());
                found.add(location(), message).hint("use one version of a kind");
            }
            Some(_) => {}
            None => drop(versions.insert(kind, version)),
        }
    }
}

fn old_shape(facts: &Facts<'_>, found: &mut Findings) {
    for object in objects(facts).filter(|object| object.version() == "v1beta2") {
        let Some(spec) = object.get(&["spec"]) else { continue };
        each_value(spec, &mut |path, value| {
            for (key, value) in value.as_object().into_iter().flatten() {
                if let Some((message, hint)) = shape(path, key, value) {
                    let above = ["spec"].into_iter().chain(path.iter().map(String::as_str));
                    let at: Vec<&str> = above.chain([key.as_str()]).collect();
                    found.add(object.key_location(&at), format!("{}: {message}", object.shown())).hint(hint);
                }
            }
        });
    }
}

/// What is old about a field.
fn shape(path: &[String], key: &str, value: &Value) -> Option<(String, &'static str)> {
    let last = path.last().map_or("", String::as_str);
    match key {
        "apiVersion" if last.ends_with("Ref") => {
            Some((format!("`{last}` names an apiVersion"), "name `apiGroup`, without a version"))
        }
        "class" | "classNamespace" if last == "topology" => Some((
            format!("`topology.{key}` is a field of v1beta1"),
            "write `topology.classRef` with name and namespace",
        )),
        "nodeDrainTimeout" | "nodeDeletionTimeout" | "nodeVolumeDetachTimeout" | "nodeStartupTimeout" => {
            Some((format!("`{key}` is a field of v1beta1"), "write whole seconds in the field that ends in Seconds"))
        }
        "extraArgs" | "kubeletExtraArgs" if value.is_object() => {
            Some((format!("`{key}` is a mapping"), "write a list of `name` and `value`"))
        }
        _ => None,
    }
}
