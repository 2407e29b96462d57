//! What an answer that is not a success means to the person who must act.

use super::provider::Endpoint;
use super::token::Token;
use crate::error::{Error, ErrorKind};
use crate::http::Response;
use crate::text::{masked, plain, shortened};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::time::UNIX_EPOCH;

/// How many texts of an answer are shown.
const TEXTS: usize = 4;

pub(super) fn explain(endpoint: &Endpoint, token: &Token, response: &Response) -> Error {
    let Endpoint { provider, host, base, .. } = endpoint;
    let (variable, scope) = (token.variable, provider.facts().scope);
    let later = match wait(response) {
        Some(seconds) => format!("the server asks to wait {seconds} seconds: run the command again after that"),
        None => "run the command again later".to_owned(),
    };
    let is_limited = response.status == 429 || (response.status == 403 && wait(response).is_some());
    let kind = match response.status {
        401 | 403 | 404 | 408 | 425 | 429 | 500..=599 => ErrorKind::Environment,
        _ => ErrorKind::Failed,
    };
    let (reason, hint) = match response.status {
        401 => (format!("it does not accept the token in {variable}"), format!("make a new token with {scope}")),
        _ if is_limited => ("it has had too many requests".to_owned(), later),
        403 => (format!("it does not allow it to the token in {variable}"), format!("the token needs {scope}")),
        404 => (
            format!("there is no project {base}, or the token in {variable} does not show it"),
            format!("check the url of the remote; the token needs {scope}"),
        ),
        300..=399 => {
            (format!("the project {base} has moved"), "give the remote its new url: `git remote set-url`".to_owned())
        }
        408 | 425 | 500..=599 => ("it fails".to_owned(), later),
        _ => (
            "it does not take it".to_owned(),
            "see what it says; the target branch must be there, and not have all of the commits already".to_owned(),
        ),
    };
    let said = said(token, response).map(|said| format!(": {said}")).unwrap_or_default();
    let message = format!("cannot open a pull request at {host}: {reason} ({}){said}", response.status);
    Error::new(kind, message).with_hint(hint)
}

/// How many seconds the server wants to be left alone. GitHub gives the time at which its limit is raised.
fn wait(response: &Response) -> Option<u64> {
    if let Some(pause) = response.retry_after() {
        return Some(pause.as_secs());
    }
    let number = |name: &str| response.header(name).and_then(|text| text.trim().parse::<u64>().ok());
    if number("x-ratelimit-remaining").or(number("ratelimit-remaining")) != Some(0) {
        return None;
    }
    let reset = number("x-ratelimit-reset").or(number("ratelimit-reset"))?;
    let now = UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs());
    Some(reset.saturating_sub(now))
}

/// The texts of an answer, on one line. Providers differ in where they write them: `message` is a text, a list, or lists by
/// field; `errors` has objects; `error` is a text.
fn said(token: &Token, response: &Response) -> Option<String> {
    let value: Value = serde_json::from_slice(&response.bytes).ok()?;
    let mut texts = Vec::new();
    for key in ["message", "error", "error_description", "errors"] {
        collect(&value[key], "", &mut texts);
    }
    texts.dedup();
    texts.truncate(TEXTS);
    let token = [token.value.expose_secret().to_owned()];
    let line = shortened(&masked(&plain(&texts.join("; ")), &token));
    Some(line).filter(|line| !line.trim().is_empty())
}

/// No answer nests deeper than a list in an object in a list.
fn collect(value: &Value, field: &str, texts: &mut Vec<String>) {
    let named = |text: &str| if field.is_empty() { text.to_owned() } else { format!("{field} {text}") };
    match value {
        Value::String(text) => texts.push(named(text)),
        Value::Array(items) => {
            for item in items.iter().take(TEXTS) {
                match item {
                    Value::String(text) => texts.push(named(text)),
                    item => match (item["message"].as_str(), item["field"].as_str(), item["code"].as_str()) {
                        (Some(message), ..) => texts.push(message.to_owned()),
                        (None, Some(field), Some(code)) => texts.push(format!("{field} {code}")),
                        _ => {}
                    },
                }
            }
        }
        Value::Object(fields) if field.is_empty() => {
            for (name, value) in fields.iter().take(TEXTS).filter(|(_, value)| !value.is_object()) {
                collect(value, name, texts);
            }
        }
        _ => {}
    }
}
