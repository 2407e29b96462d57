//! Addons that are pinned apart: their objects are still rendered by the flavour's Kustomization, which leaves them alone.
//!
//! A patch of the Kustomization marks them `kustomize.toolkit.fluxcd.io/reconcile: disabled`. Flux then neither applies
//! nor deletes them for this Kustomization, but keeps them in its inventory: an object that never leaves an inventory is
//! never pruned. The mark is only in what is rendered, not on the live objects, so that another Kustomization can apply
//! them. Nothing is built here: ids are those in the files, which is what targets of patches also match.

use super::repository::Repository;
use crate::flux::Kustomization;
use crate::kustomize::{self, Reach, Target};
use crate::manifest::{Manifest, ManifestFile};
use crate::names::as_pattern;
use crate::path::is_within;
use crate::problem::Location;
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The annotation that makes Flux pass over an object, and its value.
pub const MARK: (&str, &str) = ("kustomize.toolkit.fluxcd.io/reconcile", "disabled");

/// Fields of a kustomization that make objects which are not in its files.
const MAKERS: [&str; 8] = [
    "components",
    "configMapGenerator",
    "generators",
    "helmChartInflationGenerator",
    "helmCharts",
    "helmGlobals",
    "secretGenerator",
    "transformers",
];

/// Fields of a kustomization that change no object.
const PLAIN: [&str; 7] = ["apiVersion", "bases", "buildMetadata", "kind", "metadata", "resources", "sortOptions"];

/// What an object is called in its file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId {
    pub group: String,
    pub kind: String,
    /// The namespace; empty where the file has none.
    pub namespace: String,
    pub name: String,
}

/// Why it is not known what a folder renders, or what changes it.
pub type Unclear = (Location, String);

/// The target of a patch.
#[derive(Debug)]
pub struct Selector {
    group: Option<Regex>,
    kind: Option<Regex>,
    namespace: Option<Regex>,
    name: Option<Regex>,
    /// It also asks for a version, labels or annotations.
    is_narrower: bool,
}

/// The objects that a Kustomization leaves alone.
#[derive(Debug, Default)]
pub struct LeftAlone(Vec<Selector>);

/// What a patch has to do with some objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// It changes none of them.
    None,
    /// It may change some of them, and does no harm to a build that has only them.
    Some,
    /// It names objects of both sorts, and cannot be built with some of them missing.
    Mixed,
}

impl ObjectId {
    /// What an object is called.
    pub fn of(item: &Manifest<'_>) -> ObjectId {
        ObjectId {
            group: item.group().to_owned(),
            kind: item.kind().to_owned(),
            namespace: item.namespace().to_owned(),
            name: item.name().to_owned(),
        }
    }
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{} {}", self.kind, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.kind, self.name),
        }
    }
}

impl Selector {
    /// Reads a target; nothing where its patterns cannot be read.
    pub fn read(target: &Value) -> Option<Selector> {
        let pattern = |key: &str| match target.get(key).and_then(Value::as_str) {
            None | Some("") => Some(None),
            Some(text) => Regex::new(&format!("^(?:{text})$")).ok().map(Some),
        };
        let is_set = |key: &&str| target.get(key).is_some_and(|value| !value.is_null() && value != "");
        Some(Selector {
            group: pattern("group")?,
            kind: pattern("kind")?,
            namespace: pattern("namespace")?,
            name: pattern("name")?,
            is_narrower: ["version", "labelSelector", "annotationSelector"].iter().any(is_set),
        })
    }

    fn fits(&self, id: &ObjectId, namespace: bool) -> bool {
        let fits = |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
        fits(&self.group, &id.group) && fits(&self.kind, &id.kind) && fits(&self.name, &id.name) && namespace
    }

    /// Whether it selects an object for sure.
    pub fn selects(&self, id: &ObjectId) -> bool {
        let namespace = self.namespace.as_ref().is_none_or(|pattern| pattern.is_match(&id.namespace));
        !self.is_narrower && self.fits(id, namespace)
    }

