//! The kustomizations of a repository: what each of them refers to, and which files a path leads to. It reads the files
//! that kustomize reads, but builds nothing: patches are not applied and names do not change.

use crate::manifest::content::{Content, Document};
use crate::path::{folder_of, is_within, plain_path};
use crate::problem::Location;
use crate::tree::files::Files;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The names that a kustomization can have.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Fields whose entries are files or folders that hold resources.
const RESOURCES: [&str; 3] = ["resources", "bases", "components"];

/// Fields whose entries are files, or folders, that tell how to build.
const SETTINGS: [&str; 6] =
    ["crds", "configurations", "generators", "transformers", "validators", "patchesStrategicMerge"];

/// All kustomizations, by folder.
#[derive(Debug, Default)]
pub struct Overlays {
    overlays: BTreeMap<String, Overlay>,
}

/// A kustomization.
#[derive(Debug)]
pub struct Overlay {
    /// The folder that it is in.
    pub folder: String,
    /// Its file.
    pub file: String,
    /// Further files in the folder that are kustomizations by their names.
    pub rivals: Vec<String>,
    /// What it refers to.
    pub references: Vec<Reference>,
    content: Arc<Content>,
}

/// An entry of a kustomization that names something else.
#[derive(Debug)]
pub struct Reference {
    /// Where it stands in the kustomization.
    pub path: Vec<String>,
    /// As it is written.
    pub text: String,
    /// What it leads to.
    pub target: Target,
}

/// What an entry leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file of the repository.
    File(String),
    /// A folder of the repository.
    Folder(String),
    /// Nothing: there is no such file or folder.
    Missing(String),
    /// Something that is not in the repository but behind a URL.
    Remote,
    /// Something outside the repository.
    Outside,
}

/// The files that a path leads to.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Files that hold resources.
    pub resources: BTreeSet<String>,
    /// The folders of kustomizations on the way.
    pub folders: BTreeSet<String>,
    /// The files of these kustomizations, and all else that they read.
    pub settings: BTreeSet<String>,
}

impl Reach {
    /// Whether the path leads to a file.
    pub fn has(&self, file: &str) -> bool {
        self.resources.contains(file) || self.settings.contains(file)
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.resources.iter().chain(&self.settings)
    }
}

impl Reference {
    /// The top field of the kustomization that it stands in.
    pub fn field(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }

    /// Whether it names resources.
    pub fn is_resource(&self) -> bool {
        RESOURCES.contains(&self.field())
    }
}

impl Overlay {
    /// The kustomization's value.
    pub fn value(&self) -> &Value {
        self.document().map_or(&Value::Null, |document| &document.value)
    }

    /// Its document: the first one.
    pub fn document(&self) -> Option<&Document> {
        self.content.documents.first()
    }

    /// The place of a field's key.
    pub fn key_location(&self, path: &[&str]) -> Location {
        self.located(path, Content::key_location)
    }

    /// The place of a field.
    pub fn location(&self, path: &[&str]) -> Location {
        self.located(path, Content::location)
    }

    /// Whether there is a comment inside the value of a field.
    pub fn has_comments(&self, path: &[&str]) -> bool {
        self.document().is_some_and(|document| self.content.has_comments(document, path))
    }

    /// The place of an entry.
    pub fn location_of(&self, reference: &Reference) -> Location {
        let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
        self.location(&path)
    }

    fn located(&self, path: &[&str], location: fn(&Content, &str, &Document, &[&str]) -> Location) -> Location {
        match self.document() {
            Some(document) => location(&self.content, &self.file, document, path),
            None => Location { file: self.file.clone(), line: 0, column: 0 },
        }
    }
}

