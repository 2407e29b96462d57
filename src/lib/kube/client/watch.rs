//! Changes of a selection as they happen. What is known is a [`Snapshot`], so that nothing is missed: a broken connection
//! goes on where it stopped, and after a 410 the new list is compared with what was known.

use super::Client;
use super::list::{Selection, Snapshot, key};
use super::object::{is_secret, metadata};
use super::request::Call;
use super::retry::{self, Class, Repeat};
use crate::kube::failure::{Failure, Refusal};
use crate::kube::kind::ServedKind;
use http_body_util::BodyExt;
use kube::client::Body;
use kube::core::Status;
use serde_json::Value;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use tokio::time::timeout_at;

/// A server sends bookmarks about once a minute: one that says nothing for so long may be away.
const SILENCE: Duration = Duration::from_secs(100);
/// The server ends each connection after this; the usual limit of load balancers is longer.
const CONNECTION: Duration = Duration::from_secs(290);

/// What happened to an object since it was known.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is new.
    Added(Value),
    /// It is another now.
    Modified(Value),
    /// It is not there any more; this was its last known state.
    Deleted(Value),
}

/// Why a watch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The caller's closure said so.
    Stopped,
    /// The time is over.
    Deadline,
}

/// How one connection ended.
enum Ended {
    Stopped,
    /// By the server, or because it was silent.
    Closed,
    Deadline,
    Refused(Refusal),
}

impl Client {
    /// Reports each change after `known`, and keeps `known` up to date, so that a later call goes on from there. Ends at
    /// `until` or when `each` breaks off. While the server is away it is asked again, with growing pauses.
    ///
    /// # Errors
    /// The server refuses, or was away when the time was over.
    pub async fn watch(
        &self,
        kind: &ServedKind,
        selection: &Selection,
        known: &mut Snapshot,
        until: Instant,
        each: &mut dyn FnMut(&Change) -> ControlFlow<()>,
    ) -> Result<End, Failure> {
        let until = until.min(self.0.deadline);
        let mut failed = 0;
        loop {
            let query = format!(
                "watch=1&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}",
                known.resource_version,
                until.saturating_duration_since(Instant::now()).min(CONNECTION).as_secs() + 1,
            );
            let call = Call::get(selection.path(kind, &query), &kind.plural).secret(is_secret(kind)).until(until);
            let before = known.resource_version.clone();
            let ended = match self.open(&call).await {
                Ok(answer) => follow(answer.into_body(), known, until, each).await,
                Err(refusal) => Ended::Refused(refusal),
            };
            let refusal = match ended {
                Ended::Stopped => return Ok(End::Stopped),
                Ended::Deadline | Ended::Refused(Refusal::Timeout) => return Ok(End::Deadline),
                Ended::Closed => None,
                Ended::Refused(refusal) => Some(refusal),
            };
            failed = if known.resource_version == before { failed + 1 } else { 1 };
            let class = refusal.as_ref().map_or(Class::Cut, Refusal::class);
            if class == Class::Expired {
                let fresh = self.list(kind, selection).await?;
                for change in known.replace(fresh) {
                    if each(&change).is_break() {
                        return Ok(End::Stopped);
                    }
                }
            }
            // Attempts do not end this: the deadline does.
            let (attempt, remaining) = (failed.min(6), self.remaining(&call));
            let pause = match &refusal {
                Some(refusal) => refusal.pause(Repeat::Safe, attempt, remaining),
                None => retry::pause(class, Repeat::Safe, attempt, None, remaining, fastrand::f64()),
            };
            match (pause, refusal) {
                (Some(pause), _) => tokio::time::sleep(pause).await,
                (None, None) => return Ok(End::Deadline),
                (None, Some(refusal)) => return Err(self.failure(&call, refusal)),
            }
        }
    }
}

/// Reads events until the connection ends.
async fn follow(
    mut body: Body,
    known: &mut Snapshot,
    until: Instant,
    each: &mut dyn FnMut(&Change) -> ControlFlow<()>,
) -> Ended {
    let mut text: Vec<u8> = Vec::new();
    loop {
        let end = until.min(Instant::now() + SILENCE);
        let frame = match timeout_at(end.into(), body.frame()).await {
            Err(_) if Instant::now() >= until => return Ended::Deadline,
            Err(_) | Ok(None) => return Ended::Closed,
            Ok(Some(Err(cause))) => return Ended::Refused(Refusal::Transport(Box::new(cause))),
            Ok(Some(Ok(frame))) => frame,
        };
        text.extend(frame.into_data().unwrap_or_default());
        // One event per line; the rest is the beginning of the next.
        let Some(end) = text.iter().rposition(|byte| *byte == b'\n') else { continue };
        let rest = text.split_off(end + 1);
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let Ok(event) = serde_json::from_slice::<Value>(line) else { return Ended::Refused(Refusal::Foreign) };
            match known.take(event) {
                Ok(Some(change)) if each(&change).is_break() => return Ended::Stopped,
                Ok(_) => {}
                Err(refusal) => return Ended::Refused(refusal),
            }
        }
        text = rest;
    }
}

