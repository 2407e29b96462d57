//! A fleet in a clone that git made, with a remote beside it.

use super::git_servers::git;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A fleet in a clone, and the repository that it was pushed to.
pub struct Fleet {
    /// The folder above the clone, and the home of who runs kfleet.
    pub folder: tempfile::TempDir,
    /// The clone's name in it.
    pub root: &'static str,
}

/// A cluster's sync with patches of its own.
pub fn sync(branch: &str, commit: Option<&str>, replicas: usize) -> String {
    let commit = commit.map(|commit| format!("\n    commit: {commit}")).unwrap_or_default();
    format!(
        "# The pin.\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: cluster\n  namespace: flux-system\nspec:\n  interval: 1h\n  ref:\n    branch: {branch} # tracked{commit}\n  url: ssh://git@example.org/fleet\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: cluster\n  namespace: flux-system\nspec:\n  interval: 10m\n  path: ./config/flavours/workload\n  prune: true\n  sourceRef:\n    kind: GitRepository\n    name: cluster\n  patches:\n    # What is this cluster's own.\n    - target: {{kind: Deployment, name: web}}\n      patch: '[{{\"op\": \"add\", \"path\": \"/spec/replicas\", \"value\": {replicas}}}]'\n"
    )
}

/// Flux's own sync of the cluster NAME.
pub const GOTK_SYNC: &str = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux-system, namespace: flux-system}\nspec: {interval: 1m, ref: {branch: main}, url: \"ssh://git@example.org/fleet\"}\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: flux-system, namespace: flux-system}\nspec: {interval: 10m, path: ./clusters/NAME, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}\n";

impl Fleet {
    /// Development follows main; staging is pinned to the first commit. Three commits, all pushed.
    pub fn new() -> Fleet {
        let fleet = Fleet { folder: tempfile::tempdir().expect("a folder"), root: "fleet" };
        fs::create_dir(fleet.root()).expect("made");
        fleet.git(&["init", "-q", "-b", "main"]);
        fleet.write("config/flavours/workload/kustomization.yaml", "resources: [../../bases/web]\n");
        fleet.write("config/bases/web/kustomization.yaml", "resources: [web.yaml]\n");
        fleet.web(1);
        fleet.cluster("development", &sync("main", None, 1));
        fleet.commit("Bootstrap development");
        fleet.cluster("staging", &sync("main", Some(&fleet.head()), 3));
        fleet.commit("Bootstrap staging");
        fleet.web(2);
        fleet.commit("Change web");
        fleet.git(&["clone", "-q", "--bare", ".", "../origin.git"]);
        fleet.git(&["remote", "add", "origin", "../origin.git"]);
        fleet.git(&["fetch", "-q"]);
        fleet
    }

    /// The clone.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join(self.root)
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    /// The workload's manifest, in one of its versions.
    pub fn web(&self, number: usize) {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web, namespace: web}}\ndata: {{n: \"{number}\"}}\n"
        );
        self.write("config/bases/web/web.yaml", &text);
    }

    /// Writes a cluster's folder.
    pub fn cluster(&self, name: &str, text: &str) {
        self.write(&format!("clusters/{name}/flux-system/gotk-sync.yaml"), &GOTK_SYNC.replace("NAME", name));
        let kustomization = "resources:\n  - gotk-sync.yaml\n  - cluster-sync.yaml\n";
        self.write(&format!("clusters/{name}/flux-system/kustomization.yaml"), kustomization);
        self.write(&sync_file(name), text);
    }

    /// Runs git in the clone.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = git().args(arguments).current_dir(self.root()).output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Commits all.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
        self.head()
    }

    /// A commit that the remote has too.
    pub fn push(&self, message: &str) -> String {
        let commit = self.commit(message);
        self.git(&["push", "-q", "origin", "main"]);
        commit
    }

    /// The commit that is checked out.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// What a file holds.
    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).expect("a file")
    }

    /// Runs kfleet.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(&[], arguments)
    }

    /// Runs kfleet with more variables.
    pub fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kfleet"))
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "P")
            .env("GIT_AUTHOR_EMAIL", "p@example.org")
            .env("GIT_COMMITTER_NAME", "P")
            .env("GIT_COMMITTER_EMAIL", "p@example.org")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("kfleet runs")
    }

    /// A run that succeeds; returns what it said.
    pub fn does(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = said(&output);
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    }

    /// A run that is refused and changes nothing; returns what it said.
    pub fn refuses(&self, arguments: &[&str], code: i32) -> String {
        let before = self.git(&["status", "--porcelain"]);
        let output = self.run(arguments);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert_eq!(self.git(&["status", "--porcelain"]), before, "{said}");
        said
    }
}

/// The file of a cluster's sync.
pub fn sync_file(cluster: &str) -> String {
    format!("clusters/{cluster}/flux-system/cluster-sync.yaml")
}

/// All that a run said.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

impl Fleet {
    /// What the remote's branch holds.
    pub fn origin(&self, arguments: &[&str]) -> String {
        self.git(&[&["--git-dir", "../origin.git"], arguments].concat())
    }

    /// Someone else pushes a change of one file.
    pub fn others_push(&self, path: &str, text: &str) {
        let other = self.folder.path().join("other");
        self.git(&["clone", "-q", "../origin.git", &other.display().to_string()]);
        fs::write(other.join(path), text).expect("written");
        let other = other.display().to_string();
        self.git(&["-C", &other, "add", "-A"]);
        self.git(&["-C", &other, "commit", "-q", "-m", "Of others"]);
        self.git(&["-C", &other, "push", "-q", "origin", "main"]);
    }
}
