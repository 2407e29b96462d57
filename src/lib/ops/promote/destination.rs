//! One destination: whether its whole flavour moves, one addon of it, or whether it gets its first sync.

use super::checks::{check, usable, verify_path, written_path};
use super::edits::{apply_edits, patch_edits, pin_edits};
use super::promotion::{Promotion, promotion};
use super::refusal::{no_pair, refuse_whole};
use super::request::Request;
use super::{addon, new_sync, pinned_addons};
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::select_sync::{NoPair, main_pair, path_of, sharing, unread};
use crate::flux::Pair;
use crate::manifest::Edit;
use crate::path::plain_path;
use crate::problem::Problem;

/// Plans one destination.
pub(super) fn plan(request: &Request<'_>, cluster: &Cluster) -> Result<Promotion, Problem> {
    let Request { fleet, source, options, .. } = *request;
    if source.is_some_and(|source| source.name == cluster.name && !options.allow_older) {
        return refuse_whole(
            &cluster.folder,
            format!("{} would be promoted to itself", cluster.name),
            "name another destination",
        );
    }
    // The pin that counts may be in what cannot be read: another one would be taken for it.
    if let Some(unread) = unread(fleet, cluster) {
        return Err(unread.clone());
    }
    if let Some(addon) = &options.addon {
        return addon::plan(request, cluster, addon);
    }
    if let Some(source) = source
        && let (Some(ours), Some(theirs)) = (&cluster.flavour, &source.flavour)
        && ours != theirs
        && !options.allow_older
    {
        let message = format!("{} has the flavour {ours}, {} has {theirs}", cluster.name, source.name);
        return refuse_whole(&cluster.folder, message, "promote between clusters of one flavour");
    }
    let pair = match main_pair(fleet, cluster) {
        Ok(pair) => pair,
        Err(NoPair::None) => return first_sync(request, cluster),
        Err(unclear) => return Err(no_pair(cluster, unclear)),
    };
    usable(cluster, pair)?;
    let path = if options.with_path { new_path(fleet, source, pair) } else { None };
    let applied = path.as_ref().map_or_else(|| written_path(pair), |(_, new)| new.clone());
    let checked = check(request, cluster, pair, &applied)?;
    let mut edits = pin_edits(checked.repository, &checked.branch, &request.candidate.commit.commit);
    if let Some((_, new)) = &path {
        edits.push(Edit::set(&pair.kustomization.origin, &["spec", "path"], new.as_str()));
    }
    let mut all_applied = vec![applied.clone()];
    for moved_too in &sharing(cluster, pair)[1..] {
        let path = written_path(moved_too);
        if is_applied_now(request, checked.old_commit.as_deref(), &path) {
            verify_path(request, &path, &moved_too.kustomization.origin.location)?;
        }
        all_applied.push(path);
    }
    let (patches, notes) = pinned_addons::still_apart(request, cluster, pair, &applied)?;
    edits.extend(patch_edits(&pair.kustomization, patches));
    let files = apply_edits(request, edits)?;
    let planned = promotion(request, cluster, &checked, &all_applied, files);
    let notes = planned.notes.iter().cloned().chain(notes).collect();
    Ok(Promotion { path, notes, ..planned })
}

/// Whether the commit that runs now has a path; where it is not known, it is taken for one that has.
fn is_applied_now(request: &Request<'_>, old: Option<&str>, path: &str) -> bool {
    let (Some(old), Some(folder)) = (old, plain_path("", path)) else { return true };
    request.commits.has_path(old, &folder).unwrap_or(true)
}

/// The path before and after, where the source applies another one.
fn new_path(fleet: &Clusters, source: Option<&Cluster>, pair: &Pair) -> Option<(String, String)> {
    let theirs = main_pair(fleet, source?).ok()?;
    if path_of(theirs) == path_of(pair) {
        return None;
    }
    Some((pair.kustomization.path.as_ref()?.value.clone(), theirs.kustomization.path.as_ref()?.value.clone()))
}

fn first_sync(request: &Request<'_>, cluster: &Cluster) -> Result<Promotion, Problem> {
    let Some(source) = request.source else {
        return refuse_whole(&cluster.folder, format!("{} has no sync", cluster.name), "promote another cluster to it");
    };
    new_sync::plan(request, source, cluster)
}
