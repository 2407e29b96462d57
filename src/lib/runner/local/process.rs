//! [`Process`]: every step is a plain process of the caller, with the paths of Tekton rewritten to those of the run's
//! folder in what can be rewritten. It isolates nothing: see [`crate::runner::local::mounts::literal_paths`] for what it cannot map.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::folder::TaskFolder;
use super::options::Settings;
use super::protocol::Description;
use super::space::{Beside, Space};
use super::step::{environment, search_path};
use super::supervise::ARGUMENT;
use crate::error::Result;
use crate::runner::local::mounts::{Mount, on_host};
use crate::runner::local::step_engine::{Engine, Stop, TaskSpace};
use crate::tekton::task_run::{Step, StepEnd, TaskRun};

/// The engine of plain processes.
#[derive(Debug)]
pub struct Process {
    settings: Settings,
    program: PathBuf,
}

impl Process {
    /// `program` is kfleet itself: it is started anew beside each step, to end what the step leaves behind.
    pub fn new(settings: Settings, program: impl Into<PathBuf>) -> Process {
        Process { settings, program: program.into() }
    }

    /// What the engine was told.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The `PATH` that steps have, where preflight can look for programs.
    pub fn search_path(&self) -> String {
        search_path(&self.settings.environment, |_| true)
    }
}

/// Folders of the host that its programs use by these names.
fn is_everywhere(path: &str) -> bool {
    matches!(path, "/root" | "/tmp" | "/var/tmp")
}

impl Beside for Process {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    #[expect(clippy::disallowed_methods, reason = "kfleet starts itself, with a socket for its standard input")]
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args([ARGUMENT, "beside"]);
        command
    }

    fn describe(&self, folder: &TaskFolder, _task: &TaskRun, index: usize, step: &Step) -> Description {
        let all = folder.mounts(index);
        // Of the implicit places, those that any program means when it names them stay the host's.
        let mounts: Vec<Mount> = all.iter().filter(|mount| !is_everywhere(&mount.path)).cloned().collect();
        let map = |text: &str| on_host(&mounts, text);
        let (path, home, tmp) = (self.search_path(), on_host(all, "/root"), on_host(all, "/tmp"));
        let defaults = [("PATH", path.as_str()), ("HOME", home.as_str()), ("TMPDIR", tmp.as_str())];
        let own: Vec<(String, String)> = step.env.iter().map(|(name, value)| (name.clone(), map(value))).collect();
        let stand_ins = self.settings.stand_ins().map(map);
        Description {
            command_line: folder.command_line(index, step).iter().map(|word| map(word)).collect(),
            environment: environment(&self.settings, &own, &defaults, stand_ins.as_deref()),
            dir: map(step.working_dir.as_deref().unwrap_or("/workspace")),
            processes: self.settings.limits.processes,
            file: self.settings.limits.file,
            terminal: false,
            world: None,
        }
    }

    fn make_places(&self, mounts: &[Mount]) -> Option<StepEnd> {
        make_sub_paths(mounts)
    }
}

impl Engine for Process {
    fn name(&self) -> &'static str {
        "process"
    }

    fn prepare_task<'a>(&'a self, task: &'a TaskRun, _stop: &Stop) -> Result<Box<dyn TaskSpace + 'a>> {
        Ok(Box::new(Space::new(self, task)?))
    }
}

/// Makes the folders that mounts show of their volumes, where they are missing. One that leads out is not shown.
pub(super) fn make_sub_paths(mounts: &[Mount]) -> Option<StepEnd> {
    for mount in mounts.iter().filter(|mount| !mount.sub.is_empty()) {
        if let Err(cause) = make_sub_path(&mount.base, &mount.sub) {
            let reason = format!("CreateContainerError: cannot mount {}: {cause}", mount.path);
            return Some(StepEnd::Unstarted(reason));
        }
    }
    None
}

fn make_sub_path(base: &Path, sub: &str) -> std::io::Result<()> {
    use std::os::fd::AsFd;
    let base = super::beneath::open_folder(base)?;
    super::beneath::locate(base.as_fd(), sub, true).map(drop)
}
