//! Kubeconfigs whose login commands fail, wait or talk too much, and values that must never be shown. No cluster is
//! needed: none of these gets as far as an answer.
#![allow(clippy::disallowed_methods, reason = "tests make files and start the program")]

use kfleet::error::{Error, ErrorKind};
use kfleet::kube::discovery::{ClusterAccess, Proxies};
use kfleet::ops::fmt::layout::served_kinds;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SECRET: &str = "s3cr3t-value";

fn kubeconfig(folder: &Path, cluster: &str, user: &str) -> PathBuf {
    let path = folder.join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
         clusters:\n- name: test\n  cluster: {cluster}\n\
         users:\n- name: test\n  user: {user}\n\
         contexts:\n- name: test\n  context: {{cluster: test, user: test}}\n"
    );
    std::fs::write(&path, text).expect("a kubeconfig");
    path
}

const CLOSED: &str = "{server: 'http://127.0.0.1:1'}";

/// A user that logs in by this shell script.
fn exec(script: &str, more: &str) -> String {
    let script = serde_json::to_string(script).expect("JSON");
    format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, \
         args: ['-c', {script}, '{SECRET}'], env: [{{name: PASSWORD, value: '{SECRET}'}}]{more}}}}}"
    )
}

fn ask(kubeconfig: PathBuf, timeout: u64) -> Error {
    let access = ClusterAccess {
        kubeconfigs: vec![kubeconfig],
        context: None,
        timeout: Duration::from_secs(timeout),
        proxies: Proxies::default(),
    };
    let wanted = BTreeSet::from([("apps".to_owned(), "v1".to_owned())]);
    served_kinds(&access, &wanted).expect_err("no answer")
}

/// The error, held against the rules for all of them.
fn ask_as(cluster: &str, user: &str) -> Error {
    let folder = tempfile::tempdir().expect("a folder");
    let error = ask(kubeconfig(folder.path(), cluster, user), 20);
    let shown = format!("{error} {error:?} {error:#?} {}", error.hint.as_deref().unwrap_or_default());
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(error.hint.is_some(), "{error}");
    assert_eq!(error.kind, ErrorKind::Environment, "{error}");
    error
}

#[test]
fn a_failed_login_command_shows_its_name_and_status_only() {
    let error = ask_as(CLOSED, &exec(&format!("echo {SECRET}; echo {SECRET} >&2; exit 7"), ""));
    assert_eq!(error.to_string(), "the login command sh failed (exit status: 7)");
}

#[test]
fn a_login_command_that_says_something_else_is_not_quoted() {
    let error = ask_as(CLOSED, &exec(&format!("echo 'status: {{token: [{SECRET}'"), ""));
    assert_eq!(error.to_string(), "the login command sh did not print an ExecCredential");
    let error = ask_as(CLOSED, &exec(&format!("echo 'status: {{token: [{SECRET}]}}'"), ""));
    assert_eq!(error.to_string(), "the login command sh did not print an ExecCredential");
    let error = ask_as(CLOSED, &exec(&format!("echo 'status: {{token: a, expirationTimestamp: {SECRET}}}'"), ""));
    assert!(error.to_string().contains("expirationTimestamp"), "{error}");
    let error = ask_as(CLOSED, &exec("echo 'kind: ExecCredential'", ""));
    assert!(error.to_string().contains("without a status"), "{error}");
}

/// A token that ends within the minute is renewed by the request itself, far from where the first one is asked for.
#[test]
fn a_login_command_that_fails_later_shows_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let marker = folder.path().join("asked");
    let script = format!(
        "if [ $(cat {0} | wc -l) -ge 9 ]; then echo {SECRET}; exit 7; fi; echo x >> {0}; \
         echo 'status: {{token: {SECRET}, expirationTimestamp: \"2001-01-01T00:00:00Z\"}}'",
        marker.display()
    );
    // However often the client asks before its first request: from some time on the command fails.
    for asked in 0..9 {
        std::fs::write(&marker, "x\n".repeat(asked)).expect("written");
        ask_as(CLOSED, &exec(&script, ""));
    }
}

#[test]
fn a_login_command_that_is_missing_is_named_with_its_install_hint() {
    let user = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-command-here, \
                installHint: get it from the shop}}";
    let error = ask_as(CLOSED, user);
    assert!(error.to_string().starts_with("cannot start the login command no-such-command-here"), "{error}");
    assert_eq!(error.hint.as_deref(), Some("get it from the shop"));
}

#[test]
fn a_login_command_that_hangs_ends_with_the_timeout() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = kubeconfig(folder.path(), CLOSED, &exec("exec sleep 20", ""));
    let start = Instant::now();
    let error = ask(path, 1);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_eq!(error.to_string(), "the login command sh took longer than 1 second");
    assert!(error.hint.is_some());
}

/// The program's standard input stays open: a command that reads it would wait for ever.
#[test]
fn a_login_command_never_waits_for_the_keyboard() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = kubeconfig(folder.path(), CLOSED, &exec(&format!("echo {SECRET} >&2; cat; exit 5"), ""));
    let manifest = "apiVersion: farm.example/v1\nkind: Ox\nmetadata:\n  name: bob\n";
    std::fs::write(folder.path().join("ox.yaml"), manifest).expect("written");
    let mut child = Command::new(env!("CARGO_BIN_EXE_kfleet"))
        .args(["fmt", "-o", "out", "ox.yaml", "--discovery"])
        .current_dir(folder.path())
        .env("KUBECONFIG", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kfleet starts");
    let stdin = child.stdin.take();
    let start = Instant::now();
    let output = child.wait_with_output().expect("kfleet ends");
    drop(stdin);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(start.elapsed() < Duration::from_secs(20), "{stderr}");
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("the login command sh failed (exit status: 5)"), "{stderr}");
    assert!(!stderr.contains(SECRET), "{stderr}");
}

#[test]
fn a_login_command_that_needs_a_terminal_is_refused() {
    let error = ask_as(CLOSED, &exec("cat", ", interactiveMode: Always"));
    assert_eq!(error.to_string(), "the login command sh asks for a terminal, and gets none from here");
}

#[test]
fn secrets_of_the_kubeconfig_are_never_shown() {
    for user in [
        format!("{{token: {{{SECRET}: x}}}}"),
        format!("{{token: [{SECRET}]}}"),
        format!("{{token: \"{SECRET}\\n\"}}"),
        format!("{{username: u, password: [{SECRET}]}}"),
        format!("{{client-certificate-data: AAAA, client-key-data: '{SECRET}'}}"),
        format!("{{auth-provider: {{name: gcp, config: {{cmd-path: sh, cmd-args: '{SECRET}'}}}}}}"),
        format!("{{auth-provider: {{name: other, config: {{id-token: '{SECRET}'}}}}}}"),
        format!("{{token: '{SECRET}'}}"),
    ] {
        ask_as(CLOSED, &user);
    }
    for cluster in [
        format!("{{server: 'http://user:{SECRET}@127.0.0.1:1'}}"),
        format!("{{server: 'http://user:{SECRET}@ 127.0.0.1:1'}}"),
        format!("{{server: 'http://example.invalid', proxy-url: 'http://user:{SECRET}@127.0.0.1:1'}}"),
        format!("{{server: 'http://example.invalid', proxy-url: 'gopher://user:{SECRET}@127.0.0.1:1'}}"),
        format!("{{server: 'http://example.invalid', proxy-url: 'http://user:{SECRET}@ x'}}"),
    ] {
        ask_as(&cluster, "{token: abc}");
    }
}
