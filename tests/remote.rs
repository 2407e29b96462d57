//! `kfleet run-pipeline` with files of other repositories: bare ones on this machine, and none that is far away.
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "tests make files and start programs")]

mod support;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use support::git_servers::{HttpsServer, LOGIN, git};
use support::web::serve_files;

const USED: &str = "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: used}\nspec:\n  steps:\n  - {name: say, image: x, script: echo used}\n";

/// A repository with pipelines, and the catalog from which they take tasks.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let world = World { folder: tempfile::tempdir().expect("a folder") };
        for name in ["home", "work", "catalog"] {
            fs::create_dir_all(world.path(name)).expect("a folder");
        }
        world.write("catalog/tasks/used.yaml", USED);
        for name in ["work", "catalog"] {
            world.git(name, &["init", "-q", "-b", "main"]);
            world.git(name, &["add", "-A"]);
            world.git(name, &["commit", "-q", "--allow-empty", "-m", "first"]);
        }
        world
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let output = git().args(arguments).current_dir(self.path(folder)).output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Commits all of the catalog.
    fn commit(&self) -> String {
        self.git("catalog", &["add", "-A"]);
        self.git("catalog", &["commit", "-q", "--allow-empty", "-m", "more"]);
        self.git("catalog", &["rev-parse", "HEAD"])
    }

    /// Writes a run whose step uses an address.
    fn using(&self, addresses: &[&str]) {
        let tasks = addresses.iter().enumerate().map(|(number, address)| {
            format!("    - name: t{number}\n      taskSpec:\n        steps:\n        - {{name: say, image: 'uses:{address}'}}\n")
        });
        let head = "apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec:\n  pipelineSpec:\n    tasks:\n";
        self.write("work/run.yaml", &format!("{head}{}", tasks.collect::<String>()));
    }

    /// Writes a run whose task a resolver gets.
    fn resolving(&self, resolver: &str, params: &str) {
        let reference = format!("{{resolver: {resolver}, params: [{params}]}}");
        let head = "apiVersion: tekton.dev/v1\nkind: PipelineRun\nspec:\n  pipelineSpec:\n    tasks:\n";
        self.write("work/run.yaml", &format!("{head}    - {{name: t, taskRef: {reference}}}\n"));
    }

    fn kfleet(&self, arguments: &[&str], more: &[(&str, &str)]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kfleet"));
        command.current_dir(self.path("work")).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.path("home"));
        command.envs(more.iter().copied());
        Said::of(&command.arg("run-pipeline").args(arguments).output().expect("kfleet runs"))
    }

    fn plan(&self, more: &[&str]) -> Said {
        self.kfleet(&[&["run.yaml", "--plan", "--remote", "acme/catalog=../catalog"][..], more].concat(), &[])
    }
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn of(output: &Output) -> Said {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    #[track_caller]
    fn has(self, code: i32, texts: &[&str]) -> Said {
        for text in texts {
            assert!(self.err.contains(text) || self.out.contains(text), "no {text}: {}{}", self.out, self.err);
        }
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }
}

#[test]
fn pinned_files_are_fetched_once_and_shown() {
    let world = World::new();
    let commit = world.commit();
    let address = format!("acme/catalog/tasks/used.yaml@{commit}");
    world.using(&[&address]);
    let said = world.plan(&["--offline"]);
    said.has(
        3,
        &["cannot get a file of another repository: run.yaml:9", "the cache does not have", "without --offline"],
    );
    let origin = format!("tasks/used.yaml of file://{} at commit {commit}", world.path("work/../catalog").display());
    world.plan(&[]).has(0, &["step say (x)", "fetched:", &address, &origin]);
    // For ever: no repository is needed any more.
    fs::rename(world.path("catalog"), world.path("gone")).expect("moved");
    world.plan(&["--offline"]).has(0, &[&origin]);
    let lint = ["run.yaml", "--lint", "--offline", "--remote", "acme/catalog=../catalog"];
    world.kfleet(&lint, &[]).has(0, &["`uses:` is deprecated"]);
    let json = world.plan(&["--output", "json"]).has(0, &[]).out;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let fetched = &json["fetched"][0];
    assert_eq!((&fetched["address"], &fetched["commit"]), (&address.into(), &commit.into()), "{json}");
    assert_eq!((&fetched["path"], &fetched["pinned"]), (&"tasks/used.yaml".into(), &true.into()), "{json}");
    let run = ["run.yaml", "--engine", "process", "--offline", "--remote", "acme/catalog=../catalog"];
    world.kfleet(&run, &[]).has(0, &["used"]);
}

