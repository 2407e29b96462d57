//! Which jobs of `.lighthouse/triggers.yaml` an event starts, and why, as Lighthouse decides it.

pub mod go_regex;
