//! The event that jobs are selected for: a saved one, the one that the user names, or what follows from the branch and its changes.

use super::checkout::Checkout;
use super::options::Asked;
use crate::error::{Error, ErrorKind, Result};
use crate::lighthouse::job::JobKind;
use crate::lighthouse::{self, Event, HeadRepository, JobConfig, Pull, Repository, TriggerEvent, User};

/// The event; `named` is the job that the user wants.
///
/// # Errors
/// The saved event cannot be read, or the tag has no name ([`ErrorKind::Usage`]).
pub(super) fn event_of(checkout: &Checkout, asked: &Asked, named: Option<&JobConfig>) -> Result<Event> {
    let facts = &checkout.facts;
    if let Some(saved) = &asked.saved {
        return Ok(completed(lighthouse::read_event(saved)?, checkout, asked));
    }
    // Without a branch the commit stands for it, and is not a default branch.
    let branch = facts.branch.clone().unwrap_or_else(|| checkout.snapshot.commit.clone());
    let head = match facts.branch {
        Some(_) => format!("refs/heads/{branch}"),
        None => branch.clone(),
    };
    let push = |reference: String, files: &[String]| TriggerEvent::Push {
        reference,
        after: checkout.snapshot.commit.clone(),
        deleted: false,
        files: Some(files.to_vec()),
    };
    let pull_request = || pull_request(checkout, asked).trigger;
    let trigger = match (asked.comment.as_ref(), asked.event.as_deref(), named.map(|job| job.kind)) {
        (Some(body), _, _) => TriggerEvent::Comment {
            action: "created".to_owned(),
            body: body.clone(),
            author: owner(),
            pull: Some(pull(checkout, asked)),
        },
        (None, Some("tag"), _) => {
            let Some(tag) = &asked.tag else {
                let error = Error::new(ErrorKind::Usage, "the push of a tag needs its name");
                return Err(error.with_hint("name it with --tag"));
            };
            // A push of a tag carries no commits.
            push(format!("refs/tags/{tag}"), &[])
        }
        (None, Some("push"), _) | (None, None, Some(JobKind::Postsubmit)) => push(head, &checkout.changed),
        (None, Some(_), _) | (None, None, Some(JobKind::Presubmit)) => pull_request(),
        (None, None, Some(JobKind::Periodic)) => {
            TriggerEvent::Periodic { name: named.map(|job| job.name.clone()).unwrap_or_default() }
        }
        (None, None, Some(JobKind::Deployment)) => TriggerEvent::DeploymentStatus {
            state: named.map(|job| job.state.clone()).unwrap_or_default(),
            environment: named.map(|job| job.environment.clone()).unwrap_or_default(),
            reference: branch,
            sha: checkout.snapshot.commit.clone(),
        },
        (None, None, None) if branch == facts.default_branch => push(head, &checkout.changed),
        (None, None, None) => pull_request(),
    };
    Ok(Event { repository: repository(checkout, asked), trigger, guid: None })
}

/// The event that the branch which is checked out is pushed to a pull request.
pub(super) fn pull_request(checkout: &Checkout, asked: &Asked) -> Event {
    let trigger = TriggerEvent::PullRequest {
        action: "synchronize".to_owned(),
        base_changed: false,
        label: None,
        pull: pull(checkout, asked),
    };
    Event { repository: repository(checkout, asked), trigger, guid: None }
}

/// A saved event with what the clone knows: what is run is always the work tree.
fn completed(mut event: Event, checkout: &Checkout, asked: &Asked) -> Event {
    event.repository.clone_url.clone_from(&asked.url);
    let own = pull(checkout, asked);
    if let Some(pull) = event.pull_mut() {
        for (field, value) in [(&mut pull.base_ref, own.base_ref), (&mut pull.head_ref, own.head_ref)] {
            if field.is_empty() {
                *field = value;
            }
        }
        pull.base_sha = own.base_sha;
        pull.head_sha = own.head_sha;
        if pull.files.is_none() {
            pull.files = own.files;
        }
    }
    match &mut event.trigger {
        TriggerEvent::Push { after: commit, .. } | TriggerEvent::DeploymentStatus { sha: commit, .. } => {
            commit.clone_from(&checkout.snapshot.commit);
        }
        _ => {}
    }
    event
}

fn repository(checkout: &Checkout, asked: &Asked) -> Repository {
    let facts = &checkout.facts;
    Repository {
        owner: facts.name.owner.clone(),
        name: facts.name.name.clone(),
        clone_url: asked.url.clone(),
        link: facts.url.clone().unwrap_or_default(),
        default_branch: facts.default_branch.clone(),
    }
}

fn pull(checkout: &Checkout, asked: &Asked) -> Pull {
    let facts = &checkout.facts;
    Pull {
        number: asked.pull.unwrap_or(1),
        title: checkout.head_name(),
        author: owner(),
        is_open: true,
        base_ref: facts.base_branch.clone(),
        base_sha: facts.base.clone().unwrap_or_default(),
        head_ref: checkout.head_branch(),
        head_sha: checkout.snapshot.commit.clone(),
        head_repository: HeadRepository::Same,
        files: Some(checkout.changed.clone()),
        ..Pull::default()
    }
}

/// Whoever runs kfleet in a clone is trusted.
fn owner() -> User {
    User { login: "you".to_owned(), is_local: true, ..User::default() }
}
