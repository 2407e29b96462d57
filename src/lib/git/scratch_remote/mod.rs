//! The throwaway remote of a run: a bare repository with what the clone has, in which the work tree as it is stands as
//! the head of a pull request ([`Throwaway`], [`Snapshot`]). Steps clone it, fetch from it and push to it; afterwards it
//! shows what was pushed ([`Push`]), which can be brought into the work tree ([`Bring`]) or sent to the real remote.
//!
//! The clone itself is only read: its index, branches and reflogs stay, its objects are copied. What steps have left in
//! the throwaway remote is hostile: git's program never runs in it afterwards, and it is read with settings of our own.

mod bring;
mod changes;
mod contents;
mod facts;
mod history;
mod local_git;
mod pushes;
mod send;
mod snapshot;
mod step_settings;

pub use bring::{Bring, Brought};
pub use facts::{Facts, RepositoryName};
pub use pushes::Push;
pub use snapshot::Snapshot;
pub use step_settings::StepSettings;

use super::clone::{LocalClone, unusable};
use super::read::open;
use crate::error::{Error, ErrorKind, Result};
use crate::tree::{Root, copy_file, copy_folder, make_folder};
use git2::{MergeOptions, Oid, Repository, Signature};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The settings of the repository: steps may fetch any commit, push to any branch, and no hook runs.
const CONFIG: &str = "\
[core]
\trepositoryformatversion = 0
\tbare = true
\tlogAllRefUpdates = false
\thooksPath = /dev/null
[gc]
\tauto = 0
[maintenance]
\tauto = false
[receive]
\tautogc = false
\tdenyDeletes = false
\tdenyNonFastForwards = false
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
";

/// Which refs a throwaway remote has besides those of the clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refs {
    /// The branch that the head of the event is on.
    pub head_branch: String,
    /// The branch that a pull request goes to, and its tip.
    pub base: Option<(String, String)>,
    /// The branch that `git clone` checks out.
    pub default_branch: String,
    /// The number of the pull request, where the event is one.
    pub pull: Option<u64>,
}

/// See the module.
#[derive(Debug)]
pub struct Throwaway {
    /// Where the repository is.
    folder: PathBuf,
    /// The branch that the head of the event is on.
    head_branch: String,
    /// The commit at the head of the event.
    head: String,
    /// The refs that the run has found, and what they were.
    before: BTreeMap<String, String>,
}

impl Throwaway {
    /// Makes the repository in a folder that is not there yet.
    ///
    /// # Errors
    /// The clone lacks objects, being a partial one ([`ErrorKind::Environment`]), or a file cannot be read or written.
    pub fn create(clone: &LocalClone, snapshot: &Snapshot, folder: &Path, refs: &Refs) -> Result<Throwaway> {
        let git_folder = clone.repository.commondir();
        verify_whole(clone)?;
        let root = Root::open(folder)?;
        root.write("config", CONFIG.as_bytes())?;
        root.write("HEAD", format!("ref: refs/heads/{}\n", refs.default_branch).as_bytes())?;
        for source in object_folders(&git_folder.join("objects"))? {
            copy_objects(&source, folder)?;
        }
        copy_objects(&snapshot.objects(), folder)?;
        copy_file(&git_folder.join("shallow"), &folder.join("shallow"))?;
        let mut chosen = Chosen::default();
        chosen.add(format!("refs/heads/{}", refs.head_branch), &snapshot.commit);
        if let Some((base, tip)) = &refs.base {
            chosen.add(format!("refs/heads/{base}"), tip);
        }
        chosen.add_all_of(clone).map_err(failed)?;
        if let Some(pull) = refs.pull {
            chosen.add(format!("refs/pull/{pull}/head"), &snapshot.commit);
        }
        // Git wants the folder of loose refs to be there, even where all are packed.
        root.write("packed-refs", chosen.packed().as_bytes())?;
        make_folder(&folder.join("refs"))?;
        let mut throwaway = Throwaway {
            folder: folder.to_owned(),
            head_branch: refs.head_branch.clone(),
            head: snapshot.commit.clone(),
            before: BTreeMap::new(),
        };
        let repository = throwaway.open()?;
        if let (Some(pull), Some((_, base))) = (refs.pull, &refs.base)
            && let Some(merge) = merged(&repository, base, &snapshot.commit).map_err(failed)?
        {
            chosen.add(format!("refs/pull/{pull}/merge"), &merge.to_string());
            root.write("packed-refs", chosen.packed().as_bytes())?;
        }
        throwaway.before = chosen.0;
        Ok(throwaway)
    }

    fn open(&self) -> Result<Repository> {
        open(&self.folder, "cannot read the throwaway remote")
    }
}

