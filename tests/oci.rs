//! Artifacts from a real registry on loopback, open and behind a login, and from web servers that play one: token servers,
//! storage elsewhere, and answers that are wrong.
#![allow(clippy::disallowed_methods, reason = "tests make files")]

mod support;

use base64::Engine;
use kfleet::error::{Error, ErrorKind, Result};
use kfleet::http;
use kfleet::oci::{Content, Pulled, Reference, Settings, cached, pull, resolve};
use kfleet::process::Environment;
use kfleet::tree::{Limits, Store, Tree};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use support::artifacts::{Artifact, EMPTY_CONFIG, FLUX_CONFIG, FLUX_CONTENT, OCI_INDEX, archive, digest, gzip};
use support::git_servers::{LOGIN, silent_port};
use support::helm_servers::{Registry, programs};
use support::web::{Request, Step, WebServer, answer, head};

const SECRET: &str = "s3cr3t-value";
const HELM_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const HELM_CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const HELM_PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// A home without logins, with a cache of its own.
struct Home {
    folder: tempfile::TempDir,
    environment: Environment,
    limits: Limits,
}

impl Home {
    fn new() -> Home {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join(".docker")).expect("made");
        std::fs::create_dir_all(folder.path().join("run/containers")).expect("made");
        let mut environment: Environment = [("PATH", "/usr/bin:/bin")].into_iter().collect();
        environment.set("HOME", folder.path());
        environment.set("XDG_RUNTIME_DIR", folder.path().join("run"));
        Home { folder, environment, limits: Limits::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes docker's file.
    fn docker(self, config: &serde_json::Value) -> Home {
        std::fs::write(self.path(".docker/config.json"), config.to_string()).expect("written");
        self
    }

    /// Writes a program that docker's file can name, and lets it be found.
    fn helper(mut self, name: &str, script: &str) -> Home {
        let path = self.path(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
        self.environment.set("PATH", format!("{}:/usr/bin:/bin", self.folder.path().display()));
        self
    }

    fn settings(&self) -> Settings {
        let store = Store::new(self.path("cache"));
        let settings = Settings::new(self.environment.clone(), store);
        Settings { helper_timeout: Duration::from_secs(2), limits: self.limits, ..settings }
    }

    fn http(&self) -> http::Client {
        let settings = http::Settings {
            connect_timeout: Duration::from_secs(2),
            idle_timeout: Duration::from_secs(2),
            timeout: Duration::from_secs(10),
            attempts: 2,
            first_pause: Duration::from_millis(4),
            ..http::Settings::new(&self.environment)
        };
        http::Client::new(settings).expect("a client")
    }

    fn pull(&self, url: &str, version: &str) -> Result<Pulled> {
        let settings = self.settings();
        assert!(!format!("{settings:?}").contains(SECRET));
        pull(&Reference::parse(url, version)?, &self.http(), &settings, &|_| ())
    }

    fn resolve(&self, url: &str, version: &str) -> Result<String> {
        resolve(&Reference::parse(url, version)?, &self.http(), &self.settings())
    }

    /// What it says where it fails.
    fn fails(&self, url: &str, version: &str) -> (ErrorKind, String, String) {
        checked(self.pull(url, version).expect_err("no artifact"))
    }
}

/// An error that keeps the rules for all of them.
fn checked(error: Error) -> (ErrorKind, String, String) {
    let hint = error.hint.clone().unwrap_or_else(|| panic!("no hint: {error}"));
    let all = format!("{error} {error:?} {hint}");
    assert!(!all.contains(SECRET) && !all.contains(LOGIN.1) && !all.contains('\u{1b}'), "{all}");
    assert!(!error.to_string().ends_with('.') && !hint.ends_with('.'), "{error} {hint}");
    assert!(error.to_string().starts_with("cannot pull oci://"), "{error}");
    (error.kind, error.to_string(), hint)
}

fn encoded(user: &str, password: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
}

/// The file that `docker login` writes.
fn login(registry: &str, user: &str, password: &str) -> serde_json::Value {
    serde_json::json!({"auths": {registry: {"auth": encoded(user, password)}}})
}

fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (name, text) in files {
        tree.insert((*name).to_owned(), text.as_bytes().to_vec());
    }
    tree
}

/// A registry that has one artifact, whatever the repository and the tag.
fn serve(artifact: Artifact) -> WebServer {
    WebServer::http(move |request, _| answer_of(&artifact, request))
}

fn answer_of(artifact: &Artifact, request: &Request) -> Vec<Step> {
    let path = request.path.splitn(4, '/').nth(3).unwrap_or_default();
    match artifact.get(path) {
        Some((kind, bytes)) => answer("200 OK", &[&format!("Content-Type: {kind}")], bytes),
        None => {
            answer("404 Not Found", &["Content-Type: application/json"], br#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#)
        }
    }
}

fn url(server: &WebServer) -> String {
    format!("oci://{}/app", server.address)
}

/// Starts a registry, unless its program is not here.
fn registry(test: &str) -> Option<Registry> {
    match programs() {
        Ok(programs) => Some(Registry::start(&programs)),
        Err(reason) => {
            support::skip(test, &reason);
            None
        }
    }
}

#[test]
fn artifacts_come_from_a_registry_and_stay_in_the_store() {
    let Some(registry) = registry("artifacts_come_from_a_registry_and_stay_in_the_store") else { return };
    let files = [("deploy/a.yaml", "a: 1\n"), ("deploy/b/c.yaml", "c: 2\n"), ("README.md", "hello\n")];
    let artifact = Artifact::flux(&files);
    artifact.push(&registry.address, None, "team/app", "v1.0.0");
    let url = format!("oci://{}/team/app", registry.address);
    let home = Home::new();
    let pulled = home.pull(&url, "v1.0.0").expect("an artifact");
    assert_eq!(pulled.digest, artifact.digest());
    assert_eq!(pulled.content.files(), Some(&tree(&files)));
    assert_eq!(home.resolve(&url, "v1.0.0").expect("a digest"), artifact.digest());
    assert_eq!(Home::new().pull(&url, &artifact.digest()).expect("by digest"), pulled);

    // The tag moves; the digest does not.
    let newer = Artifact::flux(&[("deploy/a.yaml", "a: 2\n")]);
    newer.push(&registry.address, None, "team/app", "v1.0.0");
    assert_eq!(home.resolve(&url, "v1.0.0").expect("a digest"), newer.digest());
    assert_eq!(home.pull(&url, &artifact.digest()).expect("by digest"), pulled);

    let index = Artifact::index(&[("amd64", artifact.clone())]);
    index.push(&registry.address, None, "team/app", "index");
    let of_index = home.pull(&url, "index").expect("an artifact");
    assert_eq!((&of_index.digest, &of_index.content), (&index.digest(), &pulled.content));

    drop(registry);
    let settings = home.settings();
    let by_digest =
        |digest: &str| cached(&Reference::parse(&url, digest).expect("a reference"), &settings).expect("readable");
    assert_eq!(by_digest(&artifact.digest()), Some(pulled.clone()));
    assert_eq!(by_digest(&index.digest()), Some(of_index));
    assert_eq!(home.pull(&url, &artifact.digest()).expect("without network"), pulled);
    assert_eq!(by_digest(&digest(b"else")), None);
    // Without one of its layers it is not there.
    let layer = artifact.blobs.keys().find(|key| **key != digest(b"{}")).expect("a layer");
    let hex = layer.trim_start_matches("sha256:");
    std::fs::remove_file(home.path("cache").join(&hex[..2]).join(hex)).expect("removed");
    assert_eq!(by_digest(&artifact.digest()), None);
    let (kind, message, _) = home.fails(&url, &artifact.digest());
    assert_eq!(kind, ErrorKind::Environment, "{message}");
}

#[test]
fn artifacts_are_charts_texts_or_refused() {
    let Some(registry) = registry("artifacts_are_charts_texts_or_refused") else { return };
    let home = Home::new();
    let url = format!("oci://{}/app", registry.address);
    let push = |tag: &str, artifact: &Artifact| artifact.push(&registry.address, None, "app", tag);

    let layers: [(&str, Option<&str>, &[u8]); 2] = [(HELM_PROVENANCE, None, b"signed"), (HELM_CHART, None, b"packed")];
    push("chart", &Artifact::new(HELM_CONFIG, &layers));
    assert_eq!(home.pull(&url, "chart").expect("a chart").content, Content::Chart(b"packed".to_vec()));

    let layers: [(&str, Option<&str>, &[u8]); 3] = [
        ("application/yaml", Some("b.yaml"), b"b: 1\n"),
        ("text/yaml", Some("a.yaml"), b"a: 1\n"),
        (LAYER, Some("oras.yaml"), b"c: 1\n"),
    ];
    push("texts", &Artifact::new(EMPTY_CONFIG, &layers));
    let expected = tree(&[("a.yaml", "a: 1\n"), ("b.yaml", "b: 1\n"), ("oras.yaml", "c: 1\n")]);
    assert_eq!(home.pull(&url, "texts").expect("texts").content, Content::Texts(expected));

    let layer = archive(&[("etc/passwd", "root")]);
    let gzip_layer = format!("{LAYER}+gzip");
    let one: (&str, Option<&str>, &[u8]) = (&gzip_layer, None, &layer);
    push("single", &Artifact::new(IMAGE_CONFIG, &[one]));
    assert_eq!(home.pull(&url, "single").expect("files").content.files(), Some(&tree(&[("etc/passwd", "root")])));
    let image = Artifact::new(IMAGE_CONFIG, &[one, one]);
    push("image", &image);
    push("platforms", &Artifact::index(&[("amd64", image.clone()), ("arm64", Artifact::flux(&[("a", "b")]))]));
    push("odd", &Artifact::new(EMPTY_CONFIG, &[("application/wasm", None, b"x")]));
    push("broken", &Artifact::new(FLUX_CONFIG, &[(FLUX_CONTENT, None, b"no archive")]));
    for (tag, expected) in [
        ("image", "it is a container image of 2 layers"),
        ("platforms", "its index leads to 2 manifests: linux/amd64, linux/arm64"),
        ("odd", "its layer is of the media type application/wasm, which is not supported"),
        ("broken", "it is not an archive of the kind"),
    ] {
        let (kind, message, _) = home.fails(&url, tag);
        assert!(kind == ErrorKind::Failed && message.contains(expected), "{tag}: {message}");
    }
}

#[test]
fn what_a_registry_does_not_have_is_told_with_what_it_has() {
    let Some(registry) = registry("what_a_registry_does_not_have_is_told_with_what_it_has") else { return };
    let home = Home::new();
    for tag in ["v1.0.0", "v1.1.0", "latest"] {
        Artifact::flux(&[("a.yaml", tag)]).push(&registry.address, None, "app", tag);
    }
    let url = format!("oci://{}/app", registry.address);
    let (kind, message, hint) = home.fails(&url, "1.0.0");
    assert!(kind == ErrorKind::Failed && message.contains("the repository has no such tag"), "{message}");
    assert!(hint.starts_with("the nearest tags are v1.0.0"), "{hint}");
    let (kind, message, _) = home.fails(&url, &digest(b"else"));
    assert!(kind == ErrorKind::Failed && message.contains("nothing of this digest"), "{message}");
    let (kind, message, hint) = home.fails(&format!("oci://{}/ap", registry.address), "v1.0.0");
    assert!(kind == ErrorKind::Failed && message.contains("there is no such repository or version"), "{message}");
    assert!(hint.contains("check the spelling") && hint.contains("docker login"), "{hint}");
}

#[test]
fn a_login_is_found_where_docker_and_podman_keep_it() {
    let test = "a_login_is_found_where_docker_and_podman_keep_it";
    let programs = match programs() {
        Ok(programs) => programs,
        Err(reason) => return support::skip(test, &reason),
    };
    let registry = Registry::start_private(&programs);
    let address = registry.address.as_str();
    Artifact::flux(&[("a.yaml", "a: 1\n")]).push(address, Some(LOGIN), "app", "1");
    let url = format!("oci://{address}/app");
    let right = login(address, LOGIN.0, LOGIN.1);

    let (kind, message, hint) = Home::new().fails(&url, "1");
    assert!(kind == ErrorKind::Environment && message.ends_with("the registry wants a login"), "{message}");
    let commands = format!("log in with `docker login {address}`, or `helm registry login {address}`");
    assert_eq!(hint, commands);
    let (kind, message, hint) = Home::new().docker(&login(address, LOGIN.0, SECRET)).fails(&url, "1");
    assert!(kind == ErrorKind::Environment && message.contains("does not accept the login of"), "{message}");
    assert!(message.contains(".docker/config.json") && hint == commands, "{message} {hint}");

    Home::new().docker(&right).pull(&url, "1").expect("docker's file");
    let home = Home::new();
    std::fs::write(home.path("run/containers/auth.json"), right.to_string()).expect("written");
    home.pull(&url, "1").expect("podman's file");
    let mut home = Home::new();
    std::fs::create_dir(home.path("other")).expect("made");
    std::fs::write(home.path("other/config.json"), right.to_string()).expect("written");
    home.environment.set("DOCKER_CONFIG", home.path("other"));
    home.pull(&url, "1").expect("the file of DOCKER_CONFIG");

    let script = format!(
        "read server; [ \"$1 $server\" = \"get {address}\" ] && \
         echo '{{\"ServerURL\": \"x\", \"Username\": \"{}\", \"Secret\": \"{}\"}}'",
        LOGIN.0, LOGIN.1
    );
    for config in [
        serde_json::json!({"credsStore": "test", "auths": {address: {}}}),
        serde_json::json!({"credHelpers": {address: "test"}, "credsStore": "missing"}),
    ] {
        Home::new().docker(&config).helper("docker-credential-test", &script).pull(&url, "1").expect("a helper");
    }
    // A helper that does not know the registry leaves it to the file.
    let config = serde_json::json!({"credsStore": "test", "auths": right["auths"]});
    let unknown = "echo 'credentials not found in native keychain'; exit 1";
    Home::new().docker(&config).helper("docker-credential-test", unknown).pull(&url, "1").expect("the file");
}

#[test]
fn helpers_that_fail_are_told_without_what_they_print() {
    let server = WebServer::http(|_, _| answer("401 Unauthorized", &["WWW-Authenticate: Basic realm=\"x\""], b""));
    let config = serde_json::json!({"credsStore": "test"});
    for (script, expected) in [
        (
            format!("echo {SECRET}; echo the keychain is locked >&2; exit 3"),
            "it failed (exit code 3): the keychain is locked",
        ),
        (format!("echo {SECRET}"), "it printed no login"),
        (format!("echo {SECRET}; sleep 20"), "took longer than"),
    ] {
        let home = Home::new().docker(&config).helper("docker-credential-test", &script);
        let (kind, message, _) = home.fails(&url(&server), "1");
        assert_eq!(kind, ErrorKind::Environment);
        assert!(message.contains("wants a login") && message.contains(expected), "{message}");
    }
    for name in ["missing", "../test", "a b"] {
        let (kind, message, _) = Home::new().docker(&serde_json::json!({"credsStore": name})).fails(&url(&server), "1");
        assert!(kind == ErrorKind::Environment && message.contains("docker-credential-"), "{message}");
    }
    // What needs no login needs no helper.
    let open = serve(Artifact::flux(&[("a.yaml", "a: 1\n")]));
    Home::new().docker(&config).pull(&url(&open), "1").expect("an artifact");
}

/// A token server, and a registry that wants its tokens.
fn with_tokens(
    answer_tokens: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static,
    challenge: &str,
) -> (WebServer, WebServer) {
    let tokens = WebServer::http(move |request, _| answer_tokens(request));
    let challenge = format!("WWW-Authenticate: {}", challenge.replace("REALM", &tokens.url("/token")));
    let artifact = Artifact::flux(&[("a.yaml", "a: 1\n")]);
    let registry = WebServer::http(move |request, _| match request.header("authorization") {
        value if value == format!("Bearer {SECRET}") => answer_of(&artifact, request),
        _ => answer("401 Unauthorized", &[&challenge], b"{}"),
    });
    (tokens, registry)
}

#[test]
fn a_token_server_is_asked_with_the_login() {
    let challenge = "Bearer realm=\"REALM\",service=\"the registry\",scope=\"repository:app:pull\"";
    let give = |name: &'static str| {
        move |_: &Request| answer("200 OK", &[], format!("{{\"{name}\": \"{SECRET}\"}}").as_bytes())
    };

    // Without a login.
    let (tokens, registry) = with_tokens(give("token"), challenge);
    Home::new().pull(&url(&registry), "1").expect("an artifact");
    let asked = tokens.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].query, "service=the%20registry&scope=repository%3Aapp%3Apull");
    assert_eq!((asked[0].method.as_str(), asked[0].header("authorization")), ("GET", ""));

    // With one: it goes to the token server, and the token alone to the registry.
    let (tokens, registry) = with_tokens(give("access_token"), "Basic realm=\"x\", Bearer realm=\"REALM\"");
    let home = Home::new().docker(&login(&registry.address, "me", "pass"));
    home.pull(&url(&registry), "1").expect("an artifact");
    let asked = tokens.requests();
    assert!(asked.len() == 1 && asked[0].has_login(("me", "pass")));
    assert_eq!(asked[0].query, "scope=repository%3Aapp%3Apull");
    let sent: Vec<String> =
        registry.requests().iter().map(|request| request.header("authorization").to_owned()).collect();
    let token = format!("Bearer {SECRET}");
    assert_eq!(sent, ["", token.as_str(), token.as_str()]);

    // A refresh token is sent by POST.
    let (tokens, registry) = with_tokens(give("access_token"), challenge);
    let config = serde_json::json!({"auths": {&registry.address: {"auth": "eDo=", "identitytoken": "refresh me"}}});
    Home::new().docker(&config).pull(&url(&registry), "1").expect("an artifact");
    let asked = tokens.requests();
    assert_eq!((asked[0].method.as_str(), asked[0].query.as_str()), ("POST", ""));
    let form = String::from_utf8_lossy(&asked[0].body).into_owned();
    assert_eq!(
        form,
        "service=the%20registry&scope=repository%3Aapp%3Apull&grant_type=refresh_token&client_id=kfleet&refresh_token=refresh%20me"
    );
    assert_eq!(asked[0].header("content-type"), "application/x-www-form-urlencoded");
}

