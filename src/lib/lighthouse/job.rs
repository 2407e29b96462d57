//! [`Job`]: what the selection hands to the loader of Tekton objects.

use std::collections::BTreeMap;

/// The parameters that Lighthouse gives to every run, in its order.
pub const INJECTED: [&str; 13] = [
    "BUILD_ID",
    "JOB_NAME",
    "JOB_SPEC",
    "JOB_TYPE",
    "PULL_BASE_REF",
    "PULL_BASE_SHA",
    "PULL_NUMBER",
    "PULL_PULL_REF",
    "PULL_PULL_SHA",
    "PULL_REFS",
    "REPO_NAME",
    "REPO_OWNER",
    "REPO_URL",
];

/// Those of [`INJECTED`] that are empty where there is no pull request.
pub const OF_PULLS: [&str; 3] = ["PULL_NUMBER", "PULL_PULL_REF", "PULL_PULL_SHA"];

/// One job that an event starts (or would not start), with everything that its run gets from the event.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The name in the trigger file.
    pub name: String,
    /// Presubmit, postsubmit, deployment or periodic.
    pub kind: JobKind,
    /// The trigger file, relative to the root of the repository, and the line of the job in it.
    pub file: String,
    /// The line of the job in [`Job::file`], from 1.
    pub line: usize,
    /// Where the Tekton object is.
    pub source: Source,
    /// The injected parameters (`BUILD_ID` to `REPO_URL`, in the order of Lighthouse), then those of `pipeline_run_params`.
    pub parameters: Vec<(String, String)>,
    /// Those of [`Job::parameters`] whose value whoever causes the event can choose, such as the name of a branch.
    pub event_controlled: Vec<String>,
    /// Labels for the run: those of Lighthouse, overridden by those of the job.
    pub labels: BTreeMap<String, String>,
    /// Annotations for the run.
    pub annotations: BTreeMap<String, String>,
    /// The `generateName` of the run, ending in `-`.
    pub generate_name: String,
    /// The name of the commit status.
    pub context: String,
}

/// The four lists of a trigger file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobKind {
    /// For pull requests.
    Presubmit,
    /// For pushes of branches and tags.
    Postsubmit,
    /// By the clock.
    Periodic,
    /// For `deployment_status` events.
    Deployment,
}

impl JobKind {
    /// As in `JOB_TYPE`.
    pub fn name(self) -> &'static str {
        match self {
            JobKind::Presubmit => "presubmit",
            JobKind::Postsubmit => "postsubmit",
            JobKind::Periodic => "periodic",
            JobKind::Deployment => "deployment",
        }
    }
}

/// Where the Tekton object of a job is.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A file of the repository, relative to its root.
    File(String),
    /// An absolute URL.
    Url(String),
    /// `pipeline_run_spec`: a v1 PipelineRunSpec written in the trigger file.
    Inline(serde_json::Value),
}
