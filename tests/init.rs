//! `kfleet init`: a new repository works as it is, is made whole or not at all, and one that is there is adopted.
#![allow(clippy::disallowed_methods, reason = "tests make files and start programs")]

mod support;

use kfleet::tree::Tree;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// A folder to work in, and a home with git's settings.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let world = World { folder: tempfile::tempdir().expect("a folder") };
        fs::create_dir_all(world.at("home")).expect("a home");
        fs::create_dir_all(world.at("work")).expect("a folder");
        // No template, hook or signature of the user may get in the way.
        let settings = "[user]\n\tname = Ann\n\temail = ann@example.org\n[core]\n\t\
                        autocrlf = true\n\texcludesFile = ~/ignored\n[init]\n\ttemplateDir = ~/template\n";
        fs::write(world.at("home/.gitconfig"), settings).expect("written");
        fs::write(world.at("home/ignored"), "*.lock\n.kfleet\n").expect("written");
        world
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn command(&self, program: &str, below: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.at("work").join(below))
            .env_clear()
            .env("HOME", self.at("home"))
            .stdin(Stdio::null());
        command
    }

    fn kfleet(&self, below: &str, arguments: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_kfleet"), below, arguments).output().expect("kfleet runs")
    }

    /// Runs kfleet, which must succeed.
    fn run(&self, below: &str, arguments: &[&str]) -> Output {
        let output = self.kfleet(below, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        output
    }

    fn git(&self, below: &str, arguments: &[&str]) -> String {
        let path = std::env::var_os("PATH").expect("a PATH");
        let output = self.command("git", below, arguments).env("PATH", path).output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
    }

    /// Whether everything is there, committed, and nothing else.
    fn verify_complete(&self, below: &str) {
        assert_eq!(self.git(below, &["status", "--porcelain", "--ignored"]), "");
        let log = self.git(below, &["log", "--format=%s|%an <%ae>"]);
        let who = "Ann <ann@example.org>";
        assert_eq!(log, format!("Pin the clusters|{who}\nScaffold the fleet|{who}"));
        let left: Vec<String> = fs::read_dir(self.at("work").join(below))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with(".kfleet-"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// All that a repository which init has made must be.
    fn verify(&self, below: &str) {
        self.verify_complete(below);
        self.git(below, &["fsck", "--strict"]);
        let first = self.git(below, &["rev-parse", "HEAD^"]);
        for cluster in ["management", "development", "staging", "production"] {
            let path = self.at("work").join(below).join(format!("clusters/{cluster}/flux-system/cluster-sync.yaml"));
            let text = fs::read_to_string(&path).expect("a pin");
            let objects = documents(&text);
            let [repository, kustomization] = objects.as_slice() else { panic!("{path:?}: {text}") };
            // Promotion begins at development, which follows the branch.
            let pin = if cluster == "development" { Value::Null } else { first.as_str().into() };
            assert_eq!(repository["spec"]["ref"]["commit"], pin);
            assert_eq!(repository["metadata"]["name"], kustomization["spec"]["sourceRef"]["name"]);
            assert_eq!(kustomization["spec"]["sourceRef"]["kind"], repository["kind"]);
            let flavour = kustomization["spec"]["path"].as_str().expect("a path");
            assert!(self.at("work").join(below).join(flavour).join("kustomization.yaml").is_file());
            // What the commit has is what the folder has: the pin already stands for the state of today.
            assert_eq!(self.git(below, &["diff", "--stat", &first, "--", "config", "fleet.yaml", "fleet.lock"]), "");
        }
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn documents(text: &str) -> Vec<Value> {
    kfleet::yaml::split::Documents::new(text.as_bytes())
        .map(|span| serde_saphyr::from_str::<Value>(&text[span.body..span.end]).expect("YAML"))
        .filter(|value| !value.is_null())
        .collect()
}

fn tree(folder: &Path) -> Tree {
    Tree::from_dir(folder).expect("readable")
}

#[test]
fn a_new_repository_works_as_it_is() {
    let world = World::new();
    let output = world.run("", &["init", "demo"]);
    assert!(stderr(&output).contains("cd demo && kfleet generate && kfleet fmt --check ."), "{}", stderr(&output));
    let before = tree(&world.at("work/demo"));
    world.run("demo", &["generate"]);
    world.run("demo", &["generate", "--check"]);
    world.run("demo", &["fmt", "--check", "."]);
    assert!(tree(&world.at("work/demo")) == before, "init has done what generate does");
    world.verify("demo");
    assert_eq!(fs::read_dir(world.at("work")).expect("a folder").count(), 1, "nothing is left beside it");
    assert_eq!(world.git("demo", &["branch", "--show-current"]), "main");
    let again = world.kfleet("", &["init", "demo"]);
    assert_eq!(again.status.code(), Some(5), "{}", stderr(&again));
}

/// No API version that a released Flux or Tekton has removed or deprecated.
#[test]
fn the_manifests_use_current_versions() {
    let world = World::new();
    world.run("", &["init", "demo", "--no-git"]);
    assert!(!world.at("work/demo/.git").exists());
    let current = [
        "source.toolkit.fluxcd.io/v1",
        "kustomize.toolkit.fluxcd.io/v1",
        "kustomize.config.k8s.io/v1beta1",
        "config.lighthouse.jenkins-x.io/v1alpha1",
        "tekton.dev/v1",
        "kfleet.dev/v1alpha1",
        "networking.k8s.io/v1",
        "apps/v1",
        "v1",
    ];
    let mut flux = 0;
    let files = tree(&world.at("work/demo"));
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".yaml")) {
        for object in documents(&String::from_utf8_lossy(bytes)) {
            let version = object["apiVersion"].as_str().expect("a version");
            assert!(current.contains(&version), "{path}: {version}");
            flux += usize::from(version.contains("fluxcd"));
        }
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("commit:"), "{path}: without git there is no commit to pin to");
    }
    assert_eq!(flux, 16);
    // What a kustomization lists is there.
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with("/kustomization.yaml")) {
        let folder = world.at("work/demo").join(path).parent().expect("a folder").to_owned();
        let objects = documents(&String::from_utf8_lossy(bytes));
        for resource in objects[0]["resources"].as_array().expect("resources") {
            assert!(folder.join(resource.as_str().expect("a path")).exists(), "{path}: {resource}");
        }
    }
    // The triggers name runs that are there.
    let triggers = documents(&String::from_utf8_lossy(&files[".lighthouse/triggers.yaml"]));
    for job in [&triggers[0]["spec"]["presubmits"][0], &triggers[0]["spec"]["postsubmits"][0]] {
        let source = format!(".lighthouse/{}", job["source"].as_str().expect("a source"));
        let run = documents(&String::from_utf8_lossy(&files[&source]));
        assert_eq!((&run[0]["kind"], &run[0]["metadata"]["name"]), (&Value::from("PipelineRun"), &job["name"]));
    }
}