impl Snapshot {
    /// Takes an event of a watch; `None` if nothing is new in it.
    fn take(&mut self, mut event: Value) -> Result<Option<Change>, Refusal> {
        let object = event["object"].take();
        let kind = event["type"].as_str().unwrap_or_default();
        if kind == "ERROR" {
            let status = serde_json::from_value::<Status>(object).map_err(|_| Refusal::Foreign)?;
            return Err(Refusal::Status(status.boxed(), None));
        }
        let version = metadata(&object, "resourceVersion").to_owned();
        if version.is_empty() {
            return Err(Refusal::Foreign);
        }
        self.resource_version = version;
        Ok(match kind {
            "ADDED" | "MODIFIED" => match self.objects.insert(key(&object), object.clone()) {
                None => Some(Change::Added(object)),
                Some(old) if is_same(&old, &object) => None,
                Some(_) => Some(Change::Modified(object)),
            },
            "DELETED" => self.objects.remove(&key(&object)).map(|_| Change::Deleted(object)),
            _ => None,
        })
    }

    /// Takes another list for what is known, and reports what became of it.
    fn replace(&mut self, fresh: Snapshot) -> Vec<Change> {
        let mut changes = Vec::new();
        for (key, old) in &self.objects {
            match fresh.objects.get(key) {
                Some(new) if metadata(new, "uid") == metadata(old, "uid") => {}
                _ => changes.push(Change::Deleted(old.clone())),
            }
        }
        for (key, new) in &fresh.objects {
            match self.objects.get(key) {
                Some(old) if metadata(new, "uid") != metadata(old, "uid") => changes.push(Change::Added(new.clone())),
                Some(old) if !is_same(old, new) => changes.push(Change::Modified(new.clone())),
                Some(_) => {}
                None => changes.push(Change::Added(new.clone())),
            }
        }
        *self = fresh;
        changes
    }
}

fn is_same(old: &Value, new: &Value) -> bool {
    metadata(old, "resourceVersion") == metadata(new, "resourceVersion")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(name: &str, uid: &str, version: &str) -> Value {
        json!({"metadata": {"name": name, "uid": uid, "resourceVersion": version}})
    }

    fn snapshot(objects: &[(&str, &str, &str)]) -> Snapshot {
        let objects = objects.iter().map(|(name, uid, version)| object(name, uid, version));
        Snapshot { objects: objects.map(|object| (key(&object), object)).collect(), resource_version: "9".into() }
    }

    fn shown(change: &Change) -> String {
        let (sign, object) = match change {
            Change::Added(object) => ('+', object),
            Change::Modified(object) => ('~', object),
            Change::Deleted(object) => ('-', object),
        };
        format!("{sign}{}@{}", metadata(object, "name"), metadata(object, "resourceVersion"))
    }

    #[test]
    fn events_are_held_against_what_is_known() {
        for (kind, event, expected) in [
            ("ADDED", object("a", "1", "5"), None),
            ("ADDED", object("a", "1", "6"), Some("~a@6")),
            ("ADDED", object("b", "2", "6"), Some("+b@6")),
            ("MODIFIED", object("a", "1", "7"), Some("~a@7")),
            ("MODIFIED", object("b", "2", "7"), Some("+b@7")),
            ("DELETED", object("a", "1", "8"), Some("-a@8")),
            ("DELETED", object("b", "2", "8"), None),
            ("BOOKMARK", object("", "", "99"), None),
        ] {
            let mut known = snapshot(&[("a", "1", "5")]);
            let version = metadata(&event, "resourceVersion").to_owned();
            let change = known.take(json!({"type": kind, "object": event})).expect("an event");
            assert_eq!(change.as_ref().map(shown).as_deref(), expected, "{kind}");
            assert_eq!(known.resource_version, version);
        }
        let gone = json!({"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}});
        assert_eq!(snapshot(&[]).take(gone).expect_err("an error").class(), Class::Expired);
        assert!(matches!(snapshot(&[]).take(json!({"a": 1})), Err(Refusal::Foreign)));
    }

    #[test]
    fn a_new_list_is_compared_with_what_was_known() {
        let old = [("a", "1", "5"), ("b", "2", "5"), ("c", "3", "5"), ("d", "4", "5")];
        let new = [("a", "1", "5"), ("b", "2", "7"), ("d", "9", "8"), ("e", "5", "6")];
        let mut known = snapshot(&old);
        let changes: Vec<String> = known.replace(snapshot(&new)).iter().map(shown).collect();
        assert_eq!(changes, ["-c@5", "-d@5", "~b@7", "+d@8", "+e@6"]);
        assert_eq!(known, snapshot(&new));
    }
}
