//! The first sync of a cluster: that of the source, pinned, without what is the source's own.

use super::checks::{usable, verify_clean, verify_commit, verify_path};
use super::edits::{listed, pin_edits};
use super::promotion::Promotion;
use super::refusal::refuse_whole;
use super::request::Request;
use crate::fleet::clusters::Cluster;
use crate::fleet::select_sync::main_pair;
use crate::manifest::{Action, Edit, edited};
use crate::problem::Problem;
use crate::publish::File;

/// Fields of a Kustomization that make one cluster different from others.
const PATCHES: [&str; 3] = ["patches", "patchesJson6902", "patchesStrategicMerge"];

/// Plans the sync of a cluster that has none.
pub(super) fn plan(request: &Request<'_>, source: &Cluster, cluster: &Cluster) -> Result<Promotion, Problem> {
    let Request { fleet, commits, candidate, options, .. } = *request;
    let Ok(theirs) = main_pair(fleet, source) else {
        return refuse_whole(
            &source.folder,
            format!("{} has no sync to begin with", source.name),
            "promote another cluster",
        );
    };
    let repository = usable(source, theirs)?;
    let kustomization = &theirs.kustomization;
    let file = &kustomization.origin.file;
    let objects = fleet.repository.manifests.of_file(file).count();
    if repository.origin.file != *file || objects != 2 {
        let message = format!("the sync of {} is not a file of its own", source.name);
        return refuse_whole(file, message, "copy it by hand, then promote");
    }
    let Some(branch) =
        repository.reference.branch.as_ref().map(|branch| branch.value.as_str()).or(candidate.branch.as_deref())
    else {
        return refuse_whole(
            file,
            "no branch is known to hold the pin".to_owned(),
            "write the tracked branch into ref.branch",
        );
    };
    let path = kustomization.path.as_ref().map_or("", |path| path.value.as_str());
    verify_commit(request, branch, &repository.origin.location)?;
    verify_path(request, path, &kustomization.origin.location)?;
    let relative = file.strip_prefix(&format!("{}/", source.folder)).unwrap_or(file);
    let target = format!("{}/{relative}", cluster.folder);
    if fleet.repository.files.has_file(&target) {
        return refuse_whole(
            &target,
            "there is a file of this name already, without a sync".to_owned(),
            "remove or complete it",
        );
    }
    verify_clean(commits, &target)?;

    let mut edits = pin_edits(repository, branch, &candidate.commit.commit);
    let mut notes = vec![format!("{} had no sync: it gets that of {}", cluster.name, source.name)];
    let patches = kustomization.patches.len();
    match (patches, options.with_patches) {
        (0, _) => {}
        (count, true) => notes.push(format!("with its {count} patches")),
        (count, false) => {
            notes.push(format!("without its {count} patches: write this cluster's own, or use --with-patches"));
            let remove = |field| Edit::of(&kustomization.origin, &["spec", field], Action::RemoveWithComments);
            edits.extend(PATCHES.map(remove));
        }
    }
    let before = fleet.repository.files.texts.get(file).map(Vec::as_slice).unwrap_or_default();
    let text = edited(before, &edits)?;
    let mut files = vec![File { path: target.clone(), old: None, text }];
    files.extend(listed(request, &target, cluster)?);
    Ok(Promotion {
        cluster: cluster.name.clone(),
        from: None,
        to: candidate.commit.commit.clone(),
        path: None,
        commits: None,
        is_older: false,
        is_split: false,
        between: Vec::new(),
        changed_files: None,
        files,
        notes,
    })
}
