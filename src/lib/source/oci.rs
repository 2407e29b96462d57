//! `oci`: an artifact of a registry, at a digest.

use super::expand;
use super::fetch::{Fetch, shown};
use super::words::expand_some;
use super::{Asked, Came, Content, Declared, LockedSource, Mistakes, Owner, Release, Remote, Remotely, Unexpanded};
use crate::address::{Repository, is_digest, is_tag};
use crate::error::{Error, ErrorKind, Result};
use crate::oci::{self, Pulled, Reference};
use crate::path::is_plain_path;
use crate::suggest::nearest;
use crate::tree::Tree;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An artifact of a registry: files that `flux push artifact` or a like program has put there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OciSource {
    /// The repository's URL: oci://HOST/REPOSITORY. Words in braces are replaced.
    pub url: String,
    /// A tag, or a digest: sha256: and 64 hexadecimal digits. Words in braces are replaced.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The file or folder in it; everything where there is none. Words in braces are replaced.
    #[serde(default)]
    pub path: Option<String>,
}

impl Declared for OciSource {
    fn verify(&self, mistakes: &mut Mistakes<'_>) {
        let url = mistakes.expanded(&["url"], &self.url);
        let reference = mistakes.expanded(&["ref"], &self.reference);
        let path = self.path.as_ref().and_then(|path| mistakes.expanded(&["path"], path));
        if let Some(Err(refusal)) = url.as_deref().map(Repository::parse) {
            // The URL is not quoted: there may be a password in it.
            let hint = match refusal.reason {
                reason if reason.contains("password") => "remove it: kfleet uses the logins of `docker login`",
                _ => refusal.hint,
            };
            mistakes.report(&["url"], format!("the artifact's URL {}", refusal.reason), Some(hint));
        }
        if let Some(reference) = reference.filter(|reference| !is_tag(reference) && !is_digest(reference)) {
            let hint = match reference.contains('+') {
                true => "a tag has no `+`; helm and others write `_` for it",
                false => "write a tag such as v1.2.0, or sha256: and 64 hexadecimal digits",
            };
            mistakes.report(&["ref"], format!("`{reference}` is not a tag and no sha256 digest"), Some(hint));
        }
        if let Some(path) = path.filter(|path| !is_plain_path(path)) {
            mistakes.report(&["path"], format!("`{path}` is not a plain path inside the artifact"), None);
        }
    }

    fn request(&self, owner: &Owner<'_>) -> std::result::Result<Option<(Asked, Option<Release>)>, Unexpanded> {
        let oci = OciSource {
            url: expand(&self.url, &owner.words)?,
            reference: expand(&self.reference, &owner.words)?,
            path: expand_some(self.path.as_ref(), &owner.words)?,
        };
        Ok(Some((Asked::Remote(Remote::Oci(oci)), None)))
    }
}

impl Remotely for OciSource {
    fn shown(&self) -> String {
        shown(&self.url, self.path.as_deref(), Some(&self.reference))
    }

    fn locked(&self, came: Came) -> LockedSource {
        LockedSource {
            oci: Some(self.url.clone()),
            reference: Some(self.reference.clone()),
            path: self.path.clone(),
            digest: came.digest,
            sha256: came.sha256,
            ..LockedSource::default()
        }
    }

    /// That of the lock, out of the cache or else from the registry; or what the reference is now.
    fn fetch(&self, fetch: &Fetch<'_>) -> Result<Content> {
        let (http, settings) = (&fetch.remotes.http, &fetch.remotes.oci);
        let reference = Reference::parse(&self.url, &self.reference)?;
        let locked = fetch.known.and_then(|known| known.digest.as_deref());
        let locked = locked.map(|digest| reference.with_digest(digest)).transpose()?;
        let cached = locked.as_ref().map(|locked| oci::cached(locked, settings)).transpose()?.flatten();
        let wanted = locked.as_ref().unwrap_or(&reference);
        let pulled = match cached {
            Some(cached) => cached,
            None => fetch.over_network(|| {
                let pulled = oci::pull(wanted, http, settings, &fetch.http_progress());
                pulled.map_err(|error| if locked.is_some() { of_lock(error, &reference) } else { error })
            })?,
        };
        content(pulled, self.path.as_deref().unwrap_or_default(), &fetch.shown)
    }
}

/// What the lock names may be deleted for good.
fn of_lock(error: Error, reference: &Reference) -> Error {
    match error.hint.clone().filter(|_| error.kind == ErrorKind::Failed) {
        None => error,
        Some(hint) => {
            let update = "it is the digest of the lock: `kfleet generate --update` takes over what";
            error.with_hint(format!("{hint}; {update} {reference} is now"))
        }
    }
}

fn content(pulled: Pulled, path: &str, shown: &str) -> Result<Content> {
    let Some(files) = pulled.content.files() else {
        return Err(Error::new(ErrorKind::Failed, format!("cannot read {shown}: it is a Helm chart, not manifests"))
            .with_hint("write `helm: {repository: oci://.., chart: .., version: ..}` instead of `oci`"));
    };
    let mut content = match files_at(files, path) {
        Some(files) => Content::of_files(&files, path, shown),
        None => {
            let error = Error::new(ErrorKind::Failed, format!("cannot read {shown}: the artifact has no {path}"));
            return Err(match nearest(path, files.keys().map(String::as_str)).first() {
                Some(near) => error.with_hint(format!("the nearest name is {}", near.escape_debug())),
                None => error.with_hint("check the spelling of the path, and whether the tag is the right one"),
            });
        }
    };
    content.came.digest = Some(pulled.digest);
    Ok(content)
}

/// The files below a folder, by their path in it, or one file by its name; nothing where there is neither.
fn files_at(files: &Tree, path: &str) -> Option<Tree> {
    if path.is_empty() {
        return Some(files.clone());
    }
    let mut found = Tree::default();
    if let Some(bytes) = files.get(path) {
        found.insert(path.rsplit('/').next().unwrap_or(path).to_owned(), bytes.clone());
        return Some(found);
    }
    for (name, bytes) in files.iter() {
        if let Some(rest) = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/')) {
            found.insert(rest.to_owned(), bytes.clone());
        }
    }
    (!found.is_empty()).then_some(found)
}