#[test]
fn branches_and_tags_are_refused_unless_they_are_allowed() {
    let world = World::new();
    let commit = world.commit();
    world.git("catalog", &["tag", "v1"]);
    world.using(&[
        "acme/catalog/tasks/used.yaml@main",
        "acme/catalog/tasks/used.yaml@v1",
        "acme/catalog/tasks/used.yaml@HEAD",
    ]);
    let said = world.plan(&[]);
    let at =
        |name: &str| format!("acme/catalog/tasks/used.yaml@{name} may change at any time: {name} is at {commit} now");
    let hint = format!("write {commit} in its place, or use --allow-unpinned");
    said.has(2, &["run.yaml:9:", &at("main"), &at("v1"), &at("HEAD"), &hint]);
    world.plan(&["--offline"]).has(2, &["may change at any time", "name a commit by its full hash"]);
    let shown = format!("at commit {commit}, not pinned");
    world.plan(&["--allow-unpinned"]).has(0, &["fetched:", &shown, "[unpinned]"][..2]);
    world.plan(&["--allow-unpinned", "--offline"]).has(3, &["nobody can know offline what main is"]);
    // It is followed.
    world.write("catalog/tasks/used.yaml", &USED.replace("echo used", "echo other"));
    let commit = world.commit();
    world.plan(&["--allow-unpinned"]).has(0, &[&format!("at commit {commit}, not pinned"), "echo other"]);
    world.using(&["acme/catalog/tasks/used.yaml@mian"]);
    world.plan(&["--allow-unpinned"]).has(2, &["the nearest names are main"]);
    world.plan(&[]).has(2, &["the nearest names are main"]);
    world.using(&[&format!("acme/catalog/tasks/used.yaml@{}", &commit[..12])]);
    world.plan(&[]).has(2, &["a commit must have been pushed, and be named with all of its 40 digits"]);
}

#[test]
fn the_version_stream_is_a_variable() {
    let world = World::new();
    let commit = world.commit();
    world.using(&["acme/catalog/tasks/used.yaml@versionStream"]);
    world.plan(&[]).has(2, &["acme/catalog/tasks/used.yaml@versionStream may change at any time: HEAD is at"]);
    let arguments = ["run.yaml", "--plan", "--remote", "acme/catalog=../catalog"];
    let pinned = [("LIGHTHOUSE_VERSIONSTREAM_ACME_CATALOG", commit.as_str())];
    world.kfleet(&arguments, &pinned).has(0, &[&format!("at commit {commit}\n")]);
}

#[test]
fn all_that_cannot_be_had_is_told_in_one_message() {
    let world = World::new();
    let hash = "0123456789012345678901234567890123456789";
    // Ports on which nobody listens.
    let gone: Vec<String> = (0..2).map(|_| format!("http://127.0.0.1:{}/x", support::free_port())).collect();
    let remotes = [format!("acme/a={}", gone[0]), format!("acme/b={}", gone[1])];
    world.using(&[
        &format!("acme/a/x.yaml@{hash}"),
        &format!("acme/a/y.yaml@{hash}"),
        &format!("acme/b/z.yaml@{hash}"),
    ]);
    let arguments = ["run.yaml", "--plan", "--remote", &remotes[0], "--remote", &remotes[1]];
    let said = world.kfleet(&arguments, &[]);
    let said = said.has(3, &["cannot get 3 files of other repositories:", "cannot fetch commit"]);
    for name in ["x", "y", "z"] {
        assert!(said.err.contains(&format!("/{name}.yaml@{hash}: cannot fetch commit")), "{}", said.err);
    }
    // What is wrong comes first: it stays wrong.
    world.using(&[&format!("acme/a/x.yaml@{hash}"), "nowhere.yaml"]);
    world.kfleet(&arguments, &[]).has(2, &["there is no file nowhere.yaml", "cannot fetch commit"]);
}

