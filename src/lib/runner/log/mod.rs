//! What people and programs read of a run: its events as text, as groups of a CI service, as JSON, as a table at the
//! end, and as one value. Everything here makes text out of events; who prints it is not known.

mod ci;
mod clean;
mod footer;
mod json;
mod lines;
mod report;
mod summary;
mod text;

pub use ci::{Ci, CiLog};
pub(crate) use clean::plain;
pub use clean::{Colours, clean};
pub use footer::Footer;
pub use json::{Line, json_line, parse_line, timestamp};
pub use lines::{LINE_LIMIT, Lines};
pub(crate) use report::NO_IMAGE;
pub use report::{RunReport, StepReport, TaskReport};
pub use summary::Summary;
pub use text::{TextLog, push_text, seconds};

use super::event::Event;

/// Makes text out of events, which it gets in order.
pub trait Render: Send {
    /// Appends what an event looks like to `out`: whole lines, or nothing. `now` is in milliseconds since 1970.
    fn event(&mut self, now: i64, event: &Event, out: &mut String);
}
