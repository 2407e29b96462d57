//! What an addon is made from: its sources as requests, and what came of them.

use crate::digest::sha256_of_texts;
use crate::fleet::file::{Unexpanded, expand, words_of};
use crate::fleet::lock::{Lock, LockedAddon, LockedSource};
use crate::fleet::types::{Addon, HelmSource};
use crate::tree::Tree;

/// Changes when the same inputs begin to give another base: all bases are then made again.
const FORMAT_VERSION: u32 = 1;

/// The endings of files that count in a folder of manifests.
pub(super) const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// Whether a file in a folder of manifests tells kustomize how to build them.
pub(super) fn is_kustomization(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split_once('.').is_some_and(|(stem, ending)| stem == "kustomization" && EXTENSIONS.contains(&ending))
}

/// One source of an addon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its place among the addon's sources, from 0.
    pub index: usize,
    /// What it is.
    pub asked: Asked,
    /// For a chart: what it is rendered with.
    pub release: Option<Release>,
}

/// What a chart is rendered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The fleet file's words.
    pub source: HelmSource,
    /// The name of the release.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Files of the repository with values, by their paths.
    pub values_files: Vec<(String, Vec<u8>)>,
}

/// What a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there are few of them, and most are the large one")]
pub enum Asked {
    /// A file or folder of the repository.
    Local(String),
    /// Something from outside, without what came of it.
    Remote(LockedSource),
}

/// What came of a source: named texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// Names, as shown in messages, and texts, in order.
    pub texts: Vec<(String, Vec<u8>)>,
    /// A chart whose texts are still to be rendered.
    pub chart: Option<Chart>,
    /// The commit of a git source.
    pub commit: Option<String>,
    /// The digest of an artifact's manifest.
    pub digest: Option<String>,
    /// The sha256 of all of it, as hex.
    pub sha256: String,
}

/// A chart that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chart {
    /// Packed.
    Archive(Vec<u8>),
    /// The files of its folder.
    Folder(Tree),
}

/// The sources of an addon, in order, its ConfigMap left out. Files with values are named, not yet read.
///
/// # Errors
/// A word in braces that nothing stands for; the fleet file's own check has told its place.
pub fn requests(name: &str, addon: &Addon) -> Result<Vec<Request>, Unexpanded> {
    let words = words_of(addon);
    let mut requests = Vec::new();
    for (index, source) in addon.sources.iter().enumerate() {
        if let Some(helm) = &source.helm {
            requests.push(chart_request(index, name, addon, helm.expanded(&words)?));
            continue;
        }
        let asked = if let Some(path) = &source.path {
            Asked::Local(path.clone())
        } else if let Some(url) = &source.url {
            Asked::Remote(LockedSource { url: Some(expand(url, &words)?), ..LockedSource::default() })
        } else if let Some(git) = &source.git {
            let word = |text: &Option<String>| text.as_ref().map(|text| expand(text, &words)).transpose();
            Asked::Remote(LockedSource {
                git: Some(expand(&git.url, &words)?),
                reference: word(&git.reference)?,
                path: word(&git.path)?,
                ..LockedSource::default()
            })
        } else if let Some(oci) = &source.oci {
            let oci = oci.expanded(&words)?;
            Asked::Remote(LockedSource {
                oci: Some(oci.url),
                reference: Some(oci.reference),
                path: oci.path,
                ..LockedSource::default()
            })
        } else {
            continue;
        };
        requests.push(Request { index, asked, release: None });
    }
    Ok(requests)
}

fn chart_request(index: usize, addon_name: &str, addon: &Addon, source: HelmSource) -> Request {
    let asked = match &source.path {
        Some(path) => Asked::Local(path.clone()),
        None => Asked::Remote(LockedSource {
            helm: source.repository.clone(),
            chart: source.chart.clone(),
            version: source.version.clone(),
            ..LockedSource::default()
        }),
    };
    let namespace = source.namespace.as_ref().or(addon.format.namespace.as_ref());
    let release = Release {
        name: source.release_name.clone().unwrap_or_else(|| addon_name.to_owned()),
        namespace: namespace.map_or("default", String::as_str).to_owned(),
        values_files: source.values_files.iter().map(|path| (path.clone(), Vec::new())).collect(),
        source,
    };
    Request { index, asked, release: Some(release) }
}

impl Request {
    /// The digest of all that a source gives, where what came of it has this digest.
    pub(super) fn digest(&self, sha256: &str) -> String {
        let files = self.release.iter().flat_map(|release| &release.values_files);
        let mut parts = files.map(|(name, bytes)| (name.as_str(), bytes.as_slice())).peekable();
        if parts.peek().is_none() {
            return sha256.to_owned();
        }
        sha256_of_texts([("", sha256.as_bytes())].into_iter().chain(parts))
    }
}

/// What the lock knows of a request.
pub fn locked<'a>(lock: &'a Lock, addon: &str, asked: &LockedSource) -> Option<&'a LockedSource> {
    lock.addons.get(addon).and_then(|addon| addon.sources.iter().find(|known| known.asks_as(asked)))
}

/// The digest of a base's generated files.
pub fn sha256_of_base(base: &Tree) -> String {
    let generated = base.iter().filter(|(path, _)| super::kustomization::is_generated(path));
    sha256_of_texts(generated.map(|(path, bytes)| (path.as_str(), bytes.as_slice())))
}

/// The digest of all that a base is made from: what the fleet file says of the addon, and what came of its sources.
pub fn fingerprint(addon: &Addon, digests: &[String]) -> String {
    let said = serde_json::to_string(addon).unwrap_or_default();
    let version = FORMAT_VERSION.to_string();
    let parts = [version.as_str(), said.as_str()].into_iter().chain(digests.iter().map(String::as_str));
    sha256_of_texts(parts.map(|part| ("", part.as_bytes())))
}

/// The lock's entry of an addon that was generated.
pub fn lock_entry(addon: &Addon, requests: &[Request], contents: &[Content], base: &Tree) -> LockedAddon {
    let sources = requests.iter().zip(contents).filter_map(|(request, content)| match &request.asked {
        Asked::Local(_) => None,
        Asked::Remote(asked) => Some(LockedSource {
            commit: content.commit.clone(),
            digest: content.digest.clone(),
            sha256: content.sha256.clone(),
            ..asked.clone()
        }),
    });
    let digests: Vec<String> =
        requests.iter().zip(contents).map(|(request, content)| request.digest(&content.sha256)).collect();
    LockedAddon { inputs: fingerprint(addon, &digests), base: sha256_of_base(base), sources: sources.collect() }
}
