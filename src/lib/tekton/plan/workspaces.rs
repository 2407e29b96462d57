//! Workspaces and volumes of a task: what they are, and where its steps see them.

use std::collections::{BTreeMap, BTreeSet};

use crate::tekton::types::task_run::Mount;

use crate::tekton::types::{
    PipelineTask, StepSpec, TaskSpec, VolumeKind, WorkspaceBinding, WorkspaceSpec, WorkspaceUse,
};
use crate::tekton::variables::references::workspaces_of;

/// A workspace of a task that is bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    pub volume: String,
    /// A folder of the volume.
    pub sub_path: Option<String>,
    /// Where steps see it, unless they say otherwise.
    pub path: String,
    /// Whether steps may not write.
    pub read_only: bool,
    /// The claim that it comes from, else empty.
    pub claim: String,
}

/// The workspaces and volumes of a task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskStorage {
    /// Bound workspaces by the task's names for them.
    pub workspaces: BTreeMap<String, Bound>,
    /// Declared ones that are optional and not bound.
    pub unbound: BTreeSet<String>,
    pub volumes: Vec<(String, VolumeKind)>,
    /// Workspaces that only the steps that list them see.
    isolated: BTreeSet<String>,
    /// Volumes in which nothing can be written.
    read_only: BTreeSet<String>,
}

/// The workspaces that a pipeline task is given: those it lists, and for a task written in place those that it mentions.
pub(super) fn used_by(task: &PipelineTask) -> Vec<WorkspaceUse> {
    let mut uses = task.workspaces.clone();
    if task.inline {
        let listed: BTreeSet<String> = uses.iter().map(|used| used.name.clone()).collect();
        let mentioned = workspaces_of(&task.task).into_iter().filter(|name| !listed.contains(name));
        uses.extend(mentioned.map(|name| WorkspaceUse { workspace: name.clone(), name, sub_path: None }));
    }
    uses
}

/// Binds the workspaces in `uses` and collects the volumes of a task, whose parameters have been replaced.
///
/// # Errors
/// A workspace that is required and not bound, and names and paths that cannot be.
pub(super) fn bind(
    name: &str,
    spec: &TaskSpec,
    uses: &[WorkspaceUse],
    bindings: &[WorkspaceBinding],
) -> Result<TaskStorage, Vec<String>> {
    let mut problems = Vec::new();
    let mut storage = TaskStorage::default();
    let mut names = BTreeSet::new();
    for volume in &spec.volumes {
        if !names.insert(volume.name.clone()) {
            problems.push(format!("there are two volumes named {}", volume.name));
            continue;
        }
        storage.add(volume.name.clone(), volume.source.clone());
    }
    for usage in spec.steps.iter().chain(&spec.sidecars) {
        storage.isolated.extend(usage.workspaces.iter().map(|usage| usage.name.clone()));
    }
    let mut claims: BTreeMap<String, String> = BTreeMap::new();
    for used in uses {
        let declared = spec.workspaces.iter().find(|declared| declared.name == used.name);
        let wanted = if used.workspace.is_empty() { &used.name } else { &used.workspace };
        let Some(binding) = bindings.iter().find(|binding| &binding.name == wanted) else {
            if !declared.is_some_and(|declared| declared.optional) {
                problems.push(format!(
                    "InvalidWorkspaceBindings: expected workspace \"{wanted}\" to be provided by pipelinerun for pipeline \
                     task \"{name}\""
                ));
            }
            continue;
        };
        let default = WorkspaceSpec { name: used.name.clone(), ..WorkspaceSpec::default() };
        let declared = declared.unwrap_or(&default);
        let claim = match &binding.source {
            VolumeKind::Claim { name, .. } => name.clone(),
            _ => String::new(),
        };
        let known = (!claim.is_empty()).then(|| claims.get(&claim).cloned()).flatten();
        let volume = known.unwrap_or_else(|| {
            let mut volume = format!("ws-{}", used.name);
            while !names.insert(volume.clone()) {
                volume.push('x');
            }
            claims.insert(claim.clone(), volume.clone());
            storage.add(volume.clone(), binding.source.clone());
            volume
        });
        let parts = [binding.sub_path.as_deref(), used.sub_path.as_deref()];
        let joined = parts.iter().flatten().copied().collect::<Vec<_>>().join("/");
        match (inner_path(&joined), path_of(declared)) {
            (Ok(sub_path), Ok(path)) => {
                let bound = Bound { volume, sub_path, path, read_only: declared.read_only, claim };
                storage.workspaces.insert(used.name.clone(), bound);
            }
            (sub_path, path) => {
                let wrong = [sub_path.err(), path.err()];
                problems.extend(wrong.into_iter().flatten().map(|wrong| format!("workspace {}: {wrong}", used.name)));
            }
        }
    }
    for declared in &spec.workspaces {
        if storage.workspaces.contains_key(&declared.name) {
            continue;
        }
        let used = uses.iter().any(|used| used.name == declared.name);
        if declared.optional {
            storage.unbound.insert(declared.name.clone());
        } else if !used {
            problems.push(format!(
                "InvalidWorkspaceBindings: declared workspace \"{}\" is required but has not been bound",
                declared.name
            ));
        }
    }
    if problems.is_empty() { Ok(storage) } else { Err(problems) }
}

