//! Discovery against a real API server: through the library, and through `kfleet fmt --discovery`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests make files, start the program, and say what they do"
)]

mod support;

use kfleet::error::ErrorKind;
use kfleet::kube::discovery::{ClusterAccess, Proxies, ServedKind, served_kinds};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::control_plane::{self, ADMIN_TOKEN, ControlPlane, NOBODY_TOKEN};

fn access(kubeconfig: PathBuf) -> ClusterAccess {
    ClusterAccess {
        kubeconfigs: vec![kubeconfig],
        context: None,
        timeout: Duration::from_secs(20),
        proxies: Proxies::default(),
    }
}

fn group_versions(wanted: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    wanted.iter().map(|(group, version)| ((*group).to_owned(), (*version).to_owned())).collect()
}

const CRD: &str = r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
"metadata":{"name":"oxen.farm.example"},"spec":{"group":"farm.example","scope":"Cluster",
"names":{"kind":"Ox","plural":"oxen","singular":"ox"},"versions":[{"name":"v1","served":true,"storage":true,
"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}},
"subresources":{"status":{}}}]}}"#;

/// One test owns the control plane, so that it ends with it; the checks are named as they run.
#[test]
fn discovery_against_a_real_api_server() {
    let servers = match control_plane::servers() {
        Ok(servers) => servers,
        Err(reason) => return support::skip("discovery_against_a_real_api_server", &reason),
    };
    let start = Instant::now();
    let plane = ControlPlane::start(&servers);
    eprintln!("the control plane was ready after {:.1} s", start.elapsed().as_secs_f64());
    let admin = plane.kubeconfig(ADMIN_TOKEN);
    for (name, check) in [
        ("built_in_kinds", built_in_kinds as fn(&ControlPlane, &Path)),
        ("kinds_of_a_new_crd", kinds_of_a_new_crd),
        ("users_without_rights_see_the_api_or_an_error", users_without_rights),
        ("bad_credentials_servers_and_certificates_are_told_apart", failures),
        ("fmt_asks_for_what_nothing_else_knows", fmt_asks),
    ] {
        eprintln!("check {name}");
        check(&plane, &admin);
    }
}

fn built_in_kinds(_: &ControlPlane, admin: &Path) {
    let wanted = group_versions(&[("", "v1"), ("apps", "v1"), ("nothing.example", "v1"), ("apps", "v9")]);
    let served = served_kinds(&access(admin.to_owned()), &wanted).expect("an answer");
    let find = |kind: &str| served.iter().find(|served| served.kind == kind).cloned();
    let deployment = ServedKind {
        group: "apps".into(),
        version: "v1".into(),
        kind: "Deployment".into(),
        plural: "deployments".into(),
        namespaced: true,
    };
    assert_eq!(find("Deployment"), Some(deployment));
    assert_eq!(find("Node").map(|node| node.namespaced), Some(false));
    assert_eq!(find("Endpoints").map(|endpoints| endpoints.plural), Some("endpoints".into()));
    assert!(served.iter().all(|served| !served.plural.contains('/') && served.version == "v1"));
    assert!(served.is_sorted());
}

