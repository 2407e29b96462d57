//! Every form in which objects are given, and that no error shows a secret.
#![allow(clippy::disallowed_methods, reason = "tests make files")]

use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const MANIFEST: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: other\ndata:\n  a: czNjcjN0\n  b: b2xk\nstringData:\n  b: new\n";

fn add(kind: ObjectKind, text: &str) -> Result<Objects> {
    let environment: Environment = [("TOKEN", "s3cr3t")].into_iter().collect();
    let mut objects = Objects::default();
    add_option(&mut objects, kind, text, Path::new("."), &environment).map(|()| objects)
}

fn keys(objects: &Objects, kind: ObjectKind, name: &str) -> Vec<(String, String)> {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    objects.get(kind, name).into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

#[test]
fn each_form_gives_keys() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    fs::create_dir_all(dir.path().join("folder/..data")).unwrap();
    fs::write(at("folder/user"), "ann").unwrap();
    fs::write(at("folder/.netrc"), "s3cr3t\n").unwrap();
    fs::write(at("folder/..hidden"), "no").unwrap();
    fs::write(at("secret.yaml"), MANIFEST).unwrap();
    fs::write(at("values.yaml"), "a: 1\n").unwrap();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    for (text, expected) in [
        (format!("s={}", at("folder")), vec![pair(".netrc", "s3cr3t\n"), pair("user", "ann")]),
        (format!("s={}", at("secret.yaml")), vec![pair("a", "s3cr3t"), pair("b", "new")]),
        (format!("s={}", at("values.yaml")), vec![pair("values.yaml", "a: 1\n")]),
        (format!("s:key={}", at("secret.yaml")), vec![pair("key", MANIFEST)]),
        ("s:token=env:TOKEN".to_owned(), vec![pair("token", "s3cr3t")]),
    ] {
        assert_eq!(keys(&add(ObjectKind::Secret, &text).unwrap(), ObjectKind::Secret, "s"), expected, "{text}");
    }
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: b}\nbinaryData: {c: ZA==}\n";
    fs::write(at("map.yaml"), map).unwrap();
    let objects = add(ObjectKind::ConfigMap, &format!("m={}", at("map.yaml"))).unwrap();
    assert_eq!(keys(&objects, ObjectKind::ConfigMap, "m"), [pair("a", "b"), pair("c", "d")]);
    assert_eq!(objects.secrets().count(), 0);
}

#[test]
fn what_is_wrong_is_told_without_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    fs::write(at("bad.yaml"), "apiVersion: v1\nkind: Secret\ndata:\n  a: 's3cr3t!'\n").unwrap();
    fs::write(at("number.yaml"), "apiVersion: v1\nkind: Secret\nstringData:\n  a: 1234\n").unwrap();
    fs::create_dir(dir.path().join("empty")).unwrap();
    for (text, kind) in [
        ("s3cr3t", ErrorKind::Usage),
        ("s3cr3t=", ErrorKind::Usage),
        ("=s3cr3t", ErrorKind::Usage),
        ("S=env:TOKEN", ErrorKind::Usage),
        ("s:=s3cr3t", ErrorKind::Usage),
        ("s:k=", ErrorKind::Usage),
        ("s3cr3t==", ErrorKind::Usage),
        ("s:k=env:", ErrorKind::Usage),
        ("s=env:TOKEN", ErrorKind::Usage),
        ("s:k=env:NONE", ErrorKind::Usage),
        ("s:../k=env:TOKEN", ErrorKind::Usage),
        ("s=/nowhere/at/all", ErrorKind::Environment),
        (&format!("s={}", at("empty")), ErrorKind::Usage),
        (&format!("s={}", at("bad.yaml")), ErrorKind::Usage),
        (&format!("s={}", at("number.yaml")), ErrorKind::Usage),
    ] {
        let error = add(ObjectKind::Secret, text).unwrap_err();
        assert_eq!(error.kind, kind, "{text}: {error:?}");
        assert!(!format!("{error:?}").contains("s3cr3t") && !format!("{error:?}").contains("1234"), "{error:?}");
    }
}

#[test]
fn each_wrong_form_has_its_message() {
    for (text, expected) in [
        ("foo", "what --secret got has no `=` between a name and where its value is"),
        ("=x", "what --secret got has no name before the `=`"),
        ("Foo:k=env:TOKEN", "the name that --secret got is none that Kubernetes takes"),
        ("foo:=env:TOKEN", "--secret foo: has no key after the `:`"),
        ("foo:a b=env:TOKEN", "--secret foo: has a key that Kubernetes does not take"),
        ("foo:k=", "what --secret got does not say after the `=` where the value is"),
        ("foo:k=env:", "--secret foo:k=env: does not name a variable"),
        ("foo=env:TOKEN", "--secret foo=env:TOKEN does not say which key the variable is for"),
        ("foo:k=env:NONE", "--secret foo:k: the environment variable NONE is not set"),
    ] {
        let error = add(ObjectKind::Secret, text).unwrap_err();
        assert_eq!(error.message, expected);
        assert!(error.hint.is_some(), "{text}");
    }
}

#[test]
fn the_users_file_is_private_and_outside_the_repository() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config/secrets.yaml");
    let read = |repository: Option<&Path>| {
        let mut objects = Objects::default();
        add_user_file(&mut objects, &file, repository).map(|()| objects)
    };
    assert_eq!(read(None).unwrap(), Objects::default());
    fs::create_dir(dir.path().join("config")).unwrap();
    fs::write(
        &file,
        format!("---\n{MANIFEST}---\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\ndata: {{a: b}}\n"),
    )
    .unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let error = read(None).unwrap_err();
    assert_eq!((error.kind, error.hint.is_some()), (ErrorKind::Refused, true));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let objects = read(Some(&dir.path().join("repository"))).unwrap();
    assert_eq!(keys(&objects, ObjectKind::Secret, "other").len(), 2);
    assert_eq!(keys(&objects, ObjectKind::ConfigMap, "m").len(), 1);
    assert_eq!(read(Some(dir.path())).unwrap_err().kind, ErrorKind::Refused);
    for text in ["a: s3cr3t\n", "a: [s3cr3t\n", "apiVersion: v1\nkind: Secret\nstringData: {a: s3cr3t}\n"] {
        fs::write(&file, text).unwrap();
        assert!(!format!("{:?}", read(None).unwrap_err()).contains("s3cr3t"), "{text}");
    }
}