#[test]
fn files_use_others() {
    let world = World::new();
    let inner = world.commit();
    let task = |image: &str| USED.replace("image: x, script: echo used", &format!("image: '{image}'"));
    world.write("catalog/tasks/outer.yaml", &task(&format!("uses:acme/catalog/tasks/used.yaml@{inner}")));
    world.write("catalog/tasks/local.yaml", &task("uses:tasks/here.yaml"));
    world.write("catalog/tasks/one.yaml", &task("uses:acme/catalog/tasks/two.yaml@main"));
    world.write("catalog/tasks/two.yaml", &task("uses:acme/catalog/tasks/one.yaml@main"));
    let outer = world.commit();
    world.using(&[&format!("acme/catalog/tasks/outer.yaml@{outer}")]);
    let said = world.plan(&[]).has(0, &["echo used", &format!("at commit {inner}"), &format!("at commit {outer}")]);
    assert_eq!(said.out.matches(" at commit ").count(), 2, "{}", said.out);
    // As in Lighthouse, a path is one of the repository that runs.
    world.using(&[&format!("acme/catalog/tasks/local.yaml@{outer}")]);
    world.plan(&[]).has(2, &["there is no file tasks/here.yaml in the repository"]);
    world.write("work/tasks/here.yaml", USED);
    world.plan(&[]).has(0, &["echo used"]);
    world.using(&["acme/catalog/tasks/one.yaml@main"]);
    let cycle =
        ["acme/catalog/tasks/one.yaml@main", "acme/catalog/tasks/two.yaml@main", "acme/catalog/tasks/one.yaml@main"];
    world.plan(&["--allow-unpinned"]).has(2, &[&format!("uses itself: {}", cycle.join(" -> "))]);
}

#[test]
fn hostile_repositories_are_refused() {
    let world = World::new();
    std::os::unix::fs::symlink("/etc/passwd", world.path("catalog/passwd.yaml")).expect("a link");
    std::os::unix::fs::symlink("../../work", world.path("catalog/tasks/work")).expect("a link");
    world.write("catalog/big.yaml", &"# long\n".repeat(700_000));
    let commit = world.commit();
    for (path, expected) in [
        ("passwd.yaml", "passwd.yaml is a symbolic link"),
        ("tasks/work/run.yaml", "tasks/work is a symbolic link"),
        ("../catalog/tasks/used.yaml", "not a plain path"),
        ("tasks/../../x.yaml", "not a plain path"),
        ("tasks", "it is a folder"),
        ("tasks/usde.yaml", "the nearest name is used.yaml"),
        ("big.yaml", "big.yaml is longer than 4194304 bytes"),
    ] {
        let address = format!("acme/catalog/{path}@{commit}");
        world.using(&[&address]);
        world.plan(&[]).has(2, &[&format!("{address}: cannot read"), expected]);
    }
    for (address, expected) in [
        (format!("../catalog/tasks/used.yaml@{commit}"), "names no owner or repository"),
        (format!("ext::sh/x/y.yaml@{commit}"), "`:sh` names no owner or repository"),
        (format!("gitea:acme/x/y.yaml@{commit}"), "say where it is: --remote 'gitea:acme/x=URL'"),
    ] {
        world.using(&[&address]);
        world.plan(&[]).has(2, &[expected]);
    }
    let at = format!("{{name: revision, value: {commit}}}, {{name: pathInRepo, value: tasks/used.yaml}}");
    let folder = world.path("catalog").display().to_string();
    for (url, expected) in [
        (folder.as_str(), "the protocol file is not allowed here"),
        ("ext::touch x", "cannot use the url of a git repository"),
        ("--upload-pack=touch x", "cannot use the url of a git repository"),
    ] {
        world.resolving("git", &format!("{{name: url, value: '{url}'}}, {at}"));
        world.plan(&[]).has(2, &[expected]);
    }
}

