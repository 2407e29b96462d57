//! The keys that Lighthouse knows, in which jobs, and of which type their values are.

use crate::lighthouse::job::JobKind;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Bool,
    Number,
    Texts,
    Map,
    Params,
    Any,
}

const ALL: &[JobKind] = &[JobKind::Presubmit, JobKind::Postsubmit, JobKind::Periodic, JobKind::Deployment];
const CHANGES: &[JobKind] = &[JobKind::Presubmit, JobKind::Postsubmit];
const PRESUBMIT: &[JobKind] = &[JobKind::Presubmit];
const PERIODIC: &[JobKind] = &[JobKind::Periodic];
const DEPLOYMENT: &[JobKind] = &[JobKind::Deployment];

/// The lists below `spec`.
pub(super) const LISTS: [(&str, JobKind); 4] = [
    ("presubmits", JobKind::Presubmit),
    ("postsubmits", JobKind::Postsubmit),
    ("periodics", JobKind::Periodic),
    ("deployments", JobKind::Deployment),
];

/// The keys of jobs.
pub(super) const FIELDS: &[(&str, Type, &[JobKind])] = &[
    ("name", Type::Text, ALL),
    ("source", Type::Text, ALL),
    ("agent", Type::Text, ALL),
    ("pipeline_run_spec", Type::Any, ALL),
    ("pipeline_run_params", Type::Params, ALL),
    ("context", Type::Text, ALL),
    ("skip_report", Type::Bool, ALL),
    ("labels", Type::Map, ALL),
    ("annotations", Type::Map, ALL),
    ("max_concurrency", Type::Number, ALL),
    ("cluster", Type::Text, ALL),
    ("namespace", Type::Text, ALL),
    ("error_on_eviction", Type::Bool, ALL),
    ("spec", Type::Any, ALL),
    ("clone_uri", Type::Text, ALL),
    ("path_alias", Type::Text, ALL),
    ("clone_depth", Type::Number, ALL),
    ("skip_submodules", Type::Bool, ALL),
    ("decorate", Type::Any, ALL),
    ("branches", Type::Texts, CHANGES),
    ("skip_branches", Type::Texts, CHANGES),
    ("run_if_changed", Type::Text, CHANGES),
    ("ignore_changes", Type::Text, CHANGES),
    ("jenkins_spec", Type::Any, CHANGES),
    ("always_run", Type::Bool, PRESUBMIT),
    ("trigger", Type::Text, PRESUBMIT),
    ("rerun_command", Type::Text, PRESUBMIT),
    ("optional", Type::Bool, PRESUBMIT),
    ("require_run", Type::Bool, PRESUBMIT),
    ("cron", Type::Text, PERIODIC),
    ("branch", Type::Text, PERIODIC),
    ("state", Type::Text, DEPLOYMENT),
    ("environment", Type::Text, DEPLOYMENT),
];
