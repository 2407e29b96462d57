//! Tests of workspaces, volumes and mounts.

use super::*;
use crate::problem::Location;
use crate::tekton::mk::{claim, script, task, uses, workspace};
use crate::tekton::types::{StepWorkspace, VolumeMount, VolumeSpec};

fn empty(name: &str) -> WorkspaceBinding {
    WorkspaceBinding { source: VolumeKind::EmptyDir, ..claim(name, "") }
}

fn volume(name: &str) -> VolumeSpec {
    VolumeSpec { name: name.to_owned(), source: VolumeKind::EmptyDir, origin: Location::default() }
}

fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount { name: name.to_owned(), path: path.to_owned(), ..VolumeMount::default() }
}

fn bound(task: &PipelineTask, bindings: &[WorkspaceBinding]) -> Result<TaskStorage, Vec<String>> {
    bind(&task.name, &task.task, &used_by(task), bindings)
}

fn mounts(storage: &TaskStorage, step: &StepSpec) -> Vec<String> {
    let show = |mount: &Mount| {
        let inner = mount.sub_path.as_deref().map(|path| format!("/{path}")).unwrap_or_default();
        format!("{}{inner}:{}{}", mount.volume, mount.path, if mount.read_only { ":ro" } else { "" })
    };
    storage.mounts_of(step).expect("mounts").iter().map(show).collect()
}

#[test]
fn workspaces_are_bound_by_name_and_joined_with_sub_paths() {
    let mut spec = task("t", vec![script("s", "x")]);
    spec.task.workspaces = vec![
        workspace("own"),
        WorkspaceSpec { mount_path: Some("/src/./x/../y".to_owned()), read_only: true, ..workspace("src") },
        WorkspaceSpec { optional: true, ..workspace("opt") },
    ];
    spec.workspaces = vec![uses("own", "shared"), uses("src", "shared"), uses("opt", "nope")];
    spec.workspaces[0].sub_path = Some("c//d/".to_owned());
    let shared = WorkspaceBinding { sub_path: Some("a/./b".to_owned()), ..claim("shared", "pvc") };
    let storage = bound(&spec, &[shared]).expect("bound");
    assert_eq!(mounts(&storage, &spec.task.steps[0]), ["ws-own/a/b/c/d:/workspace/own", "ws-own/a/b:/src/y:ro"]);
    assert_eq!(storage.volumes.len(), 1);
    assert!(storage.unbound.contains("opt"));
}

#[test]
fn what_is_required_and_not_bound_is_an_error() {
    let mut spec = task("t", vec![script("s", "x")]);
    spec.task.workspaces = vec![workspace("w")];
    assert!(bound(&spec, &[]).expect_err("not used")[0].starts_with("InvalidWorkspaceBindings"));
    spec.workspaces = vec![uses("w", "nope")];
    let problems = bound(&spec, &[empty("w")]).expect_err("not bound");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("\"nope\" to be provided by pipelinerun for pipeline task \"t\""));
}

#[test]
fn tasks_in_place_get_what_they_mention() {
    let mut spec = task("t", vec![script("s", "cd $(workspaces.src.path)")]);
    assert_eq!(mounts(&bound(&spec, &[empty("src")]).expect("bound"), &spec.task.steps[0]), ["ws-src:/workspace/src"]);
    spec.inline = false;
    assert!(bound(&spec, &[empty("src")]).expect("bound").workspaces.is_empty());
}

#[test]
fn listed_workspaces_are_seen_only_by_those_that_list_them() {
    let mut spec = task("t", vec![script("a", "x"), script("b", "x"), script("c", "x")]);
    let usage = |path: Option<&str>| StepWorkspace { name: "w".to_owned(), mount_path: path.map(str::to_owned) };
    spec.task.workspaces = vec![workspace("w"), workspace("v")];
    spec.workspaces = vec![uses("w", "w"), uses("v", "v")];
    spec.task.steps[0].workspaces = vec![usage(None)];
    spec.task.steps[1].workspaces = vec![usage(Some("/mine"))];
    let storage = bound(&spec, &[empty("w"), empty("v")]).expect("bound");
    assert_eq!(mounts(&storage, &spec.task.steps[0]), ["ws-w:/workspace/w", "ws-v:/workspace/v"]);
    assert_eq!(mounts(&storage, &spec.task.steps[1]), ["ws-w:/mine", "ws-v:/workspace/v"]);
    assert_eq!(mounts(&storage, &spec.task.steps[2]), ["ws-v:/workspace/v"]);
    assert_eq!(storage.path_for(&spec.task.steps[1], "w").as_deref(), Some("/mine"));
}

#[test]
fn the_mounts_of_a_step_win_and_outer_ones_come_first() {
    let mut spec = task("t", vec![script("s", "x")]);
    spec.task.volumes = vec![volume("v"), volume("ws-w")];
    spec.task.workspaces = vec![workspace("w")];
    spec.workspaces = vec![uses("w", "w")];
    spec.task.steps[0].mounts = vec![mount("v", "/workspace/w/deep/er"), mount("v", "/workspace")];
    let storage = bound(&spec, &[empty("w")]).expect("bound");
    assert_eq!(mounts(&storage, &spec.task.steps[0]), ["v:/workspace", "ws-wx:/workspace/w", "v:/workspace/w/deep/er"]);
    spec.task.steps[0].mounts = vec![mount("v", "/workspace/w")];
    assert_eq!(mounts(&storage, &spec.task.steps[0]), ["v:/workspace/w"]);
}

#[test]
fn what_cannot_be_mounted_is_an_error() {
    let mut spec = task("t", vec![script("s", "x")]);
    spec.task.volumes = vec![volume("v")];
    let storage = bound(&spec, &[]).expect("bound");
    for (mounts, part) in [
        (vec![mount("no", "/a")], "no volume named no"),
        (vec![mount("v", "/a"), mount("v", "/a/")], "two volumes are mounted at /a"),
        (vec![mount("v", "a")], "not an absolute path"),
        (vec![mount("v", "/x/..")], "nothing can be mounted at /"),
        (vec![mount("v", "/a/../tekton/results")], "belongs to Tekton"),
        (vec![mount("v", "/tekton")], "belongs to Tekton"),
        (vec![VolumeMount { sub_path: Some("a/../../b".to_owned()), ..mount("v", "/a") }], "leads out of its volume"),
        (vec![VolumeMount { sub_path: Some("/etc".to_owned()), ..mount("v", "/a") }], "leads out of its volume"),
    ] {
        let step = StepSpec { mounts, ..script("s", "x") };
        let problems = storage.mounts_of(&step).expect_err(part);
        assert!(problems[0].contains(part), "{problems:?}");
    }
    let step = StepSpec { mounts: vec![mount("v", "/tekton/home/x"), mount("v", "/tektonic")], ..script("s", "x") };
    assert!(storage.mounts_of(&step).is_ok());
    spec.task.volumes.push(volume("v"));
    assert!(bound(&spec, &[]).expect_err("twice")[0].contains("two volumes named v"));
    let out = WorkspaceBinding { sub_path: Some("../up".to_owned()), ..empty("w") };
    let mut spec = task("t", vec![script("s", "x")]);
    spec.workspaces = vec![uses("w", "w")];
    assert!(bound(&spec, &[out]).expect_err("out")[0].contains("leads out"));
}