fn kinds_of_a_new_crd(_: &ControlPlane, admin: &Path) {
    control_plane::post(admin, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CRD).expect("created");
    let start = Instant::now();
    let served = loop {
        let served =
            served_kinds(&access(admin.to_owned()), &group_versions(&[("farm.example", "v1")])).expect("an answer");
        if !served.is_empty() || start.elapsed() > Duration::from_secs(30) {
            break served;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let ox = ServedKind {
        group: "farm.example".into(),
        version: "v1".into(),
        kind: "Ox".into(),
        plural: "oxen".into(),
        namespaced: false,
    };
    assert_eq!(served, [ox]);
}

fn users_without_rights(plane: &ControlPlane, _: &Path) {
    // Every user that is logged in may discover; what matters is that the answer is the same or an error.
    let answer = served_kinds(&access(plane.kubeconfig(NOBODY_TOKEN)), &group_versions(&[("apps", "v1")]));
    match answer {
        Ok(served) => assert!(!served.is_empty()),
        Err(error) => assert_eq!(error.kind, ErrorKind::Environment),
    }
}

fn failures(plane: &ControlPlane, admin: &Path) {
    let wanted = group_versions(&[("apps", "v1")]);
    let error = served_kinds(&access(plane.kubeconfig("wrong")), &wanted).expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Environment);
    assert!(error.to_string().contains("(401)"), "{error}");

    let closed = plane.kubeconfig_with(ADMIN_TOKEN, "https://127.0.0.1:1", "");
    let error = served_kinds(&access(closed), &wanted).expect_err("unreachable");
    assert_eq!(error.kind, ErrorKind::Environment);
    assert!(error.hint.is_some(), "{error}");

    // A server that takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", silent.local_addr().expect("an address"));
    let mut slow = access(plane.kubeconfig_with(ADMIN_TOKEN, &address, ""));
    slow.timeout = Duration::from_secs(1);
    assert_eq!(served_kinds(&slow, &wanted).expect_err("no answer").kind, ErrorKind::Timeout);

    let missing = access(admin.with_file_name("missing"));
    assert!(served_kinds(&missing, &wanted).expect_err("no file").to_string().contains("there is no kubeconfig"));

    let broken = admin.with_file_name("broken");
    std::fs::write(&broken, "clusters: [").expect("written");
    let error = served_kinds(&access(broken), &wanted).expect_err("no kubeconfig");
    assert!(error.to_string().contains("cannot use the kubeconfig"), "{error}");
}

fn fmt_asks(_: &ControlPlane, admin: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = "apiVersion: farm.example/v1\nkind: Ox\nmetadata:\n  name: bob\n";
    std::fs::write(folder.path().join("ox.yaml"), manifest).expect("written");
    let run = |extra: &[&str], config: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_kfleet"))
            .args(["fmt", "-o", "out", "ox.yaml"])
            .args(extra)
            .current_dir(folder.path())
            .env_clear()
            .env("KUBECONFIG", config)
            .output()
            .expect("kfleet runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, stderr) = run(&[], admin);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("--discovery"), "{stderr}");
    let (code, stderr) = run(&["--discovery"], admin);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(folder.path().join("out/cluster/oxen.farm.example/bob.yaml").exists());
    // What is known needs no cluster.
    let (code, stderr) = run(&["--discovery", "-g", "Ox.farm.example/v1:Cluster"], Path::new("/nonexistent"));
    assert_eq!(code, Some(0), "{stderr}");
}

/// Nothing is asked: there is not even a kubeconfig.
#[test]
fn what_no_cluster_can_serve_is_not_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    for version in ["{{ .x }}", "farm.example/{{ .y }}", "a b/v1", "farm.example/v 1", "Farm.example/v1", "../v1"] {
        let manifest = format!("apiVersion: '{version}'\nkind: Ox\nmetadata:\n  name: bob\n");
        std::fs::write(folder.path().join("ox.yaml"), manifest).expect("written");
        let output = Command::new(env!("CARGO_BIN_EXE_kfleet"))
            .args(["fmt", "-o", "out", "ox.yaml", "--discovery"])
            .current_dir(folder.path())
            .env("KUBECONFIG", "/nonexistent")
            .output()
            .expect("kfleet runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{version}: {stderr}");
        assert!(stderr.contains("could not find REST mapping for one kind"), "{version}: {stderr}");
    }
}

/// Two builds at once, with a `go` that writes for a while what it is asked to build.
#[test]
fn two_builds_of_the_servers_do_not_clash() {
    let folder = tempfile::tempdir().expect("a folder");
    let go = folder.path().join("go");
    let script = "#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done\n\
                  echo '#!/bin/sh' >\"$2\"; sleep 1; echo 'exit 0' >>\"$2\"; chmod +x \"$2\"\n";
    std::fs::write(&go, script).expect("written");
    let made = Command::new("chmod").arg("+x").arg(&go).status().expect("chmod");
    assert!(made.success());
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").expect("a path"));
    let start = || {
        Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/provide"))
            .env_remove("KUBEBUILDER_ASSETS")
            .env("XDG_CACHE_HOME", folder.path().join("cache"))
            .env("PATH", &path)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("provide starts")
    };
    let builds = [start(), start()];
    for build in builds {
        let output = build.wait_with_output().expect("provide ends");
        assert!(output.status.success(), "{output:?}");
        let servers = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        let mut names: Vec<_> = std::fs::read_dir(&servers)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        assert_eq!(names, ["etcd", "kube-apiserver"]);
    }
}