#[test]
fn token_servers_that_refuse_or_cannot_be_trusted_are_told() {
    let challenge = "Bearer realm=\"REALM\"";
    let said = |answers: Vec<Step>, challenge: &str| {
        let (tokens, registry) = with_tokens(move |_| answers.clone(), challenge);
        let home = Home::new().docker(&login(&registry.address, "me", SECRET));
        let (kind, message, _) = home.fails(&url(&registry), "1");
        (kind, message, tokens.requests().len())
    };
    let refused = format!("{{\"errors\": [{{\"message\": \"no {SECRET} \\u001b[31mhere\"}}]}}");
    for (answers, expected, kind) in [
        (answer("401 Unauthorized", &[], b"{}"), "does not accept the login", ErrorKind::Environment),
        (answer("403 Forbidden", &[], b"{}"), "does not accept the login", ErrorKind::Environment),
        (answer("404 Not Found", &[], refused.as_bytes()), "no *** here", ErrorKind::Failed),
        (answer("500 Oops", &[], b""), "the registry fails (500)", ErrorKind::Environment),
        (answer("200 OK", &[], b"{}"), "has no token", ErrorKind::Failed),
        (answer("200 OK", &[], b"<html>"), "has no token", ErrorKind::Failed),
        (answer("200 OK", &[], b"{\"token\": \"another\"}"), "does not accept the login", ErrorKind::Environment),
        (answer("200 OK", &[], b"{\"token\": \"a\\nb\"}"), "no header can hold", ErrorKind::Environment),
    ] {
        let (got, message, requests) = said(answers, challenge);
        assert!(got == kind && message.contains(expected) && requests > 0, "{message}");
    }
    for (challenge, expected) in [
        ("Bearer realm=\"http://tokens.example/token\"", "does not speak https"),
        ("Bearer realm=\"http://127.0.0.1.example/token\"", "does not speak https"),
        ("Bearer realm=\"http://127.0.0.1@tokens.example/token\"", "has a user or a password"),
        ("Bearer realm=\"file:///etc/passwd\"", "has no host"),
        ("Bearer realm=\"token\"", "has no scheme"),
        ("Bearer service=\"x\"", "does not accept the login"),
        ("Negotiate", "does not accept the login"),
    ] {
        let (_, message, requests) = said(answer("200 OK", &[], b"{}"), challenge);
        assert!(message.contains(expected) && requests == 0, "{challenge}: {message}");
    }
}

