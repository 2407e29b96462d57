//! Rules of Flux's own APIs: versions that are gone, fields that they had, and what became of them.

use super::super::catalogue::Rule;
use super::super::facts::Facts;
use super::super::finding::{Action, Change, Findings, Fix};
use super::super::text::yaml_of;
use crate::flux::sync::{HELM, KUSTOMIZE, SOURCE};
use crate::manifest::content::Item;
use crate::problem::Severity;
use crate::suggest::did_you_mean;
use serde_json::{Map, Value, json};

pub(in super::super) const RULES: &[Rule] = &[
    Rule::new("API01", Severity::Error, "a version of Flux's APIs that is removed", removed).fixable().explained(
        "Flux 2.7 removed v1beta1 of its APIs (v2beta1 of helm), 2.8 removed v1beta2 of source and kustomize and v2beta2\n\
         of helm, 2.9 removed v1beta2 of image and notification. An object of a removed version cannot be applied at\n\
         all. `--flux-version` names another version than the newest. The fix rewrites the object for the current\n\
         version, where that is mechanical.",
    ),
    Rule::new("API02", Severity::Error, "a field that Flux's current API does not have", unknown_field).fixable().explained(
        "The API server refuses objects with fields that the current version does not know. `validation` is gone\n\
         without replacement; `patchesJson6902` and `patchesStrategicMerge` became `patches`, whose `patch` is text;\n\
         GitRepository lost `gitImplementation` and `accessFrom`. Other unknown fields are most often misspelt.",
    ),
    Rule::new("API03", Severity::Warning, "a deprecated part of Flux's API", deprecated).fixable().explained(
        "It still works, but will not for ever: HelmRepository of type oci is in maintenance (use an OCIRepository with\n\
         `chartRef`), `valuesFile` of a HelmRelease is `valuesFiles`, and post-renderers take `patches`.",
    ),
];

/// Group, removed version, the minor version of Flux 2 that removed it, and what is current.
const REMOVED: &[(&str, &str, u32, &str)] = &[
    (SOURCE, "v1alpha1", 0, "v1"),
    (SOURCE, "v1beta1", 7, "v1"),
    (SOURCE, "v1beta2", 8, "v1"),
    (KUSTOMIZE, "v1alpha1", 0, "v1"),
    (KUSTOMIZE, "v1beta1", 7, "v1"),
    (KUSTOMIZE, "v1beta2", 8, "v1"),
    (HELM, "v2alpha1", 0, "v2"),
    (HELM, "v2beta1", 7, "v2"),
    (HELM, "v2beta2", 8, "v2"),
    ("image.toolkit.fluxcd.io", "v1alpha1", 0, "v1"),
    ("image.toolkit.fluxcd.io", "v1alpha2", 0, "v1"),
    ("image.toolkit.fluxcd.io", "v1beta1", 7, "v1"),
    ("image.toolkit.fluxcd.io", "v1beta2", 9, "v1"),
    ("notification.toolkit.fluxcd.io", "v1beta1", 7, "v1 (Receiver) or v1beta3 (Alert, Provider)"),
    ("notification.toolkit.fluxcd.io", "v1beta2", 9, "v1 (Receiver) or v1beta3 (Alert, Provider)"),
];

const KUSTOMIZATION: &[&str] = &[
    "buildMetadata",
    "commonMetadata",
    "components",
    "decryption",
    "deletionPolicy",
    "dependsOn",
    "force",
    "healthCheckExprs",
    "healthChecks",
    "ignore",
    "ignoreMissingComponents",
    "images",
    "interval",
    "kubeConfig",
    "namePrefix",
    "nameSuffix",
    "patches",
    "path",
    "postBuild",
    "prune",
    "retryInterval",
    "serviceAccountName",
    "sourceRef",
    "suspend",
    "targetNamespace",
    "timeout",
    "wait",
];

