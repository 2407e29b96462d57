//! Tests of the controller, on an engine in memory whose steps do what a script says.

use super::*;
use std::sync::Mutex;

/// Keeps all events.
#[derive(Default)]
pub(crate) struct Recorder {
    events: Mutex<Vec<Event>>,
}

impl Recorder {
    pub(crate) fn logs(&self) -> Vec<String> {
        let events = self.events.lock().expect("no panic");
        events
            .iter()
            .filter_map(|event| match event {
                Event::Log { text, .. } => Some(text.clone()),
                _ => None,
            })
            .collect()
    }
}

impl Sink for Recorder {
    fn event(&self, event: Event) {
        self.events.lock().expect("no panic").push(event);
    }
}
