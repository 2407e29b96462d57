//! The engine's side of a step that runs: takes what it prints, and ends it when it has to end.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};

use super::disk::DiskWatch;
use super::protocol::{Description, KILL, Message, TERMINATE, send, take};
use crate::error::{Error, ErrorKind};
use crate::runner::event::Stream;
use crate::runner::local::step_engine::{Output, Stop};
use crate::tekton::task_run::StepEnd;

/// How long a step that is cancelled may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// How long the end of what was killed is waited for, before the process beside it is killed too.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often it is looked whether the step has to end.
pub(super) const LOOK: Duration = Duration::from_millis(20);

/// How long pipes are listened to that something outside the engine's reach keeps open.
const REST: Duration = Duration::from_millis(500);

/// The exit code of what was killed.
const KILLED: i32 = 137;

/// How an engine acts on a step that runs.
pub(super) trait Handle {
    /// What wakes the engine, beside output.
    fn news(&self) -> Option<&UnixStream>;
    /// How long to wait for news and output at most.
    fn pause(&self) -> Duration;
    /// Takes the news. Returns whether all that the step has started has ended.
    fn look(&mut self) -> io::Result<bool>;
    /// Asks the step to end.
    fn terminate(&mut self);
    /// Ends it; `is_again` when that has been of no use.
    fn kill(&mut self, is_again: bool);
}

/// What is copied to files as well.
pub(super) type Copies = [Option<File>; 2];

/// Why a step was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself.
    Alone,
    TimedOut,
    Cancelled,
    Exceeded(String),
}

/// The pipes of a step: their ends here, and those that the command gets.
#[derive(Debug)]
pub(super) struct Pipes([Option<File>; 2]);

impl Pipes {
    /// Gives new pipes to a command; or the terminal, and then there is nothing to read here.
    pub(super) fn new(command: &mut Command, terminal: Option<BorrowedFd<'_>>) -> io::Result<Pipes> {
        if let Some(terminal) = terminal {
            command.stdout(terminal.try_clone_to_owned()?).stderr(terminal.try_clone_to_owned()?);
            return Ok(Pipes([None, None]));
        }
        let (stdout, out) = pipe_with(PipeFlags::CLOEXEC)?;
        let (stderr, err) = pipe_with(PipeFlags::CLOEXEC)?;
        command.stdout(Stdio::from(out)).stderr(Stdio::from(err));
        Ok(Pipes([Some(File::from(stdout)), Some(File::from(stderr))]))
    }
}

/// Attends to a step until it and all that it has started have ended.
pub(super) fn attend(
    handle: &mut dyn Handle,
    mut pipes: Pipes,
    mut copies: Copies,
    stop: &Stop,
    watch: &mut DiskWatch,
    output: &Output<'_>,
) -> io::Result<Ended> {
    let mut buffer = vec![0; 64 * 1024];
    let mut ended = Ended::Alone;
    let mut is_over = false;
    let mut rest: Option<Instant> = None;
    let mut kill_at: Option<Instant> = None;
    let mut give_up: Option<Instant> = None;
    loop {
        let now = Instant::now();
        if !is_over {
            if ended == Ended::Alone {
                if stop.is_cancelled() {
                    ended = Ended::Cancelled;
                    handle.terminate();
                    kill_at = Some(now + GRACE);
                } else if stop.is_late() {
                    ended = Ended::TimedOut;
                    kill_at = Some(now);
                } else if let Some(reason) = watch.exceeded() {
                    ended = Ended::Exceeded(reason);
                    kill_at = Some(now);
                }
            }
            if ended == Ended::Cancelled && stop.is_at_once() {
                kill_at = kill_at.map(|_| now);
            }
            if kill_at.is_some_and(|time| now >= time) {
                handle.kill(false);
                (kill_at, give_up) = (None, Some(now + PATIENCE));
            }
            if give_up.is_some_and(|time| now >= time) {
                handle.kill(true);
                give_up = Some(now + PATIENCE);
            }
        }
        let next = kill_at.into_iter().chain(stop.deadline.filter(|_| ended == Ended::Alone));
        let timeout = next.map(|time| time.saturating_duration_since(now)).fold(handle.pause(), Duration::min);
        let ready = wait(&pipes, handle.news().filter(|_| !is_over), timeout)?;
        let mut came = false;
        for (index, stream) in [Stream::Stdout, Stream::Stderr].into_iter().enumerate() {
            if ready[index] {
                came |= read(&mut pipes.0[index], &mut copies[index], stream, &mut buffer, output);
            }
        }
        if !is_over {
            is_over = handle.look()?;
        }
        if is_over {
            let all_read = pipes.0.iter().all(Option::is_none);
            let rest = rest.get_or_insert(now + REST);
            if came {
                *rest = (*rest).max(now + LOOK * 2);
            }
            // What printed without end has ended; what is left in the pipes is little.
            if all_read || Instant::now() >= *rest {
                return Ok(ended);
            }
        }
    }
}

