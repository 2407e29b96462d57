//! An addon that comes with the flavour gets a sync of its own, in one change of the repository after which nothing that
//! runs is deleted, whichever of the two Kustomizations Flux looks at first:
//!
//! - The flavour's Kustomization goes on rendering the objects, but marks them to be left alone (see
//!   [`crate::fleet::reconcile_disabled`]). Flux prunes only what leaves the inventory of a Kustomization, and these stay in it.
//! - The new Kustomization applies them at its own pin, and by that becomes their owner: from then on the flavour's could
//!   not delete them even if it lost them, because Flux deletes only what carries the labels of the Kustomization.
//!
//! Both changes are in one commit, and each is safe without the other: no order must be kept, and no second step is needed.

use super::checks::{check, usable, written_path};
use super::edits::{apply_edits, free_file, listed, patch_edits};
use super::own_source::{copied, free_name, same_pin, source_text};
use super::promotion::{Promotion, promotion};
use super::refusal::{no_pair, refusal, refuse, unclear};
use super::request::Request;
use crate::fleet::clusters::Cluster;
use crate::fleet::reconcile_disabled::{self, Concern, LeftAlone, ObjectId};
use crate::fleet::select_sync::{folder_of_addon, main_pair, name_of_addon, path_of};
use crate::flux::{Pair, Pin};
use crate::manifest::{Action, Edit, Origin};
use crate::path::{folder_of, plain_path};
use crate::problem::Problem;
use crate::publish::File;
use crate::text::{count, short};
use serde_json::Value;
use std::collections::BTreeSet;

/// Fields that only older versions of the API have.
const OLD_PATCHES: [&str; 2] = ["patchesJson6902", "patchesStrategicMerge"];

/// The longest value that a label can have.
const MAX_LABEL: usize = 63;

/// Plans a destination that has no sync for the addon yet.
pub(super) fn plan(request: &Request<'_>, cluster: &Cluster, addon: &str) -> Result<Promotion, Problem> {
    let main = main_pair(request.fleet, cluster).map_err(|reason| no_pair(cluster, reason))?;
    usable(cluster, main)?;
    let location = &main.kustomization.origin.location;
    let Some(Pin::Commit(pin)) = main.pin() else {
        let message = format!("{} is not pinned to a commit: its flavour would change below the split", cluster.name);
        return refuse(location, message, "promote the whole cluster first");
    };
    let pin = request.commits.commit(&pin).map_err(|error| refusal(&location.file, &error))?;
    let path = format!("./{}", folder_of_addon(request.fleet, addon));
    let objects = verify_split(request, main, addon, &pin)?;
    if !request.options.split {
        if pin == request.candidate.commit.commit {
            return Ok(promotion(request, cluster, &check(request, cluster, main, &path)?, &[path], Vec::new()));
        }
        let message = format!("{} has {addon} by its flavour, whose pin is that of all its addons", cluster.name);
        return refuse(location, message, "give the addon a sync of its own with --split");
    }
    let checked = check(request, cluster, main, &path)?;
    let source = same_pin(request, cluster, checked.repository).map(|one| one.id.name.clone());
    let (name, file) = (name_of_addon(addon), format!("{}/{}.yaml", folder_of(&location.file), name_of_addon(addon)));
    if name.len() > MAX_LABEL {
        return refuse(location, format!("{name} is too long: Flux writes the name into labels of objects"), "");
    }
    if let Some(taken) = cluster.pairs().find(|pair| pair.kustomization.id.name == name) {
        return refuse(&taken.kustomization.origin.location, format!("there is a Kustomization {name} already"), "");
    }
    let file = free_file(request, &file)?;
    let is_shared = source.is_some();
    let source = source.unwrap_or_else(|| free_name(cluster, addon));
    let mut text =
        format!("# Addon {addon} is pinned apart: `kfleet promote --addon {addon}` moves it.\n").into_bytes();
    if !is_shared {
        text.extend(source_text(request, &checked, &source)?);
        text.extend(b"---\n");
    }
    let orphans = has_deletion_policy(cluster);
    text.extend(kustomization_text(request, main, &[name.as_str(), &path, &source], &objects.all, orphans)?);
    let marks = patch_edits(&main.kustomization, marks(main, addon, &objects));
    let mut files = apply_edits(request, marks.collect())?;
    files.push(File { path: file.clone(), old: None, text });
    files.extend(listed(request, &file, cluster)?);
    let mut notes = vec![
        format!(
            "{addon} gets a sync of its own: Kustomization {name} with {} GitRepository {source}",
            if is_shared { "the present" } else { "a new" }
        ),
        format!(
            "nothing is deleted on the way: Kustomization {} keeps its {} in its inventory and leaves them alone, {name} \
             takes them over; one commit, whichever Flux looks at first",
            main.kustomization.id.name,
            count(objects.left.len(), "object")
        ),
        format!(
            "it costs one more Kustomization{}; what the flavour's pin brings no longer reaches {addon}",
            if is_shared { "" } else { " and one more clone of the repository, each hour, in this cluster" }
        ),
    ];
    if !orphans {
        notes.push(format!(
            "this cluster's Flux does not know `deletionPolicy`: before you ever remove {name}, set its `prune: false`"
        ));
    }
    let waits = |pair: &&Pair| pair.kustomization.depends_on.iter().any(|on| on.value == main.kustomization.id);
    for waiting in cluster.syncs.iter().filter(waits).map(|pair| &pair.kustomization.id.name) {
        let main = &main.kustomization.id.name;
        notes.push(format!(
            "{waiting} waits for {main}, which no longer brings {addon}: let it wait for {name} if it needs it"
        ));
    }
    let removed: Vec<String> = objects.left.difference(&objects.new).map(ToString::to_string).collect();
    if !removed.is_empty() {
        notes.push(format!("left as they are until the flavour's pin moves past them: {}", removed.join(", ")));
    }
    Ok(Promotion { is_split: true, notes, ..promotion(request, cluster, &checked, &[path], files) })
}

