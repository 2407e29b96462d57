//! `kfleet vet` on whole repositories: the demo, a new scaffold, and one whose history can be asked.
#![allow(clippy::disallowed_methods, reason = "tests make files and start programs")]

mod support;

use kfleet::fleet::clusters::Clusters;
use kfleet::git::Resolved;
use kfleet::ops::vet::{self, Options, Report, Revisions, fix};
use kfleet::problem::Severity;
use kfleet::tree::Tree;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const COMMIT: &str = "3858eb6d0c1f5f3d7c2b9a1e4f60718293a4b5c6";
const TIP: &str = "0123456789abcdef0123456789abcdef01234567";

/// A history with two commits: the tip of `main`, and one that only `old` has.
struct History;

impl Revisions for History {
    fn resolve(&self, hash: &str) -> Resolved {
        match [COMMIT, TIP].into_iter().find(|commit| commit.starts_with(hash)) {
            Some(commit) => Resolved::Commit(commit.to_owned()),
            None => Resolved::Unknown,
        }
    }

    fn is_reachable(&self, commit: &str, branch: &str) -> Option<bool> {
        Some(commit == TIP || branch == "old")
    }

    fn has_path(&self, commit: &str, path: &str) -> Option<bool> {
        Some(commit == TIP || path != "config/flavours/workload")
    }

    fn tip(&self, branch: &str) -> Option<String> {
        (branch == "main").then(|| TIP.to_owned())
    }

    fn distance(&self, old: &str, new: &str) -> Option<usize> {
        Some(if old == COMMIT && new == TIP { 7 } else { 0 })
    }
}

fn kfleet(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kfleet"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .stdin(Stdio::null())
        .output()
        .expect("kfleet runs")
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in Tree::from_dir(from).expect("readable").iter() {
        let target = to.join(path);
        fs::create_dir_all(target.parent().expect("a parent")).expect("a folder");
        fs::write(target, bytes).expect("written");
    }
}

/// Rule and place of each finding.
fn shown(report: &Report) -> BTreeSet<String> {
    report.findings.iter().map(|finding| format!("{} {}", finding.rule.id, finding.location)).collect()
}

fn lint(clusters: &Clusters, revisions: Option<&dyn Revisions>) -> Report {
    vet::vet(clusters, &Options::default(), revisions).expect("a report")
}

#[test]
fn the_defects_of_the_demo_are_found() {
    let Some(corpus) = support::corpus("the_defects_of_the_demo_are_found") else { return };
    let clusters = Clusters::read(&corpus.join("cicd-demo")).expect("readable");
    let report = lint(&clusters, None);
    let found = shown(&report);
    for expected in [
        "PIN01 clusters/staging/flux-system/cluster-sync.yaml:25:5",
        "PIN01 clusters/production/flux-system/cluster-sync.yaml:25:5",
        "PIN01 clusters/development/flux-system/cluster-sync.yaml:9:3",
        "PIN01 clusters/management/flux-system/cluster-sync.yaml:9:3",
        "PIN02 clusters/staging/flux-system/cluster-sync.yaml:10:13",
        "PIN02 clusters/production/flux-system/cluster-sync.yaml:10:13",
        "API01 clusters/production/flux-system/gotk-sync.yaml:2:13",
        "API01 clusters/production/flux-system/cluster-sync.yaml:15:13",
        "API01 config/bases/lighthouse/helmrelease.yaml:1:13",
        "API02 clusters/production/flux-system/cluster-sync.yaml:27:3",
        "API02 clusters/production/flux-system/gotk-sync.yaml:27:3",
        "KUS01 config/flavours/workload/kustomization.yaml:1:1",
        "KST11 config/flavours/management/kustomization.yaml:1:1",
        "PRN02 clusters/management/flux-system/gotk-sync.yaml:23:10",
        "CAP01 clusters/management/infrastructure/staging-cluster.yaml:9:13",
        "LHT01 .lighthouse/triggers.yaml:8:14",
        "LHT02 .lighthouse/triggers.yaml:15:7",
        "LHT03 .lighthouse/pr.yaml:1:13",
    ] {
        assert!(found.contains(expected), "{expected} is not among {found:#?}");
    }
    // cluster-admin by a RoleBinding is limited to its namespace.
    assert!(!report.findings.iter().any(|finding| finding.rule.id == "SEC03"), "{found:#?}");
    // Every object of an API that is removed, and nothing else.
    let gone =
        ["rbac.authorization.k8s.io/v1beta1", "apiextensions.k8s.io/v1beta1", "admissionregistration.k8s.io/v1beta1"];
    let gone =
        gone.into_iter().chain(["batch/v1beta1", "policy/v1beta1", "networking.k8s.io/v1beta1", "autoscaling/v2beta1"]);
    let gone: BTreeSet<&str> = gone.collect();
    let items = {
        let set = &clusters.repository.manifests;
        set.of_files(set.paths())
    };
    let expected = items.filter(|item| gone.contains(item.identity.gvk.api_version().as_str())).count();
    let api04 = report.findings.iter().filter(|finding| finding.rule.id == "API04").count();
    assert_eq!((api04, expected > 40), (expected, true));
    // What a base holds concerns the clusters that apply it.
    let calico = report.findings.iter().find(|finding| finding.location.file.starts_with("config/bases/calico/"));
    assert_eq!(calico.expect("a finding").clusters, ["development", "production", "staging"]);
}

