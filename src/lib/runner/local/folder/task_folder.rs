//! [`TaskFolder`]: where an attempt at a task is kept, and what each of its steps sees of it.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::run_folder::{make_folders, remove_folder};
use super::{confined_path, name_of};
use crate::digest::sha256;
use crate::error::{Error, ErrorKind, Result};
use crate::runner::local::folder::mounts::{Mount, is_plain, open_covering, ordered};
use crate::runner::local::settings::{HostPaths, Settings};
use crate::tekton::task_run::{Step, TaskRun, VolumeSource};

/// Where an attempt at a task is kept. Removed with the value.
#[derive(Debug)]
pub(crate) struct TaskFolder {
    path: PathBuf,
    keep: bool,
    dir: OwnedFd,
    /// Of each step, then of each sidecar, what it sees, in the order of mounting.
    views: Vec<Vec<Mount>>,
    /// Of each of them with a script, the name of its file.
    scripts: Vec<Option<String>>,
}

impl TaskFolder {
    /// Makes the folder of an attempt with all that its steps need: volumes, scripts, working folders.
    ///
    /// # Errors
    /// Something cannot be made; nothing is left then.
    pub(crate) fn new(settings: &Settings, task: &TaskRun) -> Result<TaskFolder> {
        let number = settings.run.next_task();
        let path = settings.run.path().join("tasks").join(format!("{number}-{}", name_of(&task.name)));
        let fail = |cause| failed(format!("cannot make the folders of task {}", task.task))(cause);
        let dir = make_folders(&path).and_then(|()| confined_path::open_folder(&path)).map_err(fail)?;
        // From here on, its end removes what has been made.
        let mut folder = TaskFolder { path, keep: settings.run.is_kept(), dir, views: Vec::new(), scripts: Vec::new() };
        folder.make(task).map_err(fail)?;
        let volumes = folder.make_volumes(settings, task)?;
        for (index, step) in all_of(task).enumerate() {
            let implicit = match index < task.steps.len() {
                true => folder.of_step(settings, index),
                false => vec![folder.at("/tekton/scripts", "scripts", true)],
            };
            folder.views.push(view(implicit, step, &volumes)?);
        }
        for (step, view) in all_of(task).zip(&folder.views) {
            if let Some(dir) = &step.working_dir {
                make_working_folder(view, dir);
            }
        }
        Ok(folder)
    }

    fn make(&mut self, task: &TaskRun) -> io::Result<()> {
        for name in ["workspace", "home", "results", "artifacts", "run", "steps", "scripts", "mount"] {
            confined_path::make_open(self.dir.as_fd(), name)?;
        }
        for (index, step) in task.steps.iter().enumerate() {
            for name in [format!("run/{index}/status/results"), format!("creds/{index}")] {
                confined_path::make_open(self.dir.as_fd(), &name)?;
            }
            let target = format!("../run/{index}/status");
            symlink(&target, self.path.join(format!("steps/{index}")))?;
            let by_name = self.path.join(format!("steps/step-{}", name_of(&step.name)));
            // Names are unique; where they are not, the first keeps its link.
            let _ = symlink(&target, by_name);
        }
        for (index, step) in all_of(task).enumerate() {
            let name = format!("script-{index}-{}", random_name());
            if let Some(script) = &step.script {
                confined_path::write(self.dir.as_fd(), &format!("scripts/{name}"), script.as_bytes(), 0o755)?;
            }
            self.scripts.push(step.script.is_some().then_some(name));
        }
        Ok(())
    }

