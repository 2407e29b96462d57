//! Rules of Flux's own APIs: versions that were removed, fields that they had, and what became of them.

use crate::flux::api_versions::{RemovedVersion, fields_of, removal, replacement_of};
use crate::flux::migration::migrated;
use crate::flux::{HELM, SOURCE};
use crate::manifest::Manifest;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::suggest::did_you_mean;
use serde_json::{Map, Value};

pub(in crate::ops::vet) const RULES: &[Rule] = &[
    Rule::error("API01", "a version of Flux's APIs that is removed", removed).fixable().explained(
        "Flux 2.7 removed v1beta1 of its APIs (v2beta1 of helm), 2.8 removed v1beta2 of source and kustomize and v2beta2\n\
         of helm, 2.9 removed v1beta2 of image and notification. An object of a removed version cannot be applied at\n\
         all. `--flux-version` names another version than the newest. The fix rewrites the object for the current\n\
         version, where that is mechanical.",
    ),
    Rule::error("API02", "a field that Flux's current API does not have", unknown_field).fixable().explained(
        "The API server refuses objects with fields that the current version does not know. `validation` was removed\n\
         without replacement; `patchesJson6902` and `patchesStrategicMerge` became `patches`, whose `patch` is text;\n\
         GitRepository lost `gitImplementation` and `accessFrom`. Other unknown fields are most often misspelt.",
    ),
    Rule::warning("API03", "a deprecated part of Flux's API", deprecated).fixable().explained(
        "It still works, but will not for ever: HelmRepository of type oci is in maintenance (use an OCIRepository with\n\
         `chartRef`), `valuesFile` of a HelmRelease is `valuesFiles`, and post-renderers take `patches`.",
    ),
];

fn removed(facts: &Facts<'_>, found: &mut Findings) {
    for object in &facts.objects {
        let Some(removed) = removal(object.group(), object.version(), facts.options.flux) else { continue };
        let RemovedVersion { group, version, since, current } = removed;
        let since = if *since == 0 { "2.0 or earlier".to_owned() } else { format!("2.{since}") };
        let message = format!("{}: {group}/{version} was removed with Flux {since}", object.shown());
        let finding = found.add(object.location(&["apiVersion"]), message);
        finding.hint(format!("write {group}/{current}")).fix(migrated(object));
    }
}

fn unknown_field(facts: &Facts<'_>, found: &mut Findings) {
    for object in &facts.objects {
        let Some(known) = fields_of(object.group(), object.kind()) else { continue };
        for name in object.get(&["spec"]).and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            if known.clone().any(|field| field == name) {
                continue;
            }
            let gone = replacement_of(name);
            let hint = match (gone, did_you_mean(name, known.clone())) {
                (Some(hint), _) => hint.to_owned(),
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => "remove it".to_owned(),
            };
            let message = format!("{}: the current API has no field `spec.{name}`", object.shown());
            let finding = found.add(object.key_location(&["spec", name]), message).hint(hint);
            if gone.is_some() {
                finding.fix(migrated(object));
            }
        }
    }
}

fn deprecated(facts: &Facts<'_>, found: &mut Findings) {
    for object in &facts.objects {
        match (object.group(), object.kind()) {
            (SOURCE, "HelmRepository") if object.text(&["spec", "type"]) == Some("oci") => {
                let message = format!("{}: type oci is in maintenance", object.shown());
                let hint = "use an OCIRepository, and `chartRef` in the HelmRelease";
                found.add(object.location(&["spec", "type"]), message).hint(hint);
            }
            (HELM, "HelmRelease") => helm_release(object, found),
            _ => {}
        }
    }
}

fn helm_release(object: &Manifest<'_>, found: &mut Findings) {
    let path = ["spec", "chart", "spec", "valuesFile"];
    if object.get(&path).is_some() {
        let message = format!("{}: `valuesFile` is deprecated", object.shown());
        found.add(object.key_location(&path), message).hint("write `valuesFiles`, a list").fix(migrated(object));
    }
    for (number, renderer) in object.list(&["spec", "postRenderers"]).iter().enumerate() {
        for field in ["patchesStrategicMerge", "patchesJson6902"] {
            if renderer.get("kustomize").is_some_and(|kustomize| kustomize.get(field).is_some()) {
                let number = number.to_string();
                let location = object.key_location(&["spec", "postRenderers", &number, "kustomize", field]);
                let message = format!("{}: `{field}` of a post-renderer is deprecated", object.shown());
                found.add(location, message).hint("write `patches`, each with `patch` as text");
            }
        }
    }
}
