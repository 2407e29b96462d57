//! The clusters of a repository, as far as a fleet file can name them.

use super::{Adoption, cluster_url};
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::misleading_pins;
use crate::fleet::types::Repository;
use crate::git::{About, is_branch};
use crate::names::is_name;
use crate::problem::{Problem, Severity};
use std::collections::BTreeMap;

/// The clusters with the names that they get in the fleet file; what is in the way of others is reported.
pub(super) fn usable<'a>(found: &'a Clusters, adoption: &mut Adoption) -> Vec<(String, &'a Cluster)> {
    let warn = |problem: &Problem| Problem { severity: Severity::Warning, ..problem.clone() };
    adoption.warnings.extend(found.problems.iter().map(warn));
    adoption.warnings.extend(misleading_pins::problems(found).iter().map(warn));
    let mut clusters: Vec<(String, &Cluster)> = Vec::new();
    for cluster in &found.clusters {
        // Folders may be called what clusters cannot be.
        let name = cluster.name.to_lowercase().replace('_', "-");
        let is_free = found.get(&name).is_none_or(|other| other.name == cluster.name);
        if is_name(&name) && is_free && !clusters.iter().any(|(taken, _)| *taken == name) {
            tell_of_flavours(found, cluster, adoption);
            clusters.push((name, cluster));
        } else {
            adoption.unknown.push(format!("{}: it is not a name for a cluster", cluster.folder));
        }
    }
    clusters
}

fn tell_of_flavours(found: &Clusters, cluster: &Cluster, adoption: &mut Adoption) {
    let folder = &found.repository.paths.flavours;
    let name = &cluster.name;
    let message = match (&cluster.flavour, cluster.flavours.as_slice()) {
        (None, []) if found.repository.files.has_folder(folder) => {
            format!("the flavour of {name}: no Kustomization names a folder of {folder}")
        }
        (None, named @ [_, ..]) => format!("the flavour of {name}: {folder} has no {}", named.join(", ")),
        (Some(first), [_, _, ..]) => format!("which of several flavours is that of {name}: {first} was taken"),
        _ => return,
    };
    adoption.unknown.push(message);
}

/// The repository as the clusters see it; else as git does.
pub(super) fn repository(
    clusters: &[(String, &Cluster)],
    git: Option<&About>,
    adoption: &mut Adoption,
) -> Option<Repository> {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (_, cluster) in clusters {
        let own = cluster.own.as_ref().and_then(|own| own.repository.as_ref());
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
