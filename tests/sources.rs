//! `kfleet generate` with sources from real servers on loopback: downloads, git repositories, charts; the lock, the cache,
//! and servers that misbehave.
#![allow(clippy::disallowed_methods, reason = "tests make files and start the program")]

mod support;

use kfleet::tree::{Change, Tree};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::artifacts::Artifact;
use support::control_plane::mk_authority;
use support::git_servers::{HttpsServer, LOGIN, Origin, silent_port};
use support::helm_servers::programs;
use support::web::{Step, WebServer, answer, head, names, serve_files, server_config};

const SECRET: &str = "s3cr3t-value";

/// A repository, and a home with a cache of its own.
struct Fleet {
    folder: tempfile::TempDir,
    environment: BTreeMap<&'static str, String>,
}

impl Fleet {
    /// `addons`: the lines below `addons:`.
    fn new(addons: &str) -> Fleet {
        let fleet = Fleet { folder: tempfile::tempdir().expect("a folder"), environment: BTreeMap::new() };
        fs::create_dir(fleet.folder.path().join("home")).expect("made");
        fs::create_dir(fleet.root()).expect("made");
        fleet.addons(addons);
        fleet
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("fleet")
    }

    fn addons(&self, addons: &str) {
        self.write("fleet.yaml", &format!("apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\naddons:\n{addons}"));
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kfleet"))
            .arg("generate")
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(&self.environment)
            .stdin(Stdio::null())
            .output()
            .expect("kfleet runs")
    }

    /// A run that succeeds; returns what it said.
    fn generate(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = said(&output);
        assert!(output.status.success(), "{said}");
        assert!(!said.contains(SECRET), "{said}");
        said
    }

    /// A run that fails with this code and changes nothing; returns what it said.
    fn fails(&self, arguments: &[&str], code: i32) -> String {
        let before = Tree::from_dir(&self.root()).expect("the repository");
        let output = self.run(arguments);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(!said.contains(SECRET), "{said}");
        assert!(said.contains("hint:"), "{said}");
        let after = Tree::from_dir(&self.root()).expect("the repository");
        assert_eq!(before.diff(&after), Vec::<Change>::new(), "{said}");
        said
    }

    fn base(&self, addon: &str) -> Tree {
        Tree::from_dir(&self.root().join("config/bases").join(addon)).expect("the base")
    }

    fn lock(&self) -> String {
        let text = fs::read_to_string(self.root().join("fleet.lock")).expect("the lock");
        assert!(!text.contains(SECRET), "{text}");
        text
    }

