//! Literal trees: which objects a folder has, which patches concern them, and patches that leave them alone.

use super::*;
use crate::tree::Tree;
use crate::yaml::value::read_value;

fn mk_repository<const N: usize>(files: [(&str, &str); N]) -> Repository {
    Repository::from_tree(Tree::from(files))
}

fn mk_id(group: &str, kind: &str, namespace: &str, name: &str) -> ObjectId {
    let [group, kind, namespace, name] = [group, kind, namespace, name].map(str::to_owned);
    ObjectId { group, kind, namespace, name }
}

fn mk_value(text: &str) -> Value {
    read_value(text.as_bytes()).expect("a value")
}

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: web}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: web}\n";

#[test]
fn patches_leave_their_objects_alone_and_no_others() {
    let ids = BTreeSet::from([
        mk_id("apps", "Deployment", "web", "web"),
        mk_id("apps", "Deployment", "web", "api"),
        mk_id("rbac.authorization.k8s.io", "ClusterRole", "", "system:web"),
        mk_id("apiextensions.k8s.io", "CustomResourceDefinition", "", "a.example.org"),
        mk_id("", "ConfigMap", "web", "true"),
    ]);
    let texts = patches("web", &ids);
    assert_eq!(texts.len(), 4, "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("  name: api|web\n")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("  name: a\\.example\\.org\n")), "{texts:?}");
    let values: Vec<Value> = texts.iter().map(|text| mk_value(text)).collect();
    assert!(values.iter().all(is_mark));
    let left = LeftAlone(values.iter().filter_map(|value| Selector::read(value.get("target")?)).collect());
    assert!(ids.iter().all(|id| left.has(id)), "{left:?}");
    for other in [
        mk_id("apps", "Deployment", "web", "web-2"),
        mk_id("apps", "Deployment", "other", "web"),
        mk_id("apiextensions.k8s.io", "CustomResourceDefinition", "", "a-example.org"),
    ] {
        assert!(!left.has(&other), "{other}");
    }
}

#[test]
fn what_a_patch_concerns() {
    let ids = BTreeSet::from([mk_id("apps", "Deployment", "web", "web"), mk_id("", "Service", "", "web")]);
    for (patch, expected) in [
        ("target: {kind: Deployment}\npatch: x", Concern::Some),
        ("target: {kind: Deploy}\npatch: x", Concern::None),
        ("target: {kind: Deploy.*, name: w.b}\npatch: x", Concern::Some),
        ("target: {kind: Deployment, namespace: other}\npatch: x", Concern::None),
        ("target: {kind: Service, namespace: any}\npatch: x", Concern::Some),
        ("target: {kind: Deployment, labelSelector: a=b}\npatch: x", Concern::Some),
        ("target: {name: '['}\npatch: x", Concern::Some),
        ("patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}'", Concern::Some),
        ("patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: api}}'", Concern::None),
        (
            "patch: |\n  {apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}\n  ---\n  {apiVersion: v1, kind: Secret, metadata: {name: web}}\n",
            Concern::Mixed,
        ),
    ] {
        assert_eq!(concern(&mk_value(patch), None, &ids), expected, "{patch}");
    }
}

#[test]
fn objects_are_those_of_files() {
    let repository = mk_repository([
        ("config/bases/web/kustomization.yaml", "namespace: web\nresources: [web.yaml]\n"),
        ("config/bases/web/web.yaml", WEB),
        ("config/bases/made/kustomization.yaml", "configMapGenerator: [{name: a, literals: [a=b]}]\n"),
        ("config/bases/far/kustomization.yaml", "resources: ['https://example.org/x.yaml']\n"),
    ]);
    let found = objects(&repository, "config/bases/web").expect("clear");
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["Service web/web", "Deployment web/web"]);
    let (location, message) = objects(&repository, "config/bases/made").expect_err("unclear");
    assert!(message.contains("configMapGenerator"), "{location}: {message}");
    let (_, message) = objects(&repository, "config/bases/far").expect_err("unclear");
    assert!(message.contains("not in the repository"), "{message}");
}

#[test]
fn a_flavour_that_changes_an_addon_is_told() {
    let flavour = |more: &str| {
        let text = format!("resources: [../../bases/web, ../../bases/api]\n{more}");
        let repository = mk_repository([
            ("config/flavours/w/kustomization.yaml", text.as_str()),
            ("config/flavours/w/p.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"),
            ("config/bases/web/kustomization.yaml", "resources: [web.yaml]\n"),
            ("config/bases/web/web.yaml", WEB),
            ("config/bases/api/kustomization.yaml", "namespace: api\nresources: [api.yaml]\n"),
            ("config/bases/api/api.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"),
        ]);
        let ids = objects(&repository, "config/bases/web").expect("clear");
        let taken = taken_with(&ids, &others(&repository, "config/flavours/w", "config/bases/web")).cloned();
        assert_eq!(taken, Some(mk_id("", "Service", "", "web")), "it may get the same namespace");
        leads_to(&repository, "config/flavours/w", "config/bases/web", &ids).map_err(|(_, message)| message)
    };
    assert_eq!(flavour(""), Ok(true));
    assert_eq!(flavour("patches: [{target: {kind: Ingress}, patch: x}]\n"), Ok(true));
    for more in [
        "patches: [{target: {kind: Deployment}, patch: x}]\n",
        "patches: [{path: p.yaml}]\n",
        "images: [{name: a, newTag: b}]\n",
        "namePrefix: x-\n",
    ] {
        assert!(flavour(more).is_err(), "{more}");
    }
}
