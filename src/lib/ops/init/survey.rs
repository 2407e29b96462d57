//! What is in the folder: a fleet repository is made only where nothing is in the way.

use crate::error::{Error, ErrorKind, Result};
use crate::fleet::file::FLEET_FILE;
use crate::git::{self, About};
use crate::tree::{Staged, list_folder};
use std::path::Path;

/// What a folder is, for a new repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Survey {
    /// There is no such folder, or nothing is in it.
    Free,
    /// A git repository without commits, and without files.
    FreshRepository(About),
    /// A run that was killed has left its work nearly done.
    Interrupted,
}

/// Looks at a folder.
///
/// # Errors
/// Something is in it ([`ErrorKind::Refused`]), or it cannot be read.
pub fn survey(folder: &Path) -> Result<Survey> {
    let Some(names) = list_folder(folder)? else { return Ok(Survey::Free) };
    let about = git::about(folder)?;
    let has_commits = about.as_ref().is_some_and(|about| about.has_commits);
    let files: Vec<String> = names.into_iter().filter(|name| name != ".git").collect();
    // Sealed work from which nothing has been taken yet is made again.
    let is_begun = has_commits || !files.is_empty();
    if is_begun && Staged::resume(folder)?.is_some() {
        return Ok(Survey::Interrupted);
    }
    let shown = folder.display();
    if files.iter().any(|name| name == FLEET_FILE) {
        let message = format!("{shown} has a {FLEET_FILE} already");
        let hint = "it is a fleet repository: run the other commands in it";
        return Err(Error::new(ErrorKind::Refused, message).with_hint(hint));
    }
    if !files.is_empty() {
        let first: Vec<&str> = files.iter().take(3).map(String::as_str).collect();
        let rest = if files.len() > 3 { format!(" and {} more", files.len() - 3) } else { String::new() };
        let message = format!("{shown} is not empty: it has {}{rest}", first.join(", "));
        let hint = if files.iter().any(|name| name == "clusters") {
            "`kfleet init --adopt` writes a fleet.yaml for a repository that is there"
        } else {
            "name a new folder; for a repository in the layout of kfleet there is `kfleet init --adopt`"
        };
        return Err(Error::new(ErrorKind::Refused, message).with_hint(hint));
    }
    if has_commits {
        let message = format!("{shown} is a git repository with commits");
        return Err(Error::new(ErrorKind::Refused, message).with_hint("name a new folder"));
    }
    Ok(about.map_or(Survey::Free, Survey::FreshRepository))
}
