//! [`Workspace`]: an attempt at a task, the same for all engines: its folder, what is made before a step starts, and what is
//! read after it. How the program of a step runs is the matter of a [`StepHost`].

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use super::attend::Copies;
use crate::error::{Error, Result};
use crate::runner::cancel::Stop;
use crate::runner::local::beside::protocol::Failure;
use crate::runner::local::folder::mounts::{Mount, open_covering};
use crate::runner::local::folder::{TaskFolder, confined_path, name_of};
use crate::runner::local::step_engine::{Output, Seen, TaskSpace};
use crate::tekton::task_run::{Step, StepEnd, TaskRun};

/// What an engine does in its own way, for one attempt at a task.
pub(crate) trait StepHost: Send {
    /// Runs the program of a step to its end.
    fn run(&mut self, placed: &PlacedStep<'_>, how: &How<'_>) -> Ran;

    /// See [`TaskSpace::seen`].
    fn seen(&self, placed: &PlacedStep<'_>) -> Seen;

    /// See [`TaskSpace::finish_sidecars`].
    fn finish_sidecars(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

/// How the program of a step runs.
pub(crate) struct How<'a> {
    /// No longer than this allows.
    pub(crate) stop: &'a Stop,
    /// Where there is one, the program runs on it, and nothing goes to the output.
    pub(crate) terminal: Option<BorrowedFd<'a>>,
    pub(crate) output: &'a Output<'a>,
}

/// The end of the program of a step.
pub(crate) type Ran = std::result::Result<StepEnd, Unrun>;

/// Why the program of a step was not run to its end.
pub(crate) enum Unrun {
    /// The step is wrong, or has to end.
    Ended(StepEnd),
    /// The engine could not do something.
    Failed(Failure),
    /// As before, with an error of its own.
    Error(Error),
}

impl From<StepEnd> for Unrun {
    fn from(end: StepEnd) -> Unrun {
        Unrun::Ended(end)
    }
}

impl From<Failure> for Unrun {
    fn from(failure: Failure) -> Unrun {
        Unrun::Failed(failure)
    }
}

impl From<Error> for Unrun {
    fn from(error: Error) -> Unrun {
        Unrun::Error(error)
    }
}

/// A step, and where its files are.
pub(crate) struct PlacedStep<'s> {
    pub(crate) folder: &'s TaskFolder,
    pub(crate) task: &'s TaskRun,
    pub(crate) index: usize,
    /// With the results of earlier steps, where it uses some.
    pub(crate) step: &'s Step,
}

impl PlacedStep<'_> {
    /// What it sees.
    pub(crate) fn mounts(&self) -> &[Mount] {
        self.folder.mounts(self.index)
    }

    /// The program and its arguments; empty where the image has them.
    pub(crate) fn command_line(&self) -> Vec<String> {
        self.folder.command_line(self.index, self.step)
    }

    /// Opens the files that its output is copied to.
    ///
    /// # Errors
    /// The step names one that cannot be written.
    pub(crate) fn open_copies(&self) -> std::result::Result<Copies, StepEnd> {
        let (stdout, stderr) = (&self.step.stdout_path, &self.step.stderr_path);
        let open = |path: &Option<String>| match path {
            None => Ok(None),
            Some(path) => open_covering(self.mounts(), path)
                .and_then(|(folder, rest)| confined_path::append(folder.as_fd(), rest))
                .map(Some)
                .map_err(|cause| StepEnd::Unstarted(format!("cannot write the output to {path}: {cause}"))),
        };
        let first = open(stdout)?;
        let is_same = stdout.is_some() && stdout == stderr;
        let second = if is_same { first.as_ref().and_then(|file| file.try_clone().ok()) } else { open(stderr)? };
        Ok([first, second])
    }
}

/// Makes the folders that mounts show of their volumes, where they are missing.
///
/// # Errors
/// One leads out of its volume, or cannot be made: the step cannot start.
pub(crate) fn make_sub_paths(mounts: &[Mount]) -> std::result::Result<(), StepEnd> {
    let make = |base: &Path, sub: &str| -> io::Result<()> {
        let base = confined_path::open_folder(base)?;
        confined_path::locate(base.as_fd(), sub, true).map(drop)
    };
    mounts.iter().filter(|mount| !mount.sub.is_empty()).try_for_each(|mount| {
        make(&mount.base, &mount.sub)
            .map_err(|cause| StepEnd::Unstarted(format!("CreateContainerError: cannot mount {}: {cause}", mount.path)))
    })
}

