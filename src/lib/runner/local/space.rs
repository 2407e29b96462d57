//! The place of an attempt at a task for the engines that run each step by a kfleet beside it: the sandbox and plain
//! processes. They differ in what they start and in what they tell it, see [`Beside`].

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;
use std::process::Command;

use super::child::{Ahead, Waiting, no_command, open_copies, run};
use super::disk::DiskWatch;
use super::folder::TaskFolder;
use super::options::Settings;
use super::protocol::Description;
use super::terminal::shell_of;
use crate::error::Result;
use crate::runner::event::Stream;
use crate::runner::local::mounts::Mount;
use crate::runner::local::step_engine::{Output, Seen, Stop, TaskSpace};
use crate::tekton::task_run::{Step, StepEnd, TaskRun};

/// What such an engine does in its own way.
pub(super) trait Beside: Sync {
    /// What the engine was told.
    fn settings(&self) -> &Settings;

    /// kfleet in the role of this engine, to be started beside a step.
    fn command(&self) -> Command;

    /// What the process beside the step has to do.
    fn describe(&self, folder: &TaskFolder, task: &TaskRun, index: usize, step: &Step) -> Description;

    /// Makes what a step's places need that the process beside it does not make. Returns why it cannot start.
    fn make_places(&self, mounts: &[Mount]) -> Option<StepEnd>;
}

/// See [`TaskSpace`].
pub(super) struct Space<'a, E> {
    engine: &'a E,
    task: &'a TaskRun,
    folder: TaskFolder,
    ahead: Ahead,
}

impl<'a, E: Beside> Space<'a, E> {
    /// Makes the folders of the task.
    ///
    /// # Errors
    /// One cannot be made.
    pub(super) fn new(engine: &'a E, task: &'a TaskRun) -> Result<Space<'a, E>> {
        let mut ahead = Ahead::default();
        ahead.start(engine.command());
        Ok(Space { engine, task, folder: TaskFolder::new(engine.settings(), task)?, ahead })
    }
}

impl<E: Beside> TaskSpace for Space<'_, E> {
    fn run_step(&mut self, index: usize, late: Option<&Step>, stop: &Stop, output: &Output<'_>) -> Result<StepEnd> {
        let step = late.unwrap_or(&self.task.steps[index]);
        if self.folder.needs_entrypoint(index, step) {
            return Ok(no_command(&step.image));
        }
        self.folder.make_step(index)?;
        let mounts = self.folder.mounts(index);
        if let Some(unstarted) = self.engine.make_places(mounts) {
            return Ok(unstarted);
        }
        let copies = match open_copies(mounts, [step.stdout_path.as_ref(), step.stderr_path.as_ref()]) {
            Ok(copies) => copies,
            Err(unstarted) => return Ok(unstarted),
        };
        let description = self.engine.describe(&self.folder, self.task, index, step);
        let settings = self.engine.settings();
        let mut watch = DiskWatch::new(settings);
        let started = self.ahead.take(|| self.engine.command());
        let is_last = index + 1 >= self.task.steps.len();
        let end = started.and_then(|started| {
            run(started, &description, copies, stop, &mut watch, output, || {
                if !is_last {
                    self.ahead.start(self.engine.command());
                }
            })
        });
        // A step that has failed is looked at in its place.
        if matches!(end, Ok(StepEnd::Exited(0))) {
            self.folder.clear_step(index);
        }
        end.map_err(|failure| failure.into_error(&step.name))
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
        self.engine.describe(&self.folder, self.task, index, step).seen()
    }

    fn open_shell(
        &mut self,
        index: usize,
        late: Option<&Step>,
        stop: &Stop,
        terminal: BorrowedFd<'_>,
    ) -> Result<StepEnd> {
        self.folder.make_step(index)?;
        let step = shell_of(late.unwrap_or(&self.task.steps[index]), &self.task.task);
        let description = self.engine.describe(&self.folder, self.task, index, &step);
        let description = Description { terminal: true, ..description };
        let settings = self.engine.settings();
        let mut watch = DiskWatch::new(settings);
        let killed = |_: Stream, reason: &[u8]| _ = rustix::io::write(terminal, reason);
        let end = Waiting::start_on(self.engine.command(), Some(terminal))
            .and_then(|started| run(started, &description, [None, None], stop, &mut watch, &killed, || {}));
        end.map_err(|failure| failure.into_error(&step.name))
    }
}
