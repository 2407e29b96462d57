//! What the rules look at: the clusters, which files they lead to, and the objects in them, all found once.

use super::Options;
use super::revisions::Revisions;
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::repository::Repository;
use crate::flux::{GitRepository, Pair, named_sources};
use crate::kustomize::{Kustomization, Reach};
use crate::manifest::{Manifest, ManifestFile};
use crate::path::{folder_of, is_within, plain_path};
use std::collections::{BTreeMap, BTreeSet};

/// The folder of the pipelines.
pub const LIGHTHOUSE: &str = ".lighthouse";

/// See the module.
pub struct Facts<'a> {
    /// All clusters of the repository.
    pub fleet: &'a Clusters,
    /// The clusters that are asked about.
    pub clusters: Vec<&'a Cluster>,
    /// The repository.
    pub repository: &'a Repository,
    /// What is asked.
    pub options: &'a Options,
    /// Its history, where there is a clone to ask.
    pub revisions: Option<&'a dyn Revisions>,
    /// The files that are looked at.
    pub files: BTreeSet<&'a str>,
    /// The objects in them.
    pub items: Vec<Manifest<'a>>,
    reaches: BTreeMap<String, Reached>,
    /// The clusters by their folders.
    folders: BTreeMap<&'a str, &'a str>,
}

/// A folder that some cluster applies, and what it leads to.
pub struct Reached {
    /// The files.
    pub reach: Reach,
    /// The clusters that apply it.
    pub clusters: BTreeSet<String>,
    /// Kind and name of the sources that its objects name.
    pub named_sources: BTreeSet<(String, String)>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(fleet: &'a Clusters, options: &'a Options, revisions: Option<&'a dyn Revisions>) -> Facts<'a> {
        let repository = &fleet.repository;
        let is_wanted = |cluster: &&Cluster| options.clusters.is_empty() || options.clusters.contains(&cluster.name);
        let clusters: Vec<&Cluster> = fleet.clusters.iter().filter(is_wanted).collect();
        let mut reaches: BTreeMap<String, Reached> = BTreeMap::new();
        for cluster in &clusters {
            for folder in applied_folders(cluster, repository) {
                let reached = reaches.entry(folder).or_insert_with_key(|folder| Reached::new(repository, folder));
                reached.clusters.insert(cluster.name.clone());
            }
        }
        let folders = fleet.clusters.iter().map(|one| (one.folder.as_str(), one.name.as_str())).collect();
        let files = files(repository, &clusters, &reaches, options.clusters.is_empty());
        let items = repository.manifests.of_files(&files).collect();
        Facts { fleet, clusters, repository, options, revisions, files, items, reaches, folders }
    }

    /// What the folders lead to that the cluster applies.
    pub fn reached(&self, cluster: &Cluster) -> impl Iterator<Item = (&str, &Reached)> {
        let folders = applied_folders(cluster, self.repository);
        folders.into_iter().filter_map(|folder| {
            let (folder, reached) = self.reaches.get_key_value(&folder)?;
            Some((folder.as_str(), reached))
        })
    }

    /// What a folder leads to that some cluster applies.
    pub fn reach(&self, folder: &str) -> Option<&Reached> {
        self.reaches.get(folder)
    }

    /// All folders that clusters apply.
    pub fn reaches(&self) -> impl Iterator<Item = (&str, &Reached)> {
        self.reaches.iter().map(|(folder, reached)| (folder.as_str(), reached))
    }

    /// The objects of all files that hold a folder's resources.
    pub fn resources<'b>(&'b self, reached: &'b Reached) -> impl Iterator<Item = Manifest<'a>> + use<'a, 'b> {
        self.repository.manifests.of_files(&reached.reach.resources)
    }

    /// The cluster whose folder a path is or lies in.
    pub fn owner(&self, path: &str) -> Option<&'a str> {
        let mut folder = path;
        loop {
            match self.folders.get(folder) {
                Some(name) => return Some(name),
                None if folder.is_empty() => return None,
                None => folder = folder_of(folder),
            }
        }
    }

    /// The clusters that each of the files concerns.
    pub fn clusters_of<'b>(&self, files: &BTreeSet<&'b str>) -> BTreeMap<&'b str, BTreeSet<&str>> {
        let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for file in files {
            found.entry(file).or_default().extend(self.owner(file));
        }
        for reached in self.reaches.values() {
            for file in reached.reach.files().filter_map(|file| files.get(file.as_str())) {
                found.entry(file).or_default().extend(reached.clusters.iter().map(String::as_str));
            }
        }
        found
    }

    /// The contents of the files that are looked at.
    pub fn contents(&self) -> impl Iterator<Item = (&'a str, &'a ManifestFile)> {
        let repository = self.repository;
        self.files.iter().filter_map(|file| repository.manifests.entry(file))
    }

    /// The kustomizations that are looked at.
    pub fn kustomizations(&self) -> impl Iterator<Item = &'a Kustomization> {
        self.repository.kustomizations.iter().filter(|one| self.files.contains(one.file.as_str()))
    }

    /// The clusters with their pairs, Flux's own first.
    pub fn pairs(&self) -> impl Iterator<Item = (&'a Cluster, &'a Pair)> {
        self.clusters.iter().flat_map(|cluster| cluster.pairs().map(|pair| (*cluster, pair)))
    }

    /// The clusters with their GitRepositories.
    pub fn git_repositories(&self) -> impl Iterator<Item = (&'a Cluster, &'a GitRepository)> {
        self.clusters.iter().flat_map(|cluster| cluster.repositories.iter().map(|one| (*cluster, one)))
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
    let named = cluster.syncs.iter().filter_map(path_of);
    let there = named.filter(|path| repository.files.has_folder(path));
    there.chain([cluster.folder.clone()]).collect()
}

/// The folder that a pair applies, relative to its repository; nothing where it leaves that.
pub fn path_of(pair: &Pair) -> Option<String> {
    plain_path("", pair.kustomization.path.as_ref().map_or("", |path| &path.value))
}

/// The folders of the layout, with what is beside them, and what clusters lead to.
fn files<'a>(
    repository: &'a Repository,
    clusters: &[&'a Cluster],
    reaches: &BTreeMap<String, Reached>,
    whole: bool,
) -> BTreeSet<&'a str> {
    let paths = &repository.paths;
    let tops = [&paths.clusters, &paths.flavours, &paths.bases].map(|path| path.split('/').next().unwrap_or(path));
    let is_in_layout = |file: &&str| tops.iter().chain([&LIGHTHOUSE]).any(|top| is_within(file, top));
    let in_layout = repository.manifests.paths().map(String::as_str).filter(|file| whole && is_in_layout(file));
    let of_clusters = clusters.iter().flat_map(|cluster| repository.files.below(&cluster.folder));
    let reached = reaches.values().flat_map(|reached| reached.reach.files());
    let reached = reached.filter_map(|file| repository.manifests.entry(file)).map(|(file, _)| file);
    in_layout.chain(of_clusters.map(String::as_str)).chain(reached).collect()
}
