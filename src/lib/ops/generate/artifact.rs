//! Sources that are artifacts of registries.

use super::fetch::{Progress, Remotes, content_of, not_here, told, watched};
use super::sources::Content;
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::lock::LockedSource;
use crate::oci::{self, Pulled, Reference};
use crate::suggest::nearest;
use crate::tree::Tree;

/// Gets an artifact: that of the lock, out of the cache or else from the registry; or what the reference is now.
pub(super) fn get_artifact(
    url: &str,
    asked: &LockedSource,
    known: Option<&LockedSource>,
    remotes: &Remotes,
    progress: &dyn Progress,
) -> Result<Content> {
    let shown = asked.shown();
    let settings = &remotes.oci;
    let reference = Reference::parse(url, asked.reference.as_deref().unwrap_or_default())?;
    let locked = known.and_then(|known| known.digest.as_deref());
    let locked = locked.map(|digest| reference.with_digest(digest)).transpose()?;
    let cached = match &locked {
        Some(locked) => oci::cached(locked, settings)?,
        None => None,
    };
    let pulled = match cached {
        Some(cached) => cached,
        None if remotes.offline => return Err(not_here(&shown, known.is_some())),
        None => {
            let wanted = locked.as_ref().unwrap_or(&reference);
            let pulled =
                watched(&shown, progress, || oci::pull(wanted, &remotes.http, settings, &told(&shown, progress)));
            pulled.map_err(|error| if locked.is_some() { of_lock(error, &reference) } else { error })?
        }
    };
    content(pulled, asked.path.as_deref().unwrap_or_default(), &shown)
}

/// What the lock tells may be gone for good.
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
    let content = match files_at(files, path) {
        Some(files) => content_of(&files, path, shown),
        None => {
            let error = Error::new(ErrorKind::Failed, format!("cannot read {shown}: the artifact has no {path}"));
            return Err(match nearest(path, files.keys().map(String::as_str)).first() {
                Some(near) => error.with_hint(format!("the nearest name is {}", near.escape_debug())),
                None => error.with_hint("check the spelling of the path, and whether the tag is the right one"),
            });
        }
    };
    Ok(Content { digest: Some(pulled.digest), ..content })
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
