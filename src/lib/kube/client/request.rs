//! One request and its answer: sending, repeating by [`retry`](super::retry), and what refusals mean. It does not know
//! what the bodies say.

use super::Client;
pub(in crate::kube) use super::retry::Repeat;
use super::retry::{self, Class};
use crate::kube::failure::{Failure, FieldConflict, Reason, Refusal, chain};
use crate::kube::step::Step;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use kube::client::{AuthError, Body};
use kube::core::Status;
use serde_json::Value;
use std::io;
use std::time::{Duration, Instant};
use tokio::time::timeout_at;

/// What is asked, and how it may be said in a message.
pub(super) struct Call {
    method: Method,
    path: String,
    content_type: &'static str,
    body: Vec<u8>,
    /// The thing, such as `Deployment apps/x`.
    what: String,
    /// What is done to it, such as `delete`.
    verb: &'static str,
    /// The object's values are secret, so what a server says of them may be.
    secret: bool,
    repeat: Repeat,
    until: Option<Instant>,
}

impl Call {
    pub(super) fn new(method: Method, verb: &'static str, path: String, what: impl ToString) -> Call {
        let what = what.to_string();
        let (body, content_type) = (Vec::new(), "application/json");
        Call { method, path, content_type, body, what, verb, secret: false, repeat: Repeat::Safe, until: None }
    }

    pub(super) fn get(path: String, what: impl ToString) -> Call {
        Call::new(Method::GET, "get", path, what)
    }

    pub(super) fn repeat(mut self, repeat: Repeat) -> Call {
        self.repeat = repeat;
        self
    }

    pub(super) fn body(mut self, content_type: &'static str, body: &Value) -> Call {
        self.content_type = content_type;
        self.body = body.to_string().into_bytes();
        self
    }

    pub(super) fn secret(mut self, secret: bool) -> Call {
        self.secret = secret;
        self
    }

    /// No attempt goes on after this, besides the deadline of the connection.
    pub(super) fn until(mut self, until: Instant) -> Call {
        self.until = Some(until);
        self
    }
}

impl Client {
    /// The JSON of a successful answer. Conflicts and expired tokens are the caller's to repeat.
    pub(super) async fn answer(&self, call: &Call) -> Result<Value, Refusal> {
        let mut attempt = 0;
        loop {
            let refusal = match self.once(call).await {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            attempt += 1;
            if matches!(refusal.class(), Class::Changed | Class::Expired) {
                return Err(refusal);
            }
            match refusal.pause(call.repeat, attempt, self.remaining(call)) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(refusal),
            }
        }
    }

    async fn once(&self, call: &Call) -> Result<Value, Refusal> {
        let answer = self.open(call).await?;
        let bytes = timeout_at(self.end(call), answer.into_body().collect()).await.map_err(|_| Refusal::Timeout)?;
        let bytes = bytes.map_err(|cause| Refusal::Transport(Box::new(cause)))?.to_bytes();
        serde_json::from_slice(&bytes).map_err(|_| Refusal::Foreign)
    }

    /// The head of a successful answer, whose body is still to come. One attempt.
    pub(super) async fn open(&self, call: &Call) -> Result<Response<Body>, Refusal> {
        if !(self.0.report)(Step::Question(self.0.names.clone(), call.what.clone())) {
            return Err(Refusal::Unwanted);
        }
        let request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header(http::header::CONTENT_TYPE, call.content_type)
            .header(http::header::ACCEPT, "application/json")
            .body(Body::from(call.body.clone()))
            .map_err(|cause| Refusal::Transport(Box::new(kube::Error::HttpError(cause))))?;
        let sent = timeout_at(self.end(call), self.0.http.send(request)).await.map_err(|_| Refusal::Timeout)?;
        let answer = sent.map_err(|cause| Refusal::Transport(Box::new(cause)))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let code = answer.status().as_u16();
        let header = answer.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = header.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        // A proxy may say anything; an API server a Status.
        let body = timeout_at(self.end(call), answer.into_body().collect()).await.map_err(|_| Refusal::Timeout)?;
        let bytes = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let status = serde_json::from_slice::<Status>(&bytes)
            .unwrap_or_else(|_| Status::failure(String::from_utf8_lossy(&bytes).trim(), ""));
        Err(Refusal::Status(status.with_code(code).boxed(), after))
    }

    fn end(&self, call: &Call) -> tokio::time::Instant {
        call.until.map_or(self.0.deadline, |until| until.min(self.0.deadline)).into()
    }

    pub(super) fn remaining(&self, call: &Call) -> Duration {
        self.end(call).saturating_duration_since(tokio::time::Instant::now())
    }