const GIT_REPOSITORY: &[&str] = &[
    "ignore",
    "include",
    "interval",
    "provider",
    "proxySecretRef",
    "recurseSubmodules",
    "ref",
    "secretRef",
    "serviceAccountName",
    "sparseCheckout",
    "suspend",
    "timeout",
    "url",
    "verify",
];

/// Fields that are gone, and what to do instead.
const GONE: &[(&str, &str)] = &[
    ("validation", "remove it: Flux validates by server-side apply"),
    ("patchesJson6902", "write `patches`, each with `target` and `patch` as text"),
    ("patchesStrategicMerge", "write `patches`, each with `patch` as text"),
    ("gitImplementation", "remove it: there is one implementation"),
    ("accessFrom", "remove it: it never came into use"),
];

fn removed(facts: &Facts<'_>, found: &mut Findings) {
    let (major, minor) = facts.options.flux;
    for item in &facts.items {
        let row = REMOVED.iter().find(|(group, version, _, _)| item.group() == *group && item.version() == *version);
        let Some((group, version, since, current)) = row.filter(|(_, _, since, _)| (2, *since) <= (major, minor))
        else {
            continue;
        };
        let since = if *since == 0 { "2.0 or earlier".to_owned() } else { format!("2.{since}") };
        let message = format!("{}: {group}/{version} was removed with Flux {since}", item.shown());
        let finding = found.add(item.location(&["apiVersion"]), message);
        finding.hint(format!("write {group}/{current}")).fix(migrated(item));
    }
}

fn unknown_field(facts: &Facts<'_>, found: &mut Findings) {
    for item in &facts.items {
        let known = match (item.group(), item.kind()) {
            (KUSTOMIZE, "Kustomization") => KUSTOMIZATION,
            (SOURCE, "GitRepository") => GIT_REPOSITORY,
            _ => continue,
        };
        for name in item.get(&["spec"]).and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            if known.contains(&name.as_str()) {
                continue;
            }
            let gone = GONE.iter().find(|(field, _)| field == name);
            let hint = match (gone, did_you_mean(name, known.iter().copied())) {
                (Some((_, hint)), _) => (*hint).to_owned(),
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => "remove it".to_owned(),
            };
            let message = format!("{}: the current API has no field `spec.{name}`", item.shown());
            let finding = found.add(item.key_location(&["spec", name]), message).hint(hint);
            if gone.is_some() {
                finding.fix(migrated(item));
            }
        }
    }
}

fn deprecated(facts: &Facts<'_>, found: &mut Findings) {
    for item in &facts.items {
        match (item.group(), item.kind()) {
            (SOURCE, "HelmRepository") if item.text(&["spec", "type"]) == Some("oci") => {
                let message = format!("{}: type oci is in maintenance", item.shown());
                let hint = "use an OCIRepository, and `chartRef` in the HelmRelease";
                found.add(item.location(&["spec", "type"]), message).hint(hint);
            }
            (HELM, "HelmRelease") => helm_release(item, found),
            _ => {}
        }
    }
}

fn helm_release(item: &Item<'_>, found: &mut Findings) {
    let path = ["spec", "chart", "spec", "valuesFile"];
    if item.get(&path).is_some() {
        let message = format!("{}: `valuesFile` is deprecated", item.shown());
        found.add(item.key_location(&path), message).hint("write `valuesFiles`, a list").fix(migrated(item));
    }
    for (number, renderer) in item.list(&["spec", "postRenderers"]).iter().enumerate() {
        for field in ["patchesStrategicMerge", "patchesJson6902"] {
            if renderer.get("kustomize").is_some_and(|kustomize| kustomize.get(field).is_some()) {
                let number = number.to_string();
                let location = item.key_location(&["spec", "postRenderers", &number, "kustomize", field]);
                let message = format!("{}: `{field}` of a post-renderer is deprecated", item.shown());
                found.add(location, message).hint("write `patches`, each with `patch` as text");
            }
        }
    }
}

