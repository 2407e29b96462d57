//! What the rules look at: the clusters, which files they lead to, and the objects in them, all found once.

use super::options::Options;
use super::revisions::Revisions;
use crate::fleet::applied::{Applied, Reached};
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::repository::Repository;
use crate::flux::{GitRepository, Pair};
use crate::kustomize::{Kustomization, Target};
use crate::manifest::{Manifest, ManifestFile};
use crate::path::{folder_of, is_within};
use std::collections::{BTreeMap, BTreeSet};

/// The folder of the pipelines.
pub const LIGHTHOUSE: &str = ".lighthouse";

pub struct Facts<'a> {
    /// All clusters of the repository.
    pub fleet: &'a Clusters,
    /// The clusters that are asked about.
    pub clusters: Vec<&'a Cluster>,
    pub repository: &'a Repository,
    pub options: &'a Options,
    /// Its history, where there is a clone to ask.
    pub revisions: Option<&'a dyn Revisions>,
    /// The files that are looked at.
    pub files: BTreeSet<&'a str>,
    /// The objects in them.
    pub objects: Vec<Manifest<'a>>,
    /// What the folders lead to that clusters apply.
    pub applied: Applied,
    /// The files that generators take as data.
    data: BTreeSet<&'a str>,
    /// The clusters by their folders.
    folders: BTreeMap<&'a str, &'a str>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(fleet: &'a Clusters, options: &'a Options, revisions: Option<&'a dyn Revisions>) -> Facts<'a> {
        let repository = &fleet.repository;
        let is_wanted = |cluster: &&Cluster| options.clusters.is_empty() || options.clusters.contains(&cluster.name);
        let clusters: Vec<&Cluster> = fleet.clusters.iter().filter(is_wanted).collect();
        let applied = Applied::new(repository, &clusters);
        let folders = fleet.clusters.iter().map(|one| (one.folder.as_str(), one.name.as_str())).collect();
        let files = files(repository, &clusters, &applied, options.clusters.is_empty());
        let data = data(repository);
        let objects = repository.manifests.of_files(files.difference(&data)).collect();
        Facts { fleet, clusters, repository, options, revisions, files, objects, applied, folders, data }
    }

    /// The objects of all files that hold a folder's resources.
    pub fn resources<'b>(&'b self, reached: &'b Reached) -> impl Iterator<Item = Manifest<'a>> + use<'a, 'b> {
        self.repository.manifests.of_files(&reached.reach.resources)
    }

    /// Whether a Kustomization of Flux applies a file.
    pub fn applies(&self, kustomization: &crate::flux::Kustomization, file: &str) -> bool {
        let reached = kustomization.folder().and_then(|folder| self.applied.get(&folder));
        reached.is_some_and(|reached| reached.reach.has(file))
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
        for (_, reached) in self.applied.iter() {
            for file in reached.reach.files().filter_map(|file| files.get(file.as_str())) {
                found.entry(file).or_default().extend(reached.clusters.iter().map(String::as_str));
            }
        }
        found
    }

    /// The contents of the files that are looked at, without the data of generators.
    pub fn manifests(&self) -> impl Iterator<Item = (&'a str, &'a ManifestFile)> {
        self.contents().filter(|(file, _)| !self.data.contains(file))
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

/// The folders of the layout, with what is beside them, and what clusters lead to.
fn files<'a>(
    repository: &'a Repository,
    clusters: &[&'a Cluster],
    applied: &Applied,
    whole: bool,
) -> BTreeSet<&'a str> {
    let paths = &repository.paths;
    let tops = [paths.top_of_clusters(), &paths.flavours, &paths.bases];
    let tops = tops.map(|path| path.split('/').next().unwrap_or(path));
    let is_in_layout = |file: &&str| tops.iter().chain([&LIGHTHOUSE]).any(|top| is_within(file, top));
    let in_layout = repository.manifests.paths().map(String::as_str).filter(|file| whole && is_in_layout(file));
    let of_clusters = clusters.iter().flat_map(|cluster| repository.files.below(&cluster.folder));
    let reached = applied.iter().flat_map(|(_, reached)| reached.reach.files());
    let reached = reached.filter_map(|file| repository.manifests.entry(file)).map(|(file, _)| file);
    in_layout.chain(of_clusters.map(String::as_str)).chain(reached).collect()
}

/// The files that generators take as data, and that no kustomization takes as a resource: they are not manifests.
fn data(repository: &Repository) -> BTreeSet<&str> {
    let (mut data, mut manifests) = (BTreeSet::new(), BTreeSet::new());
    for reference in repository.kustomizations.iter().flat_map(|kustomization| &kustomization.references) {
        let Target::File(file) = &reference.target else { continue };
        match reference.field() {
            "configMapGenerator" | "secretGenerator" | "helmCharts" => data.insert(file.as_str()),
            _ => manifests.insert(file.as_str()),
        };
    }
    data.retain(|file| !manifests.contains(file));
    data
}
