//! Tests of the fleet file: what it takes, and what it says about what it does not take.

use super::*;

const HEAD: &str = "apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\n";

fn read(text: &str) -> Result<FleetFile, Vec<String>> {
    let file = FleetFile::read("fleet.yaml", format!("{HEAD}{text}").as_bytes());
    let checked = file.and_then(|file| {
        let problems = file.verify_flavours(&|name| matches!(name, "management" | "workload"));
        if problems.is_empty() { Ok(file) } else { Err(problems) }
    });
    checked.map_err(|problems| {
        let shown = |problem: &Problem| {
            let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            format!("{}: {}{hint}", problem.place, problem.message)
        };
        problems.iter().map(shown).collect()
    })
}

fn errors(text: &str) -> Vec<String> {
    read(text).err().unwrap_or_default()
}

#[test]
fn everything_that_a_fleet_file_can_say_is_read() {
    let file = read(
        r#"repository: {url: "https://git.example.org/fleet", branch: trunk}
paths:
  bases: bases
addons:
  calico:
    version: "3.18"
    variables: {host: docs.example.org}
    sources:
      - url: https://{host}/v{version}/calico.yaml
      - path: config/manifests/extra
      - git: {url: "https://git.example.org/x", ref: "v{version}", path: deploy}
      - configMap: {name: calico-addon, namespace: infrastructure, key: calico.yaml}
    format:
      namespace: kube-system
      filter: [Secret]
      scopes: ["Ox.farm.io/v1:Cluster"]
  empty-fields:
    version:
    sources: [{path: a}]
    format:
clusters:
  management: {flavour: management, management: true}
  staging:
    flavour: workload
    environment: staging
    labels: {tier: test}
    parameters: {nodes: "3"}
promotion:
  - from: management
    to: {labels: {tier: test}}
"#,
    )
    .unwrap_or_else(|errors| panic!("{errors:#?}"));
    let calico = &file.fleet.addons["calico"];
    let words = words_of(calico);
    let url = calico.sources[0].url.as_deref().unwrap();
    assert_eq!(expand(url, &words).unwrap(), "https://docs.example.org/v3.18/calico.yaml");
    assert_eq!(file.fleet.repository.as_ref().unwrap().branch, "trunk");
    assert_eq!(file.fleet.paths.flavours, "config/flavours");
    assert_eq!(file.cluster_path("staging").unwrap(), "clusters/staging");
    assert!(read("").is_ok(), "everything but the head may be left out");
}

