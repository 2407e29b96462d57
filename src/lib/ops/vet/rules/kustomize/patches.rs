//! Rules of patches: what a strategic merge does not do as its author may think.

use crate::kustomize::Kustomization;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::problem::Location;
use crate::yaml::value::read_value;
use serde_json::Value;

pub(in crate::ops::vet::rules) const RULES: &[Rule] = &[
    Rule::warning("KUS06", "a trap of strategic merge patches", traps).explained(
        "kustomize does not do what kubectl does with `$setElementOrder`, `$retainKeys` and `$deleteFromPrimitiveList`.\n\
         A label or annotation that is null in a patch with a target is not removed from all objects. Use a JSON6902\n\
         patch for these.",
    ),
    Rule::warning("KUS13", "a port that a patch does not reach", lost_ports).explained(
        "Ports are merged by their number and `protocol`. A patch that leaves `protocol` out where the object has it, or\n\
         the other way round, changes nothing, and the build succeeds. (kustomize 5.8; the API server takes TCP for what\n\
         is left out.) Write `protocol` in both.",
    ),
];

const DIRECTIVES: [&str; 3] = ["$setElementOrder", "$retainKeys", "$deleteFromPrimitiveList"];

fn traps(facts: &Facts<'_>, found: &mut Findings) {
    for kustomization in facts.kustomizations() {
        for field in ["patches", "patchesStrategicMerge"] {
            let entries = kustomization.value().get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            for (number, entry) in entries.iter().enumerate() {
                let (location, patch) = match of_kustomization(facts, kustomization, field, number, entry) {
                    Some(found) => found,
                    None => continue,
                };
                tell(location, &patch, entry.get("target").is_some(), found);
            }
        }
    }
    for (_, pair) in facts.pairs() {
        for entry in &pair.kustomization.patches {
            if let Some(patch) =
                entry.get("patch").and_then(Value::as_str).and_then(|text| read_value(text.as_bytes()).ok())
            {
                tell(pair.kustomization.origin.location.clone(), &patch, entry.get("target").is_some(), found);
            }
        }
    }
}

fn lost_ports(facts: &Facts<'_>, found: &mut Findings) {
    let repository = facts.repository;
    for kustomization in facts.kustomizations() {
        let mut reach = None;
        for field in ["patches", "patchesStrategicMerge"] {
            let entries = kustomization.value().get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            for (number, entry) in entries.iter().enumerate() {
                let patch = of_kustomization(facts, kustomization, field, number, entry);
                let Some((location, patch)) = patch.filter(|(_, patch)| !ports_of(patch).is_empty()) else { continue };
                let reach = reach
                    .get_or_insert_with(|| repository.kustomizations.reach(&repository.files, &kustomization.folder));
                let objects = repository.manifests.of_files(&reach.resources);
                let name = patch["metadata"]["name"].as_str();
                let mut patched = objects
                    .filter(|object| Some(object.kind()) == patch["kind"].as_str() && Some(object.name()) == name);
                let Some(object) = patched.next() else { continue };
                let theirs = ports_of(object.value());
                for Port { container, number, has_protocol } in ports_of(&patch) {
                    let mut same = theirs.iter().filter(|port| port.container == container && port.number == number);
                    if same.clone().next().is_some() && same.all(|port| port.has_protocol != has_protocol) {
                        let (ours, its) = if has_protocol { ("a", "none") } else { ("no", "one") };
                        let shown = object.shown();
                        let message = format!(
                            "port {number} of this patch has {ours} `protocol`, and {shown} has {its}: the build loses it"
                        );
                        found.add(location.clone(), message).hint("write `protocol` in both");
                    }
                }
            }
        }
    }
}

/// A port of a Service, or of a container of a workload.
struct Port<'a> {
    container: &'a str,
    number: u64,
    has_protocol: bool,
}

fn ports_of(object: &Value) -> Vec<Port<'_>> {
    let (spec, template) = (&object["spec"], &object["spec"]["template"]["spec"]);
    let containers = [&template["containers"], &spec["containers"]].into_iter().filter_map(Value::as_array).flatten();
    let of_containers = containers.flat_map(|container| {
        let name = container["name"].as_str().unwrap_or_default();
        container["ports"].as_array().into_iter().flatten().map(move |port| (name, port))
    });
    let of_service = spec["ports"].as_array().into_iter().flatten().map(|port| ("", port));
    let ports = of_containers.chain(of_service).filter_map(|(container, port)| {
        let number = port["containerPort"].as_u64().or_else(|| port["port"].as_u64())?;
        Some(Port { container, number, has_protocol: !port["protocol"].is_null() })
    });
    ports.collect()
}

/// A patch: in the kustomization, or in a file of its own.
fn of_kustomization(
    facts: &Facts<'_>,
    kustomization: &Kustomization,
    field: &str,
    number: usize,
    entry: &Value,
) -> Option<(Location, Value)> {
    let path = [field, &number.to_string()];
    let inline = entry.get("patch").or(Some(entry)).and_then(Value::as_str).filter(|text| text.contains('\n'));
    if let Some(text) = inline {
        return Some((kustomization.location(&path), read_value(text.as_bytes()).ok()?));
    }
    let is_entry = |reference: &&crate::kustomize::Reference| reference.path.iter().take(2).eq(path.iter());
    let reference = kustomization.references.iter().find(is_entry)?;
    let crate::kustomize::Target::File(file) = &reference.target else { return None };
    let document = facts.repository.manifests.get(file)?.documents.first()?;
    Some((Location::of_file(file.clone()), document.value.clone()))
}

fn tell(location: Location, patch: &Value, has_target: bool, found: &mut Findings) {
    let mut waiting = vec![patch];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(map) => {
                if let Some(key) = map.keys().find(|key| DIRECTIVES.iter().any(|known| key.starts_with(known))) {
                    let message = format!("this patch uses `{key}`, which kustomize does not follow as kubectl does");
                    found.add(location.clone(), message).hint("write it as a JSON6902 patch");
                }
                waiting.extend(map.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    for field in ["labels", "annotations"] {
        let map = patch.get("metadata").and_then(|metadata| metadata.get(field)).and_then(Value::as_object);
        if let Some((key, _)) = map.into_iter().flatten().find(|(_, value)| has_target && value.is_null()) {
            let message = format!("this patch sets {field} `{key}` to null, which does not remove it from all targets");
            found.add(location.clone(), message).hint("write it as a JSON6902 patch with `op: remove`");
        }
    }
}
