//! Tests of the fleet file: what it takes, and what it says about what it does not take.

use super::*;
use crate::source::expand;

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
            format!("{}: {}{hint}", problem.location, problem.message)
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
    let words = calico.owner("calico").words;
    let url = &calico.sources[0].url.as_ref().unwrap().0;
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
            "fleet.yaml:3:1: unknown field `zzz` (known fields: addons, apiVersion, clusters, kind, paths, pipelines, promotion, repository, vet)",
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
            "fleet.yaml:4:23: `ftp://x` is not an https or http URL (for a file of this repository write `path`, for a git repository `git`)",
        ),
        (
            "addons:\n  a: {sources: [{path: ../x}]}\n",
            "fleet.yaml:4:24: `../x` is not a plain path inside the repository",
        ),
        (
            "addons:\n  A/b: {sources: [{path: x}]}\n",
            "fleet.yaml:4:8: `A/b` is not a name for an addon (use lower-case letters, digits, dashes and dots; start and end with a letter or digit)",
        ),
        (
            "addons:\n  a: {sources: [{kustomize: {path: x}}]}\n",
            "fleet.yaml:4:29: `kustomize`: this source is not built yet (until then, render it and name the result with `path`)",
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
            "fleet.yaml:6:12: `prd` is not a cluster of this fleet (did you mean `prod`?)",
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

/// A fleet file with one addon, which has one helm source.
fn helm(source: &str) -> String {
    format!("addons:\n  shop:\n    version: '1.2.0'\n    sources:\n      - helm: {source}\n")
}

#[test]
fn helm_sources_are_read() {
    let text = helm(
        r#"
          repository: oci://registry.example.org/charts
          chart: shop
          version: "{version}"
          values: {colour: null, sizes: [1, null], limits: {cpu: null}, quota: 0x10}
          valuesFiles: [config/values/shop.yaml]
          releaseName: shop-prod
          namespace: shops
          includeCRDs: false
          apiVersions: [farm.io/v1/Ox, v1]
          kubeVersion: "1.34"
"#,
    );
    let file = read(&text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let source = file.fleet.addons["shop"].sources[0].helm.as_ref().unwrap();
    // In values null means something: it removes a default of the chart.
    let values = serde_json::json!({"colour": null, "sizes": [1, null], "limits": {"cpu": null}, "quota": 16});
    assert_eq!(serde_json::json!(source.values), values);
    assert!(!source.include_crds);
    for source in [
        "{path: charts/shop}",
        "{path: charts/shop.tgz, values: {}, valuesFiles: []}",
        "{path: charts/shop, values: , valuesFiles: , includeCRDs: , repository: }",
        "{repository: 'https://charts.example.org/x', chart: shop, version: v1.2.0-rc.1+b}",
        "{repository: 'http://127.0.0.1:8080', chart: shop, version: 1.2.0}",
    ] {
        let file = read(&helm(source)).unwrap_or_else(|errors| panic!("{source}: {errors:#?}"));
        let helm = file.fleet.addons["shop"].sources[0].helm.as_ref().unwrap();
        assert!(helm.include_crds);
    }
}

#[test]
fn mistakes_in_helm_sources_are_told_at_their_places() {
    let remote = |field: &str| format!("{{repository: 'https://h.example', chart: c, version: 1.0.0, {field}}}");
    for (source, expected) in [
        ("{chart: c, version: 1.0.0}".to_owned(), "7:15: nothing says where the chart is"),
        ("{path: ../c}".to_owned(), "7:22: `../c` is not a plain path inside the repository"),
        ("{path: c, chart: d}".to_owned(), "7:32: `chart` does not go with `path`"),
        ("{repository: 'https://h.example', version: 1.0.0}".to_owned(), "7:15: `repository` needs `chart`"),
        ("{repository: 'https://h.example', chart: c}".to_owned(), "7:15: a chart from a server needs `version`"),
        ("{repository: 'https://h.example', chart: c, version: ^1.0}".to_owned(), "7:68: `^1.0` is not a full version"),
        ("{repository: 'https://h.example', chart: c, version: '{v}'}".to_owned(), "7:68: nothing stands for `{v}`"),
        (
            "{repository: 'https://h.example', chart: a/c, version: 1.0.0}".to_owned(),
            "7:56: `a/c` is not a name of a chart",
        ),
        (
            "{repository: 'https://u:p@h.example', chart: c, version: 1.0.0}".to_owned(),
            "7:28: the chart's repository has a user or a password",
        ),
        (
            "{repository: 'http://h.example', chart: c, version: 1.0.0}".to_owned(),
            "7:28: the chart's repository is not asked over plain http",
        ),
        ("{repository: h.example, chart: c, version: 1.0.0}".to_owned(), "7:28: the chart's repository has no scheme"),
        (
            "{repository: 'ftp://h.example', chart: c, version: 1.0.0}".to_owned(),
            "7:28: `ftp://h.example` is not an https or oci URL",
        ),
        (remote("valuesFiles: [a.yaml, /b]"), "7:97: `/b` is not a plain path inside the repository"),
        (remote("releaseName: Shop"), "7:88: `Shop` is not a name of a release"),
        (remote("namespace: a.b"), "7:86: `a.b` is not a name of a namespace"),
        (remote("apiVersions: ['a,b']"), "7:89: `a,b` is not an API version"),
        (remote("kubeVersion: latest"), "7:88: `latest` is not a version of Kubernetes"),
        (remote("includeCrds: true"), "7:75: unknown field `includeCrds` in addons.shop.sources[0].helm"),
        (remote("values: [a]"), "7:83: `addons.shop.sources[0].helm.values` must be a mapping"),
    ] {
        let found = errors(&helm(&source));
        assert_eq!(found.len(), 1, "{source}\n{found:#?}");
        assert!(found[0].starts_with(&format!("fleet.yaml:{expected}")), "{source}\n{found:#?}\n{expected}");
        assert!(!found[0].contains("u:p"));
    }
    let long = "a".repeat(60);
    let found = errors(&helm("{path: c}").replace("shop", &long));
    assert!(found[0].contains("is not a name of a release (add `releaseName`"), "{found:#?}");
}

#[test]
fn mistakes_in_oci_sources_are_told_at_their_places() {
    let oci = |source: &str| format!("addons:\n  shop:\n    version: '1.2.0'\n    sources:\n      - oci: {source}\n");
    let digest = format!("sha256:{}", "0".repeat(64));
    for source in [
        "{url: 'oci://ghcr.io/team/shop', ref: 'v{version}'}",
        "{url: 'oci://127.0.0.1:5000/shop', ref: 1.0.0, path: 'deploy/{version}'}",
        &format!("{{url: 'oci://ghcr.io/team/shop', ref: '{digest}'}}"),
    ] {
        read(&oci(source)).unwrap_or_else(|errors| panic!("{source}: {errors:#?}"));
    }
    for (source, expected) in [
        ("{url: 'oci://h/a'}", "7:14: `addons.shop.sources[0].oci` needs the field `ref`"),
        ("{url: 'https://h/a', ref: a}", "7:20: the artifact's URL is not an oci URL with a repository (write oci:"),
        ("{url: 'oci://u:s3cret@h/a', ref: a}", "7:20: the artifact's URL has a user or a password (remove it"),
        ("{url: 'oci://h/a:1', ref: a}", "7:20: the artifact's URL has a tag or a digest (leave it out"),
        ("{url: 'oci://h/A', ref: a}", "7:20: the artifact's URL has a name that no repository can have"),
        ("{url: 'oci://h/{x}', ref: a}", "7:20: nothing stands for `{x}`"),
        ("{url: 'oci://h/a', ref: 1.0+b}", "7:38: `1.0+b` is not a tag and no sha256 digest (a tag has no `+`"),
        ("{url: 'oci://h/a', ref: 'sha256:1'}", "7:38: `sha256:1` is not a tag and no sha256 digest (write a tag"),
        ("{url: 'oci://h/a', ref: a, path: ../b}", "7:47: `../b` is not a plain path inside the artifact"),
    ] {
        let found = errors(&oci(source));
        assert_eq!(found.len(), 1, "{source}\n{found:#?}");
        assert!(found[0].starts_with(&format!("fleet.yaml:{expected}")), "{source}\n{found:#?}\n{expected}");
        assert!(!found[0].contains("s3cret"));
    }
}
