//! Ancestry, in clones whose history was cut off too: there libgit2 stops at the first commit that is missing.

use git2::{Oid, Repository, Sort};
use std::collections::BTreeSet;

type Result<T> = std::result::Result<T, git2::Error>;

/// So far back a history that was cut off is followed.
const COMMITS: usize = 100_000;

/// Whether `old` is an ancestor of `new`, and not `new` itself.
pub(super) fn descends(repository: &Repository, new: Oid, old: Oid) -> Result<bool> {
    if !repository.is_shallow() {
        return repository.graph_descendant_of(new, old);
    }
    Ok(new != old && walk(repository, new, &BTreeSet::from([old])).1.contains(&old))
}

/// The commits that `new` has and none of `known` has, newest first.
pub(super) fn commits(repository: &Repository, new: Oid, known: &BTreeSet<Oid>) -> Result<Vec<Oid>> {
    if repository.is_shallow() {
        return Ok(walk(repository, new, known).0);
    }
    let mut walk = repository.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
    walk.push(new)?;
    for commit in known {
        walk.hide(*commit)?;
    }
    walk.collect()
}

/// The commits from `new` to those of `stop`, and those of `stop` that were met.
fn walk(repository: &Repository, new: Oid, stop: &BTreeSet<Oid>) -> (Vec<Oid>, BTreeSet<Oid>) {
    let (mut commits, mut met, mut seen) = (Vec::new(), BTreeSet::new(), BTreeSet::from([new]));
    let mut pending = std::collections::VecDeque::from([new]);
    while let Some(id) = pending.pop_front() {
        if stop.contains(&id) {
            met.insert(id);
            continue;
        }
        let Ok(commit) = repository.find_commit(id) else { continue };
        commits.push(id);
        if commits.len() >= COMMITS {
            break;
        }
        pending.extend(commit.parent_ids().filter(|parent| seen.insert(*parent)));
    }
    (commits, met)
}
