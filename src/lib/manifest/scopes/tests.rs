//! Tests of the precedence and of every source.

use super::*;
use crate::problem::Location;

fn mk_gvk(api_version: &str, kind: &str) -> Gvk {
    Gvk::parse(api_version, kind).unwrap()
}

fn mk_crd(plural: &str, scope: &str, versions: &[&str], file: &str) -> CrdFacts {
    let origin = Location { file: file.to_owned(), line: 3, column: 1 };
    let versions = versions.iter().map(|version| (*version).to_owned()).collect();
    CrdFacts::new("test.io", "Mesh", plural, scope, versions, origin).unwrap()
}

/// Scope, plural, source and exactness as one line.
fn show(scopes: &Scopes, api_version: &str, kind: &str) -> String {
    match scopes.lookup(&mk_gvk(api_version, kind)) {
        None => "unknown".to_owned(),
        Some(info) => {
            let exact = if info.exact { "exact" } else { "other version" };
            format!("{} {} {:?} {exact}", info.scope, info.plural.as_deref().unwrap_or("-"), info.via)
        }
    }
}

#[test]
fn builtin_kinds() {
    let scopes = Scopes::new();
    let cases = [
        ("v1", "Pod", "Namespaced pods Builtin exact"),
        ("v1", "Namespace", "Cluster namespaces Builtin exact"),
        ("v2", "Pod", "Namespaced pods Builtin other version"),
        ("policy/v1", "PodSecurityPolicy", "Cluster podsecuritypolicies Builtin other version"),
        ("apps/v1", "Pod", "unknown"),
        ("v1", "pod", "unknown"),
        ("test.io/v1", "Tester", "unknown"),
    ];
    for (api_version, kind, expected) in cases {
        assert_eq!(show(&scopes, api_version, kind), expected, "{api_version} {kind}");
    }
}

#[test]
fn higher_sources_win() {
    let mut scopes = Scopes::new();
    scopes.add_discovered([
        (mk_gvk("test.io/v1", "Mesh"), Scope::Namespaced, "meshes-d".to_owned()),
        (mk_gvk("test.io/v9", "Mesh"), Scope::Namespaced, "meshes-d".to_owned()),
        (mk_gvk("v1", "Pod"), Scope::Cluster, "pods-d".to_owned()),
    ]);
    assert_eq!(show(&scopes, "test.io/v1", "Mesh"), "Namespaced meshes-d Discovery exact");
    assert_eq!(show(&scopes, "v1", "Pod"), "Namespaced pods Builtin exact");
    scopes.add_api_resources("meshes-a test.io/v1 false Mesh\npods-a v1 false Pod", "f").unwrap();
    assert_eq!(show(&scopes, "test.io/v1", "Mesh"), "Cluster meshes-a ApiResources exact");
    assert_eq!(show(&scopes, "v1", "Pod"), "Cluster pods-a ApiResources exact");
    scopes.add_crd(mk_crd("meshes", "Namespaced", &["v1", "v2"], "a.yaml")).unwrap();
    assert_eq!(show(&scopes, "test.io/v1", "Mesh"), "Namespaced meshes Crd exact");
    scopes.add_flag("Mesh.test.io/v1:Cluster").unwrap();
    assert_eq!(show(&scopes, "test.io/v1", "Mesh"), "Cluster meshes Flag exact");
    assert_eq!(show(&scopes, "test.io/v2", "Mesh"), "Namespaced meshes Crd exact");
    assert_eq!(show(&scopes, "test.io/v9", "Mesh"), "Namespaced meshes-d Discovery exact");
    assert_eq!(show(&scopes, "test.io/v5", "Mesh"), "Cluster meshes Flag other version");
}

#[test]
fn flags() {
    let mut scopes = Scopes::new();
    for flag in ["Foo.v1:Cluster", "Foo.v1:Namespaced", "Bar.a.b.c/v1:Namespaced", "Bar.a.b.c/v1:Cluster"] {
        scopes.add_flag(flag).unwrap();
    }
    assert_eq!(show(&scopes, "v1", "Foo"), "Namespaced - Flag exact");
    assert_eq!(show(&scopes, "a.b.c/v1", "Bar"), "Cluster - Flag exact");
    let cases = [
        ("", "failed to parse GVK scope: "),
        ("Foo.v1", "failed to parse GVK scope: Foo.v1"),
        ("Foo.v1:cluster", "unrecognised scope cluster"),
        ("Foo.v1:", "unrecognised scope "),
        ("Foo.v1:Cluster:x", "unrecognised scope Cluster:x"),
        ("Foo:nonsense", "unrecognised scope nonsense"),
        ("Foo:Cluster", "failed to parse GVK: Foo"),
        ("Foo.:Cluster", "failed to parse GVK: Foo."),
        (".v1:Cluster", "failed to parse GVK: .v1"),
        ("Foo.a/b/c:Cluster", "unexpected GroupVersion string: a/b/c"),
    ];
    for (flag, message) in cases {
        assert_eq!(scopes.add_flag(flag).unwrap_err(), message, "{flag}");
    }
}

