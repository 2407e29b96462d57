//! The clusters of a repository and their syncs, read from its manifests: from any file of a cluster's folder, several
//! pairs for each. Pure: a tree of files in, clusters out.

use super::cluster_folders;
use super::file::{FLEET_FILE, is_name};
use super::repository::Repository;
use crate::error::{Error, ErrorKind, Result};
use crate::flux::{GitRepository, Kustomization, Pair, named_sources, sync_of_instance};
use crate::manifest::Manifest;
use crate::path::plain_path;
use crate::problem::Problem;
use crate::suggest::did_you_mean;
use crate::tree::Tree;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[derive(Debug)]
pub struct Clusters {
    pub repository: Repository,
    /// Its clusters, by name.
    pub clusters: Vec<Cluster>,
    /// Texts in the folders of clusters that cannot be read.
    pub problems: Vec<Problem>,
}

/// A cluster: a folder whose files Flux applies there.
#[derive(Debug)]
pub struct Cluster {
    pub name: String,
    pub folder: String,
    /// The flavour that it runs: the first of [`Cluster::flavours`] that is there.
    pub flavour: Option<String>,
    /// The flavours whose folders its Kustomizations name.
    pub flavours: Vec<String>,
    /// What it is for, as the fleet file says, or as its name does.
    pub environment: Option<String>,
    /// Whether it provisions others.
    pub management: bool,
    /// Flux's own sync: of the cluster's folder.
    pub own: Option<Pair>,
    /// Whether a FluxInstance makes that sync: it stands in no file.
    pub is_of_instance: bool,
    /// All other Kustomizations, each with its source.
    pub syncs: Vec<Pair>,
    pub repositories: Vec<GitRepository>,
    /// The version of Flux whose components are in the folder, such as `v2.7.0`.
    pub flux_version: Option<String>,
}

impl Clusters {
    /// Reads the clusters of the repository at `root`.
    ///
    /// # Errors
    /// A file or folder cannot be read. Files that are not YAML are [`Clusters::problems`].
    pub fn read(root: &Path) -> Result<Clusters> {
        Clusters::read_with(root, Tree::default())
    }

    /// The same, with files that belong to the repository and are not in the folder, as in a sparse checkout.
    ///
    /// # Errors
    /// As [`Clusters::read`].
    pub fn read_with(root: &Path, lacking: Tree) -> Result<Clusters> {
        Ok(Clusters::new(Repository::read(root, lacking)?))
    }

    /// Reads the clusters of a repository that has to be a fleet's. `lacking`: see [`Clusters::read_with`].
    ///
    /// # Errors
    /// A file or folder cannot be read; there is neither a cluster nor a fleet file ([`ErrorKind::Environment`]); the fleet
    /// file has mistakes: all of them.
    pub fn open(root: &Path, lacking: Tree) -> Result<Clusters> {
        let fleet = Clusters::read_with(root, lacking)?;
        let repository = &fleet.repository;
        if !repository.fleet_problems.is_empty() {
            let problems = repository.fleet_problems.clone();
            let message = format!("nothing was done: {FLEET_FILE} has mistakes");
            return Err(Error::of_problems(ErrorKind::Failed, message, problems));
        }
        if fleet.clusters.is_empty() && repository.fleet.is_none() {
            return Err(no_fleet());
        }
        Ok(fleet)
    }

    /// The clusters in a tree, such as one of a git revision.
    pub fn from_tree(tree: Tree) -> Clusters {
        Clusters::new(Repository::from_tree(tree))
    }

    /// The clusters in old versions of some files: which they are and where is taken from those of today.
    pub fn of_old_files(tree: Tree, present: &Clusters) -> Clusters {
        let (fleet, paths) = (present.repository.fleet.clone(), present.repository.paths.clone());
        let repository = Repository { fleet, paths, ..Repository::from_tree(tree) };
        let folders = present.clusters.iter().map(|cluster| (cluster.name.clone(), cluster.folder.clone()));
        Clusters::in_folders(repository, folders.collect())
    }

    fn new(repository: Repository) -> Clusters {
        let folders = cluster_folders::find(&repository);
        Clusters::in_folders(repository, folders)
    }

