//! Discovery against a real API server: through the library, and through `kfleet fmt --discovery`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests make files, start the program, and say what they do"
)]

mod support;

use kfleet::error::ErrorKind;
use kfleet::kube::discovery::{ClusterAccess, Proxies, ServedKind};
use kfleet::ops::fmt::layout::served_kinds;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::control_plane::{self, ADMIN_TOKEN, ControlPlane, NOBODY_TOKEN};
use support::proxy::Proxy;

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
        ("users_without_rights_are_told_so", users_without_rights),
        ("a_group_whose_server_is_away_is_reported_at_once", group_without_server),
        ("bad_credentials_and_servers_are_told_apart", failures),
        ("certificates_are_checked", certificates),
        ("a_login_command_logs_in", login),
        ("proxies_are_used_as_kubectl_uses_them", proxies),
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

fn users_without_rights(plane: &ControlPlane, admin: &Path) {
    let wanted = group_versions(&[("apps", "v1")]);
    let forbidden = |kubeconfig: PathBuf| {
        let error = served_kinds(&access(kubeconfig), &wanted).expect_err("forbidden");
        assert_eq!(error.kind, ErrorKind::Environment);
        assert_eq!(error.to_string(), format!("{} does not allow to ask for apps/v1 (403)", plane.server()));
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("system:discovery")), "{error:?}");
    };
    let anonymous = || plane.kubeconfig_of("", &format!("server: '{}'", plane.server()), plane.ca());
    forbidden(anonymous());
    // Everyone who is logged in may ask, until the cluster's administrator takes that away.
    let nobody = || plane.kubeconfig(NOBODY_TOKEN);
    assert!(!served_kinds(&access(nobody()), &wanted).expect("an answer").is_empty());
    let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    control_plane::delete(admin, &format!("{bindings}/system:discovery")).expect("deleted");
    let start = Instant::now();
    while served_kinds(&access(nobody()), &wanted).is_ok() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(100));
    }
    forbidden(nobody());
    control_plane::post(admin, bindings, DISCOVERY_BINDING).expect("created");
}

const DISCOVERY_BINDING: &str = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding",
"metadata":{"name":"system:discovery"},
"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"system:discovery"},
"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"system:authenticated"}]}"#;

const API_SERVICE: &str = r#"{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService",
"metadata":{"name":"v1.away.example"},"spec":{"group":"away.example","version":"v1","groupPriorityMinimum":100,
"versionPriority":100,"insecureSkipTLSVerify":true,"service":{"namespace":"default","name":"away","port":443}}}"#;

fn group_without_server(_: &ControlPlane, admin: &Path) {
    control_plane::post(admin, "/apis/apiregistration.k8s.io/v1/apiservices", API_SERVICE).expect("created");
    let wanted = group_versions(&[("away.example", "v1")]);
    let started = Instant::now();
    let (error, took) = loop {
        let start = Instant::now();
        match served_kinds(&access(admin.to_owned()), &wanted) {
            Err(error) => break (error, start.elapsed()),
            // Not yet known to the server.
            Ok(served) => assert!(served.is_empty() && started.elapsed() < Duration::from_secs(30), "{served:?}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(error.kind, ErrorKind::Environment, "{error}");
    assert!(error.to_string().contains("cannot list the kinds of away.example/v1 (503): "), "{error}");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("--gvk-scope")), "{error:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    eprintln!("  {error} ({took:?})");
    // The other groups are as they were.
    assert!(!served_kinds(&access(admin.to_owned()), &group_versions(&[("apps", "v1")])).expect("served").is_empty());
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

    let mut other = access(admin.to_owned());
    other.context = Some("elsewhere".to_owned());
    let error = served_kinds(&other, &wanted).expect_err("no context");
    assert_eq!(error.to_string(), "cannot use the kubeconfig: it has no context elsewhere");
    assert_eq!(error.hint.as_deref(), Some("name one with --context: test"));

    // Something that is not an API server: it takes http where https is spoken.
    let plain = plane.kubeconfig_with(ADMIN_TOKEN, &format!("http://{}", plane.address()), "");
    let error = served_kinds(&access(plain), &wanted).expect_err("not https");
    assert_eq!(error.kind, ErrorKind::Environment, "{error}");
}

fn certificates(plane: &ControlPlane, _: &Path) {
    let wanted = group_versions(&[("apps", "v1")]);
    let server = plane.server();
    let refused = |cluster: String, ca: &str, reason: &str| {
        let start = Instant::now();
        let error = served_kinds(&access(plane.kubeconfig_of("token: x", &cluster, ca)), &wanted).expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Environment, "{error}");
        assert!(error.to_string().contains(reason), "{error}");
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("certificate") || hint.contains("config view")));
        assert!(start.elapsed() < Duration::from_secs(10), "{error}");
        eprintln!("  {error}");
    };
    refused(format!("server: '{server}'"), &control_plane::other_ca(), "cannot trust the cluster at https://127");
    refused(
        format!("server: '{server}', tls-server-name: other.example"),
        plane.ca(),
        "cannot trust the cluster at https://127",
    );
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    refused(format!("server: '{server}'"), broken, "certificates");
    refused(format!("server: '{server}'"), "no certificate", "cannot use the kubeconfig");
    // One CA for another: asked not to look, nobody looks.
    let cluster = format!("server: '{server}', insecure-skip-tls-verify: true");
    let blind = plane.kubeconfig_of(&format!("token: {ADMIN_TOKEN}"), &cluster, &control_plane::other_ca());
    assert!(!served_kinds(&access(blind), &wanted).expect("an answer").is_empty());
}

