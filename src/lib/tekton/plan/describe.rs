//! A task, as far as it is known before the run, as a plan shows it.

use std::collections::BTreeMap;

use super::environment;
use super::explain::{EnvOrigin, EnvPlan, StepPlan, TaskPlan, WorkspacePlan};
use super::prepare::PreparedTask;
use super::resolve::{Specified, SpecifiedStep};
use super::timeouts::text;
use super::when;
use crate::lighthouse::job::INJECTED;
use crate::tekton::types::{EnvValue, EnvVar, ObjectRef, PipelineTask, StepSpec, Timeout, VolumeKind};
use crate::tekton::variables::substitute::Budget;

/// Fills in what is known of a task. `written` is the task as it is in the file.
pub(super) fn task(
    planned: &mut TaskPlan,
    task: &PreparedTask,
    written: Option<&PipelineTask>,
    specified: &Specified,
    budget: &Budget,
) {
    planned.params = specified.params.clone();
    for (name, bound) in &specified.storage.workspaces {
        let workspace = WorkspacePlan {
            path: bound.path.clone(),
            volume: bound.volume.clone(),
            sub_path: bound.sub_path.clone(),
            read_only: bound.read_only,
        };
        planned.workspaces.insert(name.clone(), workspace);
    }
    planned.volumes =
        specified.storage.volumes.iter().map(|(name, source)| (name.clone(), describe_volume(source))).collect();
    let folders = specified.steps.iter().filter_map(|step| step.working_dir.clone());
    planned.mkdir = folders.filter(|folder| folder != "/workspace" && folder != "/").collect();
    for (index, step) in specified.steps.iter().enumerate() {
        let original = written.and_then(|task| task.task.steps.get(index));
        let passed_over = index < task.first_step;
        planned.steps.push(StepPlan { passed_over, ..describe_step(step, original, budget) });
    }
    for (index, sidecar) in specified.sidecars.iter().enumerate() {
        let original = written.and_then(|task| task.task.sidecars.get(index));
        planned.sidecars.push(describe_step(sidecar, original, budget));
    }
}

fn describe_step(step: &SpecifiedStep, written: Option<&StepSpec>, budget: &Budget) -> StepPlan {
    // Values of objects are not known; those of texts are, and could grow with each that uses another.
    let expand = |text: &str, known: &BTreeMap<&str, String>| {
        let expanded = environment::expand(text, &|name| known.get(name).map(String::as_str));
        expanded.filter(|text| budget.spend(text.len())).unwrap_or_else(|| "(too large to be shown)".to_owned())
    };
    let mut known: BTreeMap<&str, String> = BTreeMap::new();
    let mut env: Vec<EnvPlan> = Vec::new();
    for variable in &step.spec.env {
        let value = match &variable.value {
            EnvValue::Text(text) => {
                let value = expand(text, &known);
                known.insert(&variable.name, value.clone());
                value
            }
            EnvValue::Key(object, key) => {
                known.remove(variable.name.as_str());
                format!("{} key {key}", describe_object(object))
            }
        };
        env.retain(|earlier| earlier.name != variable.name);
        env.push(EnvPlan { name: variable.name.clone(), value, origin: origin_of(variable, written) });
    }
    let command = if step.script.is_some() { &[][..] } else { &step.spec.command };
    let argv = command.iter().chain(&step.spec.args).map(|word| expand(word, &known)).collect();
    let mounts = step.mounts.iter().map(|mount| {
        let inner = mount.sub_path.as_deref().map(|path| format!("/{path}")).unwrap_or_default();
        let access = if mount.read_only { " (read-only)" } else { "" };
        format!("{}{inner} at {}{access}", mount.volume, mount.path)
    });
    StepPlan {
        name: step.name.clone(),
        image: step.spec.image.clone(),
        cwd: step.working_dir.clone(),
        argv,
        script: step.script.clone(),
        env_from: step.spec.env_from.iter().map(|from| describe_object(&from.object)).collect(),
        env,
        mounts: mounts.collect(),
        timeout: step.spec.timeout.and_then(Timeout::limit).map(text),
        continue_on_error: step.continue_on_error,
        when: step.spec.when.iter().map(when::describe).collect(),
        results: step.spec.results.iter().map(|result| result.name.clone()).collect(),
        passed_over: false,
    }
}

/// Who has set a variable, by comparison with the step as it is written.
fn origin_of(variable: &EnvVar, written: Option<&StepSpec>) -> EnvOrigin {
    let original = written.and_then(|step| step.env.iter().find(|original| original.name == variable.name));
    let injected = EnvValue::Text(format!("$(params.{})", variable.name));
    match (original, written) {
        (Some(original), _) if INJECTED.contains(&variable.name.as_str()) && original.value == injected => {
            EnvOrigin::Injected
        }
        (Some(_), Some(step)) if step.template_env.contains(&variable.name) => EnvOrigin::Template,
        (Some(_), _) => EnvOrigin::Step,
        (None, _) => EnvOrigin::Pod,
    }
}

fn describe_object(object: &ObjectRef) -> String {
    let kind = object.kind.name().to_lowercase();
    format!("{kind}/{}{}", object.name, if object.optional { " (optional)" } else { "" })
}

fn describe_volume(source: &VolumeKind) -> String {
    match source {
        VolumeKind::EmptyDir => "empty".to_owned(),
        VolumeKind::Claim { name, .. } => format!("shared {name}"),
        VolumeKind::HostPath(path) => format!("host {path}"),
        VolumeKind::Object(files) => describe_object(&files.object),
        VolumeKind::Projected(sources) => {
            let names: Vec<String> = sources.iter().map(|files| describe_object(&files.object)).collect();
            format!("projected {}", names.join(", "))
        }
    }
}
