//! What there is to ask a cluster for, where nothing local knows a kind.

use crate::error::Error;
use crate::kube::discovery::{self, ClusterAccess};
use crate::kube::failure::{Failure, Reason};
use crate::kube::kind::{ServedKind, can_be_served};
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

/// Asks a cluster as [`discovery::served_kinds`] does.
///
/// # Errors
/// Its errors, with hints that name the flags which help.
pub fn served_kinds(
    access: &ClusterAccess,
    group_versions: &BTreeSet<(String, String)>,
) -> Result<Vec<ServedKind>, Error> {
    discovery::served_kinds(access, group_versions).map_err(|failure| with_flags(failure).into())
}

fn with_flags(mut failure: Failure) -> Failure {
    let more = match &failure.reason {
        Reason::NoKubeconfig => return failure.with_hint("name one with --kubeconfig, or set KUBECONFIG"),
        Reason::Context(known) => {
            let hint = format!("name one with --context: {}", known.join(", "));
            return failure.with_hint(hint);
        }
        Reason::Kubeconfig => ", or name another with --kubeconfig",
        Reason::Unreachable | Reason::Untrusted | Reason::NotAnApiServer | Reason::Timeout => {
            ", or leave out --discovery"
        }
        Reason::Unavailable => "; name the scopes with --gvk-scope instead",
        _ => "",
    };
    failure.hint = failure.hint.map(|hint| hint + more);
    failure
}
