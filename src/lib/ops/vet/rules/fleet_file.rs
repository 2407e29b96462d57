//! The rule of the fleet file: it and the repository say the same of clusters, flavours and addons.

use crate::fleet::file::{FLEET_FILE, FleetFile};
use crate::flux::url::repository_of;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::problem::{Location, Severity};
use crate::source::{Asked, requests};
use std::collections::BTreeSet;

pub(super) const RULES: &[Rule] =
    &[Rule::error("FLT01", "fleet.yaml and the repository differ", differs).explained(
        "A mistake in fleet.yaml; a cluster in it without a folder, or a cluster's folder that it does not name: commands\n\
         that go by the fleet file pass that cluster over. A flavour that is not there, or that is not the one that Flux\n\
         applies; a repository's URL that clusters do not sync from; an addon without a base, or whose source is not in\n\
         the repository; a base that no flavour uses. Whether fleet.lock is up to date is what `kfleet generate --check`\n\
         shows.",
    )];

fn differs(facts: &Facts<'_>, found: &mut Findings) {
    for problem in &facts.repository.fleet_problems {
        found.add_problem(problem.clone());
    }
    let Some(file) = &facts.repository.fleet else { return };
    let is_asked = |name: &String| facts.options.clusters.is_empty() || facts.options.clusters.contains(name);
    let flavours = &file.fleet.paths.flavours;
    for problem in
        file.verify_flavours(&|name| facts.repository.kustomizations.get(&format!("{flavours}/{name}")).is_some())
    {
        found.add_problem(problem);
    }
    for name in file.fleet.clusters.keys().filter(|name| is_asked(name)) {
        if facts.fleet.get(name).is_none() {
            let folder = file.cluster_path(name).unwrap_or_default();
            let message = format!("cluster {name} has no folder {folder}");
            found.add(file.document.location(&["clusters", name]), message).hint("bootstrap it, or remove it here");
        }
    }
    for cluster in &facts.clusters {
        let Some(named) = file.fleet.clusters.get(&cluster.name) else {
            let location = Location { file: FLEET_FILE.to_owned(), ..file.document.location(&["clusters"]) };
            let folder = if cluster.folder.is_empty() { "this repository" } else { &cluster.folder };
            let message = format!("{folder} is not among the clusters of {FLEET_FILE}");
            found.add(location, message).hint("add it, or delete its folder").cluster(&cluster.name);
            continue;
        };
        if let Some(flavour) = named.flavour.as_ref().filter(|_| !cluster.flavours.is_empty())
            && !cluster.flavours.contains(flavour)
        {
            let location = file.document.location(&["clusters", &cluster.name, "flavour"]);
            let applied = cluster.flavours.join(", ");
            let message = format!("{} has the flavour {flavour} here, but Flux applies {applied}", cluster.name);
            found.add(location, message).hint("name the flavour that it runs").cluster(&cluster.name);
        }
        let written = cluster.own.as_ref().and_then(|own| own.repository.as_ref()?.url.as_ref());
        if let (Some(repository), Some(url)) = (&file.fleet.repository, written)
            && repository_of(&repository.url) != repository_of(&url.value)
        {
            let message = format!("Flux of {} syncs from another repository than {}", cluster.name, repository.url);
            let hint = format!("write the URL of the repository here, or under `repository` in {FLEET_FILE}");
            found.add(url.location.clone(), message).hint(hint).cluster(&cluster.name);
        }
    }
    if facts.options.clusters.is_empty() {
        addons(facts, file, found);
        unused_bases(facts, file, found);
    }
}

/// Addons whose base or sources are not in the repository.
fn addons(facts: &Facts<'_>, file: &FleetFile, found: &mut Findings) {
    let files = &facts.repository.files;
    for (name, addon) in &file.fleet.addons {
        if !files.has_folder(&format!("{}/{name}", file.fleet.paths.bases)) {
            let message = format!("addon {name} has no base in {}", file.fleet.paths.bases);
            let finding = found.add(file.document.location(&["addons", name]), message);
            finding.hint(format!("run `kfleet generate {name}`"));
        }
        for request in requests(&addon.sources, &addon.owner(name)).unwrap_or_default() {
            let Asked::Local(path) = &request.asked else { continue };
            let path = path.trim_start_matches("./").trim_end_matches('/');
            if !files.has_file(path) && !files.has_folder(path) && !files.links.contains(path) {
                let message = format!("there is no {path}, which is a source of addon {name}");
                found.add(file.source_location(name, request.index), message).hint("repair the path");
            }
        }
    }
}

/// Bases that neither a flavour nor a cluster takes.
fn unused_bases(facts: &Facts<'_>, file: &FleetFile, found: &mut Findings) {
    let (repository, paths) = (facts.repository, &file.fleet.paths);
    let top = format!("{}/", paths.bases);
    let below = repository.files.below(&paths.bases);
    let bases: BTreeSet<&str> = below.filter_map(|path| Some(path.strip_prefix(&top)?.split_once('/')?.0)).collect();
    let flavours = format!("{}/", paths.flavours);
    let of_flavours = repository.kustomizations.iter().filter(|one| one.folder.starts_with(&flavours));
    let reached = of_flavours.map(|one| repository.kustomizations.reach(&repository.files, &one.folder));
    let taken: Vec<String> = reached.flat_map(|reach| reach.folders.into_iter().chain(reach.resources)).collect();
    let applied =
        facts.applied.iter().flat_map(|(_, reached)| reached.reach.folders.iter().chain(&reached.reach.resources));
    let taken: BTreeSet<&str> = taken.iter().chain(applied).filter_map(|path| path.strip_prefix(&top)).collect();
    let taken: BTreeSet<&str> = taken.iter().map(|path| path.split('/').next().unwrap_or(path)).collect();
    for base in bases.difference(&taken) {
        let location = match file.fleet.addons.contains_key(*base) {
            true => file.document.location(&["addons", base]),
            false => Location::of_file(format!("{top}{base}")),
        };
        let message = format!("no flavour and no cluster uses the base {base}");
        found.add(location, message).hint("list it in a flavour, or delete it").severity(Severity::Warning);
    }
}
