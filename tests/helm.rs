//! Helm charts: folders, chart repositories and registries, with the real helm and a real registry on loopback.
#![allow(clippy::disallowed_methods, reason = "tests make files, read the environment and start programs")]

mod support;

use kfleet::digest::sha256;
use kfleet::error::{Error, ErrorKind};
use kfleet::helm::{Chart, Helm, Release, RemoteChart, Rendered};
use kfleet::process::Environment;
use kfleet::tree::Tree;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::git_servers::{HttpsServer, LOGIN, silent_port};
use support::helm_servers::{Registry, programs};
use support::web::serve_files;

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.2.0\n";
const VALUES: &str = "colour: red\nreplicas: 1\nlimits: {cpu: 1, memory: 2}\n";
const CONFIG: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-shop
  namespace: {{ .Release.Namespace }}
data:
  colour: {{ .Values.colour }}
  replicas: {{ .Values.replicas | quote }}
  limits: {{ .Values.limits | toJson | quote }}
  kubernetes: {{ .Capabilities.KubeVersion.Version }}
  {{- if .Capabilities.APIVersions.Has \"farm.io/v1/Ox\" }}
  ox: \"yes\"
  {{- end }}
";
const JOB: &str =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}-HOOK\n  annotations:\n    helm.sh/hook: HOOK\n";

/// A user's home, and the folder of their charts.
struct Home {
    folder: tempfile::TempDir,
    programs: PathBuf,
}

impl Home {
    /// Nothing, with the test counted as skipped, where there is no helm.
    fn new(test: &str) -> Option<Home> {
        match programs() {
            Ok(programs) => {
                let home = Home { folder: tempfile::tempdir().expect("a folder"), programs };
                std::fs::create_dir(home.path("home")).expect("made");
                std::fs::create_dir(home.path("tmp")).expect("made");
                Some(home)
            }
            Err(reason) => {
                support::skip(test, &reason);
                None
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn environment(&self) -> Environment {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.programs.clone()).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).expect("a PATH");
        let values: [(&str, OsString); 5] = [
            ("PATH", path),
            ("HOME", self.path("home").into()),
            ("TMPDIR", self.path("tmp").into()),
            // No concern of charts.
            ("KUBECONFIG", "/nonexistent".into()),
            ("HELM_NAMESPACE", "other".into()),
        ];
        values.into_iter().collect()
    }

    fn helm(&self) -> Helm {
        Helm::new(self.environment()).with_timeout(Duration::from_secs(60))
    }

    /// Runs helm as the user would.
    fn run(&self, arguments: &[&str]) {
        let mut helm = Command::new(self.programs.join("helm"));
        helm.args(arguments).env_clear().env("HOME", self.path("home")).current_dir(self.folder.path());
        let output = helm.stdin(Stdio::null()).output().expect("helm runs");
        assert!(output.status.success(), "helm {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    /// Writes the chart `shop` of this version, and its archive into a folder.
    fn package(&self, version: &str, folder: &str) -> Vec<u8> {
        for (path, bytes) in mk_chart().iter() {
            self.write(&format!("shop/{path}"), std::str::from_utf8(bytes).expect("text"));
        }
        self.write("shop/Chart.yaml", &CHART.replace("1.2.0", version));
        self.run(&["package", "shop", "--destination", folder]);
        std::fs::read(self.path(&format!("{folder}/shop-{version}.tgz"))).expect("packaged")
    }

    /// All that is in the user's home, and what was left in the folder for temporary files.
    fn state(&self) -> Tree {
        assert_eq!(std::fs::read_dir(self.path("tmp")).expect("readable").count(), 0, "something was left");
        Tree::from_dir(&self.path("home")).expect("readable")
    }
}

fn mk_chart() -> Tree {
    Tree::from([
        ("Chart.yaml", CHART.to_owned()),
        ("values.yaml", VALUES.to_owned()),
        ("crds/ox.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n".to_owned()),
        ("templates/config.yaml", CONFIG.to_owned()),
        ("templates/job.yaml", JOB.replace("HOOK", "pre-install")),
        ("templates/test.yaml", JOB.replace("HOOK", "test")),
    ])
}

fn mk_release() -> Release {
    Release { name: "prod".to_owned(), namespace: "shops".to_owned(), include_crds: true, ..Release::default() }
}

fn values(texts: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    texts.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
}

fn remote(repository: &str, chart: &str, version: &str) -> RemoteChart {
    RemoteChart { repository: repository.to_owned(), chart: chart.to_owned(), version: version.to_owned() }
}

fn text(rendered: &Rendered) -> &str {
    std::str::from_utf8(&rendered.manifests).expect("text")
}

/// An error that keeps the rules for all of them.
fn checked(error: Error) -> (ErrorKind, String, String) {
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(LOGIN.1) && !shown.contains("wr0ng-secret"), "{shown}");
    let hint = error.hint.clone().unwrap_or_else(|| panic!("no hint: {error}"));
    assert!(error.to_string().starts_with("cannot ") && !error.to_string().ends_with('.'), "{error}");
    assert!(!error.to_string().contains("/tmp/kfleet-"), "{error}");
    (error.kind, error.to_string(), hint)
}

#[test]
fn a_chart_is_rendered_with_values() {
    let Some(home) = Home::new("a_chart_is_rendered_with_values") else { return };
    let (helm, chart) = (home.helm(), mk_chart());
    assert!(helm.version().expect("helm").starts_with('v'));
    let render = |release: &Release| helm.render("shop", Chart::Folder(&chart), release).expect("rendered");
    let plain = render(&mk_release());
    for part in [
        "name: prod-shop\n",
        "namespace: shops\n",
        "colour: red\n",
        "kind: CustomResourceDefinition\n",
        "helm.sh/hook: pre-install\n",
    ] {
        assert!(text(&plain).contains(part), "{part}\n{}", text(&plain));
    }
    assert!(!text(&plain).contains("hook: test") && !text(&plain).contains("ox:"), "{}", text(&plain));
    assert_eq!(plain.warnings, Vec::<String>::new());
    let release = Release {
        values: values(&[
            ("a.yaml", "colour: green\nreplicas: 2\n"),
            ("b.yaml", "colour: blue\nlimits: {cpu: 3}\n"),
            ("fleet.yaml", r#"{"replicas": 1.50, "limits": {"memory": null}}"#),
        ]),
        include_crds: false,
        api_versions: vec!["farm.io/v1/Ox".to_owned(), "farm.io/v2".to_owned()],
        kube_version: Some("1.30.1".to_owned()),
        ..mk_release()
    };
    let other = render(&release);
    for part in [
        "colour: blue\n",
        "replicas: \"1.5\"\n",
        "limits: \"{\\\"cpu\\\":3}\"\n",
        "kubernetes: v1.30.1\n",
        "ox: \"yes\"\n",
    ] {
        assert!(text(&other).contains(part), "{part}\n{}", text(&other));
    }
    assert!(!text(&other).contains("CustomResourceDefinition"));
    // The same again, also by another run and from an archive.
    let archive = home.package("1.2.0", "packed");
    for again in [
        render(&release),
        home.helm().render("shop", Chart::Folder(&chart), &release).expect("rendered"),
        helm.render("shop", Chart::Archive(&archive), &release).expect("rendered"),
    ] {
        assert_eq!(text(&again), text(&other));
    }
    home.state();
}

#[test]
fn what_is_wrong_with_a_chart_or_its_values_is_told_with_its_place() {
    let Some(home) = Home::new("what_is_wrong_with_a_chart_or_its_values_is_told_with_its_place") else { return };
    let helm = home.helm();
    let schema = r#"{"type": "object", "properties": {"replicas": {"type": "integer"}}}"#;
    let library = format!("{CHART}type: library\n");
    let needs =
        format!("{CHART}dependencies: [{{name: db, version: 1.0.0, repository: \"https://charts.invalid\"}}]\n");
    let newer = format!("{CHART}kubeVersion: \">=1.99\"\n");
    for (path, content, value, expected) in [
        ("templates/x.yaml", "\n{{ required \"no owner\" .Values.owner }}", "", "shop/templates/x.yaml:2:3): no owner"),
        ("templates/x.yaml", "{{ .Values.a.b }}", "", "shop/templates/x.yaml:1:10"),
        (
            "templates/x.yaml",
            "{{ .Values.a",
            "",
            "a template of the chart fails: parse error at (shop/templates/x.yaml:1)",
        ),
        (
            "templates/x.yaml",
            "a: b\n c: d\n",
            "",
            "a template gives no valid YAML: YAML parse error on shop/templates/x.yaml",
        ),
        ("values.schema.json", schema, "replicas: many", "the values do not fit the chart's schema"),
        ("values.yaml", VALUES, "a: [", "the values cannot be read: failed to parse config/v.yaml: "),
        ("Chart.yaml", &needs, "", "dependencies are not in the chart: "),
        ("Chart.yaml", &newer, "", "the chart is not for this Kubernetes version: "),
        ("Chart.yaml", &library, "", "this is a library chart"),
        ("Chart.yaml", "name: [", "", "this is not a chart: "),
    ] {
        let mut chart = mk_chart();
        chart.insert(path.to_owned(), content.as_bytes().to_vec());
        let release = Release { values: values(&[("config/v.yaml", value)]), ..mk_release() };
        let error = helm.render("charts/shop", Chart::Folder(&chart), &release).expect_err(expected);
        let (kind, message, _) = checked(error);
        assert_eq!(kind, ErrorKind::Failed);
        assert!(message.starts_with("cannot render the chart charts/shop: "), "{message}");
        assert!(message.contains(expected), "{message}\n{expected}");
    }
    for chart in [Chart::Folder(&Tree::default()), Chart::Archive(b""), Chart::Archive(b"\x1f\x8b\x08 no gzip")] {
        let (kind, message, _) = checked(helm.render("x", chart, &mk_release()).expect_err("no chart"));
        assert_eq!(kind, ErrorKind::Failed);
        assert!(message.contains("this is not a chart: "), "{message}");
    }
    // A schema on the network is not fetched.
    let mut chart = mk_chart();
    chart.insert("values.schema.json".to_owned(), br#"{"$ref": "https://schemas.invalid/x.json"}"#.to_vec());
    let (_, message, _) = checked(helm.render("x", Chart::Folder(&chart), &mk_release()).expect_err("no network"));
    assert!(message.contains("wants something from the network"), "{message}");
    // What is doubtful is passed on.
    let mut chart = mk_chart();
    chart.insert("Chart.yaml".to_owned(), format!("{CHART}deprecated: true\n").into_bytes());
    let release = Release { values: values(&[("v.yaml", "colour: {a: b}")]), ..mk_release() };
    let rendered = helm.render("x", Chart::Folder(&chart), &release).expect("rendered");
    assert!(rendered.warnings[0].ends_with("his chart is deprecated"), "{rendered:?}");
    assert!(rendered.warnings[1..].iter().all(|line| line.contains("shop.colour")), "{rendered:?}");
    home.state();
}

#[test]
fn charts_come_from_a_repository() {
    let Some(home) = Home::new("charts_come_from_a_repository") else { return };
    let helm = home.helm();
    let archive = home.package("1.2.0", "files");
    for version in ["1.1.0", "1.3.0-rc.1"] {
        home.package(version, "files");
    }
    home.run(&["repo", "index", "files"]);
    let url = serve_files(&home.path("files"), LOGIN).url("");
    let before = home.state();
    for url in [url.clone(), format!("{url}/")] {
        let fetched = helm.fetch(&remote(&url, "shop", "1.2.0")).expect("fetched");
        assert!(fetched.archive == archive && fetched.warnings.is_empty(), "{:?}", fetched.warnings);
        helm.render("shop", Chart::Archive(&fetched.archive), &mk_release()).expect("rendered");
    }
    let fails = |chart: &str, version: &str| checked(helm.fetch(&remote(&url, chart, version)).expect_err("missing"));
    let (kind, message, hint) = fails("shop", "1.9.0");
    assert_eq!(kind, ErrorKind::Failed);
    assert_eq!(
        message,
        format!("cannot fetch the chart shop 1.9.0 from {url}: the repository does not have this version of it")
    );
    assert_eq!(hint, "the newest versions there are 1.3.0-rc.1, 1.2.0, 1.1.0");
    let (_, message, hint) = fails("shopp", "1.2.0");
    assert!(message.ends_with(": the repository does not have this chart"), "{message}");
    assert_eq!(hint, "the charts there are shop");
    std::fs::remove_file(home.path("files/shop-1.1.0.tgz")).expect("removed");
    let (_, message, hint) = fails("shop", "1.1.0");
    assert!(message.contains("404") && hint.starts_with("the index names a file"), "{message} {hint}");
    home.write("files/html/index.yaml", "<html>");
    home.write("files/broken/index.yaml", "a: [");
    for (folder, expected) in [
        ("none", "there is no such chart repository"),
        ("html", "not an index of a chart repository"),
        ("broken", "not an index of a chart repository"),
    ] {
        let error = helm.fetch(&remote(&format!("{url}/{folder}"), "shop", "1.2.0")).expect_err(folder);
        let (kind, message, _) = checked(error);
        assert_eq!(kind, ErrorKind::Failed);
        assert!(message.contains(expected), "{message}");
    }
    assert_eq!(home.state(), before, "the user's settings stay as they are");
}

#[test]
fn a_chart_that_is_not_what_its_repository_says_is_refused() {
    let Some(home) = Home::new("a_chart_that_is_not_what_its_repository_says_is_refused") else { return };
    let helm = home.helm();
    let archive = home.package("1.2.0", "files");
    let other = home.package("1.3.0", "files");
    home.run(&["repo", "index", "files"]);
    let url = serve_files(&home.path("files"), LOGIN).url("");
    let fetch = || helm.fetch(&remote(&url, "shop", "1.2.0"));
    std::fs::write(home.path("files/shop-1.2.0.tgz"), &other).expect("written");
    let (kind, message, hint) = checked(fetch().expect_err("another archive"));
    assert_eq!(kind, ErrorKind::Failed);
    let (ours, theirs) = (sha256(&other), sha256(&archive));
    let expected = format!("its archive has the sha256 {ours}, and the index of its repository says {theirs}");
    assert!(message.ends_with(&expected) && hint.contains("owner"), "{message}");
    let index = std::fs::read_to_string(home.path("files/index.yaml")).expect("the index");
    let without: Vec<&str> = index.lines().filter(|line| !line.contains("digest:")).collect();
    home.write("files/index.yaml", &without.join("\n"));
    let (_, message, _) = checked(fetch().expect_err("another version"));
    assert!(message.ends_with(": what came calls itself shop 1.3.0 in its Chart.yaml"), "{message}");
    std::fs::write(home.path("files/shop-1.2.0.tgz"), &archive).expect("written");
    assert_eq!(fetch().expect("an index without digests").archive, archive);
}

#[test]
fn a_repository_with_a_login_takes_that_of_the_user() {
    let Some(home) = Home::new("a_repository_with_a_login_takes_that_of_the_user") else { return };
    let helm = home.helm();
    let archive = home.package("1.2.0", "files/private");
    home.run(&["repo", "index", "files/private"]);
    let url = format!("{}/private", serve_files(&home.path("files"), LOGIN).url(""));
    let fetch = || helm.fetch(&remote(&url, "shop", "1.2.0"));
    let (kind, message, hint) = checked(fetch().expect_err("no login"));
    assert_eq!(kind, ErrorKind::Environment);
    assert!(message.contains("does not accept the credentials") && hint.contains("helm repo add"), "{message}");
    home.run(&["repo", "add", "mine", &format!("{url}/"), "--username", LOGIN.0, "--password", LOGIN.1]);
    let before = home.state();
    assert_eq!(fetch().expect("fetched").archive, archive);
    assert_eq!(home.state(), before);
    let settings = home.path("home/.config/helm/repositories.yaml");
    let text = std::fs::read_to_string(&settings).expect("settings").replace(LOGIN.1, "wr0ng-secret");
    std::fs::write(&settings, text).expect("written");
    assert_eq!(checked(fetch().expect_err("a wrong password")).0, ErrorKind::Environment);
    std::fs::write(&settings, "repositories: [").expect("written");
    assert!(checked(fetch().expect_err("no YAML")).1.contains("not valid YAML"));
}

#[test]
fn charts_come_from_a_registry() {
    let Some(home) = Home::new("charts_come_from_a_registry") else { return };
    let (helm, registry) = (home.helm(), Registry::start(&home.programs));
    let archive = home.package("1.2.0+build.5", "packed");
    let url = format!("oci://{}/team/charts", registry.address);
    home.run(&["push", "packed/shop-1.2.0+build.5.tgz", &url, "--plain-http"]);
    let before = home.state();
    let fetched = helm.fetch(&remote(&url, "shop", "1.2.0+build.5")).expect("fetched");
    assert!(fetched.archive == archive && fetched.warnings.is_empty(), "{:?}", fetched.warnings);
    helm.render("shop", Chart::Archive(&fetched.archive), &mk_release()).expect("rendered");
    let fails = |chart: &str, version: &str| checked(helm.fetch(&remote(&url, chart, version)).expect_err("missing"));
    let (kind, message, hint) = fails("shop", "1.3.0");
    assert_eq!(kind, ErrorKind::Failed);
    assert!(message.ends_with(": the registry does not have this version of it"), "{message}");
    assert_eq!(hint, "the newest version there is 1.2.0+build.5");
    let (_, message, hint) = fails("chop", "1.2.0");
    assert!(message.contains("the registry does not have it") && hint.contains("spelling"), "{message}");
    let (_, message, _) = fails("Shop", "1.2.0");
    assert!(message.contains("a registry cannot have such a name"), "{message}");
    assert_eq!(home.state(), before);
}

#[test]
fn a_registry_with_a_login_takes_that_of_the_user() {
    let Some(home) = Home::new("a_registry_with_a_login_takes_that_of_the_user") else { return };
    let (helm, registry) = (home.helm(), Registry::start_private(&home.programs));
    let archive = home.package("1.2.0", "packed");
    let url = format!("oci://{}/charts", registry.address);
    let fetch = || helm.fetch(&remote(&url, "shop", "1.2.0"));
    let (kind, message, hint) = checked(fetch().expect_err("no login"));
    assert_eq!(kind, ErrorKind::Environment);
    assert!(message.contains("does not accept the credentials") && hint.contains("helm registry login"), "{message}");
    let login = ["registry", "login", &registry.address, "--plain-http", "-u", LOGIN.0, "-p", LOGIN.1];
    home.run(&login);
    home.run(&["push", "packed/shop-1.2.0.tgz", &url, "--plain-http"]);
    let before = home.state();
    assert_eq!(fetch().expect("fetched").archive, archive);
    assert_eq!(home.state(), before);
}

#[test]
fn servers_that_cannot_be_reached_are_told_apart() {
    let Some(home) = Home::new("servers_that_cannot_be_reached_are_told_apart") else { return };
    let helm = home.helm();
    let https = HttpsServer::start(home.folder.path());
    for (url, expected) in [
        ("http://127.0.0.1:1/charts", "the connection is refused"),
        ("oci://127.0.0.1:1/charts", "the connection is refused"),
        ("https://no-such-host.invalid/charts", "no such host is known"),
        ("oci://no-such-host.invalid/charts", "no such host is known"),
        (&format!("https://{}/charts", https.address), "the server's certificate cannot be trusted"),
    ] {
        let (kind, message, _) = checked(helm.fetch(&remote(url, "shop", "1.2.0")).expect_err(url));
        assert_eq!(kind, ErrorKind::Environment, "{message}");
        let is_offline = message.ends_with("the server cannot be reached");
        assert!(message.contains(expected) || (url.contains("invalid") && is_offline), "{url}: {message}");
    }
    for url in [
        "http://charts.example.org",
        "https://me:wr0ng-secret@charts.example.org",
        "ftp://charts.example.org",
        "file:///charts",
        "--repo=x",
        "",
    ] {
        let (kind, message, _) = checked(helm.fetch(&remote(url, "shop", "1.2.0")).expect_err(url));
        assert_eq!(kind, ErrorKind::Failed);
        assert!(message.starts_with("cannot fetch the chart shop 1.2.0: its repository "), "{message}");
    }
    let url = format!("http://127.0.0.1:{}", silent_port());
    let start = Instant::now();
    let impatient = Helm::new(home.environment()).with_timeout(Duration::from_secs(1));
    let (kind, message, _) = checked(impatient.fetch(&remote(&url, "shop", "1.2.0")).expect_err("silent"));
    assert_eq!(kind, ErrorKind::Timeout);
    assert_eq!(message, format!("cannot fetch the chart shop 1.2.0 from {url}: helm took longer than 1 s"));
    assert!(start.elapsed() < Duration::from_secs(10));
    home.state();
}

/// These need no helm.
#[test]
fn a_helm_that_is_missing_or_strange_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let environment: Environment = [("PATH", folder.path().as_os_str().to_owned())].into_iter().collect();
    let chart = mk_chart();
    let render = |helm: Helm| checked(helm.render("shop", Chart::Folder(&chart), &mk_release()).expect_err("no helm"));
    let attempt = |script: Option<&str>| {
        if let Some(script) = script {
            write_program(&folder.path().join("helm"), script);
        }
        render(Helm::new(environment.clone()).with_timeout(Duration::from_secs(2)))
    };
    let (kind, message, hint) = attempt(None);
    assert_eq!(kind, ErrorKind::Environment);
    assert_eq!(message, "cannot use helm: cannot run helm: the program is not installed, or not in PATH");
    assert!(hint.starts_with("install helm 3 or 4"), "{hint}");
    for script in ["echo v2.17.0", "echo", "echo 'Error: could not find tiller' >&2; exit 1", "printf 'v3.\\033[31m'"] {
        let (kind, message, hint) = attempt(Some(script));
        assert_eq!(kind, ErrorKind::Environment);
        assert!(message.contains("does not print a version from 3 on"), "{message}");
        assert!(hint.starts_with("install helm 3 or 4") && !message.contains('\u{1b}'), "{hint}");
    }
    let version = "[ \"$1\" = version ] && { echo v3.6.0; exit; };";
    let (kind, message, _) = attempt(Some(&format!("{version} echo 'Error: unknown flag: --skip-tests' >&2; exit 1")));
    assert_eq!(kind, ErrorKind::Environment);
    assert!(message.ends_with("this helm is too old: unknown flag: --skip-tests"), "{message}");
    let (_, message, _) = attempt(Some(&format!("{version} exit 3")));
    assert_eq!(message, "cannot render the chart shop: helm failed without a word");
    let start = Instant::now();
    let (kind, message, _) = attempt(Some(&format!("{version} echo late >&2; while :; do :; done")));
    assert_eq!(kind, ErrorKind::Timeout);
    assert_eq!(message, "cannot render the chart shop: helm took longer than 2 s");
    assert!(start.elapsed() < Duration::from_secs(15));
    // The version is asked for once.
    let count = folder.path().join("count");
    let script =
        format!("[ \"$1\" = version ] && {{ echo x >> {}; echo v4.0.0; exit; }}; echo 'a: b'", count.display());
    write_program(&folder.path().join("helm"), &script);
    let helm = Helm::new(environment.clone());
    for _ in 0..3 {
        let rendered = helm.render("shop", Chart::Folder(&chart), &mk_release()).expect("rendered");
        assert_eq!(text(&rendered), "a: b\n");
    }
    assert_eq!(std::fs::read_to_string(&count).expect("counted"), "x\n");
}

/// Another thread that starts a program in this moment would keep a file that is written here busy: so it appears whole.
fn write_program(path: &Path, script: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, format!("#!/bin/sh\n{script}\n")).expect("written");
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).expect("executable");
    std::fs::rename(&new, path).expect("renamed");
}
