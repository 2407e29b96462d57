//! [`Program`]: how one is started, fed, listened to, and ended.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::{Environment, Output};
use crate::error::{Error, ErrorKind, Result};
use crate::text::masked;

/// How long a program has to clean up when its time is over.
const GRACE: Duration = Duration::from_secs(2);

/// How long the pipes of a program that has ended are listened to: what it has left running may keep them open.
const REST: Duration = Duration::from_millis(500);

/// The longest pause between two looks at a program that says nothing.
const PAUSE: Duration = Duration::from_millis(20);

/// The first pause after the end of a pipe: the program itself ends within a moment.
const MOMENT: Duration = Duration::from_micros(50);

/// How much of the end of stderr is kept.
const STDERR_LIMIT: usize = 64 * 1024;

/// A program to run: see [`Program::run`].
#[must_use]
pub struct Program {
    name: OsString,
    label: Option<String>,
    hint: Option<String>,
    args: Vec<OsString>,
    dir: Option<PathBuf>,
    environment: Environment,
    input: Input,
    output_limit: usize,
    file_limit: Option<u64>,
    timeout: Duration,
    end_when: Option<Box<dyn Fn() -> bool + Send>>,
    secrets: Vec<String>,
}

enum Input {
    None,
    Bytes(Vec<u8>),
    File(OwnedFd),
}

/// What is known when a program's time is over, or its output too long.
enum Stop {
    Ended(ExitStatus),
    TimedOut,
    Unwanted,
    TooMuch,
    Lost(io::Error),
}

impl Program {
    /// A program by its name, looked up in the `PATH` that it is given, or by its path. It gets no arguments, no
    /// environment, no input, one minute, and may print 16 MiB.
    pub fn new(name: impl Into<OsString>) -> Program {
        Program {
            name: name.into(),
            label: None,
            hint: None,
            args: Vec::new(),
            dir: None,
            environment: Environment::default(),
            input: Input::None,
            output_limit: 16 * 1024 * 1024,
            file_limit: None,
            timeout: Duration::from_secs(60),
            end_when: None,
            secrets: Vec::new(),
        }
    }

    /// What errors call it: by default its name.
    pub fn label(mut self, label: impl Into<String>) -> Program {
        self.label = Some(label.into());
        self
    }

    /// What to do where the program is missing.
    pub fn install_hint(mut self, hint: impl Into<String>) -> Program {
        self.hint = Some(hint.into());
        self
    }

