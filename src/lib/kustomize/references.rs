//! What a kustomization refers to: every entry that names a file, a folder or something elsewhere.

use crate::manifest::Files;
use crate::path::plain_path;
use serde_json::Value;

/// Fields whose entries are files or folders that hold resources.
const RESOURCES: [&str; 3] = ["resources", "bases", "components"];

/// Fields whose entries are files, or folders, that configure the build.
const SETTINGS: [&str; 6] =
    ["crds", "configurations", "generators", "transformers", "validators", "patchesStrategicMerge"];

/// An entry of a kustomization that names something else.
#[derive(Debug)]
pub struct Reference {
    /// Where it stands in the kustomization.
    pub path: Vec<String>,
    pub text: String,
    pub target: Target,
}

/// What an entry leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    File(String),
    Folder(String),
    /// Nothing: there is no such file or folder.
    Missing(String),
    /// Something that is not in the repository but at a URL.
    Remote,
    /// Something outside the repository.
    Outside,
}

impl Reference {
    /// The top field of the kustomization that it stands in.
    pub fn field(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }

    pub fn is_resource(&self) -> bool {
        RESOURCES.contains(&self.field())
    }
}

/// The references of the kustomization in `folder` with this value.
pub(super) fn references(files: &Files, folder: &str, value: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut add = |path: &[&str], text: &str| {
        let target = target(files, folder, text);
        found.push(Reference {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            text: text.to_owned(),
            target,
        });
    };
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    for field in RESOURCES.into_iter().chain(SETTINGS) {
        for (number, entry) in list(value, field).iter().enumerate() {
            // An entry of several lines is a manifest itself.
            if let Some(text) = entry.as_str().filter(|text| !text.contains('\n')) {
                add(&[field, &number.to_string()], text);
            }
        }
    }
    for field in ["patches", "patchesJson6902", "replacements"] {
        for (number, entry) in list(value, field).iter().enumerate() {
            if let Some(text) = entry.get("path").and_then(Value::as_str) {
                add(&[field, &number.to_string(), "path"], text);
            }
        }
    }
    for field in ["configMapGenerator", "secretGenerator"] {
        for (number, entry) in list(value, field).iter().enumerate() {
            let number = number.to_string();
            for inner in ["files", "envs"] {
                for (at, text) in list(entry, inner).iter().enumerate() {
                    // `key=path` names the key too.
                    if let Some(text) = text.as_str() {
                        let path = text.split_once('=').map_or(text, |(_, path)| path);
                        add(&[field, &number, inner, &at.to_string()], path);
                    }
                }
            }
            if let Some(text) = entry.get("env").and_then(Value::as_str) {
                add(&[field, &number, "env"], text);
            }
        }
    }
    for (number, chart) in list(value, "helmCharts").iter().enumerate() {
        if let Some(text) = chart.get("valuesFile").and_then(Value::as_str) {
            add(&["helmCharts", &number.to_string(), "valuesFile"], text);
        }
    }
    if let Some(text) = value.get("openapi").and_then(|openapi| openapi.get("path")).and_then(Value::as_str) {
        add(&["openapi", "path"], text);
    }
    found
}

fn target(files: &Files, folder: &str, text: &str) -> Target {
    let Some(path) = plain_path(folder, text) else { return Target::Outside };
    if files.has_file(&path) || files.links.contains(&path) {
        return Target::File(path);
    }
    let is_remote = text.contains("://") || text.contains("?ref=") || text.starts_with("git::") || is_host(text);
    match text.starts_with('/') {
        _ if is_remote => Target::Remote,
        true => Target::Outside,
        false if files.has_folder(&path) => Target::Folder(path),
        false => Target::Missing(path),
    }
}

/// `git@host:path` and `host.tld/owner/repository`, as kustomize reads them.
fn is_host(text: &str) -> bool {
    let first = text.split('/').next().unwrap_or_default();
    let is_login = first.contains('@') && first.contains(':');
    is_login || (["github.com", "gitlab.com", "bitbucket.org"].contains(&first) && text.contains('/'))
}