#[test]
fn every_mistake_is_told_at_its_place() {
    for (text, expected) in [
        ("addon: {}\n", "fleet.yaml:3:1: unknown field `addon` (did you mean `addons`?)"),
        (
            "zzz: 1\n",
            "fleet.yaml:3:1: unknown field `zzz` (known fields: addons, apiVersion, clusters, kind, paths, promotion, repository)",
        ),
        (
            "addons:\n  a:\n    verison: '1'\n    sources: [{path: x}]\n",
            "fleet.yaml:5:5: unknown field `verison` in addons.a (did you mean `version`?)",
        ),
        (
            "addons:\n  a:\n    version: 1.30\n    sources: [{path: x}]\n",
            "fleet.yaml:5:14: `addons.a.version` must be text, not the number 1.30 (put it in quotes: \"1.30\")",
        ),
        ("addons:\n  a: {}\n", "fleet.yaml:4:6: `addons.a` needs the field `sources`"),
        ("addons:\n  a: {sources: []}\n", "fleet.yaml:4:16: `addons.a.sources` must not be empty"),
        ("addons: [a]\n", "fleet.yaml:3:9: `addons` must be a mapping, not a list"),
        (
            "addons:\n  a:\n    sources:\n      - {path: x, url: y}\n",
            "fleet.yaml:6:9: `addons.a.sources[0]` must have exactly one field (one of: configMap, git, helm, kustomize, oci, path, url)",
        ),
        (
            "addons:\n  a: {sources: [{url: 'https://x/{version}'}]}\n",
            "fleet.yaml:4:23: nothing stands for `{version}` (the addon has no version)",
        ),
        (
            "addons:\n  a: {version: '1', sources: [{url: 'https://x/{versoin}'}]}\n",
            "fleet.yaml:4:37: nothing stands for `{versoin}` (did you mean `{version}`?)",
        ),
        (
            "addons:\n  a: {sources: [{url: 'ftp://x'}]}\n",
            "fleet.yaml:4:23: `ftp://x` is no https or http URL (for a file of this repository write `path`, for a git repository `git`)",
        ),
        ("addons:\n  a: {sources: [{path: ../x}]}\n", "fleet.yaml:4:24: `../x` is no plain path inside the repository"),
        (
            "addons:\n  A/b: {sources: [{path: x}]}\n",
            "fleet.yaml:4:8: `A/b` is no name for an addon (use lower-case letters, digits, dashes and dots; start and end with a letter or digit)",
        ),
        (
            "addons:\n  a: {sources: [{oci: {url: x}}]}\n",
            "fleet.yaml:4:23: `oci`: this source is not built yet (until then, render it and name the result with `path`)",
        ),
        (
            "addons:\n  a: {sources: [{configMap: {name: a, namespace: b, key: c}}]}\n",
            "fleet.yaml:4:16: the ConfigMap has nothing to hold (add the source of the text: url, path or git)",
        ),
        (
            "clusters:\n  a: {flavour: worklod}\n",
            "fleet.yaml:4:16: there is no flavour `worklod`: no kustomization in config/flavours/worklod (write one, or name another flavour)",
        ),
        (
            "clusters:\n  a: {flavour: workload, path: clusters/b}\n  b: {flavour: workload}\n",
            "fleet.yaml:5:6: clusters a and b share the folder clusters/b",
        ),
        (
            "clusters:\n  a: {flavour: workload}\n  a: {flavour: workload}\n",
            "fleet.yaml:5:3: the key `a` is there twice; the first is at fleet.yaml:4:3 (readers keep only one of the two: remove the other)",
        ),
        (
            "clusters:\n  prod: {flavour: workload}\npromotion:\n  - {from: prd, to: {clusters: [prod]}}\n",
            "fleet.yaml:6:12: there is no cluster `prd` (did you mean `prod`?)",
        ),
        (
            "clusters:\n  prod: {flavour: workload}\npromotion:\n  - {from: prod, to: {labels: {a: b}}}\n",
            "fleet.yaml:6:31: no cluster has these labels",
        ),
        (
            "repository: {url: 'https://me:secret@host/x'}\n",
            "fleet.yaml:3:19: a password stands in the repository's URL (remove it: git asks the credential helpers of the user, and clusters their own secret)",
        ),
        ("paths: {bases: clusters/x}\n", "fleet.yaml:3:8: clusters and bases share the folder clusters"),
    ] {
        let found = errors(text);
        assert!(found.iter().any(|error| error == expected), "{text}\n{found:#?}\n{expected}");
    }
    let head = FleetFile::read("fleet.yaml", b"apiVersion: v1\nkind: Fleat\n").unwrap_err();
    let head: Vec<&str> = head.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(head, ["`apiVersion` cannot be `v1`", "`kind` cannot be `Fleat`"]);
    for text in ["", "a: [", "--- 1\n--- 2\n", "- a\n"] {
        assert!(FleetFile::read("fleet.yaml", text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let found = errors(
        "addons: {a: {sources: [{path: /x}, {url: z}]}, B: {sources: [{path: x}]}}\nclusters: {a: {flavour: X}}\n",
    );
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[test]
fn words_in_braces_are_replaced() {
    let words = BTreeMap::from([("version", "1.2"), ("a", "{version}")]);
    assert_eq!(expand("x{version}y{a}{{z}", &words).unwrap(), "x1.2y{version}{z}");
    assert!(expand("{", &words).is_err() && expand("{}", &words).is_err());
}