#[test]
fn a_git_repository_without_commits_is_filled() {
    let world = World::new();
    world.git("", &["init", "-q", "-b", "trunk", "fresh"]);
    world.git("fresh", &["remote", "add", "origin", "git@git.example.org:team/fleet.git"]);
    world.run("fresh", &["init"]);
    world.verify("fresh");
    assert_eq!(world.git("fresh", &["branch", "--show-current"]), "trunk");
    let sync =
        fs::read_to_string(world.at("work/fresh/clusters/staging/flux-system/cluster-sync.yaml")).expect("a pin");
    assert!(sync.contains("url: ssh://git@git.example.org/team/fleet.git\n"), "{sync}");
    assert!(sync.contains("branch: trunk\n"), "{sync}");
    world.run("fresh", &["fmt", "--check", "."]);
    world.git("", &["init", "-q", "-b", "old", "other"]);
    world.run("other", &["init", "--branch", "release/1.x", "--url", "https://git.example.org/fleet"]);
    world.verify("other");
    assert_eq!(world.git("other", &["branch", "--show-current"]), "release/1.x");
    // One with commits is not for init.
    fs::create_dir(world.at("work/used")).expect("a folder");
    world.git("", &["init", "-q", "used"]);
    world.git("used", &["commit", "-q", "--allow-empty", "-m", "x"]);
    let refused = world.kfleet("", &["init", "used"]);
    assert_eq!(refused.status.code(), Some(5), "{}", stderr(&refused));
}

