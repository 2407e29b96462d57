//! The bases of a repository, and those whose sources are in it. A source counts as known only when generating the base
//! from it would neither add nor remove an object: a guess must not cost anyone their manifests.

use super::flux::{each_document, is_yaml};
use super::{Adoption, MANIFESTS, render};
use crate::fleet::file::{FLEET_FILE, FleetFile, is_name, is_plain_path};
use crate::fleet::lock::Lock;
use crate::fleet::types::Paths;
use crate::ops::fmt::layout::Action;
use crate::ops::generate::{self, kustomization::is_generated};
use crate::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A folder below the bases.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub(super) name: String,
    /// Files of the repository that hold some of its objects.
    pub(super) sources: Vec<String>,
    /// Whether the sources are all there is.
    pub(super) complete: bool,
    /// Whether it is in the layout that generate writes.
    pub(super) generated: bool,
}

impl Base {
    /// Whether it gets into the file.
    pub(super) fn is_known(&self) -> bool {
        self.complete
    }
}

/// An object without its version and namespace, which a source may leave open.
type Identity = (Arc<str>, Arc<str>, String);

/// The bases, by name.
pub(super) fn find(files: &Tree) -> Vec<Base> {
    let top = format!("{}/", Paths::default().bases);
    let mut bases: BTreeMap<&str, (bool, BTreeSet<Identity>)> = BTreeMap::new();
    for (path, bytes) in files.iter() {
        let Some((name, rest)) = path.strip_prefix(&top).and_then(|rest| rest.split_once('/')) else { continue };
        let (generated, objects) = bases.entry(name).or_default();
        if is_generated(rest) {
            *generated = true;
            objects.extend(identities(path, bytes));
        }
    }
    let manifests: Vec<(&String, BTreeSet<Identity>)> = files
        .iter()
        .filter(|(path, _)| path.starts_with(&format!("{MANIFESTS}/")) && is_yaml(path) && is_plain_path(path))
        .map(|(path, bytes)| (path, identities(path, bytes)))
        .filter(|(_, objects)| !objects.is_empty())
        .collect();
    bases
        .into_iter()
        .map(|(name, (generated, objects))| {
            let parts: Vec<_> = manifests.iter().filter(|(_, part)| part.is_subset(&objects)).collect();
            let covered: BTreeSet<&Identity> = parts.iter().flat_map(|(_, part)| part).collect();
            Base {
                name: name.to_owned(),
                sources: parts.iter().map(|(path, _)| (*path).clone()).collect(),
                complete: generated && is_name(name) && covered.len() == objects.len(),
                generated,
            }
        })
        .collect()
}

fn identities(path: &str, bytes: &[u8]) -> BTreeSet<Identity> {
    let mut found = BTreeSet::new();
    each_document(path, bytes, &mut Vec::new(), &mut |source, _| {
        if let Ok(object) = source.object(source.tape.node_at(0)) {
            found.insert((object.gvk.group, object.gvk.kind, object.name.unwrap_or_default()));
        }
    });
    found
}

/// Generates the bases that seem to be known, in memory, and tells what is not known.
pub(super) fn verify(files: &Tree, mut bases: Vec<Base>, adoption: &mut Adoption) -> Vec<Base> {
    let text = render::fleet_file(None, &bases, &[]);
    let file = FleetFile::read(FLEET_FILE, text.as_bytes()).ok();
    for base in bases.iter_mut().filter(|base| base.complete) {
        let changes = file.as_ref().and_then(|file| {
            let wanted = generate::memory::wanted(files, file, &base.name)?;
            let plan = generate::plan(file, &Lock::default(), None, vec![wanted]).ok()?;
            let addon = plan.addons.into_iter().next()?;
            let same = addon.count(Action::Create) + addon.count(Action::Remove) == 0;
            same.then(|| addon.count(Action::Update))
        });
        base.complete = changes.is_some();
        if changes.is_some_and(|changes| changes > 0) {
            let look = format!("look at `kfleet generate {} --diff`", base.name);
            adoption.unknown.push(format!("whether {} has been changed by hand: {look}", base.name));
        }
    }
    let shown = |generated: bool| -> Vec<&str> {
        let unknown = bases.iter().filter(|base| !base.complete && base.generated == generated);
        unknown.map(|base| base.name.as_str()).collect()
    };
    let (unknown, by_hand) = (shown(true), shown(false));
    if !unknown.is_empty() {
        let names = unknown.join(", ");
        adoption.unknown.push(format!("the sources of {names}: comments in {FLEET_FILE} tell how to name them"));
    }
    if !by_hand.is_empty() {
        let names = by_hand.join(", ");
        adoption.unknown.push(format!("whether {names} could be generated: written by hand, and left as it is"));
    }
    bases
}
