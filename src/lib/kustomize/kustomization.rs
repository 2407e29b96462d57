//! One kustomization: its file, its value and what it refers to. Flux's objects of that name are in [`crate::flux`].

use super::references::Reference;
use crate::manifest::{Document, ManifestFile};
use crate::problem::Location;
use serde_json::Value;
use std::sync::Arc;

/// The names that a kustomization can have.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

#[derive(Debug)]
pub struct Kustomization {
    pub folder: String,
    pub file: String,
    /// Further files in the folder that are kustomizations by their names.
    pub rivals: Vec<String>,
    pub references: Vec<Reference>,
    pub(super) content: Arc<ManifestFile>,
}

impl Kustomization {
    pub fn value(&self) -> &Value {
        self.document().map_or(&Value::Null, |document| &document.value)
    }

    /// Its document: the first one.
    pub fn document(&self) -> Option<&Document> {
        self.content.documents.first()
    }

    pub fn key_location(&self, path: &[&str]) -> Location {
        self.located(path, ManifestFile::key_location)
    }

    pub fn location(&self, path: &[&str]) -> Location {
        self.located(path, ManifestFile::location)
    }

    /// Whether there is a comment inside the value of a field.
    pub fn has_comments(&self, path: &[&str]) -> bool {
        self.document().is_some_and(|document| self.content.has_comments(document, path))
    }

    pub fn location_of(&self, reference: &Reference) -> Location {
        let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
        self.location(&path)
    }

    fn located(&self, path: &[&str], location: fn(&ManifestFile, &str, &Document, &[&str]) -> Location) -> Location {
        match self.document() {
            Some(document) => location(&self.content, &self.file, document, path),
            None => Location::of_file(self.file.clone()),
        }
    }
}
