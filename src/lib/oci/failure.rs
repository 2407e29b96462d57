//! What a registry's refusals mean to the person who must act.

use super::credentials::Found;
use super::reference::{Reference, Version};
use crate::error::{Error, ErrorKind};
use crate::http::Response;
use crate::suggest::nearest;
use crate::text::{masked, plain, shortened};
use serde::Deserialize;

/// How many tags a hint lists.
const TOLD: usize = 5;

/// The body of a refusal (OCI distribution spec, error codes).
#[derive(Deserialize)]
struct Refusals {
    #[serde(default)]
    errors: Vec<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

/// An error of the work itself.
pub(super) fn failed(doing: &str, reason: impl std::fmt::Display, hint: impl Into<String>) -> Error {
    Error::new(ErrorKind::Failed, format!("{doing}: {reason}")).with_hint(hint)
}

/// A failure below, reported as one of this work.
pub(super) fn within(doing: &str, error: Error) -> Error {
    let message = error.message.strip_prefix("cannot download ").unwrap_or(&error.message);
    Error { message: format!("{doing}: {message}"), ..error }
}

/// There is no such artifact. `tags` are those that the repository has, if the registry lists them.
pub(super) fn missing(doing: &str, reference: &Reference, found: &Found, tags: Option<&[String]>) -> Error {
    match (&reference.version, tags) {
        (Version::Digest(_), Some(_)) => {
            let hint = "it may have been deleted: name a tag, or another digest";
            failed(doing, "the repository has nothing of this digest", hint)
        }
        (Version::Tag(_), Some(tags)) => {
            failed(doing, "the repository has no such tag", tags_hint(reference.name(), tags))
        }
        (_, None) => {
            let reason = match &found.login {
                Some(_) => {
                    format!("there is no such repository or version, or the login of {} does not show it", found.place)
                }
                None => "there is no such repository or version, or it is not shown without a login".to_owned(),
            };
            let hint = format!("check the spelling of the URL; log in with {}", login_commands(reference));
            failed(doing, reason, hint)
        }
    }
}

fn tags_hint(wanted: &str, tags: &[String]) -> String {
    let shown = |tag: &str| shortened(&plain(tag));
    let near = nearest(wanted, tags.iter().map(String::as_str));
    if !near.is_empty() {
        return format!("the nearest tags are {}", near.into_iter().map(shown).collect::<Vec<_>>().join(", "));
    }
    if tags.is_empty() {
        return "the repository has no tags at all".to_owned();
    }
    let told: Vec<String> = tags.iter().rev().take(TOLD).map(|tag| shown(tag)).collect();
    let more = tags.len() - told.len();
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("it has the tags {}{rest}", told.join(", "))
}

/// The registry, or its token server, wants another login.
pub(super) fn unauthorised(doing: &str, reference: &Reference, found: &Found) -> Error {
    if let (None, Some(trouble)) = (&found.login, &found.trouble) {
        let message = format!("{doing}: the registry wants a login: {}", trouble.message);
        return Error { hint: trouble.hint.clone(), ..Error::new(ErrorKind::Environment, message) };
    }
    let reason = match &found.login {
        Some(_) => format!("the registry does not accept the login of {}", found.place),
        None => "the registry wants a login".to_owned(),
    };
    Error::new(ErrorKind::Environment, format!("{doing}: {reason}"))
        .with_hint(format!("log in with {}", login_commands(reference)))
}

fn login_commands(reference: &Reference) -> String {
    let host = if reference.is_docker_hub() { String::new() } else { format!(" {}", reference.registry) };
    format!("`docker login{host}`, or `helm registry login {}`", reference.registry)
}

/// Any other answer that is not a success.
pub(super) fn refused(
    doing: &str,
    reference: &Reference,
    found: &Found,
    response: &Response,
    secrets: &[String],
) -> Error {
    let said = complaint(&response.bytes, secrets).map(|text| format!(": {text}")).unwrap_or_default();
    let status = response.status;
    let kind = if matches!(status, 403 | 408 | 429 | 500..=599) { ErrorKind::Environment } else { ErrorKind::Failed };
    let (reason, hint) = match status {
        403 => {
            let reason = match &found.login {
                Some(_) => format!("the login of {} may not read it", found.place),
                None => "the registry does not allow it without a login".to_owned(),
            };
            (reason, format!("use an account that may read it: {}", login_commands(reference)))
        }
        429 => (
            "the registry has had too many requests".to_owned(),
            format!("run the command again later; with a login more may be allowed: {}", login_commands(reference)),
        ),
        408 | 500..=599 => ("the registry fails".to_owned(), "run the command again later".to_owned()),
        _ => (format!("{} does not give it", response.url()), "check that the URL is that of a registry".to_owned()),
    };
    Error::new(kind, format!("{doing}: {reason} ({status}){said}")).with_hint(hint)
}

/// What a registry says, without what is secret.
fn complaint(body: &[u8], secrets: &[String]) -> Option<String> {
    let refusals: Refusals = serde_json::from_slice(body).ok()?;
    let first = refusals.errors.into_iter().next()?;
    let text = first.message.filter(|message| !message.is_empty()).or(first.code)?;
    Some(shortened(&plain(&masked(&text, secrets))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_is_shown_without_secrets() {
        let body = br#"{"errors": [{"code": "DENIED", "message": "no \u001b[31ms3cret here", "detail": {}}]}"#;
        assert_eq!(complaint(body, &["s3cret".to_owned()]).as_deref(), Some("no *** here"));
        assert_eq!(complaint(br#"{"errors": [{"code": "DENIED"}]}"#, &[]).as_deref(), Some("DENIED"));
        for body in [&b"<html>"[..], b"{}", br#"{"errors": []}"#, br#"{"errors": [{}]}"#] {
            assert_eq!(complaint(body, &[]), None);
        }
    }

    #[test]
    fn near_tags_are_told_or_else_the_last() {
        let tags: Vec<String> = ["v1.0.0", "v1.1.0", "latest", "a", "b", "c"].map(str::to_owned).into();
        assert_eq!(tags_hint("1.0.0", &tags[..1]), "the nearest tags are v1.0.0");
        assert_eq!(tags_hint("zzzzzzzz", &tags), "it has the tags c, b, a, latest, v1.1.0, and 1 more");
        assert!(tags_hint("x", &[]).contains("no tags"));
    }
}