impl TaskStorage {
    fn add(&mut self, name: String, source: VolumeKind) {
        if matches!(
            source,
            VolumeKind::Object(_) | VolumeKind::Projected(_) | VolumeKind::Claim { read_only: true, .. }
        ) {
            self.read_only.insert(name.clone());
        }
        self.volumes.push((name, source));
    }

    /// Where a step sees a workspace.
    pub fn path_for(&self, step: &StepSpec, name: &str) -> Option<String> {
        let bound = self.workspaces.get(name)?;
        let own = step.workspaces.iter().find(|usage| usage.name == name).and_then(|usage| usage.mount_path.clone());
        Some(own.filter(|path| !path.is_empty()).unwrap_or_else(|| bound.path.clone()))
    }

    /// What a step sees, outer paths before inner ones: workspaces, over which its own mounts win.
    ///
    /// # Errors
    /// Mounts that cannot be.
    pub fn mounts_of(&self, step: &StepSpec) -> Result<Vec<Mount>, Vec<String>> {
        let mut problems = Vec::new();
        let mut own = Vec::new();
        let mut add = |mounts: &mut Vec<Mount>, volume: &str, path: &str, sub_path: &str, read_only: bool| {
            let read_only = read_only || self.read_only.contains(volume);
            match (mount_path(path), inner_path(sub_path)) {
                (Ok(path), Ok(sub_path)) => mounts.push(Mount { volume: volume.to_owned(), path, sub_path, read_only }),
                (path, sub_path) => problems.extend([path.err(), sub_path.err()].into_iter().flatten()),
            }
        };
        let known: BTreeSet<&str> = self.volumes.iter().map(|(name, _)| name.as_str()).collect();
        let mut unknown = Vec::new();
        for mount in &step.mounts {
            if known.contains(mount.name.as_str()) {
                add(&mut own, &mount.name, &mount.path, mount.sub_path.as_deref().unwrap_or_default(), mount.read_only);
            } else {
                unknown.push(format!("volumeMounts: there is no volume named {}", mount.name));
            }
        }
        let mut shared = Vec::new();
        for (name, bound) in &self.workspaces {
            let usage = step.workspaces.iter().find(|usage| &usage.name == name);
            let isolated = self.isolated.contains(name);
            if isolated && usage.is_none() {
                continue;
            }
            let path = self.path_for(step, name).unwrap_or_else(|| bound.path.clone());
            let mounts = if isolated { &mut own } else { &mut shared };
            add(mounts, &bound.volume, &path, bound.sub_path.as_deref().unwrap_or_default(), bound.read_only);
        }
        problems.extend(unknown);
        let mut taken: BTreeSet<String> = BTreeSet::new();
        for mount in &own {
            if !taken.insert(mount.path.clone()) {
                problems.push(format!("two volumes are mounted at {}", mount.path));
            }
        }
        // As when Tekton merges its template of steps: by path, and the step's own wins.
        shared.retain(|mount| !taken.contains(&mount.path));
        for mount in &shared {
            if !taken.insert(mount.path.clone()) {
                problems.push(format!("two workspaces are mounted at {}", mount.path));
            }
        }
        let mut mounts = own;
        mounts.extend(shared);
        mounts.sort_by_key(|mount| mount.path.matches('/').count());
        if problems.is_empty() { Ok(mounts) } else { Err(problems) }
    }
}

fn path_of(declared: &WorkspaceSpec) -> Result<String, String> {
    let written = declared.mount_path.clone().filter(|path| !path.is_empty());
    mount_path(&written.unwrap_or_else(|| format!("/workspace/{}", declared.name)))
}

/// A path at which something is mounted: absolute, without `.` and `..`, and none of those that belong to Tekton.
///
/// # Errors
/// It is none.
pub(super) fn mount_path(path: &str) -> Result<String, String> {
    if !path.starts_with('/') || path.contains(['\0', ':']) {
        return Err(format!("{path:?} is not an absolute path to mount something at"));
    }
    let clean = clean(path);
    if clean == "/" {
        return Err("nothing can be mounted at /".to_owned());
    }
    let is_below =
        |folder: &str| clean.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if is_below("/tekton") && !is_below("/tekton/home") {
        return Err(format!("{clean} belongs to Tekton: only /tekton/home can be mounted there"));
    }
    Ok(clean)
}

/// An absolute path without `.`, `..` and empty parts.
pub(super) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// A path within a volume; `None` is the volume itself.
///
/// # Errors
/// It leads out of the volume.
pub(super) fn inner_path(path: &str) -> Result<Option<String>, String> {
    if path.starts_with('/') || path.contains('\0') || path.split('/').any(|part| part == "..") {
        return Err(format!("{path:?} leads out of its volume"));
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    Ok((!parts.is_empty()).then(|| parts.join("/")))
}

#[cfg(test)]
#[path = "workspaces_tests.rs"]
mod tests;
