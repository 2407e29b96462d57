//! The edits that bring an object of Flux to the current version of its API, where that is mechanical.

use super::names::{HELM, KUSTOMIZE, SOURCE};
use crate::manifest::edit::yaml_of;
use crate::manifest::{Action, Edit, Manifest};
use serde_json::{Value, json};

/// Paths of fields of an object, and what becomes of them.
type Changes = Vec<(Vec<&'static str>, Action)>;

/// The edits that bring an object to the current version; none where that takes thought, or where comments inside a
/// value would be lost.
pub fn migrated(object: &Manifest<'_>) -> Vec<Edit> {
    let mut changes = Vec::new();
    let current = match (object.group(), object.kind()) {
        (KUSTOMIZE, "Kustomization") => kustomization(object, &mut changes).map(|()| "v1"),
        (SOURCE, "GitRepository") => {
            let gone =
                ["gitImplementation", "accessFrom"].into_iter().filter(|name| object.get(&["spec", name]).is_some());
            changes.extend(gone.map(|name| (vec!["spec", name], Action::Remove)));
            Some("v1")
        }
        (SOURCE, "HelmRepository" | "HelmChart" | "OCIRepository" | "Bucket") => Some("v1"),
        (HELM, "HelmRelease") => values_files(object, &mut changes).map(|()| "v2"),
        _ => None,
    };
    let Some(current) = current else { return Vec::new() };
    if object.version() != current {
        changes.insert(0, (vec!["apiVersion"], Action::Set(format!("{}/{current}", object.group()).into())));
    }
    let origin = object.origin();
    changes.into_iter().map(|(path, action)| Edit::of(&origin, &path, action)).collect()
}

fn kustomization(object: &Manifest<'_>, changes: &mut Changes) -> Option<()> {
    if object.get(&["spec", "validation"]).is_some() {
        changes.push((vec!["spec", "validation"], Action::Remove));
    }
    let checks = object.list(&["spec", "healthChecks"]);
    if checks.iter().any(|check| check.get("apiVersion").is_none()) {
        let with_version = checks.iter().map(|check| {
            let mut check = check.clone();
            if let Some(map) = check.as_object_mut() {
                map.entry("apiVersion").or_insert(json!("apps/v1"));
            }
            check
        });
        changes.push((vec!["spec", "healthChecks"], Action::Set(Value::from_iter(with_version).into())));
    }
    let lists = ["patches", "patchesStrategicMerge", "patchesJson6902", "healthChecks"];
    if lists.into_iter().any(|name| object.get(&["spec", name]).is_some() && object.has_comments(&["spec", name])) {
        return None;
    }
    let mut patches = object.list(&["spec", "patches"]).to_vec();
    let before = patches.len();
    for patch in object.list(&["spec", "patchesStrategicMerge"]) {
        let text = patch.as_str().map_or_else(|| yaml_of(patch), |text| Some(text.to_owned()))?;
        patches.push(json!({ "patch": text }));
    }
    for patch in object.list(&["spec", "patchesJson6902"]) {
        let (target, operations) = (patch.get("target")?, patch.get("patch")?);
        let text = operations.as_str().map_or_else(|| yaml_of(operations), |text| Some(text.to_owned()))?;
        patches.push(json!({ "target": target, "patch": text }));
    }
    if patches.len() > before {
        changes.push((vec!["spec", "patches"], Action::Set(Value::Array(patches).into())));
    }
    let old =
        ["patchesStrategicMerge", "patchesJson6902"].into_iter().filter(|name| object.get(&["spec", name]).is_some());
    changes.extend(old.map(|name| (vec!["spec", name], Action::Remove)));
    Some(())
}

fn values_files(object: &Manifest<'_>, changes: &mut Changes) -> Option<()> {
    let old = ["patchesStrategicMerge", "patchesJson6902"];
    let is_old = |renderer: &Value| {
        renderer.get("kustomize").is_some_and(|kustomize| old.iter().any(|field| kustomize.get(field).is_some()))
    };
    if object.list(&["spec", "postRenderers"]).iter().any(is_old) {
        return None;
    }
    let Some(file) = object.text(&["spec", "chart", "spec", "valuesFile"]) else { return Some(()) };
    let mut files = object.list(&["spec", "chart", "spec", "valuesFiles"]).to_vec();
    files.push(json!(file));
    changes.push((vec!["spec", "chart", "spec", "valuesFiles"], Action::Set(Value::Array(files).into())));
    changes.push((vec!["spec", "chart", "spec", "valuesFile"], Action::Remove));
    Some(())
}
