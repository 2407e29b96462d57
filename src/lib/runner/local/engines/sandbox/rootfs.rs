//! The root of a step: an empty file system in memory, in which folders of the host and of the run are mounted. All paths
//! are followed name by name without links ([`confined_path`]), because steps that run beside this one may change
//! what is in shared volumes meanwhile.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change, mount_remount, unmount,
};

use super::confine::write_setting;
use crate::runner::local::beside::protocol::{Failure, Tried, World};
use crate::runner::local::folder::confined_path;
use crate::runner::local::folder::mounts::{Mount, below, covering};

/// The folders of the host with programs and libraries, read-only.
pub(super) const SYSTEM: [&str; 7] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// What programs need of `/etc` to run, and which holds nothing secret.
const CONFIGURATION: [&str; 27] = [
    "alternatives",
    "bash.bashrc",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "fonts",
    "gai.conf",
    "inputrc",
    "java-17-openjdk",
    "java-21-openjdk",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "magic",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "perl",
    "pki",
    "protocols",
    "python3",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "static",
];

/// What of `/proc` writes to the whole system, were it not read-only: the administrator's rights to it come from the
/// number of the user alone.
const PROC_READ_ONLY: [&str; 5] = ["sys", "sysrq-trigger", "irq", "bus", "fs"];

/// What of `/proc` is not shown at all.
const PROC_HIDDEN: [&str; 8] =
    ["kcore", "keys", "key-users", "kallsyms", "timer_list", "sched_debug", "latency_stats", "kmsg"];

/// The devices that a step has.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// The lowest end of the numbers of processes that Linux takes.
const LEAST_NUMBER: u32 = 301;

/// What can fail for reasons that lie with the machine.
pub(super) const ROOT: &str = "make a root for the sandbox";
pub(super) const PROC: &str = "mount /proc in the sandbox";

/// How errors about what a step mounts begin.
pub(super) const MOUNT: &str = "mount ";

/// Makes the root of the step and enters it. Returns whether the system holds the number of processes to the limit.
pub(super) fn build(world: &World, processes: u32) -> Tried<bool> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(|cause| Failure::new(ROOT, cause))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", &world.mount_point, "tmpfs", flags, Some(c"mode=0755,size=64m,nr_inodes=64k"))
        .map_err(|cause| Failure::new(ROOT, cause))?;
    let root = Root {
        fd: confined_path::open_folder(&world.mount_point).map_err(|cause| Failure::new(ROOT, cause))?,
        path: world.mount_point.to_string_lossy().into_owned(),
    };
    root.make_folders(&["dev", "etc", "home", "opt", "proc", "run", "srv", "sys", "var/cache", "var/lib", "var/log"])?;
    let mut mounts = root.show_system(world)?;
    let counts = root.make_proc(processes, &mut mounts)?;
    let counts = counts || world.counts_by_user;
    root.make_devices(&mut mounts)?;
    root.make_configuration(world, &mut mounts)?;
    for mount in &world.mounts {
        root.bind(mount).map_err(|cause| Failure::new(format!("{MOUNT}{}", mount.path), cause))?;
        mounts.push(mount.clone());
    }
    root.make_read_only(&mounts)?;
    root.enter()?;
    Ok(counts)
}

struct Root {
    fd: OwnedFd,
    path: String,
}

impl Root {
    fn make_folders(&self, folders: &[&str]) -> Tried {
        for folder in folders {
            confined_path::descend(self.fd.as_fd(), folder, true)
                .map_err(|cause| Failure::new("make the folders of the sandbox", cause))?;
        }
        Ok(())
    }

    /// Shows the programs of the host. Links among them, such as `/bin` on most systems, stay links.
    fn show_system(&self, world: &World) -> Tried<Vec<Mount>> {
        let mut mounts = Vec::new();
        for name in SYSTEM {
            let path = format!("/{name}");
            self.show(&path, &mut mounts).map_err(|cause| Failure::new(format!("show {path}"), cause))?;
        }
        for tools in &world.tools {
            let path = tools.to_string_lossy().into_owned();
            if covering(&mounts, &path).is_none() {
                self.show(&path, &mut mounts).map_err(|cause| Failure::new(format!("show {path}"), cause))?;
            }
        }
        Ok(mounts)
    }

