//! One addon of a destination: the pin of its own sync moves, and nothing else. A cluster that has the addon by its
//! flavour is asked to split it off.

use super::checks::{Checked, check, written_path};
use super::edits::{apply_edits, free_file, listed, patch_edits, pin_edits};
use super::own_source::{free_name, is_at, same_pin, source_text};
use super::promotion::{Promotion, promotion};
use super::refusal::no_pair;
use super::request::Request;
use super::split;
use crate::fleet::clusters::Cluster;
use crate::fleet::select_sync::addon_pair;
use crate::flux::GitRepository;
use crate::manifest::Edit;
use crate::path::folder_of;
use crate::problem::Problem;
use crate::publish::File;

/// Plans one destination.
pub(super) fn plan(request: &Request<'_>, cluster: &Cluster, addon: &str) -> Result<Promotion, Problem> {
    let own = addon_pair(request.fleet, cluster, addon).map_err(|reason| no_pair(cluster, reason))?;
    let Some(pair) = own else { return split::plan(request, cluster, addon) };
    let applied = written_path(pair);
    let checked = check(request, cluster, pair, &applied)?;
    let origin = &pair.kustomization.origin;
    let commit = &request.candidate.commit.commit;
    let (mut notes, mut new) = (Vec::new(), Vec::new());
    let mut edits = if has_pin(request, &checked) || !is_shared(cluster, checked.repository) {
        pin_edits(checked.repository, &checked.branch, commit)
    } else {
        // Others would move with it.
        let name = match same_pin(request, cluster, checked.repository) {
            Some(other) => other.id.name.clone(),
            None => {
                let shared = &checked.repository.id.name;
                notes.push(format!("others use GitRepository {shared} too: the addon gets one of its own"));
                let name = free_name(cluster, addon);
                let file = free_file(request, &format!("{}/{name}-source.yaml", folder_of(&origin.file)))?;
                let text = source_text(request, &checked, &name)?;
                new.extend(listed(request, &file, cluster)?);
                new.push(File { path: file, old: None, text });
                name
            }
        };
        vec![Edit::set(origin, &["spec", "sourceRef", "name"], name)]
    };
    // A split that was begun, by hand or by a run that was killed, is finished.
    let lacking = if request.options.split { split::lacking(request, cluster, pair, addon)? } else { None };
    if let Some((main, marks)) = lacking {
        let main = &main.kustomization;
        if !marks.is_empty() {
            notes.push(format!("Kustomization {} leaves {addon} alone from now on", main.id.name));
        }
        edits.extend(patch_edits(main, marks));
        if new.is_empty() {
            new.extend(listed(request, &origin.file, cluster)?);
        }
    }
    let mut files = apply_edits(request, edits)?;
    files.extend(new);
    Ok(Promotion { notes, ..promotion(request, cluster, &checked, &[applied], files) })
}

/// Whether there is nothing to move.
fn has_pin(request: &Request<'_>, checked: &Checked<'_>) -> bool {
    let branch = checked.repository.reference.branch.as_ref();
    is_at(checked.repository, &request.candidate.commit.commit)
        && branch.is_some_and(|branch| branch.value == checked.branch)
}

/// Whether more than one Kustomization takes its manifests from a GitRepository.
fn is_shared(cluster: &Cluster, repository: &GitRepository) -> bool {
    let users = cluster.pairs().filter_map(|pair| pair.repository.as_ref());
    users.filter(|used| used.origin == repository.origin).count() > 1
}
