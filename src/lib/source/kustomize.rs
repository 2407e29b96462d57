//! `kustomize`: reserved for the native build.

use super::{Declared, Mistakes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A kustomization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct KustomizeSource(BTreeMap<String, serde_json::Value>);

impl Declared for KustomizeSource {
    fn verify(&self, mistakes: &mut Mistakes<'_>) {
        let hint = "until then, render it and name the result with `path`";
        mistakes.report(&[], "`kustomize`: this source is not built yet", Some(hint));
    }
}
