//! The canonical layout of a folder: [`plan`] compares what [`crate::layout`] makes of the inputs with what is there;
//! [`apply`] writes. All problems are found before the first write. Texts are held in memory up to a budget; beyond it they
//! are read, and rendered, again.

mod apply;
mod inputs;
mod plan;
mod scopes;

pub use apply::{apply, written};
pub use inputs::{HOLD_FILE, read_inputs};
pub use plan::plan;
pub use scopes::{served_kinds, unknown_group_versions};

use crate::layout::{Action, FileAction, Options, render};
use crate::problem::Problem;
use crate::tree::{self, Root};
use std::path::PathBuf;

/// How a folder is laid out.
#[derive(Debug, Clone)]
pub struct LayoutOptions {
    pub output: PathBuf,
    /// How objects become its files.
    pub layout: Options,
    /// Delete the inputs when all outputs are written.
    pub remove: bool,
    /// Remove manifests from the output folders that this run did not produce.
    pub prune: bool,
}

impl LayoutOptions {
    fn open(&self) -> tree::Result<Root> {
        Root::open_as(&self.output, &self.layout.folder)
    }
}

/// A plan that is complete and checked: applying it takes no more decisions.
#[derive(Debug)]
pub struct LayoutPlan {
    /// What happens to each file, sorted by path: outputs, pruned files, moved and removed inputs.
    pub files: Vec<FileAction>,
    pub warnings: Vec<Problem>,
    /// Remarks for the curious.
    pub notes: Vec<String>,
    outputs: Vec<render::Output>,
    removals: Vec<plan::Removal>,
}

impl LayoutPlan {
    pub fn has_changes(&self) -> bool {
        self.files.iter().any(|file| file.action != Action::Unchanged)
    }

    pub fn count(&self, action: Action) -> usize {
        self.files.iter().filter(|file| file.action == action).count()
    }
}
