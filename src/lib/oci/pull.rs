//! An artifact from its registry, each part checked against its digest.

use super::archive::unpack;
use super::content::{Content, Shape, shape_of};
use super::failure::failed;
use super::manifest::{Descriptor, Document, Manifest, parse};
use super::reference::{Reference, Version};
use super::session::{Session, Told};
use super::settings::Settings;
use crate::digest::{is_sha256, sha256};
use crate::error::Result;
use crate::http::Client;
use crate::tree::Tree;

/// How much a manifest may hold: what registries must take at most (OCI distribution spec).
const MANIFEST_LIMIT: u64 = 4 * 1024 * 1024;

/// An artifact that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// `sha256:` and the hex of what the tag or digest names: a manifest, or an index that leads to one.
    pub digest: String,
    pub content: Content,
}

/// Gets an artifact. What the store has is not asked for again: a digest that is there needs no network. An index must
/// lead to one manifest.
///
/// # Errors
/// There is no such artifact, it is of a kind that is not supported, it is too big, or it has another digest
/// ([`ErrorKind::Failed`](crate::error::ErrorKind::Failed)); the registry cannot be reached, or wants another login
/// ([`ErrorKind::Environment`](crate::error::ErrorKind::Environment)); it takes too long
/// ([`ErrorKind::Timeout`](crate::error::ErrorKind::Timeout)).
pub fn pull(reference: &Reference, http: &Client, settings: &Settings, progress: Told<'_>) -> Result<Pulled> {
    let doing = format!("cannot pull {reference}");
    let session = Session::new(reference, http, settings, progress, &doing);
    let mut puller = Puller { reference, settings, doing, session: Some(session) };
    match puller.pull()? {
        Some(pulled) => Ok(pulled),
        // With a session, nothing is missing.
        None => Err(failed(&puller.doing, "nothing came", "run the command again")),
    }
}

/// The artifact of a digest, if the store has all of it. Needs no network.
///
/// # Errors
/// The store cannot be read, or the artifact is of a kind that is not supported.
pub fn cached(reference: &Reference, settings: &Settings) -> Result<Option<Pulled>> {
    Puller { reference, settings, doing: format!("cannot read {reference} from the cache"), session: None }.pull()
}

/// The digest that a tag stands for now. A digest stands for itself, if it is there.
///
/// # Errors
/// As [`pull`].
pub fn resolve(reference: &Reference, http: &Client, settings: &Settings) -> Result<String> {
    let doing = format!("cannot look up {reference}");
    let session = Session::new(reference, http, settings, &|_| (), &doing);
    let mut puller = Puller { reference, settings, doing, session: Some(session) };
    let named = puller.ask_manifest(reference.name())?;
    Ok(named.0)
}

struct Puller<'a> {
    reference: &'a Reference,
    settings: &'a Settings,
    doing: String,
    /// Without it, only the store is asked.
    session: Option<Session<'a>>,
}