/// The marks that a flavour lacks, with the pair that gets them: of an addon that has a sync of its own already.
pub(super) fn lacking<'a>(
    request: &Request<'_>,
    cluster: &'a Cluster,
    pair: &Pair,
    addon: &str,
) -> Result<Option<(&'a Pair, Vec<String>)>, Problem> {
    let Ok(main) = main_pair(request.fleet, cluster) else { return Ok(None) };
    let (Some(Pin::Commit(pin)), Some(folder)) = (main.pin(), path_of(pair)) else { return Ok(None) };
    let flavour = path_of(main).unwrap_or_default();
    if folder != folder_of_addon(request.fleet, addon) || flavour == folder {
        return Ok(None);
    }
    let location = &main.kustomization.origin.location;
    let old = request.commits.commit(&pin).and_then(|pin| request.snapshots.at(&pin));
    let old = old.map_err(|error| refusal(&location.file, &error))?;
    if reconcile_disabled::leads_to(&old, &flavour, &folder, &BTreeSet::new()) == Ok(false) {
        return Ok(None);
    }
    let objects = verify_split(request, main, addon, &pin)?;
    Ok(Some((main, marks(main, addon, &objects))))
}

/// Patches for those of an addon's objects that the flavour's Kustomization does not leave alone yet.
fn marks(main: &Pair, addon: &str, objects: &Objects) -> Vec<String> {
    let left = LeftAlone::of(&main.kustomization);
    let missing = objects.left.iter().filter(|id| !left.has(id)).cloned().collect();
    reconcile_disabled::patches(addon, &missing)
}

/// The objects of an addon.
struct Objects {
    /// Those that the flavour renders at its pin.
    left: BTreeSet<ObjectId>,
    /// Those that the addon has at the new pin.
    new: BTreeSet<ObjectId>,
    /// Both.
    all: BTreeSet<ObjectId>,
}

