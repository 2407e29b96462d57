//! The bases of a repository, and those whose sources are in it. A source counts as known only when generating the base
//! from it changes no object: a guess must not cost anyone their manifests.

use super::{Adoption, MANIFESTS, render};
use crate::addon::{kustomization::is_generated, plan_in_memory};
use crate::fleet::file::{FLEET_FILE, FleetFile};
use crate::fleet::types::Paths;
use crate::layout::has_errors;
use crate::manifest::ManifestFile;
use crate::manifest::files::is_yaml;
use crate::names::is_name;
use crate::path::is_plain_path;
use crate::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A folder below the bases.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub(super) name: String,
    /// Files of the repository that hold some of its objects.
    pub(super) sources: Vec<String>,
    pub(super) state: State,
}

/// What is known of the sources of a base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// They give the base as it is: it gets into the file.
    Known,
    /// They give the same objects, but not as they are.
    Different,
    /// They give a part of it, or nothing.
    Partial,
    /// It is not in the layout that generate writes.
    ByHand,
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
            let state = match generated {
                false => State::ByHand,
                true if is_name(name) && covered.len() == objects.len() => State::Known,
                true => State::Partial,
            };
            let sources = parts.iter().map(|(path, _)| (*path).clone()).collect();
            Base { name: name.to_owned(), sources, state }
        })
        .collect()
}

fn identities(path: &str, bytes: &[u8]) -> BTreeSet<Identity> {
    let content = ManifestFile::parse(bytes);
    let objects = content.manifests(path).map(|item| item.identity.clone());
    objects.map(|object| (object.gvk.group, object.gvk.kind, object.name.unwrap_or_default())).collect()
}

/// Generates the bases that seem to be known, in memory, and reports what is not known.
pub(super) fn verify(files: &Tree, mut bases: Vec<Base>, adoption: &mut Adoption) -> Vec<Base> {
    let text = render::fleet_file(None, &bases, &[]);
    let file = FleetFile::read(FLEET_FILE, text.as_bytes()).ok();
    for base in bases.iter_mut().filter(|base| base.state == State::Known) {
        let is_same = file.as_ref().is_some_and(|file| {
            let mut problems = Vec::new();
            let planned = plan_in_memory(files, file, &base.name, &mut problems);
            planned.is_some_and(|(addon, _)| addon.objects_stay()) && !has_errors(&problems)
        });
        if !is_same {
            base.state = State::Different;
        }
    }
    for (state, before, behind) in [
        (State::Partial, "the sources of", "comments in fleet.yaml show how to name them"),
        (State::Different, "what was changed in", "its sources give something else; see the comments in fleet.yaml"),
        (State::ByHand, "whether there are sources of", "written by hand, and left as it is"),
    ] {
        let names: Vec<&str> = bases.iter().filter(|base| base.state == state).map(|base| base.name.as_str()).collect();
        if !names.is_empty() {
            adoption.unknown.push(format!("{before} {}: {behind}", names.join(", ")));
        }
    }
    bases
}
