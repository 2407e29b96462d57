//! FluxInstances: what the Flux Operator installs Flux by. From `sync` it makes the cluster's own source and Kustomization,
//! which stand in no file. The chart `flux-instance` has the same fields in its values, below `instance`.

use super::git_repository::{GitRepository, Reference};
use super::kustomization::Kustomization;
use super::names::{HELM, ObjectName};
use super::source_reference::SourceReference;
use super::sync::Pair;
use crate::manifest::{Located, Manifest};

const GROUP: &str = "fluxcd.controlplane.io";

/// The sync that a FluxInstance makes; nothing if the object is another, or syncs nothing.
///
/// The names and the reference are those of the Flux Operator (0.20 and later): source and Kustomization are named by
/// `sync.name`, else by the instance's namespace, and `ref` of a GitRepository is a full name of git.
pub fn sync_of_instance(object: &Manifest<'_>) -> Option<Pair> {
    let at: &[&str] = match (object.group(), object.kind()) {
        (GROUP, "FluxInstance") => &["spec", "sync"],
        (HELM, "HelmRelease") if object.text(&["spec", "values", "instance", "sync", "kind"]).is_some() => {
            &["spec", "values", "instance", "sync"]
        }
        _ => return None,
    };
    let field = |name: &str| object.located_text(&[at, &[name]].concat());
    let kind = field("kind")?.value;
    let namespace = match object.namespace() {
        "" => super::FLUX_SYSTEM,
        namespace => namespace,
    };
    let name = field("name").map_or_else(|| namespace.to_owned(), |name| name.value);
    let id = ObjectName { namespace: namespace.to_owned(), name };
    let location = object.key_location(at);
    let source = SourceReference { kind: kind.clone(), id: id.clone(), location: location.clone() };
    let kustomization = Kustomization {
        origin: object.origin(),
        id: id.clone(),
        path: field("path"),
        source: Some(source),
        patches: Vec::new(),
        prune: Some(Located { value: true, location: location.clone() }),
        waits: false,
        has_health_checks: false,
        depends_on: Vec::new(),
        interval: field("interval"),
        deletion_policy: None,
        decryption: None,
    };
    let repository = (kind == "GitRepository").then(|| GitRepository {
        origin: object.origin(),
        id,
        url: field("url"),
        reference: reference(field("ref"), location),
        interval: field("interval"),
        secret: field("pullSecret"),
        ignore: None,
    });
    Some(Pair { kustomization, repository, unused: None })
}

fn reference(written: Option<Located<String>>, location: crate::problem::Location) -> Reference {
    let short = |prefix: &str| {
        let written = written.as_ref()?;
        let value = written.value.strip_prefix(prefix)?.to_owned();
        Some(Located { value, location: written.location.clone() })
    };
    let (branch, tag) = (short("refs/heads/"), short("refs/tags/"));
    let name = if branch.is_none() && tag.is_none() { written } else { None };
    Reference { location, branch, tag, semver: None, name, commit: None }
}
