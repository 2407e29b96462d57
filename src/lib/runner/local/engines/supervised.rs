//! Steps that run with a kfleet beside them: how the engines of sandboxes and of plain processes start it, instruct it,
//! and hear what became of the step. What it does there is in [`crate::runner::local::beside`].

use std::io::{self, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::attend::{Copies, Ended, Handle, LOOK, Pipes, attend, killed};
use super::workspace::{How, PlacedStep, Ran, StepHost, Workspace};
use crate::error::Result;
use crate::runner::cancel::Stop;
use crate::runner::event::Stream;
use crate::runner::local::beside::protocol::{Description, Failure, KILL, Message, TERMINATE, Tried, send, take};
use crate::runner::local::folder::TaskFolder;
use crate::runner::local::folder::disk::DiskWatch;
use crate::runner::local::folder::mounts::Mount;
use crate::runner::local::settings::Settings;
use crate::runner::local::step_engine::{Output, Seen, StepEngine, TaskSpace};
use crate::tekton::task_run::{StepEnd, TaskRun};

/// What such an engine does in its own way.
pub(crate) trait Supervised: Sync {
    /// See [`StepEngine::name`].
    const NAME: &'static str;

    /// What the engine was informed of.
    fn settings(&self) -> &Settings;

    /// kfleet in the role of this engine, to be started beside a step.
    fn command(&self) -> Command;

    /// What the process beside the step has to do.
    fn describe(&self, placed: &PlacedStep<'_>) -> Description;

    /// Makes what mounts show, where the process beside the step does not make it.
    fn make_mounts(&self, _mounts: &[Mount]) -> std::result::Result<(), StepEnd> {
        Ok(())
    }
}

impl<E: Supervised> StepEngine for E {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn prepare_task<'a>(&'a self, task: &'a TaskRun, _stop: &Stop) -> Result<Box<dyn TaskSpace + 'a>> {
        let mut ahead = Ahead::default();
        ahead.start(self.command());
        let folder = TaskFolder::new(self.settings(), task)?;
        Ok(Box::new(Workspace { task, host: Host { engine: self, ahead }, folder }))
    }
}

struct Host<'a, E> {
    engine: &'a E,
    ahead: Ahead,
}

impl<E: Supervised> StepHost for Host<'_, E> {
    fn run(&mut self, placed: &PlacedStep<'_>, how: &How<'_>) -> Ran {
        let How { stop, terminal, output } = *how;
        let PlacedStep { folder, task, index, step } = *placed;
        if folder.needs_entrypoint(index, step) {
            let why = "the step has no command; the entrypoint of";
            return Ok(StepEnd::Unstarted(format!("{why} {} is known to the container engine only", step.image)));
        }
        folder.make_step(index)?;
        let mut watch = DiskWatch::new(self.engine.settings());
        let description = Description { terminal: terminal.is_some(), ..self.engine.describe(placed) };
        if let Some(terminal) = terminal {
            let show = |_: Stream, text: &[u8]| _ = rustix::io::write(terminal, text);
            let waiting = Waiting::start(self.engine.command(), Some(terminal))?;
            return Ok(run(waiting, &description, Copies::default(), stop, &mut watch, &show, || {})?);
        }
        self.engine.make_mounts(placed.mounts())?;
        let copies = placed.open_copies()?;
        let waiting = self.ahead.take(|| self.engine.command())?;
        let is_last = index + 1 >= task.steps.len();
        let end = run(waiting, &description, copies, stop, &mut watch, output, || {
            if !is_last {
                self.ahead.start(self.engine.command());
            }
        })?;
        // A step that has failed is looked at in its place.
        if end == StepEnd::Exited(0) {
            folder.clear_step(index);
        }
        Ok(end)
    }

    fn seen(&self, placed: &PlacedStep<'_>) -> Seen {
        self.engine.describe(placed).seen()
    }
}

/// A step with a kfleet beside it; see [`crate::runner::local::beside::supervise`].
struct Beside {
    child: Child,
    socket: UnixStream,
    received: Vec<u8>,
    messages: Vec<Message>,
    is_open: bool,
}

impl Handle for Beside {
    fn news(&self) -> (Option<&UnixStream>, Duration) {
        // Once the socket is closed, the end is a moment away, and nothing else shows it.
        if self.is_open { (Some(&self.socket), LOOK) } else { (None, Duration::from_micros(300)) }
    }

