//! The pin to go back to: what a cluster was pinned to before, from the history of its files.

use super::candidate::{Candidate, Reason, branch_of};
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::clusters::{Cluster, Clusters};
use crate::fleet::pins::{PinLine, pinned_commit};
use crate::fleet::select_sync::{addon_pair, main_pair};
use crate::flux::{Pair, Pin};
use crate::git::{Commits, FileChange, LocalClone};
use crate::text::short;
use crate::tree::Tree;
use std::collections::BTreeSet;

/// The pin that clusters, or one addon of them, had before their present ones.
///
/// # Errors
/// A cluster has no pin, or never had another one, or they go back to different ones.
pub fn previous_pin(
    fleet: &Clusters,
    clone: &LocalClone,
    clusters: &[&Cluster],
    addon: Option<&str>,
) -> Result<Candidate> {
    let mut pins = clusters.iter().map(|cluster| pin_before(fleet, clone, cluster, addon));
    let Some(first) = pins.next().transpose()? else {
        return Err(Error::new(ErrorKind::Usage, "no cluster to roll back is named"));
    };
    for (pin, cluster) in pins.zip(&clusters[1..]) {
        let (one, other) = (&first.commit.commit, &pin?.commit.commit);
        if one != other {
            let (one, other) = (short(one), short(other));
            let message = format!("{} had {one} before, {} had {other}", clusters[0].name, cluster.name);
            let hint = "roll back those together that had the same pin, or name the commit with --to";
            return Err(Error::new(ErrorKind::Refused, message).with_hint(hint));
        }
    }
    Ok(first)
}

/// The pin that a cluster, or one addon of it, had before its present one, from the history of the file that holds it. What
/// was left by going back counts no more: going back twice goes two pins back ([`PinLine`]).
fn pin_before(fleet: &Clusters, clone: &LocalClone, cluster: &Cluster, addon: Option<&str>) -> Result<Candidate> {
    let refuse = |message: String, hint: &str| Err(Error::new(ErrorKind::Refused, message).with_hint(hint));
    let pair = match addon {
        Some(addon) => match addon_pair(fleet, cluster, addon) {
            Ok(Some(pair)) => Ok(pair),
            Ok(None) => {
                let message = format!("{} has no sync of its own for {addon}", cluster.name);
                return refuse(message, "roll the whole cluster back, or give the addon its own with `kfleet promote`");
            }
            Err(reason) => Err(reason),
        },
        None => main_pair(fleet, cluster),
    };
    let Ok(pair) = pair else {
        return refuse(format!("{} has no sync that could be rolled back", cluster.name), "`kfleet vet` shows more");
    };
    let (Some(Pin::Commit(present)), Some(repository)) = (pair.pin(), &pair.repository) else {
        return refuse(format!("{} is not pinned to a commit", cluster.name), "name the commit with --to");
    };
    let Some(head) = clone.head()?.commit else {
        return refuse("the clone has no commit".to_owned(), "name the commit with --to");
    };
    let file = &repository.origin.file;
    let histories = clone.histories(&head, &BTreeSet::from([file.clone()]))?;
    let changes: &[FileChange] = histories.get(file).map(Vec::as_slice).unwrap_or_default();
    let texts = changes.iter().flat_map(|change| [&change.new, &change.old]).flatten().rev();
    let pins = texts.filter_map(|text| pin_in(fleet, pair, file, text)).chain([present.clone()]);
    let mut line = PinLine::default();
    for pin in pins {
        line.add(&pin, |old, new| clone.is_ancestor(old, new).unwrap_or(false));
    }
    let Some(previous) = line.previous() else {
        let message =
            format!("{} had no other pin than {}: {file} has none in its history", cluster.name, short(&present));
        let hint = match clone.is_shallow() {
            true => "the clone is shallow: run `git fetch --unshallow`, or name the commit with --to",
            false => "name the commit with --to",
        };
        return refuse(message, hint);
    };
    let commit = clone.about(&clone.commit(previous)?)?;
    let branch = branch_of(clone, cluster, pair);
    Ok(Candidate { commit, reason: Reason::Previous(cluster.name.clone()), branch, notes: Vec::new() })
}

/// The pin of a pair in an old text of the file that holds it, read beside the file that has the Kustomization now.
fn pin_in(fleet: &Clusters, pair: &Pair, file: &str, text: &[u8]) -> Option<String> {
    let beside = &pair.kustomization.origin.file;
    let mut tree = Tree::default();
    tree.extend(fleet.repository.files.texts.get(beside).map(|text| (beside.clone(), text.clone())));
    tree.insert(file.to_owned(), text.to_vec());
    let old = Clusters::of_old_files(tree, fleet);
    let mut pairs = old.clusters.iter().flat_map(|cluster| &cluster.syncs);
    pinned_commit(pairs.find(|old| old.kustomization.id == pair.kustomization.id)?)
}
