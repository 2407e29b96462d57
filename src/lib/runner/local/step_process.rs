//! [`main`]: a kfleet that an engine has started beside a step. It takes the part that its arguments name.

use std::ffi::OsString;

use super::beside::protocol::Message;
use super::beside::start::Role;
use super::beside::supervise::{beside, close_inherited, report};
use super::beside::terminal::become_program;
#[cfg(target_os = "linux")]
use super::engines::sandbox::namespaces::{inside, outside};

/// Does what an engine has started this process for, where that is so: the exit code. The program calls it before anything
/// else, because a process that has threads cannot enter a new user namespace.
pub fn main(arguments: &[OsString]) -> Option<u8> {
    let (role, rest) = Role::of(arguments)?;
    if role == Role::Terminal {
        return Some(become_program(rest));
    }
    close_inherited();
    let ended = match role {
        Role::Beside => beside(),
        #[cfg(target_os = "linux")]
        Role::Outside => outside(true),
        #[cfg(target_os = "linux")]
        Role::OutsideWithNetwork => outside(false),
        #[cfg(target_os = "linux")]
        Role::Inside => inside(),
        _ => return None,
    };
    Some(match ended {
        Ok(()) => 0,
        Err(cause) => {
            report(&Message::Failed(cause));
            1
        }
    })
}