/// With a clone to ask, the pins of the demo are repaired without an effect: pinned to what the clusters run now.
#[test]
fn the_pins_of_the_demo_are_mended() {
    let Some(corpus) = support::corpus("the_pins_of_the_demo_are_mended") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    copy(&corpus.join("cicd-demo"), folder.path());
    let before = Tree::from_dir(folder.path()).expect("readable");
    let clusters = Clusters::read(folder.path()).expect("readable");
    let plan = fix::plan(&clusters, &lint(&clusters, Some(&History)));
    assert!(plan.problems.is_empty(), "{:?}", plan.problems);
    assert!(Tree::from_dir(folder.path()).expect("readable") == before, "a plan writes nothing");
    // A file that somebody has changed meanwhile is not overwritten, nor is any other.
    let changed = folder.path().join("clusters/production/flux-system/cluster-sync.yaml");
    let text = fs::read(&changed).expect("readable");
    fs::write(&changed, "a: 1\n").expect("written");
    assert!(fix::apply(folder.path(), &plan).is_err());
    fs::write(&changed, text).expect("written");
    assert!(Tree::from_dir(folder.path()).expect("readable") == before);
    fix::apply(folder.path(), &plan).expect("written");
    let clusters = Clusters::read(folder.path()).expect("readable");
    let report = lint(&clusters, Some(&History));
    let left: BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule.id).collect();
    assert!(left.iter().all(|id| !id.starts_with("PIN") && !id.starts_with("API0") || *id == "API04"), "{left:?}");
    let sync =
        fs::read_to_string(folder.path().join("clusters/production/flux-system/cluster-sync.yaml")).expect("text");
    let reference = format!("  interval: 1h\n  ref:\n    branch: main\n    commit: {TIP}\n  secretRef:\n");
    assert!(sync.contains(&reference), "{sync}");
    assert!(sync.contains("  sourceRef:\n    kind: GitRepository\n    name: cluster\n"), "{sync}");
    // What is repaired stays so.
    let again = fix::plan(&clusters, &report);
    assert!(again.files.is_empty(), "{:?}", again.files);
}