    fn forget_the_cache(&self) {
        fs::remove_dir_all(self.folder.path().join("home/.cache")).expect("removed");
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: web\ndata:\n  value: {value}\n")
}

/// A server whose files can change. Paths have a leading slash.
struct Files {
    server: WebServer,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Files {
    fn new() -> Files {
        let files: Arc<Mutex<BTreeMap<String, Vec<u8>>>> = Arc::default();
        let served = Arc::clone(&files);
        let server = WebServer::http(move |request, _| match served.lock().expect("no panic").get(&request.path) {
            Some(bytes) => answer("200 OK", &["Content-Type: application/yaml"], bytes),
            None => answer("404 Not Found", &[], b"there is nothing here"),
        });
        Files { server, files }
    }

    fn put(&self, path: &str, text: impl Into<Vec<u8>>) {
        self.files.lock().expect("no panic").insert(path.to_owned(), text.into());
    }

    fn requests(&self) -> usize {
        self.server.requests().len()
    }
}

/// All files below a base's resources, as one release file.
fn joined(base: &Tree, leave_out: &[&str]) -> String {
    let files = base.iter().filter(|(path, _)| path.starts_with("resources/") && !leave_out.contains(&path.as_str()));
    files.map(|(_, bytes)| format!("---\n{}", String::from_utf8_lossy(bytes))).collect()
}

/// The demo's addons, from a server that has their releases, and from the demo's own manifests.
#[test]
fn the_addons_of_the_demo_come_from_a_server() {
    let Some(corpus) = support::corpus("the_addons_of_the_demo_come_from_a_server") else { return };
    let demo = corpus.join("cicd-demo/config");
    let files = Files::new();
    let url = |name: &str| files.server.url(&format!("/{name}/v{{version}}/{name}.yaml"));
    let base = |name: &str| Tree::from_dir(&demo.join("bases").join(name)).expect("the demo");
    let own = [
        (
            "cert-manager",
            "clusterissuer-letsencrypt.yaml",
            "resources/cluster/clusterissuers.cert-manager.io/letsencrypt.yaml",
        ),
        (
            "tekton-pipelines",
            "tekton-dashboard-ingress.yaml",
            "resources/namespaces/tekton-pipelines/ingress-dashboard.yaml",
        ),
    ];
    let fleet = Fleet::new("");
    let mut addons = String::new();
    let names = [
        "calico",
        "cert-manager",
        "cluster-api",
        "cluster-api-provider-kubernetes",
        "ingress-nginx",
        "tekton-pipelines",
    ];
    for name in names {
        let own = own.iter().find(|(addon, ..)| *addon == name);
        let release = match name {
            "calico" => fs::read_to_string(corpus.join("calico-3.18.yaml")).expect("the corpus"),
            _ => joined(&base(name), &own.map(|(.., path)| *path).into_iter().collect::<Vec<_>>()),
        };
        files.put(&format!("/{name}/v1.0/{name}.yaml"), release);
        addons += &format!("  {name}:\n    version: \"1.0\"\n    sources:\n      - url: {}\n", url(name));
        if let Some((_, manifest, _)) = own {
            fleet.write(
                &format!("config/manifests/{manifest}"),
                &fs::read_to_string(demo.join("manifests").join(manifest)).expect("the demo"),
            );
            addons += &format!("      - path: config/manifests/{manifest}\n");
        }
        if name.starts_with("cluster-api") {
            let group = "cert-manager.io/v1alpha2:Namespaced";
            addons += &format!("    format: {{scopes: [Certificate.{group}, Issuer.{group}]}}\n");
        }
        // What people have listed in their own way stays.
        let listed = base(name);
        fleet.write(
            &format!("config/bases/{name}/kustomization.yaml"),
            &String::from_utf8_lossy(listed.get("kustomization.yaml").expect("a kustomization")),
        );
    }
    addons += &format!(
        "  calico-addon:\n    version: \"1.0\"\n    sources:\n      - url: {}\n      - configMap: {{name: calico-addon, \
         namespace: infrastructure, key: calico.yaml}}\n",
        url("calico").replace("calico-addon", "calico")
    );
    addons += "  nginx:\n    sources: [{path: config/manifests/nginx}]\n";
    for (path, bytes) in base("nginx").iter() {
        fleet.write(&format!("config/manifests/nginx/{path}"), &String::from_utf8_lossy(bytes));
    }
    fleet.addons(&addons);
    let said = fleet.generate(&[]);
    assert!(said.contains("8 addons: 8 written, fleet.lock written"), "{said}");
    // The same file for two addons is fetched once.
    assert_eq!(files.requests(), names.len());

    let changes = base("calico").diff(&fleet.base("calico"));
    assert_eq!(changes, Vec::<Change>::new(), "calico, byte for byte");
    let mut same = 0;
    for name in names {
        let (wanted, got) = (base(name), fleet.base(name));
        let paths = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
        assert_eq!(paths(&wanted), paths(&got), "{name}");
        for (path, bytes) in wanted.iter() {
            let (wanted, got) = (String::from_utf8_lossy(bytes), String::from_utf8_lossy(&got[path]).into_owned());
            same += usize::from(wanted == got);
            let value = |text: &str| serde_saphyr::from_str::<serde_json::Value>(text).expect("YAML");
            assert_eq!(value(&wanted), value(&got), "{name}: {path}");
        }
    }
    assert!(same > 200, "{same} files are the same in every byte");
    let map = fleet.base("calico-addon");
    let map = &map["resources/namespaces/infrastructure/configmap-calico-addon.yaml"];
    let map: serde_json::Value = serde_saphyr::from_slice(map).expect("YAML");
    let release = fs::read_to_string(corpus.join("calico-3.18.yaml")).expect("the corpus");
    assert_eq!(map["data"]["calico.yaml"].as_str(), Some(release.as_str()));

    let said = fleet.generate(&["--check"]);
    assert!(said.contains("8 addons: 8 up to date"), "{said}");
    assert_eq!(files.requests(), names.len());
}

#[test]
fn a_new_version_replaces_the_old_one() {
    let files = Files::new();
    files.put("/app-1.yaml", format!("{}---\n{}", config_map("kept", "one"), config_map("gone", "one")));
    files.put("/app-2.yaml", format!("{}---\n{}", config_map("kept", "two"), config_map("new", "two")));
    let addons = |version: &str| {
        format!(
            "  app:\n    version: \"{version}\"\n    sources: [{{url: \"{}\"}}]\n",
            files.server.url("/app-{version}.yaml")
        )
    };
    let fleet = Fleet::new(&addons("1"));
    assert!(fleet.generate(&[]).contains("app 1: 2 objects: 2 added"));
    fleet.addons(&addons("2"));
    let said = fleet.generate(&["--list"]);
    assert!(said.contains("stale"), "{said}");
    let output = fleet.run(&["--check", "--diff"]);
    assert_eq!(output.status.code(), Some(1));
    let diff = said_diff(&output);
    for line in ["-  value: one", "+  value: two", "+  - ./resources/namespaces/web/configmap-new.yaml"] {
        assert!(diff.contains(line), "{line}: {diff}");
    }
    let said = fleet.generate(&[]);
    assert!(said.contains("app 2: 2 objects: 1 added, 1 changed, 1 removed"), "{said}");
    let base = fleet.base("app");
    let paths: Vec<&str> = base.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "kustomization.yaml",
            "resources/namespaces/web/configmap-kept.yaml",
            "resources/namespaces/web/configmap-new.yaml"
        ]
    );
    let requests = files.requests();
    assert!(fleet.generate(&[]).contains("1 addon: 1 up to date"));
    assert_eq!(files.requests(), requests);
}

