//! Artifacts for registries: made, pushed to a real one, or served by a web server that does as a test wants.

use flate2::{Compression, write::GzEncoder};
use kfleet::digest::sha256;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;

pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const FLUX_CONFIG: &str = "application/vnd.cncf.flux.config.v1+json";
pub const FLUX_CONTENT: &str = "application/vnd.cncf.flux.content.v1.tar+gzip";
pub const EMPTY_CONFIG: &str = "application/vnd.oci.empty.v1+json";

/// A digest as registries write it.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256(bytes))
}

/// A packed archive of files.
pub fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, text.as_bytes()).expect("packed");
    }
    gzip(&tar.into_inner().expect("packed"))
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).expect("packed");
    packer.finish().expect("packed")
}

/// Manifests and layers by their digest.
#[derive(Debug, Clone, Default)]
pub struct Artifact {
    /// The manifest's media type.
    pub kind: &'static str,
    /// The manifest.
    pub manifest: Vec<u8>,
    /// Manifests that an index leads to, with their media types.
    pub manifests: Vec<(&'static str, Vec<u8>)>,
    /// Layers and the configuration.
    pub blobs: BTreeMap<String, Vec<u8>>,
}

impl Artifact {
    /// With layers of a media type, maybe a name, and content.
    pub fn new(config: &str, layers: &[(&str, Option<&str>, &[u8])]) -> Artifact {
        let mut blobs = BTreeMap::from([(digest(b"{}"), b"{}".to_vec())]);
        let described = layers.iter().map(|(kind, title, bytes)| {
            blobs.insert(digest(bytes), bytes.to_vec());
            let mut layer = json!({"mediaType": kind, "digest": digest(bytes), "size": bytes.len()});
            if let Some(title) = title {
                layer["annotations"] = json!({"org.opencontainers.image.title": title});
            }
            layer
        });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "layers": described.collect::<Vec<Value>>(),
            "config": {"mediaType": config, "digest": digest(b"{}"), "size": 2},
        });
        Artifact { kind: OCI_MANIFEST, manifest: manifest.to_string().into_bytes(), manifests: Vec::new(), blobs }
    }

    /// As `flux push artifact` makes it.
    pub fn flux(files: &[(&str, &str)]) -> Artifact {
        Artifact::new(FLUX_CONFIG, &[(FLUX_CONTENT, None, &archive(files))])
    }

    /// An index that leads to artifacts, each for a platform of `linux`.
    pub fn index(artifacts: &[(&str, Artifact)]) -> Artifact {
        let described = artifacts.iter().map(|(architecture, artifact)| {
            json!({
                "mediaType": artifact.kind, "digest": artifact.digest(), "size": artifact.manifest.len(),
                "platform": {"os": "linux", "architecture": architecture},
            })
        });
        let manifest = json!({
            "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": described.collect::<Vec<Value>>(),
        });
        Artifact {
            kind: OCI_INDEX,
            manifest: manifest.to_string().into_bytes(),
            manifests: artifacts.iter().map(|(_, artifact)| (artifact.kind, artifact.manifest.clone())).collect(),
            blobs: artifacts.iter().flat_map(|(_, artifact)| artifact.blobs.clone()).collect(),
        }
    }

    pub fn digest(&self) -> String {
        digest(&self.manifest)
    }

    /// What a registry has at a path below `/v2/<repository>/`, with its media type.
    pub fn get(&self, path: &str) -> Option<(&'static str, &[u8])> {
        if let Some(name) = path.strip_prefix("manifests/") {
            let inner = self.manifests.iter().find(|(_, bytes)| digest(bytes) == name);
            let inner = inner.map(|(kind, bytes)| (*kind, bytes.as_slice()));
            let is_own = !name.starts_with("sha256:") || name == self.digest();
            return inner.or(is_own.then_some((self.kind, self.manifest.as_slice())));
        }
        let blob = self.blobs.get(path.strip_prefix("blobs/")?)?;
        Some(("application/octet-stream", blob))
    }

    /// Pushes it to a registry on loopback.
    pub fn push(&self, address: &str, login: Option<(&str, &str)>, repository: &str, tag: &str) {
        let pusher = Pusher::new(address, login, repository);
        for bytes in self.blobs.values() {
            pusher.push_blob(bytes);
        }
        for (kind, bytes) in &self.manifests {
            pusher.push_manifest(&digest(bytes), kind, bytes);
        }
        pusher.push_manifest(tag, self.kind, &self.manifest);
    }
}

/// Pushes by the distribution API.
struct Pusher {
    agent: ureq::Agent,
    origin: String,
    repository: String,
    authorization: String,
}

impl Pusher {
    fn new(address: &str, login: Option<(&str, &str)>, repository: &str) -> Pusher {
        use base64::Engine;
        let agent = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build().new_agent();
        let pair = login.map(|(user, password)| format!("{user}:{password}")).unwrap_or_default();
        let authorization = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        Pusher { agent, origin: format!("http://{address}"), repository: repository.to_owned(), authorization }
    }

    fn push_blob(&self, bytes: &[u8]) {
        let start = format!("{}/v2/{}/blobs/uploads/", self.origin, self.repository);
        let response = self.agent.post(&start).header("authorization", &self.authorization).send_empty();
        let response = response.expect("an answer");
        assert_eq!(response.status(), 202);
        let location = response.headers()["location"].to_str().expect("text").to_owned();
        let location = if location.starts_with('/') { format!("{}{location}", self.origin) } else { location };
        let sign = if location.contains('?') { '&' } else { '?' };
        let url = format!("{location}{sign}digest={}", digest(bytes));
        let put = self.agent.put(&url).header("authorization", &self.authorization);
        let response = put.content_type("application/octet-stream").send(bytes).expect("an answer");
        assert_eq!(response.status(), 201);
    }

    fn push_manifest(&self, name: &str, kind: &str, bytes: &[u8]) {
        let url = format!("{}/v2/{}/manifests/{name}", self.origin, self.repository);
        let put = self.agent.put(&url).header("authorization", &self.authorization);
        let mut response = put.content_type(kind).send(bytes).expect("an answer");
        assert_eq!(response.status(), 201, "{:?}", response.body_mut().read_to_string());
    }
}
