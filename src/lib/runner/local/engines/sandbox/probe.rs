//! Whether steps can have a sandbox here, found out by making one; and if not, why.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Sandbox;
use super::namespaces::{MAP, UNSHARE};
use super::rootfs::{PROC, ROOT};
use crate::error::{Error, ErrorKind, Result};
use crate::runner::cancel::Stop;
use crate::runner::local::beside::protocol::{Description, Failure, World};
use crate::runner::local::beside::start::{self, Role};
use crate::runner::local::engines::supervised::{Waiting, run};
use crate::runner::local::folder::RunFolder;
use crate::runner::local::folder::disk::DiskWatch;
use crate::runner::local::settings::Limits;
use crate::tekton::task_run::StepEnd;

const EPERM: i32 = rustix::io::Errno::PERM.raw_os_error();
const EACCES: i32 = rustix::io::Errno::ACCESS.raw_os_error();
const ENOSPC: i32 = rustix::io::Errno::NOSPC.raw_os_error();
const EUSERS: i32 = rustix::io::Errno::USERS.raw_os_error();

impl Sandbox {
    /// Makes a sandbox, and lets it go. `folder` is where folders of runs are made, `program` kfleet itself.
    ///
    /// # Errors
    /// The machine does not allow it ([`ErrorKind::Environment`]): the error names the setting that forbids it.
    pub fn probe(folder: &Path, program: &Path) -> Result<()> {
        let run_folder = RunFolder::new(folder, "probe", false)?;
        let (mount_point, hostname) = (run_folder.path().join("tasks"), "probe".to_owned());
        let description = Description {
            dir: "/".to_owned(),
            processes: 1000,
            file: 1,
            world: Some(World { mount_point, hostname, ..World::default() }),
            ..Description::default()
        };
        let deadline = Some(Instant::now() + Duration::from_secs(10));
        let stop = Stop { deadline, cancelled: Arc::default(), at_once: Arc::default() };
        let mut watch = DiskWatch::of(vec![run_folder.path().to_owned()], &Limits::default());
        let end = Waiting::start(start::command(program, Role::Outside), None)
            .and_then(|waiting| run(waiting, &description, [None, None], &stop, &mut watch, &|_, _| {}, || {}));
        match end {
            Ok(StepEnd::Exited(0)) => Ok(()),
            Ok(end) => Err(explain(&Failure::plain(format!("try the sandbox: {end:?}")), &Facts::default())),
            Err(failure) => Err(explain(&failure, &Facts::read())),
        }
    }
}

/// Settings of the machine that can forbid sandboxes.
#[derive(Debug, Default)]
struct Facts {
    unprivileged_clone: Option<String>,
    most_namespaces: Option<String>,
    apparmor: Option<String>,
    has_seccomp: bool,
}

impl Facts {
    fn read() -> Facts {
        let setting = |path: &str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
        let status = setting("/proc/self/status").unwrap_or_default();
        Facts {
            unprivileged_clone: setting("/proc/sys/kernel/unprivileged_userns_clone"),
            most_namespaces: setting("/proc/sys/user/max_user_namespaces"),
            apparmor: setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            has_seccomp: status.lines().any(|line| line.starts_with("Seccomp:") && line.ends_with('2')),
        }
    }
}

fn explain(failure: &Failure, facts: &Facts) -> Error {
    let is_denied = matches!(failure.errno, EPERM | EACCES);
    let is_about_users = matches!(failure.what.as_str(), UNSHARE | MAP | ROOT);
    let is = |setting: &Option<String>, value: &str| setting.as_deref() == Some(value);
    let (cause, remedy) = if is(&facts.unprivileged_clone, "0") && is_denied {
        ("kernel.unprivileged_userns_clone is 0", "sysctl kernel.unprivileged_userns_clone=1 allows it")
    } else if is(&facts.most_namespaces, "0") || matches!(failure.errno, ENOSPC | EUSERS) {
        ("user.max_user_namespaces is used up", "sysctl user.max_user_namespaces=15000 allows it")
    } else if is(&facts.apparmor, "1") && is_denied && is_about_users {
        (
            "AppArmor restricts user namespaces (kernel.apparmor_restrict_unprivileged_userns is 1)",
            "a profile for kfleet, or sysctl kernel.apparmor_restrict_unprivileged_userns=0, allows it",
        )
    } else if failure.what == PROC && is_denied {
        (
            "the container that kfleet runs in hides parts of /proc",
            "start that container with an unmasked /proc (--security-opt systempaths=unconfined)",
        )
    } else if facts.has_seccomp && is_denied && is_about_users {
        (
            "a seccomp filter, such as that of a container, forbids new namespaces",
            "start that container with --security-opt seccomp=unconfined",
        )
    } else {
        ("", "see docs/guides/pipeline-engines.md")
    };
    let message = format!("steps cannot have a sandbox here: cannot {}", failure.what);
    let message = if cause.is_empty() { message } else { format!("{message}: {cause}") };
    let error = Error::new(ErrorKind::Environment, message)
        .with_hint(format!("{remedy}; or choose --engine container or --engine process"));
    if failure.errno == 0 || !cause.is_empty() {
        return error;
    }
    error.with_source(std::io::Error::from_raw_os_error(failure.errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_that_forbids_it_is_named() {
        let some = |text: &str| Some(text.to_owned());
        let cases = [
            (
                UNSHARE,
                EPERM,
                Facts { unprivileged_clone: some("0"), ..Facts::default() },
                "unprivileged_userns_clone is 0",
            ),
            (UNSHARE, ENOSPC, Facts { most_namespaces: some("0"), ..Facts::default() }, "max_user_namespaces"),
            (MAP, EACCES, Facts { apparmor: some("1"), ..Facts::default() }, "AppArmor"),
            (UNSHARE, EPERM, Facts { has_seccomp: true, ..Facts::default() }, "seccomp"),
            (PROC, EPERM, Facts { has_seccomp: true, ..Facts::default() }, "/proc"),
        ];
        for (what, errno, facts, named) in cases {
            let error = explain(&Failure { what: what.to_owned(), errno }, &facts);
            assert!(error.to_string().contains(named), "{error}");
            assert!(error.hint.unwrap().ends_with("--engine container or --engine process"));
        }
    }
}
