//! All manifests of a repository or a tree. Files with the same bytes are parsed once: a fleet holds the same components of
//! Flux as often as it has clusters.

use super::file::ManifestFile;
use super::object::Manifest;
use crate::tree::Tree;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Parsed files, by path.
#[derive(Debug, Default)]
pub struct ManifestSet {
    files: BTreeMap<String, Arc<ManifestFile>>,
}

impl ManifestSet {
    /// Parses files, each different content once. Texts that are not YAML are in it too, with their problem.
    pub fn parse(files: &Tree) -> ManifestSet {
        let mut groups: BTreeMap<(usize, &[u8]), Vec<&String>> = BTreeMap::new();
        for (path, bytes) in files.iter() {
            groups.entry((bytes.len(), bytes)).or_default().push(path);
        }
        let groups: Vec<(&[u8], Vec<&String>)> = groups.into_iter().map(|((_, bytes), paths)| (bytes, paths)).collect();
        let parsed: Vec<(Arc<ManifestFile>, Vec<&String>)> =
            groups.into_par_iter().map(|(bytes, paths)| (Arc::new(ManifestFile::parse(bytes)), paths)).collect();
        let each = parsed.into_iter().flat_map(|(file, paths)| {
            paths.into_iter().map(move |path| (path.clone(), Arc::clone(&file))).collect::<Vec<_>>()
        });
        ManifestSet { files: each.collect() }
    }

    pub fn get(&self, path: &str) -> Option<&Arc<ManifestFile>> {
        self.files.get(path)
    }

    /// The file of a path, with that path as the set has it.
    pub fn entry(&self, path: &str) -> Option<(&str, &ManifestFile)> {
        self.files.get_key_value(path).map(|(path, file)| (path.as_str(), file.as_ref()))
    }

    pub fn paths(&self) -> impl Iterator<Item = &String> {
        self.files.keys()
    }

    pub fn of_file<'a>(&'a self, path: &str) -> impl Iterator<Item = Manifest<'a>> + use<'a> {
        self.entry(path).into_iter().flat_map(|(path, file)| file.manifests(path))
    }

    pub fn of_files<'a, P: AsRef<str>>(
        &'a self,
        paths: impl IntoIterator<Item = P>,
    ) -> impl Iterator<Item = Manifest<'a>> {
        paths.into_iter().flat_map(|path| self.of_file(path.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_parsed_once() {
        let files = Tree::from([("a.yaml", "a: 1\n"), ("b.yaml", "a: 1\n"), ("c.yaml", "a: [\n")]);
        let parsed = ManifestSet::parse(&files);
        let file = |path| parsed.get(path).expect("a file");
        assert!(Arc::ptr_eq(file("a.yaml"), file("b.yaml")));
        let problem = file("c.yaml").problem("c.yaml").expect("a problem");
        assert_eq!(problem.location.file, "c.yaml");
    }
}
