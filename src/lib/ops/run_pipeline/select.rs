//! What is run: the jobs that an event starts, or a file that was named.

use super::checkout::Checkout;
use super::configuration::{self, Configuration};
use super::event::{event_of, pull_request};
use super::options::Asked;
use super::session::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::lighthouse::job::{Job, JobKind};
use crate::lighthouse::{self, Config, Context, Event, JobConfig, TriggerEvent};
use crate::path::plain_path;
use crate::problem::Problem;

/// Something that is run.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected {
    pub target: Target,
    pub why: String,
    /// The values that a file gets; a job has its own.
    pub parameters: Vec<(String, String)>,
    /// The pull request that it is about.
    pub pull: Option<u64>,
    /// Whether only the base branch has it: files that the work tree lacks come from there.
    pub is_of_base: bool,
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
    pub selected: Vec<Selected>,
    /// Jobs that are not: name, kind and why.
    pub skipped: Vec<(String, &'static str, String)>,
    /// What is wrong with the trigger files; with any error nothing is run.
    pub problems: Vec<Problem>,
    /// What has happened, in words.
    pub event: String,
}

/// Why whatever an event starts is not trusted: its commits come from another repository.
///
/// # Errors
/// The saved event cannot be read ([`ErrorKind::Usage`]).
pub fn untrusted(asked: &Asked) -> Result<Option<String>> {
    let Some(saved) = &asked.saved else { return Ok(None) };
    let event = lighthouse::read_event(saved)?;
    Ok(event.untrusted().filter(|_| !asked.trust || !matches!(event.trigger, TriggerEvent::Comment { .. })))
}

/// Whether what is named is the file of a run, and no job.
pub fn is_file(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

/// The file of a run, where one is named and not a job.
pub(super) fn file(checkout: &Checkout, asked: &Asked) -> Option<Selected> {
    let name = asked.job.as_ref().filter(|name| is_file(name))?;
    // What leaves the repository is refused where it is loaded.
    let path = plain_path(&checkout.here, name).filter(|_| !name.starts_with('/')).unwrap_or_else(|| name.clone());
    let event = pull_request(checkout, asked);
    Some(Selected {
        parameters: lighthouse::injected(&path, JobKind::Presubmit, &event, &asked.now.to_string()),
        target: Target::File(path),
        why: "named".to_owned(),
        pull: event.pull().map(|pull| pull.number),
        is_of_base: false,
    })
}

/// What decides besides the event.
pub(super) fn context(asked: &Asked) -> Context {
    Context {
        trust: asked.trust,
        failed_contexts: asked.failed_contexts.iter().cloned().collect(),
        build_id: asked.now.to_string(),
        ..Context::default()
    }
}

impl Session<'_> {
    /// Selects what is run. A job that is named is run whatever the event says of it.
    ///
    /// # Errors
    /// Trigger files cannot be read; there is no such job ([`ErrorKind::Usage`]).
    pub fn select(&self) -> Result<Selection> {
        let (checkout, asked) = (&self.checkout, &self.asked);
        if let Some(selected) = file(checkout, asked) {
            let event = "none: a file is named".to_owned();
            return Ok(Selection { selected: vec![selected], event, ..Selection::default() });
        }
        let Configuration { config, problems } = configuration::read(checkout, asked)?;
        let named = asked.job.as_deref().map(|name| named(&config, name, asked)).transpose()?;
        let event = event_of(checkout, asked, named)?;
        let context = context(asked);
        let mut selection = Selection { problems, event: described(&event), ..Selection::default() };
        let pull = event.pull().map(|pull| pull.number);
        let decided = lighthouse::select(&config, &event, &context);
        for decision in decided.decisions {
            let why = decision.reason.to_string();
            let is_named = named.is_some_and(|job| job.name == decision.name && job.kind == decision.kind);
            let forced = named.filter(|_| is_named && decision.job.is_none() && !decision.selected);
            let is_of_base = checkout.is_of_base(&decision.location);
            let built = match (decision.job, forced) {
                (Some(job), _) => Ok((job, why)),
                (None, Some(job)) => lighthouse::build_job(job, &event, &context)
                    .map(|job| (job, format!("named, though the event does not start it: {why}")))
                    .map_err(|finding| finding.problem.message),
                (None, None) => Err(decision.problem.map_or(why, |finding| finding.problem.message)),
            };
            match built {
                Ok((job, why)) if named.is_none() || is_named => {
                    let target = Target::Job(Box::new(job));
                    selection.selected.push(Selected { target, why, parameters: Vec::new(), pull, is_of_base });
                }
                Ok(_) => {
                    selection.skipped.push((decision.name, decision.kind.name(), "another job is named".to_owned()))
                }
                Err(why) => selection.skipped.push((decision.name, decision.kind.name(), why)),
            }
        }
        Ok(selection)
    }
}

/// The job of a name; of several, the one that the event is for.
pub(super) fn named<'a>(config: &'a Config, name: &str, asked: &Asked) -> Result<&'a JobConfig> {
    let wanted = match asked.event.as_deref() {
        Some("push" | "tag") => JobKind::Postsubmit,
        _ => JobKind::Presubmit,
    };
    let of_name = || config.jobs.iter().filter(|job| job.name == name);
    of_name().find(|job| job.kind == wanted).or_else(|| of_name().next()).ok_or_else(|| {
        let names: Vec<&str> = config.jobs.iter().map(|job| job.name.as_str()).collect();
        Error::new(ErrorKind::Usage, format!("{} is not a job of this repository", name.escape_debug()))
            .with_hint(format!("the jobs are {}", names.join(", ")))
    })
}

fn described(event: &Event) -> String {
    match &event.trigger {
        TriggerEvent::PullRequest { action, pull, .. } => {
            format!("pull request {} to {}, {action}", pull.number, pull.base_ref)
        }
        TriggerEvent::Comment { body, pull, .. } => {
            let number = pull.as_ref().map_or(0, |pull| pull.number);
            format!("a comment on pull request {number}: {}", body.lines().next().unwrap_or_default())
        }
        TriggerEvent::Push { reference, .. } if !reference.starts_with("refs/") => {
            format!("a push of the commit {reference} (detached HEAD: no branch is checked out)")
        }
        TriggerEvent::Push { reference, .. } => format!("a push of {reference}"),
        TriggerEvent::DeploymentStatus { state, environment, .. } => format!("the state {state} of {environment}"),
        TriggerEvent::Periodic { name } => format!("the time of {name}"),
    }
}
