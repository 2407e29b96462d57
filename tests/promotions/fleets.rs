//! Fleets of two clusters: development, which is promoted, and staging, which is promoted to.

use super::Files;
use super::writer::{Choices, Value, Writer, map, text};

/// The flavours of every fleet.
pub const FLAVOURS: [&str; 2] = ["workload", "management"];

const FLAVOUR: &str = "./config/flavours/workload";
const URL: &str = "ssh://git@example.org/fleet";
const DEVELOPMENT: &str = "clusters/development/flux-system/cluster-sync.yaml";
const STAGING: &str = "clusters/staging/flux-system/cluster-sync.yaml";
const GOTK_SYNC: &str = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux-system, namespace: flux-system}\nspec: {interval: 1m, ref: {branch: main}, url: \"ssh://git@example.org/fleet\"}\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: flux-system, namespace: flux-system}\nspec: {interval: 10m, path: ./clusters/NAME, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}\n";

/// A fleet.
pub struct Fleet {
    pub files: Files,
    /// Staging has no sync, and gets that of development.
    pub is_first: bool,
    pub with_patches: bool,
    /// The path of staging's Kustomization is not that of development's.
    has_other_path: bool,
    /// Staging gets the path of development.
    pub with_path: bool,
    /// Staging is pinned to the commit of development, by exactly the fields that a promotion writes.
    is_promoted: bool,
}

impl Fleet {
    pub fn new(choices: &mut Choices<'_>, commits: &[String]) -> Fleet {
        let is_first = choices.rarely(6);
        let with_patches = is_first && choices.rarely(2);
        let has_other_path = !is_first && choices.rarely(6);
        let mut fleet = Fleet {
            files: Files::new(),
            is_first,
            with_patches,
            has_other_path,
            with_path: has_other_path && choices.rarely(2),
            is_promoted: false,
        };
        for flavour in FLAVOURS {
            fleet.add(&format!("config/flavours/{flavour}/kustomization.yaml"), "resources: []\n".to_owned());
        }
        for cluster in ["development", "staging"] {
            fleet.add(&format!("clusters/{cluster}/flux-system/gotk-sync.yaml"), GOTK_SYNC.replace("NAME", cluster));
        }
        if is_first {
            let reference = mk_reference(choices, commits, true).0;
            let pair = [mk_repository(choices, reference), mk_kustomization(choices, FLAVOUR, "cluster")];
            fleet.add(DEVELOPMENT, Writer::new(choices).file(&pair.map(Some)));
            let mut entries = vec![("resources".to_owned(), Value::List(vec![text("gotk-sync.yaml")]))];
            if choices.rarely(2) {
                entries.push(("namespace".to_owned(), text("flux-system")));
            }
            choices.shuffle(&mut entries);
            let kustomization = Writer::new(choices).file(&[Some(Value::Map(entries))]);
            fleet.add("clusters/staging/flux-system/kustomization.yaml", kustomization);
        } else {
            let newest = &commits[commits.len() - 1 - usize::from(choices.rarely(12))];
            let plain = map([("branch", text("main")), ("commit", text(newest))]);
            let pair =
                [mk_repository(&mut Choices::new(&[]), Some(plain)), mk_kustomization(choices, FLAVOUR, "cluster")];
            fleet.add(DEVELOPMENT, Writer::new(&mut Choices::new(&[])).file(&pair.map(Some)));
            fleet.add_staging(choices, commits, newest);
        }
        fleet
    }

    /// The destination: a pair and what stands beside it, in one file or several.
    fn add_staging(&mut self, choices: &mut Choices<'_>, commits: &[String], newest: &str) {
        let (reference, commit) = mk_reference(choices, commits, false);
        self.is_promoted = commit.as_deref() == Some(newest);
        let path = match (self.has_other_path, self.with_path) {
            (true, true) => "./config/flavours/missing",
            (true, false) => "./config/overlays/staging",
            _ => choices.one(&[FLAVOUR, "config/flavours/workload", "./config/flavours/workload/"]),
        };
        let source = if choices.rarely(40) { "flux-system" } else { "cluster" };
        let pair = [mk_repository(choices, reference), mk_kustomization(choices, path, source)];
        let mut objects: Vec<Option<Value>> = pair.map(Some).into();
        for number in 0..choices.below(4) {
            objects.push(mk_other(choices, number));
        }
        choices.shuffle(&mut objects);
        if choices.rarely(20) {
            let items = objects.into_iter().flatten().collect();
            let list = [("apiVersion", text("v1")), ("kind", text("List")), ("items", Value::List(items))];
            objects = vec![Some(map(list))];
        }
        let names = [STAGING, "clusters/staging/flux-system/pins.yaml", "clusters/staging/apps/more.yml"];
        let mut parts: [Vec<Option<Value>>; 3] = [Vec::new(), Vec::new(), Vec::new()];
        for object in objects {
            parts[choices.one(&[0, 0, 0, 0, 1, 2])].push(object);
        }
        for (name, part) in names.into_iter().zip(parts) {
            if !part.is_empty() {
                self.add(name, Writer::new(choices).file(&part));
            }
        }
    }

    fn add(&mut self, path: &str, text: String) {
        self.files.insert(path.to_owned(), text.into_bytes());
    }

    /// The text that a file was made of.
    pub fn before(&self, path: &str) -> Option<&Vec<u8>> {
        let origin = if self.is_first && path == STAGING { DEVELOPMENT } else { path };
        self.files.get(origin)
    }

    /// The path that staging's Kustomization gets.
    pub fn new_path(&self) -> Option<&'static str> {
        self.with_path.then_some(FLAVOUR)
    }

    /// Whether something is to do for sure.
    pub fn must_change(&self) -> bool {
        self.is_first || self.with_path || !self.is_promoted
    }
}

