//! Which folders of a repository are clusters, and how they are called: found by Flux's own sync, wherever it stands.

use super::repository::Repository;
use super::types::Paths;
use crate::flux::{GitRepository, Kustomization, sync_of_instance};
use crate::kustomize::Target;
use crate::path::{folder_of, is_within};
use std::collections::{BTreeMap, BTreeSet};

/// The name of a cluster whose folder is the whole repository.
const WHOLE: &str = "cluster";

/// The clusters of a repository: names and folders.
///
/// A folder is a cluster where Flux's own sync applies it: a pair of files in `flux-system`, or a FluxInstance. A folder in
/// the clusters' folder that has Flux or some sync, though not Flux's own, is one too, unless another cluster takes files from it
/// (as from a shared base). The fleet file can name more, and gives the names; where it is there, what lies outside its
/// folder of clusters is passed over.
pub(super) fn find(repository: &Repository) -> BTreeMap<String, String> {
    let syncs = Syncs::read(repository);
    let paths = &repository.paths;
    let is_asked = |folder: &String| repository.fleet.is_none() || paths.has_clusters_in(folder);
    let mut found: BTreeSet<String> = syncs.own_folders(repository).into_iter().filter(is_asked).collect();
    let listed = listed(repository, &found);
    found.extend(listed.values().cloned());
    found.extend(syncs.other_folders(repository, &found));
    if found.is_empty() && repository.fleet.is_none() {
        // Nothing is synced yet.
        found.extend(repository.manifests.paths().filter_map(|file| paths.cluster_folder_of(file)));
    }
    found.retain(|folder| !listed.values().any(|taken| taken == folder));
    let mut all = named(&found);
    all.extend(listed);
    all
}

/// The clusters of the fleet file, with their folders as far as they are there: where it says, or else one of that name.
fn listed(repository: &Repository, found: &BTreeSet<String>) -> BTreeMap<String, String> {
    let Some(file) = &repository.fleet else { return BTreeMap::new() };
    let folder = |name: &String| {
        let written = file.cluster_path(name).filter(|folder| repository.files.has_folder(folder));
        let is_open = file.fleet.clusters[name].path.is_none();
        let of_name = || found.iter().find(|folder| names_of(folder).any(|one| one == *name)).cloned();
        written.or_else(|| of_name().filter(|_| is_open))
    };
    file.fleet.clusters.keys().filter_map(|name| Some((name.clone(), folder(name)?))).collect()
}

/// What Flux's objects in the repository say of folders.
struct Syncs {
    /// The folders of Flux's own syncs.
    own: BTreeSet<String>,
    /// Kustomizations that apply the folder they stand in, from a GitRepository that stands in it too.
    of_themselves: BTreeSet<String>,
    /// The files that hold some Kustomization, or Flux itself, or what cannot be read and may do so.
    files: BTreeSet<String>,
    /// The folders that Kustomizations apply, with the files that say so.
    applied: BTreeSet<(String, String)>,
}

impl Syncs {
    fn read(repository: &Repository) -> Syncs {
        let mut syncs = Syncs {
            own: BTreeSet::new(),
            of_themselves: BTreeSet::new(),
            files: BTreeSet::new(),
            applied: BTreeSet::new(),
        };
        let mut sources = Vec::new();
        let mut kustomizations = Vec::new();
        for file in repository.manifests.paths() {
            let is_unread = repository.manifests.get(file).is_some_and(|content| content.problem(file).is_some());
            if is_unread || file.ends_with("/gotk-components.yaml") {
                syncs.files.insert(file.clone());
            }
            for object in repository.manifests.of_file(file).filter(|object| object.group().contains("fluxcd")) {
                if let Some(pair) = sync_of_instance(&object) {
                    syncs.own.extend(pair.kustomization.folder());
                }
                sources.extend(GitRepository::read(&object).map(|source| (file.as_str(), source.id)));
                kustomizations.extend(Kustomization::read(&object).map(|one| (file.as_str(), one)));
            }
        }
        for (file, kustomization) in kustomizations {
            syncs.files.insert(file.to_owned());
            let Some(folder) = kustomization.folder() else { continue };
            syncs.applied.insert((folder.clone(), file.to_owned()));
            let source = kustomization.source.as_ref().filter(|source| source.kind == "GitRepository");
            let has_source = || {
                let id = source.map(|source| &source.id);
                sources.iter().any(|(at, known)| Some(known) == id && is_within(at, &folder))
            };
            match home_of(file).filter(|_| kustomization.id.is_flux_system()) {
                Some(_) if is_within(file, &folder) => drop(syncs.own.insert(folder)),
                Some(home) => drop(syncs.own.insert(home.to_owned())),
                None if !folder.is_empty() && is_within(file, &folder) && has_source() => {
                    syncs.of_themselves.insert(folder);
                }
                None => {}
            }
        }
        syncs
    }

