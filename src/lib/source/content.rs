//! What came of a source, and what the repository itself holds of it.

use super::{Asked, Came, Request, helm, path};
use crate::digest::sha256_of_texts;
use crate::problem::Problem;
use crate::tree::Tree;
use crate::yaml::canonical::canonical;
use std::borrow::Cow;
use std::path::Path;

/// What came of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub material: Material,
    /// What the lock keeps of it.
    pub came: Came,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// Names, as shown in messages, and texts, in order.
    Texts(Vec<(String, Vec<u8>)>),
    /// A chart whose texts are still to be rendered.
    Chart(Chart),
}

/// A chart that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chart {
    Archive(Vec<u8>),
    Folder(Tree),
}

impl Content {
    /// Content whose digest alone counts.
    pub(super) fn new(material: Material, sha256: String) -> Content {
        Content { material, came: Came { sha256, ..Came::default() } }
    }

    /// Texts, with the digest of all of them.
    pub(super) fn of_texts(texts: Vec<(String, Vec<u8>)>) -> Content {
        let sha256 = sha256_of_files(texts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
        Content::new(Material::Texts(texts), sha256)
    }

    /// The manifests among the files at `path`, which is a folder or one file.
    pub(super) fn of_files(files: &Tree, path: &str, shown: &str) -> Content {
        let is_one_file = files.len() == 1 && files.keys().all(|name| path.rsplit('/').next() == Some(name));
        let found = || files.iter().filter(|(name, _)| is_one_file || path::is_manifest(name));
        let sha256 = sha256_of_texts(found().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
        let texts = found().map(|(name, bytes)| match is_one_file {
            true => (shown.to_owned(), bytes.clone()),
            false => (format!("{name} of {shown}"), bytes.clone()),
        });
        Content::new(Material::Texts(texts.collect()), sha256)
    }
}

/// What the repository holds of a source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// What comes of it, where all of it is in the repository.
    pub content: Option<Content>,
    /// Files with values for a chart, by their paths.
    pub values: Vec<(String, Vec<u8>)>,
}

impl Held {
    /// Reads what the repository at `root` holds of a source. What is wrong goes to `problems`.
    pub fn read(root: &Path, request: &Request, problems: &mut Vec<Problem>) -> Held {
        let mut noted = |found: Vec<Problem>| problems.extend(found);
        let content = match (&request.asked, &request.release) {
            (Asked::Remote(_), _) => None,
            (Asked::Local(path), None) => path::read(root, path).map_err(&mut noted).ok(),
            (Asked::Local(path), Some(_)) => helm::read(root, path).map_err(&mut noted).ok(),
        };
        let files = request.release.iter().flat_map(|release| &release.values_files);
        let values =
            files.map(|name| (name.clone(), path::read_file(root, name).map_err(&mut noted).unwrap_or_default()));
        Held { content, values: values.collect() }
    }

    /// The same of a repository that is a value: files and folders only, neither charts nor their values.
    pub fn of_tree(repository: &Tree, request: &Request) -> Held {
        let content = match &request.asked {
            Asked::Local(path) if request.release.is_none() => path::of_tree(repository, path),
            _ => None,
        };
        Held { content, values: Vec::new() }
    }

    /// The digest of all that a source gives, where what came of it has this digest.
    pub fn digest(&self, sha256: &str) -> String {
        if self.values.is_empty() {
            return sha256.to_owned();
        }
        let values = self.values.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        sha256_of_files([("", sha256.as_bytes())].into_iter().chain(values))
    }
}

/// The digest of files of the repository, in which the layout of YAML does not count: after `kfleet fmt` it is the same.
pub(super) fn sha256_of_files<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let is_yaml = |name: &str| name.ends_with(".yaml") || name.ends_with(".yml");
    let texts: Vec<(&str, Cow<'_, [u8]>)> = files
        .map(|(name, bytes)| {
            let text = is_yaml(name).then(|| canonical(bytes)).flatten();
            (name, text.map_or(Cow::Borrowed(bytes), Cow::Owned))
        })
        .collect();
    sha256_of_texts(texts.iter().map(|(name, bytes)| (*name, bytes.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_of_yaml_does_not_count() {
        let digest = |name: &str, text: &str| sha256_of_files([(name, text.as_bytes())].into_iter());
        assert_eq!(digest("a.yaml", "a:   1\nb: {c: 2}\n"), digest("a.yaml", "a: 1\nb: {c: 2}\n"));
        for (name, text) in [("a.yaml", "a: 2\n"), ("a.yaml", "a: 1 # x\n"), ("b.yaml", "a: 1\n"), ("a.yaml", "a: [\n")]
        {
            assert_ne!(digest(name, text), digest("a.yaml", "a: 1\n"), "{text}");
        }
        let plain = sha256_of_texts([("a.yaml", b"# one\n---\na: 1\n---\nb: 2\n".as_slice())].into_iter());
        assert_eq!(digest("a.yaml", "# one\n---\na: 1\n---\nb: 2\n"), plain, "canonical text is as it is");
        assert_ne!(digest("a.txt", "a:   1\n"), digest("a.txt", "a: 1\n"));
    }
}
