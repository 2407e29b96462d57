//! Addon sources, one file per kind. A kind's file has all about it: what the fleet file may say of it, what that asks for
//! once words in braces are replaced, how it is fetched, what the lock keeps, and how content comes of it.
//!
//! A new kind is a new file, a field of [`Source`] with its line in the list after it, and, where it is fetched, a line of
//! [`Remote`]. This module knows neither the fleet file as a whole nor what becomes of content.

mod config_map;
mod content;
mod fetch;
mod git;
mod helm;
mod kustomize;
mod locked;
mod oci;
mod path;
mod url;
mod words;

pub use config_map::ConfigMapSource;
pub use content::{Chart, Content, Held, Material};
pub use fetch::{Job, Progress, Remotes, fetch, not_here, watched};
pub use git::GitSource;
pub use helm::{HelmSource, Release, render};
pub use kustomize::KustomizeSource;
pub use locked::{Came, LockedSource};
pub use oci::OciSource;
pub use path::PathSource;
pub use url::UrlSource;
pub use words::{Unexpanded, Words, expand};

use crate::error::Result;
use crate::helm::RemoteChart;
use crate::path::is_plain_path;
use fetch::Fetch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One source of an addon's manifests. Exactly one of its fields is set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct Source {
    /// A file to download: https or http. `{version}` and other words in braces are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub url: Option<UrlSource>,
    /// A file or folder of this repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub path: Option<PathSource>,
    /// A file or folder of another git repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<GitSource>,
    /// Wraps the text of the addon's other sources into a ConfigMap, as a ClusterResourceSet needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapSource>,
    /// An artifact of a registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oci: Option<OciSource>,
    /// A Helm chart, rendered by the `helm` program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helm: Option<HelmSource>,
    /// A kustomization. Reserved for the native build: refused with a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub kustomize: Option<KustomizeSource>,
}

impl Source {
    /// The kind of the source: the name of its field, and what is in it.
    fn kind(&self) -> Option<(&'static str, &dyn Declared)> {
        fn of(field: &Option<impl Declared>) -> Option<&dyn Declared> {
            field.as_ref().map(|kind| kind as &dyn Declared)
        }
        let kinds = [
            ("url", of(&self.url)),
            ("path", of(&self.path)),
            ("git", of(&self.git)),
            ("configMap", of(&self.config_map)),
            ("oci", of(&self.oci)),
            ("helm", of(&self.helm)),
            ("kustomize", of(&self.kustomize)),
        ];
        kinds.into_iter().find_map(|(name, kind)| Some((name, kind?)))
    }
}

/// Something from outside the repository, with words in braces replaced.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remote {
    Url(UrlSource),
    Git(GitSource),
    Helm(RemoteChart),
    Oci(OciSource),
}

impl Remote {
    fn kind(&self) -> &dyn Remotely {
        match self {
            Remote::Url(url) => url,
            Remote::Git(git) => git,
            Remote::Helm(chart) => chart,
            Remote::Oci(oci) => oci,
        }
    }

    /// What is asked, for people: without the values of a URL's query, which may be secret.
    pub fn shown(&self) -> String {
        self.kind().shown()
    }

    /// What the lock keeps, where this came of it.
    pub fn locked(&self, came: Came) -> LockedSource {
        self.kind().locked(came)
    }

    /// Whether an entry of the lock is about the same thing.
    pub fn is_locked_as(&self, known: &LockedSource) -> bool {
        self.locked(known.came()) == *known
    }
}

/// A kind of source as the fleet file has it.
trait Declared {
    /// What is wrong with it beyond its type.
    fn verify(&self, _mistakes: &mut Mistakes<'_>) {}

    /// What it asks for; nothing where it asks for nothing itself.
    ///
    /// # Errors
    /// A word in braces that nothing stands for.
    fn request(&self, _owner: &Owner<'_>) -> std::result::Result<Option<(Asked, Option<Release>)>, Unexpanded> {
        Ok(None)
    }
}

/// A kind of source that comes from outside the repository.
trait Remotely {
    /// See [`Remote::shown`].
    fn shown(&self) -> String;

    /// See [`Remote::locked`].
    fn locked(&self, came: Came) -> LockedSource;

    /// Gets it: what the lock knows out of the cache, else over the network.
    ///
    /// # Errors
    /// It cannot be had.
    fn fetch(&self, fetch: &Fetch<'_>) -> Result<Content>;
}

/// An addon, as its sources see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner<'a> {
    pub name: &'a str,
    /// What words in braces stand for.
    pub words: Words<'a>,
    /// The namespace of its objects, where it says so.
    pub namespace: Option<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A file or folder of the repository.
    Local(String),
    /// Something from outside.
    Remote(Remote),
}

/// One source of an addon, with words in braces replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its place among the addon's sources, from 0.
    pub index: usize,
    pub asked: Asked,
    /// For a chart: what it is rendered with.
    pub release: Option<Release>,
}

impl Request {
    /// What is asked, for people.
    pub fn shown(&self) -> String {
        match &self.asked {
            Asked::Local(path) => path.clone(),
            Asked::Remote(remote) => remote.shown(),
        }
    }
}

/// The sources of an addon as requests, in order; its ConfigMap is left out.
///
/// # Errors
/// A word in braces that nothing stands for; [`mistakes`] has its place.
pub fn requests(sources: &[Source], owner: &Owner<'_>) -> std::result::Result<Vec<Request>, Unexpanded> {
    let mut requests = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        if let Some((_, kind)) = source.kind()
            && let Some((asked, release)) = kind.request(owner)?
        {
            requests.push(Request { index, asked, release });
        }
    }
    Ok(requests)
}

/// Something wrong with the sources of an addon.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The field: keys and numbers of items, below the sources.
    pub field: Vec<String>,
    pub message: String,
    pub hint: Option<String>,
}

/// All that is wrong with the sources of an addon.
pub fn mistakes(sources: &[Source], owner: &Owner<'_>) -> Vec<Mistake> {
    let mut mistakes = Mistakes { owner, above: Vec::new(), found: Vec::new() };
    config_map::verify_all(sources, &mut mistakes);
    for (index, source) in sources.iter().enumerate() {
        if let Some((name, kind)) = source.kind() {
            mistakes.above = vec![index.to_string(), name.to_owned()];
            kind.verify(&mut mistakes);
        }
    }
    mistakes.found
}

/// Mistakes while they are collected.
struct Mistakes<'a> {
    owner: &'a Owner<'a>,
    /// Where the source is.
    above: Vec<String>,
    found: Vec<Mistake>,
}

impl Mistakes<'_> {
    /// A mistake in a field of the source.
    fn report(&mut self, field: &[&str], message: impl Into<String>, hint: Option<&str>) {
        let field = self.above.iter().cloned().chain(field.iter().map(|part| (*part).to_owned())).collect();
        self.found.push(Mistake { field, message: message.into(), hint: hint.map(str::to_owned) });
    }

    /// The text of a field with words in braces replaced, or a mistake.
    fn expanded(&mut self, field: &[&str], text: &str) -> Option<String> {
        expand(text, &self.owner.words)
            .map_err(|Unexpanded { message, hint }| self.report(field, message, hint.as_deref()))
            .ok()
    }

    /// A path that is to be one of the repository.
    fn plain_path(&mut self, field: &[&str], path: &str) {
        if !is_plain_path(path) {
            self.report(field, format!("`{path}` is not a plain path inside the repository"), None);
        }
    }
}