#[test]
fn the_git_resolver_fetches() {
    let world = World::new();
    let commit = world.commit();
    let path = "{name: pathInRepo, value: /tasks/used.yaml}";
    world.resolving("git", &format!("{{name: org, value: acme}}, {{name: repo, value: catalog}}, {path}"));
    world.plan(&[]).has(2, &[&format!("main is at {commit} now")]);
    world.plan(&["--allow-unpinned"]).has(0, &["echo used", &format!("at commit {commit}, not pinned")]);
    let url = "{name: url, value: 'https://github.com/acme/catalog.git'}";
    world.resolving("git", &format!("{url}, {{name: revision, value: {commit}}}, {path}"));
    world.plan(&[]).has(0, &["echo used", &format!("at commit {commit}\n")]);
    for resolver in ["hub", "bundles", "cluster"] {
        world.resolving(resolver, "{name: name, value: x}");
        world.plan(&[]).has(2, &[&format!("kfleet does not have the resolver `{resolver}`")]);
    }
    world.resolving("http", "{name: url, value: 'https://127.0.0.1:1/t.yaml'}");
    world.plan(&[]).has(2, &["https://127.0.0.1:1/t.yaml may change at any time"]);
    world.plan(&["--offline", "--allow-unpinned"]).has(3, &["the cache does not have it"]);
}

#[test]
fn events_of_forks_show_no_credentials() {
    let world = World::new();
    let commit = world.commit();
    world.git(".", &["clone", "-q", "--bare", "catalog", "served/acme/catalog"]);
    let server = HttpsServer::start(&world.path("served"));
    world.write("home/ca.pem", &server.ca);
    let ca = world.path("home/ca.pem").display().to_string();
    let remote = format!("acme/catalog=https://{}/acme/catalog", server.address);
    let helper = format!(
        "!f() {{ touch {}; echo username={}; echo 'password={}'; }}; f",
        world.path("asked").display(),
        LOGIN.0,
        LOGIN.1
    );
    world.write("home/.gitconfig", &format!("[credential]\nhelper = \"{}\"\n", helper.replace('"', "\\\"")));
    world.write("home/.netrc", &format!("machine 127.0.0.1 login {} password \"{}\"\n", LOGIN.0, LOGIN.1));
    world.using(&[&format!("acme/catalog/tasks/used.yaml@{commit}")]);
    let plan = |more: &[&str]| {
        world.kfleet(&[&["run.yaml", "--plan", "--remote", &remote][..], more].concat(), &[("GIT_SSL_CAINFO", &ca)])
    };
    plan(&["--untrusted"]).has(3, &["the server does not accept the credentials"]);
    assert!(!Path::new(&world.path("asked")).exists(), "the helper was asked");
    fs::remove_file(world.path("home/.netrc")).expect("removed");
    plan(&[]).has(0, &["echo used"]);
    assert!(world.path("asked").exists(), "the helper was not asked");
    // What was fetched with them stays with those who are trusted.
    plan(&["--untrusted", "--offline"]).has(3, &["the cache does not have"]);
    plan(&["--offline"]).has(0, &["echo used"]);
}

#[test]
fn downloads_are_pinned_by_a_digest() {
    let world = World::new();
    world.write("files/t.yaml", USED);
    let private = USED.replace("echo used", "echo private");
    world.write("files/private/t.yaml", &private);
    let server = serve_files(&world.path("files"), LOGIN);
    world.write("home/.netrc", &format!("machine 127.0.0.1 login {} password \"{}\"\n", LOGIN.0, LOGIN.1));
    let resolving = |path: &str, digest: &str| {
        let url = server.url(path);
        world.resolving("http", &format!("{{name: url, value: '{url}'}}, {{name: digest, value: 'sha256:{digest}'}}"));
    };
    let digest = kfleet::digest::sha256(USED.as_bytes());
    resolving("/t.yaml", &"0".repeat(64));
    world.plan(&[]).has(2, &["is not the file whose digest is given", &format!("its digest is sha256:{digest}")]);
    let digest = kfleet::digest::sha256(private.as_bytes());
    resolving("/private/t.yaml", &digest);
    world.plan(&["--untrusted"]).has(3, &["/private/t.yaml"]);
    world.plan(&["--offline"]).has(3, &["the cache does not have it"]);
    world.plan(&[]).has(0, &["echo private", "fetched:", &format!("sha256:{digest}\n")]);
    world.plan(&["--untrusted", "--offline"]).has(3, &["the cache does not have it"]);
    world.plan(&["--offline"]).has(0, &["echo private"]);
    world.using(&[&server.url("/t.yaml")]);
    world.plan(&[]).has(2, &["may change at any time"]);
    world.plan(&["--allow-unpinned"]).has(0, &["echo used", "not pinned"]);
}