/// See the module.
pub(crate) struct Workspace<'a, H> {
    pub(crate) task: &'a TaskRun,
    // Before the folder that it uses.
    pub(crate) host: H,
    pub(crate) folder: TaskFolder,
}

impl<H: StepHost> Workspace<'_, H> {
    fn run(&mut self, index: usize, step: &Step, how: &How<'_>) -> Result<StepEnd> {
        let placed = PlacedStep { folder: &self.folder, task: self.task, index, step };
        match self.host.run(&placed, how) {
            Ok(end) | Err(Unrun::Ended(end)) => Ok(end),
            Err(Unrun::Failed(failure)) => Err(failure.into_error(&step.name)),
            Err(Unrun::Error(error)) => Err(error),
        }
    }
}

impl<H: StepHost> TaskSpace for Workspace<'_, H> {
    fn run_step(&mut self, index: usize, late: Option<&Step>, stop: &Stop, output: &Output<'_>) -> Result<StepEnd> {
        self.run(index, late.unwrap_or(&self.task.steps[index]), &How { stop, terminal: None, output })
    }

    fn put_exit_code(&mut self, index: usize, code: i32) -> Result<()> {
        self.folder.put_exit_code(index, code)
    }

    fn results(&self, limit: usize) -> Result<BTreeMap<String, Vec<u8>>> {
        self.folder.results("results", &self.task.results, limit)
    }

    fn step_results(&self, index: usize, limit: usize) -> Result<BTreeMap<String, Vec<u8>>> {
        let names = self.task.steps.get(index).map_or(&[][..], |step| &step.results);
        self.folder.results(&format!("run/{index}/status/results"), names, limit)
    }

    fn seen(&self, index: usize, late: Option<&Step>) -> Seen {
        let step = late.unwrap_or(&self.task.steps[index]);
        self.host.seen(&PlacedStep { folder: &self.folder, task: self.task, index, step })
    }

    fn open_shell(
        &mut self,
        index: usize,
        late: Option<&Step>,
        stop: &Stop,
        terminal: BorrowedFd<'_>,
    ) -> Result<StepEnd> {
        let step = shell_of(late.unwrap_or(&self.task.steps[index]), &self.task.task);
        self.run(index, &step, &How { stop, terminal: Some(terminal), output: &|_, _| {} })
    }

    fn finish_sidecars(&mut self) -> Result<Option<String>> {
        self.host.finish_sidecars()
    }
}

/// A step that is a shell in the place of another one: bash where there is one.
fn shell_of(step: &Step, task: &str) -> Step {
    // What stands in a prompt can be a command.
    let prompt = format!("{} : {}", name_of(task), name_of(&step.name));
    Step {
        name: format!("{}-shell", step.name),
        command: shell(&prompt),
        args: Vec::new(),
        script: None,
        ..step.clone()
    }
}

fn shell(prompt: &str) -> Vec<String> {
    // Startup files could be of the step that has failed.
    const START: &str = r#"if command -v bash >/dev/null 2>&1; then
  PS1="[$1] "'\w \$ '
  PROMPT_DIRTRIM=3
  export PS1 PROMPT_DIRTRIM
  exec bash --noprofile --norc -i
fi
PS1="[$1] \$ "
unset ENV
export PS1
exec /bin/sh -i"#;
    ["/bin/sh", "-c", START, "sh", prompt].map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_no_command() {
        let step = Step {
            name: "a$(reboot)`x`".to_owned(),
            command: vec!["make".to_owned()],
            args: vec!["test".to_owned()],
            script: Some("x".to_owned()),
            env: vec![("A".to_owned(), "b".to_owned())],
            working_dir: Some("/workspace".to_owned()),
            ..Step::default()
        };
        let shell = shell_of(&step, "t\\w");
        assert_eq!(shell.command.last().unwrap(), "t-w : a--reboot--x-");
        assert_eq!((shell.script, shell.args.len(), shell.env.len()), (None, 0, 1));
        assert_eq!(shell.working_dir.as_deref(), Some("/workspace"));
    }
}
