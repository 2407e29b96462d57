//! Which files hold objects that a patch may give a field: one in a kustomization, a component, or a Kustomization of Flux.
//! Patches are not applied here, so a rule about a field that is missing asks first.

use super::facts::Facts;
use crate::flux::{KUSTOMIZE, Kustomization};
use crate::kustomize::{self, Reach, Target};
use serde_json::Value;

/// What the patches that name a field may concern.
pub(super) struct Patched {
    reached: Vec<Reach>,
}

impl Patched {
    /// Looks for patches that name `field`, in any form.
    pub(super) fn new(facts: &Facts<'_>, field: &str) -> Patched {
        let repository = facts.repository;
        let patching: Vec<&str> = repository
            .kustomizations
            .iter()
            .filter(|one| names(facts, one, field))
            .map(|one| one.folder.as_str())
            .collect();
        // What a component patches stands beside it, in the kustomization that has it.
        let users = repository.kustomizations.iter().filter(|one| {
            let folder = |reference: &kustomize::Reference| match &reference.target {
                Target::Folder(folder) => Some(folder.clone()),
                _ => None,
            };
            let below = one.references.iter().filter_map(folder);
            patching.contains(&one.folder.as_str())
                || below.into_iter().any(|folder| patching.contains(&folder.as_str()))
        });
        let mut reached: Vec<Reach> =
            users.map(|one| repository.kustomizations.reach(&repository.files, &one.folder)).collect();
        let syncs = facts.objects.iter().filter(|object| object.is(KUSTOMIZE, "Kustomization"));
        let patching =
            syncs.filter(|object| object.get(&["spec", "patches"]).is_some_and(|patches| mentions(patches, field)));
        let folders = patching.filter_map(|object| Kustomization::read(object)?.folder());
        reached.extend(folders.filter_map(|folder| Some(facts.applied.get(&folder)?.reach.clone())));
        Patched { reached }
    }

    /// Whether the objects of a file may have the field by a patch.
    pub(super) fn has(&self, file: &str) -> bool {
        self.reached.iter().any(|reach| reach.resources.contains(file))
    }
}

/// Whether a kustomization has a patch that names a field, in its own text or in a file.
fn names(facts: &Facts<'_>, kustomization: &kustomize::Kustomization, field: &str) -> bool {
    let value = kustomization.value();
    let inline = ["patches", "patchesStrategicMerge", "patchesJson6902"];
    if inline.iter().any(|key| mentions(&value[*key], field)) {
        return true;
    }
    let files = kustomization.references.iter().filter(|reference| !reference.is_resource());
    let files = files.filter_map(|reference| match &reference.target {
        Target::File(file) => facts.repository.files.texts.get(file),
        _ => None,
    });
    files.into_iter().any(|text| memchr::memmem::find(text, field.as_bytes()).is_some())
}

/// Whether a word stands in some text or key of a value.
fn mentions(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text.contains(word),
        Value::Array(items) => items.iter().any(|item| mentions(item, word)),
        Value::Object(entries) => entries.iter().any(|(key, value)| key.contains(word) || mentions(value, word)),
        _ => false,
    }
}