/// The changes that bring an object to the current version; none where that takes thought, or where comments inside a
/// value would be lost.
fn migrated(item: &Item<'_>) -> Vec<Fix> {
    let mut changes = Vec::new();
    let current = match (item.group(), item.kind()) {
        (KUSTOMIZE, "Kustomization") => kustomization(item, &mut changes).map(|()| "v1"),
        (SOURCE, "GitRepository") => {
            let gone =
                ["gitImplementation", "accessFrom"].into_iter().filter(|name| item.get(&["spec", name]).is_some());
            changes.extend(gone.map(|name| (vec!["spec", name], Action::Remove)));
            Some("v1")
        }
        (SOURCE, "HelmRepository" | "HelmChart" | "OCIRepository" | "Bucket") => Some("v1"),
        (HELM, "HelmRelease") => values_files(item, &mut changes).map(|()| "v2"),
        _ => None,
    };
    let Some(current) = current else { return Vec::new() };
    if item.version() != current {
        changes.insert(0, (vec!["apiVersion"], Action::Set(json!(format!("{}/{current}", item.group())))));
    }
    let changes = changes.into_iter().map(|(path, action)| Change { path: item.path(&path), action });
    vec![Fix { file: item.file.to_owned(), document: item.document.number, changes: changes.collect() }]
}

type Changes = Vec<(Vec<&'static str>, Action)>;

fn kustomization(item: &Item<'_>, changes: &mut Changes) -> Option<()> {
    if item.get(&["spec", "validation"]).is_some() {
        changes.push((vec!["spec", "validation"], Action::Remove));
    }
    let checks = item.list(&["spec", "healthChecks"]);
    if checks.iter().any(|check| check.get("apiVersion").is_none()) {
        let with_version = checks.iter().map(|check| {
            let mut check = check.clone();
            if let Some(map) = check.as_object_mut() {
                map.entry("apiVersion").or_insert(json!("apps/v1"));
            }
            check
        });
        changes.push((vec!["spec", "healthChecks"], Action::Set(with_version.collect())));
    }
    let lists = ["patches", "patchesStrategicMerge", "patchesJson6902", "healthChecks"];
    if lists.into_iter().any(|name| item.get(&["spec", name]).is_some() && item.has_comments(&["spec", name])) {
        return None;
    }
    let mut patches = item.list(&["spec", "patches"]).to_vec();
    let before = patches.len();
    for patch in item.list(&["spec", "patchesStrategicMerge"]) {
        let text = patch.as_str().map_or_else(|| yaml_of(patch), |text| Some(text.to_owned()))?;
        patches.push(json!({ "patch": text }));
    }
    for patch in item.list(&["spec", "patchesJson6902"]) {
        let (target, operations) = (patch.get("target")?, patch.get("patch")?);
        let text = operations.as_str().map_or_else(|| yaml_of(operations), |text| Some(text.to_owned()))?;
        patches.push(json!({ "target": target, "patch": text }));
    }
    if patches.len() > before {
        changes.push((vec!["spec", "patches"], Action::Set(Value::Array(patches))));
    }
    let old =
        ["patchesStrategicMerge", "patchesJson6902"].into_iter().filter(|name| item.get(&["spec", name]).is_some());
    changes.extend(old.map(|name| (vec!["spec", name], Action::Remove)));
    Some(())
}

fn values_files(item: &Item<'_>, changes: &mut Changes) -> Option<()> {
    let old = ["patchesStrategicMerge", "patchesJson6902"];
    let is_old = |renderer: &Value| {
        renderer.get("kustomize").is_some_and(|kustomize| old.iter().any(|field| kustomize.get(field).is_some()))
    };
    if item.list(&["spec", "postRenderers"]).iter().any(is_old) {
        return None;
    }
    let Some(file) = item.text(&["spec", "chart", "spec", "valuesFile"]) else { return Some(()) };
    let mut files = item.list(&["spec", "chart", "spec", "valuesFiles"]).to_vec();
    files.push(json!(file));
    changes.push((vec!["spec", "chart", "spec", "valuesFiles"], Action::Set(Value::Array(files))));
    changes.push((vec!["spec", "chart", "spec", "valuesFile"], Action::Remove));
    Some(())
}
