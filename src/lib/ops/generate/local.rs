//! Sources that lie in the repository.

use super::sources::{Chart, Content, EXTENSIONS, is_kustomization};
use crate::digest::{sha256, sha256_of_texts};
use crate::problem::{Location, Problem, Severity};
use crate::tree::{self, Input, Tree, Walk, WalkOptions, walk};
use std::path::{Path, PathBuf};

/// The texts of a file or folder: YAML and JSON files, kustomizations left out.
pub(super) fn texts(root: &Path, path: &str) -> Result<Content, Vec<Problem>> {
    let options = WalkOptions {
        extensions: EXTENSIONS.map(str::to_owned).to_vec(),
        helm_templates: true,
        ..WalkOptions::default()
    };
    let mut texts = Vec::new();
    for file in walked(root, path, &options)?.files {
        let name = file.path.strip_prefix(root).unwrap_or(&file.path).display().to_string();
        if file.named || !is_kustomization(&name) {
            let bytes = Input::from_file(&file, u64::MAX).and_then(Input::into_bytes);
            texts.push((name, bytes.map_err(told)?));
        }
    }
    let sha256 = sha256_of_texts(texts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    Ok(Content { texts, sha256, ..Content::default() })
}

/// The chart in a folder, with all of its files, or in an archive.
pub(super) fn chart(root: &Path, path: &str) -> Result<Content, Vec<Problem>> {
    let location = below(root, path);
    let (chart, sha256) = if location.is_dir() {
        let files = Tree::from_dir(&location).map_err(told)?;
        let digest = sha256_of_texts(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
        (Chart::Folder(files), digest)
    } else {
        let bytes = file(root, path)?;
        let digest = sha256(&bytes);
        (Chart::Archive(bytes), digest)
    };
    Ok(Content { chart: Some(chart), sha256, ..Content::default() })
}

/// One file.
pub(super) fn file(root: &Path, path: &str) -> Result<Vec<u8>, Vec<Problem>> {
    let found = walked(root, path, &WalkOptions::default())?;
    let Some(file) = found.files.into_iter().find(|file| file.named) else {
        let location = Location { file: path.to_owned(), line: 0, column: 0 };
        let message = "cannot read: it is a folder".to_owned();
        return Err(vec![Problem {
            severity: Severity::Error,
            location,
            message,
            hint: Some("name a file".to_owned()),
        }]);
    };
    Input::from_file(&file, u64::MAX).and_then(Input::into_bytes).map_err(told)
}

fn below(root: &Path, path: &str) -> PathBuf {
    if root == Path::new(".") { path.into() } else { root.join(path) }
}

fn walked(root: &Path, path: &str, options: &WalkOptions) -> Result<Walk, Vec<Problem>> {
    let mut found = walk(&[below(root, path)], options);
    let errors: Vec<Problem> =
        std::mem::take(&mut found.problems).into_iter().filter(|problem| problem.severity == Severity::Error).collect();
    if errors.is_empty() { Ok(found) } else { Err(errors) }
}

fn told(error: tree::Error) -> Vec<Problem> {
    vec![error.into_problem()]
}
