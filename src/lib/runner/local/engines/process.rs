//! [`Process`]: every step is a plain process of the caller, with the paths of Tekton rewritten to those of the run's
//! folder in what can be rewritten. It isolates nothing: see [`crate::runner::local::folder::mounts::literal_paths`] for what it cannot map.

use std::path::PathBuf;
use std::process::Command;

use super::environment::{environment, search_path};
use super::supervised::Supervised;
use super::workspace::{PlacedStep, make_sub_paths};
use crate::runner::local::beside::protocol::Description;
use crate::runner::local::beside::start::{self, Role};
use crate::runner::local::folder::mounts::{Mount, on_host};
use crate::runner::local::settings::Settings;
use crate::tekton::task_run::StepEnd;

/// The engine of plain processes.
#[derive(Debug)]
pub struct Process {
    /// What the engine was informed of.
    pub settings: Settings,
    program: PathBuf,
}

impl Process {
    /// `program` is kfleet itself: it is started anew beside each step, to end what the step leaves after.
    pub fn new(settings: Settings, program: impl Into<PathBuf>) -> Process {
        Process { settings, program: program.into() }
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

impl Supervised for Process {
    const NAME: &'static str = "process";

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn command(&self) -> Command {
        start::command(&self.program, Role::Beside)
    }

    fn describe(&self, placed: &PlacedStep<'_>) -> Description {
        let (all, step) = (placed.mounts(), placed.step);
        // Of the implicit mounts, those that any program means when it names them stay the host's.
        let mounts: Vec<Mount> = all.iter().filter(|mount| !is_everywhere(&mount.path)).cloned().collect();
        let map = |text: &str| on_host(&mounts, text);
        let (path, home, tmp) = (self.search_path(), on_host(all, "/root"), on_host(all, "/tmp"));
        let defaults = [("PATH", path.as_str()), ("HOME", home.as_str()), ("TMPDIR", tmp.as_str())];
        let own: Vec<(String, String)> = step.env.iter().map(|(name, value)| (name.clone(), map(value))).collect();
        let stand_ins = self.settings.stand_ins().map(map);
        Description {
            command_line: placed.command_line().iter().map(|word| map(word)).collect(),
            environment: environment(&self.settings, &own, &defaults, stand_ins.as_deref()),
            dir: map(step.working_dir.as_deref().unwrap_or("/workspace")),
            processes: self.settings.limits.processes,
            file: self.settings.limits.file,
            ..Description::default()
        }
    }

    fn make_mounts(&self, mounts: &[Mount]) -> std::result::Result<(), StepEnd> {
        make_sub_paths(mounts)
    }
}
