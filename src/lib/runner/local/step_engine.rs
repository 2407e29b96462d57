//! [`StepEngine`]: what carries out the steps of a task. The controller, which knows Tekton's rules, is the only caller; an
//! engine knows nothing of pipelines.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;

use crate::error::Result;
use crate::runner::cancel::Stop;
use crate::runner::event::Stream;
use crate::tekton::task_run::{Step, StepEnd, TaskRun};

/// How the reason begins of a step that cannot start because its image cannot be had.
pub const IMAGE_PULL_FAILED: &str = "ErrImagePull";

/// A way to carry out tasks.
pub trait StepEngine: Sync {
    /// `sandbox`, `process` or `container`.
    fn name(&self) -> &'static str;

    /// Whether it can run containers beside the steps; a run that has some is refused otherwise.
    fn supports_sidecars(&self) -> bool {
        false
    }

    /// Why the image of a step cannot be had; it is fetched where it is not here, for no longer than `stop` allows, and
    /// `fetching` is called before. Where steps do not run in their image, none is missing.
    fn missing_image(&self, _image: &str, _stop: &Stop, _fetching: &dyn Fn()) -> Option<String> {
        None
    }

    /// Makes everything that an attempt at a task needs before its first step: its volumes, the implicit folders of
    /// Tekton, the working folders of all steps, its sidecars. It takes no longer than `stop` allows.
    ///
    /// # Errors
    /// Something cannot be made; nothing is left then.
    fn prepare_task<'a>(&'a self, task: &'a TaskRun, stop: &Stop) -> Result<Box<dyn TaskSpace + 'a>>;
}

/// The place in which the steps of one attempt run. Dropping it ends what still runs, and removes what is not shared.
pub trait TaskSpace: Send {
    /// Runs a step to its end, and no longer than `stop` allows. Output goes to `output` as it comes, in arbitrary parts;
    /// calls may come from two threads, one for each stream. Whatever the step has started has ended on return.
    ///
    /// `late` replaces the step's `env`, `command` and `args`, where those had to wait for results of earlier steps.
    ///
    /// # Errors
    /// The engine itself failed; what the step does wrong is a [`StepEnd`].
    fn run_step(&mut self, index: usize, late: Option<&Step>, stop: &Stop, output: &Output<'_>) -> Result<StepEnd>;

    /// Writes the exit code of a step where later steps can read it: `/tekton/steps/step-<name>/exitCode`.
    ///
    /// # Errors
    /// It cannot be written.
    fn put_exit_code(&mut self, index: usize, code: i32) -> Result<()>;

    /// The declared results that the steps so far have written, verbatim; of each at most `limit` + 1 bytes are read.
    /// Links are not followed out of the folder of results.
    ///
    /// # Errors
    /// A file cannot be read.
    fn results(&self, limit: usize) -> Result<BTreeMap<String, Vec<u8>>>;

    /// The results of one step, as [`TaskSpace::results`].
    ///
    /// # Errors
    /// A file cannot be read.
    fn step_results(&self, index: usize, limit: usize) -> Result<BTreeMap<String, Vec<u8>>>;

    /// What a step is, as somebody sees it who is in its place.
    fn seen(&self, index: usize, late: Option<&Step>) -> Seen;

    /// Opens a shell in the place of a step, on `terminal`, and waits for its end: with the view, the environment, the
    /// working folder and the limits of the step, and with what the step has left there.
    ///
    /// # Errors
    /// The engine itself failed.
    fn open_shell(
        &mut self,
        index: usize,
        late: Option<&Step>,
        stop: &Stop,
        terminal: BorrowedFd<'_>,
    ) -> Result<StepEnd>;

    /// Ends the sidecars, and names the first that had failed by itself before, with the reason.
    ///
    /// # Errors
    /// One cannot be ended.
    fn finish_sidecars(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

/// A step as it is in its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The program and its arguments; none where the image has them.
    pub command_line: Vec<String>,
    /// The working folder; nothing for that of the image.
    pub dir: Option<String>,
    pub variables: Vec<String>,
}

/// Takes a part of what a step prints.
pub type Output<'a> = dyn Fn(Stream, &[u8]) + Sync + 'a;
