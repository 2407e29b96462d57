//! `fleet.lock`: what came of every source that `kfleet generate` has fetched, so that the same fleet file gives the same
//! bases on every machine and every day. Written by kfleet only, as canonical text.

use super::document;
use super::types::ApiVersion;
use crate::problem::Problem;
use crate::yaml::scalar;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The usual name of the lock.
pub const LOCK_FILE: &str = "fleet.lock";

/// What came of every source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Lock {
    /// The version of this file's format.
    pub api_version: ApiVersion,
    /// Always FleetLock.
    pub kind: LockKind,
    /// The addons that were generated.
    #[serde(default)]
    pub addons: BTreeMap<String, LockedAddon>,
}

/// The kind of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum LockKind {
    /// A lock.
    FleetLock,
}

/// An addon as it was generated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LockedAddon {
    /// The digest of all that its base is made from; while it is the same, the base is not made again.
    pub inputs: String,
    /// The digest of the base that was written.
    pub base: String,
    /// The sources from outside the repository, in order.
    #[serde(default)]
    pub sources: Vec<LockedSource>,
}

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

impl LockedSource {
    /// Whether both ask for the same thing.
    pub fn asks_as(&self, other: &LockedSource) -> bool {
        let asked = |source: &LockedSource| LockedSource {
            commit: None,
            digest: None,
            sha256: String::new(),
            ..source.clone()
        };
        asked(self) == asked(other)
    }

    /// What is asked, for people: without the values of a URL's query, which may be secret.
    pub fn shown(&self) -> String {
        if let (Some(repository), Some(chart), Some(version)) = (&self.helm, &self.chart, &self.version) {
            return format!("{chart} {version} from {repository}");
        }
        let url = self.url.as_ref().or(self.git.as_ref()).or(self.oci.as_ref()).map_or("", String::as_str);
        let parts = [url.split('?').next().unwrap_or_default(), self.path.as_deref().unwrap_or_default()];
        let mut text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("//");
        if let Some(reference) = &self.reference {
            text += &format!(" at {reference}");
        }
        text
    }
}

impl Default for Lock {
    fn default() -> Self {
        Lock { api_version: ApiVersion::V1alpha1, kind: LockKind::FleetLock, addons: BTreeMap::new() }
    }
}

impl Lock {
    /// Reads a lock.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Lock, Vec<Problem>> {
        document::read::<Lock>(name, bytes, &mut Vec::new()).map(|(lock, _)| lock)
    }

    /// The lock's text: canonical, so that formatting the repository leaves it alone.
    pub fn render(&self) -> Vec<u8> {
        let mut out =
            b"# Written by kfleet generate; `kfleet generate --update` takes over what sources hold now.\n".to_vec();
        out.extend_from_slice(b"apiVersion: kfleet.dev/v1alpha1\nkind: FleetLock\n");
        if self.addons.is_empty() {
            out.extend_from_slice(b"addons: {}\n");
            return out;
        }
        out.extend_from_slice(b"addons:\n");
        let mut entry = |indent: &str, key: &str, value: &str| {
            out.extend_from_slice(indent.as_bytes());
            scalar::write_text(key, false, &mut out);
            out.push(b':');
            if !value.is_empty() {
                out.push(b' ');
                scalar::write_text(value, false, &mut out);
            }
            out.push(b'\n');
        };
        for (name, addon) in &self.addons {
            entry("  ", name, "");
            entry("    ", "inputs", &addon.inputs);
            entry("    ", "base", &addon.base);
            if !addon.sources.is_empty() {
                entry("    ", "sources", "");
            }
            for source in &addon.sources {
                let fields = [
                    ("url", source.url.as_deref()),
                    ("git", source.git.as_deref()),
                    ("helm", source.helm.as_deref()),
                    ("chart", source.chart.as_deref()),
                    ("version", source.version.as_deref()),
                    ("oci", source.oci.as_deref()),
                    ("ref", source.reference.as_deref()),
                    ("path", source.path.as_deref()),
                    ("commit", source.commit.as_deref()),
                    ("digest", source.digest.as_deref()),
                    ("sha256", Some(source.sha256.as_str())),
                ];
                for (index, (key, value)) in fields.into_iter().filter_map(|(k, v)| Some((k, v?))).enumerate() {
                    entry(if index == 0 { "      - " } else { "        " }, key, value);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_as_it_was_written() {
        let source = LockedSource {
            url: Some("https://example.org/a#b: c.yaml".to_owned()),
            sha256: "0123".to_owned(),
            ..LockedSource::default()
        };
        let git = LockedSource {
            git: Some("https://example.org/r".to_owned()),
            reference: Some("1.0".to_owned()),
            path: Some("deploy".to_owned()),
            commit: Some("1e3".to_owned()),
            sha256: "ab".to_owned(),
            ..LockedSource::default()
        };
        let oci = LockedSource {
            oci: Some("oci://example.org/a".to_owned()),
            reference: Some("1.0".to_owned()),
            digest: Some(format!("sha256:{}", "0".repeat(64))),
            sha256: "cd".to_owned(),
            ..LockedSource::default()
        };
        let asked = LockedSource { digest: None, sha256: String::new(), ..oci.clone() };
        assert!(oci.asks_as(&asked) && !oci.asks_as(&git));
        assert_eq!(asked.shown(), "oci://example.org/a at 1.0");
        let addon = LockedAddon { inputs: "12".to_owned(), base: "e1".to_owned(), sources: vec![source, git, oci] };
        let none = LockedAddon { inputs: "x".to_owned(), base: "y".to_owned(), sources: Vec::new() };
        let lock =
            Lock { addons: BTreeMap::from([("yes".to_owned(), addon), ("b".to_owned(), none)]), ..Lock::default() };
        for lock in [lock, Lock::default()] {
            let text = lock.render();
            assert_eq!(Lock::read("fleet.lock", &text).as_ref(), Ok(&lock), "{}", String::from_utf8_lossy(&text));
            let mut engine = crate::yaml::engine::Engine::default();
            let parsed = crate::yaml::input::Text::new(&text).expect("text");
            let mut tape = crate::yaml::tape::Tape::default();
            engine.parse(&parsed, parsed.documents()[0], &mut tape, &mut Vec::new()).expect("YAML");
            let mut again = Vec::new();
            let range = 0..tape.tokens.len();
            crate::yaml::emit::emit(&tape, &text, range, Default::default(), Default::default(), &mut again);
            assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&text), "canonical");
        }
    }
}
