//! The command line of a container.

use std::path::Path;

use super::variables::{Way, is_name, way_of};
use super::{Container, LABEL};
use crate::error::Result;
use crate::runner::local::folder::mounts::Mount;
use crate::runner::local::folder::{TaskFolder, name_of};
use crate::runner::local::settings::Network;
use crate::tekton::task_run::{Step, TaskRun};

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

    /// The name of a container. Runs of the same name have different ones, and so have tasks whose names begin alike.
    pub(super) fn container_name(&self, folder: &TaskFolder, what: &str) -> String {
        let mark = self.mark();
        let unique = mark.rsplit('-').next().unwrap_or_default();
        format!("kfleet-{unique}-{}-{what}", folder.name())
    }

    pub(super) fn name_of_step(&self, folder: &TaskFolder, step: &Step) -> String {
        self.container_name(folder, &name_of(&step.name))
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
        for mount in shown(folder.mounts(index)) {
            add(&["--mount", &mount_option(&mount.host(), &mount.path, mount.read_only)]);
        }
        let mut of_file = String::new();
        for (name, value) in wanted.env.iter().filter(|(name, _)| is_name(name)) {
            match way_of(name, value) {
                Way::Environment => add(&["--env", name]),
                Way::CommandLine => add(&["--env", &format!("{name}={value}")]),
                Way::File => of_file.push_str(&format!("{name}={value}\n")),
            }
        }
        if !of_file.is_empty() {
            add(&["--env-file", &folder.write_variables(index, &of_file)?.display().to_string()]);
        }
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
        if self.settings.network == Network::None && self.is_podman() {
            // Podman by itself gives the variables of proxies to containers, and there may be a password in them.
            add(&["--http-proxy=false"]);
        }
        if joins.is_none() || self.is_podman() {
            // Docker takes them from the other container.
            add(&["--hostname", &hostname]);
            if self.settings.network == Network::None {
                add(&["--mount", &mount_option(&folder.write_hosts(&hostname)?, "/etc/hosts", false)]);
            }
        }
        Ok(())
    }
}

/// A mount, as the runtimes read it: as a record of CSV.
fn mount_option(source: &Path, path: &str, read_only: bool) -> String {
    let field = |text: String| match text.contains([',', '"']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    };
    let (source, path) = (field(format!("source={}", source.display())), field(format!("target={path}")));
    format!("type=bind,{source},{path}{}", if read_only { ",readonly" } else { "" })
}

/// What a container sees: those of its own folders that images bring along stay the image's.
fn shown(mounts: &[Mount]) -> impl Iterator<Item = &Mount> {
    mounts.iter().filter(|mount| !matches!(mount.path.as_str(), "/root" | "/tmp" | "/var/tmp") || !is_own(mount))
}

/// Whether this is an implicit folder of a step, not a volume.
fn is_own(mount: &Mount) -> bool {
    mount.base.parent().and_then(|step| step.parent()).and_then(|own| own.file_name()).is_some_and(|name| name == "own")
}

/// How many files may be open, where that is less than podman gives a container by itself.
fn narrow_files() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Nofile).maximum.filter(|files| cfg!(target_os = "linux") && *files < 1 << 20)
}

/// The variables that a container gets by the environment of the runtime.
pub(super) fn passed(env: &[(String, String)]) -> impl Iterator<Item = &(String, String)> {
    env.iter().filter(|(name, value)| is_name(name) && way_of(name, value) == Way::Environment)
}
