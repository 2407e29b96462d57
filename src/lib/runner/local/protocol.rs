//! What an engine and the process beside a step say to each other, over the socket that is that process's standard input:
//! a [`Description`] at first, then [`TERMINATE`] or [`KILL`] in one direction and [`Message`]s in the other. Nothing of it
//! is on a command line or in an environment, where others could see it.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::runner::local::mounts::Mount;
use crate::runner::local::step_engine::Seen;

/// Asks the step to end.
pub(super) const TERMINATE: u8 = b'T';

/// Ends the step and all that it has started.
pub(super) const KILL: u8 = b'K';

/// No description is longer: what programs can be given is less.
const LONGEST: u32 = 64 << 20;

/// A step as the process beside it needs to know it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Description {
    /// The program and its arguments. None at all: only try whether the place can be made.
    pub(super) command_line: Vec<String>,
    /// Complete.
    pub(super) environment: Vec<(String, String)>,
    /// Where the program runs.
    pub(super) dir: String,
    /// Processes and threads at the same time.
    pub(super) processes: u32,
    /// Bytes of one file.
    pub(super) file: u64,
    /// Whether standard output is a terminal, which the program gets for its own.
    pub(super) terminal: bool,
    /// What the sandbox shows; nothing for a plain process.
    pub(super) world: Option<World>,
}

impl Description {
    /// What somebody sees of the step who is in its place.
    pub(super) fn seen(self) -> Seen {
        Seen {
            command_line: self.command_line,
            dir: Some(self.dir),
            variables: self.environment.into_iter().map(|(name, _)| name).collect(),
        }
    }
}

/// What a sandbox is made of.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct World {
    /// An empty folder, where the root is put together.
    pub(super) mount_point: PathBuf,
    /// The name of the machine.
    pub(super) hostname: String,
    /// What the step sees, in the order of mounting.
    pub(super) mounts: Vec<Mount>,
    /// Further folders of the host, read-only, at their own paths.
    pub(super) tools: Vec<PathBuf>,
    /// Whether the network is that of the host.
    pub(super) has_network: bool,
    /// Whether the limit of processes that the system keeps for each user works: not for its administrator.
    pub(super) counts_by_user: bool,
}

/// What becomes of a step.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Message {
    /// The program runs.
    Started,
    /// It has ended with this code; 128 + n for the signal n.
    Ended(i32),
    /// It could not start.
    Unstarted(String),
    /// A limit was exceeded, and everything is killed.
    Exceeded(String),
    /// The place could not be made: what failed, and the number of the system's error.
    Failed(String, i32),
}

/// Writes one value: its length, then JSON.
pub(super) fn send(mut to: impl Write, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec(value).map_err(io::Error::other)?;
    let length = u32::try_from(text.len()).ok().filter(|length| *length <= LONGEST);
    let length = length.ok_or_else(|| io::Error::other("the step is described by more than 64 MiB"))?;
    let mut frame = length.to_le_bytes().to_vec();
    frame.extend_from_slice(&text);
    to.write_all(&frame)
}

/// Reads one value, and no byte more.
pub(super) fn receive<T: DeserializeOwned>(mut from: impl Read) -> io::Result<T> {
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
pub(super) fn take(received: &mut Vec<u8>) -> Option<Message> {
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
