//! Rules of what bootstrap writes: the folder of Flux in a cluster's folder.

use crate::flux::api_versions::minor_of;
use crate::kustomize::Target;
use crate::manifest::{Action, Edit};
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::problem::Location;

pub(super) const RULES: &[Rule] = &[
    Rule::warning("BST01", "clusters whose versions of Flux are far apart", versions).explained(
        "Clusters that run versions of Flux more than one minor version apart take different APIs: what is proved in one\n\
         need not work in the other. Flux is an addon: move it through the same order of promotion.",
    ),
    Rule::error("BST02", "a sync that does not fit its folder", sync).fixable().explained(
        "Flux's own sync has to read this cluster's folder, from the fleet's branch; and the kustomization beside it has\n\
         to list gotk-components.yaml, gotk-sync.yaml and cluster-sync.yaml, as far as they are there: what it does not\n\
         list is not applied, and what was applied before is deleted.",
    ),
];

const LISTED: [&str; 3] = ["gotk-components.yaml", "gotk-sync.yaml", "cluster-sync.yaml"];

fn versions(facts: &Facts<'_>, found: &mut Findings) {
    let of = |version: &Option<String>| version.as_deref().and_then(minor_of);
    let newest = facts
        .fleet
        .clusters
        .iter()
        .filter_map(|cluster| Some((of(&cluster.flux_version)?, cluster)))
        .max_by_key(|one| one.0);
    let Some((newest, other)) = newest else { return };
    for cluster in &facts.clusters {
        let Some(version) = of(&cluster.flux_version) else { continue };
        let is_near = version.0 == newest.0 && newest.1 - version.1 <= 1;
        if !is_near {
            let shown = |version: &Option<String>| version.clone().unwrap_or_default();
            let message = format!(
                "{} has Flux {}, {} has {}",
                cluster.name,
                shown(&cluster.flux_version),
                other.name,
                shown(&other.flux_version)
            );
            let file =
                facts.repository.files.below(&cluster.folder).find(|file| file.ends_with("/gotk-components.yaml"));
            let location = Location::of_file(file.cloned().unwrap_or_default());
            found.add(location, message).hint("upgrade Flux in it").cluster(&cluster.name);
        }
    }
}

fn sync(facts: &Facts<'_>, found: &mut Findings) {
    let fleet = facts.repository.fleet.as_ref().map(|file| &file.fleet);
    for cluster in &facts.clusters {
        let of_cluster = fleet.and_then(|fleet| fleet.clusters.get(&cluster.name)?.branch.as_ref());
        let branch = of_cluster.or_else(|| Some(&fleet?.repository.as_ref()?.branch));
        if let Some(own) = &cluster.own {
            if own.kustomization.folder().as_deref() != Some(&cluster.folder) {
                let location =
                    own.kustomization.path.as_ref().map_or(&own.kustomization.origin.location, |path| &path.location);
                let message = format!("Flux of {} does not read {}", cluster.name, cluster.folder);
                found.add(location.clone(), message).hint(format!("path: ./{}", cluster.folder)).cluster(&cluster.name);
            }
            let written = own.repository.as_ref().and_then(|repository| repository.reference.branch.as_ref());
            if let (Some(branch), Some(written)) = (branch, written)
                && *branch != written.value
            {
                let message =
                    format!("Flux of {} follows branch {}, the fleet's is {branch}", cluster.name, written.value);
                let hint = "name the same branch here and in fleet.yaml, under `repository` or for this cluster";
                found.add(written.location.clone(), message).hint(hint).cluster(&cluster.name);
            }
        }
        let folder = cluster.at("flux-system");
        let Some(kustomization) = facts.repository.kustomizations.get(&folder) else { continue };
        for name in LISTED {
            let file = format!("{folder}/{name}");
            let is_listed =
                kustomization.references.iter().any(|reference| reference.target == Target::File(file.clone()));
            if is_listed || !facts.repository.files.has_file(&file) {
                continue;
            }
            let message = format!("{} does not list {name}: it is not applied", kustomization.file);
            let finding = found.add(kustomization.key_location(&["resources"]), message);
            finding.hint(format!("add `- {name}`")).cluster(&cluster.name);
            if let Some(document) =
                kustomization.document().filter(|document| document.value.get("resources").is_some())
            {
                let (file, path) = (kustomization.file.clone(), vec!["resources".to_owned()]);
                let action = Action::Append(name.into());
                finding.fix([Edit { file, document: document.number, path, action }]);
            }
        }
    }
}
