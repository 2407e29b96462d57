//! How objects name the sources of their manifests and charts: `sourceRef`, `chartRef`, `include`.

use super::names::ObjectName;
use crate::manifest::Manifest;
use crate::problem::Location;
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceReference {
    pub kind: String,
    pub id: ObjectName,
    pub location: Location,
}

impl SourceReference {
    /// The source that a field of an object names.
    pub fn read(object: &Manifest<'_>, path: &[&str], namespace: &str) -> Option<SourceReference> {
        let text = |key: &str| object.text(&[path, &[key]].concat());
        let namespace = text("namespace").unwrap_or(namespace).to_owned();
        let id = ObjectName { namespace, name: text("name")?.to_owned() };
        Some(SourceReference {
            kind: text("kind").unwrap_or("GitRepository").to_owned(),
            id,
            location: object.location(path),
        })
    }
}

/// All sources that an object names, wherever it does.
pub fn named_sources(object: &Manifest<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting: Vec<&Value> = object.get(&["spec"]).into_iter().collect();
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(map) => {
                for key in ["sourceRef", "chartRef"] {
                    let text = |inner: &str| map.get(key)?.get(inner)?.as_str().map(str::to_owned);
                    if let (Some(kind), Some(name)) = (text("kind"), text("name")) {
                        found.push((kind, name));
                    }
                }
                waiting.extend(map.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    // A GitRepository can include others.
    for include in object.list(&["spec", "include"]) {
        let name = include.get("repository").and_then(|repository| repository.get("name")).and_then(Value::as_str);
        found.extend(name.map(|name| ("GitRepository".to_owned(), name.to_owned())));
    }
    found
}
