//! What a sparse checkout leaves out of the work tree: it belongs to the repository all the same.

use super::{LocalClone, unusable};
use crate::error::Result;
use crate::tree::Tree;
use git2::{IndexEntryExtendedFlag, Repository};
use std::path::Path;

impl LocalClone {
    /// The files below a folder that its clone has and the work tree has not, because it is checked out sparsely; paths are
    /// relative to the folder. None where the folder is in no clone, or all is checked out.
    ///
    /// # Errors
    /// The index cannot be read: libgit2 1.9 does not know sparse indexes.
    pub fn not_checked_out(folder: &Path) -> Result<Tree> {
        let is_sparse = |repository: &Repository| {
            let config = repository.config().and_then(|mut config| config.snapshot());
            config.is_ok_and(|config| config.get_bool("core.sparseCheckout").unwrap_or(false))
        };
        let Some(clone) = LocalClone::open(folder).ok().filter(|clone| is_sparse(&clone.repository)) else {
            return Ok(Tree::default());
        };
        let index = clone.repository.index().map_err(unusable)?;
        let mut files = Tree::default();
        for entry in
            index.iter().filter(|entry| entry.flags_extended & IndexEntryExtendedFlag::SKIP_WORKTREE.bits() != 0)
        {
            let path = String::from_utf8_lossy(&entry.path);
            if let (Some(path), Some(bytes)) = (path.strip_prefix(&clone.prefix), clone.blob(entry.id)) {
                files.insert(path.to_owned(), bytes);
            }
        }
        Ok(files)
    }
}
