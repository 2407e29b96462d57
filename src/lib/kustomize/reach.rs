//! Which files a folder leads to, by the kustomizations in it and below.

use super::references::Target;
use super::set::Kustomizations;
use crate::manifest::Files;
use crate::path::{folder_of, is_within};
use std::collections::BTreeSet;

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

    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.resources.iter().chain(&self.settings)
    }
}

impl Kustomizations {
    /// The files that a folder leads to. Without a kustomization it is all YAML files below, as Flux has it; folders below
    /// that have one are built by it.
    pub fn reach(&self, files: &Files, folder: &str) -> Reach {
        let mut reach = Reach::default();
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            if !reach.folders.insert(folder.clone()) {
                continue;
            }
            let Some(kustomization) = self.get(&folder) else {
                for file in files.below(&folder) {
                    match self.above(file).filter(|above| is_within(&above.folder, &folder)) {
                        Some(_) => waiting.push(self.topmost(&folder, file)),
                        None => drop(reach.resources.insert(file.clone())),
                    }
                }
                continue;
            };
            reach.settings.insert(kustomization.file.clone());
            for reference in &kustomization.references {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ManifestSet;
    use crate::tree::Tree;

    fn mk_kustomizations<const N: usize>(files: [(&str, &str); N]) -> (Files, Kustomizations) {
        let files = Files::from_tree(Tree::from(files));
        let kustomizations = Kustomizations::new(&files, &ManifestSet::parse(&files.texts));
        (files, kustomizations)
    }

    #[test]
    fn a_path_leads_to_files() {
        let (files, kustomizations) = mk_kustomizations([
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
        let reach = kustomizations.reach(&files, "config/flavours/w");
        assert_eq!(reach.resources.iter().collect::<Vec<_>>(), ["config/bases/a/x.yaml"]);
        assert!(reach.has("config/flavours/w/p.yaml"));
        let reach = kustomizations.reach(&files, "clusters/c");
        let resources: Vec<&String> = reach.resources.iter().collect();
        assert_eq!(resources, ["clusters/c/flux-system/s.yaml", "clusters/c/infra/deep/i.yaml"]);
        let targets = |folder: &str| -> Vec<Target> {
            let kustomization = kustomizations.get(folder).expect("a kustomization");
            kustomization.references.iter().map(|one| one.target.clone()).collect()
        };
        assert_eq!(targets("config/bases/a"), [Target::File("config/bases/a/x.yaml".into()), Target::Remote]);
        assert_eq!(targets("config/flavours/w")[1], Target::Outside);
        assert_eq!(targets("clusters/c/flux-system")[1], Target::Missing("clusters/c/flux-system/none.yaml".into()));
    }

    #[test]
    fn kustomizations_that_lead_to_each_other_end() {
        let (files, kustomizations) = mk_kustomizations([
            ("a/kustomization.yaml", "resources: [../b]\n"),
            ("b/kustomization.yaml", "resources: [../a]\n"),
        ]);
        assert_eq!(kustomizations.reach(&files, "a").folders.len(), 2);
    }
}
