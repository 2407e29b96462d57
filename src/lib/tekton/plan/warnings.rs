//! What may surprise in a run, though it is allowed: workspaces that look shared and are not, references that make no edge,
//! and what is missing where only a part of a run is carried out.

use crate::problem::{Location, Problem, Severity};

use super::prepare::{Prepared, PreparedTask};
use super::resolve::step_name;
use super::workspaces::used_by;
use crate::tekton::types::{PipelineRun, PipelineTask, VolumeKind, error_at};
use crate::tekton::variables::references::ResultRef;

/// The notes of a run, of which `prepared` is the part that is carried out.
pub(super) fn of(run: &PipelineRun, prepared: &Prepared) -> Vec<Problem> {
    let mut notes = Vec::new();
    let mut note = |location: &Location, message: String| {
        notes.push(Problem { severity: Severity::Warning, ..error_at(location, message) });
    };
    for binding in run.workspaces.iter().filter(|binding| binding.source == VolumeKind::EmptyDir) {
        let all = prepared.tasks.iter().chain(&prepared.finally);
        let uses = |task: &&PreparedTask| used_by(&task.task).iter().any(|used| used.workspace == binding.name);
        let users: Vec<&str> = all.filter(uses).map(|task| task.task.name.as_str()).collect();
        if users.len() > 1 {
            let (name, users) = (&binding.name, users.join(", "));
            let message =
                format!("workspace {name} is an emptyDir, which each task has for itself: {users} do not share it");
            note(&binding.origin, message);
        }
    }
    for task in &prepared.tasks {
        for reference in task.references.iter().filter(|reference| !reference.dotted) {
            let (name, ResultRef { task: other, result, .. }) = (&task.task.name, reference);
            let message = format!("task {name} uses {result} of {other} in brackets, so that it does not wait for it");
            note(&task.task.origin, message + ": use a dot, or runAfter");
        }
    }
    for task in prepared.tasks.iter().filter(|task| task.first_step > 0) {
        let steps = task.task.task.steps.iter().enumerate().take(task.first_step);
        let steps: Vec<String> = steps.map(|(index, step)| step_name(index, step)).collect();
        let left = "begins without what the steps before would leave in its workspace, volumes and results";
        note(&task.task.origin, format!("task {} {left}: {} do not run", task.task.name, steps.join(", ")));
    }
    for (task, workspace) in left_alone(run, prepared) {
        let left = format!("what other tasks would leave in workspace {workspace} is not there");
        note(&task.origin, format!("task {} runs alone: {left}", task.name));
    }
    notes
}

/// Tasks that are carried out without others that share a workspace with them.
fn left_alone<'a>(run: &'a PipelineRun, prepared: &'a Prepared) -> Vec<(&'a PipelineTask, &'a str)> {
    let is_carried_out = |name: &str| prepared.tasks.iter().chain(&prepared.finally).any(|task| task.task.name == name);
    let uses = |task: &PipelineTask, name: &str| used_by(task).iter().any(|used| used.workspace == name);
    let all = || run.pipeline.all_tasks();
    let mut found = Vec::new();
    for binding in run.workspaces.iter().filter(|binding| matches!(binding.source, VolumeKind::Claim { .. })) {
        if all().any(|task| !is_carried_out(&task.name) && uses(task, &binding.name)) {
            let alone = all().filter(|task| is_carried_out(&task.name) && uses(task, &binding.name));
            found.extend(alone.map(|task| (task, binding.name.as_str())));
        }
    }
    found
}
