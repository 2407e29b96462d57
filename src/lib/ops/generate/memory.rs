//! The same work on a repository that is a value, such as one that is yet to be written.

use super::plan::{Plan, Wanted};
use super::sources::{Asked, Content, EXTENSIONS, is_kustomization, requests};
use crate::digest::sha256_of_texts;
use crate::fleet::file::FleetFile;
use crate::fleet::lock::LOCK_FILE;
use crate::tree::Tree;

/// An addon of a repository that is a value. Its sources from outside, and charts, are not there.
pub fn wanted(repository: &Tree, file: &FleetFile, name: &str) -> Option<Wanted> {
    let requests = requests(name, file.fleet.addons.get(name)?).ok()?;
    let contents = requests
        .iter()
        .map(|request| match &request.asked {
            Asked::Local(_) if request.release.is_some() => None,
            Asked::Local(path) => Some(content(repository, path)).filter(|content| !content.texts.is_empty()),
            Asked::Remote(_) => None,
        })
        .collect();
    let base = below(repository, &format!("{}/{name}/", file.fleet.paths.bases));
    Some(Wanted { name: name.to_owned(), requests, contents, update: false, base, up_to_date: false })
}

/// The texts of a file or folder, as they are read from a disk.
fn content(repository: &Tree, path: &str) -> Content {
    let is_wanted =
        |name: &str| EXTENSIONS.contains(&name.rsplit('.').next().unwrap_or_default()) && !is_kustomization(name);
    let folder = format!("{path}/");
    let texts: Vec<(String, Vec<u8>)> = repository
        .iter()
        .filter(|(name, _)| *name == path || (name.starts_with(&folder) && is_wanted(name)))
        .map(|(name, bytes)| (name.clone(), bytes.clone()))
        .collect();
    let sha256 = sha256_of_texts(texts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    Content { texts, sha256, ..Content::default() }
}

fn below(repository: &Tree, folder: &str) -> Tree {
    let files = repository.iter();
    files.filter_map(|(path, bytes)| Some((path.strip_prefix(folder)?.to_owned(), bytes.clone()))).collect()
}

impl Plan {
    /// The files that a run writes: the bases that change, and the lock.
    pub fn written(&self, file: &FleetFile) -> Tree {
        let mut files = Tree::default();
        for addon in &self.addons {
            for (path, bytes) in addon.tree.iter().flat_map(|tree| tree.iter()) {
                files.insert(format!("{}/{}/{path}", file.fleet.paths.bases, addon.name), bytes.clone());
            }
        }
        files.insert(LOCK_FILE.to_owned(), self.lock.render());
        files
    }
}
