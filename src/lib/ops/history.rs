//! `kfleet history`: the pins that a cluster had, from the git history of the files that hold its syncs.

use crate::error::Result;
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::pins::{PinLine, shown};
use crate::flux::{ObjectName, Pair, Pin};
use crate::git::{CommitInfo, Commits, LocalClone};
use crate::text::short;
use crate::tree::Tree;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A change of a sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub commit: CommitInfo,
    /// The name of the Kustomization.
    pub kustomization: String,
    /// What it took its manifests from before; nothing where it was not there.
    pub from: Option<String>,
    /// What it takes its manifests from afterwards; nothing where it was removed.
    pub to: Option<String>,
    /// How many commits lie between, where both are known.
    pub commits: Option<usize>,
    /// Whether the commit is older than the one before.
    pub is_older: bool,
    /// Whether it went back: to an older commit, or to a pin that it had before.
    pub is_rollback: bool,
    /// Whether the pin has no effect: the Kustomization takes its manifests from elsewhere.
    pub is_ineffective: bool,
    /// What else changed: `path`, `patches`.
    pub others: Vec<&'static str>,
}

#[derive(Debug, Default)]
pub struct History {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// Old texts that cannot be read.
    pub notes: Vec<String>,
}

/// What a sync was at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    pin: Option<Pin>,
    is_ineffective: bool,
    path: Option<String>,
    patches: Vec<Value>,
}

/// The changes of a cluster's syncs, at most so many, along the first parents of what is checked out.
///
/// # Errors
/// The history cannot be read.
pub fn history(fleet: &Clusters, clone: &LocalClone, cluster: &Cluster, limit: usize) -> Result<History> {
    let mut history = History::default();
    let Some(head) = clone.head()?.commit else { return Ok(history) };
    let of_pairs = cluster.syncs.iter().flat_map(|pair| {
        let repositories = [&pair.repository, &pair.unused].into_iter().flatten();
        repositories.map(|repository| &repository.origin.file).chain([&pair.kustomization.origin.file])
    });
    let files: BTreeSet<String> = of_pairs.cloned().collect();
    let mut commits: BTreeMap<usize, (CommitInfo, bool)> = BTreeMap::new();
    for changes in clone.histories(&head, &files)?.into_values() {
        commits.extend(changes.into_iter().map(|change| (change.depth, (change.about, change.is_cut_off))));
    }
    let is_cut_off = |(_, cut_off): &(CommitInfo, bool)| *cut_off;
    if let Some((oldest, _)) = commits.values().find(|commit| is_cut_off(commit)) {
        let message = format!("what is older than {} is not known: the clone is shallow", short(&oldest.commit));
        history.notes.push(format!("{message}; `git fetch --unshallow` or --fetch brings the rest"));
    }
    // Each commit with the state after it; the one before is that of the next older commit.
    let oldest = commits.values().position(is_cut_off);
    let commits: Vec<CommitInfo> = commits.into_values().map(|(about, _)| about).collect();
    let mut after = match commits.first() {
        Some(first) => states((fleet, clone), &first.commit, cluster, &files, &mut history.notes)?,
        None => return Ok(history),
    };
    for (index, commit) in commits.iter().enumerate().take(oldest.unwrap_or(usize::MAX)) {
        let before = match commits.get(index + 1) {
            Some(older) => states((fleet, clone), &older.commit, cluster, &files, &mut history.notes)?,
            None => BTreeMap::new(),
        };
        let ids: BTreeSet<&ObjectName> = before.keys().chain(after.keys()).collect();
        for id in ids {
            history.entries.extend(entry(clone, commit, id, before.get(id), after.get(id)));
        }
        if history.entries.len() >= limit {
            history.entries.truncate(limit);
            break;
        }
        after = before;
    }
    mark_rollbacks(clone, &mut history.entries);
    Ok(history)
}

/// Finds the entries that went back.
fn mark_rollbacks(clone: &LocalClone, entries: &mut [Entry]) {
    let mut lines: BTreeMap<String, PinLine> = BTreeMap::new();
    let is_ancestor = |old: &str, new: &str| clone.is_ancestor(old, new).unwrap_or(false);
    for entry in entries.iter_mut().rev() {
        let line = lines.entry(entry.kustomization.clone()).or_default();
        if let Some(from) = &entry.from {
            line.add(from, is_ancestor);
        }
        entry.is_rollback = entry.to.iter().any(|to| line.add(to, is_ancestor)) || entry.is_older;
    }
}

/// The syncs of a cluster as a commit has them, Flux's own left out.
fn states(
    (fleet, clone): (&Clusters, &LocalClone),
    commit: &str,
    cluster: &Cluster,
    files: &BTreeSet<String>,
    notes: &mut Vec<String>,
) -> Result<BTreeMap<ObjectName, State>> {
    let mut tree = Tree::default();
    for file in files {
        if let Some(text) = clone.read(commit, file)? {
            tree.insert(file.clone(), text);
        }
    }
    let old = Clusters::of_old_files(tree, fleet);
    notes.extend(
        old.problems
            .iter()
            .map(|problem| format!("{} at {} cannot be read: {}", problem.location, short(commit), problem.message)),
    );
    let same = old.clusters.into_iter().find(|old| old.folder == cluster.folder);
    let pairs = same.map(|same| same.syncs).unwrap_or_default();
    Ok(pairs.into_iter().map(|pair| (pair.kustomization.id.clone(), State::of(&pair))).collect())
}

impl State {
    fn of(pair: &Pair) -> State {
        // A pin beside it that does nothing is what people meant.
        let pin = pair.unused.as_ref().map(|unused| unused.reference.pin()).or_else(|| pair.pin());
        let path = pair.kustomization.path.as_ref().map(|path| path.value.clone());
        State { pin, is_ineffective: pair.unused.is_some(), path, patches: pair.kustomization.patches.clone() }
    }
}

fn entry(
    clone: &LocalClone,
    commit: &CommitInfo,
    id: &ObjectName,
    before: Option<&State>,
    after: Option<&State>,
) -> Option<Entry> {
    let mut others = Vec::new();
    if let (Some(before), Some(after)) = (before, after) {
        if before.path != after.path {
            others.push("path");
        }
        if before.patches != after.patches {
            others.push("patches");
        }
    }
    let pin = |state: Option<&State>| state.and_then(|state| state.pin.clone());
    let (old, new) = (pin(before), pin(after));
    if old == new && others.is_empty() && before.is_some() == after.is_some() {
        return None;
    }
    // A commit that is written as a branch, as in the article, is found too; what a branch was at that time is not known.
    let is_hash = |text: &str| text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hash = |pin: &Option<Pin>| match pin {
        Some(Pin::Commit(text) | Pin::Tag(text)) => clone.commit(text).ok(),
        Some(Pin::Branch(text)) if is_hash(text) => clone.commit(text).ok(),
        _ => None,
    };
    let (mut commits, mut is_older) = (None, false);
    if let (Some(old), Some(new)) = (hash(&old), hash(&new)) {
        is_older = old != new && clone.is_ancestor(&new, &old).unwrap_or(false);
        let (from, to) = if is_older { (&new, &old) } else { (&old, &new) };
        commits = clone.distance(from, to).ok();
    }
    let (from, to) = (old.as_ref().map(shown), new.as_ref().map(shown));
    Some(Entry {
        commit: commit.clone(),
        kustomization: id.name.clone(),
        from,
        to,
        commits,
        is_older,
        is_rollback: is_older,
        is_ineffective: after.is_some_and(|after| after.is_ineffective),
        others,
    })
}
