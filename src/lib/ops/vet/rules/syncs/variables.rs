//! Rules of the variables that Flux replaces after the build (`postBuild`). Files are read as they are: what patches and
//! generators add is not known.

use crate::flux::KUSTOMIZE;
use crate::manifest::Manifest;
use crate::manifest::value::{each_text, each_value};
use crate::ops::vet::patched::Patched;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::path::plain_path;
use crate::substitute::{Variable, variables};
use crate::yaml::resolve::{self, Value as Plain};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(in crate::ops::vet::rules) const RULES: &[Rule] = &[
    Rule::error("KST06", "a variable without a value, or text that cannot be substituted", missing)
        .explained(
            "With `postBuild` Flux replaces `${NAME}` in every object. From 2.9 on it refuses a variable that has neither\n\
             a value nor a default, and always text that looks like a variable and is none, such as that of shell\n\
             scripts. Give a value or a default, write `$${..}`, or mark the object with the annotation\n\
             `kustomize.toolkit.fluxcd.io/substitute: disabled`. Values from Secrets are not known here: a Kustomization\n\
             that takes some, or that a patch may give some, is not held to have too few.",
        ),
    Rule::warning("KST07", "quotes around a variable that vanish", vanishing).explained(
        "The build writes `\"${PORT}\"` without quotes, as it needs none; only then is 8080 put in, which is a number\n\
         where text was meant: the API server refuses it. Give the variable a value that is text for every reader, or\n\
         one that has the quotes in it.",
    ),
];

/// A Kustomization that replaces variables.
struct Substitution<'a> {
    item: Manifest<'a>,
    /// The values that are known.
    values: BTreeMap<String, String>,
    /// Whether there may be others.
    is_open: bool,
    /// The objects that it applies, but for those that are excepted.
    objects: Vec<Manifest<'a>>,
}

fn substitutions<'a>(facts: &Facts<'a>) -> Vec<Substitution<'a>> {
    let kustomizations = facts.objects.iter().filter(|item| item.is(KUSTOMIZE, "Kustomization"));
    let patched = Patched::new(facts, "postBuild");
    let found = kustomizations.filter_map(|item| {
        let post_build = item.get(&["spec", "postBuild"])?.as_object()?;
        let is_filled = |field: &str| match post_build.get(field) {
            Some(Value::Object(map)) => !map.is_empty(),
            Some(Value::Array(list)) => !list.is_empty(),
            _ => false,
        };
        // Without variables Flux substitutes nothing, unless it is asked to (kustomize-controller 1.9).
        let is_always = post_build.get("substituteStrategy").and_then(Value::as_str) == Some("Always");
        if !is_filled("substitute") && !is_filled("substituteFrom") && !is_always {
            return None;
        }
        let folder = plain_path("", item.text(&["spec", "path"]).unwrap_or_default())?;
        let objects = facts.resources(facts.applied.get(&folder)?).filter(|object| !is_excepted(object));
        let (mut values, is_open) = values_from(facts, item);
        values.extend(texts(item.get(&["spec", "postBuild", "substitute"]).and_then(Value::as_object)));
        let is_open = is_open || patched.has(item.file);
        Some(Substitution { item: *item, values, is_open, objects: objects.collect() })
    });
    found.collect()
}

/// The values of `substituteFrom`, and whether there may be others: those of Secrets, and of what git does not have.
fn values_from(facts: &Facts<'_>, kustomization: &Manifest<'_>) -> (BTreeMap<String, String>, bool) {
    let maps = config_maps(facts, kustomization);
    let is_open = maps.len() < kustomization.list(&["spec", "postBuild", "substituteFrom"]).len();
    let values = maps.iter().flat_map(|(_, item)| texts(item.get(&["data"]).and_then(Value::as_object)));
    (values.collect(), is_open)
}

/// The variables of a map. Flux drops the ends of lines in values.
fn texts(map: Option<&Map<String, Value>>) -> impl Iterator<Item = (String, String)> {
    map.into_iter().flatten().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), |text| text.replace('\n', ""));
        (name.clone(), text)
    })
}

