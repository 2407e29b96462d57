//! `fleet.lock`: what came of every source that `kfleet generate` has fetched, so that the same fleet file gives the same
//! bases on every machine and every day. Written by kfleet only, as canonical text.

use super::document;
use super::types::ApiVersion;
use crate::problem::Problem;
use crate::source::{LockedSource, Remote};
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

    /// What it says of something that an addon asks for.
    pub fn source(&self, addon: &str, asked: &Remote) -> Option<&LockedSource> {
        self.addons.get(addon)?.sources.iter().find(|known| asked.is_locked_as(known))
    }

    /// The lock's text: canonical, so that formatting the repository leaves it alone.
    pub fn render(&self) -> Vec<u8> {
        let mut out = String::from(
            "# Written by kfleet generate; `kfleet generate --update` takes over what sources hold now.\n\
             apiVersion: kfleet.dev/v1alpha1\nkind: FleetLock\n",
        );
        out += if self.addons.is_empty() { "addons: {}\n" } else { "addons:\n" };
        let mut entry = |indent: &str, key: &str, value: &str| {
            let value = if value.is_empty() { String::new() } else { format!(" {}", scalar::text_of(value)) };
            out += &format!("{indent}{}:{value}\n", scalar::text_of(key));
        };
        for (name, addon) in &self.addons {
            entry("  ", name, "");
            entry("    ", "inputs", &addon.inputs);
            entry("    ", "base", &addon.base);
            if !addon.sources.is_empty() {
                entry("    ", "sources", "");
            }
            for source in &addon.sources {
                for (index, (key, value)) in source.fields().enumerate() {
                    entry(if index == 0 { "      - " } else { "        " }, key, value);
                }
            }
        }
        out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::OciSource;

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
        let asked: OciSource =
            serde_json::from_str(r#"{"url": "oci://example.org/a", "ref": "1.0"}"#).expect("a source");
        let asked = Remote::Oci(asked);
        assert!(asked.is_locked_as(&oci) && !asked.is_locked_as(&git));
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
