//! [`Bring`]: what a run has pushed to the head branch, brought into the work tree that the run was made from.
//!
//! Where the work tree was clean and still is where it matters, and nothing is staged there, the branch goes forward to the pushed commit. Else only
//! files change, by a merge of three trees: that of the run's beginning, that of now, and the pushed one. Everything is
//! made in a folder beside first; then files take their places one by one, and where one cannot, what stood there goes back.

use super::changes::{Change, Item, changes, refused};
use super::contents::contents;
use super::local_git::LocalGit;
use super::{Snapshot, Throwaway, history};
use crate::error::{Error, ErrorKind, Result};
use crate::git::clone::{LocalClone, unusable};
use crate::git::remote::Settings;
use crate::tree::{Entry, Root, list_folder};
use git2::{MergeOptions, Oid, Repository};
use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::{Path, PathBuf};

const SUBMODULE: i32 = 0o160_000;

/// A change of the work tree with no choices left.
#[derive(Debug)]
pub struct Bring {
    work_tree: PathBuf,
    git_folder: PathBuf,
    writes: Vec<(String, Option<Entry>)>,
    forward: Option<Forward>,
}

/// A branch that goes forward.
#[derive(Debug)]
struct Forward {
    branch: String,
    old: Oid,
    new: Oid,
    /// What changes in the index, in the words of git.
    index: String,
}

/// What has become of what a run has pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brought {
    /// The branch is at the pushed commit, and the work tree too.
    Forward { branch: String, commit: String, files: Vec<String> },
    /// Files have changed, nothing is committed.
    Files(Vec<String>),
}

impl LocalClone {
    /// Plans to bring what was pushed to the head branch into the work tree; nothing where nothing was pushed to it.
    /// `snapshot` is what the run was made from. Nothing is written yet, but objects where the branch can go forward.
    ///
    /// # Errors
    /// The same lines have changed in the work tree meanwhile, or it cannot take the change: a submodule, a folder or an
    /// untracked file is in the way ([`ErrorKind::Refused`]).
    pub fn bring(
        &self,
        throwaway: &Throwaway,
        snapshot: &Snapshot,
        temporary: &Path,
        settings: &Settings,
    ) -> Result<Option<Bring>> {
        let pushed = throwaway.reopen()?;
        let Some((_, new, pushed_changes)) = throwaway.head_change(&pushed)? else { return Ok(None) };
        let now = self.snapshot(temporary, settings)?;
        let folders = [snapshot.objects(), now.objects(), throwaway.folder.join("objects")];
        let repository = self.with_objects(&folders)?;
        let new_tree = repository.find_commit(new).map_err(unusable)?.tree_id();
        let own_changes = changes(&repository, Some(snapshot.tree), Some(now.tree))?;
        verify_apart(&own_changes, &pushed_changes)?;
        let merged = merge(&repository, snapshot.tree, now.tree, new_tree)?;
        let changed = changes(&repository, Some(now.tree), Some(merged))?;
        verify(&changed)?;
        let work_tree = self.repository.workdir().unwrap_or(Path::new(".")).to_owned();
        let git = LocalGit::new(&work_tree, settings, "cannot take what the run has pushed");
        let head = self.head()?;
        let forward = match (&snapshot.parent, &head.branch) {
            (Some(parent), Some(branch))
                if !snapshot.is_synthetic
                    && head.commit.as_ref() == Some(parent)
                    && *branch == throwaway.head_branch
                    && !own_changes.iter().any(|change| is_among(&pushed_changes, change))
                    && !is_staged(&git, &pushed_changes)? =>
            {
                let old = Oid::from_str(parent).map_err(unusable)?;
                let is_forward = history::descends(&pushed, new, old).map_err(unusable)?;
                is_forward.then(|| Forward { branch: branch.clone(), old, new, index: index_lines(&changed) })
            }
            _ => None,
        };
        if forward.is_some() {
            self.import(&pushed, new)?;
        }
        let listed = git.listed()?;
        verify_seen(&changed, &listed.hidden)?;
        verify_room(&work_tree, &changed, &listed.tracked)?;
        let writes = contents(&git, &repository, merged, &changed, temporary)?;
        // Filters may take long, and somebody may have gone on working.
        let last = self.snapshot(temporary, settings)?;
        if last.tree != now.tree {
            let repository = self.with_objects(&[now.objects(), last.objects()])?;
            let late = changes(&repository, Some(now.tree), Some(last.tree))?;
            let met: Vec<&str> = late.iter().map(|late| late.path.as_str()).collect();
            return Err(changed_here(&met));
        }
        Ok(Some(Bring { work_tree, git_folder: self.repository.path().to_owned(), writes, forward }))
    }
}