    /// The folders that Flux's own syncs apply.
    fn own_folders(&self, repository: &Repository) -> BTreeSet<String> {
        // What a cluster's own sync brings, such as a tenant's, is not a cluster.
        let is_inside = |folder: &str| self.own.iter().any(|own| !own.is_empty() && is_within(folder, own));
        let others = self.of_themselves.iter().filter(|folder| !is_inside(folder));
        self.own.iter().chain(others).filter(|folder| repository.files.has_folder(folder)).cloned().collect()
    }

    /// The folders among the clusters' that have a sync, though not Flux's own, and that no other folder takes files from.
    fn other_folders(&self, repository: &Repository, known: &BTreeSet<String>) -> BTreeSet<String> {
        let is_apart = |folder: &String| !has_related(known, folder);
        let folders = self.files.iter().filter_map(|file| repository.paths.cluster_folder_of(file));
        let open: BTreeSet<String> = folders.filter(is_apart).collect();
        if open.is_empty() {
            return open;
        }
        let applied = self.applied.iter().map(|(folder, file)| (folder.as_str(), file.as_str()));
        let built = repository.kustomizations.iter().flat_map(|kustomization| {
            let targets = kustomization.references.iter().filter_map(|reference| match &reference.target {
                Target::File(path) | Target::Folder(path) => Some(path.as_str()),
                _ => None,
            });
            targets.map(|path| (path, kustomization.file.as_str()))
        });
        let used: Vec<(&str, &str)> = applied.chain(built).collect();
        let is_shared =
            |folder: &String| used.iter().any(|(path, user)| is_within(path, folder) && !is_within(user, folder));
        open.into_iter().filter(|folder| !is_shared(folder)).collect()
    }
}

/// The folder that a file of Flux's own sync is about: that with `flux-system` in it, or that of `gotk-sync.yaml`.
fn home_of(file: &str) -> Option<&str> {
    let folder = folder_of(file);
    let name = file.rsplit('/').next().unwrap_or(file);
    let below = format!("/{folder}/");
    match below.find("/flux-system/") {
        Some(at) => Some(folder[..at].trim_end_matches('/')),
        None => (name == "gotk-sync.yaml").then_some(folder),
    }
}

/// Whether a folder is among these, or lies in one of them, or one of them in it.
fn has_related(folders: &BTreeSet<String>, folder: &str) -> bool {
    let inside = format!("{folder}/");
    let first_inside = folders.range(inside.clone()..).next();
    first_inside.is_some_and(|one| one.starts_with(&inside))
        || std::iter::successors(Some(folder), |path| (!path.is_empty()).then(|| folder_of(path)))
            .any(|path| folders.contains(path))
}

/// Each folder under the shortest name that no other one could have.
fn named(folders: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut takers: BTreeMap<String, usize> = BTreeMap::new();
    folders.iter().flat_map(|folder| names_of(folder)).for_each(|name| *takers.entry(name).or_default() += 1);
    let name = |folder: &String| {
        let longest = names_of(folder).last().unwrap_or_default();
        names_of(folder).find(|name| takers[name] == 1).unwrap_or(longest)
    };
    folders.iter().map(|folder| (name(folder), folder.clone())).collect()
}

/// What a folder may be called: by the last of its parts, the last two, and so on, with dashes.
fn names_of(folder: &str) -> impl Iterator<Item = String> {
    let parts: Vec<&str> = folder.split('/').collect();
    (1..=parts.len()).map(move |count| {
        let name = parts[parts.len() - count..].join("-");
        if name.is_empty() { WHOLE.to_owned() } else { name }
    })
}

impl Paths {
    /// The folder that all clusters are in: the first parts of the pattern.
    pub fn top_of_clusters(&self) -> &str {
        match self.clusters.find('*') {
            Some(star) => folder_of(&self.clusters[..star]),
            None => &self.clusters,
        }
    }

    /// Whether a folder lies in one that holds clusters.
    pub fn has_clusters_in(&self, folder: &str) -> bool {
        self.cluster_folder_of(&format!("{folder}/")).is_some()
    }

    /// The folder of the cluster that a file would belong to.
    pub fn cluster_folder_of(&self, file: &str) -> Option<String> {
        let mut parts = file.split('/');
        for wanted in self.clusters.split('/') {
            let part = parts.next()?;
            if !is_like(wanted, part) {
                return None;
            }
        }
        let (name, _) = (parts.next()?, parts.next()?);
        let count = self.clusters.split('/').count() + 1;
        let folder = file.split('/').take(count).collect::<Vec<_>>().join("/");
        Some(folder).filter(|_| !name.is_empty())
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn is_like(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            name.char_indices().map(|(at, _)| at).chain([name.len()]).any(|at| is_like(rest, &name[at..]))
        }),
    }
}
