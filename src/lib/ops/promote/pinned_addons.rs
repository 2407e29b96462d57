//! Addons that are pinned apart, when the flavour's pin moves: at its new pin the flavour may render objects of an addon
//! that it did not have before. They too are left to the addon's own sync.

use super::refusal::{refusal, refuse, unclear};
use super::request::Request;
use crate::fleet::clusters::Cluster;
use crate::fleet::reconcile_disabled::{self, LeftAlone, ObjectId};
use crate::fleet::select_sync::path_of;
use crate::flux::{Pair, Pin};
use crate::path::plain_path;
use crate::problem::Problem;
use crate::text::{count, short};
use std::collections::BTreeSet;

/// The patches that the flavour's Kustomization lacks at its new pin, with what deserves to be said.
pub(super) fn still_apart(
    request: &Request<'_>,
    cluster: &Cluster,
    main: &Pair,
    applied: &str,
) -> Result<(Vec<String>, Vec<String>), Problem> {
    let left = LeftAlone::of(&main.kustomization);
    let (mut patches, mut notes) = (Vec::new(), Vec::new());
    if left.is_empty() {
        return Ok((patches, notes));
    }
    let location = &main.kustomization.origin.location;
    let commit = &request.candidate.commit.commit;
    let new = request.snapshots.at(commit).map_err(|error| refusal(&location.file, &error))?;
    let old = match main.pin() {
        Some(Pin::Commit(old)) => request.commits.commit(&old).and_then(|old| request.snapshots.at(&old)).ok(),
        _ => None,
    };
    let bases = format!("{}/", request.fleet.repository.paths.bases);
    let flavour = plain_path("", applied).unwrap_or_default();
    for pair in &cluster.syncs {
        let Some(folder) = path_of(pair) else { continue };
        let Some(addon) = folder.strip_prefix(&bases) else { continue };
        let was = old.as_ref().and_then(|old| reconcile_disabled::objects(old, &folder).ok()).unwrap_or_default();
        let is_there = reconcile_disabled::leads_to(&new, &flavour, &folder, &BTreeSet::new()) != Ok(false);
        let now = if is_there { reconcile_disabled::objects(&new, &folder) } else { Ok(BTreeSet::new()) };
        if !was.iter().chain(now.iter().flatten()).any(|id| left.has(id)) {
            continue;
        }
        let now = now.map_err(|reason| unclear(addon, commit, reason))?;
        let gone = was.iter().filter(|id| left.has(id) && !now.contains(*id)).count();
        if gone > 0 {
            notes.push(format!(
                "{} of {addon} leave the flavour: Flux deletes those that {} has not taken over, so let it be ready first",
                count(gone, "object"),
                pair.kustomization.id.name
            ));
        }
        let others = reconcile_disabled::others(&new, &flavour, &folder);
        let is_left = |id: &&ObjectId| was.contains(*id) && left.has(id);
        if let Some(moved) = others.iter().find(is_left).or_else(|| reconcile_disabled::taken_with(&now, &others)) {
            let message =
                format!("{moved} is not {addon}'s alone any more at {}, but would be left to it", short(commit));
            let hint = "give the two different names, or take the patch of the addon away by hand";
            return refuse(location, message, hint);
        }
        let missing: BTreeSet<ObjectId> = now.into_iter().filter(|id| !left.has(id)).collect();
        if !missing.is_empty() {
            notes.push(format!("{} that {addon} has now are left to its own sync too", count(missing.len(), "object")));
            patches.extend(reconcile_disabled::patches(addon, &missing));
        }
    }
    Ok((patches, notes))
}
