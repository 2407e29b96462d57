//! Gives up, for good, all rights that a step must not have.

use std::collections::BTreeMap;
use std::io;

use nix::libc;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits, set_no_new_privs,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

use crate::runner::local::beside::protocol::{Failure, Tried, World};

/// Writes to a file of `/proc`.
pub(super) fn write_setting(path: &str, text: &str) -> io::Result<()> {
    let mut file = std::fs::File::options().write(true).open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())
}

/// Confines this process and all that it starts.
pub(super) fn confine(world: &World, processes: u32) -> Tried {
    if world.counts_by_user {
        let most = Some(u64::from(processes));
        setrlimit(Resource::Nproc, Rlimit { current: most, maximum: most })
            .map_err(|cause| Failure::new("limit the number of processes", cause))?;
    }
    // When memory runs out, the steps go first. Not being allowed to say so is not a failure.
    let _ = write_setting("/proc/self/oom_score_adj", "600");
    drop_rights().map_err(|cause| Failure::new("give up the rights within the sandbox", cause))?;
    // The step runs as the same user as this process, but must not look into it or steer it.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|cause| Failure::new("hide the first process from the step", cause))?;
    filter_calls().map_err(|cause| Failure::new("filter the system calls of the step", cause))
}

fn drop_rights() -> io::Result<()> {
    clear_ambient_capability_set()?;
    for bit in 0..64 {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        // The system knows fewer than 64: the first that it does not know is the end.
        if remove_capability_from_bounding_set(capability).is_err() {
            if bit == 0 {
                return Err(io::Error::from(io::ErrorKind::PermissionDenied));
            }
            break;
        }
    }
    let bits = CapabilitiesSecureBits::NO_ROOT
        | CapabilitiesSecureBits::NO_ROOT_LOCKED
        | CapabilitiesSecureBits::NO_SETUID_FIXUP
        | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED;
    set_capabilities_secure_bits(bits)?;
    set_no_new_privs(true)?;
    let none = CapabilitySet::empty();
    Ok(set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?)
}

/// Calls that no step needs and that reach beyond it: keys of the caller's session, the kernel's own machinery, mounts.
fn filter_calls() -> io::Result<()> {
    const FORBIDDEN: [libc::c_long; 31] = [
        libc::SYS_add_key,
        libc::SYS_bpf,
        libc::SYS_clock_adjtime,
        libc::SYS_clock_settime,
        libc::SYS_delete_module,
        libc::SYS_finit_module,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fsopen,
        libc::SYS_fspick,
        libc::SYS_init_module,
        libc::SYS_kexec_load,
        libc::SYS_keyctl,
        libc::SYS_mount,
        libc::SYS_mount_setattr,
        libc::SYS_move_mount,
        libc::SYS_open_by_handle_at,
        libc::SYS_open_tree,
        libc::SYS_perf_event_open,
        libc::SYS_pivot_root,
        libc::SYS_quotactl,
        libc::SYS_reboot,
        libc::SYS_request_key,
        libc::SYS_setdomainname,
        libc::SYS_sethostname,
        libc::SYS_setns,
        libc::SYS_swapoff,
        libc::SYS_swapon,
        libc::SYS_syslog,
        libc::SYS_umount2,
        libc::SYS_userfaultfd,
    ];
    let arch = if cfg!(target_arch = "aarch64") { TargetArch::aarch64 } else { TargetArch::x86_64 };
    let rules: BTreeMap<i64, Vec<_>> = FORBIDDEN.iter().map(|call| (*call, Vec::new())).collect();
    let denied = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, arch).map_err(io::Error::other)?;
    let program = BpfProgram::try_from(filter).map_err(io::Error::other)?;
    seccompiler::apply_filter(&program).map_err(io::Error::other)
}
