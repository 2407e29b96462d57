//! The process beside a step: kfleet, started anew for one step only, without threads. It starts the step's program, reaps
//! what ends, obeys its engine, and sees to it that nothing outlives the step.
//!
//! In a sandbox it is the first process of its namespace: when it ends, the system kills all others. Elsewhere it adopts
//! what the step leaves after, and kills it.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Resource, Rlimit, Signal, WaitOptions, setrlimit, wait};

use crate::runner::local::beside::program::{find_program, reason, unstarted};
use crate::runner::local::beside::protocol::{Description, Failure, KILL, Message, TERMINATE, Tried, receive, send};
use crate::runner::local::beside::signals::{Mask, reset_ignored};
use crate::runner::local::beside::terminal;

/// How often the processes of a step are counted where the system does not.
const COUNT: Duration = Duration::from_millis(50);

/// How long a program may be open for writing elsewhere. A script is written by a thread of the engine; where another
/// thread starts a process at that moment, that one has the file open, too, until it has become another program.
const BUSY: Duration = Duration::from_secs(2);

/// How long what is to be killed may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Closes what the caller of kfleet had open and did not mean for programs: a step could read and write it, and with a
/// folder leave its sandbox. Standard input, output and error are of the engine.
pub(crate) fn close_inherited() {
    #[cfg(target_os = "linux")]
    {
        let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        let open: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
            // The one of the listing has gone already.
            let _ = nix::unistd::close(descriptor);
        }
    }
}

/// The socket of the engine.
fn socket() -> io::Result<UnixStream> {
    Ok(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Informs the engine, which may have ended.
pub(crate) fn report(message: &Message) {
    if let Ok(socket) = socket() {
        let _ = send(socket, message);
    }
}

/// Reads what the engine wants.
pub(crate) fn read_description() -> Tried<Description> {
    socket().and_then(receive).map_err(|cause| Failure::new("read the description of the step", cause))
}

/// Sets the limits of this process, which its children inherit and cannot raise.
pub(crate) fn limit(description: &Description) -> Tried {
    let most = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
    for (resource, value) in [(Resource::Core, 0), (Resource::Fsize, description.file)] {
        let old = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
        setrlimit(resource, most(value.min(old))).map_err(|cause| Failure::new("set limits", cause))?;
    }
    Ok(())
}

/// The process beside a step that is not in a sandbox.
pub(crate) fn beside() -> Tried {
    // A session of its own: away from the terminal and its signals.
    let _ = rustix::process::setsid();
    let description = read_description()?;
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .map_err(|cause| Failure::new("adopt the processes of the step", cause))?;
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
    }
    limit(&description)?;
    let counted: Counted<'_> = (description.processes, &|| descendants().len());
    if run(&description, Some(counted), &terminate_descendants) {
        kill_descendants();
    }
    Ok(())
}

/// How many processes there may be, and how they are counted.
pub(crate) type Counted<'a> = (u32, &'a dyn Fn() -> usize);

/// Runs the program until it ends, or is to be killed, or the engine has gone. Returns whether it has started; what it
/// has started in turn is for the caller to end.
pub(crate) fn run(description: &Description, counted: Option<Counted<'_>>, terminate: &dyn Fn()) -> bool {
    let started = start(description);
    // What has ended before this is waited for all the same: the loop begins with it.
    let waker = Waker::new();
    let child = match started {
        Ok(child) => child,
        Err(reason) => {
            report(&Message::Unstarted(reason));
            return false;
        }
    };
    report(&Message::Started);
    let Ok(mut socket) = socket() else { return true };
    let mut next_count = Instant::now() + COUNT;
    loop {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid == child {
                let signal = status.terminating_signal().map(|signal| 128 + signal);
                report(&Message::Ended(status.exit_status().or(signal).unwrap_or(0)));
                return true;
            }
        }
        if let Some((limit, count)) = counted
            && Instant::now() >= next_count
        {
            if count() > limit as usize {
                report(&Message::Exceeded(format!("it has more than {limit} processes")));
                return true;
            }
            next_count = Instant::now() + COUNT;
        }
        let timeout = if counted.is_some() { COUNT } else { Duration::from_secs(60) };
        if waker.wait(&socket, timeout) {
            let mut order = [0];
            match socket.read(&mut order) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Ok(1) if order[0] == TERMINATE => terminate(),
                Ok(1) if order[0] != KILL => {}
                _ => return true,
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "steps of pipelines are the programs that engines are for")]
fn start(description: &Description) -> Result<Pid, String> {
    let dir = &description.dir;
    rustix::process::chdir(dir.as_str())
        .map_err(|cause| format!("cannot enter the working folder {dir}: {}", reason(&cause.into())))?;
    let path = description.environment.iter().find(|(name, _)| name == "PATH").map_or("", |(_, value)| value);
    let (name, arguments) = description.command_line.split_first().ok_or("exec: no command")?;
    let program = find_program(name, path)?;
    let mut command = if description.terminal {
        terminal::command(&program, name).map_err(|cause| unstarted(&program, &cause))?
    } else {
        let mut command = Command::new(&program);
        std::os::unix::process::CommandExt::arg0(&mut command, name);
        if cfg!(target_os = "linux") {
            // A step that kills its group must not kill the processes beside it, wherever it cannot see them. Elsewhere
            // the group is how its end is found.
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        command
    };
    let input = if description.terminal {
        io::stdout().as_fd().try_clone_to_owned().map(Stdio::from)
    } else {
        Ok(Stdio::null())
    };
    command.stdin(input.map_err(|cause| unstarted(&program, &cause))?);
    command.args(arguments).env_clear().envs(description.environment.iter().map(|(name, value)| (name, value)));
    let child = spawn(&mut command).map_err(|cause| unstarted(&program, &cause))?;
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| "the process has no number".to_owned())
}

