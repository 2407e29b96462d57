//! The clusters of a repository, as far as a fleet file can name them.

use super::{Adoption, cluster_url};
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::misleading_pins;
use crate::fleet::types::{Paths, Repository};
use crate::git::{About, is_branch};
use crate::names::is_name;
use crate::problem::{Problem, Severity};
use std::collections::BTreeMap;

/// The clusters that a fleet file can name; what is in the way of the others is reported.
pub(super) fn usable<'a>(found: &'a Clusters, adoption: &mut Adoption) -> Vec<&'a Cluster> {
    let warn = |problem: &Problem| Problem { severity: Severity::Warning, ..problem.clone() };
    adoption.warnings.extend(found.problems.iter().map(warn));
    adoption.warnings.extend(misleading_pins::problems(found).iter().map(warn));
    let mut clusters = Vec::new();
    for cluster in &found.clusters {
        if is_name(&cluster.name) {
            tell_of_flavours(cluster, adoption);
            clusters.push(cluster);
        } else {
            adoption.unknown.push(format!("{}: it is not a name for a cluster", cluster.folder));
        }
    }
    clusters
}

fn tell_of_flavours(cluster: &Cluster, adoption: &mut Adoption) {
    let folder = Paths::default().flavours;
    let name = &cluster.name;
    let message = match (&cluster.flavour, cluster.flavours.as_slice()) {
        (None, []) => format!("the flavour of {name}: no Kustomization names a folder of {folder}"),
        (None, named) => format!("the flavour of {name}: {folder} has no {}", named.join(", ")),
        (Some(first), [_, _, ..]) => format!("which of several flavours is that of {name}: {first} was taken"),
        (Some(_), _) => return,
    };
    adoption.unknown.push(message);
}

/// The repository as the clusters see it; else as git does.
pub(super) fn repository(clusters: &[&Cluster], git: Option<&About>, adoption: &mut Adoption) -> Option<Repository> {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for cluster in clusters {
        let own = cluster.repositories.iter().find(|repository| repository.id.is_flux_system());
        let branch = own.and_then(|own| own.reference.branch.as_ref()).map(|branch| branch.value.as_str());
        let branch = branch.filter(|branch| is_branch(branch)).unwrap_or("master");
        let url = own.and_then(|own| own.url.as_ref()).and_then(|url| cluster_url(&url.value));
        if let Some(url) = url {
            *seen.entry((url, branch.to_owned())).or_default() += 1;
        }
    }
    if seen.len() > 1 {
        adoption
            .unknown
            .push("which repository is the fleet's: clusters sync from several; most of them counted".to_owned());
    }
    let most = seen.into_iter().max_by_key(|(_, count)| *count).map(|(pair, _)| pair);
    let found = most.or_else(|| {
        let url = git.and_then(|git| git.origin.as_deref()).and_then(cluster_url)?;
        Some((url, git.and_then(|git| git.branch.clone()).filter(|branch| is_branch(branch))?))
    });
    if found.is_none() {
        adoption.unknown.push("the repository's URL and branch: name them under `repository`".to_owned());
    }
    found.map(|(url, branch)| Repository { url, branch })
}
