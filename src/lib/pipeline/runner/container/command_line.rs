//! The command line of a container.

use std::path::Path;

use super::{Container, LABEL};
use crate::error::Result;
use crate::pipeline::runner::folder::{TaskFolder, name_of};
use crate::pipeline::runner::options::Network;
use crate::pipeline::runner::variables::{is_name, steers};
use crate::pipeline::runner::view::Place;
use crate::pipeline::task_run::{Step, TaskRun};

/// Where podman looks for the program of `--init`.
const INITS: [&str; 4] = [
    "/usr/libexec/podman/catatonit",
    "/usr/local/libexec/podman/catatonit",
    "/usr/local/lib/podman/catatonit",
    "/usr/lib/podman/catatonit",
];

/// A container that is to be started.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    /// Further arguments of `run`.
    pub(super) how: &'a [&'a str],
    /// The container whose network it shares.
    pub(super) joins: Option<&'a str>,
    /// What is to run.
    pub(super) step: &'a Step,
    pub(super) env: &'a [(String, String)],
}

impl Container {
    /// Further arguments of `run` for steps. As with Tekton, a step is not the first process: that one would not get signals
    /// it has no handler for, and would have to reap the others.
    pub(super) fn how_of_steps(&self) -> &'static [&'static str] {
        let lacks_init =
            cfg!(target_os = "linux") && self.is_podman() && !INITS.iter().any(|path| Path::new(path).exists());
        if lacks_init { &["--rm"] } else { &["--rm", "--init"] }
    }

    /// The name of a container: runs of the same name have different ones.
    pub(super) fn container_name(&self, task: &TaskRun, what: &str) -> String {
        let mark = self.mark();
        let unique = mark.rsplit('-').next().unwrap_or_default();
        let retry = if task.attempt == 0 { String::new() } else { format!("-retry{}", task.attempt) };
        format!("kfleet-{unique}-{}{retry}-{what}", name_of(&task.name))
    }

    pub(super) fn name_of_step(&self, task: &TaskRun, step: &Step) -> String {
        self.container_name(task, &name_of(&step.name))
    }

    /// The arguments of the runtime, and what they name in the folder of the task.
    ///
    /// # Errors
    /// That cannot be written.
    pub(super) fn arguments(
        &self,
        folder: &TaskFolder,
        task: &TaskRun,
        index: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<String>> {
        let (limits, step) = (&self.settings.limits, wanted.step);
        let mut line = self.runtime.arguments.clone();
        let mut add = |words: &[&str]| line.extend(words.iter().map(|word| (*word).to_owned()));
        add(&["run"]);
        add(wanted.how);
        // What is needed is here, or has been fetched: see `images`.
        add(&["--name", wanted.name, "--label", &format!("{LABEL}={}", self.mark()), "--pull", "never"]);
        self.add_network(folder, task, wanted.joins, &mut add)?;
        add(&["--pids-limit", &limits.processes.to_string(), "--ulimit", "core=0:0"]);
        add(&["--ulimit", &format!("fsize={0}:{0}", limits.file)]);
        if let Some(files) = narrow_files().filter(|_| self.is_podman()) {
            // Podman would ask for more than it can get, and with limits on its command line it looks into no settings.
            add(&["--ulimit", &format!("nofile={files}:{files}"), "--ulimit", "nproc=32768:32768"]);
        }
        if self.is_podman() {
            // What is mounted keeps its SELinux label: it may be the user's own.
            add(&["--security-opt", "label=disable"]);
        }
        let command_line = folder.command_line(index, step);
        let entrypoint = if folder.needs_entrypoint(index, step) { None } else { command_line.first() };
        if let Some(program) = entrypoint {
            add(&["--entrypoint", program]);
        }
        if let Some(dir) = &step.working_dir {
            add(&["-w", dir]);
        }
        for place in shown(folder.places(index)) {
            let end = if place.read_only { ":ro" } else { "" };
            add(&["-v", &format!("{}:{}{end}", place.host().display(), place.path)]);
        }
        for (name, value) in wanted.env.iter().filter(|(name, _)| is_name(name)) {
            if steers(name) { add(&["--env", &format!("{name}={value}")]) } else { add(&["--env", name]) }
        }
        line.extend(self.runtime.run_arguments.iter().cloned());
        line.push(step.image.clone());
        line.extend(command_line.iter().skip(usize::from(entrypoint.is_some())).cloned());
        Ok(line)
    }

    /// The containers of a task have one host name, as in a pod, and without a network none of this machine's names.
    fn add_network(
        &self,
        folder: &TaskFolder,
        task: &TaskRun,
        joins: Option<&str>,
        add: &mut dyn FnMut(&[&str]),
    ) -> Result<()> {
        let hostname = name_of(&format!("{}-pod", task.name));
        let network = match (self.settings.network, joins) {
            (Network::Host, _) => "host".to_owned(),
            (Network::None, None) => "none".to_owned(),
            (Network::None, Some(other)) => format!("container:{other}"),
        };
        add(&["--network", &network]);
        if joins.is_none() || self.is_podman() {
            // Docker takes them from the other container.
            add(&["--hostname", &hostname]);
            if self.settings.network == Network::None {
                add(&["-v", &format!("{}:/etc/hosts", folder.write_hosts(&hostname)?.display())]);
            }
        }
        Ok(())
    }
}

/// What a container sees: those of its own folders that images bring along stay the image's.
fn shown(places: &[Place]) -> impl Iterator<Item = &Place> {
    places.iter().filter(|place| !matches!(place.path.as_str(), "/root" | "/tmp" | "/var/tmp") || !is_own(place))
}

/// Whether this is an implicit folder of a step, not a volume.
fn is_own(place: &Place) -> bool {
    place.base.parent().and_then(|step| step.parent()).and_then(|own| own.file_name()).is_some_and(|name| name == "own")
}

/// How many files may be open, where that is less than podman gives a container by itself.
fn narrow_files() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Nofile).maximum.filter(|files| cfg!(target_os = "linux") && *files < 1 << 20)
}

/// The variables that a container gets by the environment of the runtime.
pub(super) fn passed(env: &[(String, String)]) -> impl Iterator<Item = &(String, String)> {
    env.iter().filter(|(name, _)| is_name(name) && !steers(name))
}
