//! Manifests and indexes (OCI image spec 1.1, and Docker's schema 2, which has the same fields).

use crate::address::is_digest;
use crate::text::{plain, shortened};
use serde::Deserialize;
use std::collections::BTreeMap;

pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(super) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// What is asked for.
pub(super) const ACCEPTED: &[&str] = &[OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST];

/// The annotation that names a layer's file.
const TITLE: &str = "org.opencontainers.image.title";

/// The annotation of what Docker adds to an image: no artifact of its own.
const ATTESTATION: &str = "vnd.docker.reference.type";

/// A manifest, or a list of manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Document {
    Manifest(Manifest),
    Index(Vec<Descriptor>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The media type of the artifact, or of its configuration.
    pub(super) kind: String,
    pub(super) layers: Vec<Descriptor>,
}

/// Content by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    #[serde(default)]
    pub(super) media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Platform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

impl Descriptor {
    /// The name of the file that a layer is.
    pub(super) fn title(&self) -> Option<&str> {
        self.annotations.as_ref()?.get(TITLE).map(String::as_str)
    }

    /// Whether it stands beside an image without being one.
    pub(super) fn is_attestation(&self) -> bool {
        self.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(ATTESTATION))
    }

    /// The platform that a manifest is for, for people.
    pub(super) fn platform(&self) -> String {
        match &self.platform {
            Some(platform) => shortened(&plain(&format!("{}/{}", platform.os, platform.architecture))),
            None => "no platform".to_owned(),
        }
    }

    /// The media type without its parameters, in lower case.
    pub(super) fn kind(&self) -> String {
        self.media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default)]
    schema_version: u64,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

/// Reads a manifest or an index. Why it cannot be used is reported in lower case, without a full stop.
pub(super) fn parse(bytes: &[u8]) -> Result<Document, String> {
    let raw: Raw = serde_json::from_slice(bytes)
        .map_err(|cause| format!("its manifest cannot be read: {}", named(&cause.to_string())))?;
    if let Some(other) = raw.media_type.as_deref().filter(|kind| !kind.is_empty() && !ACCEPTED.contains(kind)) {
        return Err(format!("its manifest is of the media type {}, which is not supported", named(other)));
    }
    if raw.schema_version != 2 {
        return Err(format!("its manifest has the schema version {}, and only 2 is supported", raw.schema_version));
    }
    let document = match (raw.layers, raw.manifests, &raw.media_type) {
        // Readers would differ in what it is.
        (Some(_), Some(_), _) => return Err("its manifest is a manifest and an index at once".to_owned()),
        (_, Some(manifests), kind) if !is_one_of(kind, &[OCI_MANIFEST, DOCKER_MANIFEST]) => Document::Index(manifests),
        (Some(layers), None, kind) if !is_one_of(kind, &[OCI_INDEX, DOCKER_LIST]) => {
            let config = raw.config.map(|config| config.kind()).unwrap_or_default();
            let artifact = raw.artifact_type.filter(|kind| !kind.is_empty());
            Document::Manifest(Manifest { kind: artifact.unwrap_or(config), layers })
        }
        _ => return Err("its manifest has neither layers nor manifests that fit its media type".to_owned()),
    };
    let descriptors = match &document {
        Document::Manifest(manifest) => &manifest.layers,
        Document::Index(manifests) => manifests,
    };
    match descriptors.iter().find(|descriptor| !is_digest(&descriptor.digest)) {
        Some(other) => {
            Err(format!("its manifest has the digest {}, and only sha256 is supported", named(&other.digest)))
        }
        None => Ok(document),
    }
}

fn is_one_of(kind: &Option<String>, known: &[&str]) -> bool {
    kind.as_deref().is_some_and(|kind| known.contains(&kind))
}

/// A word of a manifest, for people.
pub(super) fn named(word: &str) -> String {
    if word.is_empty() { "``".to_owned() } else { shortened(&plain(word)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_manifest_is_refused() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let layer = format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":1,"annotations":null}}"#);
        let right = format!(r#"{{"schemaVersion":2,"layers":[{layer}],"config":{layer}}}"#);
        assert!(matches!(parse(right.as_bytes()), Ok(Document::Manifest(manifest)) if manifest.kind == "a/b"));
        let index = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{layer}]}}"#);
        assert!(matches!(parse(index.as_bytes()), Ok(Document::Index(manifests)) if manifests.len() == 1));
        for (text, expected) in [
            ("<html>".to_owned(), "cannot be read"),
            (right.replace("sha256:0", "sha512:0"), "only sha256"),
            (right.replace(&digest, "sha256:../.."), "only sha256"),
            (right.replace("\"size\":1", "\"size\":-1"), "cannot be read"),
            (right.replace(":2,", ":1,"), "schema version 1"),
            (right.replace("\"config\"", "\"manifests\":[],\"config\""), "at once"),
            (index.replace("manifests", "layers"), "neither"),
            (r#"{"schemaVersion":2}"#.to_owned(), "neither"),
            (r#"{"schemaVersion":2,"mediaType":"x/y","layers":[]}"#.to_owned(), "x/y"),
        ] {
            let reason = parse(text.as_bytes()).expect_err(&text);
            assert!(reason.contains(expected), "{text}: {reason}");
        }
    }
}
