//! The last step of a layout: writes what the plan holds, then removes what it names. Outputs come first, so that an
//! interrupted run has lost nothing, and running it again finishes the work.

use super::plan::Removal;
use super::{LayoutOptions, LayoutPlan};
use crate::layout::claims::Claim;
use crate::layout::gather::Gathered;
use crate::layout::render::{Output, Renderer};
use crate::layout::{Action, FileAction};
use crate::problem::Problem;
use crate::tree::{self, Root};
use crate::yaml::engine::Engine;
use rayon::prelude::*;
use std::path::Path;

/// Writes a plan.
///
/// # Errors
/// What could not be written or removed. Nothing is removed unless everything was written.
pub fn apply(plan: &LayoutPlan, gathered: &Gathered, options: &LayoutOptions) -> Result<(), Vec<Problem>> {
    let root = options.open().map_err(|error| vec![error.into_problem()])?;
    let pending: Vec<&Output> =
        plan.outputs.iter().filter(|output| matches!(output.action, Action::Create | Action::Update)).collect();
    let held: Vec<(&str, &[u8])> =
        pending.iter().filter_map(|output| Some((output.path.as_str(), output.bytes.as_deref()?))).collect();
    let mut problems: Vec<Problem> = root.write_all(&held).into_iter().map(tree::Error::into_problem).collect();
    problems.extend(write_unheld(&pending, gathered, options, &root));
    if !problems.is_empty() {
        // All files of a folder that cannot be made fail alike.
        problems.sort_by(|a, b| (&a.location, &a.message).cmp(&(&b.location, &b.message)));
        problems.dedup();
        return Err(problems);
    }
    remove(plan, &root)?;
    // A run that was killed had something to write, and so has the next one.
    if !pending.is_empty() {
        for folder in ["cluster", "namespaces"] {
            root.sweep(folder).map_err(|error| vec![error.into_problem()])?;
        }
    }
    Ok(())
}

/// The files of a plan that were written all the same, where [`apply`] has failed with these problems.
pub fn written(mut files: Vec<FileAction>, problems: &[Problem]) -> Vec<FileAction> {
    // A problem names the file, or the folder that could not be made for it.
    let failed = |file: &FileAction| problems.iter().any(|p| Path::new(&file.path).starts_with(&p.location.file));
    let all_written = !files.iter().any(|file| file.action != Action::Remove && failed(file));
    files.retain(|file| !failed(file) && (all_written || file.action != Action::Remove));
    files
}

/// Renders again, and writes, the outputs whose text was not held in memory.
fn write_unheld(pending: &[&Output], gathered: &Gathered, options: &LayoutOptions, root: &Root) -> Vec<Problem> {
    let mut claims: Vec<Claim> = pending
        .iter()
        .filter(|output| output.bytes.is_none())
        .map(|output| Claim::new(output.path.clone(), output.entry, output.edit.clone()))
        .collect();
    claims.sort_by_key(|claim| claim.entry);
    let chunk_of = |claim: &Claim| claim.entry.map(|entry| gathered.entries[entry].chunk);
    let renderer = Renderer { gathered, options: &options.layout };
    let parts: Vec<&[Claim]> = claims.chunk_by(|a, b| chunk_of(a) == chunk_of(b)).collect();
    parts
        .into_par_iter()
        .map_init(Engine::default, |engine, claims| {
            let mut problems = Vec::new();
            let result = renderer.texts(engine, claims, |claim, mut text| {
                let bytes = text.bytes;
                let written = text
                    .prove()
                    .and_then(|()| root.write(&claim.path, bytes).map_err(|error| Box::new(error.into_problem())));
                problems.extend(written.err().map(|problem| *problem));
            });
            problems.extend(result.err().map(|problem| *problem));
            problems
        })
        .flatten()
        .collect()
}

fn remove(plan: &LayoutPlan, root: &Root) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut below = Vec::new();
    for removal in &plan.removals {
        let result = match removal {
            Removal::Output(path) => {
                below.push(path.as_str());
                root.remove(path)
            }
            Removal::Input(path) => tree::remove_file(path),
        };
        problems.extend(result.err().map(tree::Error::into_problem));
    }
    problems.extend(root.remove_empty_folders(below).err().map(tree::Error::into_problem));
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
