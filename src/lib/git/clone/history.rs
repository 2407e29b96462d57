//! The history of files: the commits of the local clone that changed them.

use super::{CommitInfo, LocalClone, info_of, unusable};
use crate::error::Result;
use crate::tree::Root;
use git2::{Commit, ObjectType, Oid};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A commit that changed a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The commit.
    pub about: CommitInfo,
    /// How many commits lie between it and the newest one.
    pub depth: usize,
    /// The file before; nothing where it was not there.
    pub old: Option<Vec<u8>>,
    /// The file after it.
    pub new: Option<Vec<u8>>,
    /// Whether history is cut off here, in a shallow clone: the change may be that of an older commit.
    pub is_cut_off: bool,
}

/// A change that a walk meets.
struct Change<'a> {
    path: &'a str,
    commit: &'a Commit<'a>,
    depth: usize,
    old: Option<Oid>,
    new: Option<Oid>,
    is_cut_off: bool,
}

/// A file that differs between two trees: its path, and its content in both.
type Differing = (String, Option<Oid>, Option<Oid>);

/// Whether a walk goes on to look at a file.
#[derive(PartialEq, Eq)]
enum Watch {
    On,
    Off,
}

/// The folders above a path.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

impl LocalClone {
    /// The commits that changed each of these files, newest first: along the first parents of `tip`, so a merge counts
    /// as one change. One walk serves all files.
    pub fn histories(&self, tip: &str, paths: &BTreeSet<String>) -> Result<BTreeMap<String, Vec<FileChange>>> {
        let mut found: BTreeMap<String, Vec<FileChange>> =
            paths.iter().map(|path| (path.clone(), Vec::new())).collect();
        self.walk(tip, paths, |change| {
            let text = |id: Option<Oid>| id.and_then(|id| self.blob(id));
            let (old, new) = (text(change.old), text(change.new));
            let Change { path, commit, depth, is_cut_off, .. } = *change;
            let change = FileChange { about: info_of(commit), depth, old, new, is_cut_off };
            found.entry(path.to_owned()).or_default().push(change);
            Watch::On
        })?;
        Ok(found)
    }

    /// When each of these texts came into its file, in seconds since 1970: by the newest commit that has it there, and whose
    /// first parent has not. The walk ends when all are found; a text that never came is left out.
    pub fn written(
        &self,
        tip: &str,
        texts: &BTreeMap<String, BTreeSet<String>>,
    ) -> Result<BTreeMap<(String, String), i64>> {
        let mut found = BTreeMap::new();
        let mut open = texts.clone();
        let paths = texts.keys().cloned().collect();
        self.walk(tip, &paths, |change| {
            let Some(wanted) = open.get_mut(change.path).filter(|_| !change.is_cut_off) else { return Watch::Off };
            let blob = |id: Option<Oid>| id.and_then(|id| self.blob(id)).unwrap_or_default();
            let (old, new) = (blob(change.old), blob(change.new));
            wanted.retain(|text| {
                let has = |blob: &[u8]| memchr::memmem::find(blob, text.as_bytes()).is_some();
                let is_new = has(&new) && !has(&old);
                if is_new {
                    found.insert((change.path.to_owned(), text.clone()), change.commit.time().seconds());
                }
                !is_new
            });
            if wanted.is_empty() { Watch::Off } else { Watch::On }
        })?;
        Ok(found)
    }

