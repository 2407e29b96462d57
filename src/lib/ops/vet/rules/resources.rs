//! Rules of the objects themselves.

use super::is_components;
use crate::manifest::Manifest;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) const RULES: &[Rule] = &[
    Rule::warning("RES03", "an image that is not pinned", floating_image).explained(
        "`latest`, or no tag at all, is another image tomorrow: what was proved in one cluster is not what the next one\n\
         gets. Name a version, better a digest. Images that a kustomization replaces are left alone.",
    ),
    Rule::warning("RES04", "a ConfigMap or Secret near the limit", large).explained(
        "The API server takes 1 MiB for an object, and kubectl's client-side apply keeps a copy in an annotation of at\n\
         most 256 KiB. Split what is over 900 KiB.",
    ),
];

const LARGE: usize = 900 * 1024;

/// Where the pods of a workload are described.
fn pod_path(object: &Manifest<'_>) -> Option<Vec<&'static str>> {
    match (object.group(), object.kind()) {
        ("", "Pod") => Some(vec!["spec"]),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") => {
            Some(vec!["spec", "template", "spec"])
        }
        ("batch", "CronJob") => Some(vec!["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => None,
    }
}

fn floating_image(facts: &Facts<'_>, found: &mut Findings) {
    let kustomizations = facts.repository.kustomizations.iter();
    let images = kustomizations.filter_map(|kustomization| kustomization.value().get("images")?.as_array());
    let names = images.flatten().filter_map(|image| image.get("name")?.as_str());
    let replaced: BTreeSet<&str> = names.collect();
    for object in facts.objects.iter().filter(|object| !is_components(object.file)) {
        let Some(pod) = pod_path(object) else { continue };
        for list in ["initContainers", "containers"] {
            let path = [pod.as_slice(), &[list]].concat();
            for (number, container) in object.list(&path).iter().enumerate() {
                let Some(image) = container.get("image").and_then(Value::as_str) else { continue };
                let (name, tag) = name_and_tag(image);
                if image.contains(['@', '$']) || tag.is_some_and(|tag| tag != "latest") || replaced.contains(name) {
                    continue;
                }
                let number = number.to_string();
                let location = object.location(&[path.as_slice(), &[&number, "image"]].concat());
                let found_tag = if tag.is_some() { "is not pinned by the tag latest" } else { "has no tag" };
                let message = format!("{}: image {image} {found_tag}", object.shown());
                found.add(location, message).hint("name a version, better a digest");
            }
        }
    }
}

fn name_and_tag(image: &str) -> (&str, Option<&str>) {
    let start = image.rfind('/').map_or(0, |at| at + 1);
    match image[start..].find(':') {
        Some(at) => (&image[..start + at], Some(&image[start + at + 1..])),
        None => (image, None),
    }
}

fn large(facts: &Facts<'_>, found: &mut Findings) {
    for object in facts
        .objects
        .iter()
        .filter(|object| object.group().is_empty() && matches!(object.kind(), "ConfigMap" | "Secret"))
    {
        let maps =
            ["data", "stringData", "binaryData"].into_iter().filter_map(|field| object.get(&[field])?.as_object());
        let size: usize = maps.flatten().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
        if size > LARGE {
            let message = format!("{} holds {} KiB of the 1024 that an object can have", object.shown(), size / 1024);
            found.add(object.location(&[]), message).hint("split it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_split() {
        assert_eq!(name_and_tag("localhost:5000/a"), ("localhost:5000/a", None));
        assert_eq!(name_and_tag("nginx:1.21"), ("nginx", Some("1.21")));
    }
}
