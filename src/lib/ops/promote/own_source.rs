//! A GitRepository for one addon alone: one that has the pin already, or a copy of another under a new name.

use super::checks::{Checked, plain_url};
use super::edits::pin_edits;
use super::refusal::refuse;
use super::request::Request;
use crate::fleet::clusters::Cluster;
use crate::fleet::select_sync::{main_pair, name_of_addon};
use crate::flux::{GitRepository, Pin};
use crate::manifest::{Edit, Located, Origin, edited};
use crate::problem::Problem;
use crate::yaml::input::Text;

/// What a pinned source fetches again, though it cannot change.
const PINNED_INTERVAL: &str = "1h";

/// Whether a GitRepository is pinned to a commit.
pub(super) fn is_at(repository: &GitRepository, commit: &str) -> bool {
    repository.reference.pin() == Pin::Commit(commit.to_owned())
}

/// A GitRepository that has the very pin already and fetches in the same way as another one. The flavour's is none: it
/// moves with the flavour.
pub(super) fn same_pin<'a>(
    request: &Request<'_>,
    cluster: &'a Cluster,
    like: &GitRepository,
) -> Option<&'a GitRepository> {
    let main = main_pair(request.fleet, cluster).ok().and_then(|pair| pair.repository.as_ref());
    let text = |repository: &GitRepository| {
        let plain = |field: &Option<Located<String>>| field.as_ref().map(|one| one.value.clone());
        let url = plain(&repository.url).map(|url| plain_url(&url).to_owned());
        (url, plain(&repository.secret), plain(&repository.ignore), repository.id.namespace.clone())
    };
    cluster.repositories.iter().find(|one| {
        let is_own = cluster.is_own_source(one) || main.is_some_and(|main| main.origin == one.origin);
        !is_own && is_at(one, &request.candidate.commit.commit) && text(one) == text(like)
    })
}

/// A name that no GitRepository of the cluster has.
pub(super) fn free_name(cluster: &Cluster, addon: &str) -> String {
    let name = name_of_addon(addon);
    let is_taken = |name: &str| cluster.repositories.iter().any(|one| one.id.name == name);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    [name.clone()].into_iter().chain(numbered).find(|name| !is_taken(name)).unwrap_or(name)
}

/// A GitRepository like that of a pair, with another name, at the new pin.
pub(super) fn source_text(request: &Request<'_>, checked: &Checked<'_>, name: &str) -> Result<Vec<u8>, Problem> {
    let origin = &checked.repository.origin;
    let mut edits =
        vec![Edit::set(origin, &["metadata", "name"], name), Edit::set(origin, &["spec", "interval"], PINNED_INTERVAL)];
    edits.extend(pin_edits(checked.repository, &checked.branch, &request.candidate.commit.commit));
    copied(request, origin, edits)
}

/// The document of an object with edits made, as a text of its own.
pub(super) fn copied(request: &Request<'_>, origin: &Origin, edits: Vec<Edit>) -> Result<Vec<u8>, Problem> {
    let bytes = request.fleet.repository.files.texts.get(&origin.file).map(Vec::as_slice).unwrap_or_default();
    let text = Text::new(bytes).ok().filter(|text| !text.json && origin.prefix.is_empty());
    let span = text.as_ref().and_then(|text| text.documents().get(origin.document).copied());
    let (Some(text), Some(span)) = (text, span) else {
        return refuse(&origin.location, "this is not a YAML document of its own", "write it as one");
    };
    let body = text.bytes[span.body..span.end].trim_ascii_start();
    // The indentation of the first line belongs to the document.
    let start = text.bytes[..span.end - body.len()].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut copy = text.bytes[span.prefix..span.marker].to_vec();
    copy.extend_from_slice(&text.bytes[start.max(span.body)..span.end]);
    let edits: Vec<Edit> = edits.into_iter().map(|edit| Edit { document: 0, ..edit }).collect();
    edited(&copy, &edits)
}