    fn in_folders(repository: Repository, folders: BTreeMap<String, String>) -> Clusters {
        let instances = instances(&repository);
        let read = |(name, folder)| Cluster::new(name, folder, &repository, &instances);
        let clusters: Vec<Cluster> = folders.into_par_iter().map(read).collect();
        let files = clusters.iter().flat_map(|cluster| repository.files.below(&cluster.folder));
        let problems = files.filter_map(|file| repository.manifests.get(file)?.problem(file)).collect();
        Clusters { repository, clusters, problems }
    }

    pub fn get(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    /// The cluster of a name that a user has given.
    ///
    /// # Errors
    /// There is none ([`ErrorKind::Usage`]).
    pub fn find(&self, name: &str) -> Result<&Cluster> {
        self.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
            if let Some(folder) = self.repository.fleet.as_ref().and_then(|file| file.cluster_path(name)) {
                let message = format!("the cluster {name} has no folder {folder}, where fleet.yaml has it");
                return Error::new(ErrorKind::Failed, message)
                    .with_hint("make the folder, or correct the cluster's `path`");
            }
            let error = Error::new(ErrorKind::Usage, format!("{} is not a cluster of this fleet", name.escape_debug()));
            match did_you_mean(name, known.iter().copied()) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error.with_hint(format!("clusters: {}", known.join(", "))),
            }
        })
    }

    /// The objects in a cluster's folder.
    pub fn manifests<'a>(&'a self, cluster: &'a Cluster) -> impl Iterator<Item = Manifest<'a>> {
        self.repository.manifests.of_files(self.repository.files.below(&cluster.folder))
    }
}

impl Cluster {
    fn new(name: String, folder: String, repository: &Repository, instances: &[Pair]) -> Cluster {
        let mut kustomizations = Vec::new();
        let mut repositories = Vec::new();
        let mut named: BTreeSet<(String, String)> = BTreeSet::new();
        let mut flux_version = None;
        for file in repository.files.below(&folder) {
            for item in repository.manifests.of_file(file) {
                if item.group().ends_with(".fluxcd.io") {
                    named.extend(named_sources(&item));
                    repositories.extend(GitRepository::read(&item));
                    kustomizations.extend(Kustomization::read(&item));
                }
            }
            if file.ends_with("/gotk-components.yaml") {
                flux_version = version_of_components(repository, file);
            }
        }
        let is_used = |id: &str| named.contains(&("GitRepository".to_owned(), id.to_owned()));
        let unused: Vec<&GitRepository> = repositories.iter().filter(|one| !is_used(&one.id.name)).collect();
        let instance = instances.iter().find(|pair| pair.kustomization.folder().as_deref() == Some(&folder));
        let mut own = instance.cloned();
        let mut syncs = Vec::new();
        for kustomization in kustomizations {
            let source = kustomization.source.as_ref().filter(|source| source.kind == "GitRepository");
            let of_instance = instance.and_then(|pair| pair.repository.as_ref());
            let known = || repositories.iter().chain(of_instance);
            let used = source.and_then(|source| known().find(|one| one.id == source.id)).cloned();
            let same_name = unused.iter().find(|one| one.id == kustomization.id);
            let path = kustomization.path.as_ref().and_then(|path| plain_path("", &path.value));
            let is_own = kustomization.id.is_flux_system() || path.as_deref() == Some(&folder);
            let unused = same_name.copied().cloned();
            let pair = Pair { kustomization, repository: used, unused };
            if is_own && own.is_none() { own = Some(pair) } else { syncs.push(pair) }
        }
        pair_by_file(&mut syncs, &unused);
        let fleet = repository.fleet.as_ref().and_then(|fleet| fleet.fleet.clusters.get(&name));
        let flavours = flavours(repository, &syncs);
        let is_there = |flavour: &&String| has_flavour(repository, flavour);
        let flavour =
            fleet.and_then(|cluster| cluster.flavour.clone()).or_else(|| flavours.iter().find(is_there).cloned());
        let infrastructure = plain_path(&folder, "infrastructure").unwrap_or_default();
        Cluster {
            flavour,
            flavours,
            environment: fleet
                .and_then(|cluster| cluster.environment.clone())
                .or_else(|| environment(&name).map(str::to_owned)),
            management: fleet.is_some_and(|cluster| cluster.management) || repository.files.has_folder(&infrastructure),
            own,
            is_of_instance: instance.is_some(),
            syncs,
            flux_version,
            name,
            folder,
            repositories,
        }
    }

    /// The path of something in its folder.
    pub fn at(&self, path: &str) -> String {
        if self.folder.is_empty() { path.to_owned() } else { format!("{}/{path}", self.folder) }
    }

