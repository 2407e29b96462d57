//! `path`: a file or folder of the repository.

use super::{Asked, Content, Declared, Mistakes, Owner, Release, Unexpanded};
use crate::problem::{Location, Problem, Severity};
use crate::tree::{self, Input, Tree, Walk, WalkOptions, walk};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The endings of files that count in a folder of manifests.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// A file or folder of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct PathSource(pub String);

impl Declared for PathSource {
    fn verify(&self, mistakes: &mut Mistakes<'_>) {
        mistakes.plain_path(&[], &self.0);
    }

    fn request(&self, _: &Owner<'_>) -> std::result::Result<Option<(Asked, Option<Release>)>, Unexpanded> {
        Ok(Some((Asked::Local(self.0.clone()), None)))
    }
}

/// Whether a file in a folder of manifests holds manifests, and does not say to kustomize how to build them.
pub(super) fn is_manifest(path: &str) -> bool {
    let ending = path.rsplit('.').next().unwrap_or_default();
    EXTENSIONS.contains(&ending) && !is_kustomization(path)
}

fn is_kustomization(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split_once('.').is_some_and(|(stem, ending)| stem == "kustomization" && EXTENSIONS.contains(&ending))
}

/// The texts of a file or folder: YAML and JSON files, kustomizations left out.
pub(super) fn read(root: &Path, path: &str) -> Result<Content, Vec<Problem>> {
    let extensions = EXTENSIONS.map(str::to_owned).to_vec();
    let mut texts = Vec::new();
    for file in walked(root, path, extensions)?.files {
        let name = file.path.strip_prefix(root).unwrap_or(&file.path).display().to_string();
        if file.named || !is_kustomization(&name) {
            let bytes = Input::from_file(&file, u64::MAX).and_then(Input::into_bytes);
            texts.push((name, bytes.map_err(problems)?));
        }
    }
    Ok(Content::of_texts(texts))
}

/// The same of a repository that is a value; nothing where there is no text.
pub(super) fn of_tree(repository: &Tree, path: &str) -> Option<Content> {
    let folder = format!("{path}/");
    let texts: Vec<(String, Vec<u8>)> = repository
        .iter()
        .filter(|(name, _)| *name == path || (name.starts_with(&folder) && is_manifest(name)))
        .map(|(name, bytes)| (name.clone(), bytes.clone()))
        .collect();
    (!texts.is_empty()).then(|| Content::of_texts(texts))
}

pub(super) fn read_file(root: &Path, path: &str) -> Result<Vec<u8>, Vec<Problem>> {
    let found = walked(root, path, Vec::new())?;
    let Some(file) = found.files.into_iter().find(|file| file.named) else {
        let problem = Problem::error(Location::of_file(path), "cannot read: it is a folder");
        return Err(vec![problem.with_hint("name a file")]);
    };
    Input::from_file(&file, u64::MAX).and_then(Input::into_bytes).map_err(problems)
}

fn walked(root: &Path, path: &str, extensions: Vec<String>) -> Result<Walk, Vec<Problem>> {
    let helm_templates = !extensions.is_empty();
    let options = WalkOptions { base: root.to_owned(), extensions, helm_templates, ..WalkOptions::default() };
    let mut found = walk(&[PathBuf::from(path)], &options);
    let errors: Vec<Problem> =
        std::mem::take(&mut found.problems).into_iter().filter(|problem| problem.severity == Severity::Error).collect();
    if errors.is_empty() { Ok(found) } else { Err(errors) }
}

/// What could not be read, as problems.
pub(super) fn problems(error: tree::Error) -> Vec<Problem> {
    vec![error.into_problem()]
}
