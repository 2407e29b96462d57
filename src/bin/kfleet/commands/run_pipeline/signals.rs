//! Signals that ask a run to stop.

use kfleet::error::{Error, ErrorKind};
use kfleet::runner::cancel::Cancel;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// From here on, SIGINT, SIGTERM and the end of the terminal ask the run to stop, and the third of them ends kfleet. What
/// kfleet starts does not inherit this.
pub(super) fn stop_on_signals(cancel: &Cancel) -> Result<(), Error> {
    let mut wanted = vec![SIGINT, SIGTERM];
    // Under nohup a run goes on without its terminal.
    if !is_ignored(SIGHUP) {
        wanted.push(SIGHUP);
    }
    let mut signals = Signals::new(wanted)
        .map_err(|cause| Error::new(ErrorKind::Environment, "cannot wait for signals").with_source(cause))?;
    let cancel = cancel.clone();
    std::thread::spawn(move || {
        for count in (1..).zip(signals.forever()).map(|(count, _)| count) {
            cancel.request();
            if count == 3 {
                // Whoever asks three times does not want to wait for anything.
                let _ = signal_hook::low_level::emulate_default_handler(SIGTERM);
            }
        }
    });
    Ok(())
}

/// Whether kfleet was started with a signal ignored, as far as the system shows.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    ignored >> (signal - 1) & 1 == 1
}
