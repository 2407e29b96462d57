//! The clusters of a repository, and whether their pins do anything.

use super::flux::{FluxObject, objects};
use super::{Adoption, cluster_url};
use crate::fleet::file::is_name;
use crate::fleet::types::{Paths, Repository};
use crate::git::{About, is_branch};
use crate::problem::{Problem, Severity};
use crate::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};

/// A folder below the clusters.
#[derive(Debug)]
pub(super) struct FoundCluster {
    pub(super) name: String,
    /// Nothing where the repository does not tell it: such a cluster does not get into the file.
    pub(super) flavour: Option<String>,
    pub(super) environment: Option<&'static str>,
    pub(super) management: bool,
    objects: Vec<FluxObject>,
}

/// The clusters, by name.
pub(super) fn find(files: &Tree, adoption: &mut Adoption) -> Vec<FoundCluster> {
    let paths = Paths::default();
    let top = format!("{}/", paths.clusters);
    let names: BTreeSet<&str> =
        files.keys().filter_map(|path| path.strip_prefix(&top)?.split_once('/')).map(|(name, _)| name).collect();
    let mut clusters = Vec::new();
    for name in names {
        if !is_name(name) {
            adoption.unknown.push(format!("{top}{name}: it is no name for a cluster"));
            continue;
        }
        let objects = objects(files, &format!("{top}{name}/"), &mut adoption.warnings);
        warn_of_pins(name, &objects, &mut adoption.warnings);
        let infrastructure = format!("{top}{name}/infrastructure/");
        clusters.push(FoundCluster {
            name: name.to_owned(),
            flavour: flavour(name, &objects, files, adoption),
            environment: environment(name),
            management: files.keys().any(|path| path.starts_with(&infrastructure)),
            objects,
        });
    }
    clusters
}

/// The flavour whose folder one of the cluster's Kustomizations names.
fn flavour(cluster: &str, objects: &[FluxObject], files: &Tree, adoption: &mut Adoption) -> Option<String> {
    let flavours = Paths::default().flavours;
    let named: BTreeSet<&str> = objects
        .iter()
        .filter(|object| object.kind == "Kustomization")
        .filter_map(|object| object.text(&["path"]))
        .map(|path| path.trim_start_matches("./").trim_end_matches('/'))
        .filter_map(|path| path.strip_prefix(&flavours)?.strip_prefix('/'))
        .collect();
    let is_there = |name: &str| {
        let file = format!("{flavours}/{name}/kustomization");
        is_name(name) && ["yaml", "yml"].iter().any(|ending| files.contains_key(&format!("{file}.{ending}")))
    };
    let mut known = named.iter().filter(|name| is_there(name));
    let first = known.next().map(|name| (*name).to_owned());
    match (&first, known.next()) {
        (None, _) if named.is_empty() => {
            adoption.unknown.push(format!("the flavour of {cluster}: no Kustomization names a folder of {flavours}"));
        }
        (None, _) => {
            let named: Vec<&str> = named.into_iter().collect();
            let message = format!("the flavour of {cluster}: {flavours} has no {}", named.join(", "));
            adoption.unknown.push(message);
        }
        (Some(first), Some(_)) => {
            let message = format!("which of several flavours is that of {cluster}: {first} was taken");
            adoption.unknown.push(message);
        }
        (Some(_), None) => {}
    }
    first
}

/// What a name says of the use of a cluster.
fn environment(name: &str) -> Option<&'static str> {
    let words = [
        ("development", ["development", "dev", "develop"].as_slice()),
        ("test", &["test", "testing", "qa"]),
        ("staging", &["staging", "stage", "preprod"]),
        ("production", &["production", "prod", "live"]),
    ];
    let parts: BTreeSet<&str> = name.split(['-', '.']).collect();
    let fits = |known: &[&str]| known.iter().any(|word| parts.contains(word));
    let mut fitting = words.into_iter().filter(|(_, known)| fits(known)).map(|(environment, _)| environment);
    fitting.next().filter(|_| fitting.next().is_none())
}

/// Warns of pins that do nothing, and of commits in the place of branches.
fn warn_of_pins(cluster: &str, objects: &[FluxObject], warnings: &mut Vec<Problem>) {
    let mut warn = |object: &FluxObject, message: String, hint: String| {
        warnings.push(Problem { severity: Severity::Warning, place: object.place.clone(), message, hint: Some(hint) });
    };
    for repository in objects.iter().filter(|object| object.kind == "GitRepository") {
        let name = &repository.name;
        let branch = repository.text(&["ref", "branch"]).filter(|branch| is_like_a_commit(branch));
        if let Some(branch) = branch {
            let message = format!("GitRepository {name} names a branch `{branch}`, which looks like a commit");
            let hint = "a pin is `ref.commit`, all 40 digits, with the branch that has it in `ref.branch`";
            warn(repository, message, hint.to_owned());
        }
        if objects.iter().any(|object| object.uses("GitRepository", name)) {
            continue;
        }
        let pin = repository.text(&["ref", "commit"]).or(branch);
        let beside = objects.iter().find(|object| {
            object.kind == "Kustomization"
                && object.file == repository.file
                && object.text(&["sourceRef", "name"]).is_some()
        });
        match (beside, pin) {
            (Some(kustomization), Some(_)) => {
                let other = kustomization.text(&["sourceRef", "name"]).unwrap_or_default();
                let message = format!(
                    "the pin of {cluster} does nothing: Kustomization {} takes its manifests from {other}, not from \
                     GitRepository {name}",
                    kustomization.name
                );
                let hint = format!(
                    "name {name} in its sourceRef; look first at what the pinned commit holds: the cluster gets that then"
                );
                warn(kustomization, message, hint);
            }
            _ => {
                let message = format!("nothing in {cluster} uses GitRepository {name}: a pin in it would do nothing");
                warn(repository, message, format!("name {name} in the sourceRef of the Kustomization that it is for"));
            }
        }
    }
}

fn is_like_a_commit(branch: &str) -> bool {
    let is_hex = branch.bytes().all(|byte| byte.is_ascii_hexdigit());
    (7..=40).contains(&branch.len()) && is_hex && branch.bytes().any(|byte| byte.is_ascii_digit())
}

/// The repository as the clusters see it; else as git does.
pub(super) fn repository(
    clusters: &[FoundCluster],
    git: Option<&About>,
    adoption: &mut Adoption,
) -> Option<Repository> {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let syncs = clusters.iter().flat_map(|cluster| &cluster.objects);
    for object in syncs.filter(|object| object.kind == "GitRepository" && object.name == "flux-system") {
        let branch = object.text(&["ref", "branch"]).filter(|branch| is_branch(branch)).unwrap_or("master");
        if let Some(url) = object.text(&["url"]).and_then(cluster_url) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_environments_only_when_they_are_clear() {
        for (name, expected) in [
            ("production", Some("production")),
            ("eu-prod-1", Some("production")),
            ("staging", Some("staging")),
            ("dev-test", None),
            ("reproduction", None),
            ("blue", None),
        ] {
            assert_eq!(environment(name), expected, "{name}");
        }
        assert!(is_like_a_commit("3858eb6") && !is_like_a_commit("main") && !is_like_a_commit("defaced"));
    }
}