impl Overlays {
    /// Finds the kustomizations of a repository.
    pub fn new(files: &Files, contents: &BTreeMap<String, Arc<Content>>) -> Overlays {
        let mut found: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for path in contents.keys() {
            let name = path.rsplit('/').next().unwrap_or(path);
            if NAMES.contains(&name) {
                found.entry(folder_of(path)).or_default().push(path);
            }
        }
        let rank = |path: &str| NAMES.iter().position(|name| path.ends_with(name));
        let overlays = found.into_iter().filter_map(|(folder, mut paths)| {
            paths.sort_by_key(|path| rank(path));
            let file = paths[0].clone();
            let content = Arc::clone(contents.get(&file)?);
            let references = references(files, folder, &content);
            let rivals = paths[1..].iter().map(|path| (*path).clone()).collect();
            Some((folder.to_owned(), Overlay { folder: folder.to_owned(), file, rivals, references, content }))
        });
        Overlays { overlays: overlays.collect() }
    }

    /// The kustomization of a folder.
    pub fn get(&self, folder: &str) -> Option<&Overlay> {
        self.overlays.get(folder)
    }

    /// All of them, by folder.
    pub fn iter(&self) -> impl Iterator<Item = &Overlay> {
        self.overlays.values()
    }

    /// The nearest kustomization at or above a file.
    pub fn above(&self, file: &str) -> Option<&Overlay> {
        let mut folder = folder_of(file);
        loop {
            match self.get(folder) {
                Some(overlay) => return Some(overlay),
                None if folder.is_empty() => return None,
                None => folder = folder_of(folder),
            }
        }
    }

    /// The files that a folder leads to. Without a kustomization it is all YAML files below, as Flux has it; folders below
    /// that have one are built by it.
    pub fn reach(&self, files: &Files, folder: &str) -> Reach {
        let mut reach = Reach::default();
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            if !reach.folders.insert(folder.clone()) {
                continue;
            }
            let Some(overlay) = self.get(&folder) else {
                for file in files.below(&folder) {
                    match self.above(file).filter(|above| is_within(&above.folder, &folder)) {
                        Some(_) => waiting.push(self.topmost(&folder, file)),
                        None => drop(reach.resources.insert(file.clone())),
                    }
                }
                continue;
            };
            reach.settings.insert(overlay.file.clone());
            for reference in &overlay.references {
                match &reference.target {
                    Target::Folder(folder) => waiting.push(folder.clone()),
                    Target::File(file) if reference.is_resource() => drop(reach.resources.insert(file.clone())),
                    Target::File(file) => drop(reach.settings.insert(file.clone())),
                    Target::Missing(_) | Target::Remote | Target::Outside => {}
                }
            }
        }
        reach
    }

    /// The highest folder between two that has a kustomization and holds the file.
    fn topmost(&self, above: &str, file: &str) -> String {
        let start = if above.is_empty() { 0 } else { above.len() + 1 };
        let ends = file[start..].match_indices('/').map(|(at, _)| &file[..start + at]);
        ends.into_iter().find(|folder| self.get(folder).is_some()).unwrap_or(folder_of(file)).to_owned()
    }
}

fn references(files: &Files, folder: &str, content: &Content) -> Vec<Reference> {
    let mut found = Vec::new();
    let Some(value) = content.documents.first().map(|document| &document.value) else { return found };
    let mut add = |path: &[&str], text: &str| {
        let target = target(files, folder, text);
        found.push(Reference {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            text: text.to_owned(),
            target,
        });
    };
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    for field in RESOURCES.into_iter().chain(SETTINGS) {
        for (number, entry) in list(value, field).iter().enumerate() {
            // An entry of several lines is a manifest itself.
            if let Some(text) = entry.as_str().filter(|text| !text.contains('\n')) {
                add(&[field, &number.to_string()], text);
            }
        }
    }
    for field in ["patches", "patchesJson6902", "replacements"] {
        for (number, entry) in list(value, field).iter().enumerate() {
            if let Some(text) = entry.get("path").and_then(Value::as_str) {
                add(&[field, &number.to_string(), "path"], text);
            }
        }
    }
    for field in ["configMapGenerator", "secretGenerator"] {
        for (number, entry) in list(value, field).iter().enumerate() {
            let number = number.to_string();
            for inner in ["files", "envs"] {
                for (at, text) in list(entry, inner).iter().enumerate() {
                    // `key=path` names the key too.
                    if let Some(text) = text.as_str() {
                        let path = text.split_once('=').map_or(text, |(_, path)| path);
                        add(&[field, &number, inner, &at.to_string()], path);
                    }
                }
            }
            if let Some(text) = entry.get("env").and_then(Value::as_str) {
                add(&[field, &number, "env"], text);
            }
        }
    }
    for (number, chart) in list(value, "helmCharts").iter().enumerate() {
        if let Some(text) = chart.get("valuesFile").and_then(Value::as_str) {
            add(&["helmCharts", &number.to_string(), "valuesFile"], text);
        }
    }
    if let Some(text) = value.get("openapi").and_then(|openapi| openapi.get("path")).and_then(Value::as_str) {
        add(&["openapi", "path"], text);
    }
    found
}