fn said_diff(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_lock_holds_until_it_is_updated() {
    let files = Files::new();
    files.put("/app.yaml", config_map("app", "one"));
    let fleet = Fleet::new(&format!("  app:\n    sources: [{{url: \"{}\"}}]\n", files.server.url("/app.yaml")));
    fleet.generate(&[]);
    let one = fleet.base("app");
    files.put("/app.yaml", config_map("app", "two"));
    // Whatever the server has now, the cache has what the lock says.
    fs::remove_dir_all(fleet.root().join("config")).expect("removed");
    fleet.generate(&["--offline"]);
    assert_eq!(one.diff(&fleet.base("app")), Vec::<Change>::new());
    assert!(fleet.generate(&["--rebuild", "--check"]).contains("up to date"));

    fleet.forget_the_cache();
    let said = fleet.fails(&["--rebuild", "--offline"], 3);
    assert!(said.contains("offline: the cache does not have it"), "{said}");
    let said = fleet.fails(&["--rebuild"], 1);
    let digests: Vec<&str> =
        said.split_whitespace().map(|word| word.trim_matches(',')).filter(|word| word.len() == 64).collect();
    assert!(digests.len() == 2 && digests[0] != digests[1], "both digests are shown: {said}");
    assert!(fleet.lock().contains(digests[0]), "{said}");
    assert!(
        said.contains("fleet.yaml:5:15: other content than the locked one") && said.contains("--update app"),
        "{said}"
    );

    fleet.generate(&["--update", "app"]);
    assert!(fleet.lock().contains(digests[1]));
    assert!(String::from_utf8_lossy(&fleet.base("app")["resources/namespaces/web/configmap-app.yaml"]).contains("two"));
}

#[test]
fn bad_answers_are_told_and_nothing_is_written() {
    let issuer = mk_authority();
    let untrusted = WebServer::https(server_config(&issuer, names(&["127.0.0.1"])), |_, _| {
        answer("200 OK", &[], config_map("a", "b").as_bytes())
    });
    let files = Files::new();
    files.put("/page.yaml", "<!doctype html><html><body>Please log in</body></html>");
    files.put("/broken.yaml", "kind: Pod\n  bad: [\n");
    files.put("/no-manifest.yaml", "replicas: 3\n");
    files.put("/bytes.yaml", b"kind: \xff\xfe\n".to_vec());
    let bomb: String = (1..40).map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{},", n - 1).repeat(9))).collect();
    files.put("/bomb.yaml", format!("apiVersion: v1\nkind: Bomb\nmetadata: {{name: x}}\na0: &a0 [x]\n{bomb}"));
    let odd = WebServer::http(move |request, _| match request.path.as_str() {
        "/short.yaml" => vec![head("200 OK", &["Content-Length: 1000"]), Step::Send(b"kind: Pod\n".to_vec())],
        "/slow.yaml" => vec![Step::Wait(Duration::from_secs(20))],
        "/moved.yaml" => answer("302 Found", &["Location: ftp://127.0.0.1/x"], b""),
        "/down.yaml" => answer("503 Service Unavailable", &["Retry-After: 3600"], b""),
        _ => answer("401 Unauthorized", &[], b""),
    });
    let closed = silent_port();
    for (url, code, reason) in [
        (files.server.url("/none.yaml"), 1, "404"),
        (files.server.url("/page.yaml"), 1, "it is a web page"),
        (files.server.url("/broken.yaml"), 1, "/broken.yaml:2:"),
        (files.server.url("/no-manifest.yaml"), 1, "every manifest needs apiVersion and kind"),
        (files.server.url("/bytes.yaml"), 1, "UTF-8"),
        (files.server.url("/bomb.yaml"), 1, "/bomb.yaml"),
        (odd.url("/short.yaml"), 3, "10 of 1000 bytes"),
        (odd.url("/slow.yaml"), 4, "/slow.yaml"),
        (odd.url("/moved.yaml"), 1, "neither https nor http"),
        (odd.url("/down.yaml"), 3, "503"),
        (odd.url("/private.yaml?token=s3cr3t-value"), 3, "401"),
        (untrusted.url("/app.yaml"), 3, "certificate"),
        (format!("http://127.0.0.1:{closed}/x.yaml"), 4, "/x.yaml"),
    ] {
        let fleet = Fleet::new(&format!(
            "  good:\n    sources: [{{path: good.yaml}}]\n  app:\n    sources:\n      - url: \"{url}\"\n"
        ));
        fleet.write("good.yaml", &config_map("good", "x"));
        let said = fleet.fails(&["--timeout", "2"], code);
        assert!(said.contains(reason) && said.contains("nothing was written"), "{url}: {said}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let files = Files::new();
    files.put("/bad.yaml", "kind: Pod\n  bad: [\n");
    let fleet = Fleet::new(&format!(
        "  a:\n    sources: [{{url: \"{0}/none\"}}]\n  b:\n    sources: [{{url: \"{0}/none\"}}]\n  c:\n    sources: [{{url: \"{0}/bad.yaml\"}}]\n",
        files.server.url("")
    ));
    let said = fleet.fails(&[], 1);
    assert!(said.contains("3 errors; nothing was written") || said.contains("4 errors; nothing was written"), "{said}");
    let output = fleet.run(&["--output", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(report["problems"].as_array().is_some_and(|problems| problems.len() >= 3), "{report}");
}

#[test]
fn credentials_come_from_the_netrc_and_the_environment() {
    let server = WebServer::http(|request, _| {
        let is_known = request.has_login(("robot", SECRET)) || request.header("x-token") == SECRET;
        match is_known {
            true => answer("200 OK", &[], config_map("app", "x").as_bytes()),
            false => answer("401 Unauthorized", &[], b""),
        }
    });
    let addons = format!("  app:\n    sources: [{{url: \"{}\"}}]\n", server.url("/app.yaml"));
    let fleet = Fleet::new(&addons);
    let said = fleet.fails(&[], 3);
    assert!(said.contains("netrc"), "{said}");
    let netrc = fleet.folder.path().join("home/.netrc");
    fs::write(&netrc, format!("machine 127.0.0.1 login robot password {SECRET}\n")).expect("written");
    fleet.generate(&[]);
    fleet.lock();
    fs::remove_file(netrc).expect("removed");

    let mut fleet = Fleet::new(&addons);
    let flag = format!("--header-from-env={}=X-Token:TOKEN", server.address);
    let said = fleet.fails(&[&flag], 3);
    assert!(said.contains("the variable TOKEN is not set"), "{said}");
    fleet.environment.insert("TOKEN", SECRET.to_owned());
    fleet.generate(&[&flag]);
    fleet.lock();
    assert_eq!(fleet.run(&["--header-from-env", "x"]).status.code(), Some(2));
}

#[test]
fn git_repositories_are_pinned_to_the_commit_that_came() {
    let origin = Origin::new();
    let commit = |value: &str| {
        let folder = origin.folder.path().join("deploy");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("app.yaml"), config_map("app", value)).expect("written");
        fs::write(folder.join("kustomization.yaml"), "resources: [app.yaml]\n").expect("written");
        fs::write(folder.join("README.md"), "# no manifest\n").expect("written");
        origin.git(&["add", "deploy"]);
        origin.git(&["commit", "-q", "-m", value]);
        origin.git(&["push", "-q", "fleet.git", "main"]);
        origin.git(&["rev-parse", "HEAD"])
    };
    let one = commit("one");
    let addons =
        |url: &str| format!("  app:\n    sources:\n      - git: {{url: \"{url}\", ref: main, path: deploy}}\n");
    let fleet = Fleet::new(&addons(&origin.url()));
    fleet.generate(&[]);
    assert!(fleet.lock().contains(&format!("commit: {one}")), "{}", fleet.lock());
    let two = commit("two");
    // The branch has moved; the lock has not. A cold cache changes nothing.
    fleet.forget_the_cache();
    assert!(fleet.generate(&["--rebuild"]).contains("up to date"));
    assert!(fleet.generate(&["--rebuild", "--offline"]).contains("up to date"));
    fleet.generate(&["--update"]);
    assert!(fleet.lock().contains(&two));
    assert!(String::from_utf8_lossy(&fleet.base("app")["resources/namespaces/web/configmap-app.yaml"]).contains("two"));

    // What cannot be taken over whole is refused: a link is not followed, and a pointer of LFS holds nothing.
    let deploy = origin.folder.path().join("deploy");
    std::os::unix::fs::symlink("app.yaml", deploy.join("link.yaml")).expect("a link");
    fs::write(deploy.join("large.yaml"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
        .expect("written");
    commit("three");
    let said = fleet.fails(&["--update"], 1);
    assert!(said.contains("deploy/link.yaml is a symbolic link") && said.contains("large.yaml is a pointer"), "{said}");
    fs::remove_file(deploy.join("link.yaml")).expect("removed");
    fs::remove_file(deploy.join("large.yaml")).expect("removed");
    let two = commit("two");

    // Over https, with a credential helper of the user's.
    let server = HttpsServer::start(origin.folder.path());
    let mut fleet = Fleet::new(&addons(&format!("https://{}/fleet.git", server.address)));
    let said = fleet.fails(&[], 3);
    assert!(said.contains("certificate"), "{said}");
    let home = fleet.folder.path().join("home");
    fs::write(home.join("ca.pem"), &server.ca).expect("written");
    fleet.environment.insert("GIT_SSL_CAINFO", home.join("ca.pem").display().to_string());
    fleet.fails(&[], 3);
    let helper = format!("!f() {{ echo username={}; echo \"password={}\"; }}; f", LOGIN.0, LOGIN.1);
    fs::write(home.join(".gitconfig"), format!("[credential]\n\thelper = \"{}\"\n", helper.replace('"', "\\\"")))
        .expect("written");
    fleet.generate(&[]);
    assert!(fleet.lock().contains(&two) && !fleet.lock().contains(LOGIN.1));
    let said = {
        fleet.addons(
            &addons(&format!("https://{}/fleet.git", server.address)).replace("path: deploy", "path: no-folder"),
        );
        fleet.fails(&[], 1)
    };
    assert!(said.contains("no-folder"), "{said}");
}

#[test]
fn charts_are_rendered_by_helm() {
    let programs = match programs() {
        Ok(programs) => programs,
        Err(reason) => return support::skip("charts_are_rendered_by_helm", &reason),
    };
    let helm = |folder: &Path, arguments: &[&str]| {
        let output = Command::new(programs.join("helm")).args(arguments).current_dir(folder).output().expect("helm");
        assert!(output.status.success(), "{}", said(&output));
    };
    let mut fleet = Fleet::new(
        "  local:\n    sources:\n      - helm: {path: charts/shop, values: {colour: blue}, valuesFiles: [values/shop.yaml]}\n    format: {namespace: web}\n",
    );
    let path = std::env::join_paths(
        std::iter::once(programs.clone()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let with_helm = path.expect("a path").into_string().expect("UTF-8");
    fleet.write("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.2.0\n");
    fleet.write("charts/shop/values.yaml", "colour: red\nsize: small\n");
    fleet.write(
        "charts/shop/templates/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\ndata:\n  colour: {{ .Values.colour }}\n  size: {{ .Values.size }}\n",
    );
    fleet.write("values/shop.yaml", "colour: green\nsize: big\n");
    fleet.environment.insert("PATH", "/nowhere".to_owned());
    let said = fleet.fails(&[], 3);
    assert!(said.contains("helm") && said.contains("install helm"), "{said}");
    fleet.environment.insert("PATH", with_helm);
    fleet.generate(&[]);
    let map = |fleet: &Fleet, name: &str| {
        String::from_utf8_lossy(&fleet.base(name)[&format!("resources/namespaces/web/configmap-{name}.yaml")])
            .into_owned()
    };
    assert!(map(&fleet, "local").contains("colour: blue\n  size: big"), "{}", map(&fleet, "local"));
    // A change of a file with values counts; a second run does nothing, and needs no helm.
    fleet.write("values/shop.yaml", "size: huge\n");
    assert!(fleet.generate(&[]).contains("1 changed"));
    assert!(map(&fleet, "local").contains("size: huge"));
    let own_path = fleet.environment.insert("PATH", "/nowhere".to_owned()).expect("set");
    assert!(fleet.generate(&[]).contains("up to date"));
    fleet.environment.insert("PATH", own_path);

    // From a chart repository: locked, cached.
    let charts = fleet.folder.path().join("charts");
    fs::create_dir(&charts).expect("made");
    helm(&charts, &["package", &fleet.root().join("charts/shop").display().to_string()]);
    let server = serve_files(&charts, LOGIN);
    helm(&charts, &["repo", "index", ".", "--url", &server.url("")]);
    let addons = |version: &str| {
        format!(
            "  shop:\n    version: {version}\n    sources:\n      - helm: {{repository: \"{}\", chart: shop, version: \"{{version}}\", namespace: web}}\n",
            server.url("")
        )
    };
    fleet.addons(&addons("1.2.0"));
    fleet.generate(&[]);
    assert!(map(&fleet, "shop").contains("colour: red"));
    assert!(fleet.lock().contains("chart: shop"), "{}", fleet.lock());
    let requests = server.requests().len();
    assert!(fleet.generate(&["--rebuild", "--offline"]).contains("up to date"));
    assert_eq!(server.requests().len(), requests);
    fleet.addons(&addons("1.3.0"));
    let said = fleet.fails(&[], 1);
    assert!(said.contains("1.2.0"), "{said}");
}

/// A registry that has one artifact, which can change, whatever the tag; older ones stay by their digest.
struct Artifacts {
    server: WebServer,
    pushed: Arc<Mutex<Vec<Artifact>>>,
}

impl Artifacts {
    fn new() -> Artifacts {
        let pushed: Arc<Mutex<Vec<Artifact>>> = Arc::default();
        let served = Arc::clone(&pushed);
        let server = WebServer::http(move |request, _| {
            let path = request.path.trim_start_matches("/v2/team/app/");
            let served = served.lock().expect("no panic");
            match served.iter().rev().find_map(|artifact| artifact.get(path)) {
                Some((kind, bytes)) => answer("200 OK", &[&format!("Content-Type: {kind}")], bytes),
                None => answer("404 Not Found", &[], b""),
            }
        });
        Artifacts { server, pushed }
    }

    fn push(&self, artifact: Artifact) -> String {
        let digest = artifact.digest();
        self.pushed.lock().expect("no panic").push(artifact);
        digest
    }

    /// An addon with such a source; `more` fields follow.
    fn addon(&self, more: &str) -> String {
        let url = format!("oci://{}/team/app", self.server.address);
        format!("  app:\n    version: '1.0'\n    sources: [{{oci: {{url: '{url}', ref: 'v{{version}}'{more}}}}}]\n")
    }
}

#[test]
fn artifacts_are_pinned_to_the_digest_that_came() {
    let artifacts = Artifacts::new();
    let (one, two) = (config_map("app", "one"), config_map("app", "two"));
    let readme = ("README.md", "not a manifest");
    let first = artifacts.push(Artifact::flux(&[("deploy/app.yaml", &one), ("kustomization.yaml", "x: y"), readme]));
    let fleet = Fleet::new(&artifacts.addon(""));
    assert!(fleet.generate(&[]).contains("app 1.0: 1 object: 1 added"));
    let shown = format!("oci: oci://{}/team/app", artifacts.server.address);
    let lock = fleet.lock();
    for line in [shown.as_str(), "ref: v1.0", &format!("digest: {first}")] {
        assert!(lock.contains(line), "{line}: {lock}");
    }
    assert!(fleet.generate(&["--list"]).contains("locked"));
    let base = fleet.base("app");

    // The tag moves: the lock holds, with the cache and without it.
    let second = artifacts.push(Artifact::flux(&[("deploy/app.yaml", &two), readme]));
    let requests = artifacts.server.requests().len();
    assert!(fleet.generate(&["--rebuild", "--check", "--offline"]).contains("up to date"));
    assert_eq!(artifacts.server.requests().len(), requests);
    fleet.forget_the_cache();
    let said = fleet.fails(&["--rebuild", "--offline"], 3);
    assert!(said.contains("offline: the cache does not have it"), "{said}");
    assert!(fleet.generate(&["--rebuild", "--check"]).contains("up to date"));
    assert_eq!(base.diff(&fleet.base("app")), Vec::<Change>::new());
    fleet.generate(&["--update", "app"]);
    assert!(fleet.lock().contains(&second), "{}", fleet.lock());
    assert!(String::from_utf8_lossy(&fleet.base("app")["resources/namespaces/web/configmap-app.yaml"]).contains("two"));

    // A locked digest that is removed.
    artifacts.pushed.lock().expect("no panic").clear();
    fleet.forget_the_cache();
    let said = fleet.fails(&["--rebuild"], 1);
    assert!(said.contains("fleet.yaml:6:15: cannot pull oci://") && said.contains("--update"), "{said}");
}

#[test]
fn a_part_of_an_artifact_can_be_named() {
    let artifacts = Artifacts::new();
    let (a, b) = (config_map("a", "one"), config_map("b", "two"));
    artifacts.push(Artifact::flux(&[("deploy/1.0/a.yaml", &a), ("deploy/1.0/b.txt", &b), ("other.yaml", "a: [")]));
    for (path, object) in [("deploy/{version}", "a"), ("deploy/1.0/a.yaml", "a"), ("deploy/1.0/b.txt", "b")] {
        let fleet = Fleet::new(&artifacts.addon(&format!(", path: '{path}'")));
        fleet.generate(&[]);
        let name = format!("resources/namespaces/web/configmap-{object}.yaml");
        assert_eq!(fleet.base("app").keys().collect::<Vec<_>>(), ["kustomization.yaml", name.as_str()], "{path}");
    }
    let fleet = Fleet::new(&artifacts.addon(", path: deploy/1.0/a.yml"));
    let said = fleet.fails(&[], 1);
    assert!(said.contains("the artifact has no deploy/1.0/a.yml"), "{said}");
    assert!(said.contains("the nearest name is deploy/1.0/a.yaml"), "{said}");

    let kind = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
    artifacts.push(Artifact::new("application/vnd.cncf.helm.config.v1+json", &[(kind, None, b"packed")]));
    let said = Fleet::new(&artifacts.addon("")).fails(&[], 1);
    assert!(said.contains("it is a Helm chart") && said.contains("helm: {repository: oci://"), "{said}");
    let said = Fleet::new(&artifacts.addon("")).fails(&["--offline"], 3);
    assert!(said.contains("offline: the lock does not have it"), "{said}");
}