/// Which of the two pipes have something, or have ended.
fn wait(pipes: &Pipes, news: Option<&UnixStream>, timeout: Duration) -> io::Result<[bool; 2]> {
    let mut polled = Vec::with_capacity(3);
    let mut which = Vec::with_capacity(2);
    for (index, pipe) in pipes.0.iter().enumerate() {
        if let Some(pipe) = pipe {
            polled.push(PollFd::new(pipe, PollFlags::IN));
            which.push(index);
        }
    }
    if let Some(news) = news {
        polled.push(PollFd::new(news, PollFlags::IN));
    }
    let timeout = Timespec { tv_sec: timeout.as_secs().cast_signed(), tv_nsec: timeout.subsec_nanos().into() };
    let mut ready = [false; 2];
    match poll(&mut polled, Some(&timeout)) {
        Err(rustix::io::Errno::INTR) => {}
        polled_count => {
            polled_count?;
            for (index, polled) in which.iter().zip(&polled) {
                ready[*index] = !polled.revents().is_empty();
            }
        }
    }
    Ok(ready)
}

/// Passes on one part of what a pipe has. Returns whether there was something.
fn read(
    pipe: &mut Option<File>,
    copy: &mut Option<File>,
    stream: Stream,
    buffer: &mut [u8],
    output: &Output<'_>,
) -> bool {
    let Some(file) = pipe else { return false };
    match file.read(buffer) {
        Err(cause) if cause.kind() == io::ErrorKind::Interrupted => false,
        Ok(0) | Err(_) => {
            *pipe = None;
            false
        }
        Ok(count) => {
            output(stream, &buffer[..count]);
            // A full disk ends the copy, not the step.
            if copy.as_mut().is_some_and(|copy| copy.write_all(&buffer[..count]).is_err()) {
                *copy = None;
            }
            true
        }
    }
}

/// A step with a kfleet beside it; see [`super::supervise`].
struct Supervised {
    child: Child,
    socket: UnixStream,
    received: Vec<u8>,
    messages: Vec<Message>,
    is_open: bool,
}

impl Handle for Supervised {
    fn news(&self) -> Option<&UnixStream> {
        self.is_open.then_some(&self.socket)
    }

    fn pause(&self) -> Duration {
        // Once the socket is closed, the end is a moment away, and nothing else tells of it.
        if self.is_open { LOOK } else { Duration::from_micros(300) }
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

/// A kfleet that waits to be told which step it is beside.
#[derive(Debug)]
pub(super) struct Waiting {
    child: Child,
    socket: UnixStream,
    pipes: Pipes,
}

impl Waiting {
    /// Starts it, in the role that the command names.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(command: Command) -> std::result::Result<Waiting, RunFailure> {
        Waiting::start_on(command, None)
    }

    /// As [`Waiting::start`]; what it runs prints on the terminal, where there is one.
    pub(super) fn start_on(
        mut command: Command,
        terminal: Option<BorrowedFd<'_>>,
    ) -> std::result::Result<Waiting, RunFailure> {
        let (socket, theirs) = UnixStream::pair()?;
        let pipes = Pipes::new(&mut command, terminal)?;
        let child = command.env_clear().stdin(Stdio::from(OwnedFd::from(theirs))).spawn()?;
        // The ends of the pipes and of the socket that the command holds would keep them open.
        drop(command);
        Ok(Waiting { child, socket, pipes })
    }
}

/// The process beside the next step of a task: it is started while a step runs, since starting a program takes longer
/// than many steps.
#[derive(Debug, Default)]
pub(super) struct Ahead(Option<Waiting>);

impl Ahead {
    /// Starts it. Where that fails, [`Ahead::take`] tries again, and tells.
    pub(super) fn start(&mut self, command: Command) {
        self.0 = Waiting::start(command).ok();
    }