#[test]
fn a_storage_elsewhere_gets_no_credentials() {
    let artifact = Artifact::flux(&[("a.yaml", "a: 1\n")]);
    let (blobs, manifests) = (artifact.clone(), artifact.clone());
    let storage = WebServer::http(move |request, _| {
        let blob = blobs.blobs.get(request.path.trim_start_matches('/'));
        blob.map_or_else(|| answer("404 Not Found", &[], b""), |blob| answer("200 OK", &[], blob))
    });
    let elsewhere = storage.url("/");
    let registry = WebServer::http(move |request, _| {
        if !request.has_login(("me", SECRET)) {
            return answer("401 Unauthorized", &["WWW-Authenticate: Basic realm=\"x\""], b"");
        }
        match request.path.rsplit_once("/blobs/") {
            Some((_, digest)) => {
                let location = format!("Location: {elsewhere}{digest}?X-Signature={SECRET}");
                answer("307 Temporary Redirect", &[&location], b"")
            }
            None => answer_of(&manifests, request),
        }
    });
    let config = login(&registry.address, "me", SECRET);
    let pulled = Home::new().docker(&config).pull(&url(&registry), "1").expect("an artifact");
    assert_eq!(pulled.digest, artifact.digest());
    assert_eq!(storage.requests().len(), 1);
    assert!(storage.requests().iter().all(|request| request.header("authorization").is_empty()));

    // A storage that asks for a login is not given one.
    let greedy = WebServer::http(|_, _| answer("401 Unauthorized", &["WWW-Authenticate: Basic realm=\"x\""], b""));
    let location = format!("Location: {}", greedy.url("/blob"));
    let leading = WebServer::http(move |request, _| match request.path.contains("/blobs/") {
        true => answer("302 Found", &[&location], b""),
        false => answer_of(&artifact, request),
    });
    let home = Home::new().docker(&login(&leading.address, "me", SECRET));
    let (kind, message, _) = home.fails(&url(&leading), "1");
    assert_eq!(kind, ErrorKind::Environment, "{message}");
    assert!(greedy.requests().iter().all(|request| request.header("authorization").is_empty()));
}

