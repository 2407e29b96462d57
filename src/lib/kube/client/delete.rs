//! Deleting an object, and waiting until it is removed.

use super::Client;
use super::object::{ObjectRef, metadata};
use super::wait::Look;
use crate::kube::failure::{Failure, Reason};
use http::Method;
use serde_json::{Map, Value, json};
use std::time::Instant;

/// What happens to the objects that an object owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// They are deleted afterwards.
    Background,
    /// They are deleted first.
    Foreground,
    /// They stay.
    Orphan,
}

/// How to delete.
#[derive(Debug, Clone, Default)]
pub struct Deletion {
    /// Only the object with this uid, not another of the same name.
    pub uid: Option<String>,
    /// Only if it is unchanged.
    pub resource_version: Option<String>,
    /// `None` for the default of the kind.
    pub propagation: Option<Propagation>,
    /// Let the server check all of it, guards included, and delete nothing.
    pub dry_run: bool,
}

impl Deletion {
    fn options(&self) -> Value {
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        let mut preconditions = Map::new();
        for (name, value) in [("uid", &self.uid), ("resourceVersion", &self.resource_version)] {
            preconditions.extend(value.as_ref().map(|value| (name.to_owned(), json!(value))));
        }
        if !preconditions.is_empty() {
            options["preconditions"] = Value::Object(preconditions);
        }
        if let Some(propagation) = self.propagation {
            options["propagationPolicy"] = json!(match propagation {
                Propagation::Background => "Background",
                Propagation::Foreground => "Foreground",
                Propagation::Orphan => "Orphan",
            });
        }
        if self.dry_run {
            options["dryRun"] = json!(["All"]);
        }
        options
    }
}

impl Client {
    /// Asks the server to delete an object; `false` if it was not there. It may take a while until it is removed: see
    /// [`Client::wait_removed`].
    ///
    /// # Errors
    /// A precondition does not hold ([`Reason::Conflict`]), a guard refuses, or the server cannot be asked.
    pub async fn delete(&self, target: &ObjectRef, deletion: &Deletion) -> Result<bool, Failure> {
        let call = target.call(Method::DELETE, "delete", "").body("application/json", &deletion.options());
        match self.answer(&call).await.map_err(|refusal| self.failure(&call, refusal)) {
            Ok(_) => Ok(true),
            Err(failure) if failure.reason == Reason::NotFound => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Waits until an object is removed, or another with the same name has come. `progress` gets what holds it up.
    ///
    /// # Errors
    /// The time is over ([`Reason::Timeout`], with the finalizers that hold it), or the server refuses.
    pub async fn wait_removed(
        &self,
        target: &ObjectRef,
        uid: &str,
        until: Instant,
        progress: &mut dyn FnMut(&str),
    ) -> Result<(), Failure> {
        self.look_until(target.to_string(), until, progress, async || {
            let found = self.get_until(target, Some(until)).await?;
            Ok(match found.filter(|object| metadata(object, "uid") == uid) {
                None => Look::Done(()),
                Some(object) => Look::Again(holders(&object)),
            })
        })
        .await
    }
}

/// What keeps an object from being removed.
fn holders(object: &Value) -> String {
    if metadata(object, "deletionTimestamp").is_empty() {
        return "it is there, and nobody has deleted it".to_owned();
    }
    let finalizers = object["metadata"]["finalizers"].as_array().into_iter().flatten();
    // Of a Namespace the finalizers that count are in its spec.
    let finalizers = finalizers.chain(object["spec"]["finalizers"].as_array().into_iter().flatten());
    let names: Vec<&str> = finalizers.filter_map(Value::as_str).collect();
    if names.is_empty() {
        return "it is being deleted".to_owned();
    }
    format!("it is being deleted, and held by the finalizers {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_hold_what_was_asked_for_only() {
        let all = Deletion {
            uid: Some("u".into()),
            resource_version: Some("7".into()),
            propagation: Some(Propagation::Foreground),
            dry_run: true,
        };
        let base = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        assert_eq!(Deletion::default().options(), base);
        let expected = json!({"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"],
            "propagationPolicy": "Foreground", "preconditions": {"uid": "u", "resourceVersion": "7"}});
        assert_eq!(all.options(), expected);
    }

    #[test]
    fn finalizers_are_named() {
        for (object, expected) in [
            (json!({}), "it is there, and nobody has deleted it"),
            (json!({"metadata": {"deletionTimestamp": "t"}}), "it is being deleted"),
            (
                json!({"metadata": {"deletionTimestamp": "t", "finalizers": ["a/b"]}, "spec": {"finalizers": ["kubernetes"]}}),
                "it is being deleted, and held by the finalizers a/b, kubernetes",
            ),
        ] {
            assert_eq!(holders(&object), expected);
        }
    }
}
