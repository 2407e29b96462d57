//! A repository as the model of the fleet sees it: its files, parsed, its fleet file where it has one, its
//! kustomizations. Repositories in the default layout need no fleet file.

use super::file::{FLEET_FILE, FleetFile};
use super::types::Paths;
use crate::error::Result;
use crate::kustomize::Kustomizations;
use crate::manifest::{Files, ManifestSet};
use crate::problem::Problem;
use crate::tree::Tree;
use std::path::Path;
use std::sync::Arc;

#[derive(Debug)]
pub struct Repository {
    pub files: Files,
    /// What its YAML files hold.
    pub manifests: ManifestSet,
    pub kustomizations: Kustomizations,
    /// Its fleet file, if it has one that can be read.
    pub fleet: Option<Arc<FleetFile>>,
    /// What is wrong with its fleet file.
    pub fleet_problems: Vec<Problem>,
    /// Where things are.
    pub paths: Paths,
}

impl Repository {
    /// Reads a repository from a folder. `lacking`: files that belong to it and are not in the folder.
    ///
    /// # Errors
    /// A file or folder cannot be read.
    pub fn read(root: &Path, lacking: Tree) -> Result<Repository> {
        Ok(Repository::new(Files::read(root)?.with(lacking)))
    }

    /// A repository of the files of a tree.
    pub fn from_tree(tree: Tree) -> Repository {
        Repository::new(Files::from_tree(tree))
    }

    fn new(files: Files) -> Repository {
        let manifests = ManifestSet::parse(&files.texts);
        let kustomizations = Kustomizations::new(&files, &manifests);
        let (fleet, fleet_problems) = match files.texts.get(FLEET_FILE).map(|text| FleetFile::read(FLEET_FILE, text)) {
            Some(Ok(fleet)) => (Some(Arc::new(fleet)), Vec::new()),
            Some(Err(problems)) => (None, problems),
            None => (None, Vec::new()),
        };
        let paths = fleet.as_ref().map(|fleet| fleet.fleet.paths.clone()).unwrap_or_default();
        Repository { files, manifests, kustomizations, fleet, fleet_problems, paths }
    }
}
