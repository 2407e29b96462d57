//! What an engine and the process beside a step say to each other, over the socket that is that process's standard input:
//! a [`Description`] at first, then [`TERMINATE`] or [`KILL`] in one direction and [`Message`]s in the other. Nothing of it
//! is on a command line or in an environment, where others could see it.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::runner::local::folder::mounts::Mount;
use crate::runner::local::step_engine::Seen;

/// Asks the step to end.
pub(crate) const TERMINATE: u8 = b'T';

/// Ends the step and all that it has started.
pub(crate) const KILL: u8 = b'K';

/// No description is longer: what programs can be given is less.
const LONGEST: u32 = 64 << 20;

/// A step as the process beside it needs to know it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Description {
    /// The program and its arguments. None at all: only try whether the sandbox can be made.
    pub(crate) command_line: Vec<String>,
    /// Complete.
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) dir: String,
    /// Processes and threads at the same time.
    pub(crate) processes: u32,
    /// Bytes of one file.
    pub(crate) file: u64,
    /// Whether standard output is a terminal, which the program gets for its own.
    pub(crate) terminal: bool,
    /// What the sandbox shows; nothing for a plain process.
    pub(crate) world: Option<World>,
}

impl Description {
    /// What somebody sees of the step who is in its place.
    pub(crate) fn seen(self) -> Seen {
        Seen {
            command_line: self.command_line,
            dir: Some(self.dir),
            variables: self.environment.into_iter().map(|(name, _)| name).collect(),
        }
    }
}

/// What a sandbox is made of.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct World {
    /// An empty folder, where the root is put together.
    pub(crate) mount_point: PathBuf,
    pub(crate) hostname: String,
    /// What the step sees, in the order of mounting.
    pub(crate) mounts: Vec<Mount>,
    /// Further folders of the host, read-only, at their own paths.
    pub(crate) tools: Vec<PathBuf>,
    pub(crate) has_network: bool,
    /// Whether the limit of processes that the system keeps for each user works: not for its administrator.
    pub(crate) counts_by_user: bool,
}

/// What becomes of a step.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Message {
    Started,
    /// It has ended with this code; 128 + n for the signal n.
    Ended(i32),
    /// It could not start.
    Unstarted(String),
    /// A limit was exceeded, and everything is killed.
    Exceeded(String),
    /// What it runs in could not be made.
    Failed(Failure),
}

/// What could not be done, with the number of the system's error; 0 where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) what: String,
    pub(crate) errno: i32,
}

/// What a step needs that was done, or could not be.
pub(crate) type Tried<T = ()> = Result<T, Failure>;

impl Failure {
    /// With what went wrong.
    pub(crate) fn new(what: impl Into<String>, cause: impl Into<io::Error>) -> Failure {
        let (cause, mut what) = (cause.into(), what.into());
        if cause.raw_os_error().is_none() {
            what = format!("{what}: {cause}");
        }
        Failure { what, errno: cause.raw_os_error().unwrap_or(0) }
    }

    /// Without an error of the system.
    pub(crate) fn plain(what: impl Into<String>) -> Failure {
        Failure { what: what.into(), errno: 0 }
    }

    /// As it leaves an engine.
    pub(crate) fn into_error(self, step: &str) -> Error {
        let error = Error::new(ErrorKind::Environment, format!("cannot run step {step}: cannot {}", self.what));
        if self.errno == 0 { error } else { error.with_source(io::Error::from_raw_os_error(self.errno)) }
    }
}

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        Failure { what: "start the process beside the step".to_owned(), errno: cause.raw_os_error().unwrap_or(0) }
    }
}

/// Writes one value: its length, then JSON.
pub(crate) fn send(mut to: impl Write, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec(value).map_err(io::Error::other)?;
    let length = u32::try_from(text.len()).ok().filter(|length| *length <= LONGEST);
    let length = length.ok_or_else(|| io::Error::other("the step is described by more than 64 MiB"))?;
    let mut frame = length.to_le_bytes().to_vec();
    frame.extend_from_slice(&text);
    to.write_all(&frame)
}

/// Reads one value, and no byte more.
pub(crate) fn receive<T: DeserializeOwned>(mut from: impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST {
        return Err(io::Error::other("the message is too long"));
    }
    let mut text = vec![0; length as usize];
    from.read_exact(&mut text)?;
    serde_json::from_slice(&text).map_err(io::Error::other)
}

/// Takes whole messages off the front of what has been received.
pub(crate) fn take(received: &mut Vec<u8>) -> Option<Message> {
    let length = u32::from_le_bytes(received.get(..4)?.try_into().ok()?) as usize;
    let text = received.get(4..4_usize.checked_add(length)?)?;
    let message = serde_json::from_slice(text).ok();
    received.drain(..4 + length);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_whole_however_they_are_cut() {
        let mut bytes = Vec::new();
        send(&mut bytes, &Message::Started).unwrap();
        send(&mut bytes, &Message::Ended(3)).unwrap();
        assert_eq!(receive::<Message>(&bytes[..]).unwrap(), Message::Started);
        let (mut received, mut messages) = (Vec::new(), Vec::new());
        for byte in bytes {
            received.push(byte);
            messages.extend(take(&mut received));
        }
        assert_eq!(messages, [Message::Started, Message::Ended(3)]);
        assert!(receive::<Message>(&[255, 255, 255, 255, 0][..]).is_err());
    }
}