#[test]
fn a_new_repository_has_no_findings() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(".gitconfig"), "[user]\n\tname = Ann\n\temail = ann@example.org\n").expect("written");
    for (name, arguments) in [("with-git", &["init", "with-git"][..]), ("without", &["init", "without", "--no-git"])] {
        let made = kfleet(folder.path(), arguments);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let output = kfleet(&folder.path().join(name), &["vet", "--strict", "--output", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["findings"], serde_json::json!([]), "{name}");
        assert_eq!(output.status.code(), Some(0), "{name}");
    }
}

fn mk_cluster(reference: &str) -> Clusters {
    let text = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: cluster, namespace: flux-system}}\n\
         spec: {{url: 'https://git.example.org/a', interval: 1h, ref: {reference}}}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: cluster, namespace: flux-system}}\n\
         spec: {{path: ./config/flavours/workload, sourceRef: {{kind: GitRepository, name: cluster}}}}\n"
    );
    let kustomization = "resources: [a.yaml]\n";
    let object = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n";
    Clusters::from_tree(Tree::from([
        ("clusters/a/sync.yaml", text.as_str()),
        ("config/flavours/workload/kustomization.yaml", kustomization),
        ("config/flavours/workload/a.yaml", object),
    ]))
}

#[test]
fn the_history_is_asked_where_there_is_one() {
    for (reference, expected) in [
        (format!("{{branch: main, commit: \"{TIP}\"}}"), vec![]),
        (format!("{{branch: main, commit: {COMMIT}}}"), vec!["PIN04", "PIN05"]),
        (format!("{{branch: old, commit: {COMMIT}}}"), vec!["PIN05"]),
        (format!("{{branch: main, commit: {}}}", "f".repeat(40)), vec!["PIN04", "PIN05"]),
        ("{branch: main, commit: 3858eb6}".to_owned(), vec!["PIN03"]),
    ] {
        let clusters = mk_cluster(&reference);
        let report = lint(&clusters, Some(&History));
        let ids: Vec<&str> = report.findings.iter().map(|finding| finding.rule.id).collect();
        assert_eq!(ids, expected, "{reference}");
        assert!(report.skipped.is_empty());
    }
    let report = lint(&mk_cluster(&format!("{{branch: main, commit: {COMMIT}}}")), None);
    assert_eq!(report.skipped.keys().copied().collect::<Vec<_>>(), ["PIN04", "PIN05"]);
    // An abbreviated commit is expanded.
    let clusters = mk_cluster("{branch: main, commit: 3858eb6}");
    let plan = fix::plan(&clusters, &lint(&clusters, Some(&History)));
    let text = String::from_utf8_lossy(&plan.files[0].text).into_owned();
    assert!(text.contains(&format!("commit: {COMMIT}}}")), "{text}");
}

/// A sync: the pin, and the fields of its Kustomization.
fn mk_sync(name: &str, commit: &str, spec: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec: {{url: 'https://git.example.org/a', interval: 1h, ref: {{branch: main, commit: '{commit}'}}}}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec: {{path: ./config/bases/{name}, wait: true, sourceRef: {{kind: GitRepository, name: {name}}}, {spec}}}\n"
    )
}

#[test]
fn pins_that_differ_within_a_cluster_are_told() {
    let newer = mk_sync("web", TIP, "dependsOn: [{name: certs}]");
    for (pins, expected) in [
        ([mk_sync("certs", COMMIT, ""), newer.clone()], vec!["PIN08 clusters/a/certs.yaml:4:84"]),
        ([mk_sync("certs", TIP, ""), newer.clone()], vec![]),
        // So few commits are not reason, where nothing depends on it.
        ([mk_sync("certs", COMMIT, ""), mk_sync("web", TIP, "")], vec![]),
    ] {
        let [certs, web] = pins.each_ref().map(String::as_str);
        let tree = Tree::from([("clusters/a/certs.yaml", certs), ("clusters/a/web.yaml", web)]);
        let report = lint(&Clusters::from_tree(tree.clone()), Some(&History));
        let found: Vec<String> = shown(&report).into_iter().filter(|one| one.starts_with("PIN08")).collect();
        assert_eq!(found, expected, "{certs}{web}");
        let is_skipped = lint(&Clusters::from_tree(tree), None).skipped.contains_key("PIN08");
        assert_eq!(is_skipped, certs.contains(COMMIT));
    }
}

