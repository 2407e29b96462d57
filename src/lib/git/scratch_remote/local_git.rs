//! [`LocalGit`]: git's program in the work tree that a run is made from, for what libgit2 does not know: filters, and split
//! and sparse indexes.

use crate::error::{Error, ErrorKind, Result};
use crate::git::remote::Git;
use crate::git::remote::Settings;
use crate::process::Program;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A list of files may be so long.
const LIST: usize = 256 * 1024 * 1024;

/// See the module.
pub(super) struct LocalGit<'a> {
    git: Git<'a>,
    work_tree: PathBuf,
}

/// What the index says of files.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Those that it has.
    pub(super) tracked: BTreeSet<String>,
    /// Those of them that git does not look at in the work tree: outside of a sparse checkout, or marked so by hand.
    pub(super) hidden: BTreeSet<String>,
}

impl<'a> LocalGit<'a> {
    /// Errors begin with what is being done.
    pub(super) fn new(work_tree: &Path, settings: &'a Settings, doing: &str) -> LocalGit<'a> {
        LocalGit { git: Git::new(settings, doing), work_tree: work_tree.to_owned() }
    }

    /// It changes nothing by the way, and asks no other program what has changed.
    pub(super) fn program(&self) -> Program {
        self.git
            .program()
            .current_dir(&self.work_tree)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .args(["-c", "core.fsmonitor=false"])
            .output_limit(LIST)
    }

    /// What it prints.
    pub(super) fn told(&self, program: Program) -> Result<String> {
        let output = self.git.run(program)?;
        if !output.is_success() {
            return Err(Error::new(ErrorKind::Failed, format!("{}: {}", self.git.doing, output.complaint())));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What the index says of all files.
    pub(super) fn listed(&self) -> Result<Listed> {
        let mut listed = Listed::default();
        for line in self.told(self.program().args(["ls-files", "-v", "-z"]))?.split_terminator('\0') {
            let Some((mark, path)) = line.split_once(' ') else { continue };
            if mark != "H" {
                listed.hidden.insert(path.to_owned());
            }
            listed.tracked.insert(path.to_owned());
        }
        Ok(listed)
    }

    /// Whether the work tree has a part of all files only.
    pub(super) fn is_sparse(&self) -> Result<bool> {
        let program = self.program().args(["config", "--type=bool", "--default=false", "core.sparseCheckout"]);
        Ok(self.told(program)?.trim() == "true")
    }

    /// The files that are staged: the index has them otherwise than the commit that is checked out.
    pub(super) fn staged(&self) -> Result<BTreeSet<String>> {
        let program = self.program().args(["diff-index", "--cached", "--name-only", "--no-renames", "-z", "HEAD"]);
        Ok(self.told(program)?.split_terminator('\0').map(str::to_owned).collect())
    }

    /// Changes the index, by lines as `git update-index --index-info` reads them.
    ///
    /// # Errors
    /// Another git is at work, or the index cannot be written.
    pub(super) fn change_index(&self, lines: &str) -> Result<()> {
        // Neither here: what another program says may come from a file that the run has changed.
        let program = || {
            let program = self.git.program().current_dir(&self.work_tree);
            program.args(["-c", "core.fsmonitor=false", "update-index"])
        };
        self.told(program().args(["-z", "--index-info"]).stdin(lines))?;
        // Such entries say nothing of the files. Git would look into these sooner or later: better now. It fails where a
        // file has changed, which is none of our business.
        self.git.run(program().args(["-q", "--refresh"])).map(drop)
    }
}