    /// Shows a path of the host at the same path, read-only; nothing where there is none.
    fn show(&self, path: &str, mounts: &mut Vec<Mount>) -> io::Result<()> {
        let Ok(kind) = Path::new(path).symlink_metadata() else { return Ok(()) };
        if kind.is_symlink() {
            let target = std::fs::read_link(path)?;
            let (folder, name) = path.rsplit_once('/').unwrap_or_default();
            let folder = confined_path::descend(self.fd.as_fd(), folder, true)?;
            return match rustix::fs::symlinkat(target, folder, name) {
                Err(Errno::EXIST) => Ok(()),
                made => Ok(made?),
            };
        }
        let mount = Mount::new(path, path, true);
        self.bind(&mount)?;
        mounts.push(mount);
        Ok(())
    }

    /// Mounts one of them. What it hides, and what it lacks to be mounted on, is made where that is possible.
    fn bind(&self, mount: &Mount) -> io::Result<()> {
        let (source, is_folder) = self.open_source(mount)?;
        let Some((above, name)) = mount.path.rsplit_once('/') else { return Err(Errno::INVAL.into()) };
        let above = confined_path::descend(self.fd.as_fd(), above, true)?;
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let target = match openat(&above, name, flags, Mode::empty()) {
            Err(Errno::NOENT) if is_folder => confined_path::descend(above.as_fd(), name, true)?,
            Err(Errno::NOENT) => {
                let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                openat(&above, name, new, Mode::from_raw_mode(0o644))?
            }
            target => target?,
        };
        if rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&target)?.st_mode) == rustix::fs::FileType::Symlink {
            return Err(io::Error::other(format!("{:?} is a symbolic link", mount.path)));
        }
        Ok(mount_bind_recursive(by_number(source.as_fd()), by_number(target.as_fd()))?)
    }

    fn open_source(&self, mount: &Mount) -> io::Result<(OwnedFd, bool)> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let base = openat(CWD, &mount.base, flags, Mode::empty())?;
        let kind = rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&base)?.st_mode);
        if mount.sub.is_empty() {
            return Ok((base, kind == rustix::fs::FileType::Directory));
        }
        confined_path::locate(base.as_fd(), &mount.sub, true)
    }

    /// A `/proc` of the new namespace. Returns whether its numbers of processes end at the limit.
    fn make_proc(&self, processes: u32, mounts: &mut Vec<Mount>) -> Tried<bool> {
        let path = format!("{}/proc", self.path);
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        mount("proc", &path, "proc", flags, None).map_err(|cause| Failure::new(PROC, cause))?;
        // Nobody gets more rights by a namespace in this one.
        write_setting(&format!("{path}/sys/user/max_user_namespaces"), "0")
            .map_err(|cause| Failure::new("forbid further user namespaces", cause))?;
        // Since Linux 6.14 each namespace has its own; before, this is not allowed, and processes are counted instead. So
        // they are where the limit is lower than the system takes.
        let is_own = processes >= LEAST_NUMBER
            && write_setting(&format!("{path}/sys/kernel/pid_max"), &processes.to_string()).is_ok();
        let hidden = PROC_HIDDEN.iter().map(|name| (name, true));
        for (name, is_hidden) in PROC_READ_ONLY.iter().map(|name| (name, false)).chain(hidden) {
            let inner = format!("{path}/{name}");
            if Path::new(&inner).exists() {
                let source = if is_hidden { "/dev/null" } else { &inner };
                mount_bind_recursive(source, &inner).map_err(|cause| Failure::new("guard /proc", cause))?;
                mounts.push(Mount::new(format!("/proc/{name}"), "", true));
            }
        }
        Ok(is_own)
    }

    /// A few devices of the host, read-only: that keeps their rights as they are, and they can be written to all the same.
    fn make_devices(&self, mounts: &mut Vec<Mount>) -> Tried {
        let fail = |cause: io::Error| Failure::new("make /dev", cause);
        for name in DEVICES {
            let path = format!("/dev/{name}");
            if Path::new(&path).exists() {
                let mount = Mount::new(&path, &path, true);
                self.bind(&mount).map_err(fail)?;
                mounts.push(mount);
            }
        }
        self.make_folders(&["dev/pts", "dev/shm"])?;
        let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
        mount(
            "devpts",
            format!("{}/dev/pts", self.path),
            "devpts",
            flags,
            Some(c"newinstance,ptmxmode=0666,mode=0620"),
        )
        .map_err(|cause| fail(cause.into()))?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        mount("tmpfs", format!("{}/dev/shm", self.path), "tmpfs", flags, Some(c"mode=1777,size=64m,nr_inodes=64k"))
            .map_err(|cause| fail(cause.into()))?;
        for (name, target) in [
            ("fd", "/proc/self/fd"),
            ("stdin", "/proc/self/fd/0"),
            ("stdout", "/proc/self/fd/1"),
            ("stderr", "/proc/self/fd/2"),
            ("ptmx", "pts/ptmx"),
        ] {
            std::os::unix::fs::symlink(target, format!("{}/dev/{name}", self.path)).map_err(fail)?;
        }
        Ok(())
    }

    /// An `/etc` that knows one user, and of the host what programs need to run.
    fn make_configuration(&self, world: &World, mounts: &mut Vec<Mount>) -> Tried {
        let fail = |cause: io::Error| Failure::new("make /etc", cause);
        for name in CONFIGURATION {
            self.show(&format!("/etc/{name}"), mounts).map_err(fail)?;
        }
        let own_hosts = format!("127.0.0.1 localhost {0}\n::1 localhost {0}\n", world.hostname);
        let of_host = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let (hosts, resolver) = if world.has_network {
            (format!("{own_hosts}{}", of_host("/etc/hosts")), of_host("/etc/resolv.conf"))
        } else {
            (own_hosts, String::new())
        };
        for (name, text) in [
            ("passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"),
            ("group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"),
            ("hostname", &format!("{}\n", world.hostname)),
            ("hosts", &hosts),
            ("resolv.conf", &resolver),
            ("shells", "/bin/sh\n/bin/bash\n"),
        ] {
            confined_path::write(self.fd.as_fd(), &format!("etc/{name}"), text.as_bytes(), 0o644).map_err(fail)?;
        }
        if !Path::new("/etc/nsswitch.conf").exists() {
            let text = b"passwd: files\ngroup: files\nhosts: files dns\n";
            confined_path::write(self.fd.as_fd(), "etc/nsswitch.conf", text, 0o644).map_err(fail)?;
        }
        std::os::unix::fs::symlink("/proc/self/mounts", format!("{}/etc/mtab", self.path)).map_err(fail)?;
        std::os::unix::fs::symlink("/run", format!("{}/var/run", self.path)).map_err(fail)
    }

    /// Makes all that is read-only so, with all that is mounted below it.
    fn make_read_only(&self, mounts: &[Mount]) -> Tried {
        let fail = |cause: io::Error| Failure::new("make folders of the sandbox read-only", cause);
        let mut sorted: Vec<Mount> = mounts.to_vec();
        sorted.sort_by_key(|mount| mount.path.split('/').count());
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").map_err(fail)?;
        for line in mounts.lines() {
            let mut fields = line.split(' ').skip(4);
            let (Some(point), Some(options)) = (fields.next(), fields.next()) else { continue };
            let point = unescaped(point);
            let Some(inner) = below(&point, &self.path) else { continue };
            let inner = format!("/{inner}");
            if covering(&sorted, &inner).is_some_and(|(mount, _)| mount.read_only) {
                let flags = flags(options) | MountFlags::BIND | MountFlags::RDONLY;
                match mount_remount(point.as_str(), flags, "") {
                    // It is hidden by another mount, or what it was on has gone: nobody can reach it.
                    Err(Errno::INVAL | Errno::NOENT) => {}
                    done => done.map_err(|cause| fail(cause.into()))?,
                }
            }
        }
        Ok(())
    }

    /// Makes this the root, and lets go of the old one.
    fn enter(&self) -> Tried {
        let enter = || -> io::Result<()> {
            rustix::process::fchdir(&self.fd)?;
            rustix::process::pivot_root(".", ".")?;
            unmount(".", UnmountFlags::DETACH)?;
            Ok(rustix::process::chdir("/")?)
        };
        enter().map_err(|cause| Failure::new("enter the root of the sandbox", cause))
    }
}

/// The path of an open file: whatever its names have become meanwhile.
fn by_number(fd: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

/// The flags of a mount that must stay as they are.
fn flags(options: &str) -> MountFlags {
    let flag = |option| match option {
        "nosuid" => MountFlags::NOSUID,
        "nodev" => MountFlags::NODEV,
        "noexec" => MountFlags::NOEXEC,
        "noatime" => MountFlags::NOATIME,
        "nodiratime" => MountFlags::NODIRATIME,
        "relatime" => MountFlags::RELATIME,
        _ => MountFlags::empty(),
    };
    options.split(',').map(flag).collect()
}

/// A path as `mountinfo` has it: blanks and backslashes are octal numbers.
fn unescaped(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(number) if byte == b'\\' => {
                bytes.push(number);
                rest = &after[3..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_as_the_system_writes_them() {
        assert_eq!(unescaped(r"/a\040b\134c\"), r"/a b\c\");
        assert_eq!(flags("rw,nosuid,relatime"), MountFlags::NOSUID | MountFlags::RELATIME);
    }
}