/// The ConfigMaps of `substituteFrom` that are in git.
fn config_maps<'a>(facts: &Facts<'a>, kustomization: &Manifest<'_>) -> Vec<(&'a str, Manifest<'a>)> {
    let owner = facts.owner(kustomization.file);
    let mut found = Vec::new();
    for entry in kustomization.list(&["spec", "postBuild", "substituteFrom"]) {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_meant = |item: &&Manifest<'_>| {
            item.is("", "ConfigMap")
                && item.name() == text("name")
                && item.namespace() == kustomization.namespace()
                && facts.owner(item.file) == owner
        };
        let item = facts.objects.iter().find(is_meant).filter(|_| text("kind") == "ConfigMap");
        found.extend(item.map(|item| (item.file, *item)));
    }
    found
}

fn is_excepted(item: &Manifest<'_>) -> bool {
    let mark = format!("{KUSTOMIZE}/substitute");
    ["labels", "annotations"].iter().any(|field| item.text(&["metadata", field, &mark]) == Some("disabled"))
}

fn missing(facts: &Facts<'_>, found: &mut Findings) {
    for substitution in substitutions(facts) {
        let Substitution { item, values, is_open, objects } = substitution;
        for name in values.keys().filter(|name| !is_name(name)) {
            let path = ["spec", "postBuild", "substitute", name];
            if item.get(&path).is_some() {
                let message = format!("`{name}` is not a name of a variable");
                found.add(item.key_location(&path), message).hint("names have letters, digits and `_`");
            }
        }
        for (_, map) in config_maps(facts, &item) {
            let data = map.get(&["data"]).and_then(Value::as_object);
            for name in data.into_iter().flat_map(Map::keys).filter(|name| !is_name(name)) {
                let message = format!("`{name}` is not a name of a variable: Flux refuses all of {}", map.shown());
                let hint = "names have letters, digits and `_`; move other values into another ConfigMap";
                found.add(map.key_location(&["data", name]), message).hint(hint);
            }
        }
        let mut told = BTreeSet::new();
        for object in &objects {
            each_text_and_key(object.value(), &mut |path, text| {
                if !text.contains("${") {
                    return;
                }
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                match variables(object.file, text) {
                    Err(problems) => {
                        let reason = problems.first().map_or("", |problem| &problem.message);
                        let message = format!("Flux cannot replace the variables of this text: {reason}");
                        found
                            .add(object.location(&path), message)
                            .hint("write `$${..}` where no variable is meant, or except the object");
                    }
                    Ok(all) => {
                        let lacks = |one: &Variable| !is_open && one.is_required && !values.contains_key(&one.name);
                        for Variable { name, .. } in all.into_iter().filter(lacks) {
                            if told.insert(name.clone()) {
                                let message = format!("`{name}` has no value, which {} needs", object.location(&path));
                                found
                                    .add(item.key_location(&["spec", "postBuild"]), message)
                                    .hint(format!("give it a value here, or a default there: ${{{name}:=..}}"));
                            }
                        }
                    }
                }
            });
        }
    }
}

/// Shows each text in a value with its path, and each key of a map that has a variable in it.
fn each_text_and_key(value: &Value, each: &mut dyn FnMut(&[String], &str)) {
    each_value(value, &mut |path, value| {
        if let Some(key) = path.last().filter(|key| key.contains("${")) {
            each(path, key);
        }
        if let Value::String(text) = value {
            each(path, text);
        }
    });
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

fn vanishing(facts: &Facts<'_>, found: &mut Findings) {
    for substitution in substitutions(facts) {
        for object in &substitution.objects {
            each_text(object.value(), &mut |path, text| {
                let Some(variable) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else { return };
                let (name, default) = match variable.find([':', '=']) {
                    Some(at) => (&variable[..at], variable[at..].trim_start_matches([':', '=', '-'])),
                    None => (variable, ""),
                };
                if !is_name(name) || default.contains('$') {
                    return;
                }
                let has_default = variable.len() > name.len();
                let value = match substitution.values.get(name) {
                    Some(value) => value,
                    None if has_default => default,
                    None => return,
                };
                let what = match resolve::v2(value) {
                    Plain::Str(_) => return,
                    Plain::Null => "null",
                    Plain::Bool(_) => "a boolean",
                    Plain::Int(_) | Plain::Float(_) => "a number",
                };
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                if object.is_quoted(&path) {
                    let message = format!("the quotes around `{text}` vanish: its value becomes {what}");
                    found
                        .add(object.location(&path), message)
                        .hint("use a value that is text for every reader of YAML");
                }
            });
        }
    }
}
