//! The layout of a task, and what steps may have done to it.
#![expect(clippy::disallowed_methods, reason = "tests make and change files")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;
use crate::runner::local::settings::mk_settings;
use crate::tekton::task_run::{File, Mount, Volume};

fn mk_step(name: &str, mounts: &[(&str, &str, Option<&str>)]) -> Step {
    let mount = |(volume, path, sub): &(&str, &str, Option<&str>)| Mount {
        volume: (*volume).to_owned(),
        path: (*path).to_owned(),
        sub_path: sub.map(str::to_owned),
        read_only: false,
    };
    Step {
        name: name.to_owned(),
        image: "none".to_owned(),
        args: vec!["x".to_owned()],
        script: Some("#!/bin/sh\ntrue\n".to_owned()),
        working_dir: Some("/workspace/source/deep".to_owned()),
        mounts: mounts.iter().map(mount).collect(),
        timeout: Some(Duration::from_secs(1)),
        results: vec!["r".to_owned()],
        ..Step::default()
    }
}

fn mk_task(steps: Vec<Step>) -> TaskRun {
    let secret = File { content: b"s3cr3t".to_vec(), mode: 0o400 };
    let volume = |name: &str, source| Volume { name: name.to_owned(), source };
    TaskRun {
        task: "t".to_owned(),
        name: "run-t".to_owned(),
        volumes: vec![
            volume("source", VolumeSource::Empty),
            volume("shared", VolumeSource::Shared("my/claim".to_owned())),
            volume("files", VolumeSource::Files([("a/key".to_owned(), secret)].into())),
            volume("host", VolumeSource::Host("/var/cache/x".to_owned())),
        ],
        steps,
        results: vec!["out".to_owned(), "link".to_owned(), "none".to_owned()],
        ..TaskRun::default()
    }
}

#[test]
fn a_task_has_its_folders_and_they_go_with_it() {
    let parent = tempfile::tempdir().unwrap();
    let settings = mk_settings(parent.path(), "acme/fleet");
    let mounts = [
        ("source", "/workspace/source", None),
        ("shared", "/workspace/shared", Some("sub/./dir")),
        ("files", "/etc/key", Some("a/key")),
        ("host", "/var/cache/x", None),
    ];
    let task = mk_task(vec![mk_step("one", &mounts), mk_step("two", &[])]);
    let folder = TaskFolder::new(&settings, &task).unwrap();
    let mount = |path: &str| folder.mounts(0).iter().find(|mount| mount.path == path).unwrap();
    assert!(mount("/workspace/source").host().join("deep").is_dir(), "the working folder exists");
    assert_eq!(mount("/workspace/shared").sub, "sub/dir");
    let key = mount("/etc/key");
    assert!(key.read_only);
    assert_eq!(fs::read_to_string(key.host()).unwrap(), "s3cr3t");
    assert_eq!(fs::metadata(key.host()).unwrap().permissions().mode() & 0o777, 0o400);
    assert!(mount("/var/cache/x").host().starts_with(parent.path().join("cache").canonicalize().unwrap()));
    let line = folder.command_line(1, &task.steps[1]);
    assert!(line[0].starts_with("/tekton/scripts/script-1-") && line[1] == "x", "{line:?}");
    folder.put_exit_code(1, 7).unwrap();
    assert_eq!(fs::read_to_string(folder.path.join("steps/step-two/exitCode")).unwrap(), "7");
    assert_eq!(fs::read_to_string(folder.path.join("steps/1/exitCode")).unwrap(), "7");
    let run = settings.run.path().to_owned();
    drop(folder);
    assert_eq!(fs::read_dir(run.join("tasks")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(run.join("claims")).unwrap().count(), 1);
    drop(settings);
    assert!(!run.exists());
}

#[test]
fn planted_links_lead_nowhere() {
    let parent = tempfile::tempdir().unwrap();
    let secret = parent.path().join("secret");
    fs::write(&secret, "s3cr3t").unwrap();
    let settings = mk_settings(parent.path(), "acme/fleet");
    let task = mk_task(vec![mk_step("one", &[])]);
    let folder = TaskFolder::new(&settings, &task).unwrap();
    symlink(&secret, folder.path.join("results/link")).unwrap();
    fs::write(folder.path.join("results/out"), "long\n").unwrap();
    let results = folder.results("results", &task.results, 2).unwrap();
    assert_eq!(results, [("out".to_owned(), b"lon".to_vec())].into());
    // The exit code replaces whatever the step has made of its own folder.
    let status = folder.path.join("run/0/status");
    fs::remove_dir_all(&status).unwrap();
    symlink(parent.path(), &status).unwrap();
    folder.put_exit_code(0, 1).unwrap();
    assert_eq!(fs::read_to_string(status.join("exitCode")).unwrap(), "1");
    fs::remove_file(status.join("exitCode")).unwrap();
    symlink(&secret, status.join("exitCode")).unwrap();
    folder.put_exit_code(0, 1).unwrap();
    assert!(!parent.path().join("exitCode").exists());
    assert_eq!(fs::read_to_string(&secret).unwrap(), "s3cr3t");
}

#[test]
fn paths_that_lead_out_are_refused_before_anything_runs() {
    let parent = tempfile::tempdir().unwrap();
    let settings = mk_settings(parent.path(), "acme/fleet");
    for (path, sub) in [("/a", "../x"), ("/a", "/etc"), ("/a/../../b", "x"), ("a", "x"), ("/", "x")] {
        let task = mk_task(vec![mk_step("one", &[("source", path, Some(sub))])]);
        let error = TaskFolder::new(&settings, &task).unwrap_err();
        assert!(error.message.starts_with("cannot mount source at "), "{}", error.message);
    }
    assert_eq!(fs::read_dir(settings.run.path().join("tasks")).unwrap().count(), 0);
}

#[test]
fn real_host_paths_are_never_sockets() {
    let parent = tempfile::tempdir().unwrap();
    let socket = parent.path().join("docker.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert!(host_path(&HostPaths::Real, socket.to_str().unwrap()).is_err());
    assert!(host_path(&HostPaths::Real, parent.path().to_str().unwrap()).is_ok());
}
