//! Server-side apply of a set of objects, stage by stage ([`super::stages`]), or a dry run of it with the same
//! report. A failed object does not stop its own stage; the stages after it are skipped.

use super::Client;
use super::object::{ObjectRef, metadata};
use super::request::encoded;
use super::stages::{self, Promises, is_crd};
use super::wait::{Look, Standing, conditions};
use crate::kube::failure::{Failure, Reason};
use http::Method;
use serde_json::Value;
use std::fmt;
use std::time::Instant;

/// How to apply.
#[derive(Debug, Clone)]
pub struct ApplyOptions {
    /// The field manager.
    pub manager: String,
    /// Take fields over from other managers.
    pub force: bool,
    /// Let the server check everything, and write nothing.
    pub dry_run: bool,
    /// When to give up, such as the wait for CustomResourceDefinitions.
    pub until: Instant,
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there before.
    Created,
    /// It is another now.
    Configured,
    /// It was so already, at most with other managers of its fields.
    Unchanged,
    /// It was not applied; why.
    Skipped(String),
    /// The server refused it, such as for fields of others ([`Reason::FieldConflict`]).
    Failed(Failure),
}

/// An object and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Such as `Deployment apps/x`.
    pub object: String,
    /// What became of it.
    pub outcome: Outcome,
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = &self.object;
        match &self.outcome {
            Outcome::Created => write!(f, "{object}: created"),
            Outcome::Configured => write!(f, "{object}: configured"),
            Outcome::Unchanged => write!(f, "{object}: unchanged"),
            Outcome::Skipped(why) => write!(f, "{object}: skipped: {why}"),
            Outcome::Failed(failure) => write!(f, "{failure}"),
        }
    }
}

impl Client {
    /// Applies the objects. Definitions of kinds are waited for until the server serves the kinds. Each result goes to
    /// `progress` as soon as it is certain; all are returned, in the order of the stages.
    ///
    /// In a dry run an object whose kind or namespace only the set itself brings cannot be checked: it counts as created.
    pub async fn apply(
        &self,
        objects: &[Value],
        options: &ApplyOptions,
        progress: &mut dyn FnMut(&Applied),
    ) -> Vec<Applied> {
        let promises = stages::promises(objects);
        let mut results: Vec<Applied> = Vec::new();
        let mut failed = false;
        for stage in stages::stages(objects) {
            let mut crds = Vec::new();
            let skip = failed;
            for object in stage {
                let outcome = if skip {
                    Outcome::Skipped("an object of an earlier stage failed".to_owned())
                } else {
                    self.apply_one(object, &promises, options).await.unwrap_or_else(Outcome::Failed)
                };
                let applied = Applied { object: shown(object), outcome };
                if is_crd(object) && !options.dry_run && !skip && !matches!(applied.outcome, Outcome::Failed(_)) {
                    crds.push((object, applied));
                    continue;
                }
                failed |= matches!(applied.outcome, Outcome::Failed(_));
                progress(&applied);
                results.push(applied);
            }
            // All of them become established at the same time.
            for (crd, mut applied) in crds {
                if let Err(failure) = self.wait_served(crd, options.until).await {
                    applied.outcome = Outcome::Failed(failure);
                    failed = true;
                }
                progress(&applied);
                results.push(applied);
            }
        }
        results
    }