    /// The folder of each volume, by its name.
    fn make_volumes<'a>(&self, settings: &Settings, task: &'a TaskRun) -> Result<BTreeMap<&'a str, (PathBuf, bool)>> {
        let mut volumes = BTreeMap::new();
        for (number, volume) in task.volumes.iter().enumerate() {
            let own = format!("volumes/{number}");
            let made = match &volume.source {
                VolumeSource::Empty => confined_path::make_open(self.dir.as_fd(), &own).map(|()| self.path.join(&own)),
                VolumeSource::Shared(claim) => {
                    let name = format!("{}-{}", name_of(claim), &sha256(claim.as_bytes())[..8]);
                    let claims = settings.run.path().join("claims");
                    confined_path::open_folder(&claims)
                        .and_then(|dir| confined_path::make_open(dir.as_fd(), &name))
                        .map(|()| claims.join(name))
                }
                VolumeSource::Files(files) => confined_path::make_open(self.dir.as_fd(), &own).and_then(|()| {
                    for (path, file) in files {
                        confined_path::parts(path)?;
                        confined_path::write(self.dir.as_fd(), &format!("{own}/{path}"), &file.content, file.mode)?;
                    }
                    Ok(self.path.join(&own))
                }),
                VolumeSource::Host(path) => host_path(&settings.host_paths, path),
            };
            let made = made.map_err(failed(format!("cannot make the volume {} of task {}", volume.name, task.task)))?;
            let read_only = matches!(volume.source, VolumeSource::Files(_));
            volumes.insert(volume.name.as_str(), (made, read_only));
        }
        Ok(volumes)
    }

    fn at(&self, path: &str, name: &str, read_only: bool) -> Mount {
        Mount::new(path, self.path.join(name), read_only)
    }

    /// What a step sees beside what it mounts.
    fn of_step(&self, settings: &Settings, index: usize) -> Vec<Mount> {
        let mut implicit = vec![
            self.at("/workspace", "workspace", false),
            self.at("/tekton/home", "home", false),
            self.at("/tekton/results", "results", false),
            self.at("/tekton/artifacts", "artifacts", false),
            self.at("/tekton/steps", "steps", true),
            self.at("/tekton/run", "run", true),
            self.at(&format!("/tekton/run/{index}"), &format!("run/{index}"), false),
            self.at("/tekton/creds", &format!("creds/{index}"), false),
            self.at("/tekton/scripts", "scripts", true),
            self.at("/root", &format!("own/{index}/root"), false),
            self.at("/tmp", &format!("own/{index}/tmp"), false),
            self.at("/var/tmp", &format!("own/{index}/tmp"), false),
        ];
        for bind in &settings.binds {
            implicit.push(Mount::new(bind.path.clone(), &bind.source, bind.read_only));
        }
        implicit
    }

    /// What a step sees; sidecars follow the steps.
    pub(crate) fn mounts(&self, index: usize) -> &[Mount] {
        self.views.get(index).map_or(&[], Vec::as_slice)
    }

    /// An empty folder, for the root of a sandbox.
    #[cfg(target_os = "linux")]
    pub(crate) fn mount_point(&self) -> PathBuf {
        self.path.join("mount")
    }

    /// The command line of a step, with the script of its index; empty where it is the image's.
    pub(crate) fn command_line(&self, index: usize, step: &Step) -> Vec<String> {
        let script = self.scripts.get(index).and_then(Option::as_ref).filter(|_| step.script.is_some());
        let mut line = match script {
            Some(name) => vec![format!("/tekton/scripts/{name}")],
            None => step.command.clone(),
        };
        line.extend(step.args.iter().cloned());
        line
    }

    /// Whether nothing but the image determines what the step runs.
    pub(crate) fn needs_entrypoint(&self, index: usize, step: &Step) -> bool {
        step.command.is_empty() && (step.script.is_none() || self.scripts.get(index).is_none_or(Option::is_none))
    }

    /// See [`crate::runner::local::step_engine::TaskSpace::put_exit_code`]. The step owns the folder, and may have put anything there.
    pub(crate) fn put_exit_code(&self, index: usize, code: i32) -> Result<()> {
        let put = || -> io::Result<()> {
            let run = confined_path::descend(self.dir.as_fd(), &format!("run/{index}"), false)?;
            if confined_path::descend(run.as_fd(), "status", false).is_err() {
                confined_path::remove(run.as_fd(), "status")?;
            }
            confined_path::write(run.as_fd(), "status/exitCode", code.to_string().as_bytes(), 0o644)
        };
        put().map_err(failed("cannot write the exit code of a step"))
    }

    /// See [`crate::runner::local::step_engine::TaskSpace::results`]: what is not a regular file is not a result.
    pub(crate) fn results(&self, folder: &str, names: &[String], limit: usize) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut results = BTreeMap::new();
        for name in names.iter().filter(|name| !name.contains('/')) {
            let path = format!("{folder}/{name}");
            let read = confined_path::read(self.dir.as_fd(), &path, limit.saturating_add(1));
            if let Some(content) = read.map_err(failed(format!("cannot read the result {name}")))? {
                results.insert(name.clone(), content);
            }
        }
        Ok(results)
    }

    /// A name for what belongs to this attempt: no other one of the run has it.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Writes variables of a step, for nobody but the caller to read: where they are.
    pub(crate) fn write_variables(&self, index: usize, text: &str) -> Result<PathBuf> {
        let name = format!("variables-{index}");
        confined_path::write(self.dir.as_fd(), &name, text.as_bytes(), 0o600)
            .map_err(failed("cannot write the variables of a step"))?;
        Ok(self.path.join(name))
    }

    /// Writes the `/etc/hosts` of a task whose host has this name: where it is.
    pub(crate) fn write_hosts(&self, hostname: &str) -> Result<PathBuf> {
        let text = format!("127.0.0.1 localhost {hostname}\n::1 localhost\n");
        confined_path::write(self.dir.as_fd(), "hosts", text.as_bytes(), 0o644)
            .map_err(failed("cannot write the names of hosts"))?;
        Ok(self.path.join("hosts"))
    }

    /// Makes what only this step sees.
    pub(crate) fn make_step(&self, index: usize) -> Result<()> {
        let make = |name: &str| confined_path::make_open(self.dir.as_fd(), &format!("own/{index}/{name}"));
        make("root").and_then(|()| make("tmp")).map_err(failed("cannot make the folders of a step"))
    }

    /// Removes what only this step sees.
    pub(crate) fn clear_step(&self, index: usize) {
        if !self.keep
            && let Ok(own) = confined_path::descend(self.dir.as_fd(), "own", false)
        {
            let _ = confined_path::remove(own.as_fd(), &index.to_string());
        }
    }
}

