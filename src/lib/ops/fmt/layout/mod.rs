//! The canonical layout: one manifest per file, in a folder that its scope, namespace and kind give.
//!
//! Three steps: [`gather`] reads every document once and keeps its identity; [`plan`] works out scopes, namespaces,
//! copies and paths, renders each output and compares it with what is there; [`apply`] writes. All problems are found
//! before the first write. Texts are held in memory up to a budget; beyond it they are read, and rendered, again.

mod apply;
mod gather;
mod plan;
mod render;
mod scopes;

pub use apply::apply;
pub use gather::{Gathered, gather};
pub use plan::{plan, tree};
pub use scopes::{Remedy, ScopeSources, served_kinds, unknown_group_versions};

use crate::layout::path::PluralRule;
use crate::problem::Problem;
use crate::yaml::edit::Rewrite;
use crate::yaml::emit::Style;
use serde::Serialize;
use std::path::PathBuf;

/// The bytes of inputs and outputs that a run holds in memory at most; what goes beyond is read again.
const HOLD_BUDGET: u64 = 24 << 20;

/// How a layout is made.
#[derive(Debug, Clone)]
pub struct LayoutOptions {
    /// The folder to write to.
    pub output: PathBuf,
    /// The choices of canonical text.
    pub style: Style,
    /// What changes beyond layout.
    pub rewrite: Rewrite,
    /// `Kind.group` (core: `Kind`) of objects to leave out.
    pub filter: Vec<String>,
    /// The namespace of namespaced objects that name none.
    pub namespace: String,
    /// Remove `metadata.namespace` from cluster-scoped objects.
    pub clean: bool,
    /// Refuse cluster-scoped objects that have a namespace (after `clean`).
    pub strict: bool,
    /// Delete the inputs when all outputs are written.
    pub remove: bool,
    /// Add a comment that names the input.
    pub comment: bool,
    /// Write a Namespace for every known namespace that has none.
    pub create_missing_namespaces: bool,
    /// Remove manifests from the output folders that this run did not produce.
    pub prune: bool,
    /// How plurals are found.
    pub plural: PluralRule,
    /// What to do where an output exists already, and with YAML that is no manifest.
    pub compatibility: Compatibility,
}

/// Whose manners the layout has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compatibility {
    /// Existing files are updated; YAML that is no manifest is left alone.
    Kfleet,
    /// Existing files are an error; every document must be a manifest.
    Kfmt,
    /// As `Kfmt`, with `--overwrite`: existing files are updated.
    KfmtOverwrite,
}

/// What happens to one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is new.
    Create,
    /// Its content changes.
    Update,
    /// It is what it should be.
    Unchanged,
    /// It is removed.
    Remove,
}

/// One file of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileAction {
    /// The path as shown to the user.
    pub path: String,
    /// What happens to it.
    pub action: Action,
    /// The change as a unified diff, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// A plan that is complete and checked: applying it takes no more decisions.
#[derive(Debug)]
pub struct LayoutPlan {
    /// What happens to each file, sorted by path: outputs, pruned files, moved and removed inputs.
    pub files: Vec<FileAction>,
    /// Warnings.
    pub warnings: Vec<Problem>,
    /// Remarks for the curious.
    pub notes: Vec<String>,
    outputs: Vec<plan::Output>,
    removals: Vec<plan::Removal>,
}

impl LayoutPlan {
    /// Whether applying it would change anything.
    pub fn has_changes(&self) -> bool {
        self.files.iter().any(|file| file.action != Action::Unchanged)
    }

    /// How many files have this action.
    pub fn count(&self, action: Action) -> usize {
        self.files.iter().filter(|file| file.action == action).count()
    }
}