impl Bring {
    /// Carries it out.
    ///
    /// # Errors
    /// A file cannot be written: then those that were are as before. Or the index cannot be, or the branch has moved
    /// meanwhile.
    pub fn apply(self, settings: &Settings) -> Result<Brought> {
        let fail = |cause: git2::Error| {
            Error::new(ErrorKind::Failed, format!("cannot bring in what was pushed: {}", cause.message()))
        };
        let root = Root::open(&self.work_tree)?;
        if self.forward.is_some() && self.git_folder.join("index.lock").exists() {
            return Err(refused("another git is at work in this clone").with_hint("wait for it to end"));
        }
        let mut stood = Vec::new();
        let exchanged = exchange(&root, &self.work_tree, &self.writes, &mut stood).and_then(|()| match &self.forward {
            Some(forward) => {
                LocalGit::new(&self.work_tree, settings, "cannot write the index of git").change_index(&forward.index)
            }
            None => Ok(()),
        });
        if let Err(error) = exchanged {
            restore(&root, &stood);
            return Err(error);
        }
        let files: Vec<String> = self.writes.iter().map(|(path, _)| path.clone()).collect();
        let Some(Forward { branch, old, new, .. }) = self.forward else { return Ok(Brought::Files(files)) };
        let repository = Repository::open(&self.git_folder).map_err(fail)?;
        // Last: a run that is killed before leaves files that are newer than the branch, never ones that would undo it.
        let name = format!("refs/heads/{branch}");
        repository.reference_matching(&name, new, true, old, "kfleet run-pipeline: fast-forward").map_err(fail)?;
        Ok(Brought::Forward { branch, commit: new.to_string(), files })
    }
}

/// Puts files in their places, and keeps what stood there before. What goes comes first, with the folders that hold
/// nothing else: a file may come where a folder was, and the other way round.
fn exchange<'a>(
    root: &Root,
    work_tree: &Path,
    writes: &'a [(String, Option<Entry>)],
    stood: &mut Vec<(&'a str, Option<Entry>)>,
) -> Result<()> {
    let (goes, comes) = writes.split_at(writes.partition_point(|(_, entry)| entry.is_none()));
    let read = |path: &str| Entry::read(&work_tree.join(path));
    for (path, _) in goes {
        stood.push((path, read(path)?));
        root.remove_entry(path)?;
    }
    root.remove_empty_folders(goes.iter().map(|(path, _)| path.as_str()))?;
    for (path, entry) in comes {
        stood.push((path, read(path)?));
        if let Some(entry) = entry {
            root.place(path, entry)?;
        }
    }
    Ok(())
}

/// Gives back what stood there, in the same order. What went wrong first is the one failure to report.
fn restore(root: &Root, stood: &[(&str, Option<Entry>)]) {
    let (goes, comes): (Vec<_>, Vec<_>) = stood.iter().partition(|(_, entry)| entry.is_none());
    for (path, _) in &goes {
        let _ = root.remove_entry(path);
    }
    let _ = root.remove_empty_folders(goes.iter().map(|(path, _)| *path));
    for (path, entry) in comes {
        let _ = entry.as_ref().map(|entry| root.place(path, entry));
    }
}

/// What `git update-index --index-info` reads.
fn index_lines(changed: &[Change]) -> String {
    let line = |change: &Change| match change.new {
        Some(Item { id, mode }) => format!("{mode:o} {id}\t{}\0", change.path),
        None => format!("0 {}\t{}\0", Oid::ZERO_SHA1, change.path),
    };
    // A file may come where a folder goes.
    let (goes, comes): (Vec<&Change>, Vec<&Change>) = changed.iter().partition(|change| change.new.is_none());
    goes.into_iter().chain(comes).map(line).collect()
}

/// The tree with what differs between `base` and `theirs` put into `ours`.
fn merge(repository: &Repository, base: Oid, ours: Oid, theirs: Oid) -> Result<Oid> {
    if base == ours {
        return Ok(theirs);
    }
    let tree = |id: Oid| repository.find_tree(id).map_err(unusable);
    let mut options = MergeOptions::new();
    options.find_renames(false);
    let mut index =
        repository.merge_trees(&tree(base)?, &tree(ours)?, &tree(theirs)?, Some(&options)).map_err(unusable)?;
    if index.has_conflicts() {
        let mut paths = Vec::new();
        for conflict in index.conflicts().map_err(unusable)?.flatten() {
            let entry = conflict.our.or(conflict.their).or(conflict.ancestor);
            paths.extend(entry.map(|entry| String::from_utf8_lossy(&entry.path).into_owned()));
        }
        return Err(changed_here(&paths));
    }
    index.write_tree_to(repository).map_err(unusable)
}

fn is_among(sorted: &[Change], change: &Change) -> bool {
    sorted.binary_search_by(|other| other.path.cmp(&change.path)).is_ok()
}

