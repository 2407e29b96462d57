//! Waves: the steps of the fleet file's `promotion` that begin at a cluster, in order. Which of them are done follows
//! from the pins alone, so that a run that is started again goes on where the last one ended.

use crate::error::{Error, ErrorKind, Result};
use crate::fleet::clusters::Clusters;
use crate::fleet::pins::pinned_commit;
use crate::fleet::select_sync::running_pair;
use std::collections::BTreeMap;

/// Which wave is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wave {
    /// By its number, from 1.
    Number(usize),
    /// The first one with a cluster that is not pinned to the commit yet.
    Next,
}

/// The destinations of a wave. With an addon its pin counts, wherever it comes from.
///
/// # Errors
/// There is no fleet file, or it has no such wave ([`ErrorKind::Usage`]); an earlier wave is not done
/// ([`ErrorKind::Refused`]).
pub fn destinations(
    fleet: &Clusters,
    source: &str,
    addon: Option<&str>,
    commit: &str,
    wave: Wave,
) -> Result<Vec<String>> {
    let usage = |message: String, hint: &str| Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
    let Some(file) = &fleet.repository.fleet else {
        return usage(
            "waves need a fleet.yaml".to_owned(),
            "name the destinations, or write `promotion` into fleet.yaml",
        );
    };
    let steps = file.fleet.promotion.iter().filter(|step| step.from == source);
    let waves: Vec<Vec<String>> = steps.map(|step| file.selected(&step.to)).collect();
    if waves.is_empty() {
        let message = format!("fleet.yaml promotes from {source} to no cluster");
        return usage(message, "add a step to `promotion`, or name the destinations");
    }
    let is_done = |name: &String| pin_of(fleet, name, addon).as_deref() == Some(commit);
    let open = waves.iter().position(|names| !names.iter().all(is_done));
    let index = match (wave, open) {
        (Wave::Next, None) => return Ok(Vec::new()),
        (Wave::Next, Some(open)) => open,
        (Wave::Number(number), _) if number == 0 || number > waves.len() => {
            return usage(format!("{source} has {} waves", waves.len()), "count from 1");
        }
        (Wave::Number(number), Some(open)) if open + 1 < number => {
            let missing: Vec<&str> = waves[open].iter().filter(|name| !is_done(name)).map(String::as_str).collect();
            let message = format!("wave {} is not done: {}", open + 1, missing.join(", "));
            return Err(Error::new(ErrorKind::Refused, message).with_hint("promote it first: --next-wave"));
        }
        (Wave::Number(number), _) => number - 1,
    };
    Ok(waves.into_iter().nth(index).unwrap_or_default())
}

/// Of these clusters the first that are not pinned to the commit yet, at most so many; those that are count as nothing.
pub fn limited(fleet: &Clusters, names: Vec<String>, addon: Option<&str>, commit: &str, limit: usize) -> Vec<String> {
    let open = names.into_iter().filter(|name| pin_of(fleet, name, addon).as_deref() != Some(commit));
    open.take(limit).collect()
}

/// The commit that a cluster, or an addon of it, is pinned to.
fn pin_of(fleet: &Clusters, name: &str, addon: Option<&str>) -> Option<String> {
    pinned_commit(running_pair(fleet, fleet.get(name)?, addon).ok()?)
}

/// The cluster that promotes to each cluster, by the fleet file; the first counts.
pub fn sources(fleet: &Clusters) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    if let Some(file) = &fleet.repository.fleet {
        for step in &file.fleet.promotion {
            for name in file.selected(&step.to) {
                sources.entry(name).or_insert_with(|| step.from.clone());
            }
        }
    }
    sources
}