/// Refs by name. The first of a name counts, and so does the first where one name would be a folder of the other.
#[derive(Debug, Default)]
struct Chosen(BTreeMap<String, String>);

impl Chosen {
    fn add(&mut self, name: String, commit: &str) {
        let is_above = self.0.keys().any(|known| known.strip_prefix(&name).is_some_and(|rest| rest.starts_with('/')));
        let is_below = name.match_indices('/').any(|(at, _)| self.0.contains_key(&name[..at]));
        if !is_above && !is_below {
            self.0.entry(name).or_insert_with(|| commit.to_owned());
        }
    }

    /// Branches as the real remote has them, as far as it was fetched; then those that are only here; and all tags.
    fn add_all_of(&mut self, clone: &LocalClone) -> std::result::Result<(), git2::Error> {
        let remote = format!("refs/remotes/{}/", clone.remote_name());
        let (mut fetched, mut own) = (BTreeMap::new(), BTreeMap::new());
        for reference in clone.repository.references()? {
            let reference = reference?;
            let (Ok(name), Some(id)) = (reference.name(), reference.target()) else { continue };
            if let Some(branch) = name.strip_prefix(&remote) {
                fetched.insert(format!("refs/heads/{branch}"), id.to_string());
            } else if name.starts_with("refs/heads/") || name.starts_with("refs/tags/") {
                own.insert(name.to_owned(), id.to_string());
            }
        }
        fetched.into_iter().chain(own).for_each(|(name, id)| self.add(name, &id));
        Ok(())
    }

    fn packed(&self) -> String {
        self.0.iter().map(|(name, id)| format!("{id} {name}\n")).collect()
    }
}

/// The merge of two commits, as a hosting service makes it for a pull request; nothing where it has conflicts, or where
/// there is nothing to merge.
fn merged(repository: &Repository, base: &str, head: &str) -> std::result::Result<Option<Oid>, git2::Error> {
    let (base, head) = (repository.find_commit(Oid::from_str(base)?)?, repository.find_commit(Oid::from_str(head)?)?);
    let is_done = base.id() == head.id() || history::descends(repository, base.id(), head.id())?;
    if is_done || repository.merge_base(base.id(), head.id()).is_err() {
        return Ok(None);
    }
    let mut index = repository.merge_commits(&base, &head, Some(&MergeOptions::new()))?;
    if index.has_conflicts() {
        return Ok(None);
    }
    let tree = repository.find_tree(index.write_tree_to(repository)?)?;
    let who = Signature::new(snapshot::NAME, snapshot::EMAIL, &head.committer().when())?;
    let message = format!("Merge {} into {}\n", head.id(), base.id());
    repository.commit(None, &who, &who, &message, &tree, &[&base, &head]).map(Some)
}

/// The folders that a clone's objects are in: its own, and those that it borrows from.
fn object_folders(own: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![own.to_owned()];
    let mut seen = BTreeSet::from([own.to_owned()]);
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        let listed = Root::open(&folder)?.read("info/alternates").ok().flatten().unwrap_or_default();
        for line in String::from_utf8_lossy(&listed).lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let other = folder.join(line);
            if other.is_dir() && seen.insert(other.clone()) {
                folders.push(other);
            }
        }
    }
    Ok(folders)
}

/// Copies loose objects and packs, and nothing that would lead back to where they came from.
fn copy_objects(from: &Path, repository: &Path) -> Result<()> {
    let is_wanted = |path: &str| {
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match path.split_once('/') {
            None => path == "pack" || (path.len() == 2 && is_hex(path)),
            Some(("pack", name)) => {
                name.starts_with("pack-") && [".pack", ".idx", ".rev"].iter().any(|ending| name.ends_with(ending))
            }
            Some((_, name)) => is_hex(name),
        }
    };
    copy_folder(from, &repository.join("objects"), &is_wanted)?;
    Ok(())
}

/// A partial clone would give steps commits without their files.
fn verify_whole(clone: &LocalClone) -> Result<()> {
    let config = clone.repository.config().map_err(unusable)?;
    let name = format!("remote.{}.promisor", clone.remote_name());
    if config.get_bool(&name).unwrap_or(false) || config.get_string("extensions.partialClone").is_ok() {
        let message = "cannot make a remote out of this clone: it is a partial one, which lacks files of old commits";
        return Err(Error::new(ErrorKind::Environment, message).with_hint("run it in a clone made without --filter"));
    }
    Ok(())
}

fn failed(cause: git2::Error) -> Error {
    Error::new(ErrorKind::Failed, format!("cannot make the throwaway remote: {}", cause.message()))
}

#[cfg(test)]
#[path = "after_tests.rs"]
mod after_tests;
#[cfg(test)]
#[path = "scratch_remote_tests.rs"]
mod tests;