    /// Whether it may select an object: one without a namespace may get any.
    pub fn may_select(&self, id: &ObjectId) -> bool {
        let is_open = id.namespace.is_empty();
        self.fits(id, is_open || self.namespace.as_ref().is_none_or(|pattern| pattern.is_match(&id.namespace)))
    }
}

impl LeftAlone {
    /// What the patches of a Kustomization say.
    pub fn of(kustomization: &Kustomization) -> LeftAlone {
        let marked = kustomization.patches.iter().filter(|patch| is_mark(patch));
        LeftAlone(marked.filter_map(|patch| Selector::read(patch.get("target")?)).collect())
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object is left alone.
    pub fn has(&self, id: &ObjectId) -> bool {
        self.0.iter().any(|selector| selector.selects(id))
    }
}

/// Whether a patch marks what it selects.
fn is_mark(patch: &Value) -> bool {
    let Some(text) = patch.get("patch").and_then(Value::as_str) else { return false };
    let content = ManifestFile::parse(text.as_bytes());
    let mut items = content.manifests("");
    items.next().is_some_and(|item| item.text(&["metadata", "annotations", MARK.0]) == Some(MARK.1))
}

/// The objects in the files that a folder leads to.
///
/// # Errors
/// It has something that makes objects which are in no file.
pub fn objects(repository: &Repository, folder: &str) -> Result<BTreeSet<ObjectId>, Unclear> {
    let reach = repository.kustomizations.reach(&repository.files, folder);
    for kustomization in reach.folders.iter().filter_map(|folder| repository.kustomizations.get(folder)) {
        if let Some(field) = MAKERS.iter().find(|field| kustomization.value().get(**field).is_some()) {
            return Err((
                kustomization.key_location(&[field]),
                format!("the names of what `{field}` makes are not known"),
            ));
        }
        for reference in kustomization.references.iter().filter(|reference| reference.is_resource()) {
            if !matches!(reference.target, Target::File(_) | Target::Folder(_)) {
                let message = format!("{} is not in the repository", reference.text);
                return Err((kustomization.location_of(reference), message));
            }
        }
    }
    Ok(ids(repository, &reach))
}

fn ids(repository: &Repository, reach: &Reach) -> BTreeSet<ObjectId> {
    repository.manifests.of_files(&reach.resources).map(|item| ObjectId::of(&item)).collect()
}

/// Whether a folder leads to another, and nothing on the way there changes the objects that come from it.
///
/// # Errors
/// Something does.
pub fn leads_to(
    repository: &Repository,
    from: &str,
    folder: &str,
    objects: &BTreeSet<ObjectId>,
) -> Result<bool, Unclear> {
    let Repository { kustomizations, files, .. } = repository;
    let all = kustomizations.reach(files, from);
    if !all.folders.contains(folder) {
        return Ok(false);
    }
    let inside = kustomizations.reach(files, folder).folders;
    for between in all.folders.iter().filter(|one| !inside.contains(*one)) {
        let Some(kustomization) = kustomizations.get(between) else { continue };
        if kustomizations.reach(files, between).folders.contains(folder) {
            verify_plain(repository, kustomization, objects)?;
        }
    }
    Ok(true)
}

/// A kustomization passes objects on as they are.
fn verify_plain(
    repository: &Repository,
    kustomization: &kustomize::Kustomization,
    objects: &BTreeSet<ObjectId>,
) -> Result<(), Unclear> {
    let fields = kustomization.value().as_object();
    for (field, value) in fields.into_iter().flatten().filter(|(field, _)| !PLAIN.contains(&field.as_str())) {
        let entries = value.as_array().filter(|_| field == "patches");
        let changes = |(number, entry): (usize, &Value)| {
            let path = ["patches".to_owned(), number.to_string(), "path".to_owned()];
            let file = kustomization.references.iter().find(|reference| reference.path == path);
            let bytes = match file.map(|reference| &reference.target) {
                Some(Target::File(file)) => repository.files.texts.get(file).map(Vec::as_slice),
                _ => None,
            };
            concern(entry, bytes, objects) != Concern::None
        };
        if entries.is_none_or(|entries| entries.iter().enumerate().any(changes)) {
            let message = format!("`{field}` changes what comes from the addon");
            return Err((kustomization.key_location(&[field]), message));
        }
    }
    Ok(())
}

/// What a patch has to do with some objects. `file`: the text of the patch, where it is not in the entry.
pub fn concern(patch: &Value, file: Option<&[u8]>, objects: &BTreeSet<ObjectId>) -> Concern {
    if let Some(target) = patch.get("target").filter(|target| target.is_object()) {
        let Some(selector) = Selector::read(target) else { return Concern::Some };
        let is_some = objects.iter().any(|id| selector.may_select(id));
        return if is_some { Concern::Some } else { Concern::None };
    }
    let text = file.or_else(|| patch.get("patch").and_then(Value::as_str).map(str::as_bytes)).unwrap_or_default();
    let content = ManifestFile::parse(text);
    let is_ours = |item: Manifest<'_>| {
        let id = ObjectId::of(&item);
        objects.iter().any(|known| {
            let namespaces = [&known.namespace, &id.namespace];
            let same_namespace = namespaces[0] == namespaces[1] || namespaces.iter().any(|one| one.is_empty());
            (&known.group, &known.kind, &known.name) == (&id.group, &id.kind, &id.name) && same_namespace
        })
    };
    let (ours, others): (Vec<bool>, Vec<bool>) = content.manifests("").map(is_ours).partition(|ours| *ours);
    match (ours.is_empty(), others.is_empty()) {
        (true, _) => Concern::None,
        (false, true) => Concern::Some,
        (false, false) => Concern::Mixed,
    }
}

