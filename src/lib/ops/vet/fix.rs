//! Edits of files that repair findings: all planned before the first is written.

use super::Report;
use super::rules::secrets::hidden_texts;
use crate::diff::unified;
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::clusters::Clusters;
use crate::manifest::{Edit, edited};
use crate::problem::Problem;
use crate::text::masked;
use crate::tree::{Root, State};
use std::collections::BTreeMap;
use std::path::Path;

/// What would be written.
#[derive(Debug, Default)]
pub struct Plan {
    /// The files that change, by path.
    pub files: Vec<File>,
    /// How many findings they repair.
    pub mended: usize,
    /// Why a file cannot be changed.
    pub problems: Vec<Problem>,
}

#[derive(Debug)]
pub struct File {
    pub path: String,
    /// Its text as it was read.
    pub before: Vec<u8>,
    pub text: Vec<u8>,
    pub diff: String,
}

/// Plans the edits of all findings that have some. Where two findings want different things of one field, the first
/// has its way, and the next run reports the other.
pub fn plan(fleet: &Clusters, report: &Report) -> Plan {
    let mut plan = Plan::default();
    let mut wanted: BTreeMap<&str, Vec<Edit>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| !finding.fixes.is_empty()) {
        let is_taken = |edit: &Edit| {
            let known = wanted.get(edit.file.as_str());
            known.is_some_and(|known| known.iter().any(|other| edit.contradicts(other)))
        };
        if finding.fixes.iter().any(is_taken) {
            continue;
        }
        plan.mended += 1;
        for edit in &finding.fixes {
            let known = wanted.entry(&edit.file).or_default();
            if !known.contains(edit) {
                known.push(edit.clone());
            }
        }
    }
    for (path, edits) in &mut wanted {
        edits.sort_by_key(|edit| edit.document);
        let Some(before) = fleet.repository.files.texts.get(*path) else { continue };
        let Some(file) = fleet.repository.manifests.get(path) else { continue };
        match edited(before, edits) {
            Ok(text) if text == *before => {}
            Ok(text) => {
                // What stands beside a change is shown with it.
                let diff = masked(&unified(path, before, &text), &hidden_texts(path, file));
                plan.files.push(File { path: (*path).to_owned(), before: before.clone(), text, diff });
            }
            Err(problem) => {
                let message = format!("cannot repair this file: {}", problem.message);
                plan.problems.push(Problem { message, ..problem });
            }
        }
    }
    plan
}

/// Writes the files, each in one step, if they are all as they were read.
///
/// # Errors
/// A file has changed meanwhile: nothing is written then. Or one cannot be written.
pub fn apply(root: &Path, plan: &Plan) -> Result<()> {
    let root = Root::open(root)?;
    for file in &plan.files {
        if root.compare(&file.path, &file.before)? != State::Same {
            let message = format!("cannot write {}: it changed while kfleet was at work", file.path);
            let hint = "nothing was written; run the same command again";
            return Err(Error::new(ErrorKind::Failed, message).with_hint(hint));
        }
    }
    for file in &plan.files {
        root.write(&file.path, &file.text)?;
    }
    Ok(())
}
