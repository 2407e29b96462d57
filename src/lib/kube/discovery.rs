//! Which kinds a cluster serves, for synchronous callers that ask for nothing else.

use super::client::Client;
use super::client::retry::Repeat;
use super::connection::blocking;
pub use super::connection::{ClusterAccess, Proxies};
use super::failure::Failure;
pub use super::kind::ServedKind;
use super::kind::can_be_served;
use std::collections::BTreeSet;

/// Asks for the named group versions only (`("", "v1")` is the core group). Those that the cluster does not serve, or
/// that none can, are absent from the answer, which is sorted; subresources are left out. Each answer is reported at
/// once: a 503 means that an API server after the group is away, and stays so.
///
/// # Errors
/// Those of [`blocking`]; the cluster cannot be asked.
pub fn served_kinds(
    access: &ClusterAccess,
    group_versions: &BTreeSet<(String, String)>,
) -> Result<Vec<ServedKind>, Failure> {
    let wanted: Vec<(String, String)> =
        group_versions.iter().filter(|(group, version)| can_be_served(group, version)).cloned().collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    blocking(
        access,
        || false,
        async move |client: Client| {
            let mut kinds = Vec::new();
            for (group, version) in &wanted {
                kinds.extend(client.served(group, version, Repeat::Never).await?);
            }
            kinds.sort_unstable();
            kinds.dedup();
            Ok(kinds)
        },
    )
}
