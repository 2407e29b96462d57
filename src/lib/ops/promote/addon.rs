//! One addon of a destination: the pin of its own sync moves, and nothing else. A cluster that has the addon by its
//! flavour is asked to split it off.

use super::destination::{
    Checked, Edit, Job, carry_out, check, no_pair, pin_edits, plain_url, promotion, written_path,
};
use super::new_sync::listed;
use super::{File, Promotion, split};
use crate::diff::unified;
use crate::fleet::clusters::Cluster;
use crate::fleet::select_sync::{addon_pair, main_pair, name_of_addon};
use crate::flux::{GitRepository, Pin};
use crate::path::folder_of;
use crate::problem::Problem;

/// Plans one destination.
pub(super) fn plan(job: &Job<'_>, cluster: &Cluster, addon: &str) -> Result<Promotion, Problem> {
    let own = addon_pair(job.all, cluster, addon).map_err(|reason| no_pair(cluster, reason))?;
    let Some(pair) = own else { return split::plan(job, cluster, addon) };
    let applied = written_path(pair);
    let checked = check(job, cluster, pair, &applied)?;
    let origin = &pair.kustomization.origin;
    let commit = &job.source.commit.commit;
    let (mut notes, mut new) = (Vec::new(), Vec::new());
    let name;
    let mut edits = if has_pin(job, &checked) || !is_shared(cluster, checked.repository) {
        pin_edits(&checked, commit)
    } else {
        // Others would move with it.
        name = match same_pin(job, cluster, checked.repository) {
            Some(other) => other.id.name.clone(),
            None => {
                let shared = &checked.repository.id.name;
                notes.push(format!("others use GitRepository {shared} too: the addon gets one of its own"));
                let name = free_name(cluster, addon);
                let file = split::free_file(job, &format!("{}/{name}-source.yaml", folder_of(&origin.file)))?;
                let text = split::source_text(job, &checked, &name)?;
                new.extend(listed(job.all, job.clone, &file, &cluster.folder)?);
                new.push(File { diff: unified(&file, b"", &text), path: file, text });
                name
            }
        };
        vec![Edit::set(origin, &["spec", "sourceRef", "name"], &name, None)]
    };
    // A split that was begun, by hand or by a run that was killed, is finished.
    let lacking = if job.options.split { split::lacking(job, cluster, pair, addon)? } else { None };
    if let Some((main, marks)) = &lacking {
        let main = &main.kustomization;
        edits.extend(marks.iter().map(|mark| Edit::append(&main.origin, &["spec", "patches"], mark)));
        if !marks.is_empty() {
            notes.push(format!("Kustomization {} leaves {addon} alone from now on", main.id.name));
        }
        if new.is_empty() {
            new.extend(listed(job.all, job.clone, &origin.file, &cluster.folder)?);
        }
    }
    let mut files = carry_out(job, &edits)?;
    files.extend(new);
    Ok(Promotion { notes, ..promotion(job, cluster, &checked, &applied, files) })
}

/// Whether there is nothing to move.
fn has_pin(job: &Job<'_>, checked: &Checked<'_>) -> bool {
    let branch = checked.repository.reference.branch.as_ref();
    is_at(checked.repository, &job.source.commit.commit) && branch.is_some_and(|branch| branch.value == checked.branch)
}

fn is_at(repository: &GitRepository, commit: &str) -> bool {
    repository.reference.pin() == Pin::Commit(commit.to_owned())
}

/// Whether more than one Kustomization takes its manifests from a GitRepository.
fn is_shared(cluster: &Cluster, repository: &GitRepository) -> bool {
    let users = cluster.pairs().filter_map(|pair| pair.repository.as_ref());
    users.filter(|used| used.origin == repository.origin).count() > 1
}

/// A GitRepository that has the very pin already and fetches in the same way as another one. The flavour's is none: it
/// moves with the flavour.
pub(super) fn same_pin<'a>(job: &Job<'_>, cluster: &'a Cluster, like: &GitRepository) -> Option<&'a GitRepository> {
    let main = main_pair(job.all, cluster).ok().and_then(|pair| pair.repository.as_ref());
    let text = |repository: &GitRepository| {
        let plain = |field: &Option<crate::manifest::Located<String>>| field.as_ref().map(|one| one.value.clone());
        let url = plain(&repository.url).map(|url| plain_url(&url).to_owned());
        (url, plain(&repository.secret), plain(&repository.ignore), repository.id.namespace.clone())
    };
    cluster.repositories.iter().find(|one| {
        let is_own = one.id.is_flux_system() || main.is_some_and(|main| main.origin == one.origin);
        !is_own && is_at(one, &job.source.commit.commit) && text(one) == text(like)
    })
}

/// A name that no GitRepository of the cluster has.
pub(super) fn free_name(cluster: &Cluster, addon: &str) -> String {
    let name = name_of_addon(addon);
    let is_taken = |name: &str| cluster.repositories.iter().any(|one| one.id.name == name);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    [name.clone()].into_iter().chain(numbered).find(|name| !is_taken(name)).unwrap_or(name)
}
