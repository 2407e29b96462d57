//! `kfleet generate` on real manifests, and killed in the middle of its work.
#![allow(clippy::disallowed_methods, reason = "tests make files and start the program")]

mod support;

use kfleet::tree::{Change, Tree};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn kfleet(repository: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kfleet"))
        .args(arguments)
        .current_dir(repository)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("kfleet runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, text).expect("written");
}

/// The demo's calico base, and the ConfigMap of its ClusterResourceSet, from the release manifest in the repository.
#[test]
fn the_base_of_the_demo_comes_out_byte_for_byte() {
    let Some(corpus) = support::corpus("the_base_of_the_demo_comes_out_byte_for_byte") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let repository = folder.path();
    let release = fs::read_to_string(corpus.join("calico-3.18.yaml")).expect("the corpus");
    write(&repository.join("config/manifests/calico.yaml"), &release);
    let demo = Tree::from_dir(&corpus.join("cicd-demo/config/bases/calico")).expect("the demo");
    // The demo's own kustomization, as it lies in its repository: what it lists is right already.
    let listed = demo.get("kustomization.yaml").expect("a kustomization");
    write(&repository.join("config/bases/calico/kustomization.yaml"), &String::from_utf8_lossy(listed));
    write(
        &repository.join("fleet.yaml"),
        "apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\naddons:\n  calico:\n    version: v3.18\n    sources: \
         [{path: config/manifests/calico.yaml}]\n  calico-addon:\n    sources:\n      - path: config/manifests/calico.yaml\n      \
         - configMap: {name: calico-addon, namespace: infrastructure, key: calico.yaml}\n",
    );
    let output = kfleet(repository, &["generate"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let base = Tree::from_dir(&repository.join("config/bases/calico")).expect("the base");
    assert_eq!(demo.diff(&base), Vec::<Change>::new());
    // What the cluster gets from the ConfigMap is what the demo's gave: the release, every byte.
    let map = "config/bases/calico-addon/resources/namespaces/infrastructure/configmap-calico-addon.yaml";
    let map = fs::read_to_string(repository.join(map)).expect("the ConfigMap");
    let demo_map = corpus.join("cicd-demo/config/bases/infrastructure/configmap-calico-addon.yaml");
    for text in [map, fs::read_to_string(demo_map).expect("the demo")] {
        let value: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
        assert_eq!(value["data"]["calico.yaml"].as_str(), Some(release.as_str()));
    }
}

/// Two versions of three addons, about 90 objects.
fn mk_repository(repository: &Path) {
    let mut addons = String::new();
    for addon in ["a", "b", "c"] {
        addons += &format!("  {addon}:\n    sources: [{{path: config/manifests/{addon}.yaml}}]\n");
    }
    write(&repository.join("fleet.yaml"), &format!("apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\naddons:\n{addons}"));
}

fn set_version(repository: &Path, version: usize) {
    for addon in ["a", "b", "c"] {
        let mut text = String::new();
        // Each version has objects of its own.
        for n in version * 10..version * 10 + 30 {
            text += &format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{n}\n  namespace: ns{}\ndata:\n  v: \"{version}\"\n",
                n % 7
            );
        }
        write(&repository.join(format!("config/manifests/{addon}.yaml")), &text);
    }
}

#[test]
fn a_killed_run_leaves_every_base_old_or_new() {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = folder.path();
    mk_repository(repository);
    let mut states = Vec::new();
    let mut whole = Duration::ZERO;
    for version in [1, 0] {
        set_version(repository, version);
        let start = Instant::now();
        let output = kfleet(repository, &["generate"]);
        assert!(output.status.success(), "{}", stderr(&output));
        whole = start.elapsed();
        states.push(Tree::from_dir(&repository.join("config/bases")).expect("bases"));
    }
    let of = |tree: &Tree, addon: &str| -> Tree {
        let mut part = Tree::default();
        for (path, bytes) in tree.iter().filter(|(path, _)| path.starts_with(&format!("{addon}/"))) {
            part.insert(path.clone(), bytes.clone());
        }
        part
    };
    let mut cut_short = 0;
    for round in 0..200_u32 {
        set_version(repository, (round % 2) as usize);
        let mut child = Command::new(env!("CARGO_BIN_EXE_kfleet"))
            .args(["generate", "-q"])
            .current_dir(repository)
            .env_clear()
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("kfleet runs");
        // Spread over the time that a whole run takes, in no order.
        std::thread::sleep(whole * (round * 37 % 200) / 200);
        let _ = child.kill();
        cut_short += usize::from(!child.wait().expect("ended").success());
        let now = Tree::from_dir(&repository.join("config/bases")).expect("bases");
        for addon in ["a", "b", "c"] {
            let base = of(&now, addon);
            assert!(
                states.iter().any(|state| of(state, addon) == base),
                "round {round}: {addon} is neither old nor new"
            );
        }
    }
    assert!(cut_short > 20, "only {cut_short} runs were killed before their end");
    let output = kfleet(repository, &["generate"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let now = Tree::from_dir(&repository.join("config/bases")).expect("bases");
    assert_eq!(now.diff(&states[0]), Vec::<Change>::new(), "the next run finishes the work, and tidies up");
    assert!(kfleet(repository, &["generate", "--check"]).status.success());
}
