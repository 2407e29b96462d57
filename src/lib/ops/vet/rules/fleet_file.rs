//! The rule of the fleet file: it and the repository name the same clusters.

use crate::fleet::file::FLEET_FILE;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use crate::problem::Location;

pub(in crate::ops::vet) const RULES: &[Rule] =
    &[Rule::error("FLT01", "fleet.yaml and the repository differ", differs).explained(
        "A mistake in fleet.yaml, a cluster in it without a folder, a flavour that is not there, or a cluster's folder\n\
         that it does not name: commands that go by the fleet file pass that cluster over. Whether fleet.lock is up to\n\
         date is what `kfleet generate --check` shows.",
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
        let folder = file.cluster_path(name).unwrap_or_default();
        if !facts.repository.files.has_folder(&folder) {
            let message = format!("cluster {name} has no folder {folder}");
            found.add(file.document.location(&["clusters", name]), message).hint("bootstrap it, or remove it here");
        }
    }
    for cluster in facts.clusters.iter().filter(|cluster| !file.fleet.clusters.contains_key(&cluster.name)) {
        let location = Location { file: FLEET_FILE.to_owned(), ..file.document.location(&["clusters"]) };
        let message = format!("{} is not among the clusters of {FLEET_FILE}", cluster.folder);
        found.add(location, message).hint("add it, or delete its folder").cluster(&cluster.name);
    }
}