/// Patches that make a Kustomization leave objects alone, each an entry of `spec.patches` as YAML.
pub fn patches(addon: &str, objects: &BTreeSet<ObjectId>) -> Vec<String> {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<String>> = BTreeMap::new();
    for id in objects {
        groups.entry((&id.group, &id.kind, &id.namespace)).or_default().push(as_pattern(&id.name));
    }
    let entries = groups.into_iter().map(|((group, kind, namespace), names)| {
        let mut text = "target:\n".to_owned();
        let fields = [("group", group), ("kind", kind), ("namespace", namespace), ("name", &names.join("|"))];
        for (field, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {field}: {}", quoted(value));
        }
        let (mark, value) = MARK;
        let _ = write!(
            text,
            "patch: |\n  # Addon {addon} has a sync of its own.\n  apiVersion: v1\n  kind: {kind}\n  metadata:\n    \
             name: any\n    annotations:\n      {mark}: {value}\n"
        );
        text
    });
    entries.collect()
}

/// Of the patches' objects those that a target also selects though they are not meant.
pub fn taken_with<'a>(objects: &BTreeSet<ObjectId>, others: &'a BTreeSet<ObjectId>) -> Option<&'a ObjectId> {
    others.iter().filter(|other| !objects.contains(*other)).find(|other| {
        objects.iter().any(|id| {
            let is_open = id.namespace.is_empty() || other.namespace.is_empty();
            (id.group.is_empty() || id.group == other.group)
                && (&id.kind, &id.name) == (&other.kind, &other.name)
                && (is_open || id.namespace == other.namespace)
        })
    })
}

/// All objects that a folder leads to, but those of one below; what is not known is left out.
pub fn others(repository: &Repository, from: &str, without: &str) -> BTreeSet<ObjectId> {
    let Repository { kustomizations, files, .. } = repository;
    let (mut all, inside) = (kustomizations.reach(files, from), kustomizations.reach(files, without));
    all.resources.retain(|file| !inside.resources.contains(file) && !is_within(file, without));
    ids(repository, &all)
}

/// A value as YAML, plain where every reader takes it for text.
fn quoted(text: &str) -> String {
    const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"];
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|one| one.is_ascii_alphanumeric() || "-.|\\".contains(one))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

#[cfg(test)]
#[path = "reconcile_disabled_tests.rs"]
mod tests;
