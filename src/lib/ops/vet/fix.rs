//! Changes of files that mend findings: all planned before the first is written.

use super::Report;
use super::finding::Change;
use super::rules::secrets::hidden_texts;
use crate::diff::unified;
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::clusters::Clusters;
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
    /// How many findings they mend.
    pub mended: usize,
    /// Why a file cannot be changed.
    pub problems: Vec<Problem>,
}

/// A file that changes.
#[derive(Debug)]
pub struct File {
    /// Its path.
    pub path: String,
    /// Its text as it was read.
    pub before: Vec<u8>,
    /// Its new text.
    pub text: Vec<u8>,
    /// The change as a unified diff.
    pub diff: String,
}

/// The changes of a file, by document.
type Changes = BTreeMap<usize, Vec<Change>>;

/// Plans the changes of all findings that have some. Where two findings want different things of one field, the first
/// has its way, and the next run tells of the other.
pub fn plan(all: &Clusters, report: &Report) -> Plan {
    let mut plan = Plan::default();
    let mut wanted: BTreeMap<&str, Changes> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| !finding.fixes.is_empty()) {
        let is_taken = |change: &Change, known: &[Change]| {
            known.iter().any(|other| overlaps(&change.path, &other.path) && change != other)
        };
        let clashes = finding.fixes.iter().any(|fix| {
            let known = wanted.get(fix.file.as_str()).and_then(|changes| changes.get(&fix.document));
            known.is_some_and(|known| fix.changes.iter().any(|change| is_taken(change, known)))
        });
        if clashes {
            continue;
        }
        plan.mended += 1;
        for fix in &finding.fixes {
            let known = wanted.entry(&fix.file).or_default().entry(fix.document).or_default();
            for change in &fix.changes {
                if !known.contains(change) {
                    known.push(change.clone());
                }
            }
        }
    }
    for (path, changes) in wanted {
        let Some(before) = all.repository.files.texts.get(path) else { continue };
        let Some(content) = all.repository.contents.get(path) else { continue };
        match super::splice::edited(path, before, content, &changes) {
            Ok(text) if text == *before => {}
            Ok(text) => {
                // What stands beside a change is shown with it.
                let diff = masked(&unified(path, before, &text), &hidden_texts(path, content));
                plan.files.push(File { path: path.to_owned(), before: before.clone(), text, diff });
            }
            Err(problem) => plan.problems.push(problem),
        }
    }
    plan
}

/// Whether one path is the other's, or leads to it.
fn overlaps(a: &[String], b: &[String]) -> bool {
    a.iter().zip(b).all(|(a, b)| a == b)
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