#[test]
fn crds_are_checked() {
    let new = |group, kind, scope| CrdFacts::new(group, kind, "", scope, Vec::new(), Location::default());
    assert_eq!(new("", "", "").unwrap_err(), "group is empty");
    assert_eq!(new("g", "", "").unwrap_err(), "CRD kind is empty");
    assert_eq!(new("g", "K", "").unwrap_err(), "scope is empty");
    assert_eq!(new("g", "K", "Namespaced").unwrap().scope, Scope::Namespaced);
    assert_eq!(new("g", "K", "other").unwrap().scope, Scope::Cluster);
    assert_eq!(new("g", "K", "Cluster").unwrap().plural, None);
}

#[test]
fn crds_that_agree_add_versions() {
    let mut scopes = Scopes::new();
    scopes.add_crd(mk_crd("", "Cluster", &["v1"], "b.yaml")).unwrap();
    scopes.add_crd(mk_crd("meshes", "Cluster", &["v1", "v2"], "a.yaml")).unwrap();
    for version in ["test.io/v1", "test.io/v2"] {
        assert_eq!(show(&scopes, version, "Mesh"), "Cluster meshes Crd exact");
    }
    assert_eq!(show(&scopes, "test.io/v3", "Mesh"), "Cluster meshes Crd other version");
    let mut scopes = Scopes::new();
    scopes.add_crd(mk_crd("meshes", "Cluster", &[], "a.yaml")).unwrap();
    assert_eq!(show(&scopes, "test.io/v1", "Mesh"), "Cluster meshes Crd other version");
}

#[test]
fn crds_that_differ_conflict_in_any_order() {
    let a = mk_crd("meshes", "Cluster", &["v1"], "a.yaml");
    let message = |other: &CrdFacts, swap: bool| {
        let mut scopes = Scopes::new();
        let (first, second) = if swap { (other, &a) } else { (&a, other) };
        scopes.add_crd(first.clone()).unwrap();
        scopes.add_crd(second.clone()).unwrap_err().to_problem().message
    };
    let cases = [
        (mk_crd("meshes", "Namespaced", &["v2"], "b.yaml"), "Namespaced, plural meshes"),
        (mk_crd("meshs", "Cluster", &["v1"], "b.yaml"), "Cluster, plural meshs"),
    ];
    for (other, claim) in cases {
        let expected = format!(
            "two CustomResourceDefinitions disagree about Mesh.test.io: a.yaml:3:1 says scope Cluster, plural meshes; \
             b.yaml:3:1 says scope {claim}"
        );
        assert_eq!(message(&other, false), expected);
        assert_eq!(message(&other, true), expected);
    }
}

#[test]
fn api_versions_add_to_listed_kinds_only() {
    let mut scopes = Scopes::new();
    scopes.add_api_resources("meshes test.io/v1 true Mesh\n", "r").unwrap();
    scopes.add_api_versions("apps/v7\nother.io/v1\ntest.io/v1\ntest.io/v2\nv1\n", "v").unwrap();
    assert_eq!(show(&scopes, "test.io/v2", "Mesh"), "Namespaced meshes ApiResources exact");
    assert_eq!(show(&scopes, "test.io/v3", "Mesh"), "Namespaced meshes ApiResources other version");
    assert_eq!(show(&scopes, "apps/v7", "Deployment"), "Namespaced deployments Builtin other version");
}

#[test]
fn nothing_is_added_from_a_bad_file() {
    let mut scopes = Scopes::new();
    assert!(scopes.add_api_resources("meshes test.io/v1 true Mesh\nnonsense\n", "r").is_err());
    assert_eq!(show(&scopes, "test.io/v1", "Mesh"), "unknown");
}