    /// What a refusal means to the person who must act.
    pub(super) fn failure(&self, call: &Call, refusal: Refusal) -> Failure {
        let Call { what, verb, .. } = call;
        let names = &self.0.names;
        let status = match refusal {
            Refusal::Status(status, _) if status.code == 401 => return names.unauthorized(),
            Refusal::Status(status, _) => *status,
            Refusal::Transport(cause) => return names.unreached(&cause),
            Refusal::Foreign => return names.foreign(),
            Refusal::Timeout if call.until.is_some_and(|until| until < self.0.deadline) => {
                return Failure::new(Reason::Timeout, format!("{what}: {} did not answer in time", names.server));
            }
            Refusal::Timeout => return Step::Question(names.clone(), what.clone()).timed_out(self.0.timeout),
            Refusal::Unwanted => return Failure::new(Reason::Interrupted, format!("{what}: the work was interrupted")),
        };
        let (code, text) = (status.code, said(&status, call.secret));
        let conflicts = field_conflicts(&status);
        if !conflicts.is_empty() {
            let list: Vec<String> =
                conflicts.iter().map(|conflict| format!("{} ({})", conflict.field, conflict.manager)).collect();
            return Failure::new(
                Reason::FieldConflict(conflicts),
                format!("{what}: other managers own {}", list.join(", ")),
            )
            .with_hint("leave these fields to them, or apply with force to take the fields over");
        }
        let server = &names.server;
        let (reason, message) = match code {
            403 => (Reason::Forbidden, format!("{what}: {server} does not allow to {verb} it (403): {text}")),
            404 => (Reason::NotFound, format!("{what}: not found (404): {text}")),
            409 => (Reason::Conflict, format!("{what}: conflict (409): {text}")),
            410 => (Reason::Expired, format!("{what}: expired (410): {text}")),
            429 | 500.. if !is_mistyped(&status) => {
                (Reason::Unavailable, format!("{what}: {server} cannot {verb} it now ({code}): {text}"))
            }
            _ => (Reason::Invalid, format!("{what}: {server} refuses to {verb} it ({code}): {text}")),
        };
        Failure::new(reason, message)
    }
}

impl Refusal {
    /// What became of the attempt.
    pub(super) fn class(&self) -> Class {
        match self {
            Refusal::Status(status, _) => match status.code {
                409 if status.reason == "Conflict" && !is_about_conditions(status) => Class::Changed,
                410 => Class::Expired,
                429 => Class::Busy,
                500 if is_mistyped(status) => Class::Final,
                500 | 502..=504 => Class::Broken,
                _ => Class::Final,
            },
            Refusal::Transport(cause) => class_of(cause),
            Refusal::Foreign | Refusal::Timeout | Refusal::Unwanted => Class::Final,
        }
    }

    /// The pause before the next attempt, or `None`.
    pub(super) fn pause(&self, repeat: Repeat, attempt: u32, remaining: Duration) -> Option<Duration> {
        let after = match self {
            Refusal::Status(status, after) => {
                let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
                after.or((seconds > 0).then(|| Duration::from_secs(seconds.into())))
            }
            _ => None,
        };
        retry::pause(self.class(), repeat, attempt, after, remaining, fastrand::f64())
    }
}

/// For a field of the wrong type server-side apply answers with the 500 of errors that it did not foresee (Kubernetes
/// 1.37).
fn is_mistyped(status: &Status) -> bool {
    status.code == 500 && status.message.starts_with("failed to create typed patch object")
}

/// Conflicts that stay: of managers, and of preconditions.
fn is_about_conditions(status: &Status) -> bool {
    !field_conflicts(status).is_empty() || status.message.contains("Precondition failed")
}

fn class_of(cause: &kube::Error) -> Class {
    let is = |wanted: &[io::ErrorKind]| {
        chain(cause).filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|cause| wanted.contains(&cause.kind()))
    };
    let has_text = |text: &str| chain(cause).any(|cause| cause.to_string().contains(text));
    if has_text("certificate") || chain(cause).any(|cause| cause.downcast_ref::<AuthError>().is_some()) {
        return Class::Final;
    }
    let broken = is(&[
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::UnexpectedEof,
    ]);
    let connecting = chain(cause)
        .filter_map(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>())
        .any(hyper_util::client::legacy::Error::is_connect);
    match connecting {
        true if broken || is(&[io::ErrorKind::ConnectionRefused]) => Class::Unconnected,
        true => Class::Final,
        false => {
            let cut = chain(cause).filter_map(|cause| cause.downcast_ref::<hyper::Error>()).any(|cause| {
                cause.is_incomplete_message()
                    || cause.is_closed()
                    || cause.is_canceled()
                    || cause.is_body_write_aborted()
            });
            if broken || cut { Class::Cut } else { Class::Final }
        }
    }
}

