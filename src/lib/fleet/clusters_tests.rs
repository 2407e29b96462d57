//! Clusters of trees written as literals.

use super::*;
use crate::flux::Pin;

fn mk_repository(name: &str, reference: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec: {{url: 'https://git.example.org/a', ref: {reference}}}\n---\n"
    )
}

fn mk_kustomization(name: &str, path: &str, source: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec: {{path: {path}, prune: true, sourceRef: {{kind: GitRepository, name: {source}}}}}\n---\n"
    )
}

#[test]
fn pairs_come_from_any_file_of_the_folder() {
    let own = mk_repository("flux-system", "{branch: main}")
        + &mk_kustomization("flux-system", "./clusters/a", "flux-system");
    let cluster = mk_repository("cluster", "{branch: main, commit: abc}")
        + &mk_kustomization("cluster", "./config/flavours/w", "cluster");
    let addon = mk_repository("pin", "{branch: def}") + &mk_kustomization("addon", "./config/bases/x", "flux-system");
    let clusters = Clusters::from_tree(Tree::from([
        ("clusters/a/flux-system/gotk-sync.yaml", own.as_str()),
        ("clusters/a/flux-system/sync.yml", &cluster),
        ("clusters/a/addons/x.yaml", &addon),
        ("clusters/a/broken.yaml", "a: [\n"),
        ("clusters/a/flux-system/gotk-components.yaml", "---\n# Flux Version: v2.7.0\na: 1\n"),
        ("config/flavours/w/kustomization.yaml", "resources: []\n"),
    ]));
    let found = clusters.get("a").expect("the cluster");
    assert_eq!(found.own.as_ref().and_then(Pair::pin), Some(Pin::Branch("main".into())));
    let pins: Vec<_> = found.syncs.iter().map(|pair| (pair.kustomization.id.name.as_str(), pair.pin())).collect();
    let expected = [("addon", Some(Pin::Branch("main".into()))), ("cluster", Some(Pin::Commit("abc".into())))];
    assert_eq!(pins, expected);
    assert_eq!(found.syncs[0].unused.as_ref().map(|one| one.id.name.as_str()), Some("pin"));
    assert!(found.syncs[1].unused.is_none());
    assert_eq!((found.flavour.as_deref(), found.flux_version.as_deref()), (Some("w"), Some("v2.7.0")));
    assert_eq!((found.branch(), found.management), (Some("main"), false));
    assert_eq!(clusters.problems.len(), 1);
}

#[test]
fn the_fleet_file_can_name_folders() {
    let fleet =
        "apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\nclusters:\n  a: {flavour: w, environment: blue, path: eu/a}\n";
    let clusters = Clusters::from_tree(Tree::from([
        ("fleet.yaml", fleet),
        ("eu/a/x.yaml", ""),
        ("clusters/prod-b/infrastructure/x.yaml", &mk_kustomization("x", "./x", "x")),
        ("clusters/shared/x.yaml", ""),
    ]));
    let shown: Vec<_> = clusters
        .clusters
        .iter()
        .map(|one| (one.name.as_str(), one.folder.as_str(), one.environment.as_deref(), one.management))
        .collect();
    assert_eq!(shown, [("a", "eu/a", Some("blue"), false), ("prod-b", "clusters/prod-b", Some("production"), true)]);
}

#[test]
fn names_tell_environments_only_when_they_are_clear() {
    for (name, expected) in [
        ("production", Some("production")),
        ("eu-prod-1", Some("production")),
        ("staging", Some("staging")),
        ("dev-test", None),
        ("reproduction", None),
        ("blue", None),
    ] {
        assert_eq!(environment(name), expected, "{name}");
    }
}

/// A thousand clusters hold the same components of Flux, which are parsed once.
#[test]
fn a_thousand_clusters_are_read() {
    let components: String = (0..800)
        .map(|n| format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{n}\ndata:\n  a: b\n---\n"))
        .collect();
    let sync =
        mk_repository("cluster", "{branch: main}") + &mk_kustomization("cluster", "./config/flavours/w", "cluster");
    let files = (0..1000).flat_map(|n| {
        let folder = format!("clusters/c{n:04}/flux-system");
        [
            (format!("{folder}/gotk-components.yaml"), components.clone().into_bytes()),
            (format!("{folder}/cluster-sync.yaml"), format!("# {n}\n{sync}").into_bytes()),
        ]
    });
    let clusters = Clusters::from_tree(files.collect());
    assert_eq!(clusters.clusters.len(), 1000);
    assert!(clusters.clusters.iter().all(|cluster| cluster.syncs.len() == 1));
}
