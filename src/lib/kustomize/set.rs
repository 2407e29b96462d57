//! The kustomizations of a repository, by folder.

use super::kustomization::{Kustomization, NAMES};
use super::references::references;
use crate::manifest::{Files, ManifestSet};
use crate::path::folder_of;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All kustomizations, by folder.
#[derive(Debug, Default)]
pub struct Kustomizations {
    kustomizations: BTreeMap<String, Kustomization>,
}

impl Kustomizations {
    pub fn new(files: &Files, manifests: &ManifestSet) -> Kustomizations {
        let mut found: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for path in manifests.paths() {
            let name = path.rsplit('/').next().unwrap_or(path);
            if NAMES.contains(&name) {
                found.entry(folder_of(path)).or_default().push(path);
            }
        }
        let rank = |path: &str| NAMES.iter().position(|name| path.ends_with(name));
        let kustomizations = found.into_iter().filter_map(|(folder, mut paths)| {
            paths.sort_by_key(|path| rank(path));
            let file = paths[0].clone();
            let content = Arc::clone(manifests.get(&file)?);
            let value = content.documents.first().map_or(&Value::Null, |document| &document.value);
            let references = references(files, folder, value);
            let rivals = paths[1..].iter().map(|path| (*path).clone()).collect();
            Some((folder.to_owned(), Kustomization { folder: folder.to_owned(), file, rivals, references, content }))
        });
        Kustomizations { kustomizations: kustomizations.collect() }
    }

    pub fn get(&self, folder: &str) -> Option<&Kustomization> {
        self.kustomizations.get(folder)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Kustomization> {
        self.kustomizations.values()
    }

    /// The nearest kustomization at or above a file.
    pub fn above(&self, file: &str) -> Option<&Kustomization> {
        let mut folder = folder_of(file);
        loop {
            match self.get(folder) {
                Some(kustomization) => return Some(kustomization),
                None if folder.is_empty() => return None,
                None => folder = folder_of(folder),
            }
        }
    }
}
