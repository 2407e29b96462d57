//! The files of a repository before they are parsed: the texts of manifests, and the names of everything else.

use crate::error::{Error, ErrorKind, Result};
use crate::tree::{Input, Tree, WalkOptions, walk};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;

/// See the module. Paths are relative to the repository's top folder.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// The YAML files.
    pub texts: Tree,
    /// All other regular files.
    pub others: BTreeSet<String>,
    /// Symbolic links, which are not followed.
    pub links: BTreeSet<String>,
    /// What the folder has in the place of texts that count instead: see [`Files::with`].
    pub replaced: Tree,
    folders: BTreeSet<String>,
}

impl Files {
    /// Reads a repository. What git ignores, repositories inside of it, and what lies in the `templates` folders of charts is
    /// left out.
    ///
    /// # Errors
    /// A file or folder cannot be read.
    pub fn read(root: &Path) -> Result<Files> {
        let found =
            walk(&[root.to_owned()], &WalkOptions { gitignore: true, one_repository: true, ..WalkOptions::default() });
        if let Some(problem) = found.problems.into_iter().next() {
            let message = format!("cannot read {}: {}", problem.location.file, problem.message);
            return Err(Error { hint: problem.hint, ..Error::new(ErrorKind::Failed, message) });
        }
        let relative = |path: &Path| {
            let rest = path.strip_prefix(root).unwrap_or(path);
            rest.to_str().map(str::to_owned)
        };
        let mut files = Files::default();
        // Names that are not UTF-8 are not Flux's either.
        let named = found.files.into_iter().filter_map(|file| Some((relative(&file.path)?, file)));
        let (texts, others): (Vec<_>, Vec<_>) = named.partition(|(path, _)| is_text(path));
        files.others = others.into_iter().map(|(path, _)| path).collect();
        let passed_over = found.passed_over.iter().filter(|entry| entry.is_link());
        files.links = passed_over.filter_map(|entry| relative(Path::new(&entry.path))).collect();
        let read = |(path, file)| Ok((path, Input::from_file(&file, u64::MAX)?.into_bytes()?));
        files.texts = texts.into_par_iter().map(read).collect::<Result<Vec<_>>>()?.into_iter().collect();
        files.note_folders();
        Ok(files)
    }

    /// The same with files that the folder lacks, as a sparse checkout does, or in the place of those that it has.
    pub fn with(mut self, others: Tree) -> Files {
        let found = Files::from_tree(others);
        for (path, text) in found.texts.iter() {
            if let Some(replaced) = self.texts.insert(path.clone(), text.clone()) {
                self.replaced.insert(path.clone(), replaced);
            }
        }
        self.others.extend(found.others);
        self.folders.extend(found.folders);
        self
    }

    /// The files of a tree, such as one of a git revision.
    pub fn from_tree(tree: Tree) -> Files {
        let mut files = Files::default();
        let charts: BTreeSet<String> = tree
            .keys()
            .filter_map(|path| path.strip_suffix("Chart.yaml"))
            .map(|chart| format!("{chart}templates/"))
            .collect();
        for (path, bytes) in tree.iter() {
            let is_template =
                path.match_indices("templates/").any(|(at, found)| charts.contains(&path[..at + found.len()]));
            if is_text(path) && !is_template {
                files.texts.insert(path.clone(), bytes.clone());
            } else {
                files.others.insert(path.clone());
            }
        }
        files.note_folders();
        files
    }

    fn note_folders(&mut self) {
        let paths = self.texts.keys().chain(&self.others);
        self.folders = paths.flat_map(|path| path.match_indices('/').map(|(at, _)| path[..at].to_owned())).collect();
    }

    /// Whether there is a regular file of this path.
    pub fn has_file(&self, path: &str) -> bool {
        self.texts.contains_key(path) || self.others.contains(path)
    }

    /// Whether there is a folder of this path with a file in it. The repository itself is the empty path.
    pub fn has_folder(&self, path: &str) -> bool {
        path.is_empty() || self.folders.contains(path)
    }

    /// The YAML files below a folder.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a String> {
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let rest = self.texts.range(start.clone()..);
        rest.map(|(path, _)| path).take_while(move |path| path.starts_with(&start))
    }
}

/// Whether a path is that of a YAML file.
pub fn is_yaml(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml")
}

/// Whether a file is read: YAML, or a kustomization without an ending.
fn is_text(path: &str) -> bool {
    is_yaml(path) || path == "Kustomization" || path.ends_with("/Kustomization")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_become_files() {
        let tree = Tree::from([
            ("a/Chart.yaml", ""),
            ("a/templates/x.yaml", ""),
            ("b/templates/x.yaml", ""),
            ("b/notes.md", ""),
        ]);
        let files = Files::from_tree(tree);
        let texts: Vec<&String> = files.texts.keys().collect();
        assert_eq!(texts, ["a/Chart.yaml", "b/templates/x.yaml"]);
        assert!(files.has_file("b/notes.md") && files.has_folder("b/templates") && !files.has_folder("b/notes.md"));
        assert_eq!(files.below("b").count(), 1);
    }
}
