//! The canonical layout: one manifest per file, in a folder that its scope, namespace and kind give.
//!
//! [`gather`](mod@gather) reads every document of the inputs once and keeps its identity; [`claims`] works out scopes, namespaces, copies
//! and paths ([`path`]); [`render`] makes the texts. [`tree`] does all of it in memory. What is on disk, and what happens
//! to it, is for others: this module looks at no file but its inputs.

pub mod chunks;
pub mod claims;
mod files;
pub mod findings;
pub mod gather;
pub mod path;
pub mod plural;
pub mod render;
pub mod scopes;

pub use files::{Action, FileAction, changes};

use self::claims::claim;
use self::gather::Gathered;
use self::path::PluralRule;
use self::render::{Output, Unchecked, render_all};
use self::scopes::ScopeSources;
use crate::problem::{Problem, Severity};
use crate::tree::Tree;
use crate::yaml::edit::Rewrite;
use crate::yaml::emit::Style;
use std::path::PathBuf;

/// How objects are laid out.
#[derive(Debug, Clone)]
pub struct Options {
    /// The output folder, as shown to the user.
    pub folder: PathBuf,
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
    /// Add a comment that names the input.
    pub comment: bool,
    /// Write a Namespace for every known namespace that has none.
    pub create_missing_namespaces: bool,
    pub plural: PluralRule,
    /// What to do where an output exists already, and with YAML that is not a manifest.
    pub compatibility: Compatibility,
}

impl Options {
    /// A path below the output folder as shown to the user.
    pub fn shown(&self, path: &str) -> String {
        let path = self.folder.join(path);
        path.strip_prefix(".").unwrap_or(&path).display().to_string()
    }
}

/// Whose manners the layout has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compatibility {
    /// Existing files are updated; YAML that is not a manifest is left alone.
    Kfleet,
    /// Existing files are an error; every document must be a manifest.
    Kfmt,
    /// As `Kfmt`, with `--overwrite`: existing files are updated.
    KfmtOverwrite,
}

/// Lays out what was gathered as a tree. Warnings are added to `warnings`.
///
/// # Errors
/// All problems, warnings included.
pub fn tree(
    gathered: &Gathered,
    sources: &ScopeSources,
    options: &Options,
    warnings: &mut Vec<Problem>,
) -> Result<Tree, Vec<Problem>> {
    let mut claimed = claim(gathered, sources, options)?;
    let rendered = render_all(gathered, options, claimed.claims, |claim, mut text: Unchecked<'_, '_>| {
        text.prove()?;
        Ok(Output {
            path: claim.path.clone(),
            entry: claim.entry,
            edit: claim.edit.clone(),
            action: Action::Create,
            bytes: Some(text.bytes.to_vec()),
            diff: None,
        })
    });
    claimed.warnings.extend(rendered.problems);
    if has_errors(&claimed.warnings) {
        return Err(sorted(claimed.warnings));
    }
    warnings.extend(claimed.warnings);
    Ok(rendered.outputs.into_iter().map(|output| (output.path, output.bytes.unwrap_or_default())).collect())
}

pub fn has_errors(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Error)
}

/// Problems in the order of the inputs.
pub fn sorted(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by(|a, b| a.location.cmp(&b.location));
    problems
}
