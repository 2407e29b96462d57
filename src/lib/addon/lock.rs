//! What the lock keeps of an addon: digests of all that its base is made from, and of the base.

use super::kustomization::{self, is_generated};
use super::wanted::Wanted;
use crate::digest::sha256_of_texts;
use crate::fleet::file::FleetFile;
use crate::fleet::lock::{Lock, LockedAddon};
use crate::fleet::types::Addon;
use crate::source::{Asked, Came};
use crate::tree::Tree;
use std::collections::BTreeSet;

/// Changes when the same inputs begin to give another base: all bases are then made again.
const FORMAT_VERSION: u32 = 1;

/// The digest of a base's generated files.
pub(super) fn sha256_of_base(base: &Tree) -> String {
    let generated = base.iter().filter(|(path, _)| is_generated(path));
    sha256_of_texts(generated.map(|(path, bytes)| (path.as_str(), bytes.as_slice())))
}

/// The digest of all that a base is made from: what the fleet file says of the addon, and what came of its sources.
pub(super) fn fingerprint(addon: &Addon, digests: &[String]) -> String {
    let said = serde_json::to_string(addon).unwrap_or_default();
    let version = FORMAT_VERSION.to_string();
    let parts = [version.as_str(), said.as_str()].into_iter().chain(digests.iter().map(String::as_str));
    sha256_of_texts(parts.map(|part| ("", part.as_bytes())))
}

/// The lock's entry of an addon that was generated, where this came of its sources.
pub(super) fn entry(addon: &Addon, wanted: &Wanted, came: Vec<Came>, base: &Tree) -> LockedAddon {
    let digests: Vec<String> = wanted.held.iter().zip(&came).map(|(held, came)| held.digest(&came.sha256)).collect();
    let inputs = fingerprint(addon, &digests);
    let sources = wanted.requests.iter().zip(came).filter_map(|(request, came)| match &request.asked {
        Asked::Local(_) => None,
        Asked::Remote(asked) => Some(asked.locked(came)),
    });
    LockedAddon { inputs, base: sha256_of_base(base), sources: sources.collect() }
}

/// Whether the base of an addon is what the lock says of these inputs.
pub fn is_locked(wanted: &Wanted, file: &FleetFile, lock: &Lock) -> bool {
    let Some(addon) = file.fleet.addons.get(&wanted.name) else { return false };
    let Some(entry) = lock.addons.get(&wanted.name) else { return false };
    let digests: Option<Vec<String>> = wanted
        .requests
        .iter()
        .zip(&wanted.held)
        .map(|(request, held)| {
            let sha256 = match &request.asked {
                Asked::Local(_) => held.content.as_ref().map(|content| content.came.sha256.as_str()),
                Asked::Remote(asked) => lock.source(&wanted.name, asked).map(|known| known.sha256.as_str()),
            };
            sha256.map(|sha256| held.digest(sha256))
        })
        .collect();
    let same_inputs = digests.is_some_and(|digests| fingerprint(addon, &digests) == entry.inputs);
    same_inputs && sha256_of_base(&wanted.base) == entry.base && lists_all(&wanted.base)
}

/// Whether nobody has changed a base since it was written.
pub fn is_as_written(entry: &LockedAddon, base: &Tree) -> bool {
    let files: BTreeSet<String> = base.keys().filter(|path| is_generated(path)).cloned().collect();
    let fresh = kustomization::update("", None, &files);
    sha256_of_base(base) == entry.base && fresh.is_ok_and(|fresh| base.get("kustomization.yaml") == Some(&fresh))
}

fn lists_all(base: &Tree) -> bool {
    let Some(text) = base.get("kustomization.yaml") else { return false };
    let files: BTreeSet<String> = base.keys().filter(|path| is_generated(path)).cloned().collect();
    kustomization::update("", Some(text), &files).is_ok_and(|updated| updated == *text)
}
