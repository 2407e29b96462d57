//! Refusals: why a destination is not promoted, as problems with a place.

use crate::error::Error;
use crate::fleet::clusters::Cluster;
use crate::fleet::reconcile_disabled::Unclear;
use crate::fleet::select_sync::NoPair;
use crate::problem::{Location, Problem, Severity};
use crate::text::short;

/// An error about a destination as a problem.
pub(super) fn refusal(file: &str, error: &Error) -> Problem {
    Problem { severity: Severity::Error, location: whole(file), message: error.to_string(), hint: error.hint.clone() }
}

/// A refusal at a place; an empty hint is none.
pub(super) fn refuse<T>(location: &Location, message: impl Into<String>, hint: &str) -> Result<T, Problem> {
    let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
    Err(Problem { severity: Severity::Error, location: location.clone(), message: message.into(), hint })
}

/// As [`refuse`], about a file or folder as a whole.
pub(super) fn refuse_whole<T>(path: &str, message: impl Into<String>, hint: &str) -> Result<T, Problem> {
    refuse(&whole(path), message, hint)
}

fn whole(path: &str) -> Location {
    Location::of_file(path)
}

/// Why a cluster has no pair that could be promoted.
pub(super) fn no_pair(cluster: &Cluster, reason: NoPair) -> Problem {
    let (message, location, hint) = match reason {
        NoPair::Unclear(message, location, hint) => (message, location, hint),
        NoPair::None => {
            (format!("{} has no sync", cluster.name), whole(&cluster.folder), "promote the whole cluster first")
        }
    };
    Problem { severity: Severity::Error, location, message, hint: Some(hint.to_owned()) }
}

/// What is not known of an addon, as a refusal.
pub(super) fn unclear(addon: &str, commit: &str, (location, message): Unclear) -> Problem {
    let message = format!("{addon} cannot be pinned apart from the flavour at {}: {message}", short(commit));
    let hint = "write the objects into files of the addon, and what is one cluster's own into its patches";
    Problem { severity: Severity::Error, location, message, hint: Some(hint.to_owned()) }
}
