//! [`Backend`]: what carries out the plan of a pipeline, from its first task to its last. This machine is one ([`super::local`]).
//! Whoever has a run carried out knows nothing else: neither engines nor where steps run.

use std::io::Write;
use std::os::fd::BorrowedFd;

use super::cancel::Cancel;
use super::event::Sink;
use super::mask::Masker;
use crate::error::Result;
use crate::lighthouse::Trust;
use crate::tekton::objects::Objects;
use crate::tekton::plan::Plan;

/// See the module.
pub trait Backend {
    /// The URL at which steps find the repository.
    fn repository_url(&self) -> String;

    /// Of the paths in a script, those of Tekton that lead nowhere where its steps run.
    fn lost_paths(&self, script: &str) -> Vec<String>;

    /// Makes what a run needs, and checks that all of it is there. Nothing of the plan has run then.
    ///
    /// # Errors
    /// Something is missing or cannot be made, or the run was cancelled meanwhile.
    fn prepare<'a>(&'a self, run: RunRequest<'a>) -> Result<Box<dyn PreparedRun + 'a>>;
}

/// A run that can begin.
pub trait PreparedRun {
    /// Carries out the plan, to its end. All that happens goes to `sink`, the plan at first and the end of the run at last.
    /// Where a step fails, a shell is opened on `screen`.
    fn run(&self, sink: &dyn Sink, screen: Option<&dyn Screen>);
}

/// What is to be run.
#[derive(Debug, Clone, Copy)]
pub struct RunRequest<'a> {
    /// The job, or the file that was named.
    pub job: &'a str,
    pub plan: &'a Plan,
    /// The number of the pull request that it is about.
    pub pull: Option<u64>,
    /// The branch that is checked out.
    pub head_branch: &'a str,
    pub objects: &'a Objects,
    pub trust: Trust,
    /// Hides secrets in what is shown on a screen; events are masked by their sink.
    pub masker: &'a Masker,
    /// Ends the run.
    pub cancel: &'a Cancel,
}

/// The terminal of whoever has started the run.
pub trait Screen: Sync {
    /// Gives it to `work`, one at a time: what is typed, and where it is shown. Whatever else there is to show meanwhile
    /// waits.
    fn lend(&self, work: Work<'_>);
}

/// What is done with a terminal.
pub type Work<'a> = &'a mut dyn FnMut(BorrowedFd<'_>, &mut (dyn Write + Send));
