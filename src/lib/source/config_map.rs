//! `configMap`: wraps the texts of the addon's other sources into a ConfigMap.

use super::{Declared, Mistakes, Source};
use crate::problem::{Location, Problem};
use crate::yaml::scalar;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A ConfigMap that holds the text of the addon's other sources.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ConfigMapSource {
    /// The ConfigMap's name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The key that holds the text.
    pub key: String,
}

impl Declared for ConfigMapSource {}

/// What is wrong with the ConfigMaps among the sources of an addon.
pub(super) fn verify_all(sources: &[Source], mistakes: &mut Mistakes<'_>) {
    let wraps = sources.iter().filter(|source| source.config_map.is_some()).count();
    if wraps > 1 {
        mistakes.report(&[], "an addon can be wrapped into one ConfigMap only", None);
    }
    if wraps == 1 && sources.len() == 1 {
        let hint = "add the source of the text: url, path or git";
        mistakes.report(&[], "the ConfigMap has nothing to hold", Some(hint));
    }
}

impl ConfigMapSource {
    /// A ConfigMap that holds texts under one key. The layout makes a block of the quoted text.
    ///
    /// # Errors
    /// Texts that are not UTF-8.
    pub fn wrap(&self, texts: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Vec<Problem>> {
        let text = join(texts)?;
        let [name, namespace, key] = [&self.name, &self.namespace, &self.key].map(|text| scalar::text_of(text));
        let head = "apiVersion: v1\nkind: ConfigMap\nmetadata:";
        let mut out = format!("{head}\n  name: {name}\n  namespace: {namespace}\ndata:\n  {key}: ").into_bytes();
        scalar::write_double(&text, &mut out);
        out.push(b'\n');
        Ok(out)
    }
}

/// Texts one after another, as one YAML stream. One text alone keeps its bytes.
fn join(texts: &[(String, Vec<u8>)]) -> Result<String, Vec<Problem>> {
    let mut joined = String::new();
    let mut problems = Vec::new();
    for (name, bytes) in texts {
        let Ok(text) = std::str::from_utf8(bytes) else {
            let problem = Problem::error(Location::of_file(name), "this is not valid UTF-8");
            problems.push(problem.with_hint("a ConfigMap holds text only"));
            continue;
        };
        if !joined.is_empty() {
            if !joined.ends_with('\n') {
                joined.push('\n');
            }
            if !text.starts_with("---") {
                joined.push_str("---\n");
            }
        }
        joined.push_str(text);
    }
    if problems.is_empty() { Ok(joined) } else { Err(problems) }
}