/// A revision, and the commit in it. `known`: one that can be promoted.
fn mk_reference(choices: &mut Choices<'_>, commits: &[String], known: bool) -> (Option<Value>, Option<String>) {
    let commit = match choices.below(8) {
        7 if !known => "0123456789abcdef0123456789abcdef01234567".to_owned(),
        number => commits[number % commits.len()].clone(),
    };
    let branch = || ("branch".to_owned(), text("main"));
    let pin = || ("commit".to_owned(), text(&commit));
    let other = |key: &str, value: &str| (key.to_owned(), text(value));
    let mut fields = match choices.below(if known { 4 } else { 24 }) {
        0 | 4..=10 => vec![branch(), pin()],
        1 => vec![pin()],
        2 => vec![branch()],
        11 => return (None, None),
        12 => return (Some(Value::Word("null")), None),
        13 => vec![],
        14 => vec![other("branch", "feature/x")],
        15 => vec![other("branch", "gone"), pin()],
        16 if choices.rarely(3) => vec![branch(), other("tag", "v1.0.0")],
        17 if choices.rarely(3) => vec![branch(), other("semver", "1.x"), pin()],
        _ => vec![branch(), pin()],
    };
    // A promotion cannot know what else is meant where a part of the pin is used again. Shuffled, the alias may come before
    // its anchor: the file is then not YAML, and must be refused.
    let anchors = choices.below(60);
    if let Some((_, value)) = fields.first_mut().filter(|_| matches!(anchors, 57..)) {
        *value = Value::Anchor("field", Box::new(value.clone()));
        if anchors == 59 {
            fields.push(("name".to_owned(), Value::Alias("field")));
        }
    }
    let has_pin = fields.iter().any(|(key, _)| key == "commit");
    choices.shuffle(&mut fields);
    (Some(Value::Map(fields)), has_pin.then_some(commit))
}

fn mk_object(choices: &mut Choices<'_>, head: [&str; 3], namespace: &str, spec: Vec<(&str, Value)>) -> Value {
    let [version, kind, name] = head;
    let mut spec: Vec<(String, Value)> = spec.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    choices.shuffle(&mut spec);
    let mut metadata = vec![("name".to_owned(), text(name)), ("namespace".to_owned(), text(namespace))];
    if choices.rarely(3) {
        let labels = map([("app.kubernetes.io/name", text("fleet")), ("tier", text("one"))]);
        metadata.push(("labels".to_owned(), labels));
    }
    if choices.rarely(8) {
        let anchored = Value::Anchor("who", Box::new(text("team-a")));
        metadata.push(("annotations".to_owned(), map([("owner", anchored), ("contact", Value::Alias("who"))])));
    }
    choices.shuffle(&mut metadata);
    let mut object = vec![
        ("apiVersion".to_owned(), text(version)),
        ("kind".to_owned(), text(kind)),
        ("metadata".to_owned(), Value::Map(metadata)),
        ("spec".to_owned(), Value::Map(spec)),
    ];
    if choices.rarely(8) {
        choices.shuffle(&mut object);
    }
    Value::Map(object)
}

