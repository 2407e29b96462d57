//! The last step: the files and their commits are made apart and appear together. A run that is killed leaves the folder
//! as it was, or work that the next run ends.

use super::scaffold::Plan;
use super::survey::Survey;
use crate::error::Result;
use crate::git::{self, NewRepository};
use crate::process::Environment;
use crate::tree::Staged;
use std::path::Path;

/// What a run has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The commit that clusters are pinned to; nothing without git.
    pub commit: Option<String>,
}

/// Writes a new repository to a folder. With an environment, for git, it is committed; without, there is no git.
///
/// A commit cannot hold its own name: the first one has the fleet, the second pins clusters to the first.
///
/// # Errors
/// The user has no identity for commits, something cannot be written, or something has come into the way. Nothing is
/// left then.
pub fn apply(folder: &Path, survey: &Survey, plan: &Plan, environment: Option<&Environment>) -> Result<Made> {
    let is_begun = Staged::is_begun(folder);
    let mut staged = Staged::begin(folder)?;
    let Some(environment) = environment else {
        staged.fill(&plan.files)?;
        staged.finish()?;
        return Ok(Made { commit: None });
    };
    let is_fresh = matches!(survey, Survey::FreshRepository(_));
    if is_fresh && is_begun {
        git::remove_locks(folder)?;
    }
    let repository = match is_fresh {
        true => NewRepository::open(folder, environment)?,
        false => NewRepository::create(staged.folder(), environment)?,
    };
    let first = repository.commit(&plan.files, "Scaffold the fleet\n", None)?;
    let pinned = plan.pinned(&first);
    let message = format!("Pin the clusters\n\nThey run what commit {first} holds; development follows the branch.\n");
    let second = repository.commit(&pinned, &message, Some(&first))?;
    staged.fill(&pinned)?;
    if !is_fresh {
        repository.set_branch(&plan.options.branch, &second)?;
    }
    staged.seal()?;
    if is_fresh {
        repository.set_branch(&plan.options.branch, &second)?;
    }
    staged.finish()?;
    Ok(Made { commit: Some(first) })
}

/// Ends the work of a run that was killed.
///
/// # Errors
/// Something cannot be written, or has come into the way.
pub fn resume(folder: &Path) -> Result<()> {
    if let Some(staged) = Staged::resume(folder)? {
        let is_there = git::about(folder)?.is_some_and(|about| about.has_commits);
        if is_there {
            git::remove_locks(folder)?;
            git::reset_index(folder)?;
        }
        staged.finish()?;
    }
    Ok(())
}