    /// Whether a source is that of Flux's own sync, which follows its branch.
    pub fn is_own_source(&self, repository: &GitRepository) -> bool {
        let own = self.own.as_ref().and_then(|own| own.repository.as_ref());
        repository.id.is_flux_system() || own.is_some_and(|own| own.origin == repository.origin)
    }

    /// All pairs, Flux's own first.
    pub fn pairs(&self) -> impl Iterator<Item = &Pair> {
        self.own.iter().chain(&self.syncs)
    }

    /// The branch that Flux's own sync follows.
    pub fn branch(&self) -> Option<&str> {
        let repository = self.own.as_ref()?.repository.as_ref()?;
        repository.reference.branch.as_ref().map(|branch| branch.value.as_str())
    }
}

/// The error of a folder that is not a fleet's.
pub fn no_fleet() -> Error {
    let message =
        format!("this is not a fleet: there is no {FLEET_FILE} here or above, and no cluster that Flux syncs");
    Error::new(ErrorKind::Environment, message)
        .with_hint("run kfleet in a fleet repository, or name one with -C; `kfleet init` makes a new one")
}

/// The syncs that FluxInstances make.
fn instances(repository: &Repository) -> Vec<Pair> {
    let files = repository.manifests.paths();
    let objects = files.flat_map(|file| repository.manifests.of_file(file));
    objects.filter_map(|object| sync_of_instance(&object)).collect()
}

/// An unused GitRepository belongs to the one Kustomization of its file, whatever their names, unless that has one of its
/// own: Flux's is not.
fn pair_by_file(syncs: &mut [Pair], unused: &[&GitRepository]) {
    for repository in unused {
        let is_taken = syncs.iter().filter_map(|pair| pair.unused.as_ref()).any(|taken| taken.id == repository.id);
        let mut beside = syncs.iter_mut().filter(|pair| {
            let is_open = pair.repository.as_ref().is_none_or(|used| used.id.is_flux_system());
            is_open && pair.kustomization.origin.file == repository.origin.file
        });
        if let (false, Some(pair), None) = (is_taken, beside.next(), beside.next())
            && pair.unused.is_none()
        {
            pair.unused = Some((*repository).clone());
        }
    }
}

/// The flavours whose folders Kustomizations name.
fn flavours(repository: &Repository, syncs: &[Pair]) -> Vec<String> {
    let top = format!("{}/", repository.paths.flavours);
    let paths = syncs.iter().filter_map(|pair| plain_path("", &pair.kustomization.path.as_ref()?.value));
    let named: BTreeSet<String> = paths.filter_map(|path| Some(path.strip_prefix(&top)?.to_owned())).collect();
    named.into_iter().collect()
}

fn has_flavour(repository: &Repository, name: &str) -> bool {
    is_name(name) && repository.kustomizations.get(&format!("{}/{name}", repository.paths.flavours)).is_some()
}

/// Newer components have their version in a comment, older ones in a label.
fn version_of_components(repository: &Repository, file: &str) -> Option<String> {
    let content = repository.manifests.get(file)?;
    let comment = content.comments.iter().find_map(|(_, comment)| comment.strip_prefix("# Flux Version: "));
    let label = || {
        let mut namespaces = content.manifests(file).filter(|item| item.is("", "Namespace"));
        namespaces.find_map(|item| item.text(&["metadata", "labels", "app.kubernetes.io/version"]))
    };
    comment.or_else(label).map(|version| version.trim().to_owned())
}

/// The usual environments, in the order of promotion.
pub const ENVIRONMENTS: [&str; 4] = ["development", "test", "staging", "production"];

/// What a name says of the use of a cluster.
pub fn environment(name: &str) -> Option<&'static str> {
    let words = [
        ["development", "dev", "develop"].as_slice(),
        &["test", "testing", "qa"],
        &["staging", "stage", "preprod"],
        &["production", "prod", "live"],
    ];
    let parts: BTreeSet<&str> = name.split(['-', '.']).collect();
    let fits = |known: &[&str]| known.iter().any(|word| parts.contains(word));
    let mut fitting = ENVIRONMENTS.into_iter().zip(words).filter(|(_, known)| fits(known)).map(|(name, _)| name);
    fitting.next().filter(|_| fitting.next().is_none())
}

#[cfg(test)]
#[path = "clusters_tests.rs"]
mod tests;
