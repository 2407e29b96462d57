//! Which of a cluster's syncs is the one that a pin is about: the flavour's, or that of one addon.

use crate::error::{Error, ErrorKind};
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::file::is_name;
use crate::fleet::types::Paths;
use crate::flux::Pair;
use crate::path::{is_within, plain_path};
use crate::problem::{Location, Problem};
use crate::suggest::did_you_mean;
use std::collections::BTreeSet;

/// Why there is no such sync.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoPair {
    /// The cluster has none at all.
    None,
    /// It has several that take their manifests from different sources, or two of one name: the message, its place, and
    /// what to do.
    Unclear(String, Location, &'static str),
}

/// The sync that brings in the cluster's flavour: that whose path lies among the flavours, or else that whose path is not
/// an addon's, or else any. Several Kustomizations of one GitRepository are one sync, of which the first is returned
/// ([`sharing`] has the rest); one that follows Flux's own GitRepository counts only where all do.
pub(crate) fn main_pair<'a>(fleet: &Clusters, cluster: &'a Cluster) -> Result<&'a Pair, NoPair> {
    let mut seen = BTreeSet::new();
    for pair in &cluster.syncs {
        if !seen.insert(&pair.kustomization.id) {
            let message = format!("{} has two Kustomizations named {}", cluster.name, pair.kustomization.id.name);
            let hint = "remove one of them, or give it another name";
            return Err(NoPair::Unclear(message, pair.kustomization.origin.location.clone(), hint));
        }
    }
    let Paths { flavours, bases, .. } = &fleet.repository.paths;
    let with = |folder: &str, is_below: bool| -> Vec<&Pair> {
        let is_there = |pair: &&Pair| path_of(pair).is_some_and(|path| is_within(&path, folder)) == is_below;
        cluster.syncs.iter().filter(is_there).collect()
    };
    let ranked = [with(flavours, true), with(bases, false), cluster.syncs.iter().collect()];
    let candidates = ranked.into_iter().find(|pairs| !pairs.is_empty()).ok_or(NoPair::None)?;
    let is_own = |pair: &Pair| pair.repository.as_ref().is_some_and(|repository| !cluster.is_own_source(repository));
    let of_own: Vec<&Pair> = candidates.iter().copied().filter(|pair| is_own(pair)).collect();
    let counting = if of_own.is_empty() { &candidates } else { &of_own };
    let first = counting[0];
    if counting.iter().all(|pair| std::ptr::eq(*pair, first) || is_of_one_source(pair, first)) {
        return Ok(first);
    }
    let names: Vec<&str> = cluster.syncs.iter().map(|pair| pair.kustomization.id.name.as_str()).collect();
    let message = format!("it is not clear which sync of {} brings in its flavour: {}", cluster.name, names.join(", "));
    let hint = "let one Kustomization have a path among the flavours; or name one addon with --addon";
    Err(NoPair::Unclear(message, candidates[0].kustomization.origin.location.clone(), hint))
}

fn is_of_one_source(one: &Pair, other: &Pair) -> bool {
    let origin = |pair: &Pair| pair.repository.as_ref().map(|repository| repository.origin.clone());
    origin(one).is_some() && origin(one) == origin(other)
}

/// The pairs whose pin is that of a pair: the pair itself, and the others that take their manifests from its GitRepository.
pub(crate) fn sharing<'a>(cluster: &'a Cluster, pair: &'a Pair) -> Vec<&'a Pair> {
    let others = cluster.syncs.iter().filter(|other| !std::ptr::eq(*other, pair) && is_of_one_source(other, pair));
    std::iter::once(pair).chain(others).collect()
}

/// The folder of an addon.
pub(crate) fn folder_of_addon(fleet: &Clusters, addon: &str) -> String {
    format!("{}/{addon}", fleet.repository.paths.bases)
}

/// The name of the Kustomization that a split makes for an addon.
pub(crate) fn name_of_addon(addon: &str) -> String {
    format!("addon-{addon}")
}

/// The sync that a cluster has for one addon alone: by its path, or else by its name.
pub(crate) fn addon_pair<'a>(fleet: &Clusters, cluster: &'a Cluster, addon: &str) -> Result<Option<&'a Pair>, NoPair> {
    let (folder, name) = (folder_of_addon(fleet, addon), name_of_addon(addon));
    let main = main_pair(fleet, cluster).ok().filter(|pair| path_of(pair).as_ref() != Some(&folder));
    let rest = || cluster.syncs.iter().filter(|pair| main.is_none_or(|main| !std::ptr::eq(main, *pair)));
    let by_path: Vec<&Pair> = rest().filter(|pair| path_of(pair).as_ref() == Some(&folder)).collect();
    let is_named = |pair: &&Pair| [name.as_str(), addon].contains(&pair.kustomization.id.name.as_str());
    let found = if by_path.is_empty() { rest().filter(is_named).collect() } else { by_path };
    match &found[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        [first, ..] => {
            let names: Vec<&str> = found.iter().map(|pair| pair.kustomization.id.name.as_str()).collect();
            let message = format!("{} has several syncs for {addon}: {}", cluster.name, names.join(", "));
            Err(NoPair::Unclear(message, first.kustomization.origin.location.clone(), "let one of them have it"))
        }
    }
}

/// The sync that brings in an addon: its own, or else the flavour's. Without an addon the flavour's.
pub(crate) fn running_pair<'a>(
    fleet: &Clusters,
    cluster: &'a Cluster,
    addon: Option<&str>,
) -> Result<&'a Pair, NoPair> {
    match addon.map(|addon| addon_pair(fleet, cluster, addon)).transpose()?.flatten() {
        Some(own) => Ok(own),
        None => main_pair(fleet, cluster),
    }
}

/// The folder that a pair applies, in the one plain way.
pub(crate) fn path_of(pair: &Pair) -> Option<String> {
    plain_path("", &pair.kustomization.path.as_ref()?.value)
}

/// A file of the cluster that cannot be read: what is not found may be in it.
pub(crate) fn unread<'a>(fleet: &'a Clusters, cluster: &Cluster) -> Option<&'a Problem> {
    fleet.problems.iter().find(|problem| is_within(&problem.location.file, &cluster.folder))
}

/// The addon of a name: a base, or one that a cluster has a sync of its own for.
///
/// # Errors
/// There is none ([`ErrorKind::Usage`]).
pub fn verify_addon(fleet: &Clusters, name: &str) -> crate::error::Result<()> {
    let is_pinned = |cluster: &Cluster| !matches!(addon_pair(fleet, cluster, name), Ok(None));
    let bases = format!("{}/", fleet.repository.paths.bases);
    let is_base = fleet.repository.files.has_folder(&format!("{bases}{name}"));
    if is_name(name) && (is_base || fleet.clusters.iter().any(is_pinned)) {
        return Ok(());
    }
    let below = fleet.repository.files.below(&fleet.repository.paths.bases);
    let known: BTreeSet<&str> = below.filter_map(|path| Some(path.strip_prefix(&bases)?.split_once('/')?.0)).collect();
    let error = Error::new(ErrorKind::Usage, format!("{} is not an addon of this fleet", name.escape_debug()));
    Err(match did_you_mean(name, known.iter().copied()) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint(format!("addons are the folders in {}", bases.trim_end_matches('/'))),
    })
}
