//! Rules of sources: where manifests and charts come from.

use crate::flux::url::has_password;
use crate::flux::{HELM, SOURCE, SourceReference, sync_of_instance};
use crate::manifest::Manifest;
use crate::ops::vet::rules::{Facts, Findings, Rule};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULES: &[Rule] = &[
    Rule::error("SRC01", "a sourceRef that names nothing", missing).explained(
        "A Kustomization or HelmRelease takes its manifests or chart from a source that no file of the cluster has, or\n\
         that is in another namespace. Flux waits for it for ever.",
    ),
    Rule::error("SRC02", "a URL that Flux does not take, or with a password in it", bad_url).explained(
        "A GitRepository's URL is http, https or ssh; the short form `git@host:path` is none. Passwords belong into the\n\
         Secret that `secretRef` names: a URL is shown in status, events and logs. A password that was committed is\n\
         known to all who can read the repository: replace it.",
    ),
];

/// The kinds that sources have.
const KINDS: [&str; 6] =
    ["GitRepository", "OCIRepository", "HelmRepository", "HelmChart", "Bucket", "ExternalArtifact"];

/// Where objects name sources.
fn fields(object: &Manifest<'_>) -> Vec<Vec<&'static str>> {
    let known: &[&[&str]] = match (object.group(), object.kind()) {
        (HELM, "HelmRelease") => &[&["spec", "chart", "spec", "sourceRef"], &["spec", "chartRef"]],
        (SOURCE, "HelmChart") => &[&["spec", "sourceRef"]],
        _ => &[],
    };
    known.iter().map(|path| path.to_vec()).collect()
}

/// Kind, name and namespace.
type Name = (String, String, String);

/// The sources that come to be with an object: itself, or what a controller makes of it.
fn made_by(object: &Manifest<'_>) -> Vec<Name> {
    let named = |kind: &str, name: &str| (kind.to_owned(), name.to_owned(), object.namespace().to_owned());
    if object.group() == SOURCE && KINDS.contains(&object.kind()) {
        return vec![named(object.kind(), object.name())];
    }
    // Since Flux 2.7.
    if object.is("source.extensions.fluxcd.io", "ArtifactGenerator") {
        let artifacts = object.list(&["spec", "artifacts"]).iter();
        let names = artifacts.filter_map(|artifact| artifact.get("name")?.as_str());
        return names.map(|name| named("ExternalArtifact", name)).collect();
    }
    sync_of_instance(object).and_then(|pair| pair.kustomization.source).map(name_of).into_iter().collect()
}

fn name_of(source: SourceReference) -> Name {
    (source.kind, source.id.name, source.id.namespace)
}

/// Kind and name of the sources in the files that belong to no cluster alone.
fn shared(facts: &Facts<'_>) -> BTreeSet<(String, String)> {
    let files = facts.repository.manifests.paths().filter(|file| facts.owner(file).is_none());
    let objects = files.flat_map(|file| facts.repository.manifests.of_file(file));
    objects.flat_map(|object| made_by(&object)).map(|(kind, name, _)| (kind, name)).collect()
}

fn missing(facts: &Facts<'_>, found: &mut Findings) {
    let mut told: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let mut positions = BTreeMap::new();
    let shared = shared(facts);
    for cluster in &facts.clusters {
        let mut there: BTreeSet<Name> = BTreeSet::new();
        let mut wanted = Vec::new();
        let reached = facts.applied.by(cluster).flat_map(|(_, reached)| facts.resources(reached));
        for object in reached.chain(facts.fleet.manifests(cluster)) {
            there.extend(made_by(&object));
            for path in fields(&object) {
                wanted.extend(
                    SourceReference::read(&object, &path, object.namespace()).map(|source| (object.shown(), source)),
                );
            }
        }
        for pair in cluster.pairs() {
            let user = format!("Kustomization {}", pair.kustomization.id.name);
            wanted.extend(pair.kustomization.source.clone().map(|source| (user, source)));
        }
        let own = cluster.own.as_ref().filter(|_| cluster.is_of_instance);
        there.extend(own.and_then(|own| own.kustomization.source.clone()).map(name_of));
        for (user, source) in wanted {
            // Whoever has put Flux into the cluster has made this one, which need not be in git.
            let is_made_outside = cluster.own.is_none() && source.id.is_flux_system();
            // What a build or Flux puts in is not known here.
            if is_made_outside || source.id.name.contains("${") {
                continue;
            }
            let mut same =
                there.iter().filter(|(kind, name, _)| *kind == source.kind && *name == source.id.name).peekable();
            // A kustomization may set namespaces that files do not name.
            let is_same = |namespace: &String| {
                namespace.is_empty() || source.id.namespace.is_empty() || *namespace == source.id.namespace
            };
            let first = same.peek().map(|(_, _, namespace)| namespace.clone());
            if same.any(|(_, _, namespace)| is_same(namespace)) {
                continue;
            }
            let (kind, name, wanted) = (&source.kind, &source.id.name, &source.id.namespace);
            let message = match first {
                Some(other) => format!("{user} uses {kind} {name} of namespace {wanted}, but it is in {other}"),
                // A build may bring it by a way that is not followed here.
                None if shared.contains(&(kind.clone(), name.clone())) => continue,
                None => format!("{user} uses {kind} {name}, which no file of the cluster has"),
            };
            told.entry((source.location.to_string(), message.clone())).or_default().insert(cluster.name.clone());
            positions.insert((source.location.to_string(), message), source.location);
        }
    }
    for ((location, message), clusters) in told {
        if let Some(location) = positions.remove(&(location, message.clone())) {
            found.add(location, message).hint("create it, or repair the name").clusters.extend(clusters);
        }
    }
}

fn bad_url(facts: &Facts<'_>, found: &mut Findings) {
    for object in facts.objects.iter().filter(|object| object.group() == SOURCE) {
        let Some(url) = object.text(&["spec", "url"]) else { continue };
        let location = || object.location(&["spec", "url"]);
        let shown = object.shown();
        if has_password(url) {
            let message = format!("a password stands in the URL of {shown}");
            found
                .add(location(), message)
                .hint("move it into the Secret that `secretRef` names, and replace it: it is known");
        }
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        let known: &[&str] = match object.kind() {
            "GitRepository" => &["http", "https", "ssh"],
            "HelmRepository" => &["http", "https", "oci"],
            "OCIRepository" => &["oci"],
            _ => continue,
        };
        if scheme.is_none_or(|scheme| !known.contains(&scheme)) && !url.starts_with("${") {
            let message = format!("the URL of {shown} is none of {}", known.join(", "));
            let hint = match (object.kind(), scheme) {
                ("GitRepository", None) if url.contains('@') => "write ssh://git@HOST/PATH",
                _ => "begin it with one of these, and ://",
            };
            found.add(location(), message).hint(hint);
        }
    }
}
