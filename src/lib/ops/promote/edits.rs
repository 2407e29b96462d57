//! The changes of files that move a pin, and where new files go.

use super::checks::verify_clean;
use super::refusal::refuse_whole;
use super::request::Request;
use crate::fleet::clusters::Cluster;
use crate::flux::{GitRepository, Kustomization};
use crate::manifest::{Action, Edit, NewValue, edited};
use crate::path::is_within;
use crate::problem::Problem;
use crate::publish::File;
use std::collections::BTreeMap;

/// The lines of a pin.
pub(super) fn pin_edits(repository: &GitRepository, branch: &str, commit: &str) -> Vec<Edit> {
    let set = |field, value| Edit::set(&repository.origin, &["spec", "ref", field], value);
    vec![set("branch", branch), set("commit", commit)]
}

/// Adds patches to a Kustomization.
pub(super) fn patch_edits(kustomization: &Kustomization, patches: Vec<String>) -> impl Iterator<Item = Edit> {
    let append = |patch| Action::Append(NewValue::Yaml(patch));
    patches.into_iter().map(move |patch| Edit::of(&kustomization.origin, &["spec", "patches"], append(patch)))
}

/// The files with these changes; none where all is as it should be.
pub(super) fn apply_edits(request: &Request<'_>, edits: Vec<Edit>) -> Result<Vec<File>, Problem> {
    let mut of_files: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
    for edit in edits {
        of_files.entry(edit.file.clone()).or_default().push(edit);
    }
    let mut files = Vec::new();
    for (path, edits) in of_files {
        let Some(before) = request.fleet.repository.files.texts.get(&path) else { continue };
        let text = edited(before, &edits)?;
        if text != *before {
            // An earlier run has written it already.
            if request.fleet.repository.files.replaced.get(&path) != Some(&text) {
                verify_clean(request.commits, &path)?;
            }
            files.push(File { path, old: Some(before.clone()), text });
        }
    }
    Ok(files)
}

/// A file that is not there yet.
pub(super) fn free_file(request: &Request<'_>, file: &str) -> Result<String, Problem> {
    if request.fleet.repository.files.has_file(file) {
        return refuse_whole(file, "there is a file of this name already", "remove it, or give it another name");
    }
    verify_clean(request.commits, file)?;
    Ok(file.to_owned())
}

/// The kustomization that is nearest to a new file, with the file among its resources, where there is one that lacks it.
/// Above the folder of the cluster none is looked for.
pub(super) fn listed(request: &Request<'_>, target: &str, cluster: &Cluster) -> Result<Option<File>, Problem> {
    let repository = &request.fleet.repository;
    let overlay = repository.kustomizations.above(target).filter(|above| is_within(&above.folder, &cluster.folder));
    let Some(overlay) = overlay else { return Ok(None) };
    let name = target.strip_prefix(&format!("{}/", overlay.folder)).unwrap_or(target);
    let known = overlay.references.iter().map(|reference| reference.text.trim_start_matches("./"));
    if known.into_iter().any(|text| text == name) {
        return Ok(None);
    }
    let Some(before) = repository.files.texts.get(&overlay.file) else { return Ok(None) };
    verify_clean(request.commits, &overlay.file)?;
    let edit = Edit {
        file: overlay.file.clone(),
        document: overlay.document().map_or(0, |document| document.number),
        path: vec!["resources".to_owned()],
        action: Action::Append(name.into()),
    };
    let text = edited(before, &[edit])?;
    Ok(Some(File { path: overlay.file.clone(), old: Some(before.clone()), text }))
}
