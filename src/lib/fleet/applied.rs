//! The folders that clusters apply, and what they lead to: the files, and the sources that objects in them name.

use super::clusters::Cluster;
use super::repository::Repository;
use crate::flux::{GitRepository, named_sources};
use crate::kustomize::Reach;
use std::collections::{BTreeMap, BTreeSet};

/// All folders that some clusters apply.
pub struct Applied {
    folders: BTreeMap<String, Reached>,
    by_cluster: BTreeMap<String, BTreeSet<String>>,
}

/// A folder that some cluster applies, and what it leads to.
pub struct Reached {
    pub reach: Reach,
    pub clusters: BTreeSet<String>,
    /// Kind and name of the sources that its objects name.
    pub named_sources: BTreeSet<(String, String)>,
}

impl Applied {
    /// Follows the folders that these clusters apply.
    pub fn new(repository: &Repository, clusters: &[&Cluster]) -> Applied {
        let mut folders: BTreeMap<String, Reached> = BTreeMap::new();
        let mut by_cluster = BTreeMap::new();
        for cluster in clusters {
            let applied = applied_folders(cluster, repository);
            for folder in &applied {
                let reached = folders.entry(folder.clone()).or_insert_with(|| Reached::new(repository, folder));
                reached.clusters.insert(cluster.name.clone());
            }
            by_cluster.insert(cluster.name.clone(), applied);
        }
        Applied { folders, by_cluster }
    }

    /// The folders that a cluster applies.
    pub fn by(&self, cluster: &Cluster) -> impl Iterator<Item = (&str, &Reached)> {
        let folders = self.by_cluster.get(&cluster.name).into_iter().flatten();
        folders.filter_map(|folder| Some((folder.as_str(), self.get(folder)?)))
    }

    /// What a folder leads to.
    pub fn get(&self, folder: &str) -> Option<&Reached> {
        self.folders.get(folder)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Reached)> {
        self.folders.iter().map(|(folder, reached)| (folder.as_str(), reached))
    }

    /// Whether an object of a cluster takes something from a GitRepository.
    pub fn uses(&self, repository: &Repository, cluster: &Cluster, source: &GitRepository) -> bool {
        let named = ("GitRepository".to_owned(), source.id.name.clone());
        let mut own = repository.manifests.of_files(repository.files.below(&cluster.folder));
        self.by(cluster).any(|(_, reached)| reached.named_sources.contains(&named))
            || own.any(|object| named_sources(&object).contains(&named))
    }
}

impl Reached {
    fn new(repository: &Repository, folder: &str) -> Reached {
        let reach = repository.kustomizations.reach(&repository.files, folder);
        let items = repository.manifests.of_files(&reach.resources);
        let named = items.filter(|item| item.group().ends_with(".fluxcd.io")).flat_map(|item| named_sources(&item));
        let named_sources = named.collect();
        Reached { reach, clusters: BTreeSet::new(), named_sources }
    }
}

/// The folders that a cluster applies, in this repository: its own, and those that its Kustomizations name.
fn applied_folders(cluster: &Cluster, repository: &Repository) -> BTreeSet<String> {
    let named = cluster.syncs.iter().filter_map(|pair| pair.kustomization.folder());
    let there = named.filter(|path| repository.files.has_folder(path));
    there.chain([cluster.folder.clone()]).collect()
}
