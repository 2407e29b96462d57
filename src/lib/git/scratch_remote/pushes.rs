//! [`Push`]: what a run has pushed to its throwaway remote.

use super::changes::{Change, changes, diff, refused, unreadable};
use super::{CONFIG, Throwaway, history};
use crate::error::Result;
use crate::git::clone::{CommitInfo, info_of};
use crate::tree::{Root, remove_all, verify_plain_folder};
use git2::{ObjectType, Oid, Repository};
use std::collections::{BTreeMap, BTreeSet};

/// So many commits of one push are reported.
const COMMITS: usize = 100;
/// So many refs may have changed.
const REFS: usize = 1_000;

/// A ref that the run has pushed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Push {
    /// Its full name.
    pub reference: String,
    /// What it was; `None`: it is new.
    pub old: Option<String>,
    /// What it is; `None`: it was deleted.
    pub new: Option<String>,
    /// Whether what it was is not an ancestor of what it is.
    pub is_forced: bool,
    /// The newest commits that came, newest first.
    pub commits: Vec<CommitInfo>,
    /// How many came.
    pub commit_count: usize,
    /// The files that differ, as `A path`, `M path` or `D path`.
    pub files: Vec<String>,
    /// The difference, as a unified diff.
    pub diff: String,
}

impl Throwaway {
    /// What was pushed since the remote was made, by name of the ref. No step may be running any more.
    ///
    /// # Errors
    /// Steps have damaged the repository, or pushed more than can be reported.
    pub fn pushes(&self) -> Result<Vec<Push>> {
        let repository = self.reopen()?;
        let references = repository.references().map_err(unreadable)?.flatten();
        let now: BTreeMap<String, Oid> =
            references.filter_map(|reference| Some((reference.name().ok()?.to_owned(), reference.target()?))).collect();
        let old_of = |name: &str| self.before.get(name).and_then(|id| Oid::from_str(id).ok());
        let names: BTreeSet<&String> = self.before.keys().chain(now.keys()).collect();
        let sides = names.into_iter().map(|name| (name, old_of(name), now.get(name).copied()));
        let changed: Vec<(&String, Option<Oid>, Option<Oid>)> = sides.filter(|(_, old, new)| old != new).collect();
        if changed.len() > REFS {
            return Err(refused(format!("it has changed more than {REFS} refs")));
        }
        changed.into_iter().map(|(name, old, new)| self.push(&repository, name.clone(), old, new)).collect()
    }

    /// Opens the repository after steps have run: whatever could lead out of it is removed or refused.
    pub(super) fn reopen(&self) -> Result<Repository> {
        verify_plain_folder(&self.folder)?;
        for name in ["commondir", "gitdir", "info", "worktrees", "modules", "objects/info", "config.worktree"] {
            remove_all(&self.folder.join(name))?;
        }
        let root = Root::open(&self.folder)?;
        root.write("config", CONFIG.as_bytes())?;
        self.open()
    }

    fn push(&self, repository: &Repository, name: String, old: Option<Oid>, new: Option<Oid>) -> Result<Push> {
        let mut push = Push {
            reference: name,
            old: old.map(|id| id.to_string()),
            new: new.map(|id| id.to_string()),
            ..Push::default()
        };
        // What leads to a tree or a file has no history, and is reported by its name alone.
        let commit_of = |id: Oid| commit_of(repository, id);
        let Some(new) = new.and_then(commit_of) else { return Ok(push) };
        let old = old.and_then(commit_of);
        if let Some(old) = old {
            push.is_forced = old != new && !history::descends(repository, new, old).map_err(unreadable)?;
        }
        let known: BTreeSet<Oid> = self.before.values().filter_map(|id| commit_of(Oid::from_str(id).ok()?)).collect();
        let commits = history::commits(repository, new, &known).map_err(unreadable)?;
        push.commit_count = commits.len();
        for id in commits.into_iter().take(COMMITS) {
            push.commits.push(info_of(&repository.find_commit(id).map_err(unreadable)?));
        }
        let head = Oid::from_str(&self.head).ok();
        let from = old.or_else(|| head.and_then(|head| repository.merge_base(head, new).ok()));
        let tree = |id: Oid| repository.find_commit(id).map(|commit| commit.tree_id()).map_err(unreadable);
        let (from, to) = (from.map(tree).transpose()?, Some(tree(new)?));
        let changed = changes(repository, from, to)?;
        push.files = changed.iter().map(|change| format!("{} {}", change.letter(), change.path)).collect();
        push.diff = diff(repository, from, to, changed.len())?;
        Ok(push)
    }

    /// The commit at the tip of the head branch now, with the trees of before and now, and what differs.
    pub(super) fn head_change(&self, repository: &Repository) -> Result<Option<(Oid, Oid, Vec<Change>)>> {
        let Ok(reference) = repository.find_reference(&format!("refs/heads/{}", self.head_branch)) else {
            return Ok(None);
        };
        let Some(new) = reference.target().filter(|id| id.to_string() != self.head) else { return Ok(None) };
        let tree = |id: Oid| repository.find_commit(id).map(|commit| commit.tree_id()).map_err(unreadable);
        let old = Oid::from_str(&self.head).map_err(unreadable)?;
        let changed = changes(repository, Some(tree(old)?), Some(tree(new)?))?;
        Ok(Some((old, new, changed)))
    }
}

/// The commit that a ref leads to, through tags too; nothing where that is a tree or a file.
pub(super) fn commit_of(repository: &Repository, target: Oid) -> Option<Oid> {
    let object = repository.find_object(target, None).and_then(|object| object.peel(ObjectType::Commit));
    object.map(|object| object.id()).ok()
}