fn login(plane: &ControlPlane, _: &Path) {
    let user = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, interactiveMode: IfAvailable, \
         provideClusterInfo: true, args: ['-c', 'cat; case $KUBERNETES_EXEC_INFO in *{port}*interactive*:false*|\
         *interactive*:false*{port}*) echo \"status: {{token: {ADMIN_TOKEN}}}\" ;; *) exit 9 ;; esac']}}",
        port = plane.address(),
    );
    let kubeconfig = plane.kubeconfig_of(&user, &format!("server: '{}'", plane.server()), plane.ca());
    let served = served_kinds(&access(kubeconfig), &group_versions(&[("apps", "v1")])).expect("an answer");
    assert!(!served.is_empty());
}

fn proxies(plane: &ControlPlane, _: &Path) {
    let wanted = group_versions(&[("apps", "v1")]);
    let proxy = Proxy::start(&plane.address());
    let user = format!("token: {ADMIN_TOKEN}");
    // The kubeconfig's own proxy is used for every server, this machine too.
    let cluster = format!("server: '{}', proxy-url: 'http://u:p%40w@{}'", plane.server(), proxy.address);
    let kubeconfig = plane.kubeconfig_of(&user, &cluster, plane.ca());
    assert!(!served_kinds(&access(kubeconfig), &wanted).expect("an answer").is_empty());
    let requests = proxy.requests();
    assert!(
        requests.iter().any(|request| request.starts_with(&format!("CONNECT {}", plane.address()))),
        "{requests:?}"
    );
    assert!(requests.iter().any(|request| request.contains("Basic dTpwQHc=")), "{requests:?}");

    // The environment's, for a host that only the proxy knows.
    let mut through = access(plane.kubeconfig_of(&user, "server: 'https://kubernetes.default.svc'", plane.ca()));
    through.proxies = Proxies { https: Some(proxy.address.clone()), http: None, no: Some("10.0.0.0/8,".to_owned()) };
    assert!(!served_kinds(&through, &wanted).expect("an answer").is_empty());
    assert!(proxy.requests().iter().all(|request| request.starts_with("CONNECT kubernetes.default.svc:443")));
    through.proxies.no = Some(".default.svc".to_owned());
    // Whatever the name leads to where this test runs, it is not this server.
    through.timeout = Duration::from_secs(5);
    let error = served_kinds(&through, &wanted).expect_err("no such host");
    assert!(!error.to_string().contains("through the proxy"), "{error}");
    assert_eq!(proxy.requests(), [""; 0]);

    // A proxy that is not there is named, without its password.
    let cluster = format!("server: '{}', proxy-url: 'http://u:secret@127.0.0.1:1'", plane.server());
    let error = served_kinds(&access(plane.kubeconfig_of(&user, &cluster, plane.ca())), &wanted).expect_err("no proxy");
    assert!(error.to_string().contains("through the proxy http://127.0.0.1:1: "), "{error}");
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
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