fn target(files: &Files, folder: &str, text: &str) -> Target {
    let Some(path) = plain_path(folder, text) else { return Target::Outside };
    if files.has_file(&path) || files.links.contains(&path) {
        return Target::File(path);
    }
    let is_remote = text.contains("://") || text.contains("?ref=") || text.starts_with("git::") || is_host(text);
    match text.starts_with('/') {
        _ if is_remote => Target::Remote,
        true => Target::Outside,
        false if files.has_folder(&path) => Target::Folder(path),
        false => Target::Missing(path),
    }
}

/// `git@host:path` and `host.tld/owner/repository`, as kustomize reads them.
fn is_host(text: &str) -> bool {
    let first = text.split('/').next().unwrap_or_default();
    let is_login = first.contains('@') && first.contains(':');
    is_login || (["github.com", "gitlab.com", "bitbucket.org"].contains(&first) && text.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::content::parse;
    use crate::tree::Tree;

    fn mk_overlays<const N: usize>(files: [(&str, &str); N]) -> (Files, Overlays) {
        let files = Files::from_tree(Tree::from(files));
        let overlays = Overlays::new(&files, &parse(&files.texts));
        (files, overlays)
    }

    #[test]
    fn a_path_leads_to_files() {
        let (files, overlays) = mk_overlays([
            ("config/bases/a/kustomization.yaml", "resources: [x.yaml, https://example.org/y.yaml]\n"),
            ("config/bases/a/x.yaml", "a: 1\n"),
            ("config/bases/a/unlisted.yaml", "a: 1\n"),
            (
                "config/flavours/w/kustomization.yaml",
                "bases: [../../bases/a, ../../../../up]\npatches: [{path: p.yaml}]\n",
            ),
            ("config/flavours/w/p.yaml", "a: 1\n"),
            ("clusters/c/flux-system/kustomization.yaml", "resources: [s.yaml, none.yaml]\n"),
            ("clusters/c/flux-system/s.yaml", "a: 1\n"),
            ("clusters/c/infra/deep/i.yaml", "a: 1\n"),
        ]);
        let reach = overlays.reach(&files, "config/flavours/w");
        assert_eq!(reach.resources.iter().collect::<Vec<_>>(), ["config/bases/a/x.yaml"]);
        assert!(reach.has("config/flavours/w/p.yaml"));
        let reach = overlays.reach(&files, "clusters/c");
        let resources: Vec<&String> = reach.resources.iter().collect();
        assert_eq!(resources, ["clusters/c/flux-system/s.yaml", "clusters/c/infra/deep/i.yaml"]);
        let targets = |folder: &str| -> Vec<Target> {
            overlays.get(folder).expect("an overlay").references.iter().map(|one| one.target.clone()).collect()
        };
        assert_eq!(targets("config/bases/a"), [Target::File("config/bases/a/x.yaml".into()), Target::Remote]);
        assert_eq!(targets("config/flavours/w")[1], Target::Outside);
        assert_eq!(targets("clusters/c/flux-system")[1], Target::Missing("clusters/c/flux-system/none.yaml".into()));
    }

    #[test]
    fn kustomizations_that_lead_to_each_other_end() {
        let (files, overlays) = mk_overlays([
            ("a/kustomization.yaml", "resources: [../b]\n"),
            ("b/kustomization.yaml", "resources: [../a]\n"),
        ]);
        assert_eq!(overlays.reach(&files, "a").folders.len(), 2);
    }
}
