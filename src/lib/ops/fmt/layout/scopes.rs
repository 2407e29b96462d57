//! What there is to ask a cluster for, where nothing local knows a kind.

use crate::kube::discovery::can_be_served;
use crate::layout::gather::Gathered;
use crate::layout::scopes::{ScopeSources, is_filtered};
use std::collections::BTreeSet;

/// The group versions of the kinds that nothing local knows: what there is to ask a cluster for. One that no cluster
/// can serve is not asked for, so its kinds stay unknown.
pub fn unknown_group_versions(
    gathered: &Gathered,
    sources: &ScopeSources,
    filter: &[String],
) -> BTreeSet<(String, String)> {
    let scopes = sources.scopes(gathered, &mut Vec::new());
    gathered
        .entries
        .iter()
        .map(|entry| &entry.object.gvk)
        .filter(|gvk| !is_filtered(gvk, filter) && scopes.lookup(gvk).is_none())
        .map(|gvk| (gvk.group.to_string(), gvk.version.to_string()))
        .filter(|(group, version)| can_be_served(group, version))
        .collect()
}