    fn look(&mut self) -> io::Result<bool> {
        let mut part = [0; 4096];
        while self.is_open {
            match (&self.socket).read(&mut part) {
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => break,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => self.is_open = false,
                Ok(count) => self.received.extend_from_slice(&part[..count]),
            }
        }
        while let Some(message) = take(&mut self.received) {
            self.messages.push(message);
        }
        // The socket closes a moment before all processes have ended; the end of the child is the end of all.
        if self.is_open { Ok(false) } else { Ok(self.child.try_wait()?.is_some()) }
    }

    fn terminate(&mut self) {
        let _ = (&self.socket).write_all(&[TERMINATE]);
    }

    fn kill(&mut self, is_again: bool) {
        let _ = (&self.socket).write_all(&[KILL]);
        if is_again {
            let _ = self.child.kill();
        }
    }
}

/// A kfleet that waits for its step.
#[derive(Debug)]
pub(crate) struct Waiting {
    child: Child,
    socket: UnixStream,
    pipes: Pipes,
}

impl Waiting {
    /// Starts it, in the role that the command names. What it runs prints on the terminal, where there is one.
    pub(crate) fn start(mut command: Command, terminal: Option<BorrowedFd<'_>>) -> Tried<Waiting> {
        let (socket, theirs) = UnixStream::pair()?;
        let pipes = Pipes::new(&mut command, terminal)?;
        let child = command.stdin(Stdio::from(OwnedFd::from(theirs))).spawn()?;
        // The ends of the pipes and of the socket that the command holds would keep them open.
        drop(command);
        Ok(Waiting { child, socket, pipes })
    }
}

/// The process beside the next step of a task: it is started while a step runs, because starting a program takes longer
/// than many steps.
#[derive(Debug, Default)]
struct Ahead(Option<Waiting>);

impl Ahead {
    /// Starts it. Where that fails, [`Ahead::take`] tries again, and reports it.
    fn start(&mut self, command: Command) {
        self.0 = Waiting::start(command, None).ok();
    }

    /// The process, which is started now where there is none, or none any more.
    fn take(&mut self, command: impl FnOnce() -> Command) -> Tried<Waiting> {
        if let Some(mut waiting) = self.0.take()
            && matches!(waiting.child.try_wait(), Ok(None))
        {
            return Ok(waiting);
        }
        Waiting::start(command(), None)
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if let Some(waiting) = &mut self.0 {
            let _ = waiting.child.kill();
            let _ = waiting.child.wait();
        }
    }
}

/// Runs a step by the kfleet beside it. `said` is called once that knows its step.
///
/// # Errors
/// The engine itself failed: kfleet has ended, or what the step runs in could not be made.
pub(crate) fn run(
    waiting: Waiting,
    description: &Description,
    copies: Copies,
    stop: &Stop,
    watch: &mut DiskWatch,
    output: &Output<'_>,
    told: impl FnOnce(),
) -> Tried<StepEnd> {
    let Waiting { child, socket, pipes } = waiting;
    let mut step = Beside { child, socket, received: Vec::new(), messages: Vec::new(), is_open: true };
    let sent = send(&step.socket, description).and_then(|()| step.socket.set_nonblocking(true));
    if sent.is_err() {
        // It has gone already: what it has reported shows why.
        step.kill(true);
    }
    told();
    let ended = attend(&mut step, pipes, copies, stop, watch, output);
    if ended.is_err() {
        step.kill(true);
    }
    let _ = step.child.wait();
    let ended = ended?;
    let has_started = step.messages.contains(&Message::Started);
    let last = step.messages.pop().filter(|message| *message != Message::Started);
    match (ended, last) {
        (_, Some(Message::Failed(failure))) => Err(failure),
        (_, Some(Message::Unstarted(reason))) => Ok(StepEnd::Unstarted(reason)),
        (_, Some(Message::Exceeded(reason))) | (Ended::Exceeded(reason), _) => Ok(killed(output, &reason)),
        (Ended::TimedOut, _) => Ok(StepEnd::TimedOut),
        (Ended::Cancelled, _) => Ok(StepEnd::Cancelled),
        (Ended::Alone, Some(Message::Ended(code))) => Ok(StepEnd::Exited(code)),
        (Ended::Alone, _) if has_started => Ok(killed(output, "the process beside it has gone")),
        (Ended::Alone, _) => Err(Failure::plain("start the process beside the step")),
    }
}
