//! [`Snapshot`]: the work tree as it is, as a commit that no branch has.

use super::local_git::LocalGit;
use crate::error::{Error, ErrorKind, Result};
use crate::git::clone::{LocalClone, unusable};
use crate::git::remote::Settings;
use crate::process::Program;
use crate::tree::{Scratch, copy_file};
use git2::{Oid, Repository};
use std::path::{Path, PathBuf};

/// Who makes commits that stand for the work tree.
pub(super) const NAME: &str = "kfleet";
/// As [`NAME`].
pub(super) const EMAIL: &str = "kfleet@localhost";

/// Before the clone's own objects.
const MEMORY_FIRST: i32 = 1_000;

/// The work tree at one moment: tracked files as they are, untracked ones that are not ignored, without deleted ones; as
/// `git add --all` would take them, by an index of its own. Its new objects are in a folder of its own.
#[derive(Debug)]
pub struct Snapshot {
    scratch: Scratch,
    /// The commit: that of the clone where nothing has changed since, else one made for this purpose. Made from the same
    /// files on the same commit it has the same name.
    pub commit: String,
    /// Whether the commit was made for this purpose.
    pub is_synthetic: bool,
    /// The commit that is checked out; nothing before the first one.
    pub parent: Option<String>,
    pub(super) tree: Oid,
}

impl Snapshot {
    /// The folder with the objects that the clone does not have.
    pub(super) fn objects(&self) -> PathBuf {
        self.scratch.path().join("objects")
    }
}

impl LocalClone {
    /// Takes the work tree as it is. `temporary` is a folder for what is only needed meanwhile.
    ///
    /// # Errors
    /// A merge with conflicts is in progress ([`ErrorKind::Refused`]); git is missing ([`ErrorKind::Environment`]), or
    /// cannot read a file.
    pub fn snapshot(&self, temporary: &Path, settings: &Settings) -> Result<Snapshot> {
        let scratch = Scratch::new(temporary)?;
        scratch.make_folder("objects/pack")?;
        let borrowed = self.repository.commondir().join("objects");
        let borrowed = borrowed.canonicalize().unwrap_or(borrowed);
        let Some(line) = borrowed.to_str().filter(|line| !line.contains('\n') && !line.starts_with(['"', '#'])) else {
            return Err(Error::new(
                ErrorKind::Failed,
                "cannot take the work tree as it is: its path is not plain text",
            ));
        };
        scratch.root().write("objects/info/alternates", format!("{line}\n").as_bytes())?;
        copy_file(&self.repository.path().join("index"), &scratch.path().join("index"))?;
        let work_tree = self.repository.workdir().unwrap_or(Path::new("."));
        let git = LocalGit::new(work_tree, settings, "cannot take the work tree as it is");
        let program = || -> Program {
            git.program()
                .env("GIT_INDEX_FILE", scratch.path().join("index"))
                .env("GIT_OBJECT_DIRECTORY", scratch.path().join("objects"))
                .args(["-c", "core.splitIndex=false", "-c", "core.safecrlf=false"])
                .args(["-c", "advice.addEmbeddedRepo=false", "-c", "commit.gpgSign=false"])
        };
        if !git.told(program().args(["ls-files", "--unmerged"]))?.is_empty() {
            let error = Error::new(ErrorKind::Refused, "cannot take the work tree as it is: a merge has conflicts");
            return Err(error.with_hint("resolve them, and mark them as resolved with `git add`"));
        }
        // Files outside of a sparse checkout are taken too, where there are any; those that are not there do not count as
        // deleted.
        let sparse = git.is_sparse()?.then_some("--sparse");
        git.told(program().args(["add", "--all"]).args(sparse).args(["--", ":/"]))?;
        let tree = git.told(program().arg("write-tree"))?;
        let tree = Oid::from_str(tree.trim()).map_err(unusable)?;
        let head = self.head()?;
        let parent = match &head.commit {
            Some(commit) => Some(self.repository.find_commit(self.id(commit)?).map_err(unusable)?),
            None => None,
        };
        if let Some(parent) = parent.as_ref().filter(|parent| parent.tree_id() == tree) {
            let commit = parent.id().to_string();
            return Ok(Snapshot { scratch, parent: Some(commit.clone()), commit, is_synthetic: false, tree });
        }
        let date = format!("@{} +0000", parent.as_ref().map_or(0, |parent| parent.committer().when().seconds()));
        let place = head.branch.as_deref().map(|branch| format!(" of {branch}")).unwrap_or_default();
        let message = format!("Work tree{place}\n\nMade by kfleet run-pipeline: these changes are not committed.\n");
        let mut program = program().args(["commit-tree", &tree.to_string()]).stdin(message);
        for role in ["AUTHOR", "COMMITTER"] {
            program = program
                .env(format!("GIT_{role}_NAME"), NAME)
                .env(format!("GIT_{role}_EMAIL"), EMAIL)
                .env(format!("GIT_{role}_DATE"), &date);
        }
        if let Some(parent) = &parent {
            program = program.args(["-p", &parent.id().to_string()]);
        }
        let commit = git.told(program)?.trim().to_owned();
        Ok(Snapshot { scratch, commit, is_synthetic: true, parent: head.commit, tree })
    }

    /// The clone's repository, in which the objects of these folders can be found too. What is made in it is kept in
    /// memory, and goes with it.
    pub(super) fn with_objects(&self, folders: &[PathBuf]) -> Result<Repository> {
        let repository = Repository::open(self.repository.path()).map_err(unusable)?;
        {
            let odb = repository.odb().map_err(unusable)?;
            for folder in folders {
                let folder = folder.to_str().ok_or_else(|| {
                    Error::new(ErrorKind::Failed, "cannot read objects: the path of the temporary folder is not UTF-8")
                })?;
                odb.add_disk_alternate(folder).map_err(unusable)?;
            }
            odb.add_new_mempack_backend(MEMORY_FIRST).map_err(unusable)?;
        }
        Ok(repository)
    }
}
