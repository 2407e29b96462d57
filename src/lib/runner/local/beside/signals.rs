//! Signals as a program that kfleet starts has to find them, whatever kfleet itself blocks, catches or was started to ignore.

use std::sync::Arc;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Lets programs begin with the usual reaction to these signals. Where kfleet was started in the background, Ctrl-C is
/// ignored, and so it would be by all that comes from kfleet: what is caught here is not ignored there (POSIX, exec).
pub(crate) fn reset_ignored() {
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        let _ = signal_hook::flag::register(signal, Arc::default());
    }
}

/// The signals that kfleet blocks, which programs would inherit: while this lives, none are.
pub(crate) struct Mask {
    #[cfg(target_os = "linux")]
    blocked: Option<nix::sys::signal::SigSet>,
}

impl Mask {
    #[cfg(target_os = "linux")]
    pub(crate) fn clear() -> Mask {
        use nix::sys::signal::{SigSet, SigmaskHow};
        Mask { blocked: SigSet::empty().thread_swap_mask(SigmaskHow::SIG_SETMASK).ok() }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn clear() -> Mask {
        Mask {}
    }
}

#[cfg(target_os = "linux")]
impl Drop for Mask {
    fn drop(&mut self) {
        if let Some(blocked) = &self.blocked {
            let _ = blocked.thread_set_mask();
        }
    }
}