/// The flavour has the addon, as it is, and what comes from it can be distinguished from all else.
fn verify_split(request: &Request<'_>, main: &Pair, addon: &str, pin: &str) -> Result<Objects, Problem> {
    let location = &main.kustomization.origin.location;
    let folder = folder_of_addon(request.fleet, addon);
    let flavour = plain_path("", &written_path(main)).unwrap_or_default();
    let commit = &request.candidate.commit.commit;
    let at = |commit: &str| request.snapshots.at(commit).map_err(|error| refusal(&location.file, &error));
    let old = at(pin)?;
    let left = reconcile_disabled::objects(&old, &folder).map_err(|reason| unclear(addon, pin, reason))?;
    let is_there =
        reconcile_disabled::leads_to(&old, &flavour, &folder, &left).map_err(|reason| unclear(addon, pin, reason))?;
    if !is_there || flavour == folder || left.is_empty() {
        let message = format!("{flavour} does not have {addon} at the pin {}", short(pin));
        return refuse(location, message, "promote the whole cluster to a commit whose flavour has it");
    }
    if let Some(nameless) = left.iter().find(|id| id.name.is_empty()) {
        let message = format!("{addon} cannot be pinned apart: its {} has no name", nameless.kind);
        return refuse(location, message, "give it a name");
    }
    if let Some(other) = reconcile_disabled::taken_with(&left, &reconcile_disabled::others(&old, &flavour, &folder)) {
        let message = format!("{other} of another addon cannot be distinguished from that of {addon}");
        return refuse(location, message, "give the two different names, or write their namespaces into their files");
    }
    let new = reconcile_disabled::objects(&*at(commit)?, &folder).map_err(|reason| unclear(addon, commit, reason))?;
    let all = left.union(&new).cloned().collect();
    Ok(Objects { left, new, all })
}

/// A Kustomization like that of the flavour for the addon alone: patches and health checks of other objects are left out.
fn kustomization_text(
    request: &Request<'_>,
    main: &Pair,
    [name, path, source]: &[&str; 3],
    objects: &BTreeSet<ObjectId>,
    orphans: bool,
) -> Result<Vec<u8>, Problem> {
    let (origin, location) = (&main.kustomization.origin, &main.kustomization.origin.location);
    let item = request.fleet.repository.manifests.of_file(&origin.file).find(|item| item.origin() == *origin);
    let Some(item) = item else {
        return refuse(location, "this Kustomization cannot be read again", "");
    };
    if let Some(field) = OLD_PATCHES.iter().find(|field| item.get(&["spec", field]).is_some()) {
        let message = format!("`{field}` is of an older version of Flux");
        return refuse(&item.key_location(&["spec", field]), message, "`kfleet vet --fix` rewrites it");
    }
    if !item.list(&["spec", "components"]).is_empty() {
        let message = "components of the flavour's Kustomization may change the addon";
        return refuse(
            &item.key_location(&["spec", "components"]),
            message,
            "list them in the flavour or the bases instead",
        );
    }
    let mut edits = vec![
        Edit::set(origin, &["metadata", "name"], *name),
        Edit::set(origin, &["spec", "path"], *path),
        Edit::set(origin, &["spec", "sourceRef", "name"], *source),
    ];
    let mut kept = Vec::new();
    for (number, patch) in main.kustomization.patches.iter().enumerate() {
        match reconcile_disabled::concern(patch, None, objects) {
            Concern::Mixed => {
                let location = item.location(&["spec", "patches", &number.to_string()]);
                return refuse(&location, "this patch changes the addon and others", "write one for each");
            }
            concern => kept.push(concern == Concern::Some),
        }
    }
    edits.extend(without(origin, "patches", &kept));
    let checks = item.list(&["spec", "healthChecks"]);
    let kept: Vec<bool> = checks.iter().map(|check| is_of(check, objects)).collect();
    edits.extend(without(origin, "healthChecks", &kept));
    if orphans {
        edits.push(Edit::set(origin, &["spec", "deletionPolicy"], "Orphan"));
    }
    copied(request, origin, edits)
}

/// Whether a health check is of one of the objects.
fn is_of(check: &Value, objects: &BTreeSet<ObjectId>) -> bool {
    let text = |key: &str| check.get(key).and_then(Value::as_str).unwrap_or_default();
    objects.iter().any(|id| {
        let is_near = id.namespace.is_empty() || id.namespace == text("namespace");
        id.kind == text("kind") && id.name == text("name") && is_near
    })
}

/// Removes the entries of a list that are not kept, from the last on, or the list if none is.
fn without(origin: &Origin, field: &str, kept: &[bool]) -> Vec<Edit> {
    let remove = |path: &[&str]| Edit::of(origin, path, Action::RemoveWithComments);
    if !kept.contains(&true) {
        return vec![remove(&["spec", field])];
    }
    let removed = (0..kept.len()).rev().filter(|number| !kept[*number]);
    removed.map(|number| remove(&["spec", field, &number.to_string()])).collect()
}

/// Whether the cluster's Flux knows `deletionPolicy`: from 2.6 on; where no version is known, it is taken for a new one.
fn has_deletion_policy(cluster: &Cluster) -> bool {
    let Some(version) = &cluster.flux_version else { return true };
    let mut parts = version.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (2, 6)
}
