//! The last step: each base that changes is swapped in whole or deleted, then the lock is written. A run that is killed leaves every
//! base old or new; the next one finishes the work.

use super::plan::Plan;
use crate::addon::kustomization::is_ours;
use crate::fleet::lock::LOCK_FILE;
use crate::problem::Problem;
use crate::tree::{self, Folders, Root};
use rayon::prelude::*;
use std::path::Path;

/// Writes a plan to the repository at `root`. What killed runs have left is removed even where nothing changes.
///
/// # Errors
/// What could not be written. The lock is written only when every base was.
pub fn apply(root: &Path, plan: &Plan) -> Result<(), Vec<Problem>> {
    if plan.addons.is_empty() && plan.removed.is_empty() && !plan.lock_changes {
        return Ok(());
    }
    let fail = |error: tree::Error| vec![error.into_problem()];
    let folders = Folders::lock(&root.join(&plan.bases)).map_err(fail)?;
    let mut problems: Vec<Problem> = plan
        .addons
        .par_iter()
        .filter_map(|addon| folders.replace(&addon.name, addon.tree.as_ref()?, &is_ours).err())
        .map(tree::Error::into_problem)
        .collect();
    let removed = plan.removed.iter().filter_map(|removed| folders.remove(&removed.name, &is_ours).err());
    problems.extend(removed.map(tree::Error::into_problem));
    if !problems.is_empty() {
        return Err(problems);
    }
    if plan.lock_changes {
        Root::open(root).and_then(|root| root.write(LOCK_FILE, &plan.lock.render())).map_err(fail)?;
    }
    Ok(())
}
