//! What the lock keeps of a source: what was asked, and what came.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was asked, and what came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct LockedSource {
    /// The URL of a file.
    pub url: Option<String>,
    /// The URL of a git repository.
    pub git: Option<String>,
    /// The URL of a chart repository, or of a folder of charts in a registry.
    pub helm: Option<String>,
    /// The name of a chart.
    pub chart: Option<String>,
    /// The version of a chart.
    pub version: Option<String>,
    /// The URL of an artifact's repository in a registry.
    pub oci: Option<String>,
    /// The branch, tag, commit or digest that was asked for.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The file or folder in the repository or the artifact.
    pub path: Option<String>,
    /// The commit that the reference was.
    pub commit: Option<String>,
    /// The digest of the manifest that the reference was.
    pub digest: Option<String>,
    /// The sha256 of what came, as hex.
    pub sha256: String,
}

/// What came of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Came {
    /// The commit that a reference was.
    pub commit: Option<String>,
    /// The digest of the manifest that a reference was.
    pub digest: Option<String>,
    /// The sha256 of all of it, as hex.
    pub sha256: String,
}

impl LockedSource {
    pub fn came(&self) -> Came {
        Came { commit: self.commit.clone(), digest: self.digest.clone(), sha256: self.sha256.clone() }
    }

    /// The fields that have a value, in the order of the lock's text.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("url", self.url.as_deref()),
            ("git", self.git.as_deref()),
            ("helm", self.helm.as_deref()),
            ("chart", self.chart.as_deref()),
            ("version", self.version.as_deref()),
            ("oci", self.oci.as_deref()),
            ("ref", self.reference.as_deref()),
            ("path", self.path.as_deref()),
            ("commit", self.commit.as_deref()),
            ("digest", self.digest.as_deref()),
            ("sha256", Some(self.sha256.as_str())),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
    }
}