/// What the server says, in one line. Of a Secret only which fields are wrong: values may be quoted.
fn said(status: &Status, secret: bool) -> String {
    let text = if secret && matches!(status.code, 400 | 409 | 422 | 500..) {
        let causes = status.details.iter().flat_map(|details| &details.causes);
        let fields: Vec<&str> = causes.map(|cause| cause.field.as_str()).filter(|field| !field.is_empty()).collect();
        let why = if is_mistyped(status) { "a field has not the type that it must have" } else { &status.reason };
        format!("{why} {}", fields.join(", "))
    } else if status.message.trim().is_empty() {
        status.reason.clone()
    } else {
        status.message.clone()
    };
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "the server gives no reason".to_owned() } else { line.chars().take(1_000).collect() }
}

/// The server's message names the manager: `conflict with "kubectl" using apps/v1`.
fn field_conflicts(status: &Status) -> Vec<FieldConflict> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes
        .filter(|cause| cause.reason == "FieldManagerConflict")
        .map(|cause| FieldConflict {
            field: cause.field.clone(),
            manager: cause.message.split('"').nth(1).unwrap_or(&cause.message).to_owned(),
        })
        .collect()
}

/// Text as a part of a path or of a query.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status(code: u16, text: Value) -> Status {
        serde_json::from_value::<Status>(text).expect("a status").with_code(code)
    }

    #[test]
    fn statuses_have_classes() {
        let managers = json!({"reason": "Conflict", "details": {"causes": [{"reason": "FieldManagerConflict",
            "message": "conflict with \"kubectl-edit\" using apps/v1", "field": ".spec.replicas"}]}});
        let precondition =
            json!({"reason": "Conflict", "message": "Operation cannot be fulfilled: Precondition failed: UID .."});
        for (code, text, expected) in [
            (400, json!({}), Class::Final),
            (401, json!({}), Class::Final),
            (403, json!({}), Class::Final),
            (404, json!({}), Class::Final),
            (409, json!({"reason": "Conflict"}), Class::Changed),
            (409, json!({"reason": "AlreadyExists"}), Class::Final),
            (409, managers.clone(), Class::Final),
            (409, precondition, Class::Final),
            (410, json!({}), Class::Expired),
            (422, json!({}), Class::Final),
            (429, json!({}), Class::Busy),
            (500, json!({}), Class::Broken),
            (500, json!({"message": "failed to create typed patch object (a/b; ..)"}), Class::Final),
            (501, json!({}), Class::Final),
            (502, json!({}), Class::Broken),
            (503, json!({}), Class::Broken),
            (504, json!({}), Class::Broken),
        ] {
            assert_eq!(Refusal::Status(status(code, text).boxed(), None).class(), expected, "{code}");
        }
        let conflict = FieldConflict { field: ".spec.replicas".into(), manager: "kubectl-edit".into() };
        assert_eq!(field_conflicts(&status(409, managers)), [conflict]);
    }

    #[test]
    fn what_a_server_says_of_a_secret_is_not_shown() {
        let invalid = json!({"reason": "Invalid", "message": "Secret \"x\" is invalid: data[a]: Invalid value: \"hush\"",
            "details": {"causes": [{"field": "data[a]", "message": "Invalid value: \"hush\""}]}});
        assert_eq!(said(&status(422, invalid.clone()), true), "Invalid data[a]");
        assert!(said(&status(422, invalid), false).contains("hush"));
        assert_eq!(said(&status(503, json!({"message": "<html>\n away\n"})), false), "<html> away");
        assert_eq!(said(&status(503, json!({})), false), "the server gives no reason");
    }

    #[test]
    fn the_status_may_say_when_to_come_again() {
        let wait = |header: Option<u64>, details: u64| {
            let text = json!({"details": {"retryAfterSeconds": details}});
            let refusal = Refusal::Status(status(429, text).boxed(), header.map(Duration::from_secs));
            refusal.pause(Repeat::Safe, 1, Duration::from_secs(60)).map(|pause| pause.as_secs())
        };
        assert_eq!([wait(None, 7), wait(Some(3), 7), wait(None, 0)], [Some(7), Some(3), Some(0)]);
    }

    #[test]
    fn queries_are_encoded() {
        assert_eq!(encoded("a=b,c!=d/e f"), "a%3Db%2Cc%21%3Dd%2Fe%20f");
        assert_eq!(encoded("größe"), "gr%C3%B6%C3%9Fe");
    }
}
