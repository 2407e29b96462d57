//! From a saved webhook of GitHub to an [`Event`]. Bodies are taken as they were sent, and in the forms
//! `{headers, body}` and `{request: {headers, payload}}` in which tools save them.

use super::event::{Event, HeadRepository, Pull, Repository, TriggerEvent, User};
use crate::error::{Error, ErrorKind, Result};
use ring::hmac;
use serde_json::Value;
use std::collections::BTreeSet;

/// The types that start jobs.
pub const EVENT_TYPES: [&str; 6] = [
    "pull_request",
    "push",
    "issue_comment",
    "pull_request_review_comment",
    "pull_request_review",
    "deployment_status",
];

/// GitHub sends no more.
const MAX_BODY: usize = 25 << 20;

/// Whether a body has the `X-Hub-Signature-256` that its header has, in a time that reveals nothing.
pub fn is_signed(secret: &[u8], body: &[u8], header: &str) -> bool {
    let Some(digits) = header.trim().strip_prefix("sha256=") else { return false };
    let is_hex = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if secret.is_empty() || !is_hex {
        return false;
    }
    let tag: Option<Vec<u8>> = (0..32).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    tag.is_some_and(|tag| hmac::verify(&key, body, &tag).is_ok())
}

/// A webhook that was saved.
#[derive(Debug, Clone, Default)]
pub struct Saved {
    /// The file, as the user named it.
    pub file: String,
    pub bytes: Vec<u8>,
    /// The type of the event, where the user says it.
    pub event_type: Option<String>,
}

/// Reads a saved webhook. Without a type, the headers or the shape say it.
///
/// # Errors
/// No JSON, an event that starts no jobs, or one that lacks something ([`ErrorKind::Usage`]).
pub fn read_event(saved: &Saved) -> Result<Event> {
    let file = crate::text::plain(&saved.file);
    let usage = |message: String| Error::new(ErrorKind::Usage, format!("cannot read the event {file}: {message}"));
    let bytes = saved.bytes.as_slice();
    if bytes.len() > MAX_BODY {
        return Err(usage("it is larger than 25 MiB".to_owned()));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let whole: Value = serde_json::from_slice(bytes).map_err(|error| {
        let message = format!("cannot read the event {file}:{}: {}", location_of(&error), what_of(&error));
        Error::new(ErrorKind::Usage, message).with_hint("save the body of the webhook as GitHub has sent it")
    })?;
    let envelope = whole.get("request").unwrap_or(&whole);
    let headers = envelope.get("headers").filter(|headers| headers.is_object());
    let inner = headers.and_then(|_| envelope.get("body").or_else(|| envelope.get("payload")));
    let body = match inner {
        Some(Value::String(text)) => serde_json::from_str(text)
            .map_err(|error| usage(format!("the text of its body, at {}: {}", location_of(&error), what_of(&error))))?,
        Some(body) => body.clone(),
        None => whole.clone(),
    };
    let told = saved.event_type.clone().or_else(|| header(headers, "x-github-event"));
    let kind = told.or_else(|| guess(&body).map(str::to_owned)).ok_or_else(|| {
        usage("its type does not follow from its shape".to_owned()).with_hint("say it with --event-type")
    })?;
    let guid = header(headers, "x-github-delivery");
    let trigger = match kind.as_str() {
        "pull_request" => pull_request(&body),
        "push" => push(&body),
        "issue_comment" => issue_comment(&body),
        "pull_request_review_comment" => review(&body, "comment"),
        "pull_request_review" => review(&body, "review"),
        "deployment_status" => deployment(&body),
        other => {
            let message = format!("an event of type {} starts no jobs", crate::text::plain(other));
            return Err(usage(message).with_hint(format!("kfleet knows {}", EVENT_TYPES.join(", "))));
        }
    };
    let event = trigger.and_then(|trigger| Ok(Event { repository: repository(&body)?, trigger, guid }));
    event.map_err(|message| usage(format!("{kind}: {message}")))
}

/// Line and column of what is not JSON.
fn location_of(error: &serde_json::Error) -> String {
    format!("{}:{}", error.line().max(1), error.column().max(1))
}

/// What is wrong, without the place that the parser adds.
fn what_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("this is not JSON: {what}")
}

fn header(headers: Option<&Value>, name: &str) -> Option<String> {
    let (_, value) = headers?.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    let value = value.as_array().and_then(|list| list.first()).unwrap_or(value);
    value.as_str().map(str::to_owned)
}

/// The type that a body of this shape has.
fn guess(body: &Value) -> Option<&'static str> {
    let has = |key| body.get(key).is_some_and(|value| !value.is_null());
    Some(match () {
        () if has("deployment_status") => "deployment_status",
        () if has("comment") && has("issue") => "issue_comment",
        () if has("comment") && has("pull_request") => "pull_request_review_comment",
        () if has("review") && has("pull_request") => "pull_request_review",
        () if has("pull_request") && has("action") => "pull_request",
        () if has("ref") && has("after") => "push",
        () => return None,
    })
}

type Read<T> = std::result::Result<T, String>;

