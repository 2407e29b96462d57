//! [`Running`]: a container that runs, and how it is asked to end.

use std::io;
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Container;
use crate::runner::local::engines::attend::{Handle, LOOK};

/// How often a container that is not there yet is asked to end.
const AGAIN: Duration = Duration::from_millis(200);

/// A container, by the program that is attached to it.
pub(super) struct Running<'a> {
    engine: &'a Container,
    name: &'a str,
    child: Child,
    status: Option<ExitStatus>,
    helpers: Vec<Child>,
    /// When it was last asked to end at once.
    killed: Option<Instant>,
}

impl<'a> Running<'a> {
    /// `child` is the program.
    pub(super) fn new(engine: &'a Container, name: &'a str, child: Child) -> Running<'a> {
        Running { engine, name, child, status: None, helpers: Vec::new(), killed: None }
    }

    /// The exit code of the program; nothing where it was killed: then the container may go on.
    pub(super) fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    /// Starts the runtime to act on the container, without waiting for it.
    fn act(&mut self, words: &[&str]) {
        let mut command = self.engine.command();
        command.args(&self.engine.runtime.arguments).args(words).stdout(Stdio::null()).stderr(Stdio::null());
        self.helpers.extend(command.spawn());
    }

    /// Whether the last of these has ended.
    fn has_been_told(&mut self) -> io::Result<bool> {
        self.helpers.last_mut().map_or(Ok(true), |helper| Ok(helper.try_wait()?.is_some()))
    }

    /// Lets go of all programs.
    pub(super) fn end(&mut self, is_alone: bool) {
        if !is_alone {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        for helper in &mut self.helpers {
            let _ = helper.kill();
            let _ = helper.wait();
        }
    }
}

impl Handle for Running<'_> {
    fn news(&self) -> (Option<&UnixStream>, Duration) {
        (None, LOOK)
    }

    fn look(&mut self) -> io::Result<bool> {
        self.status = self.child.try_wait()?;
        if self.status.is_none() && self.killed.is_some_and(|last| last.elapsed() > AGAIN) && self.has_been_told()? {
            // It was not there yet, or does not end.
            self.kill(false);
        }
        Ok(self.status.is_some())
    }

    fn terminate(&mut self) {
        // The program itself may still be fetching the image.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        self.act(&["stop", "-t", "10", self.name]);
    }

    fn kill(&mut self, is_again: bool) {
        self.killed = Some(Instant::now());
        self.act(&["kill", self.name]);
        if is_again {
            let _ = self.child.kill();
        }
    }
}
