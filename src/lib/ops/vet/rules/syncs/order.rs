//! The rule of custom resources, which need their kinds to be there first.

use super::leads_to;
use crate::fleet::applied::Reached;
use crate::flux::{Kustomization, ObjectName};
use crate::manifest::Manifest;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use std::collections::{BTreeMap, BTreeSet};

pub(in crate::ops::vet::rules) const RULES: &[Rule] =
    &[Rule::warning("KST02", "custom resources that do not wait for their kinds", unordered).explained(
        "A Kustomization that applies custom resources fails until another one has brought the definitions of their\n\
         kinds, and Flux tries again only after a while. Name that one in `dependsOn`. Files are read as they are:\n\
         what patches and generators add is not seen.",
    )];

/// Group and kind.
type Kind = (String, String);

fn unordered(facts: &Facts<'_>, found: &mut Findings) {
    let brought: BTreeMap<&str, BTreeSet<Kind>> =
        facts.applied.iter().map(|(folder, reached)| (folder, defined(facts, reached))).collect();
    let defined: BTreeSet<&Kind> = brought.values().flatten().collect();
    let used: BTreeMap<&str, BTreeMap<Kind, String>> =
        facts.applied.iter().map(|(folder, reached)| (folder, used(facts, reached, &defined))).collect();
    for cluster in &facts.clusters {
        let folders = cluster.pairs().filter_map(|pair| Some((&pair.kustomization, pair.kustomization.folder()?)));
        let folders: Vec<(&Kustomization, String)> = folders.collect();
        let all: BTreeMap<ObjectName, Kustomization> =
            folders.iter().map(|(one, _)| (one.id.clone(), (*one).clone())).collect();
        for (user, folder) in &folders {
            let (Some(kinds), Some(own)) = (used.get(folder.as_str()), brought.get(folder.as_str())) else { continue };
            // Each Kustomization that it has to wait for once, with the kinds that it brings.
            let mut waits: BTreeMap<ObjectName, (&Kustomization, Vec<&String>)> = BTreeMap::new();
            for (kind, shown) in kinds.iter().filter(|(kind, _)| !own.contains(*kind)) {
                let brings = |folder: &str| brought.get(folder).is_some_and(|kinds| kinds.contains(kind));
                let mut bringers = folders.iter().filter(|(_, folder)| brings(folder)).map(|(one, _)| *one);
                let is_ordered = |other: &Kustomization| {
                    let waits = user.depends_on.iter().any(|wanted| leads_to(&all, &wanted.value, &other.id));
                    // What applies the Kustomization itself was there before it.
                    waits || facts.applies(other, &user.origin.file)
                };
                let Some(first) = bringers.clone().next().filter(|_| !bringers.any(is_ordered)) else { continue };
                waits.entry(first.id.clone()).or_insert((first, Vec::new())).1.push(shown);
            }
            for (first, shown) in waits.into_values() {
                let (name, other) = (&user.id.name, &first.id.name);
                let others = if shown.len() > 1 { format!(" and {} more", shown.len() - 1) } else { String::new() };
                let what = format!("{}{others}", shown[0]);
                let message =
                    format!("Kustomization {name} does not wait for {other}, which brings the kind of {what}");
                let hint = match facts.applies(user, &first.origin.file) {
                    true => format!("move it into a Kustomization of its own that depends on {other}"),
                    false => format!("add {other} to `dependsOn`"),
                };
                found.add(user.origin.location.clone(), message).hint(hint).cluster(&cluster.name);
            }
        }
    }
}

/// The kinds that the definitions in a folder bring.
fn defined(facts: &Facts<'_>, reached: &Reached) -> BTreeSet<Kind> {
    let definitions =
        facts.resources(reached).filter(|object| object.is("apiextensions.k8s.io", "CustomResourceDefinition"));
    let kinds = definitions.filter_map(|object| {
        Some((object.text(&["spec", "group"])?.to_owned(), object.text(&["spec", "names", "kind"])?.to_owned()))
    });
    kinds.collect()
}

/// The kinds of a folder's objects that some definition brings, each with one of the objects.
fn used(facts: &Facts<'_>, reached: &Reached, defined: &BTreeSet<&Kind>) -> BTreeMap<Kind, String> {
    let mut used = BTreeMap::new();
    // Flux's own kinds are there before it applies anything.
    let is_custom = |object: &Manifest<'_>| object.group().contains('.') && !object.group().contains("fluxcd");
    for object in facts.resources(reached).filter(is_custom) {
        let kind = (object.group().to_owned(), object.kind().to_owned());
        if defined.contains(&kind) {
            used.entry(kind).or_insert_with(|| object.shown());
        }
    }
    used
}
