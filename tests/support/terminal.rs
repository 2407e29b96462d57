//! A terminal with a program on it, and somebody who types.

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// See the module.
pub struct Terminal {
    keys: File,
    /// The program's end.
    screen: OwnedFd,
    parts: Receiver<Vec<u8>>,
    child: Child,
    /// What was printed since the last text that was waited for.
    pub rest: String,
}

impl Terminal {
    /// Starts kfleet with these arguments, in the folder and with the environment of `command`, as the leader of a session
    /// with a terminal.
    pub fn new(mut command: Command, arguments: &[&str]) -> Terminal {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&keys).and_then(|()| unlockpt(&keys)).expect("a terminal");
        let name = ptsname(&keys, Vec::new()).expect("its name");
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let screen = rustix::fs::open(name, flags, Mode::empty()).expect("its other end");
        let end = || screen.try_clone().expect("a copy");
        let program = env!("CARGO_BIN_EXE_kfleet");
        command.args(["__step", "terminal", program, "kfleet"]).args(arguments);
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("kfleet runs");
        let keys = File::from(keys);
        let mut reader = keys.try_clone().expect("a copy");
        let (send, parts) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal { keys, screen, parts, child, rest: String::new() }
    }

    /// Types some keys.
    pub fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal is there");
    }

    /// Waits for a text, and returns all that came with it.
    pub fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.rest.find(text) {
                let rest = self.rest.split_off(at + text.len());
                return std::mem::replace(&mut self.rest, rest);
            }
            match self.parts.recv_timeout(Duration::from_secs(60)) {
                Ok(part) => self.rest.push_str(&String::from_utf8_lossy(&part)),
                Err(_) => {
                    let _ = self.child.kill();
                    panic!("{text:?} did not come, but {:?}", self.rest);
                }
            }
        }
    }

    /// Whether keys such as Ctrl-C are signals.
    pub fn has_signals(&self) -> bool {
        tcgetattr(&self.screen).expect("settings").local_modes.contains(LocalModes::ISIG)
    }

    /// Waits for the end of the program.
    pub fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("it ends");
        while let Ok(part) = self.parts.recv_timeout(Duration::from_millis(200)) {
            self.rest.push_str(&String::from_utf8_lossy(&part));
        }
        (status, self.rest)
    }
}