fn mk_repository(choices: &mut Choices<'_>, reference: Option<Value>) -> Value {
    let url = choices.one(&[URL, URL, "ssh://git@example.org/fleet.git", "ssh://git@example.org/fleet/"]);
    let mut spec = vec![("interval", text(choices.one(&["1h", "1m0s"]))), ("url", text(url))];
    if let Some(reference) = reference {
        let reference = if choices.rarely(20) { Value::Anchor("pin", Box::new(reference)) } else { reference };
        spec.insert(1, ("ref", reference));
    }
    for (key, value) in [
        ("secretRef", map([("name", text("flux-system"))])),
        ("timeout", text("60s")),
        ("ignore", text("# none but these\n/*\n!/config\n")),
        ("suspend", Value::Word("false")),
        ("sparseCheckout", Value::List(vec![text("config"), text("clusters/staging")])),
        ("provider", Value::Word("null")),
    ] {
        if choices.rarely(4) {
            spec.push((key, value));
        }
    }
    let version = choices.one(&["source.toolkit.fluxcd.io/v1", "source.toolkit.fluxcd.io/v1beta2"]);
    mk_object(choices, [version, "GitRepository", "cluster"], "flux-system", spec)
}

fn mk_kustomization(choices: &mut Choices<'_>, path: &str, source: &str) -> Value {
    let patch = choices.one(&[
        "- op: replace\n  path: /spec/replicas\n  value: 2\n",
        "[{\"op\": \"add\", \"path\": \"/spec/replicas\", \"value\": 2}]",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web # commit: main\n",
    ]);
    let target = map([("kind", text("Deployment")), ("name", text("web"))]);
    let patches = vec![map([("patch", text(patch)), ("target", target)]), map([("patch", text("branch: main"))])];
    let mut spec = vec![
        ("interval", text("10m")),
        ("path", text(path)),
        ("prune", Value::Word("true")),
        ("sourceRef", map([("kind", text("GitRepository")), ("name", text(source))])),
    ];
    let substitute = map([("commit", text("abc")), ("number", text("0123")), ("path", text("./x"))]);
    for (key, value, one_in) in [
        ("patches", Value::List(patches), 2),
        ("postBuild", map([("substitute", substitute)]), 3),
        ("dependsOn", Value::List(vec![map([("name", text("addon"))])]), 5),
        ("wait", Value::Word("true"), 4),
        ("timeout", text("2m"), 4),
        ("images", Value::List(vec![]), 6),
        ("commonMetadata", Value::Map(vec![]), 6),
    ] {
        if choices.rarely(one_in) {
            spec.push((key, value));
        }
    }
    let head = ["kustomize.toolkit.fluxcd.io/v1", "Kustomization", "cluster"];
    mk_object(choices, head, "flux-system", spec)
}

/// What else stands in the files of a cluster.
fn mk_other(choices: &mut Choices<'_>, number: usize) -> Option<Value> {
    let name = ["addon", "addon-1", "addon-2"][number % 3];
    match choices.below(4) {
        0 => None,
        1 => {
            let data = map([("commit", text("x")), ("text", text("a: 1\n# no comment\n---\nb: 2\n"))]);
            let metadata = map([("name", text("notes")), ("namespace", text("flux-system"))]);
            Some(map([("apiVersion", text("v1")), ("kind", text("ConfigMap")), ("metadata", metadata), ("data", data)]))
        }
        2 => {
            let reference = map([("branch", text("main")), ("commit", text(&"1".repeat(40)))]);
            let spec = vec![("interval", text("1h")), ("url", text(URL)), ("ref", reference)];
            let head = ["source.toolkit.fluxcd.io/v1", "GitRepository", name];
            Some(mk_object(choices, head, "flux-system", spec))
        }
        _ => {
            let source = map([("kind", text("GitRepository")), ("name", text("addon"))]);
            let spec = vec![("interval", text("1h")), ("path", text("./config/bases/web")), ("sourceRef", source)];
            let head = ["kustomize.toolkit.fluxcd.io/v1", "Kustomization", name];
            Some(mk_object(choices, head, "flux-system", spec))
        }
    }
}
