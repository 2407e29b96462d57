//! Which clusters a selector is about.

use crate::error::{Error, ErrorKind, Result};
use crate::fleet::clusters::{Cluster, Clusters};

/// The names of the clusters that have all of these labels, each `KEY=VALUE`: those of the fleet file, and `environment`.
/// Without a selector none.
///
/// # Errors
/// One is not of this form, or no cluster has them all ([`ErrorKind::Usage`]).
pub fn select(fleet: &Clusters, selector: &[String]) -> Result<Vec<String>> {
    if selector.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = Vec::new();
    for item in selector {
        match item.split_once('=') {
            Some((key, value)) if !key.is_empty() => wanted.push((key, value)),
            _ => {
                let error = Error::new(ErrorKind::Usage, format!("`{item}` is not a selector"));
                return Err(error.with_hint("write KEY=VALUE, such as environment=production"));
            }
        }
    }
    let file = fleet.repository.fleet.as_ref();
    let has = |cluster: &Cluster, key: &str, value: &str| {
        let labels = file.and_then(|file| Some(&file.fleet.clusters.get(&cluster.name)?.labels));
        labels.and_then(|labels| labels.get(key)).is_some_and(|label| label == value)
            || (key == "environment" && cluster.environment.as_deref() == Some(value))
    };
    let fits = |cluster: &&Cluster| wanted.iter().all(|(key, value)| has(cluster, key, value));
    let found: Vec<String> = fleet.clusters.iter().filter(fits).map(|cluster| cluster.name.clone()).collect();
    if found.is_empty() {
        let error = Error::new(ErrorKind::Usage, format!("no cluster has the labels {}", selector.join(", ")));
        return Err(error.with_hint("labels are those of `clusters` in fleet.yaml"));
    }
    Ok(found)
}
