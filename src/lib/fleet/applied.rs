//! The folders that clusters apply, one through the other, and what they lead to: the files, and the sources that objects in
//! them name.

use super::clusters::Cluster;
use super::own_repository::{Holds, OwnRepository};
use super::repository::Repository;
use crate::flux::{GitRepository, Kustomization, SourceReference, named_sources};
use crate::kustomize::Reach;
use std::collections::{BTreeMap, BTreeSet};

/// All folders that some clusters apply.
pub struct Applied {
    folders: BTreeMap<String, Reached>,
    by_cluster: BTreeMap<String, BTreeSet<String>>,
    pub own_repository: OwnRepository,
}

/// A folder that some cluster applies, and what it leads to.
pub struct Reached {
    pub reach: Reach,
    pub clusters: BTreeSet<String>,
    /// Kind and name of the sources that its objects name.
    pub named_sources: BTreeSet<(String, String)>,
    /// The Kustomizations among its objects: folder and source.
    nested: Vec<(String, Option<SourceReference>)>,
}

impl Applied {
    /// Follows the folders that these clusters apply, and the Kustomizations in them, as they are written: what patches do
    /// to them is not seen.
    pub fn new(repository: &Repository, clusters: &[&Cluster]) -> Applied {
        let mut folders: BTreeMap<String, Reached> = BTreeMap::new();
        let mut by_cluster = BTreeMap::new();
        let own_repository = OwnRepository::new(repository, clusters);
        for cluster in clusters {
            let named = cluster
                .pairs()
                .filter_map(|pair| Some((pair.kustomization.folder()?, pair.kustomization.source.clone())));
            let mut waiting: Vec<(String, Option<SourceReference>)> = named.collect();
            waiting.push((cluster.folder.clone(), None));
            let mut applied = BTreeSet::new();
            while let Some((folder, source)) = waiting.pop() {
                let is_here =
                    source.is_none_or(|source| own_repository.holds_named(cluster, &source) != Holds::Another);
                if !is_here || !repository.files.has_folder(&folder) || !applied.insert(folder.clone()) {
                    continue;
                }
                let reached = folders.entry(folder).or_insert_with_key(|folder| Reached::new(repository, folder));
                reached.clusters.insert(cluster.name.clone());
                waiting.extend(reached.nested.iter().cloned());
            }
            by_cluster.insert(cluster.name.clone(), applied);
        }
        Applied { folders, by_cluster, own_repository }
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
        let (mut sources, mut nested) = (BTreeSet::new(), Vec::new());
        let objects = repository.manifests.of_files(&reach.resources);
        for object in objects.filter(|object| object.group().ends_with(".fluxcd.io")) {
            sources.extend(named_sources(&object));
            let kustomization = Kustomization::read(&object);
            nested.extend(kustomization.and_then(|one| Some((one.folder()?, one.source))));
        }
        Reached { reach, clusters: BTreeSet::new(), named_sources: sources, nested }
    }
}