    /// Adds one argument. Other users of the machine can see arguments: secrets belong in the environment or the input.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Program {
        self.args.push(arg.into());
        self
    }

    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Program {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// The folder to run in: by default that of this process.
    pub fn current_dir(mut self, dir: impl Into<PathBuf>) -> Program {
        self.dir = Some(dir.into());
        self
    }

    /// Adds one variable. The program gets those that are given, and no other.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Program {
        self.environment.set(name, value);
        self
    }

    /// Adds variables, such as the few that the caller passes on from its own environment.
    pub fn envs(mut self, environment: &Environment) -> Program {
        for (name, value) in environment.iter() {
            self.environment.set(name, value);
        }
        self
    }

    /// What the program can read. It need not read it.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Program {
        self.input = Input::Bytes(bytes.into());
        self
    }

    /// Hands an open file to the program as its input. A lock on it holds until this process and the program let go of it.
    pub fn stdin_file(mut self, file: impl Into<OwnedFd>) -> Program {
        self.input = Input::File(file.into());
        self
    }

    /// How many bytes it may print. Of stderr the last 64 KiB are kept, however long it is.
    pub fn output_limit(mut self, bytes: usize) -> Program {
        self.output_limit = bytes;
        self
    }

    /// No file that the program or its children write may become longer than this.
    pub fn file_limit(mut self, bytes: u64) -> Program {
        self.file_limit = Some(bytes);
        self
    }

    /// How long it may take. Then it and all that it has started are asked to end, and killed two seconds later.
    pub fn timeout(mut self, timeout: Duration) -> Program {
        self.timeout = timeout;
        self
    }

    /// Ends it as [`Program::timeout`] does, as soon as this says so. It is asked often.
    pub fn end_when(mut self, is_unwanted: impl Fn() -> bool + Send + 'static) -> Program {
        self.end_when = Some(Box::new(is_unwanted));
        self
    }

    /// Names a text that no error may show.
    pub fn secret(mut self, secret: impl Into<String>) -> Program {
        self.secrets.push(secret.into());
        self
    }

    /// Runs the program to its end. Its status is data: see [`Output::successful`].
    ///
    /// # Errors
    /// It is missing or cannot be started ([`ErrorKind::Environment`]), takes too long ([`ErrorKind::Timeout`]), is not
    /// wanted any more ([`ErrorKind::Interrupted`]), or prints too much ([`ErrorKind::Failed`]).
    pub fn run(self) -> Result<Output> {
        let deadline = Instant::now() + self.timeout;
        let label =
            masked(&self.label.clone().unwrap_or_else(|| self.name.to_string_lossy().into_owned()), &self.secrets);
        let mut command = self.command();
        let (input, stdin) = match self.input {
            Input::None => (None, Stdio::null()),
            Input::Bytes(bytes) => (Some(bytes), Stdio::piped()),
            Input::File(file) => (None, Stdio::from(file)),
        };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Err(cause) => return Err(unstarted(&label, &cause, self.dir.as_deref(), self.hint)),
            Ok(child) => child,
        };
        // The write ends of the pipes that the command holds would keep them open.
        drop(command);
        let (sender, news) = channel();
        if let (Some(bytes), Some(mut stdin)) = (input, child.stdin.take()) {
            // A program that does not read its input to the end has its reasons.
            std::thread::spawn(move || drop(stdin.write_all(&bytes)));
        }
        let stdout = child.stdout.take().map(|pipe| listen(pipe, Keep::Start(self.output_limit), &sender));
        let stderr = child.stderr.take().map(|pipe| listen(pipe, Keep::End(STDERR_LIMIT), &sender));
        drop(sender);
        let stop = wait(&mut child, &news, deadline, self.end_when.as_deref());
        if !matches!(stop, Stop::Ended(_)) {
            end(&mut child);
        }
        let output = |status: ExitStatus| Output {
            status: status.into(),
            stdout: taken(stdout),
            stderr: taken(stderr),
            label: label.clone(),
            secrets: self.secrets,
        };
        match stop {
            Stop::Ended(status) => Ok(output(status)),
            Stop::TimedOut => {
                let complaint = output(ExitStatus::default()).complaint();
                let reason = if complaint.is_empty() { String::new() } else { format!("; it last said: {complaint}") };
                let seconds = self.timeout.as_secs_f64();
                Err(Error::new(
                    ErrorKind::Timeout,
                    format!("{label} took longer than {seconds:.3} s and was ended{reason}"),
                ))
            }
            Stop::Unwanted => Err(Error::new(ErrorKind::Interrupted, format!("{label} was ended"))),
            Stop::TooMuch => {
                let limit = self.output_limit;
                Err(Error::new(ErrorKind::Failed, format!("{label} printed more than {limit} bytes and was ended")))
            }
            Stop::Lost(cause) => {
                Err(Error::new(ErrorKind::Environment, format!("cannot wait for {label}")).with_source(cause))
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one module that starts programs")]
    fn command(&self) -> Command {
        let mut command = match self.file_limit {
            None => Command::new(&self.name),
            Some(bytes) => {
                // A write past the limit fails with EFBIG where the signal is ignored, so that the program can say so.
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", "trap '' XFSZ; ulimit -f \"$1\" && shift && exec \"$@\"", "sh"]);
                shell.arg(bytes.div_ceil(512).to_string()).arg(&self.name);
                shell
            }
        };
        // Without a PATH the system looks into folders of its own choice.
        let path = self.environment.get("PATH").unwrap_or(OsStr::new("/usr/bin:/bin"));
        command.env_clear().env("PATH", path).envs(self.environment.iter()).args(&self.args).process_group(0);
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }
}

