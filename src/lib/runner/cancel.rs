//! [`Cancel`]: how a run is asked to end, and [`Stop`]: what that and the clock mean for a piece of it. What ends, and how, is
//! not known here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Asks a run to stop: the first time its tasks end and `finally` is run, the second time everything ends.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    pub(crate) gently: Arc<AtomicBool>,
    pub(crate) at_once: Arc<AtomicBool>,
}

impl Cancel {
    /// Asks once more.
    pub fn request(&self) {
        if self.gently.swap(true, Ordering::SeqCst) {
            self.at_once.store(true, Ordering::SeqCst);
        }
    }

    /// Whether it was asked at all.
    pub fn is_requested(&self) -> bool {
        self.gently.load(Ordering::SeqCst)
    }

    /// What limits work that comes before the tasks.
    pub fn stop(&self) -> Stop {
        Stop { deadline: None, cancelled: Arc::clone(&self.gently), at_once: Arc::clone(&self.at_once) }
    }

    /// Whether it was asked for the second time.
    pub(crate) fn is_at_once(&self) -> bool {
        self.at_once.load(Ordering::SeqCst)
    }
}

/// When a piece of a run has to end although it has not ended by itself.
#[derive(Debug, Clone)]
pub struct Stop {
    /// At this time: the timeout of the step, task or run, whichever comes first.
    pub deadline: Option<Instant>,
    /// As soon as this is set: it is asked to end, and has some time to do so.
    pub cancelled: Arc<AtomicBool>,
    /// As soon as this is set too, it has no time any more.
    pub at_once: Arc<AtomicBool>,
}

impl Stop {
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// Whether the run was cancelled by somebody who does not want to wait.
    pub fn is_at_once(&self) -> bool {
        self.is_cancelled() && self.at_once.load(Ordering::SeqCst)
    }

    /// Whether the time is over.
    pub fn is_late(&self) -> bool {
        is_over(self.deadline)
    }
}

pub(crate) fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}
