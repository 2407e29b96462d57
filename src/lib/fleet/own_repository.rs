//! Which sources are of the repository at hand, and which of others: only what is of this one can be looked up in its files.

use super::clusters::Cluster;
use super::repository::Repository;
use crate::flux::url::repository_of;
use crate::flux::{GitRepository, Pair, SourceReference};
use std::collections::BTreeSet;

/// What a source holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// The repository at hand.
    ThisRepository,
    /// Another repository, or an artifact of something else.
    Another,
    /// Neither Flux's own sync nor the fleet file says which repository this is.
    Unknown,
}

/// The sources of the repository at hand.
#[derive(Debug)]
pub struct OwnRepository {
    /// Host and path of its URL, as the fleet file has it.
    url: Option<String>,
    /// Those of the sources by which some cluster applies a folder that is here: they count where nothing says more.
    likely: BTreeSet<String>,
    /// The GitRepositories in all its files.
    sources: Vec<GitRepository>,
}

impl OwnRepository {
    /// Finds what clusters say of the repository.
    pub fn new(repository: &Repository, clusters: &[&Cluster]) -> OwnRepository {
        let url = repository.fleet.as_ref().and_then(|file| file.fleet.repository.as_ref());
        let files = repository.manifests.paths();
        let objects = files.flat_map(|file| repository.manifests.of_file(file));
        let is_here = |pair: &&Pair| {
            let folder = pair.kustomization.folder();
            folder.is_some_and(|folder| !folder.is_empty() && repository.files.has_folder(&folder))
        };
        let applied = clusters.iter().flat_map(|cluster| cluster.syncs.iter().filter(is_here));
        OwnRepository {
            likely: applied.filter_map(|pair| url_of(pair.repository.as_ref()?)).collect(),
            url: url.map(|repository| repository_of(&repository.url)),
            sources: objects.filter_map(|object| GitRepository::read(&object)).collect(),
        }
    }

    /// What a GitRepository of a cluster holds.
    pub fn holds(&self, cluster: &Cluster, repository: &GitRepository) -> Holds {
        if cluster.is_own_source(repository) {
            return Holds::ThisRepository;
        }
        let own = cluster.own.as_ref().and_then(|own| own.repository.as_ref()).and_then(url_of);
        let known: Vec<&String> = self.url.iter().chain(&own).collect();
        match url_of(repository) {
            Some(url) if known.contains(&&url) || (known.is_empty() && self.likely.contains(&url)) => {
                Holds::ThisRepository
            }
            _ if known.is_empty() => Holds::Unknown,
            _ => Holds::Another,
        }
    }

    /// What the source holds that an object of a cluster names.
    pub fn holds_named(&self, cluster: &Cluster, source: &SourceReference) -> Holds {
        let own = cluster.own.as_ref().and_then(|own| own.kustomization.source.as_ref());
        if own.is_some_and(|own| own.kind == source.kind && own.id == source.id) {
            return Holds::ThisRepository;
        }
        if source.kind != "GitRepository" {
            return Holds::Another;
        }
        let mut known = cluster.repositories.iter().chain(&self.sources);
        match known.find(|known| known.id == source.id) {
            Some(repository) => self.holds(cluster, repository),
            // Whoever has put Flux into the cluster has made this one.
            None if source.id.is_flux_system() => Holds::ThisRepository,
            None => Holds::Unknown,
        }
    }
}

fn url_of(repository: &GitRepository) -> Option<String> {
    repository.url.as_ref().map(|url| repository_of(&url.value))
}