#[test]
fn the_branch_is_the_one_of_the_users_settings() {
    let world = World::new();
    let settings = world.at("settings");
    fs::write(&settings, "[init]\n\tdefaultBranch = trunk\n[user]\n\tname = Bob\n\temail = b@example.org\n")
        .expect("written");
    let mut command = world.command(env!("CARGO_BIN_EXE_kfleet"), "", &["init", "demo"]);
    let output =
        command.env("GIT_CONFIG_GLOBAL", &settings).env("GIT_AUTHOR_NAME", "Eve").output().expect("kfleet runs");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(world.git("demo", &["log", "-1", "--format=%D|%an|%ae|%cn"]), "HEAD -> trunk|Eve|b@example.org|Bob");
}

#[test]
fn without_an_identity_nothing_is_written() {
    if fs::read_to_string("/etc/gitconfig").is_ok_and(|text| text.contains("[user]")) {
        support::count_skipped("without_an_identity_nothing_is_written", "/etc/gitconfig has an identity");
        return;
    }
    let world = World::new();
    fs::remove_file(world.at("home/.gitconfig")).expect("removed");
    world.git("", &["init", "-q", "fresh"]);
    for folder in ["demo", "fresh"] {
        let output = world.kfleet("", &["init", folder]);
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        for part in ["user.name", "user.email"] {
            assert!(stderr(&output).contains(&format!("git config --global {part}")), "{}", stderr(&output));
        }
    }
    let names = |folder: &str| -> Vec<_> {
        fs::read_dir(world.at(folder)).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect()
    };
    assert_eq!((names("work"), names("work/fresh")), (vec!["fresh".into()], vec![".git".into()]));
    world.run("", &["init", "demo", "--no-git"]);
}