impl Drop for TaskFolder {
    fn drop(&mut self) {
        if !self.keep {
            remove_folder(&self.path);
        }
    }
}

/// What could not be done, as an error with its cause.
fn failed(message: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
    |cause| Error::new(ErrorKind::Environment, message).with_source(cause)
}

/// The steps and then the sidecars of a task.
fn all_of(task: &TaskRun) -> impl Iterator<Item = &Step> {
    task.steps.iter().chain(&task.sidecars)
}

/// What a step or sidecar sees: the implicit mounts, and what it mounts.
fn view(implicit: Vec<Mount>, step: &Step, volumes: &BTreeMap<&str, (PathBuf, bool)>) -> Result<Vec<Mount>> {
    let mut own = Vec::new();
    for mount in &step.mounts {
        let wrong = |reason: &str| {
            let message = format!("cannot mount {} at {} in step {}: {reason}", mount.volume, mount.path, step.name);
            Error::new(ErrorKind::Failed, message)
        };
        let (base, files) = volumes.get(mount.volume.as_str()).ok_or_else(|| wrong("the task has no such volume"))?;
        let sub = mount.sub_path.clone().unwrap_or_default();
        if !is_plain(&mount.path) || mount.path.trim_end_matches('/').is_empty() {
            return Err(wrong("the path must be absolute, without \"..\""));
        }
        if sub.starts_with('/') || confined_path::parts(&sub).is_err() {
            return Err(wrong("the subPath must be relative, without \"..\""));
        }
        let sub = confined_path::parts(&sub).unwrap_or_default().join("/");
        let path = mount.path.trim_end_matches('/').to_owned();
        own.push(Mount { path, base: base.clone(), sub, read_only: mount.read_only || *files });
    }
    Ok(ordered(implicit, own))
}

/// Working folders exist before the first step, wherever a volume covers them. What cannot be made (a step has put a
/// link in the way, or the volume is of files) is left to the step that goes there.
fn make_working_folder(view: &[Mount], dir: &str) {
    if confined_path::parts(dir).is_ok()
        && let Ok((folder, rest)) = open_covering(view, dir)
    {
        let _ = confined_path::descend(folder.as_fd(), rest, true);
    }
}

fn host_path(host_paths: &HostPaths, path: &str) -> io::Result<PathBuf> {
    match host_paths {
        HostPaths::Cache(folder) => {
            let name = format!("{}-{}", name_of(path.trim_matches('/')), &sha256(path.as_bytes())[..16]);
            make_folders(folder)?;
            let folder = folder.canonicalize()?;
            confined_path::make_open(confined_path::open_folder(&folder)?.as_fd(), &name)?;
            Ok(folder.join(name))
        }
        HostPaths::Real => {
            let real = Path::new(path).canonicalize()?;
            let kind = real.metadata()?;
            // The socket of a container runtime is the host itself.
            if kind.is_dir() || kind.is_file() { Ok(real) } else { Err(io::Error::other("it is a socket or device")) }
        }
    }
}

fn random_name() -> String {
    let mut letters = fastrand::Rng::new();
    (0..5).map(|_| letters.lowercase()).collect()
}

#[cfg(test)]
#[path = "task_folder_tests.rs"]
mod tests;
