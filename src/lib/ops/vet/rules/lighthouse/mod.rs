//! Rules of what Lighthouse runs: triggers, and the Tekton objects beside them.

pub(super) mod tekton;
pub(super) mod triggers;