#[test]
fn content_that_is_not_what_it_should_be_is_refused() {
    let artifact = Artifact::flux(&[("a.yaml", "a: 1\n")]);
    let layer = artifact.blobs.keys().find(|key| **key != digest(b"{}")).expect("a layer").clone();
    let expect = |answers: &dyn Fn(&Artifact, &Request) -> Option<Vec<Step>>, version: &str, expected: &[&str]| {
        // The closure lives as long as the test; so does what it answers with.
        let manifest = answers(&artifact, &request("/v2/app/manifests/1"));
        let blob = answers(&artifact, &request("/v2/app/blobs/x"));
        let right = artifact.clone();
        let server = WebServer::http(move |request, _| {
            let wrong = if request.path.contains("/manifests/") { &manifest } else { &blob };
            wrong.clone().unwrap_or_else(|| answer_of(&right, request))
        });
        let (kind, message, _) = Home::new().fails(&url(&server), version);
        for expected in expected {
            assert!(message.contains(expected), "{message}: {expected}");
        }
        (kind, message)
    };
    let other = digest(b"other");
    let is_manifest = |request: &Request| request.path.contains("/manifests/");
    let header = format!("Docker-Content-Digest: {other}");
    expect(
        &|artifact, request| is_manifest(request).then(|| answer("200 OK", &[&header], &artifact.manifest)),
        "1",
        &["its manifest has another digest", &other, &artifact.digest()],
    );
    expect(
        &|_, request| is_manifest(request).then(|| answer("200 OK", &[], b"{}")),
        &artifact.digest(),
        &["its manifest has another digest", &digest(b"{}"), &artifact.digest()],
    );
    expect(
        &|_, request| (!is_manifest(request)).then(|| answer("200 OK", &[], b"other")),
        "1",
        &["its layer has another digest", &layer, &other],
    );
    let cut = vec![head("200 OK", &["Content-Length: 1000"]), Step::Send(b"short".to_vec())];
    let (kind, _) = expect(&|_, request| (!is_manifest(request)).then(|| cut.clone()), "1", &["after 5 of 1000 bytes"]);
    assert_eq!(kind, ErrorKind::Environment);
    for (size, expected) in [(3, "and its manifest says 3"), (1_u64 << 40, "more than 67108864")] {
        let manifest = String::from_utf8(artifact.manifest.clone()).expect("text");
        let real = format!("\"size\":{}", artifact.blobs[&layer].len());
        assert!(manifest.contains(&real), "{manifest}");
        let lying = manifest.replace(&real, &format!("\"size\":{size}"));
        let lying = answer("200 OK", &[], lying.as_bytes());
        expect(&|_, request| is_manifest(request).then(|| lying.clone()), "1", &[expected]);
    }
    let big = answer("200 OK", &[], &vec![b' '; 5 * 1024 * 1024]);
    expect(&|_, request| is_manifest(request).then(|| big.clone()), "1", &["its manifest has 5242880 bytes"]);
    let page = answer("200 OK", &["Content-Type: text/html"], b"<html>Please log in</html>");
    expect(&|_, request| is_manifest(request).then(|| page.clone()), "1", &["its manifest cannot be read"]);
    let gone = answer("404 Not Found", &[], b"");
    expect(&|_, request| (!is_manifest(request)).then(|| gone.clone()), "1", &["does not have its layer", &layer]);
    for (status, expected, kind) in [
        ("403 Forbidden", "does not allow it without a login (403): no here", ErrorKind::Environment),
        ("429 Too Many", "had too many requests (429)", ErrorKind::Environment),
        ("503 Busy", "the registry fails (503)", ErrorKind::Environment),
        ("418 Teapot", "does not give it (418)", ErrorKind::Failed),
        ("400 Bad Request", "does not give it (400)", ErrorKind::Failed),
    ] {
        let body = br#"{"errors": [{"code": "X", "message": "no \u001b[31mhere"}]}"#;
        let refusal = answer(status, &["Retry-After: 99"], body);
        let (got, message) = expect(&|_, request| is_manifest(request).then(|| refusal.clone()), "1", &[expected]);
        assert_eq!(got, kind, "{message}");
    }
    let nested = Artifact::index(&[("amd64", Artifact::index(&[("amd64", artifact.clone())]))]);
    let mut served = nested.clone();
    served.manifests.push((OCI_INDEX, Artifact::index(&[("amd64", artifact.clone())]).manifest));
    let (_, message, _) = Home::new().fails(&url(&serve(served)), "1");
    assert!(message.contains("leads to another index"), "{message}");
}