/// Starts a program, once nothing has it open for writing any more.
fn spawn(command: &mut Command) -> io::Result<Child> {
    let end = Instant::now() + BUSY;
    reset_ignored();
    loop {
        let mask = Mask::clear();
        let child = command.spawn();
        drop(mask);
        match child {
            Err(cause) if cause.kind() == io::ErrorKind::ExecutableFileBusy && Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(2));
            }
            done => return done,
        }
    }
}

/// Wakes this process when a child ends or the engine speaks.
struct Waker {
    #[cfg(target_os = "linux")]
    ended: Option<nix::sys::signalfd::SignalFd>,
}

impl Waker {
    #[cfg(target_os = "linux")]
    fn new() -> Waker {
        use nix::sys::signal::{SigSet, Signal};
        use nix::sys::signalfd::{SfdFlags, SignalFd};
        let mut mask = SigSet::empty();
        mask.add(Signal::SIGCHLD);
        let blocked = mask.thread_block();
        Waker {
            ended: blocked
                .and_then(|()| SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK))
                .ok(),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn new() -> Waker {
        Waker {}
    }

    /// Whether there is something to read from the engine.
    fn wait(&self, socket: &UnixStream, timeout: Duration) -> bool {
        let mut polled = vec![PollFd::new(socket, PollFlags::IN)];
        #[cfg(target_os = "linux")]
        let timeout = match &self.ended {
            Some(ended) => {
                polled.push(PollFd::new(ended, PollFlags::IN));
                timeout
            }
            None => timeout.min(Duration::from_millis(5)),
        };
        #[cfg(not(target_os = "linux"))]
        let timeout = timeout.min(Duration::from_millis(5));
        let timeout = Timespec { tv_sec: timeout.as_secs().cast_signed(), tv_nsec: timeout.subsec_nanos().into() };
        let polled =
            poll(&mut polled, Some(&timeout)).is_ok().then(|| polled.first().is_some_and(|p| !p.revents().is_empty()));
        #[cfg(target_os = "linux")]
        if let Some(ended) = &self.ended {
            while matches!(ended.read_signal(), Ok(Some(_))) {}
        }
        polled.unwrap_or(false)
    }
}

/// The numbers of the processes in `/proc`; none where there is no such folder.
pub(crate) fn processes() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The processes below this one.
fn descendants() -> Vec<i32> {
    let parent = |pid: i32| -> Option<i32> {
        let stat = std::fs::read(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
        // The name, in parentheses, may hold anything.
        let end = stat.iter().rposition(|byte| *byte == b')')?;
        std::str::from_utf8(&stat[end + 1..]).ok()?.split_whitespace().nth(1)?.parse().ok()
    };
    let mut families: std::collections::BTreeMap<i32, Vec<i32>> = std::collections::BTreeMap::new();
    for pid in processes() {
        if let Some(parent) = parent(pid) {
            families.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut pending = vec![rustix::process::getpid().as_raw_nonzero().get()];
    while let Some(pid) = pending.pop() {
        let children = families.remove(&pid).unwrap_or_default();
        pending.extend(&children);
        found.extend(children);
    }
    found
}

fn signal_descendants(signal: Signal) {
    for pid in descendants() {
        if let Some(pid) = Pid::from_raw(pid) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

fn terminate_descendants() {
    if cfg!(target_os = "linux") {
        signal_descendants(Signal::TERM);
    } else {
        // This process is in the group, and has no handler of its own to wait in.
        let _ = rustix::process::kill_current_process_group(Signal::TERM);
    }
}

/// Kills all that is below this process, again and again, because what is about to end may still start something.
fn kill_descendants() {
    if !cfg!(target_os = "linux") {
        let _ = rustix::process::kill_current_process_group(Signal::KILL);
        return;
    }
    let end = Instant::now() + PATIENCE;
    loop {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                // There are no more: what loses its parent becomes a child of this process.
                Err(_) => return,
            }
        }
        if Instant::now() >= end {
            return;
        }
        signal_descendants(Signal::KILL);
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::OpenOptionsExt;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test is about starting a program")]
    fn a_script_that_is_still_open_for_writing_is_waited_for() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("script");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o700).open(&path).expect("a file");
        std::io::Write::write_all(&mut file, b"#!/bin/sh\nexit 3\n").expect("written");
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(file);
        });
        let ended = spawn(&mut Command::new(&path)).and_then(|mut child| child.wait()).expect("it starts");
        assert_eq!(ended.code(), Some(3));
        writer.join().expect("no failure");
    }
}