/// Killed at any moment, init leaves the folder as it was, or work that the same command ends.
#[test]
fn a_killed_init_leaves_nothing_half_done() {
    let world = World::new();
    let time = |name: &&str| {
        let start = Instant::now();
        world.run("", &["init", name]);
        start.elapsed()
    };
    let whole = ["timed-1", "timed-2", "timed-3"].iter().map(time).min().expect("a time");
    let (mut cut_short, mut resumed) = (0, 0);
    for round in 0..60_u32 {
        let name = format!("r{round}");
        match round % 3 {
            0 => {}
            1 => fs::create_dir(world.at("work").join(&name)).expect("a folder"),
            _ => drop(world.git("", &["init", "-q", &name])),
        }
        let mut child = world
            .command(env!("CARGO_BIN_EXE_kfleet"), "", &["init", "-q", &name])
            .stderr(Stdio::null())
            .spawn()
            .expect("kfleet runs");
        std::thread::sleep(whole * (round * 37 % 60) / 60);
        let _ = child.kill();
        let killed = !child.wait().expect("ended").success();
        cut_short += u32::from(killed);
        let folder = world.at("work").join(&name);
        if round % 3 == 0 && folder.exists() {
            // It appeared in one step.
            world.verify_complete(&name);
            continue;
        }
        let output = world.kfleet("", &["init", &name]);
        // Killed after its last step.
        let done = output.status.code() == Some(5) && stderr(&output).contains("fleet.yaml already");
        assert!(output.status.success() || done, "round {round}: {}", stderr(&output));
        resumed += u32::from(stderr(&output).contains("interrupted"));
        world.verify_complete(&name);
    }
    assert!(cut_short > 10, "only {cut_short} runs were killed before their end ({resumed} resumed)");
    let beside: Vec<_> = fs::read_dir(world.at("work"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(beside.is_empty(), "{beside:?}");
}

/// The states between the steps, which a kill rarely meets.
#[test]
fn work_that_was_nearly_done_is_ended() {
    let world = World::new();
    world.run("", &["init", "whole"]);
    let whole = world.at("work/whole");
    let sealed = whole.join(".kfleet-init");
    fs::create_dir(&sealed).expect("a folder");
    for name in ["README.md", "config", "fleet.lock", "fleet.yaml"] {
        fs::rename(whole.join(name), sealed.join(name)).expect("moved");
    }
    fs::write(whole.join(".git/index.lock"), "").expect("written");
    fs::remove_file(whole.join(".git/index")).expect("removed");
    let output = world.run("", &["init", "whole"]);
    assert!(stderr(&output).contains("interrupted"), "{}", stderr(&output));
    world.verify("whole");
    // Nothing has been taken from it yet: it is made again, with what is wanted now.
    world.git("", &["init", "-q", "fresh"]);
    fs::create_dir_all(world.at("work/fresh/.kfleet-init/old")).expect("a folder");
    fs::write(world.at("work/fresh/.git/index.lock"), "").expect("written");
    world.run("fresh", &["init", "--url", "https://git.example.org/new"]);
    world.verify("fresh");
    assert!(!world.at("work/fresh/old").exists());
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in tree(from).iter() {
        let target = to.join(path);
        fs::create_dir_all(target.parent().expect("a parent")).expect("a folder");
        fs::write(target, bytes).expect("written");
    }
}

#[test]
fn the_demo_is_adopted() {
    let Some(corpus) = support::corpus("the_demo_is_adopted") else { return };
    let world = World::new();
    let demo = world.at("work/demo");
    copy(&corpus.join("cicd-demo"), &demo);
    let before = tree(&demo);
    let shown = world.run("demo", &["init", "--adopt", "--dry-run"]);
    assert!(tree(&demo) == before);
    let output = world.run("", &["init", "--adopt", "demo"]);
    let text = fs::read_to_string(demo.join("fleet.yaml")).expect("a fleet file");
    assert_eq!(text, String::from_utf8_lossy(&shown.stdout));
    let fleet = &documents(&text)[0];
    assert_eq!(fleet["repository"]["url"], "ssh://git@github.com/dippynark/cicd-demo");
    for (cluster, flavour) in
        [("management", "management"), ("development", "workload"), ("staging", "workload"), ("production", "workload")]
    {
        assert_eq!(fleet["clusters"][cluster]["flavour"], flavour);
        assert_eq!(fleet["clusters"][cluster]["management"].as_bool(), (cluster == "management").then_some(true));
    }
    for pinned in ["staging", "production"] {
        assert!(stderr(&output).contains(&format!("the pin of {pinned} does nothing")), "{}", stderr(&output));
    }
    assert!(stderr(&output).contains("the sources of calico, cert-manager"), "{}", stderr(&output));
    world.run("demo", &["generate", "--list"]);
    world.run("demo", &["generate"]);
    world.run("demo", &["fmt", "--check", "fleet.yaml"]);
    let after = tree(&demo);
    let changed: Vec<String> = before.diff(&after).iter().map(|change| change.path().to_owned()).collect();
    assert_eq!(changed, [".kfleet/fleet.schema.json", "fleet.lock", "fleet.yaml"]);
    // With its release manifest in the repository, the sources of calico are known.
    fs::remove_file(demo.join("fleet.yaml")).expect("removed");
    fs::copy(corpus.join("calico-3.18.yaml"), demo.join("config/manifests/calico.yaml")).expect("copied");
    world.run("demo", &["init", "--adopt"]);
    let text = fs::read_to_string(demo.join("fleet.yaml")).expect("a fleet file");
    let fleet = &documents(&text)[0];
    assert_eq!(fleet["addons"]["calico"]["sources"][0]["path"], "config/manifests/calico.yaml");
    world.run("demo", &["generate"]);
    assert_eq!(after.diff(&tree(&demo)).iter().filter(|change| change.path().starts_with("config/bases")).count(), 0);
}

/// What init makes, adopt can read: the same clusters and addons.
#[test]
fn a_scaffold_without_its_fleet_file_is_adopted() {
    let world = World::new();
    world.run("", &["init", "demo", "--url", "https://git.example.org/fleet"]);
    fs::remove_file(world.at("work/demo/fleet.yaml")).expect("removed");
    let output = world.run("", &["init", "--adopt", "demo", "--output", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["clusters"].as_array().map(Vec::len), Some(4));
    assert_eq!(report["addons"], serde_json::json!(["network-policies", "podinfo"]));
    assert_eq!(report["problems"], serde_json::json!([]));
    world.run("demo", &["generate", "--diff"]);
    world.run("demo", &["fmt", "--check", "."]);
}
