//! Flux's Kustomizations: which folder of which source is applied, and how. Those of kustomize itself, which say how a
//! folder is built, are in [`crate::kustomize`].

use super::names::{KUSTOMIZE, ObjectName};
use super::source_reference::SourceReference;
use crate::manifest::{Located, Manifest, Origin};
use crate::path::plain_path;
use crate::problem::Location;
use serde_json::Value;

/// A Kustomization of Flux.
#[derive(Debug, Clone)]
pub struct Kustomization {
    pub origin: Origin,
    pub id: ObjectName,
    /// The folder that it applies, as it is written.
    pub path: Option<Located<String>>,
    /// Where it takes its manifests from.
    pub source: Option<SourceReference>,
    pub patches: Vec<Value>,
    /// Whether it removes what is not in git any more.
    pub prune: Option<Located<bool>>,
    /// Whether it waits until its objects are ready.
    pub waits: bool,
    /// Whether it looks at the health of named objects.
    pub has_health_checks: bool,
    /// The Kustomizations that have to be ready first.
    pub depends_on: Vec<Located<ObjectName>>,
    pub interval: Option<Located<String>>,
    /// What becomes of its objects when it is deleted.
    pub deletion_policy: Option<Located<String>>,
    /// Where it says how to decrypt.
    pub decryption: Option<Location>,
}

impl Kustomization {
    /// The folder that it applies, relative to its repository: the top where none is written. Nothing where it leaves that.
    pub fn folder(&self) -> Option<String> {
        plain_path("", self.path.as_ref().map_or("", |path| &path.value))
    }

    /// Reads one; nothing if the object is another.
    pub fn read(object: &Manifest<'_>) -> Option<Kustomization> {
        if !object.is(KUSTOMIZE, "Kustomization") {
            return None;
        }
        let id = ObjectName::of(object);
        let depends_on = object.list(&["spec", "dependsOn"]).iter().enumerate().filter_map(|(number, value)| {
            let text = |key: &str| value.get(key).and_then(Value::as_str);
            let namespace = text("namespace").unwrap_or(&id.namespace).to_owned();
            let value = ObjectName { namespace, name: text("name")?.to_owned() };
            Some(Located { value, location: object.location(&["spec", "dependsOn", &number.to_string()]) })
        });
        let health_checks = [["spec", "healthChecks"], ["spec", "healthCheckExprs"]];
        let prune = object.get(&["spec", "prune"]).and_then(Value::as_bool);
        let has_decryption = object.get(&["spec", "decryption"]).is_some();
        Some(Kustomization {
            origin: object.origin(),
            path: object.located_text(&["spec", "path"]),
            source: SourceReference::read(object, &["spec", "sourceRef"], &id.namespace),
            patches: object.list(&["spec", "patches"]).to_vec(),
            prune: prune.map(|value| Located { value, location: object.location(&["spec", "prune"]) }),
            waits: object.get(&["spec", "wait"]).and_then(Value::as_bool).unwrap_or(false),
            has_health_checks: health_checks.iter().any(|path| !object.list(path).is_empty()),
            depends_on: depends_on.collect(),
            interval: object.located_text(&["spec", "interval"]),
            deletion_policy: object.located_text(&["spec", "deletionPolicy"]),
            decryption: has_decryption.then(|| object.key_location(&["spec", "decryption"])),
            id,
        })
    }
}
