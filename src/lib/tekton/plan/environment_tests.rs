//! Tests of environments.

use super::*;
use crate::tekton::mk::env;
use crate::tekton::types::ObjectKind;

fn expanded(text: &str) -> String {
    let values = BTreeMap::from([("A", "1"), ("B", "$(A)"), ("with space", "w"), ("E", "")]);
    expand(text, &|name| values.get(name).copied()).expect("small enough")
}

/// The cases of Kubernetes' own expansion.
#[test]
fn variables_are_replaced_as_kubernetes_does() {
    for (text, expected) in [
        ("$(A)", "1"),
        ("$(A)-$(A)", "1-1"),
        ("$(B)", "$(A)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$$$$(A)", "$$(A)"),
        ("$$$$$(A)", "$$1"),
        ("$(NO)", "$(NO)"),
        ("$(with space)", "w"),
        ("[$(E)]", "[]"),
        ("$A $ $", "$A $ $"),
        ("$$", "$"),
        ("$$$", "$$"),
        ("$(A", "$(A"),
        ("$(A $$", "$(A $"),
        ("$((A))", "$((A))"),
        ("$($(A))", "$($(A))"),
        ("$)$(A)", "$)1"),
        ("\u{e4}$(A)\u{e4}$\u{e4}", "\u{e4}1\u{e4}$\u{e4}"),
        ("echo $$ $(git status)", "echo $ $(git status)"),
    ] {
        assert_eq!(expanded(text), expected, "{text}");
    }
}

fn given() -> Objects {
    let mut objects = Objects::default();
    objects.put(ObjectKind::Secret, "s", "KEY", b"secret".to_vec());
    objects.put(ObjectKind::Secret, "s", "bad=name", b"x".to_vec());
    objects.put(ObjectKind::ConfigMap, "c", "KEY", b"config".to_vec());
    objects.put(ObjectKind::ConfigMap, "c", "OTHER", b"\xff".to_vec());
    objects
}

fn reference(kind: ObjectKind, name: &str, optional: bool) -> ObjectRef {
    ObjectRef { kind, name: name.to_owned(), optional }
}

fn from(kind: ObjectKind, name: &str, prefix: &str) -> EnvFrom {
    EnvFrom { prefix: prefix.to_owned(), object: reference(kind, name, false) }
}

fn key(name: &str, object: ObjectRef, key: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), value: EnvValue::Key(object, key.to_owned()) }
}

#[test]
fn env_comes_after_env_from_and_sees_what_is_before_it() {
    let sources =
        [from(ObjectKind::Secret, "s", ""), from(ObjectKind::ConfigMap, "c", ""), from(ObjectKind::Secret, "s", "P_")];
    let own = [
        env("A", "1"),
        env("B", "$(A)$(KEY)$(LATER)$$"),
        env("LATER", "l"),
        env("A", "2$(A)"),
        key("FROM", reference(ObjectKind::Secret, "s", false), "KEY"),
        key("GONE", reference(ObjectKind::Secret, "s", true), "no"),
        key("AWAY", reference(ObjectKind::Secret, "no", true), "no"),
    ];
    let found = assemble(&sources, &own, &given()).expect("an environment");
    let expected = [
        ("KEY", "config"),
        ("OTHER", "\u{fffd}"),
        ("P_KEY", "secret"),
        ("A", "21"),
        ("B", "1config$(LATER)$"),
        ("LATER", "l"),
        ("FROM", "secret"),
    ];
    assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn missing_objects_and_keys_are_errors() {
    let missing = |sources: &[EnvFrom], own: &[EnvVar]| assemble(sources, own, &given()).expect_err("missing");
    assert_eq!(missing(&[from(ObjectKind::Secret, "no", "")], &[]), "secret \"no\" not found");
    let object = |name: &str| reference(ObjectKind::ConfigMap, name, false);
    assert_eq!(missing(&[], &[key("A", object("c"), "no")]), "couldn't find key no in ConfigMap c");
    assert_eq!(missing(&[], &[key("A", object("no"), "k")]), "configmap \"no\" not found");
    let optional = EnvFrom { prefix: String::new(), object: reference(ObjectKind::Secret, "no", true) };
    assert_eq!(assemble(&[optional], &[], &given()), Ok(Vec::new()));
}

#[test]
fn growth_is_limited() {
    let mut own = vec![env("V0", &"x".repeat(1024))];
    own.extend((1..40).map(|at| env(&format!("V{at}"), &format!("$(V{0})$(V{0})", at - 1))));
    assert!(assemble(&[], &own, &Objects::default()).expect_err("too large").contains("too large"));
    let big = [("A".to_owned(), "x".repeat(1 << 20))];
    assert!(expand_all(&["$(A)".repeat(20)], &big).is_err());
    assert!(expand_all(&vec!["$(A)".to_owned(); 100], &big).is_err());
    let start = std::time::Instant::now();
    assert_eq!(expanded(&"$(".repeat(1 << 20)).len(), 2 << 20);
    assert!(start.elapsed().as_secs() < 10);
}
