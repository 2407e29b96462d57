//! What is run: the jobs that an event starts, or a file that was named.

use super::Checkout;
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::job::Job;

/// What the user says of the event; what is left out comes from the clone.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// A job, or the file of a run.
    pub job: Option<String>,
    /// `pull_request`, `push` or `tag`.
    pub event: Option<String>,
    /// The text of a comment.
    pub comment: Option<String>,
    /// A saved event.
    pub payload: Option<Vec<u8>>,
    /// Its type.
    pub payload_type: Option<String>,
    /// The number of the pull request.
    pub pull: Option<u64>,
    /// The head commit, in the place of the work tree.
    pub head: Option<String>,
    /// Whether an author who is not known is trusted.
    pub trust: bool,
    /// Statuses that have failed, for `/retest`.
    pub failed_contexts: Vec<String>,
    /// `head`, `base` or `merged`.
    pub config_from: Option<String>,
    /// The URL of the repository as steps see it.
    pub url: String,
    /// In milliseconds since 1970.
    pub now: i64,
}

/// Something that is run.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected {
    /// What it is.
    pub target: Target,
    /// Why.
    pub why: String,
    /// The values that a file gets; a job has its own.
    pub parameters: Vec<(String, String)>,
    /// The pull request that it is about.
    pub pull: Option<u64>,
}

/// A job, or a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A job of a trigger file.
    Job(Box<Job>),
    /// A file of the repository, relative to its root.
    File(String),
}

impl Selected {
    /// The name of the job, or of the file.
    pub fn name(&self) -> &str {
        match &self.target {
            Target::Job(job) => &job.name,
            Target::File(path) => path,
        }
    }

    /// Presubmit and so on.
    pub fn kind(&self) -> &'static str {
        match &self.target {
            Target::Job(job) => job.kind.name(),
            Target::File(_) => "file",
        }
    }

    /// How the name of the run begins.
    pub(super) fn generate_name(&self) -> String {
        match &self.target {
            Target::Job(job) => job.generate_name.clone(),
            Target::File(path) => {
                let name = path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or_default();
                let plain =
                    |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
                format!("{}-", name.chars().map(plain).collect::<String>().trim_matches('-'))
            }
        }
    }
}

/// What is run, and what is not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// What is run.
    pub selected: Vec<Selected>,
    /// Jobs that are not: name, kind and why.
    pub skipped: Vec<(String, &'static str, String)>,
}

/// Selects what is run.
///
/// # Errors
/// The file is not there, or trigger files cannot be used ([`ErrorKind::Usage`]).
pub fn select(checkout: &Checkout, asked: &Asked) -> Result<Selection> {
    let is_file = |name: &&String| name.ends_with(".yaml") || name.ends_with(".yml");
    if let Some(path) = asked.job.as_ref().filter(is_file) {
        let pull = Some(asked.pull.unwrap_or(1));
        let selected = Selected {
            target: Target::File(path.trim_start_matches("./").to_owned()),
            why: "named".to_owned(),
            parameters: parameters(checkout, asked),
            pull,
        };
        return Ok(Selection { selected: vec![selected], skipped: Vec::new() });
    }
    // The one place where `pipeline::trigger` is asked.
    let error = Error::new(ErrorKind::Usage, "jobs of .lighthouse/triggers.yaml cannot be selected yet");
    Err(error.with_hint("name the file of a run, such as .lighthouse/pr.yaml"))
}

/// What Lighthouse would tell a run of a pull request.
fn parameters(checkout: &Checkout, asked: &Asked) -> Vec<(String, String)> {
    let facts = &checkout.facts;
    let (number, head) = (asked.pull.unwrap_or(1), &checkout.snapshot.commit);
    let base = facts.base.clone().unwrap_or_default();
    let reference = format!("refs/pull/{number}/head");
    let refs = format!("{}:{base},{number}:{head}:{reference}", facts.base_branch);
    [
        ("BUILD_ID", asked.now.to_string()),
        ("JOB_NAME", asked.job.clone().unwrap_or_default()),
        ("JOB_SPEC", "type:presubmit".to_owned()),
        ("JOB_TYPE", "presubmit".to_owned()),
        ("PULL_BASE_REF", facts.base_branch.clone()),
        ("PULL_BASE_SHA", base),
        ("PULL_NUMBER", number.to_string()),
        ("PULL_PULL_REF", reference),
        ("PULL_PULL_SHA", head.clone()),
        ("PULL_REFS", refs),
        ("REPO_NAME", facts.name.name.clone()),
        ("REPO_OWNER", facts.name.owner.clone()),
        ("REPO_URL", asked.url.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