/// Arguments and variables may be secrets.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.name)
            .field("environment", &self.environment)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn unstarted(label: &str, cause: &io::Error, dir: Option<&Path>, hint: Option<String>) -> Error {
    if let Some(dir) = dir.filter(|dir| !dir.is_dir()) {
        let message = format!("cannot run {label} in {}: no such folder", dir.display());
        return Error::new(ErrorKind::Environment, message);
    }
    let reason = match cause.kind() {
        io::ErrorKind::NotFound => "the program is not installed, or not in PATH",
        io::ErrorKind::PermissionDenied => "the program may not be executed",
        io::ErrorKind::ArgumentListTooLong => "the arguments are too long",
        _ => "the system does not start it",
    };
    let error = Error::new(ErrorKind::Environment, format!("cannot run {label}: {reason}"));
    let error = error.with_hint(hint.unwrap_or_else(|| format!("install {label} and see that PATH names its folder")));
    if cause.kind() == io::ErrorKind::NotFound { error } else { error.with_source(io::Error::from(cause.kind())) }
}

/// What a pipe reports: that it has ended, or that too much came.
enum News {
    Ended,
    TooMuch,
}

enum Keep {
    Start(usize),
    End(usize),
}

type Kept = Arc<Mutex<Vec<u8>>>;

/// Reads a pipe to its end, in a thread of its own.
fn listen(mut pipe: impl Read + Send + 'static, keep: Keep, news: &Sender<News>) -> Kept {
    let kept = Kept::default();
    let (filled, news) = (Arc::clone(&kept), news.clone());
    std::thread::spawn(move || {
        let mut part = vec![0; 64 * 1024];
        loop {
            match pipe.read(&mut part) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    let mut filled = filled.lock().unwrap_or_else(PoisonError::into_inner);
                    match keep {
                        Keep::Start(limit) if filled.len() + count > limit => {
                            let _ = news.send(News::TooMuch);
                            break;
                        }
                        Keep::Start(_) => filled.extend_from_slice(&part[..count]),
                        Keep::End(limit) => {
                            filled.extend_from_slice(&part[..count]);
                            let surplus = filled.len().saturating_sub(limit);
                            filled.drain(..surplus);
                        }
                    }
                }
            }
        }
        let _ = news.send(News::Ended);
    });
    kept
}

fn taken(kept: Option<Kept>) -> Vec<u8> {
    kept.map(|kept| std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner))).unwrap_or_default()
}

/// Waits for the end of the program and of its pipes. The end of a pipe wakes this up; so a program that says something
/// is not looked at more often than needed, and its end is seen at once.
fn wait(
    child: &mut Child,
    news: &Receiver<News>,
    deadline: Instant,
    is_unwanted: Option<&(dyn Fn() -> bool + Send)>,
) -> Stop {
    let (mut pipes, mut pause) = (2, Duration::from_millis(1));
    let mut rest = None;
    let mut status = None;
    loop {
        if status.is_none() {
            status = match child.try_wait() {
                Err(cause) => return Stop::Lost(cause),
                Ok(status) => status,
            };
        }
        let now = Instant::now();
        if let Some(status) = status
            && (pipes == 0 || now >= *rest.get_or_insert(now + REST))
        {
            return Stop::Ended(status);
        }
        if now >= deadline && status.is_none() {
            return Stop::TimedOut;
        }
        if status.is_none() && is_unwanted.is_some_and(|is_unwanted| is_unwanted()) {
            return Stop::Unwanted;
        }
        let left = if status.is_some() { REST } else { deadline.saturating_duration_since(now) };
        if pipes == 0 {
            std::thread::sleep(pause.min(left));
        } else {
            match news.recv_timeout(pause.min(left)) {
                Ok(News::TooMuch) => return Stop::TooMuch,
                Ok(News::Ended) => {
                    pipes -= 1;
                    pause = MOMENT / 2;
                }
                Err(_) => {}
            }
        }
        pause = (pause * 2).min(PAUSE);
    }
}

/// Ends the program and all of its process group.
fn end(child: &mut Child) {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
    // As long as nobody has waited for the program, no other group can have its number.
    let look = || waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT);
    if look().is_err() {
        return;
    }
    let _ = kill_process_group(pid, Signal::TERM);
    let grace = Instant::now() + GRACE;
    while Instant::now() < grace && matches!(look(), Ok(None)) {
        std::thread::sleep(PAUSE);
    }
    let _ = kill_process_group(pid, Signal::KILL);
    let _ = child.wait();
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