    async fn apply_one(&self, object: &Value, promises: &Promises, options: &ApplyOptions) -> Result<Outcome, Failure> {
        let text = |field: &str| object[field].as_str().unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let Some(served) = self.kind(api_version, kind).await? else {
            if options.dry_run && promises.kinds.contains(&(api_version.to_owned(), kind.to_owned())) {
                return Ok(Outcome::Created);
            }
            let message =
                format!("{}: {} does not serve the kind {kind} of {api_version}", shown(object), self.server());
            return Err(Failure::new(Reason::NotFound, message).with_hint("apply its CustomResourceDefinition first"));
        };
        let (namespace, name) = (metadata(object, "namespace"), metadata(object, "name"));
        if name.is_empty() || (served.namespaced && namespace.is_empty()) {
            let missing = if name.is_empty() { "name" } else { "namespace" };
            return Err(Failure::new(Reason::Invalid, format!("{}: it has no {missing}", shown(object))));
        }
        let target = ObjectRef::new(&served, Some(namespace), name);
        let before = self.get_until(&target, Some(options.until)).await?;
        let mut query = format!("?fieldManager={}&force={}", encoded(&options.manager), options.force);
        if options.dry_run {
            query += "&dryRun=All";
        }
        // JSON is YAML.
        let call = target
            .call(Method::PATCH, "apply", &query)
            .body("application/apply-patch+yaml", object)
            .until(options.until);
        let after = match self.answer(&call).await.map_err(|refusal| self.failure(&call, refusal)) {
            Ok(after) => after,
            Err(failure)
                if options.dry_run
                    && before.is_none()
                    && failure.reason == Reason::NotFound
                    && promises.namespaces.contains(namespace) =>
            {
                return Ok(Outcome::Created);
            }
            Err(failure) => return Err(failure),
        };
        let Some(before) = before else { return Ok(Outcome::Created) };
        Ok(if content(before) == content(after) { Outcome::Unchanged } else { Outcome::Configured })
    }

    /// Waits until a definition is established, and the server serves its kinds.
    async fn wait_served(&self, crd: &Value, until: Instant) -> Result<(), Failure> {
        let Some(kind) = self.kind(crd["apiVersion"].as_str().unwrap_or_default(), "CustomResourceDefinition").await?
        else {
            return Ok(());
        };
        let target = ObjectRef::new(&kind, None, metadata(crd, "name"));
        let check = |crd: &Value| match conditions(crd, &[("NamesAccepted", "False")]) {
            Standing::Met => {
                let Standing::Unmet(why) = conditions(crd, &[("NamesAccepted", "True")]) else { return Standing::Met };
                Standing::Hopeless(why)
            }
            _ => conditions(crd, &[("Established", "True")]),
        };
        self.wait(&target, &check, until, &mut |_| {}).await?;
        for (api_version, kind) in stages::brought_kinds(crd) {
            self.look_until(target.to_string(), until, &mut |_| {}, async || {
                Ok(match self.kind(&api_version, &kind).await? {
                    Some(_) => Look::Done(()),
                    None => Look::Again(format!("the server does not serve the kind {kind} of {api_version} yet")),
                })
            })
            .await?;
        }
        Ok(())
    }
}

fn shown(object: &Value) -> String {
    let (_, kind) = stages::group_kind(object);
    match (metadata(object, "namespace"), metadata(object, "name")) {
        ("", name) => format!("{kind} {name}"),
        (namespace, name) => format!("{kind} {namespace}/{name}"),
    }
}

/// What of an object a person wrote. The status is its controller's, and changes of managers alone are no change.
fn content(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in ["managedFields", "resourceVersion", "generation"] {
            metadata.remove(field);
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn results_are_one_line_each() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "a", "name": "b"}});
        let line = |outcome| Applied { object: shown(&object), outcome }.to_string();
        assert_eq!(line(Outcome::Created), "ConfigMap a/b: created");
        assert_eq!(line(Outcome::Skipped("so".into())), "ConfigMap a/b: skipped: so");
        assert_eq!(line(Outcome::Failed(Failure::new(Reason::Invalid, "ConfigMap a/b: no"))), "ConfigMap a/b: no");
    }

    #[test]
    fn content_is_what_people_write() {
        let before = json!({"metadata": {"name": "a", "resourceVersion": "1", "generation": 1, "managedFields": []},
            "status": {"x": 1}, "data": {"a": "b"}});
        assert_eq!(content(before), json!({"metadata": {"name": "a"}, "data": {"a": "b"}}));
    }
}
