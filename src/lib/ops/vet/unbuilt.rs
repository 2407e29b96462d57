//! Rules of the reference that are not built yet, each with what it needs.

use super::rule::Unbuilt;
use crate::problem::Severity::{self, Error, Warning};

const fn rule(id: &'static str, severity: Severity, title: &'static str, needs: &'static str) -> Unbuilt {
    Unbuilt { id, severity, title, needs }
}

const RENDER: &str = "the native build of kustomizations";
const HISTORY: &str = "the history, compared between two commits";

pub(super) const UNBUILT: &[Unbuilt] = &[
    rule(
        "SRC03",
        Warning,
        "a pinned source that uses the write credential of bootstrap",
        "to know what a Secret may do",
    ),
    rule("KST04", Error, "two Kustomizations that render the same object", RENDER),
    rule("KUS04", Error, "a patch, image or replacement that selects nothing", RENDER),
    rule("KUS05", Warning, "a patch that changes nothing", RENDER),
    rule("RES01", Error, "an object whose Namespace is not there", RENDER),
    rule("RES02", Error, "a reference to an object that is not there", RENDER),
    rule("SEC04", Warning, "a credential that can write, in a workload cluster", "to know what a Secret may do"),
    rule("PRN01", Error, "a change that deletes what is guarded", HISTORY),
    rule("PRN03", Warning, "a mark against pruning that comes too late", HISTORY),
    rule("PRN04", Warning, "a Kustomization that is renamed, or begins to prune", HISTORY),
    rule("CAP03", Warning, "a machine template that is changed in place", HISTORY),
    rule(
        "CAP04",
        Warning,
        "a bootstrap marker or network choice that is kept by live labels",
        "a look into the cluster",
    ),
];