impl Puller<'_> {
    fn pull(&mut self) -> Result<Option<Pulled>> {
        let Some((digest, bytes)) = self.named()? else { return Ok(None) };
        let Some(manifest) = self.manifest(&bytes)? else { return Ok(None) };
        let content = self.content(&manifest)?;
        Ok(content.map(|content| Pulled { digest, content }))
    }

    /// What the reference names, with its digest.
    fn named(&mut self) -> Result<Option<(String, Vec<u8>)>> {
        if let Version::Digest(digest) = &self.reference.version
            && let Some(bytes) = self.stored(digest)?
        {
            return Ok(Some((digest.clone(), bytes)));
        }
        if self.session.is_none() {
            return Ok(None);
        }
        self.ask_manifest(self.reference.name()).map(Some)
    }

    /// The manifest of a tag or a digest, from the registry, with its digest.
    fn ask_manifest(&mut self, name: &str) -> Result<(String, Vec<u8>)> {
        let Some(session) = &mut self.session else {
            return Err(failed(&self.doing, "the cache does not have it", "run the command again with the network"));
        };
        let response = session.manifest(name)?;
        let size = response.bytes.len() as u64;
        if size > MANIFEST_LIMIT {
            return Err(self.too_big("its manifest", size, MANIFEST_LIMIT));
        }
        let digest = format!("sha256:{}", sha256(&response.bytes));
        let told = response.header("docker-content-digest").map(str::trim);
        // Another kind of digest cannot be compared.
        let told = told.filter(|told| told.strip_prefix("sha256:").is_some_and(is_sha256));
        let expected = if name.starts_with("sha256:") { Some(name) } else { told };
        if let Some(expected) = [expected, told].into_iter().flatten().find(|expected| *expected != digest) {
            return Err(self.wrong_digest("its manifest", expected, &digest));
        }
        self.keep(&response.bytes);
        Ok((digest, response.bytes))
    }

    /// The manifest that a text is, or that an index leads to.
    fn manifest(&mut self, bytes: &[u8]) -> Result<Option<Manifest>> {
        let manifests = match self.parse(bytes)? {
            Document::Manifest(manifest) => return Ok(Some(manifest)),
            Document::Index(manifests) => manifests,
        };
        let real: Vec<&Descriptor> = manifests.iter().filter(|manifest| !manifest.is_attestation()).collect();
        let [one] = real.as_slice() else {
            let platforms: Vec<String> = real.iter().take(20).map(|manifest| manifest.platform()).collect();
            let reason = match real.len() {
                0 => "its index leads to nothing".to_owned(),
                count => format!("its index leads to {count} manifests: {}", platforms.join(", ")),
            };
            let hint = "this looks like a container image; name an artifact, or one manifest by its digest";
            return Err(failed(&self.doing, reason, hint));
        };
        let bytes = match self.stored(&one.digest)? {
            Some(bytes) => bytes,
            None if self.session.is_none() => return Ok(None),
            None => self.ask_manifest(&one.digest)?.1,
        };
        match self.parse(&bytes)? {
            Document::Manifest(manifest) => Ok(Some(manifest)),
            Document::Index(_) => {
                Err(failed(&self.doing, "its index leads to another index", "name the artifact by its digest"))
            }
        }
    }

    fn parse(&self, bytes: &[u8]) -> Result<Document> {
        let hint = "check the URL and the tag; the artifact may have to be pushed again";
        parse(bytes).map_err(|reason| failed(&self.doing, reason, hint))
    }

    fn content(&mut self, manifest: &Manifest) -> Result<Option<Content>> {
        let shape = shape_of(manifest).map_err(|(reason, hint)| failed(&self.doing, reason, hint))?;
        Ok(match shape {
            Shape::Chart(layer) => self.layer(layer)?.map(Content::Chart),
            Shape::Archive(layer, packing) => {
                let Some(bytes) = self.layer(layer)? else { return Ok(None) };
                let contents = unpack(&bytes, packing, self.settings.limits).map_err(|(reason, hint)| {
                    failed(&self.doing, format!("its archive {}: {reason}", layer.digest), hint)
                })?;
                Some(Content::Files(contents))
            }
            Shape::Texts(layers) => {
                let mut tree = Tree::default();
                let (mut total, limit) = (0_u64, self.settings.limits.total as u64);
                for (name, layer) in layers {
                    total = total.saturating_add(layer.size);
                    if total > limit {
                        return Err(self.too_big("all of its layers together", total, limit));
                    }
                    let Some(bytes) = self.layer(layer)? else { return Ok(None) };
                    tree.insert(name, bytes);
                }
                Some(Content::Texts(tree))
            }
        })
    }

    fn layer(&mut self, layer: &Descriptor) -> Result<Option<Vec<u8>>> {
        let what = format!("its layer {}", layer.digest);
        let limit = self.settings.limits.file as u64;
        if layer.size > limit {
            return Err(self.too_big(&what, layer.size, limit));
        }
        let stored = self.stored(&layer.digest)?;
        let bytes = match (stored, &mut self.session) {
            (Some(bytes), _) => bytes,
            (None, None) => return Ok(None),
            (None, Some(session)) => {
                let bytes = session.blob(&layer.digest)?;
                let digest = format!("sha256:{}", sha256(&bytes));
                if digest != layer.digest {
                    return Err(self.wrong_digest("its layer", &layer.digest, &digest));
                }
                self.keep(&bytes);
                bytes
            }
        };
        if bytes.len() as u64 != layer.size {
            let reason = format!("{what} has {} bytes, and its manifest says {}", bytes.len(), layer.size);
            return Err(failed(&self.doing, reason, "the artifact is damaged: push it again"));
        }
        Ok(Some(bytes))
    }

    fn stored(&self, digest: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.settings.store.get(digest.strip_prefix("sha256:").unwrap_or_default())?)
    }

    /// A store that cannot be written costs the next run a download, no more.
    fn keep(&self, bytes: &[u8]) {
        let _ = self.settings.store.put(bytes);
    }

    fn too_big(&self, what: &str, size: u64, limit: u64) -> crate::error::Error {
        failed(&self.doing, format!("{what} has {size} bytes, more than {limit}"), "push the manifests alone")
    }

    fn wrong_digest(&self, what: &str, expected: &str, got: &str) -> crate::error::Error {
        let reason = format!("{what} has another digest than it should: expected {expected}, got {got}");
        let hint = "run the command again; if that does not help, the registry or a proxy changes what it gives";
        failed(&self.doing, reason, hint)
    }
}
