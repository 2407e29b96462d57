//! [`WithVariables`]: an engine whose steps have some more variables, where they do not set them themselves.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;

use crate::error::Result;
use crate::runner::cancel::Stop;
use crate::runner::local::step_engine::{Output, Seen, StepEngine, TaskSpace};
use crate::tekton::task_run::{Step, StepEnd, TaskRun};

/// See the module.
pub struct WithVariables<'e> {
    inner: &'e dyn StepEngine,
    variables: Vec<(String, String)>,
}

impl<'e> WithVariables<'e> {
    /// Around another one.
    pub fn new(inner: &'e dyn StepEngine, variables: Vec<(String, String)>) -> WithVariables<'e> {
        WithVariables { inner, variables }
    }
}

impl StepEngine for WithVariables<'_> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn supports_sidecars(&self) -> bool {
        self.inner.supports_sidecars()
    }

    fn missing_image(&self, image: &str, stop: &Stop, fetching: &dyn Fn()) -> Option<String> {
        self.inner.missing_image(image, stop, fetching)
    }

    fn prepare_task<'a>(&'a self, task: &'a TaskRun, stop: &Stop) -> Result<Box<dyn TaskSpace + 'a>> {
        let inner = self.inner.prepare_task(task, stop)?;
        Ok(Box::new(Space { inner, task, variables: &self.variables }))
    }
}

struct Space<'a> {
    inner: Box<dyn TaskSpace + 'a>,
    task: &'a TaskRun,
    variables: &'a [(String, String)],
}

impl Space<'_> {
    fn complete(&self, index: usize, late: Option<&Step>) -> Step {
        let mut step = late.unwrap_or(&self.task.steps[index]).clone();
        let more = self.variables.iter().filter(|(name, _)| !step.env.iter().any(|(known, _)| known == name));
        let more: Vec<(String, String)> = more.cloned().collect();
        step.env.splice(0..0, more);
        step
    }
}

impl TaskSpace for Space<'_> {
    fn run_step(&mut self, index: usize, late: Option<&Step>, stop: &Stop, output: &Output<'_>) -> Result<StepEnd> {
        let step = self.complete(index, late);
        self.inner.run_step(index, Some(&step), stop, output)
    }

    fn put_exit_code(&mut self, index: usize, code: i32) -> Result<()> {
        self.inner.put_exit_code(index, code)
    }

    fn results(&self, limit: usize) -> Result<BTreeMap<String, Vec<u8>>> {
        self.inner.results(limit)
    }

    fn step_results(&self, index: usize, limit: usize) -> Result<BTreeMap<String, Vec<u8>>> {
        self.inner.step_results(index, limit)
    }

    fn seen(&self, index: usize, late: Option<&Step>) -> Seen {
        self.inner.seen(index, Some(&self.complete(index, late)))
    }

    fn open_shell(
        &mut self,
        index: usize,
        late: Option<&Step>,
        stop: &Stop,
        terminal: BorrowedFd<'_>,
    ) -> Result<StepEnd> {
        let step = self.complete(index, late);
        self.inner.open_shell(index, Some(&step), stop, terminal)
    }

    fn finish_sidecars(&mut self) -> Result<Option<String>> {
        self.inner.finish_sidecars()
    }
}
