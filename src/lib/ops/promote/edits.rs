//! The changes of files that move a pin, and where new files go.

use super::checks::{Checked, verify_clean};
use super::refusal::refuse_whole;
use super::request::Request;
use crate::fleet::clusters::Cluster;
use crate::manifest::Origin;
use crate::manifest::findings::refusal_problem;
use crate::path::is_within;
use crate::problem::Problem;
use crate::publish::File;
use crate::yaml::splice::{self, Change, New, Step};
use std::collections::BTreeMap;

/// A change of one document of a file.
pub(super) struct Edit<'a> {
    pub file: &'a str,
    pub document: usize,
    pub change: Change<'a>,
}

impl<'a> Edit<'a> {
    /// Sets a field of an object.
    pub(super) fn set(origin: &'a Origin, path: &[&'a str], value: &'a str, after: Option<&'a str>) -> Edit<'a> {
        Edit::of(origin, Change::Set { path: steps(origin, path), value: New::Text(value), after })
    }

    /// Adds YAML to a list of an object.
    pub(super) fn append(origin: &'a Origin, path: &[&'a str], yaml: &'a str) -> Edit<'a> {
        Edit::of(origin, Change::Append { path: steps(origin, path), value: New::Yaml(yaml) })
    }

    fn of(origin: &'a Origin, change: Change<'a>) -> Edit<'a> {
        Edit { file: &origin.file, document: origin.document, change }
    }
}

/// The path of an object's field in its document.
fn steps<'a>(origin: &'a Origin, path: &[&'a str]) -> Vec<Step<'a>> {
    let prefix = origin.prefix.iter().map(|part| part.parse().map_or(Step::Key(part), Step::Index));
    prefix.chain(path.iter().map(|part| Step::Key(part))).collect()
}

/// The lines of a pin.
pub(super) fn pin_edits<'a>(checked: &'a Checked<'a>, commit: &'a str) -> Vec<Edit<'a>> {
    let origin = &checked.repository.origin;
    vec![
        Edit::set(origin, &["spec", "ref", "branch"], &checked.branch, None),
        Edit::set(origin, &["spec", "ref", "commit"], commit, Some("branch")),
    ]
}

/// The files with these changes; none where all is as it should be.
pub(super) fn apply_edits(request: &Request<'_>, edits: &[Edit<'_>]) -> Result<Vec<File>, Problem> {
    let mut changes: BTreeMap<&str, Vec<(usize, Change<'_>)>> = BTreeMap::new();
    for edit in edits {
        changes.entry(edit.file).or_default().push((edit.document, edit.change.clone()));
    }
    let mut files = Vec::new();
    for (file, changes) in changes {
        let Some(before) = request.fleet.repository.files.texts.get(file) else { continue };
        let text = splice::edit(before, &changes).map_err(|refused| refusal_problem(file, &refused))?;
        if text != *before {
            verify_clean(request.commits, file)?;
            files.push(File { path: file.to_owned(), old: Some(before.clone()), text });
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
    let append = Change::Append { path: vec![Step::Key("resources")], value: New::Text(name) };
    let number = overlay.document().map_or(0, |document| document.number);
    let text = splice::edit(before, &[(number, append)]).map_err(|refused| refusal_problem(&overlay.file, &refused))?;
    Ok(Some(File { path: overlay.file.clone(), old: Some(before.clone()), text }))
}