#[test]
fn custom_resources_wait_for_their_kinds() {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: issuers.certs.example.org}\n\
        spec: {group: certs.example.org, names: {kind: Issuer}}\n";
    let issuer = "apiVersion: certs.example.org/v1\nkind: Issuer\nmetadata: {name: a, namespace: a}\n";
    let certs = mk_sync("certs", TIP, "");
    for (spec, others, expected) in [
        ("", "", vec!["KST02 clusters/a/web.yaml:6:1"]),
        ("dependsOn: [{name: certs}]", "", vec![]),
        ("dependsOn: [{name: between}]", "dependsOn: [{name: certs}]", vec![]),
        ("dependsOn: [{name: between}]", "", vec!["KST02 clusters/a/web.yaml:6:1"]),
    ] {
        let (web, between) = (mk_sync("web", TIP, spec), mk_sync("between", TIP, others));
        let tree = Tree::from([
            ("clusters/a/certs.yaml", certs.as_str()),
            ("clusters/a/between.yaml", &between),
            ("clusters/a/web.yaml", &web),
            ("config/bases/certs/kustomization.yaml", "resources: [x.yaml]\n"),
            ("config/bases/certs/x.yaml", definition),
            ("config/bases/between/kustomization.yaml", "resources: []\n"),
            ("config/bases/web/kustomization.yaml", "resources: [x.yaml]\n"),
            ("config/bases/web/x.yaml", issuer),
        ]);
        let found = shown(&lint(&Clusters::from_tree(tree), None));
        let found: Vec<String> = found.into_iter().filter(|one| one.starts_with("KST02")).collect();
        assert_eq!(found, expected, "{spec} {others}");
    }
}

#[test]
fn variables_have_values_and_keep_their_quotes() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: a}\ndata:\n  a: ${NAME}\n  b: \"${PORT}\"\n  c: ${SIZE:=3}\n  d: $${NONE}\n";
    let script = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n  namespace: a\n  annotations: {}\ndata:\n  run: 'echo ${X'\n";
    let excepted = script.replace("{}", "{kustomize.toolkit.fluxcd.io/substitute: disabled}");
    let values =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata: {NAME: a, PORT: b}\n";
    for (spec, objects, expected) in [
        // Without postBuild nothing is replaced.
        ("", format!("{object}{script}"), vec![]),
        ("postBuild: {substitute: {NAME: a, PORT: x}}", format!("{object}{excepted}"), vec![]),
        ("postBuild: {substitute: {PORT: x}}", object.to_owned(), vec!["KST06 clusters/a/web.yaml:9:91"]),
        (
            "postBuild: {substitute: {NAME: a, PORT: '80', a-b: c}}",
            format!("{object}{script}"),
            vec![
                "KST06 clusters/a/web.yaml:9:137",
                "KST06 config/bases/web/x.yaml:17:8",
                "KST07 config/bases/web/x.yaml:6:6",
            ],
        ),
        ("postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}", object.to_owned(), vec![]),
        ("postBuild: {substituteFrom: [{kind: Secret, name: other}]}", object.to_owned(), vec![]),
    ] {
        let web = mk_sync("web", TIP, spec);
        let tree = Tree::from([
            ("clusters/a/vars.yaml", values),
            ("clusters/a/web.yaml", &web),
            ("config/bases/web/kustomization.yaml", "resources: [x.yaml]\n"),
            ("config/bases/web/x.yaml", &objects),
        ]);
        let found = shown(&lint(&Clusters::from_tree(tree), None));
        let found: Vec<String> =
            found.into_iter().filter(|one| ["KST06", "KST07"].iter().any(|id| one.starts_with(id))).collect();
        assert_eq!(found, expected, "{spec}");
    }
}