/// Whether something else is staged where files change: a branch that goes forward takes the index along.
fn is_staged(git: &LocalGit<'_>, changed: &[Change]) -> Result<bool> {
    let staged = git.staged()?;
    let staged: BTreeSet<&str> = staged.iter().map(String::as_str).collect();
    let meets = |path: &str| staged.contains(path) || nested(&staged, path).is_some();
    Ok(changed.iter().any(|change| meets(&change.path)))
}

/// A merge of trees does not see that a file and a folder of one name have come.
fn verify_apart(ours: &[Change], theirs: &[Change]) -> Result<()> {
    let comes = |change: &&Change| change.new.is_some();
    let own: BTreeSet<&str> = ours.iter().filter(comes).map(|change| change.path.as_str()).collect();
    let met: Vec<&str> = theirs.iter().filter(comes).filter_map(|change| nested(&own, &change.path)).collect();
    if met.is_empty() { Ok(()) } else { Err(changed_here(&met)) }
}

/// The first of the paths that is above or below this one.
fn nested<'a>(paths: &BTreeSet<&'a str>, path: &str) -> Option<&'a str> {
    let above = path.match_indices('/').find_map(|(at, _)| paths.get(&path[..at]).copied());
    let folder = format!("{path}/");
    let below = || paths.range::<str, _>((Bound::Included(folder.as_str()), Bound::Unbounded)).next().copied();
    above.or_else(|| below().filter(|below| below.starts_with(&folder)))
}

fn changed_here(paths: &[impl AsRef<str>]) -> Error {
    let paths: BTreeSet<&str> = paths.iter().map(AsRef::as_ref).collect();
    let paths: Vec<&str> = paths.into_iter().collect();
    let error = refused(format!("changed here since the run began: {}", paths.join(", ")));
    error.with_hint("run the pipeline again: it takes the work tree as it is then")
}

fn verify(changed: &[Change]) -> Result<()> {
    for change in changed {
        if [&change.old, &change.new].into_iter().flatten().any(|item| item.mode == SUBMODULE) {
            let error = refused(format!("{} is a submodule", change.path));
            return Err(error.with_hint("take the commit from the throwaway remote with git: see --keep"));
        }
    }
    Ok(())
}

/// What a run has made of a file is made of what git has of it: the work tree may have none, or another.
fn verify_seen(changed: &[Change], hidden: &BTreeSet<String>) -> Result<()> {
    match changed.iter().find(|change| hidden.contains(&change.path)) {
        None => Ok(()),
        Some(change) => {
            let error = refused(format!("git does not look at {} in this work tree", change.path));
            Err(error.with_hint(
                "it is outside of the sparse checkout, or `git update-index` has hidden it: see `git ls-files -v`",
            ))
        }
    }
}

/// What is ignored is in no tree, so it is looked for in the work tree itself.
fn verify_room(work_tree: &Path, changed: &[Change], tracked: &BTreeSet<String>) -> Result<()> {
    let goes: BTreeSet<&str> =
        changed.iter().filter(|change| change.new.is_none()).map(|change| change.path.as_str()).collect();
    for change in changed.iter().filter(|change| change.old.is_none()) {
        let mut above = change.path.as_str();
        while let Some((folder, _)) = above.rsplit_once('/') {
            above = folder;
            let there = work_tree.join(folder).symlink_metadata();
            if there.is_ok_and(|there| !there.is_dir()) && !goes.contains(folder) {
                return Err(refused(format!("{folder} is in the way of {}: it is not a folder", change.path)));
            }
        }
        let place = work_tree.join(&change.path);
        let Ok(there) = place.symlink_metadata() else { continue };
        if !there.is_dir() {
            return Err(unknown(&change.path, "is there already"));
        }
        // A folder: it has to be empty when all has gone that goes.
        for path in leaves(work_tree, &change.path)? {
            if !(goes.contains(path.as_str()) && tracked.contains(&path)) {
                return Err(unknown(&path, &format!("is in the way of the file {}", change.path)));
            }
        }
    }
    Ok(())
}

fn unknown(path: &str, trouble: &str) -> Error {
    refused(format!("{path} {trouble}, though git does not know it")).with_hint("move it away")
}

/// What is below a folder of the work tree and is not a folder itself, or an empty one.
fn leaves(work_tree: &Path, folder: &str) -> Result<Vec<String>> {
    let (mut found, mut pending) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(path) = pending.pop() {
        let place = work_tree.join(&path);
        let is_folder = place.symlink_metadata().is_ok_and(|there| there.is_dir());
        let names = if is_folder { list_folder(&place)?.unwrap_or_default() } else { Vec::new() };
        match names.is_empty() {
            true => found.push(path),
            false => pending.extend(names.into_iter().map(|name| format!("{path}/{name}"))),
        }
    }
    Ok(found)
}