fn request(path: &str) -> Request {
    Request { method: "GET".into(), path: path.into(), query: String::new(), headers: Vec::new(), body: Vec::new() }
}

#[test]
fn bombs_and_evil_archives_are_refused() {
    let limits = Limits { entries: 10, file: 100_000, total: 150_000 };
    let zeros = "\0".repeat(90_000);
    let bomb = archive(&[("a", &zeros), ("b", &zeros)]);
    assert!(bomb.len() < 5_000);
    let many: Vec<(String, &str)> = (0..20).map(|number| (format!("f{number}"), "")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    for (layer, expected) in [
        (bomb, "longer than 150000 bytes together"),
        (archive(&[("a", &"\0".repeat(100_001))]), "longer than 100000 bytes"),
        (archive(&many), "more than 10 files"),
        (archive(&[("a.yaml", "a: 1\n"), ("a.yaml", "a: 2\n")]), "twice"),
        (evil("../evil.yaml"), "its path ../evil.yaml is not safe"),
        (evil("/evil.yaml"), "its path /evil.yaml is not safe"),
        (evil("a/../../evil.yaml"), "is not safe"),
    ] {
        let mut home = Home::new();
        home.limits = limits;
        let server = serve(Artifact::new(FLUX_CONFIG, &[(FLUX_CONTENT, None, &layer)]));
        let (kind, message, _) = home.fails(&url(&server), "1");
        assert!(kind == ErrorKind::Failed && message.contains(expected), "{message}: {expected}");
    }
}

/// An archive of one file whose name is taken as it is.
fn evil(name: &str) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(0);
    header.set_cksum();
    let mut out = tar::Builder::new(Vec::new());
    out.append(&header, &b""[..]).expect("packed");
    gzip(&out.into_inner().expect("packed"))
}

#[test]
fn registries_that_cannot_be_reached_are_told() {
    let address = format!("127.0.0.1:{}", support::free_port());
    let (kind, message, _) = Home::new().fails(&format!("oci://{address}/app"), "1");
    assert!(kind == ErrorKind::Environment && message.contains("the connection is refused"), "{message}");
    let port = silent_port();
    let (kind, message, _) = Home::new().fails(&format!("oci://127.0.0.1:{port}/app"), "1");
    assert!(kind == ErrorKind::Timeout, "{message}");
    let error = resolve(
        &Reference::parse(&format!("oci://{address}/app"), "1").expect("a reference"),
        &Home::new().http(),
        &Home::new().settings(),
    );
    assert!(error.expect_err("no answer").to_string().starts_with("cannot look up oci://"));
}
