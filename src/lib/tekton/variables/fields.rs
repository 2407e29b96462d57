//! The fields of tasks in which references are replaced, in one place: for replacing them, and for finding them.

use crate::tekton::types::{
    EnvValue, ObjectFiles, ParamValue, PipelineTask, StepSpec, TaskSpec, VolumeKind, When, WorkspaceBinding,
};

/// A field in which references are replaced.
#[derive(Debug)]
pub enum Field<'a> {
    Text(&'a mut String),
    /// A list, into which other lists can be spliced.
    List(&'a mut Vec<String>),
    /// A value, which a reference can make a list or map.
    Value(&'a mut ParamValue),
}

/// Takes one field after the other.
pub type Visit<'a> = dyn FnMut(Field<'_>) + 'a;

/// The fields of a pipeline task, without those of the task that it runs.
pub fn of_pipeline_task(task: &mut PipelineTask, visit: &mut Visit<'_>) {
    for param in &mut task.params {
        visit(Field::Value(&mut param.value));
    }
    if let Some(matrix) = &mut task.matrix {
        for param in matrix.params.iter_mut().chain(matrix.include.iter_mut().flatten()) {
            visit(Field::Value(&mut param.value));
        }
    }
    of_conditions(&mut task.when, visit);
    text(task.display_name.as_mut(), visit);
    text(task.on_error.as_mut(), visit);
    for workspace in &mut task.workspaces {
        text(workspace.sub_path.as_mut(), visit);
    }
}

/// The fields of a pipeline task, and those of a task that is written in place.
pub fn of_task_in_place(task: &mut PipelineTask, visit: &mut Visit<'_>) {
    of_pipeline_task(task, visit);
    if task.inline {
        of_task(&mut task.task, visit);
    }
}

pub fn of_task(task: &mut TaskSpec, visit: &mut Visit<'_>) {
    for step in task.steps.iter_mut().chain(&mut task.sidecars) {
        of_step(step, visit);
    }
    for volume in &mut task.volumes {
        visit(Field::Text(&mut volume.name));
        of_volume(&mut volume.source, visit);
    }
    for workspace in &mut task.workspaces {
        text(workspace.mount_path.as_mut(), visit);
    }
}

/// The fields of a step or sidecar.
pub fn of_step(step: &mut StepSpec, visit: &mut Visit<'_>) {
    visit(Field::Text(&mut step.name));
    visit(Field::Text(&mut step.image));
    visit(Field::List(&mut step.command));
    visit(Field::List(&mut step.args));
    let texts =
        [&mut step.script, &mut step.working_dir, &mut step.on_error, &mut step.stdout_path, &mut step.stderr_path];
    for field in texts {
        text(field.as_mut(), visit);
    }
    for variable in &mut step.env {
        of_variable(&mut variable.value, visit);
    }
    for from in &mut step.env_from {
        visit(Field::Text(&mut from.prefix));
        visit(Field::Text(&mut from.object.name));
    }
    for mount in &mut step.mounts {
        visit(Field::Text(&mut mount.name));
        visit(Field::Text(&mut mount.path));
        text(mount.sub_path.as_mut(), visit);
    }
    of_conditions(&mut step.when, visit);
}

pub fn of_variable(value: &mut EnvValue, visit: &mut Visit<'_>) {
    match value {
        EnvValue::Text(value) => visit(Field::Text(value)),
        EnvValue::Key(object, key) => {
            visit(Field::Text(&mut object.name));
            visit(Field::Text(key));
        }
    }
}

pub fn of_conditions(conditions: &mut [When], visit: &mut Visit<'_>) {
    for condition in conditions {
        match condition {
            When::Values { input, values, .. } => {
                visit(Field::Text(input));
                visit(Field::List(values));
            }
            When::Cel { expression, .. } => visit(Field::Text(expression)),
        }
    }
}

/// The fields of a volume or of what a workspace is bound to.
pub fn of_volume(source: &mut VolumeKind, visit: &mut Visit<'_>) {
    match source {
        VolumeKind::EmptyDir => {}
        VolumeKind::Claim { name, .. } | VolumeKind::HostPath(name) => visit(Field::Text(name)),
        VolumeKind::Object(files) => of_files(files, visit),
        VolumeKind::Projected(sources) => sources.iter_mut().for_each(|files| of_files(files, visit)),
    }
}

/// The fields of what a workspace is bound to.
pub fn of_binding(binding: &mut WorkspaceBinding, visit: &mut Visit<'_>) {
    of_volume(&mut binding.source, visit);
    text(binding.sub_path.as_mut(), visit);
}

fn of_files(files: &mut ObjectFiles, visit: &mut Visit<'_>) {
    visit(Field::Text(&mut files.object.name));
    for item in &mut files.items {
        visit(Field::Text(&mut item.key));
        visit(Field::Text(&mut item.path));
    }
}

fn text(field: Option<&mut String>, visit: &mut Visit<'_>) {
    if let Some(field) = field {
        visit(Field::Text(field));
    }
}

pub fn texts_of(field: Field<'_>, take: &mut dyn FnMut(&str)) {
    match field {
        Field::Text(text) => take(text),
        Field::List(items) => items.iter().for_each(|item| take(item)),
        Field::Value(value) => value.texts().into_iter().for_each(take),
    }
}
