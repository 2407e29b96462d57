//! What people see of downloads: a bar for each on a terminal, lines elsewhere.

use crate::ui::{Ui, escape};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use kfleet::source::Progress;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The downloads of a run.
pub(crate) struct Downloads<'a> {
    ui: &'a Ui,
    all: MultiProgress,
    bars: Mutex<BTreeMap<String, ProgressBar>>,
}

impl<'a> Downloads<'a> {
    /// None yet.
    pub(crate) fn new(ui: &'a Ui) -> Self {
        let target = match ui.shows_progress() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        Downloads { ui, all: MultiProgress::with_draw_target(target), bars: Mutex::default() }
    }

    fn bars(&self) -> MutexGuard<'_, BTreeMap<String, ProgressBar>> {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Downloads<'_> {
    fn begin(&self, source: &str) {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {bytes:>10} {msg}") {
            bar.set_style(style);
        }
        let bar = self.all.add(bar);
        bar.set_message(escape(source));
        bar.enable_steady_tick(Duration::from_millis(120));
        self.bars().insert(source.to_owned(), bar);
    }

    fn received(&self, source: &str, bytes: u64, total: Option<u64>) {
        let bars = self.bars();
        let Some(bar) = bars.get(source) else { return };
        if let Some(total) = total.filter(|total| bar.length() != Some(*total)) {
            bar.set_length(total);
            if let Ok(style) = ProgressStyle::with_template("{spinner} {bytes:>10} of {total_bytes} {msg}") {
                bar.set_style(style);
            }
        }
        bar.set_position(bytes);
    }

    fn retry(&self, source: &str, reason: &str) {
        let line = format!("{source}: {reason}; trying again");
        match self.bars().get(source).filter(|_| self.ui.shows_progress()) {
            Some(bar) => bar.set_message(escape(&line)),
            None => self.ui.status(&line),
        }
    }

    fn end(&self, source: &str) {
        if let Some(bar) = self.bars().remove(source) {
            let bytes = bar.position();
            bar.finish_and_clear();
            if !self.ui.shows_progress() {
                let size = if bytes > 0 { format!(" ({bytes} bytes)") } else { String::new() };
                self.ui.note(&format!("fetched {source}{size}"));
            }
        }
    }
}
