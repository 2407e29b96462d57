//! Rules of Flux's own APIs: versions that were removed, fields that they had, and what became of them.

use crate::flux::api_versions::{RemovedVersion, fields_of, kinds_of, removal, replacement_of};
use crate::flux::migration::migrated;
use crate::flux::{HELM, SOURCE};
use crate::manifest::Manifest;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::suggest::did_you_mean;
use serde_json::{Map, Value};

pub(in crate::ops::vet::rules) const RULES: &[Rule] = &[
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
    Rule::error("API05", "a field of Flux's API that has another type", wrong_type).explained(
        "Versions, tags, commits, names and the variables of `postBuild` are text. YAML reads a bare `1.10`, `2.4` or a\n\
         commit of digits alone as a number, and the API server refuses the whole object. Put them in quotes.",
    ),
    Rule::error("API06", "a kind that Flux's API does not have", unknown_kind).explained(
        "The group is one of Flux's, the kind is none of its kinds: most often it is misspelt. The API server refuses the\n\
         object, and with it all that the Kustomization applies.",
    ),
    Rule::warning("API03", "a deprecated part of Flux's API", deprecated).fixable().explained(
        "It still works, but will not for ever: HelmRepository of type oci is in maintenance (use an OCIRepository with\n\
         `chartRef`), `valuesFile` of a HelmRelease is `valuesFiles`, and post-renderers take `patches`.",
    ),
];

/// Fields of `spec` that the API takes as text only, by kind. In YAML, bare numbers are none.
const TEXTS: [(&str, &[&[&str]]); 7] = [
    (
        "GitRepository",
        &[
            &["interval"],
            &["timeout"],
            &["url"],
            &["ref", "branch"],
            &["ref", "tag"],
            &["ref", "semver"],
            &["ref", "name"],
            &["ref", "commit"],
        ],
    ),
    (
        "OCIRepository",
        &[&["interval"], &["timeout"], &["url"], &["ref", "tag"], &["ref", "semver"], &["ref", "digest"]],
    ),
    ("HelmRepository", &[&["interval"], &["timeout"], &["url"]]),
    ("HelmChart", &[&["interval"], &["version"], &["chart"]]),
    ("Bucket", &[&["interval"], &["timeout"], &["bucketName"], &["endpoint"]]),
    ("Kustomization", &[&["interval"], &["retryInterval"], &["timeout"], &["path"], &["targetNamespace"]]),
    (
        "HelmRelease",
        &[
            &["interval"],
            &["timeout"],
            &["releaseName"],
            &["targetNamespace"],
            &["chart", "spec", "version"],
            &["chart", "spec", "chart"],
        ],
    ),
];

/// Fields of `spec` that the API takes as `true` or `false` only.
const BOOLEANS: [&str; 4] = ["suspend", "prune", "wait", "force"];

fn wrong_type(facts: &Facts<'_>, found: &mut Findings) {
    for object in facts.objects.iter().filter(|object| object.group().ends_with("toolkit.fluxcd.io")) {
        let known = TEXTS.iter().find(|(kind, _)| *kind == object.kind());
        for field in known.into_iter().flat_map(|(_, fields)| fields.iter()) {
            verify_text(object, &[&["spec"], *field].concat(), found);
        }
        let variables = ["spec", "postBuild", "substitute"];
        for name in object.get(&variables).and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            verify_text(object, &[variables.as_slice(), &[name]].concat(), found);
        }
        for field in BOOLEANS {
            let path = ["spec", field];
            if object.get(&path).is_some_and(|value| !value.is_boolean() && !value.is_null()) {
                let message = format!("{}: `{field}` has to be true or false", object.shown());
                found.add(object.location(&path), message).hint("write it without quotes");
            }
        }
    }
}

fn verify_text(object: &Manifest<'_>, path: &[&str], found: &mut Findings) {
    let what = match object.get(path) {
        None | Some(Value::String(_) | Value::Null) => return,
        Some(Value::Number(_)) => "a number",
        Some(Value::Bool(_)) => "a boolean",
        Some(_) => "a list or map",
    };
    let field = path[1..].join(".");
    let message = format!("{}: `{field}` is {what}, and the API takes text only", object.shown());
    found.add(object.location(path), message).hint("put it in quotes");
}

fn unknown_kind(facts: &Facts<'_>, found: &mut Findings) {
    for object in &facts.objects {
        let Some(known) = kinds_of(object.group()).filter(|known| !known.contains(&object.kind())) else { continue };
        let hint = match did_you_mean(object.kind(), known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its kinds are {}", known.join(", ")),
        };
        let message = format!("{} has no kind {}", object.group(), object.kind());
        found.add(object.location(&["kind"]), message).hint(hint);
    }
}

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
