//! A terminal for a shell in the place of a step. It is never the user's own: kfleet makes another one, gives the shell one
//! end of it, and copies between the other and the user's. So nothing that a step has started, or the shell starts, can
//! put input into the user's terminal, look at what is typed there later, or change its settings.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, Termios, Winsize, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};

use crate::runner::local::beside::signals::Mask;
use crate::runner::local::beside::start::{self, Role};

/// How often it is looked whether the user's terminal has another size.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// So much of what is left to print when the shell has ended is shown.
const REST: usize = 1 << 20;

/// Takes back what programs may have set in the user's terminal, and were not there to take back: colours, a hidden
/// cursor, the other screen, reports of the mouse and the focus, marked pastes.
const RESET: &[u8] = b"\x1b[0m\x1b[?25h\x1b[?1047l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?2004l";

/// A command that starts a program as the leader of a session that has a terminal: which is standard input, output and
/// error of the command. A program cannot be started so directly, because nothing but kfleet itself runs between.
pub(crate) fn command(program: &Path, name: &str) -> io::Result<Command> {
    let mut command = start::command(&this_program()?, Role::Terminal);
    command.arg(program).arg(name);
    Ok(command)
}

/// kfleet, wherever it is: in a sandbox it has no path.
#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
fn this_program() -> io::Result<PathBuf> {
    Ok(PathBuf::from("/proc/self/exe"))
}

#[cfg(not(target_os = "linux"))]
fn this_program() -> io::Result<PathBuf> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "a shell in the place of a step needs Linux"))
}

/// Becomes a program with a terminal: `arguments` are its path, its name and its arguments. Returns the exit code where
/// that fails.
#[expect(clippy::disallowed_methods, reason = "steps of pipelines are the programs that engines are for")]
pub(crate) fn become_program(arguments: &[OsString]) -> u8 {
    use std::os::unix::process::CommandExt;
    let [program, name, arguments @ ..] = arguments else { return 2 };
    // The first program of a session without a terminal, and of one of its own, may take one.
    let _ = rustix::process::setsid();
    let _ = rustix::process::ioctl_tiocsctty(io::stdin());
    let _mask = Mask::clear();
    let _failed = Command::new(program).arg0(name).args(arguments).exec();
    127
}

/// A pair of ends: what is written to one is input or output of the other.
struct Pair {
    ours: OwnedFd,
    theirs: OwnedFd,
}

impl Pair {
    fn new(settings: &Termios, size: Winsize) -> io::Result<Pair> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        #[cfg(target_os = "linux")]
        let flags = flags | OpenptFlags::CLOEXEC;
        let ours = openpt(flags)?;
        rustix::io::fcntl_setfd(&ours, rustix::io::FdFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let theirs = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        tcsetattr(&theirs, OptionalActions::Now, settings)?;
        tcsetwinsize(&ours, size)?;
        rustix::fs::fcntl_setfl(&ours, OFlags::NONBLOCK)?;
        Ok(Pair { ours, theirs })
    }
}

/// Sets a terminal back to what it was. Input that nobody has read is thrown away: programs can have made the terminal
/// send it, and it was not meant for what reads from it next.
struct Restore<'a> {
    terminal: BorrowedFd<'a>,
    settings: Termios,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.settings);
    }
}

/// Does `work` with a new terminal that shows itself on the user's: `input` and `output` are the latter. Keys such as
/// Ctrl-C go to what runs on the new one. If the user's terminal goes away, so does the new one.
///
/// # Errors
/// The new terminal cannot be made; nothing was done then.
pub fn lend<T>(
    input: BorrowedFd<'_>,
    mut output: &mut (dyn Write + Send),
    work: impl FnOnce(BorrowedFd<'_>) -> T,
) -> io::Result<T> {
    let settings = tcgetattr(input)?;
    let Pair { ours, theirs } = Pair::new(&settings, tcgetwinsize(input)?)?;
    let (woken, wake) = pipe_with(PipeFlags::CLOEXEC)?;
    let mut raw = settings.clone();
    raw.make_raw();
    let restore = Restore { terminal: input, settings };
    tcsetattr(input, OptionalActions::Flush, &raw)?;
    let done = std::thread::scope(|scope| {
        // With the thread goes our end of the new terminal, which hangs it up.
        let copy = scope.spawn(|| relay(input, &mut output, File::from(ours), &woken));
        let done = work(theirs.as_fd());
        drop(wake);
        let _ = copy.join();
        done
    });
    let _ = output.write_all(RESET).and_then(|()| output.flush());
    drop(restore);
    Ok(done)
}

/// Copies in both directions, until `woken` is closed or the user's terminal has gone.
fn relay(input: BorrowedFd<'_>, output: &mut dyn Write, mut ours: File, woken: &OwnedFd) {
    let mut size = tcgetwinsize(input).ok();
    let mut buffer = vec![0; 16 * 1024];
    let mut typed: Vec<u8> = Vec::new();
    loop {
        let wants = if typed.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
        let of_user = if typed.is_empty() { PollFlags::IN } else { PollFlags::empty() };
        let mut polled =
            [PollFd::new(&ours, wants), PollFd::from_borrowed_fd(input, of_user), PollFd::new(woken, PollFlags::IN)];
        if poll(&mut polled, Some(&LOOK)).is_err_and(|errno| errno != Errno::INTR) {
            return;
        }
        let [of_shell, of_user, of_work] = polled.map(|polled| polled.revents());
        let now = tcgetwinsize(input).ok();
        if let Some(new) = now.filter(|_| !is_same(now, size)) {
            let _ = tcsetwinsize(&ours, new);
            size = now;
        }
        if of_shell.intersects(PollFlags::IN) && show(&mut ours, output, &mut buffer).is_err() {
            return;
        }
        if of_user.intersects(PollFlags::IN) {
            match rustix::io::read(input, &mut buffer) {
                Err(Errno::INTR | Errno::AGAIN) => {}
                Ok(0) | Err(_) => return,
                Ok(count) => typed.extend_from_slice(&buffer[..count]),
            }
        } else if of_user.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return;
        }
        if !typed.is_empty() {
            match ours.write(&typed) {
                Ok(count) => drop(typed.drain(..count)),
                Err(cause) if is_passing(&cause) => {}
                Err(_) => return,
            }
        }
        if !of_work.is_empty() {
            let mut left = REST;
            while let Ok(count @ 1..) = show(&mut ours, output, &mut buffer) {
                left = left.saturating_sub(count);
                if left == 0 {
                    break;
                }
            }
            return;
        }
    }
}

fn is_same(one: Option<Winsize>, other: Option<Winsize>) -> bool {
    let cells = |size: Winsize| (size.ws_row, size.ws_col);
    one.map(cells) == other.map(cells)
}

/// Shows one part of what was printed; 0 where there is nothing at the moment.
fn show(ours: &mut File, output: &mut dyn Write, buffer: &mut [u8]) -> io::Result<usize> {
    match ours.read(buffer) {
        Ok(count) => {
            output.write_all(&buffer[..count])?;
            output.flush()?;
            Ok(count)
        }
        Err(cause) if is_passing(&cause) => Ok(0),
        Err(cause) => Err(cause),
    }
}

fn is_passing(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
#[path = "terminal_tests.rs"]
mod tests;