/// The fields that SARIF 2.1.0 asks for, and those that code hosts read.
#[test]
fn sarif_has_what_it_must_have() {
    let clusters = mk_cluster("{branch: 3858eb6}");
    let report = lint(&clusters, None);
    assert_eq!(report.count(Severity::Error), 1);
    let sarif = vet::sarif(&report, "1.2.3");
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "kfleet");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    for rule in rules {
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string(), "{rule}");
        assert!(matches!(rule["defaultConfiguration"]["level"].as_str(), Some("error" | "warning" | "note")), "{rule}");
    }
    for result in run["results"].as_array().expect("results") {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["message"]["text"].is_string());
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "clusters/a/sync.yaml");
        assert!(location["region"]["startLine"].as_u64().is_some_and(|line| line > 0));
    }
    // A report without findings has an empty list: a missing one would mean that nothing was looked for.
    let empty = vet::sarif(&Report::default(), "1.2.3");
    assert_eq!(empty["runs"][0]["results"], serde_json::json!([]));
}

/// A diff shows what stands beside a change, but no secret.
#[test]
fn diffs_hide_secrets() {
    let secret = "s3cr3t-value";
    let text = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: GitRepository\nmetadata: {{name: a, namespace: flux-system}}\n\
         spec: {{url: 'https://ann:{secret}@git.example.org/a', interval: 1h}}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{a: {secret}}}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1beta1\nkind: Role\nmetadata: {{name: a}}\n"
    );
    let clusters = Clusters::from_tree(Tree::from([("clusters/a/sync.yaml", text)]));
    let report = lint(&clusters, None);
    let plan = fix::plan(&clusters, &report);
    assert_eq!(plan.files.len(), 1);
    assert!(plan.files[0].diff.contains("***") && !plan.files[0].diff.contains(secret), "{}", plan.files[0].diff);
    assert!(!vet::sarif(&report, "1").to_string().contains(secret));
}

#[test]
fn large_objects_are_told() {
    let mk = |size: usize| {
        let text =
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: {}}}\n", "x".repeat(size));
        shown(&lint(&Clusters::from_tree(Tree::from([("clusters/a/x.yaml", text)])), None))
    };
    assert!(mk(900 * 1024 - 1).is_empty());
    assert_eq!(mk(950 * 1024).into_iter().collect::<Vec<_>>(), ["RES04 clusters/a/x.yaml:1:1"]);
}

/// Hostile and odd texts are reported, and nothing panics.
#[test]
fn odd_repositories_are_survived() {
    let nested = "[".repeat(5000);
    let odd = [
        "",
        "a",
        "- a\n",
        "spec: {}\n",
        "\0",
        "\u{feff}",
        "a: &a [*a]\n",
        nested.as_str(),
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: [1]\n",
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: 7\nspec: {ref: {commit: [x], branch: 12345678}}\n",
        "resources: {a: b}\npatches: [1, null, {path: 3}]\nconfigMapGenerator: [x, {files: x}]\n",
        "spec: {presubmits: [1, {name: [x], branches: x}], postsubmits: x}\napiVersion: a/v1\nkind: TriggerConfig\n",
        "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster\nspec: {topology: [x], a: {bRef: {apiVersion: 1}}}\n",
    ];
    let positions = [
        "clusters/a/x.yaml",
        "clusters/a/flux-system/kustomization.yaml",
        "clusters/a/flux-system/gotk-sync.yaml",
        "config/flavours/w/kustomization.yaml",
        "config/bases/b/x.yaml",
        ".lighthouse/triggers.yaml",
        "fleet.yaml",
        "clusters/x.yaml",
    ];
    for text in odd {
        let clusters = Clusters::from_tree(positions.iter().map(|location| (*location, text)).collect());
        let report = lint(&clusters, Some(&History));
        fix::plan(&clusters, &report);
    }
}
