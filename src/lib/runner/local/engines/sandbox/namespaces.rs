//! The two processes between an engine and a step in a sandbox: the one that enters new namespaces ([`outside`]), and the
//! first in them ([`inside`]).

use std::io;
use std::path::Path;
use std::process::Stdio;

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal as NixSignal, kill};

use super::confine::{confine, write_setting};
use super::{loopback, rootfs};
use crate::runner::local::beside::program::reason;
use crate::runner::local::beside::protocol::{Failure, Message, Tried};
use crate::runner::local::beside::start::{self, Role};
use crate::runner::local::beside::supervise::{self, Counted, limit, processes, read_description, report};

/// What fails first where the machine allows no namespaces.
pub(super) const UNSHARE: &str = "enter new namespaces";
pub(super) const MAP: &str = "map the user into the new namespace";

/// The process between the engine and the namespaces: enters them, starts the first process in them, and waits for it.
pub(crate) fn outside(new_network: bool) -> Tried {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    let _ = rustix::process::setsid();
    die_with_parent()?;
    let mut flags = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWCGROUP;
    if new_network {
        flags |= CloneFlags::CLONE_NEWNET;
    }
    unshare(flags).map_err(|errno| Failure::new(UNSHARE, io::Error::from(errno)))?;
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {} 1", user.as_raw())),
        ("gid_map", format!("0 {} 1", group.as_raw())),
    ] {
        write_setting(&format!("/proc/self/{file}"), &text).map_err(|cause| Failure::new(MAP, cause))?;
    }
    let mut command = start::command(Path::new("/proc/self/exe"), Role::Inside);
    let child = command.stdin(Stdio::inherit()).spawn();
    let mut child = child.map_err(|cause| Failure::new("start the first process of the sandbox", cause))?;
    child.wait().map(drop).map_err(|cause| Failure::new("wait for the sandbox", cause))
}

/// The first process in the namespaces. When it ends, all others end.
pub(crate) fn inside() -> Tried {
    if rustix::process::getpid().as_raw_nonzero().get() != 1 {
        return Err(Failure::plain("be the first process of the sandbox"));
    }
    die_with_parent()?;
    let description = read_description()?;
    let Some(world) = &description.world else {
        return Err(Failure::plain("make a sandbox out of nothing"));
    };
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    rustix::system::sethostname(world.hostname.as_bytes())
        .map_err(|cause| Failure::new("name the machine of the sandbox", cause))?;
    if !world.has_network {
        loopback::bring_up().map_err(|cause| Failure::new("bring up the loopback device", cause))?;
    }
    let counts = match rootfs::build(world, description.processes) {
        // What the step, or one beside it, has made of its volumes.
        Err(Failure { what, errno }) if what.starts_with(rootfs::MOUNT) => {
            let reason = || reason(&io::Error::from_raw_os_error(errno));
            let cause = if errno == 0 { String::new() } else { format!(": {}", reason()) };
            report(&Message::Unstarted(format!("CreateContainerError: cannot {what}{cause}")));
            return Ok(());
        }
        counts => counts?,
    };
    limit(&description)?;
    confine(world, description.processes)?;
    if description.command_line.is_empty() {
        report(&Message::Ended(0));
        return Ok(());
    }
    let counted: Counted<'_> = (description.processes, &|| processes().count());
    supervise::run(&description, (!counts).then_some(counted), &|| {
        // All in this namespace but this process.
        let _ = kill(nix::unistd::Pid::from_raw(-1), NixSignal::SIGTERM);
    });
    Ok(())
}

fn die_with_parent() -> Tried {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(|cause| Failure::new("end with the engine", cause))
}