/// The text at a path; empty where there is none.
fn text(value: &Value, path: &str) -> String {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn needed(value: &Value, path: &str) -> Read<String> {
    let found = text(value, path);
    if found.is_empty() { Err(format!("it has no {}", path[1..].replace('/', "."))) } else { Ok(found) }
}

/// A commit: it may become part of commands, so it is nothing but hex.
fn sha(value: &Value, path: &str) -> Read<String> {
    let found = text(value, path);
    let is_hex = found.len() <= 64 && found.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hex { Ok(found) } else { Err(format!("{} is not a commit", path[1..].replace('/', "."))) }
}

fn repository(body: &Value) -> Read<Repository> {
    let full = needed(body, "/repository/full_name")?;
    let is_name = |name: &str| {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        !name.is_empty() && name.bytes().all(is_allowed) && name != ".." && name != "."
    };
    let Some((owner, name)) = full.split_once('/').filter(|(owner, name)| is_name(owner) && is_name(name)) else {
        return Err("repository.full_name is not owner/name".to_owned());
    };
    Ok(Repository {
        owner: owner.to_owned(),
        name: name.to_owned(),
        clone_url: text(body, "/repository/clone_url"),
        link: text(body, "/repository/html_url"),
        default_branch: text(body, "/repository/default_branch"),
    })
}

fn user(value: &Value, login: &str, association: &str) -> User {
    User { login: text(value, login), association: text(value, association), is_local: false }
}

fn labels(value: &Value) -> Vec<String> {
    let items = value.get("labels").and_then(Value::as_array).into_iter().flatten();
    items.map(|label| text(label, "/name")).filter(|name| !name.is_empty()).collect()
}

/// `pull_request` of a body.
fn pull(body: &Value) -> Read<Pull> {
    let value = body.get("pull_request").ok_or("it has no pull_request")?;
    let number = value.get("number").or_else(|| body.get("number")).and_then(Value::as_u64);
    let (base, head) = (text(value, "/base/repo/full_name"), text(value, "/head/repo/full_name"));
    let base = if base.is_empty() { text(body, "/repository/full_name") } else { base };
    Ok(Pull {
        number: number.ok_or("it has no pull_request.number")?,
        title: text(value, "/title"),
        author: user(value, "/user/login", "/author_association"),
        is_open: text(value, "/state") != "closed",
        is_draft: value.get("draft").and_then(Value::as_bool).unwrap_or(false),
        labels: labels(value),
        base_ref: needed(value, "/base/ref")?,
        base_sha: sha(value, "/base/sha")?,
        head_ref: text(value, "/head/ref"),
        head_sha: sha(value, "/head/sha")?,
        head_repository: if head.eq_ignore_ascii_case(&base) {
            HeadRepository::Same
        } else {
            HeadRepository::Fork(head)
        },
        files: None,
    })
}

fn pull_request(body: &Value) -> Read<TriggerEvent> {
    let label = text(body, "/label/name");
    Ok(TriggerEvent::PullRequest {
        action: needed(body, "/action")?,
        base_changed: body.pointer("/changes/base").is_some_and(|base| !base.is_null()),
        label: Some(label).filter(|label| !label.is_empty()),
        pull: pull(body)?,
    })
}

fn issue_comment(body: &Value) -> Read<TriggerEvent> {
    let issue = body.get("issue").ok_or("it has no issue")?;
    let is_pull = issue.get("pull_request").is_some_and(|pull| !pull.is_null());
    let pull = is_pull.then(|| Pull {
        number: issue.get("number").and_then(Value::as_u64).unwrap_or(0),
        title: text(issue, "/title"),
        author: user(issue, "/user/login", "/author_association"),
        is_open: text(issue, "/state") == "open",
        is_draft: issue.get("draft").and_then(Value::as_bool).unwrap_or(false),
        labels: labels(issue),
        ..Pull::default()
    });
    if pull.as_ref().is_some_and(|pull| pull.number == 0) {
        return Err("it has no issue.number".to_owned());
    }
    Ok(TriggerEvent::Comment {
        action: needed(body, "/action")?,
        body: text(body, "/comment/body"),
        author: user(body, "/comment/user/login", "/comment/author_association"),
        pull,
    })
}

/// A comment on a line, or a whole review: both are comments to Lighthouse.
fn review(body: &Value, key: &str) -> Read<TriggerEvent> {
    let value = body.get(key).ok_or_else(|| format!("it has no {key}"))?;
    Ok(TriggerEvent::Comment {
        action: needed(body, "/action")?,
        body: text(value, "/body"),
        author: user(value, "/user/login", "/author_association"),
        pull: Some(pull(body)?),
    })
}

fn push(body: &Value) -> Read<TriggerEvent> {
    let commits = body.get("commits").and_then(Value::as_array);
    let mut files = BTreeSet::new();
    for commit in commits.into_iter().flatten() {
        for list in ["added", "removed", "modified"] {
            let paths = commit.get(list).and_then(Value::as_array).into_iter().flatten();
            files.extend(paths.filter_map(Value::as_str).map(str::to_owned));
        }
    }
    Ok(TriggerEvent::Push {
        reference: needed(body, "/ref")?,
        after: sha(body, "/after")?,
        deleted: body.get("deleted").and_then(Value::as_bool).unwrap_or(false),
        files: commits.map(|_| files.into_iter().collect()),
    })
}

fn deployment(body: &Value) -> Read<TriggerEvent> {
    Ok(TriggerEvent::DeploymentStatus {
        state: needed(body, "/deployment_status/state")?,
        environment: text(body, "/deployment/environment"),
        reference: text(body, "/deployment/ref"),
        sha: sha(body, "/deployment/sha")?,
    })
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