    /// How many of the commits that `new` has and `old` does not have change more than `paths`, each in a way that `is_small`
    /// knows from its old and new content. A merge counts by what it changes in its first parent.
    ///
    /// # Errors
    /// One of the commits is not here.
    pub fn distance_besides(
        &self,
        (old, new): (&str, &str),
        paths: &BTreeSet<String>,
        is_small: impl Fn(&[u8], &[u8]) -> bool,
    ) -> Result<usize> {
        let watched = self.watched(paths);
        let is_counted = |commit: &Commit<'_>| {
            let trees = commit.tree().ok().zip(commit.parent(0).ok().and_then(|parent| parent.tree().ok()));
            let Some((tree, parent)) = trees else { return true };
            let (changes, has_others) = self.differing(Some(&parent), &tree, &watched);
            let blob = |id: Option<Oid>| id.and_then(|id| self.blob(id));
            let is_small = |old, new| blob(old).zip(blob(new)).is_some_and(|(old, new)| is_small(&old, &new));
            has_others || changes.is_empty() || !changes.iter().all(|(_, old, new)| is_small(*old, *new))
        };
        let (old, new) = (self.id(old)?, self.id(new)?);
        let mut walk = self.repository.revwalk().map_err(unusable)?;
        walk.push(new).and_then(|()| walk.hide(old)).map_err(unusable)?;
        let commits = walk.filter_map(|id| self.repository.find_commit(id.ok()?).ok());
        Ok(commits.filter(is_counted).count())
    }

    /// The commits whose parents a shallow clone has left out.
    fn cut_off(&self) -> BTreeSet<Oid> {
        let list = Root::open(self.repository.commondir()).and_then(|folder| folder.read("shallow"));
        let list = list.ok().flatten().unwrap_or_default();
        String::from_utf8_lossy(&list).lines().filter_map(|line| Oid::from_str(line.trim()).ok()).collect()
    }

    /// Files, and how many of them lie below each folder, by their paths from the top of the clone.
    fn watched(&self, paths: &BTreeSet<String>) -> HashMap<String, usize> {
        let mut watched: HashMap<String, usize> = HashMap::new();
        for path in paths {
            let path = self.full_path(path);
            above(&path).for_each(|folder| *watched.entry(folder.to_owned()).or_default() += 1);
            watched.insert(path, 1);
        }
        watched
    }

    /// Shows the changes of files along the first parents of `tip`, newest first, until none is watched any more.
    fn walk(&self, tip: &str, paths: &BTreeSet<String>, mut each: impl FnMut(&Change<'_>) -> Watch) -> Result<()> {
        let mut watched = self.watched(paths);
        let mut commit = self.find(tip)?;
        let cut_off = self.cut_off();
        for depth in 0.. {
            let parent = commit.parent(0).ok();
            let tree = commit.tree().map_err(unusable)?;
            let old_tree = parent.as_ref().and_then(|parent| parent.tree().ok());
            let is_cut_off = cut_off.contains(&commit.id());
            for (full, old, new) in self.differing(old_tree.as_ref(), &tree, &watched).0 {
                let path = full.strip_prefix(&self.prefix).unwrap_or(&full);
                if !paths.contains(path)
                    || each(&Change { path, commit: &commit, depth, old, new, is_cut_off }) == Watch::On
                {
                    continue;
                }
                watched.remove(&full);
                for folder in above(&full) {
                    if let Some(files) = watched.get_mut(folder) {
                        *files -= 1;
                        if *files == 0 {
                            watched.remove(folder);
                        }
                    }
                }
            }
            match parent {
                Some(parent) if !watched.is_empty() => commit = parent,
                _ => break,
            }
        }
        Ok(())
    }

    /// The wanted files that differ between two trees, with their old and new content, and whether others differ too.
    /// Folders that are the same on both sides are not looked into.
    fn differing(
        &self,
        old: Option<&git2::Tree<'_>>,
        new: &git2::Tree<'_>,
        wanted: &HashMap<String, usize>,
    ) -> (Vec<Differing>, bool) {
        let (mut found, mut has_others) = (Vec::new(), false);
        let root = |tree: &git2::Tree<'_>| self.repository.find_tree(tree.id()).ok();
        let mut waiting = vec![(String::new(), old.and_then(root), root(new))];
        while let Some((above, old, new)) = waiting.pop() {
            for name in differing_names(old.as_ref(), new.as_ref()) {
                let path = format!("{above}{name}");
                if !wanted.contains_key(&path) {
                    has_others = true;
                    continue;
                }
                let entry = |tree: &Option<git2::Tree<'_>>| {
                    let entry = tree.as_ref()?.get_name(&name)?;
                    Some((entry.id(), entry.kind()))
                };
                let (old, new) = (entry(&old), entry(&new));
                let folder = |entry: Option<(Oid, Option<ObjectType>)>| match entry {
                    Some((id, Some(ObjectType::Tree))) => self.repository.find_tree(id).ok(),
                    _ => None,
                };
                let file = |entry: Option<(Oid, Option<ObjectType>)>| match entry {
                    Some((id, Some(ObjectType::Blob))) => Some(id),
                    _ => None,
                };
                if file(old).is_some() || file(new).is_some() {
                    found.push((path.clone(), file(old), file(new)));
                }
                let folders = (folder(old), folder(new));
                if folders.0.is_some() || folders.1.is_some() {
                    waiting.push((format!("{path}/"), folders.0, folders.1));
                }
            }
        }
        (found, has_others)
    }
}

/// The names whose entries differ between two folders.
fn differing_names(old: Option<&git2::Tree<'_>>, new: Option<&git2::Tree<'_>>) -> Vec<String> {
    let mut names = Vec::new();
    let entries = |tree: Option<&git2::Tree<'_>>| tree.map_or(0, git2::Tree::len);
    let mut common = 0;
    for index in 0..entries(new) {
        let Some(entry) = new.and_then(|new| new.get(index)) else { continue };
        // Most often both folders have the same names.
        let same = old.and_then(|old| old.get(index)).filter(|other| other.name_bytes() == entry.name_bytes());
        let same = same.or_else(|| old?.get_name_bytes(entry.name_bytes()));
        common += usize::from(same.is_some());
        if same.is_none_or(|same| same.id() != entry.id() || same.kind() != entry.kind()) {
            names.extend(entry.name().ok().map(str::to_owned));
        }
    }
    if common < entries(old) {
        let gone = old.into_iter().flat_map(git2::Tree::iter);
        let gone = gone.filter(|entry| new.is_none_or(|new| new.get_name_bytes(entry.name_bytes()).is_none()));
        names.extend(gone.filter_map(|entry| entry.name().ok().map(str::to_owned)));
    }
    names
}