    /// The process, which is started now where there is none, or none any more.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn take(&mut self, command: impl FnOnce() -> Command) -> std::result::Result<Waiting, RunFailure> {
        if let Some(mut waiting) = self.0.take()
            && matches!(waiting.child.try_wait(), Ok(None))
        {
            return Ok(waiting);
        }
        Waiting::start(command())
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

/// Runs a step by the kfleet beside it. `told` is called once that knows what to do.
///
/// # Errors
/// The engine itself failed: kfleet has gone, or the place of the step could not be made.
pub(super) fn run(
    waiting: Waiting,
    description: &Description,
    copies: Copies,
    stop: &Stop,
    watch: &mut DiskWatch,
    output: &Output<'_>,
    told: impl FnOnce(),
) -> std::result::Result<StepEnd, RunFailure> {
    let Waiting { child, socket, pipes } = waiting;
    let mut step = Supervised { child, socket, received: Vec::new(), messages: Vec::new(), is_open: true };
    let sent = send(&step.socket, description).and_then(|()| step.socket.set_nonblocking(true));
    if sent.is_err() {
        // It has gone already: what it has said tells why.
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
    let killed = |reason: &str| {
        output(Stream::Stderr, format!("kfleet: the step was killed: {reason}\n").as_bytes());
        StepEnd::Exited(KILLED)
    };
    match (ended, last) {
        (_, Some(Message::Failed(what, errno))) => Err(RunFailure { what, errno }),
        (_, Some(Message::Unstarted(reason))) => Ok(StepEnd::Unstarted(reason)),
        (_, Some(Message::Exceeded(reason))) | (Ended::Exceeded(reason), _) => Ok(killed(&reason)),
        (Ended::TimedOut, _) => Ok(StepEnd::TimedOut),
        (Ended::Cancelled, _) => Ok(StepEnd::Cancelled),
        (Ended::Alone, Some(Message::Ended(code))) => Ok(StepEnd::Exited(code)),
        (Ended::Alone, _) if has_started => Ok(killed("the process beside it has gone")),
        (Ended::Alone, _) => Err(RunFailure { what: "start the process beside the step".to_owned(), errno: 0 }),
    }
}

/// What an engine could not do, with the number of the system's error, where there is one.
#[derive(Debug)]
pub(super) struct RunFailure {
    pub(super) what: String,
    pub(super) errno: i32,
}

impl From<io::Error> for RunFailure {
    fn from(cause: io::Error) -> Self {
        RunFailure { what: "start the process beside the step".to_owned(), errno: cause.raw_os_error().unwrap_or(0) }
    }
}

impl RunFailure {
    /// As it leaves an engine.
    pub(super) fn into_error(self, step: &str) -> Error {
        let error = Error::new(ErrorKind::Environment, format!("cannot run step {step}: cannot {}", self.what));
        if self.errno == 0 { error } else { error.with_source(io::Error::from_raw_os_error(self.errno)) }
    }
}

/// Opens the files that the output of a step is copied to.
pub(super) fn open_copies(
    mounts: &[crate::runner::local::mounts::Mount],
    paths: [Option<&String>; 2],
) -> std::result::Result<Copies, StepEnd> {
    let open = |path: Option<&String>| match path {
        None => Ok(None),
        Some(path) => crate::runner::local::mounts::open_covering(mounts, path)
            .and_then(|(folder, rest)| super::beneath::append(folder.as_fd(), rest))
            .map(Some)
            .map_err(|cause| StepEnd::Unstarted(format!("cannot write the output to {path}: {cause}"))),
    };
    let stdout = open(paths[0])?;
    let same = paths[0].is_some() && paths[0] == paths[1];
    let stderr = if same { stdout.as_ref().and_then(|file| file.try_clone().ok()) } else { open(paths[1])? };
    Ok([stdout, stderr])
}

/// What a step that has nothing to run says.
pub(super) fn no_command(image: &str) -> StepEnd {
    StepEnd::Unstarted(format!(
        "the step has no command; the entrypoint of {image} is known to the container engine only"
    ))
}
