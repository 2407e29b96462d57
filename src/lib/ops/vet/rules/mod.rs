//! The rules, by family. Each is a function over the facts; what it is for stands beside it, as data.

mod api;
mod bootstrap;
mod capi;
mod fleet_file;
mod kubernetes;
mod kustomize;
mod lighthouse;
mod mixed_pins;
mod order;
mod patches;
mod pins;
mod resources;
pub(super) mod secrets;
mod sources;
mod suppressions;
mod syncs;
mod tekton;
mod variables;

use super::catalogue::Rule;
use super::facts::Facts;
use crate::path::is_within;
use serde_json::Value;

/// The families, in the order of the catalogue.
pub(super) const FAMILIES: &[&[Rule]] = &[
    pins::RULES,
    mixed_pins::RULES,
    api::RULES,
    kubernetes::RULES,
    sources::RULES,
    syncs::RULES,
    order::RULES,
    variables::RULES,
    kustomize::RULES,
    patches::RULES,
    resources::RULES,
    secrets::RULES,
    capi::RULES,
    bootstrap::RULES,
    lighthouse::RULES,
    tekton::RULES,
    fleet_file::RULES,
    suppressions::RULES,
];

/// Whether a file belongs to a base that `kfleet generate` writes.
fn is_generated_base(facts: &Facts<'_>, file: &str) -> bool {
    let bases = &facts.repository.paths.bases;
    facts
        .repository
        .fleet
        .as_ref()
        .is_some_and(|fleet| fleet.fleet.addons.keys().any(|addon| is_within(file, &format!("{bases}/{addon}"))))
}

/// Whether a file holds the components of Flux, which are generated and not to be edited.
fn is_components(file: &str) -> bool {
    file.ends_with("/gotk-components.yaml")
}

/// Shows each text in a value with its path.
fn each_text(value: &Value, each: &mut dyn FnMut(&[String], &str)) {
    let mut waiting: Vec<(Vec<String>, &Value)> = vec![(Vec::new(), value)];
    while let Some((path, value)) = waiting.pop() {
        let below = |part: String| [path.as_slice(), &[part]].concat();
        match value {
            Value::String(text) => each(&path, text),
            Value::Object(map) => waiting.extend(map.iter().map(|(key, value)| (below(key.clone()), value))),
            Value::Array(items) => {
                waiting.extend(items.iter().enumerate().map(|(number, value)| (below(number.to_string()), value)));
            }
            _ => {}
        }
    }
}
