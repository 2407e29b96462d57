//! Attending to a step that runs: takes what it prints, and ends it when it has to end. How it runs, and how it is ended, is
//! its [`Handle`]'s.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::runner::cancel::Stop;
use crate::runner::event::Stream;
use crate::runner::local::folder::disk::DiskWatch;
use crate::runner::local::step_engine::Output;
use crate::tekton::task_run::StepEnd;

/// How long a step that is cancelled may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// How long the end of what was killed is waited for, before the process beside it is killed too.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often it is looked whether the step has to end.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

/// How long pipes are listened to that something outside the engine's reach keeps open.
const REST: Duration = Duration::from_millis(500);

/// The exit code of what was killed.
const KILLED: i32 = 137;

/// The end of a step that was killed: says why where its output goes.
pub(crate) fn killed(output: &Output<'_>, reason: &str) -> StepEnd {
    output(Stream::Stderr, format!("kfleet: the step was killed: {reason}\n").as_bytes());
    StepEnd::Exited(KILLED)
}

/// How an engine acts on a step that runs.
pub(crate) trait Handle {
    /// What wakes the engine, beside output, and how long to wait for either at most.
    fn news(&self) -> (Option<&UnixStream>, Duration);
    /// Takes the news. Returns whether all that the step has started has ended.
    fn look(&mut self) -> io::Result<bool>;
    /// Asks the step to end.
    fn terminate(&mut self);
    /// Ends it; `is_again` when that has been of no use.
    fn kill(&mut self, is_again: bool);
}

/// What is copied to files as well.
pub(crate) type Copies = [Option<File>; 2];

/// Why a step was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself.
    Alone,
    TimedOut,
    Cancelled,
    Exceeded(String),
}

/// The pipes of a step: their ends here, and those that the command gets.
#[derive(Debug)]
pub(crate) struct Pipes([Option<File>; 2]);

impl Pipes {
    /// Gives new pipes to a command; or the terminal, and then there is nothing to read here.
    pub(crate) fn new(command: &mut Command, terminal: Option<BorrowedFd<'_>>) -> io::Result<Pipes> {
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
pub(crate) fn attend(
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
        let (news, pause) = handle.news();
        let timeout = next.map(|time| time.saturating_duration_since(now)).fold(pause, Duration::min);
        let ready = wait(&pipes, news.filter(|_| !is_over), timeout)?;
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
    let mut polled: Vec<PollFd<'_>> = pipes.0.iter().flatten().map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
    polled.extend(news.map(|news| PollFd::new(news, PollFlags::IN)));
    let timeout = Timespec { tv_sec: timeout.as_secs().cast_signed(), tv_nsec: timeout.subsec_nanos().into() };
    match poll(&mut polled, Some(&timeout)) {
        Err(rustix::io::Errno::INTR) => return Ok([false; 2]),
        count => count?,
    };
    let mut has_come = polled.iter().map(|polled| !polled.revents().is_empty());
    Ok(pipes.0.each_ref().map(|pipe| pipe.is_some() && has_come.next() == Some(true)))
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
